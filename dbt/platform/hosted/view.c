/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted views: 512-GiB slots of reserved address space, found through a table that R15 points to.
 */
/*
 * Translated code computes u = table[base >>s 39] of a register's value and accesses base + u, or
 * what is near it. The table is a sparse reservation that has an entry for each of the 2^25 values
 * of base >>s 39, but only the 512 of the view's own range lie in accessible memory: any other
 * address faults in the read of the table. An entry whose slot is not in use leads to one common
 * reservation that is never accessible; what faults there is resolved by interpreting the
 * instruction, which fills the view and so makes the slot. All of a slot is PROT_NONE until pages
 * of guest RAM are mapped over it; so are its guards, where what leaves the slot is interpreted.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dbt/platform/hosted/hosted.h"
#include "dbt/vcpu.h"
#include "dbt/x64/compile.h"

#define SLOT_SIZE   (UINT64_C(1) << MEM_SLOT_SHIFT)
#define SLOTS       512
#define TABLE_SIZE  (UINT64_C(8) << (64 - MEM_SLOT_SHIFT))
#define CHUNK_SIZE  MIB(2)
#define CHUNKS      (SLOT_SIZE / CHUNK_SIZE)
#define MAPPING_MAX 60000 /* vm.max_map_count is 65530 unless the administrator raised it */

/* Which pages of 2 MiB are mapped. */
struct chunk {
    uint64_t page[8];
    uint64_t whole; /* by one mapping of 2 MiB */
};

struct slot {
    uint8_t *base;       /* NULL: not in use */
    struct chunk *chunk; /* [CHUNKS], zero pages until touched */
};

struct plat_view {
    bool high;
    uint8_t *table;  /* start of the reservation */
    uint64_t *entry; /* of the view's slot 0 */
    unsigned mappings;
    struct slot slot[SLOTS];
};

static uint8_t *nowhere;  /* the common reservation */
static unsigned mappings; /* an upper bound of the VMAs that views take */

static void *reserve(uint64_t size, int prot)
{
    void *at = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* A slot's reservation between its guards: an access that leaves it by a displacement must fault.
 */
static uint8_t *reserve_slot(void)
{
    uint8_t *at = reserve(SLOT_SIZE + 2 * MEM_SLOT_GUARD, PROT_NONE);
    return at ? at + MEM_SLOT_GUARD : NULL;
}

static void release_reserved(uint8_t *base)
{
    munmap(base - MEM_SLOT_GUARD, SLOT_SIZE + 2 * MEM_SLOT_GUARD);
}

/* The slot's entry: what is to be added to a VA in it to get base. */
static uint64_t entry_for(const struct plat_view *view, unsigned slot, const uint8_t *base)
{
    uint64_t first = view->high ? ~UINT64_C(0) << 48 : 0;
    return (uintptr_t)base - (first + slot * SLOT_SIZE);
}

static void reset_entries(struct plat_view *view)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        view->entry[i] = entry_for(view, i, nowhere);
    }
}

struct plat_view *plat_view_create(bool high)
{
    if (!nowhere && !(nowhere = reserve_slot())) {
        err(EXIT_FAILURE, "reserving address space");
    }
    struct plat_view *view = calloc(1, sizeof(*view));
    uint8_t *table = reserve(TABLE_SIZE, PROT_NONE);
    if (!view || !table) {
        free(view);
        return NULL;
    }
    *view = (struct plat_view){.high = high, .table = table};
    uint8_t *entry = table + TABLE_SIZE / 2 - (high ? SLOTS * 8 : 0);
    if (mprotect(entry, SLOTS * 8, PROT_READ | PROT_WRITE)) {
        munmap(table, TABLE_SIZE);
        free(view);
        return NULL;
    }
    view->entry = (void *)entry;
    reset_entries(view);
    return view;
}

static void release_slot(struct slot *slot)
{
    if (slot->base) {
        release_reserved(slot->base);
        munmap(slot->chunk, CHUNKS * sizeof(struct chunk));
        *slot = (struct slot){0};
    }
}

void plat_view_clear(struct plat_view *view)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        release_slot(&view->slot[i]);
    }
    mappings -= view->mappings;
    view->mappings = 0;
    reset_entries(view);
}

void plat_view_destroy(struct plat_view *view)
{
    plat_view_clear(view);
    munmap(view->table, TABLE_SIZE);
    free(view);
}

void plat_view_activate(struct vcpu *vcpu, struct plat_view *view)
{
    hosted_vcpu(vcpu)->view = view;
    vcpu->st->mem_bias = (uintptr_t)view->table + TABLE_SIZE / 2 + MEM_SLOT_SHIFT;
}

/* The hosted runner is no security boundary: all of guest RAM is there anyway. */
uint64_t plat_window_open(struct vcpu *vcpu, unsigned n, uint64_t ram_offset, bool writable)
{
    (void)n, (void)writable;
    return (uintptr_t)vcpu->vm->ram + ram_offset;
}

void plat_window_close(struct vcpu *vcpu, unsigned n)
{
    (void)vcpu, (void)n;
}

static bool make_slot(struct plat_view *view, unsigned index)
{
    struct slot *slot = &view->slot[index];
    uint8_t *base = reserve_slot();
    struct chunk *chunk = reserve(CHUNKS * sizeof(*chunk), PROT_READ | PROT_WRITE);
    if (!base || !chunk) {
        if (base) {
            release_reserved(base);
        }
        return false;
    }
    *slot = (struct slot){.base = base, .chunk = chunk};
    view->entry[index] = entry_for(view, index, base);
    return true;
}

static void mark(struct slot *slot, uint64_t at, uint64_t size)
{
    struct chunk *chunk = &slot->chunk[at / CHUNK_SIZE];
    chunk->whole = size == CHUNK_SIZE;
    for (uint64_t page = at % CHUNK_SIZE / PAGE_SIZE; size; page++, size -= PAGE_SIZE) {
        chunk->page[page / 64] |= BIT64(page % 64);
    }
}

static void unmap_pages(struct slot *slot, uint64_t at, uint64_t size)
{
    struct chunk *chunk = &slot->chunk[at / CHUNK_SIZE];
    if (mmap(slot->base + at, size, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        err(EXIT_FAILURE, "taking a guest mapping away");
    }
    for (uint64_t page = at % CHUNK_SIZE / PAGE_SIZE; size; page++, size -= PAGE_SIZE) {
        chunk->page[page / 64] &= ~BIT64(page % 64);
    }
}

enum plat_map plat_view_map(struct plat_view *view, uint64_t offset, uint64_t ram_offset,
                            uint64_t size, bool writable)
{
    unsigned index = (unsigned)(offset >> MEM_SLOT_SHIFT);
    struct slot *slot = &view->slot[index];
    uint64_t at = offset % SLOT_SIZE;
    if (mappings + 2 > MAPPING_MAX || (!slot->base && !make_slot(view, index))) {
        return PLAT_MAP_FULL;
    }
    if (slot->chunk[at / CHUNK_SIZE].whole && size < CHUNK_SIZE) {
        unmap_pages(slot, ALIGN_DOWN(at, CHUNK_SIZE), CHUNK_SIZE);
    }
    int prot = PROT_READ | (writable ? PROT_WRITE : 0);
    int populate = size > PAGE_SIZE ? MAP_POPULATE : 0; /* the one page's own fault is cheaper */
    if (mmap(slot->base + at, size, prot, MAP_SHARED | MAP_FIXED | populate, hosted_ram_fd(),
             (off_t)ram_offset) == MAP_FAILED) {
        return PLAT_MAP_FULL;
    }
    mark(slot, at, size);
    mappings += 2; /* it may split one mapping in three */
    view->mappings += 2;
    return PLAT_MAPPED;
}

/* Unmaps the runs of mapped pages of one chunk that lie in [from, to) of its slot. */
static void unmap_runs(struct slot *slot, uint64_t from, uint64_t to)
{
    const struct chunk *chunk = &slot->chunk[from / CHUNK_SIZE];
    for (uint64_t at = from, end; at < to; at = end) {
        uint64_t page = at % CHUNK_SIZE / PAGE_SIZE;
        bool mapped = bit(chunk->page[page / 64], page % 64);
        for (end = at; end < to; end += PAGE_SIZE) {
            page = end % CHUNK_SIZE / PAGE_SIZE;
            if (bit(chunk->page[page / 64], page % 64) != mapped) {
                break;
            }
        }
        if (mapped) {
            unmap_pages(slot, at, end - at);
        }
    }
}

static void unmap_in_chunk(struct slot *slot, uint64_t from, uint64_t to)
{
    struct chunk *chunk = &slot->chunk[from / CHUNK_SIZE];
    if (chunk->whole) {
        unmap_pages(slot, ALIGN_DOWN(from, CHUNK_SIZE), CHUNK_SIZE);
        chunk->whole = 0;
    } else {
        unmap_runs(slot, from, to);
    }
}

void plat_view_unmap(struct plat_view *view, uint64_t offset, uint64_t size)
{
    uint64_t start = ALIGN_DOWN(offset, PAGE_SIZE), end = ALIGN_UP(offset + size, PAGE_SIZE);
    for (uint64_t at = start, next; at < end; at = next) {
        struct slot *slot = &view->slot[at >> MEM_SLOT_SHIFT & (SLOTS - 1)];
        uint64_t step = slot->base ? CHUNK_SIZE : SLOT_SIZE;
        next = MIN(ALIGN_DOWN(at, step) + step, end);
        if (slot->base) {
            unmap_in_chunk(slot, at % SLOT_SIZE, at % SLOT_SIZE + (next - at));
        }
    }
}

bool hosted_view_offset(const struct plat_view *view, uint64_t addr, uint64_t *offset)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t in = addr - (uintptr_t)view->slot[i].base;
        if (view->slot[i].base && in < SLOT_SIZE) {
            *offset = i * SLOT_SIZE + in;
            return true;
        }
    }
    return false;
}
