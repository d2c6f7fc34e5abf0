/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Views and jump caches against the architecture's rule: after any history of table changes, TLBIs,
 * context switches and fills, what the current view and jump cache hold is something that a TLB
 * could hold: it was valid at some time since the last TLBI that names it. The same for windows.
 * Real: mmu/view.c, rt/tlb.c, rt/jump_cache.c, rt/window.c. Faked: the platform's mappings and the
 * guest's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/rt/internal.h"

#define ROOTS     4 /* 0..2: low tables of ASID 1..3; 3: the high table, that all ASIDs share */
#define PAGES     48
#define ASIDS     4
#define HIGH_BASE UINT64_C(0xffff000000000000)
#define RAM_SIZE  MIB(4)
#define MAX_PLAT  6

/* One version of a table entry. */
struct entry {
    bool valid, write, user, global;
    uint64_t pa;
};

static struct entry table[ROOTS][PAGES];
static unsigned version[ROOTS][PAGES], clock_now;
static unsigned floor_asid[ROOTS][PAGES][ASIDS], floor_global[ROOTS][PAGES];

/* --- fakes --- */

struct mapped {
    bool present, global, user;
    unsigned version, root;
    uint64_t asid, ram_offset;
};

struct plat_view {
    bool used;
    struct mapped page[PAGES];
};

static struct plat_view plats[MAX_PLAT];
static struct vcpu vcpu;
static struct vm vm;

static unsigned current_asid(void)
{
    return (unsigned)GET_FIELD(vcpu.sys.TTBR0_EL1, TTBR_ASID);
}

static unsigned root_of(bool high)
{
    return high ? 3 : (unsigned)((vcpu.sys.TTBR0_EL1 & TTBR_BADDR) >> PAGE_SHIFT) - 1;
}

int vmsa_translate(struct vcpu *v, uint64_t va, unsigned access, struct vmsa_result *result)
{
    uint64_t page = view_offset(va) >> PAGE_SHIFT;
    const struct entry *e = &table[root_of(view_range(va))][page % PAGES];
    if (page >= PAGES || !e->valid) {
        return VMSA_TRANSLATION | 3;
    }
    *result = (struct vmsa_result){.pa = e->pa + va % PAGE_SIZE,
                                   .size = PAGE_SIZE,
                                   .global = e->global,
                                   .el1_read = true,
                                   .el1_write = e->write,
                                   .el0_read = e->user,
                                   .el0_write = e->user && e->write,
                                   .el0_exec = e->user,
                                   .el1_exec = true,
                                   .leaf_at = (uintptr_t)e};
    bool el0 = v->ps.el == 0 || (access & VMSA_UNPRIV);
    if (!(access & VMSA_FETCH) && !el0 && e->user && v->ps.pan) {
        return VMSA_PERMISSION | 3;
    }
    if ((el0 && !e->user) || (access & VMSA_WRITE && !e->write)) {
        return VMSA_PERMISSION | 3;
    }
    return VMSA_OK;
}

bool vmsa_is_alike(const struct vcpu *v, const struct vmsa_result *t, int64_t pages)
{
    (void)v;
    const struct entry *e = (const struct entry *)t->leaf_at;
    struct entry moved = *e;
    moved.pa += (uint64_t)pages * PAGE_SIZE;
    return !memcmp(&moved, e + pages, sizeof(moved));
}

struct plat_view *plat_view_create(bool high)
{
    (void)high;
    for (unsigned i = 0; i < MAX_PLAT; i++) {
        if (!plats[i].used) {
            plats[i] = (struct plat_view){.used = true};
            return &plats[i];
        }
    }
    return NULL; /* fewer than VIEW_MAX: dropping is exercised */
}

void plat_view_destroy(struct plat_view *view)
{
    assert_true(view->used);
    view->used = false;
}

void plat_view_clear(struct plat_view *view)
{
    memset(view->page, 0, sizeof(view->page));
}

enum plat_map plat_view_map(struct plat_view *view, uint64_t offset, uint64_t ram_offset,
                            uint64_t size, bool writable)
{
    (void)writable;
    unsigned root = root_of(vcpu.rt->view->key.high);
    for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
        uint64_t page = (offset + at) >> PAGE_SHIFT;
        const struct entry *e = &table[root][page];
        view->page[page] = (struct mapped){.present = true,
                                           .global = e->global,
                                           .user = e->user,
                                           .version = version[root][page],
                                           .root = root,
                                           .asid = current_asid(),
                                           .ram_offset = ram_offset + at};
        assert_int_equal(e->pa, RAM_BASE + ram_offset + at);
    }
    return PLAT_MAPPED;
}

void plat_view_unmap(struct plat_view *view, uint64_t offset, uint64_t size)
{
    for (uint64_t page = offset >> PAGE_SHIFT; page < (offset + size) >> PAGE_SHIFT && page < PAGES;
         page++) {
        view->page[page].present = false;
    }
}

static struct mapped windows[WINDOW_TABLES * WINDOWS];

/* The page that is being opened is the one that window_under_test names. */
static uint64_t window_under_test;
uint64_t plat_window_open(struct vcpu *v, unsigned n, uint64_t ram_offset, bool writable)
{
    (void)v;
    assert_false(windows[n].present);
    unsigned root = root_of(view_range(window_under_test));
    unsigned page = (unsigned)(view_offset(window_under_test) >> PAGE_SHIFT);
    const struct entry *e = &table[root][page];
    assert_int_equal(e->pa, RAM_BASE + ram_offset);
    assert_true(!writable || e->write);
    windows[n] = (struct mapped){.present = true,
                                 .global = e->global,
                                 .user = e->user,
                                 .version = version[root][page],
                                 .root = root,
                                 .asid = current_asid(),
                                 .ram_offset = ram_offset};
    return 0x10000 + n * PAGE_SIZE;
}

void plat_window_close(struct vcpu *v, unsigned n)
{
    (void)v;
    windows[n].present = false;
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void plat_end(enum plat_end end, int status)
{
    (void)end, (void)status;
    abort();
}

void *rt_shared_alloc(struct rt_vm *rt, uint64_t size)
{
    (void)rt;
    return calloc(1, size);
}

bool blocks_drop_page(struct rt_blocks *bs, uint64_t pa)
{
    (void)bs, (void)pa;
    return true;
}

void blocks_drop_all(struct rt_blocks *bs)
{
    (void)bs;
}

/* --- the history --- */

static uint64_t va_of(bool high, unsigned page)
{
    return (high ? HIGH_BASE : 0) + page * PAGE_SIZE;
}

static unsigned pick(unsigned below)
{
    return (unsigned)rand() % below;
}

static void change_entry(void)
{
    unsigned root = pick(ROOTS), page = pick(PAGES);
    table[root][page] = (struct entry){.valid = pick(8),
                                       .write = pick(2),
                                       .user = pick(2),
                                       .global = root == 3 ? pick(4) : !pick(4),
                                       .pa = RAM_BASE + pick(RAM_SIZE / PAGE_SIZE) * PAGE_SIZE};
    version[root][page] = ++clock_now;
}

/* What the TLBI forbids: older versions of what it names. */
static void forbid(unsigned page, int root, int asid, bool globals)
{
    for (int r = 0; r < ROOTS; r++) {
        for (int a = 0; a < ASIDS && (root < 0 || r == root || (root < 3 && r < 3)); a++) {
            if (asid < 0 || a == asid) {
                floor_asid[r][page][a] = version[r][page];
            }
        }
        if (globals && (root < 0 || r == root || (root < 3 && r < 3))) {
            floor_global[r][page] = version[r][page];
        }
    }
}

static void invalidate(void)
{
    bool high = pick(2);
    unsigned page = pick(PAGES), asid = 1 + pick(3);
    switch (pick(8)) {
    case 0:
        rt_tlbi_all(&vcpu);
        for (unsigned p = 0; p < PAGES; p++) {
            forbid(p, -1, -1, true);
        }
        break;
    case 1:
        rt_tlbi_asid(&vcpu, asid);
        for (unsigned p = 0; p < PAGES; p++) {
            forbid(p, -1, (int)asid, false);
        }
        break;
    default: {
        int which = pick(2) ? (int)asid : -1;
        rt_tlbi_va(&vcpu, va_of(high, page), PAGE_SIZE, which);
        forbid(page, high ? 3 : 0, which, true);
    }
    }
}

static struct a64_state guest;
static uint8_t returns_memory[RETURNS_SIZE] __attribute__((aligned(4096)));
static unsigned predicted, checked;

static void select_current(bool high)
{
    vcpu.rt->view = view_select(&vcpu.rt->views, &vcpu, high, vcpu.ps.el);
    vcpu.rt->jc = jc_select(vcpu.rt, vcpu.rt->view, vcpu.tr_flags);
}

static void switch_context(void)
{
    unsigned asid = 1 + pick(3);
    vcpu.sys.TTBR0_EL1 = FIELD(TTBR_ASID, asid) | asid << PAGE_SHIFT;
    vcpu.sys.TTBR1_EL1 = ROOTS << PAGE_SHIFT;
    vcpu.ps.el = (uint8_t)pick(2);
    vcpu.ps.pan = (uint8_t)pick(2);
}

static void fill(bool high)
{
    uint64_t va = va_of(high, pick(PAGES));
    select_current(high);
    enum view_fill result = view_fill(&vcpu.rt->views, vcpu.rt->view, &vcpu, va, pick(2));
    struct vmsa_result t;
    if (result == VIEW_CHANGED || result == VIEW_FAULT) {
        return;
    }
    assert_int_equal(vmsa_translate(&vcpu, va, 0, &t), VMSA_OK);
    assert_true(vcpu.rt->view->plat->page[view_offset(va) >> PAGE_SHIFT].present);
}

/* A miss of translated code, whatever its range. */
static void miss(bool high)
{
    unsigned side = pick(WINDOW_TABLES), size = 1u << pick(5), page = pick(PAGES);
    uint64_t va = va_of(high, page) + pick(PAGE_SIZE);
    bool write = pick(2);
    struct vmsa_result t;
    window_under_test = va;
    bool fits = va % PAGE_SIZE + size <= PAGE_SIZE && !(side == WINDOW_EL1 && vcpu.ps.el == 0);
    unsigned access = (write ? VMSA_WRITE : 0u) | (side == WINDOW_EL0 ? VMSA_UNPRIV : 0u);
    bool allowed = vmsa_translate(&vcpu, va, access, &t) == VMSA_OK;
    assert_int_equal(window_open(&vcpu, va, size, side, write), fits && allowed);
    const struct window *w = &vcpu.st->window[side][va / PAGE_SIZE % WINDOWS];
    if (fits && allowed) {
        assert_int_equal(write ? w->write : w->read, ALIGN_DOWN(va, PAGE_SIZE));
        assert_int_equal(w->write != WINDOW_NONE, table[root_of(high)][page].write);
    }
}

/* What translated code does at a call that returns to va. */
static void predict_return(uint64_t va, uint64_t host)
{
    struct ret_entry *top = (struct ret_entry *)vcpu.rt->returns.top;
    uint64_t sp = returns_stack(&vcpu.rt->returns);

    if (sp < guest.ret_limit) {
        sp = (uintptr_t)top;
    }
    assert_true(sp - sizeof(*top) >= (uintptr_t)returns_memory + RETURNS_ROOM);
    *((struct ret_entry *)sp - 1) = (struct ret_entry){.va = va, .host = host};
    guest.ret_sp = sp - sizeof(*top);
    predicted++;
}

/* Enters a "translation" whose host address names the table entry's version. */
static void fetch(bool high)
{
    unsigned page = pick(PAGES);
    uint64_t va = va_of(high, page) + pick(1024) * 4;
    struct vmsa_result t;
    select_current(high);
    if (vmsa_translate(&vcpu, va, VMSA_FETCH, &t) == VMSA_OK) {
        while (!view_admit(vcpu.rt->view, &vcpu, va, &t, true)) {
            select_current(high);
        }
        unsigned root = root_of(high);
        uint64_t host = (uint64_t)version[root][page] << 4 | (t.global ? 8 : 0) | current_asid();
        vcpu.rt->jc = jc_select(vcpu.rt, vcpu.rt->view, vcpu.tr_flags);
        jc_insert(vcpu.rt->jc, va, host, t.size);
        assert_int_equal(jc_find(vcpu.rt->jc, va), host);
        predict_return(va, host);
    }
}

static void check_mapping(const struct mapped *m, unsigned page)
{
    if (!m->present) {
        return;
    }
    assert_int_equal(m->root, root_of(vcpu.rt->view->key.high));
    assert_false(vcpu.ps.el == 1 && vcpu.ps.pan && m->user);
    if (m->global) {
        assert_true(m->version >= floor_global[m->root][page]);
    } else {
        assert_int_equal(m->asid, current_asid());
        assert_true(m->version >= floor_asid[m->root][page][m->asid]);
    }
}

static void check_windows(void)
{
    window_select(&vcpu);
    for (unsigned n = 0; n < WINDOW_TABLES * WINDOWS; n++) {
        const struct window *w = &vcpu.st->window[n / WINDOWS][n % WINDOWS];
        const struct mapped *m = &windows[n];
        uint64_t va = w->read != WINDOW_NONE ? w->read : w->write;
        assert_int_equal(va != WINDOW_NONE, m->present);
        if (!m->present) {
            continue;
        }
        unsigned page = (unsigned)(view_offset(va) >> PAGE_SHIFT);
        assert_int_equal(va + w->addend, 0x10000 + n * PAGE_SIZE);
        assert_int_equal(m->root, root_of(view_range(va)));
        assert_true(n / WINDOWS == WINDOW_EL0 ? m->user : !(vcpu.ps.pan && m->user));
        if (!m->global) {
            assert_int_equal(m->asid, current_asid());
        }
        assert_true(m->version >=
                    (m->global ? floor_global[m->root][page] : floor_asid[m->root][page][m->asid]));
    }
}

static void check_jump(const struct jc_entry *e, unsigned index, unsigned root)
{
    if (e->va == JC_EMPTY(index)) {
        return;
    }
    unsigned page = (unsigned)(view_offset(e->va) >> PAGE_SHIFT), made = (unsigned)(e->host >> 4);
    assert_true(view_covers(vcpu.rt->view, e->va));
    if (e->host & 8) {
        assert_true(made >= floor_global[root][page]);
    } else {
        assert_int_equal(e->host & 7, current_asid());
        assert_true(made >= floor_asid[root][page][e->host & 7]);
    }
}

static void check(bool high)
{
    select_current(high);
    assert_true(view_is_current(vcpu.rt->view, &vcpu));
    for (unsigned page = 0; page < PAGES; page++) {
        check_mapping(&vcpu.rt->view->plat->page[page], page);
    }
    check_windows();
    for (unsigned i = 0; i < 1u << JC_BITS; i++) {
        check_jump(&vcpu.rt->jc->entry[i], i, root_of(high));
    }
    for (uint64_t sp = returns_stack(&vcpu.rt->returns); sp != vcpu.rt->returns.top;
         sp += sizeof(struct ret_entry)) {
        const struct ret_entry *e = (const struct ret_entry *)sp;
        check_jump(&(struct jc_entry){.va = e->va, .host = e->host}, UINT32_MAX, root_of(high));
        checked++;
    }
}

static void test_views_hold_what_a_tlb_could(void **state)
{
    (void)state;
    srand(7);
    vm.ram = calloc(1, 1);
    vm.ram_size = RAM_SIZE;
    vcpu = (struct vcpu){.vm = &vm,
                         .rt = calloc(1, sizeof(struct rt_vcpu)),
                         .st = calloc(1, sizeof(struct a64_state))};
    window_init(&vcpu);
    vcpu.sys.SCTLR_EL1 = SCTLR_M;
    vcpu.sys.TCR_EL1 = TCR_AS;
    assert_true(jc_init(vcpu.rt, NULL));
    returns_init(&vcpu.rt->returns, &guest, returns_memory, (uintptr_t)returns_memory, 1);
    for (unsigned i = 0; i < 500; i++) {
        change_entry();
    }
    switch_context();
    for (unsigned n = 0; n < 100000; n++) {
        bool high = pick(2);
        switch (pick(10)) {
        case 0: change_entry(); break;
        case 1: invalidate(); break;
        case 2: switch_context(); break;
        case 3:
        case 4:
        case 5: fetch(high); break;
        case 6: miss(high); break;
        default: fill(high); break;
        }
        if (n % 4 == 0) {
            check(high);
        }
    }
    assert_true(vcpu.rt->views.dropped > 100);
    assert_true(predicted > 1000 && checked > 1000);
    for (unsigned i = 0; i < JC_POOL; i++) {
        free(vcpu.rt->jcs[i].entry);
    }
    free(vcpu.rt);
    free(vcpu.st);
    free(vm.ram);
}

/* The flat mapping of the MMU switched off is in no TLB; with it on, each kind of TLBI takes it. */
static void test_no_tlb_with_the_mmu_off(void **state)
{
    (void)state;
    struct rt_vcpu *rt = calloc(1, sizeof(*rt));
    struct plat_view plat = {.used = true};
    struct view *view = &rt->views.view[0];
    vcpu = (struct vcpu){.vm = &vm, .rt = rt};
    for (unsigned mmu = 0; mmu < 2; mmu++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            *view = (struct view){.plat = &plat, .asid = 1};
            view->key.sctlr = mmu ? SCTLR_M : 0;
            plat.page[3].present = true;
            switch (kind) {
            case 0: rt_tlbi_all(&vcpu); break;
            case 1: rt_tlbi_asid(&vcpu, 1); break;
            default: rt_tlbi_va(&vcpu, va_of(false, 3), PAGE_SIZE, -1);
            }
            assert_int_equal(plat.page[3].present, !mmu);
        }
    }
    free(rt);
}

static void test_ranges_and_offsets(void **state)
{
    (void)state;
    struct view low = {.key.high = 0}, high = {.key.high = 1};
    assert_true(view_covers(&low, 0xffffffffffff) && !view_covers(&low, BIT64(48)));
    assert_true(view_covers(&high, HIGH_BASE) && !view_covers(&high, HIGH_BASE - 1));
    assert_true(view_range(0xff80000000000000) && !view_range(0xff00000000000000));
    assert_int_equal(view_offset(HIGH_BASE + 5), 5);
}

/* Whatever ring 3 leaves in ret_sp, translated code goes on at an entry. */
static void test_returns_are_checked(void **unused)
{
    struct rt_returns returns;
    uint64_t base = (uintptr_t)returns_memory, top;

    (void)unused;
    returns_init(&returns, &guest, returns_memory, (uintptr_t)returns_memory, 0x1234);
    top = returns.top;
    assert_int_equal(((struct ret_entry *)top)->host, 0x1234);
    assert_int_equal(returns_stack(&returns), top);
    const uint64_t bad[] = {0,        UINT64_MAX, base,    base + RETURNS_ROOM - 16,
                            top + 16, top - 8,    top + 1, UINT64_C(0x8000000000000000),
                            top - 15};
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        guest.ret_sp = bad[i];
        assert_int_equal(returns_stack(&returns), top);
    }
    guest.ret_sp = top - 32;
    assert_int_equal(returns_stack(&returns), top - 32);
    guest.ret_sp = base + RETURNS_ROOM;
    assert_int_equal(returns_stack(&returns), base + RETURNS_ROOM);
    assert_true(guest.ret_limit - sizeof(struct ret_entry) >= base + RETURNS_ROOM);
    returns_drop(&returns);
    assert_int_equal(returns_stack(&returns), top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_tlb_with_the_mmu_off),
        cmocka_unit_test(test_ranges_and_offsets),
        cmocka_unit_test(test_views_hold_what_a_tlb_could),
        cmocka_unit_test(test_returns_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
