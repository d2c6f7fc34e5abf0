/* SPDX-License-Identifier: BSD-2-Clause */
/* The page-table builder; see ptab.h. All changes of entries go through write_entry(). */
#include "mmu/ptab.h"

#define ADDRESS_MASK MASK(51, 12)
#define LARGE_BIT    BIT64(7) /* the same bit in EPT, NPT and x86 tables */
#define SPACE_SIZE   BIT64(48)

// clang-format off
/* x86-64 paging, SDM 3A 4.5; no global pages: roots share tables under different PCIDs. */
const struct ptab_format ptab_x86_format = {
    .name        = "x86",
    .right_set   = {BIT64(0), BIT64(1), 0, BIT64(2)},
    .right_clear = {0, 0, BIT64(63), 0},
    .present     = BIT64(0),
    .leaf        = 0,
    .table       = BIT64(0) | BIT64(1) | BIT64(2),
    .memory      = {0, BIT64(4) | BIT64(3), BIT64(3)},
    .accessed    = BIT64(5),
    .dirty       = BIT64(6),
};
// clang-format on

enum range_kind { RANGE_UNMAP, RANGE_PROTECT };

struct range_op {
    enum range_kind kind;
    uint64_t start;
    uint64_t end;
    unsigned rights;
};

static uint64_t *table_at(const struct ptab *pt, uint64_t phys)
{
    return pt->pages.view(pt->pages.arg, phys);
}

static void write_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static unsigned index_of(uint64_t addr, unsigned level)
{
    return (unsigned)(addr >> (PAGE_SHIFT + 9 * (level - 1))) % PTAB_ENTRIES;
}

static bool is_present(const struct ptab *pt, uint64_t entry)
{
    return entry & pt->format->present;
}

static bool is_leaf(uint64_t entry, unsigned level)
{
    return level == 1 || (entry & LARGE_BIT);
}

static uint64_t right_bits(const struct ptab_format *format, unsigned rights)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < PTAB_RIGHT_COUNT; i++) {
        word |= (rights >> i & 1) ? format->right_set[i] : format->right_clear[i];
    }
    return word;
}

static uint64_t all_right_bits(const struct ptab_format *format)
{
    return right_bits(format, ~0u) | right_bits(format, 0);
}

static unsigned rights_of(const struct ptab_format *format, uint64_t entry)
{
    unsigned rights = 0;
    for (unsigned i = 0; i < PTAB_RIGHT_COUNT; i++) {
        uint64_t set = format->right_set[i];
        uint64_t clear = format->right_clear[i];
        if ((set || clear) && (entry & set) == set && !(entry & clear)) {
            rights |= 1u << i;
        }
    }
    return rights;
}

/* A leaf's physical address; bit 12 up, as no format here uses the large pages' PAT bit. */
static uint64_t leaf_phys(uint64_t entry, unsigned level)
{
    return entry & ADDRESS_MASK & ~(ptab_level_size(level) - 1);
}

static void raise_generation(struct ptab *pt)
{
    __atomic_fetch_add(&pt->generation, 1, __ATOMIC_RELEASE);
}

static uint64_t take_table(struct ptab *pt)
{
    uint64_t phys = pt->pages.take(pt->pages.arg);
    if (phys) {
        pt->tables++;
    }
    return phys;
}

static void retire_table(struct ptab *pt, uint64_t phys)
{
    /* The link is a page address without present bits: hardware sees an empty entry. */
    write_entry(table_at(pt, phys), pt->limbo);
    pt->limbo = phys;
    pt->tables--;
}

/* The first present entry from i on; tables are sparse, so eight at a time. */
static unsigned next_present(const struct ptab *pt, const uint64_t *table, unsigned i)
{
    for (; i < PTAB_ENTRIES; i++) {
        const uint64_t *e = &table[i];
        bool group = i % 8 == 0;
        if (group && !is_present(pt, e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7])) {
            i += 7;
        } else if (is_present(pt, *e)) {
            break;
        }
    }
    return i;
}

static bool is_empty(const struct ptab *pt, const uint64_t *table)
{
    return next_present(pt, table, 0) == PTAB_ENTRIES;
}

static int check_range(uint64_t *addr, uint64_t size)
{
    *addr &= SPACE_SIZE - 1; /* canonical addresses of the upper half too */
    bool fine = size && IS_ALIGNED(*addr | size, PAGE_SIZE) && size <= SPACE_SIZE - *addr;
    return fine ? 0 : -ERR_INVAL;
}

int ptab_init(struct ptab *pt, const struct ptab_format *format, const struct ptab_pages *pages,
              unsigned max_leaf)
{
    *pt = (struct ptab){.format = format, .pages = *pages, .max_leaf = max_leaf, .generation = 1};
    pt->root = take_table(pt);
    return pt->root ? 0 : -ERR_NOMEM;
}

static void destroy_table(struct ptab *pt, uint64_t phys, unsigned level)
{
    const uint64_t *table = table_at(pt, phys);
    unsigned i = level > 1 ? next_present(pt, table, 0) : PTAB_ENTRIES;
    for (; i < PTAB_ENTRIES; i = next_present(pt, table, i + 1)) {
        if (!is_leaf(table[i], level)) {
            destroy_table(pt, table[i] & ADDRESS_MASK, level - 1);
        }
    }
    pt->pages.give(pt->pages.arg, phys);
}

void ptab_destroy(struct ptab *pt)
{
    ptab_release(pt);
    if (pt->root) {
        destroy_table(pt, pt->root, PTAB_LEVELS);
    }
    *pt = (struct ptab){0};
}

void ptab_release(struct ptab *pt)
{
    while (pt->limbo) {
        uint64_t phys = pt->limbo;
        pt->limbo = table_at(pt, phys)[0];
        pt->pages.give(pt->pages.arg, phys);
    }
}

/* True when one leaf of `level` can hold the start of this range. */
static bool leaf_fits(const struct ptab *pt, unsigned level, uint64_t addr, uint64_t phys,
                      uint64_t size)
{
    uint64_t unit = ptab_level_size(level);
    return level <= pt->max_leaf && size >= unit && IS_ALIGNED(addr | phys, unit);
}

/* Makes entries from i on leaves, until the table ends or one is in use. The bytes mapped. */
static uint64_t fill(struct ptab *pt, uint64_t *table, unsigned i, unsigned level, uint64_t phys,
                     uint64_t size, uint64_t bits)
{
    uint64_t unit = ptab_level_size(level), done = 0;
    uint64_t large = level > 1 ? LARGE_BIT : 0;
    do {
        write_entry(&table[i++], (phys + done) | bits | large);
        pt->leaves[level]++;
        done += unit;
    } while (size - done >= unit && i < PTAB_ENTRIES && !is_present(pt, table[i]));
    return done;
}

/* Takes out the tables, with nothing in them, that lead from *entry, of `level`, towards addr. */
static void drop_path(struct ptab *pt, uint64_t *entry, unsigned level, uint64_t addr)
{
    uint64_t word = *entry;
    write_entry(entry, 0);
    while (is_present(pt, word)) {
        uint64_t phys = word & ADDRESS_MASK;
        word = table_at(pt, phys)[index_of(addr, --level)];
        retire_table(pt, phys);
    }
    raise_generation(pt);
}

/* Maps leaves of the largest size that fits, in one table; how much goes to *step. */
static int map_leaves(struct ptab *pt, uint64_t addr, uint64_t phys, uint64_t size, uint64_t bits,
                      uint64_t *step)
{
    uint64_t *table = table_at(pt, pt->root);
    uint64_t *fresh_from = NULL; /* the entry that leads to the first new table */
    unsigned fresh_level = 0;
    for (unsigned level = PTAB_LEVELS;; level--) {
        uint64_t *entry = &table[index_of(addr, level)];
        if (is_present(pt, *entry) && is_leaf(*entry, level)) {
            return -ERR_EXIST;
        }
        if (!is_present(pt, *entry) && leaf_fits(pt, level, addr, phys, size)) {
            *step = fill(pt, table, index_of(addr, level), level, phys, size, bits);
            return 0;
        }
        if (!is_present(pt, *entry)) {
            uint64_t fresh = take_table(pt);
            if (!fresh) {
                if (fresh_from) {
                    drop_path(pt, fresh_from, fresh_level, addr);
                }
                return -ERR_NOMEM;
            }
            if (!fresh_from) {
                fresh_from = entry;
                fresh_level = level;
            }
            write_entry(entry, fresh | pt->format->table);
        }
        table = table_at(pt, *entry & ADDRESS_MASK);
    }
}

/* Replaces the leaf in *entry by a table of smaller leaves that map the same. */
static int split_leaf(struct ptab *pt, uint64_t *entry, unsigned level)
{
    uint64_t fresh = take_table(pt);
    if (!fresh) {
        return -ERR_NOMEM;
    }
    uint64_t *table = table_at(pt, fresh);
    uint64_t bits = *entry & ~ADDRESS_MASK & ~LARGE_BIT;
    uint64_t phys = leaf_phys(*entry, level);
    unsigned below = level - 1;
    for (unsigned i = 0; i < PTAB_ENTRIES; i++) {
        table[i] = (phys + i * ptab_level_size(below)) | bits | (below > 1 ? LARGE_BIT : 0);
    }
    write_entry(entry, fresh | pt->format->table);
    pt->leaves[level]--;
    pt->leaves[below] += PTAB_ENTRIES;
    raise_generation(pt);
    return 0;
}

/* Splits until `addr` is no longer inside a leaf (it may be a leaf's first byte). */
static int split_at(struct ptab *pt, uint64_t addr)
{
    if (addr == SPACE_SIZE) {
        return 0;
    }
    uint64_t *table = table_at(pt, pt->root);
    for (unsigned level = PTAB_LEVELS; level >= 1; level--) {
        uint64_t *entry = &table[index_of(addr, level)];
        if (!is_present(pt, *entry)) {
            return 0;
        }
        if (is_leaf(*entry, level)) {
            if (IS_ALIGNED(addr, ptab_level_size(level))) {
                return 0;
            }
            int error = split_leaf(pt, entry, level);
            if (error) {
                return error;
            }
        }
        table = table_at(pt, *entry & ADDRESS_MASK);
    }
    return 0;
}

static void change_leaf(struct ptab *pt, uint64_t *entry, unsigned level, const struct range_op *op)
{
    if (op->kind == RANGE_UNMAP) {
        write_entry(entry, 0);
        pt->leaves[level]--;
        return;
    }
    uint64_t word = *entry & ~all_right_bits(pt->format);
    write_entry(entry, word | right_bits(pt->format, op->rights) | pt->format->leaf);
}

/* Does op to all leaves of a table whose first byte is `base`; range ends lie on leaf borders.
 * False: there are none. */
static bool change_table(struct ptab *pt, uint64_t phys, unsigned level, uint64_t base,
                         const struct range_op *op)
{
    uint64_t unit = ptab_level_size(level);
    uint64_t *table = table_at(pt, phys);
    uint64_t first = op->start > base ? (op->start - base) / unit : 0;
    bool any = false;
    for (uint64_t i = first; i < PTAB_ENTRIES && base + i * unit < op->end; i++) {
        uint64_t *entry = &table[i];
        if (!is_present(pt, *entry)) {
            continue;
        }
        if (is_leaf(*entry, level)) {
            change_leaf(pt, entry, level, op);
            any = true;
            continue;
        }
        uint64_t below = *entry & ADDRESS_MASK;
        bool changed = change_table(pt, below, level - 1, base + i * unit, op);
        any |= changed;
        if (changed && op->kind == RANGE_UNMAP && is_empty(pt, table_at(pt, below))) {
            write_entry(entry, 0);
            retire_table(pt, below);
        }
    }
    return any;
}

static int change_range(struct ptab *pt, const struct range_op *op)
{
    int error = split_at(pt, op->start);
    if (!error) {
        error = split_at(pt, op->end);
    }
    if (!error) {
        change_table(pt, pt->root, PTAB_LEVELS, 0, op);
        raise_generation(pt);
    }
    return error;
}

int ptab_map(struct ptab *pt, uint64_t addr, uint64_t phys, uint64_t size, unsigned rights,
             enum ptab_memory memory)
{
    const struct ptab_format *format = pt->format;
    uint64_t bits = right_bits(format, rights) | format->leaf | format->memory[memory];
    uint64_t done = 0;
    int error = check_range(&addr, size);
    if (error || !(rights & PTAB_R) || (phys & ~ADDRESS_MASK)) {
        return -ERR_INVAL;
    }
    while (done < size && !error) {
        uint64_t step = 0;
        error = map_leaves(pt, addr + done, phys + done, size - done, bits, &step);
        done += step;
    }
    if (error && done) {
        /* Ends on borders of leaves that were just made: nothing to split, nothing to fail. */
        change_table(pt, pt->root, PTAB_LEVELS, 0,
                     &(struct range_op){RANGE_UNMAP, addr, addr + done, 0});
        raise_generation(pt);
    }
    return error;
}

int ptab_unmap(struct ptab *pt, uint64_t addr, uint64_t size)
{
    int error = check_range(&addr, size);
    if (error) {
        return error;
    }
    return change_range(pt, &(struct range_op){RANGE_UNMAP, addr, addr + size, 0});
}

int ptab_protect(struct ptab *pt, uint64_t addr, uint64_t size, unsigned rights)
{
    int error = check_range(&addr, size);
    if (error || !(rights & PTAB_R)) {
        return -ERR_INVAL;
    }
    return change_range(pt, &(struct range_op){RANGE_PROTECT, addr, addr + size, rights});
}

int ptab_lookup(const struct ptab *pt, uint64_t addr, struct ptab_leaf *leaf)
{
    const uint64_t *table = table_at(pt, pt->root);
    for (unsigned level = PTAB_LEVELS; level >= 1; level--) {
        uint64_t entry = table[index_of(addr, level)];
        if (!is_present(pt, entry)) {
            return -ERR_NOENT;
        }
        if (is_leaf(entry, level)) {
            *leaf = (struct ptab_leaf){
                .phys = leaf_phys(entry, level) + (addr & (ptab_level_size(level) - 1)),
                .level = level,
                .rights = rights_of(pt->format, entry),
                .accessed = entry & pt->format->accessed,
                .dirty = entry & pt->format->dirty,
            };
            return 0;
        }
        table = table_at(pt, entry & ADDRESS_MASK);
    }
    return -ERR_NOENT;
}

static void count_table(const struct ptab *pt, uint64_t phys, unsigned level,
                        struct ptab_usage *usage)
{
    const uint64_t *table = table_at(pt, phys);
    uint64_t unit = ptab_level_size(level);
    for (unsigned i = 0; i < PTAB_ENTRIES; i++) {
        if (!is_present(pt, table[i])) {
            continue;
        }
        if (!is_leaf(table[i], level)) {
            count_table(pt, table[i] & ADDRESS_MASK, level - 1, usage);
            continue;
        }
        usage->mapped += unit;
        usage->accessed += (table[i] & pt->format->accessed) ? unit : 0;
        usage->dirty += (table[i] & pt->format->dirty) ? unit : 0;
    }
}

struct ptab_usage ptab_count_usage(const struct ptab *pt)
{
    struct ptab_usage usage = {0};
    count_table(pt, pt->root, PTAB_LEVELS, &usage);
    return usage;
}
