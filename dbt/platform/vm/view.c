/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Views as page tables. A view's root holds one guest range, shifted by half of the 48-bit space
 * (so offset o is at linear o - 2^47), but for the engine's two PML4 slots, which all roots share.
 * Ring 0 runs on whichever root was loaded last; it reaches its own memory in all of them.
 *
 * A page that is taken away is gone from the TLB when the function returns (the view is loaded) or
 * when the view is loaded next (`stale`): with PCID its old translations survive other loads.
 */
#include "dbt/platform/vm/vm.h"
#include "dbt/vcpu.h"
#include "exarch/err.h"
#include "kernel/lib/string.h"

#define SPACE_SIZE BIT64(48)
#define HALF       BIT64(47)
#define PML4_SHIFT 39

#define PCIDS         4096u
#define CR3_KEEP_PCID BIT64(63) /* the load keeps the PCID's translations (SDM 3A 4.10.4.1) */
#define PAGES_BY_ONE  32u       /* so many pages are cheaper dropped one by one than all at once */

/* The engine's slots as offsets of a view. */
#define HOLE_START ((ABI_ENGINE_BASE + HALF) & (SPACE_SIZE - 1))
#define HOLE_END   (HOLE_START + 2 * ABI_SLOT_SIZE)

struct plat_view {
    struct ptab tables;
    uint64_t bias;
    unsigned pcid;  /* 0: it has none, its translations go with each load */
    bool stale;     /* drop its translations when it is loaded next, */
    uint64_t flush; /* and when it has seen fewer flushes of all views than there were */
};

_Static_assert(sizeof(struct plat_view) <= PAGE_SIZE, "a view's record is a page");

static bool has_pcid;
static uint64_t pcids_used[PCIDS / 64] = {1}; /* 0 is shared by those that got none */
static uint64_t flushes;                      /* of all views */
static struct plat_view *loaded;              /* NULL: the root that we started on */

static void write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

static unsigned take_pcid(void)
{
    for (unsigned i = 0; has_pcid && i < PCIDS / 64; i++) {
        if (~pcids_used[i]) {
            unsigned n = (unsigned)__builtin_ctzll(~pcids_used[i]);
            pcids_used[i] |= BIT64(n);
            return i * 64 + n;
        }
    }
    return 0;
}

static void give_pcid(unsigned pcid)
{
    if (pcid) {
        pcids_used[pcid / 64] &= ~BIT64(pcid % 64);
    }
}

void vm_views_init(void)
{
    has_pcid = space.boot->features & ABI_FEATURE_PCID;
}

void vm_view_enter(struct plat_view *view)
{
    bool stale = view->stale || view->flush != flushes;
    if (view == loaded && !stale) {
        return;
    }
    bool keep = view->pcid && !stale;
    loaded = view;
    view->stale = false;
    view->flush = flushes;
    write_cr3(view->tables.root | view->pcid | (keep ? CR3_KEEP_PCID : 0));
}

void vm_views_flush(void)
{
    flushes++;
    if (loaded) {
        vm_view_enter(loaded);
    }
}

/* Before a root's pages go away: nothing may run on it. */
static void leave_view(const struct plat_view *view)
{
    if (view == loaded) {
        loaded = NULL;
        write_cr3(space.tables.root);
    }
}

static uint64_t *slot_of(const struct plat_view *view, unsigned slot)
{
    return &((uint64_t *)space_pointer(view->tables.root))[slot];
}

static uint64_t take_table(void *unused)
{
    (void)unused;
    return space_take_page_to_spare();
}

/* The root may be of the reserve: a view that is cleared has just given its own back. */
static bool make_root(struct plat_view *view)
{
    if (ptab_init(&view->tables, &ptab_x86_format, &space_pages, 2)) {
        return false;
    }
    view->tables.pages.take = take_table;
    const uint64_t *ours = space_pointer(space.tables.root);
    *slot_of(view, ABI_ENGINE_SLOT) = ours[ABI_ENGINE_SLOT];
    *slot_of(view, ABI_DIRECT_SLOT) = ours[ABI_DIRECT_SLOT];
    return true;
}

static void drop_root(struct plat_view *view)
{
    leave_view(view);
    *slot_of(view, ABI_ENGINE_SLOT) = 0; /* shared: not ours to give back */
    *slot_of(view, ABI_DIRECT_SLOT) = 0;
    ptab_destroy(&view->tables);
}

struct plat_view *plat_view_create(bool high)
{
    uint64_t page = space_take_page_to_spare();
    struct plat_view *view = page ? space_pointer(page) : NULL;
    if (!view) {
        return NULL;
    }
    *view = (struct plat_view){.bias = high ? HALF : -HALF, .stale = true, .flush = flushes};
    if (!make_root(view)) {
        space_give_page(page);
        return NULL;
    }
    view->pcid = take_pcid();
    return view;
}

void plat_view_destroy(struct plat_view *view)
{
    drop_root(view);
    give_pcid(view->pcid);
    space_give_page((uint64_t)view - ABI_DIRECT_BASE);
}

void plat_view_clear(struct plat_view *view)
{
    drop_root(view);
    view->stale = true;
    bool fine = make_root(view); /* of the pages that were just given back */
    if (!fine) {
        __builtin_trap();
    }
}

void plat_view_activate(struct vcpu *vcpu, struct plat_view *view)
{
    vm_vcpu(vcpu)->view = view;
    vcpu->st->mem_bias = view->bias;
}

uint64_t vm_view_offset(uint64_t addr)
{
    return (addr + HALF) & (SPACE_SIZE - 1);
}

/* The table's address of an offset, below 2^48; ranges must not cross 2^47. */
static uint64_t table_address(uint64_t offset)
{
    return (offset + HALF) & (SPACE_SIZE - 1);
}

static void forget(struct plat_view *view, uint64_t offset, uint64_t size)
{
    if (view != loaded) {
        view->stale = true;
    } else if (size / PAGE_SIZE > PAGES_BY_ONE) {
        view->stale = true;
        vm_view_enter(view);
    } else {
        for (uint64_t done = 0; done < size; done += PAGE_SIZE) {
            __asm__ volatile("invlpg (%0)" ::"r"(offset - HALF + done) : "memory");
        }
    }
}

/* The bound of a range, moved out where it lies inside a 2M page. */
static uint64_t round_bound(const struct plat_view *view, uint64_t offset, bool up)
{
    struct ptab_leaf leaf;
    bool inside = !IS_ALIGNED(offset, MIB(2)) &&
                  !ptab_lookup(&view->tables, table_address(offset), &leaf) && leaf.level == 2;
    return !inside ? offset : up ? ALIGN_UP(offset, MIB(2)) : ALIGN_DOWN(offset, MIB(2));
}

/* Of a range that crosses neither the middle nor the engine's slots. */
static void unmap_piece(struct plat_view *view, uint64_t start, uint64_t end)
{
    if (start >= end) {
        return;
    }
    uint64_t from = round_bound(view, start, false);
    uint64_t to = round_bound(view, end, true);
    uint64_t before = view->tables.leaves[1] + view->tables.leaves[2];
    /* No bound lies inside a leaf: nothing is split, so nothing fails. */
    if (ptab_unmap(&view->tables, table_address(from), to - from)) {
        __builtin_trap();
    }
    if (before != view->tables.leaves[1] + view->tables.leaves[2]) {
        forget(view, start, end - start);
        ptab_release(&view->tables);
    }
}

void plat_view_unmap(struct plat_view *view, uint64_t offset, uint64_t size)
{
    uint64_t start = ALIGN_DOWN(offset, PAGE_SIZE);
    uint64_t end = MIN(ALIGN_UP(offset + size, PAGE_SIZE), SPACE_SIZE);
    unmap_piece(view, start, MIN(end, HOLE_START));
    unmap_piece(view, MAX(start, HOLE_END), MIN(end, HALF));
    unmap_piece(view, MAX(start, HALF), end);
}

enum plat_map plat_view_map(struct plat_view *view, uint64_t offset, uint64_t ram_offset,
                            uint64_t size, bool writable)
{
    if (offset < HOLE_END && offset + size > HOLE_START) {
        return PLAT_MAP_NEVER;
    }
    uint64_t at = table_address(offset);
    uint64_t vpa = space.boot->ram.vpa + ram_offset;
    unsigned rights = PTAB_R | PTAB_U | (writable ? PTAB_W : 0u);
    int error = ptab_map(&view->tables, at, vpa, size, rights, PTAB_WB);
    if (error == -ERR_EXIST) {
        plat_view_unmap(view, offset, size);
        error = ptab_map(&view->tables, at, vpa, size, rights, PTAB_WB);
    }
    if (error) { /* what was made on the way waits for a flush */
        forget(view, 0, SPACE_SIZE);
        ptab_release(&view->tables);
    }
    return error ? PLAT_MAP_FULL : PLAT_MAPPED;
}
