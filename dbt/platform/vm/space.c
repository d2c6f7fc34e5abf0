/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's memory and its slot of the linear space. */
#include "dbt/platform/vm/space.h"

#include <cpuid.h>

#include "kernel/lib/string.h"

/* How the part of the code cache that ring 3 sees grows: in 4K pages at first, then in 2M ones. */
#define CODE_STEP KIB(64)

struct space space;

extern const uint8_t ring3_text_start[], ring3_text_end[];

static uint64_t page_take(void *unused)
{
    (void)unused;
    return space_take_page();
}

static void page_give(void *unused, uint64_t vpa)
{
    (void)unused;
    space_give_page(vpa);
}

static uint64_t *page_view(void *unused, uint64_t vpa)
{
    (void)unused;
    return space_pointer(vpa);
}

const struct ptab_pages space_pages = {page_take, page_give, page_view, NULL};

uint64_t space_take_page(void)
{
    uint64_t vpa = space.spare;
    if (vpa) {
        uint64_t *page = space_pointer(vpa);
        space.spare_count--;
        space.spare = page[0];
        page[0] = 0; /* the rest was cleared when it was given back */
        return vpa;
    }
    void *page = space_take(PAGE_SIZE);
    return page ? (uint64_t)page - ABI_DIRECT_BASE : 0;
}

void space_give_page(uint64_t vpa)
{
    uint64_t *page = space_pointer(vpa);
    memset(page, 0, PAGE_SIZE);
    page[0] = space.spare;
    space.spare = vpa;
    space.spare_count++;
}

uint64_t space_take_page_to_spare(void)
{
    uint64_t left = space.spare_count + (space.heap_end - space.free) / PAGE_SIZE;
    return left > SPACE_RESERVE ? space_take_page() : 0;
}

void space_add(struct abi_area area)
{
    for (uint64_t done = 0; done + PAGE_SIZE <= area.size; done += PAGE_SIZE) {
        space_give_page(area.vpa + done);
    }
}

void *space_take(uint64_t size)
{
    uint64_t whole = ALIGN_UP(size, PAGE_SIZE);
    if (whole < size || whole > space.heap_end - space.free) {
        return NULL;
    }
    void *memory = space_pointer(space.free);
    space.free += whole;
    return memory;
}

static int map(uint64_t linear, uint64_t vpa, uint64_t size, unsigned rights)
{
    return ptab_map(&space.tables, linear, vpa, size, rights, PTAB_WB);
}

static int map_ring3_text(void)
{
    uint64_t size = (uint64_t)(ring3_text_end - ring3_text_start);
    uint64_t linear = (uint64_t)ring3_text_start;
    if (!size) {
        return 0;
    }
    return map(space_ring3_text(linear), linear - ABI_ENGINE_BASE, size, PTAB_R | PTAB_X | PTAB_U);
}

static bool overlaps(uint64_t at, uint64_t size, uint64_t other, uint64_t other_size)
{
    return at < other + other_size && other < at + size;
}

uint64_t space_random_place(uint64_t size, uint64_t align)
{
    uint64_t places = (ABI_ENGINE_BASE + ABI_SLOT_SIZE - SPACE_HIDDEN - size) / align;
    for (;;) {
        uint64_t random;
        chacha20_rng_fill(&space.random, &random, sizeof(random));
        uint64_t at = SPACE_HIDDEN + random % places * align;
        if (!overlaps(at, size, space.kept_at, space.kept_size)) {
            return at;
        }
    }
}

uint64_t space_place(uint64_t vpa, uint64_t size, unsigned rights)
{
    int error;
    uint64_t at;
    do {
        at = space_random_place(size, PAGE_SIZE);
        error = map(at, vpa, size, rights);
    } while (error == -ERR_EXIST);
    return error ? 0 : at;
}

uint64_t space_keep(uint64_t size)
{
    do {
        space.kept_at = space_random_place(size, MIB(2));
    } while (overlaps(space.kept_at, size, SPACE_RING3_TEXT, MIB(2) + space.boot->code.size));
    space.kept_size = size;
    return space.kept_at;
}

/* No single source is trusted. The seed alone is not enough: the guest gets it too. */
static void seed_random(void)
{
    uint64_t words[8] = {0};
    unsigned a, b, c, d;
    uint32_t low, high;
    bool has_rdrand = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_RDRND);
    for (unsigned i = 0; has_rdrand && i < ARRAY_SIZE(words); i++) {
        __asm__ volatile("rdrand %0" : "=r"(words[i])::"cc");
    }
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    words[0] ^= (uint64_t)high << 32 | low;
    chacha20_rng_mix(&space.random, space.boot->seed, sizeof(space.boot->seed));
    chacha20_rng_mix(&space.random, words, sizeof(words));
}

int space_init(const struct abi_boot *boot)
{
    space = (struct space){
        .boot = boot,
        .free = boot->heap.vpa,
        .heap_end = boot->heap.vpa + boot->heap.size,
        .tables = {.format = &ptab_x86_format,
                   .pages = space_pages,
                   .max_leaf = 2,
                   .root = boot->cr3,
                   .generation = 1},
    };
    seed_random();
    space.code_at = space_random_place(MIB(2) + boot->code.size, MIB(2)) + MIB(2);
    space.shared_size = MIN(ALIGN_DOWN(boot->heap.size / 8, MIB(2)), SPACE_SHARED_MAX);
    space.heap_end = ALIGN_DOWN(space.heap_end - space.shared_size, MIB(2));
    space.shared_vpa = space.heap_end;
    int error = map_ring3_text();
    return error ? error : map(SPACE_CODE, boot->code.vpa, boot->code.size, PTAB_R);
}

int space_show_code(uint64_t end)
{
    uint64_t to = MIN(ALIGN_UP(end, end < MIB(2) ? CODE_STEP : MIB(2)), space.boot->code.size);
    if (to <= space.code_shown) {
        return 0;
    }
    int error = ptab_protect(&space.tables, SPACE_CODE + space.code_shown, to - space.code_shown,
                             PTAB_R | PTAB_X | PTAB_U);
    space.code_shown = error ? space.code_shown : to;
    return error;
}

uint64_t *space_table(uint64_t linear)
{
    uint64_t *table = space_pointer(space.tables.root);
    for (unsigned level = PTAB_LEVELS; level > 1; level--) {
        uint64_t *entry = &table[linear / ptab_level_size(level) % PTAB_ENTRIES];
        uint64_t fresh = *entry ? 0 : space_take_page();
        if (!*entry && !fresh) {
            return NULL;
        }
        if (fresh) {
            *entry = fresh | ptab_x86_format.table;
        }
        table = space_pointer(*entry & MASK(51, 12));
    }
    return table;
}

uint64_t space_ring3_text(uint64_t linear)
{
    return linear - ABI_ENGINE_BASE + SPACE_RING3_TEXT;
}
