/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of mmu/ptab.c with the EPT, NPT and x86 formats: random maps, unmaps and right changes
 * against a flat model, read back by a walker of this file's own that knows only the manuals' bits,
 * through a TLB that forgets only when the generation says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mmu/nested.h"
#include "tests/xorshift.h"

#define PAGES     (1u << 19) /* the model: 2 GiB of 4K pages */
#define POOL      4096u
#define POOL_PHYS UINT64_C(0x7000000000)
#define BASE      UINT64_C(0x40000000)
#define HIGH_BASE UINT64_C(0xffffb88000000000)
#define TLB_SIZE  1024u

struct page_model {
    uint64_t phys;
    unsigned rights; /* 0: not mapped */
};

struct tlb_entry {
    uint64_t addr;
    struct page_model page;
    bool valid;
};

struct machine {
    struct ptab pt;
    struct page_model *model;
    uint64_t *pool;
    bool used[POOL];
    unsigned in_use;
    unsigned fail_in; /* the allocator fails when this counts down to 1; 0: never */
    uint64_t base;
    struct tlb_entry tlb[TLB_SIZE];
    uint64_t tlb_generation;
    uint64_t random;
};

static uint64_t next_random(struct machine *m)
{
    return xorshift64(&m->random);
}

static uint64_t pool_take(void *arg)
{
    struct machine *m = arg;
    if (m->fail_in && --m->fail_in == 0) {
        return 0;
    }
    for (unsigned i = 0; i < POOL; i++) {
        if (!m->used[i]) {
            m->used[i] = true;
            m->in_use++;
            memset(&m->pool[i * 512], 0, 4096);
            return POOL_PHYS + i * 4096;
        }
    }
    return 0;
}

static void pool_give(void *arg, uint64_t phys)
{
    struct machine *m = arg;
    uint64_t i = (phys - POOL_PHYS) / 4096;
    assert_true(i < POOL && m->used[i]);
    m->used[i] = false;
    m->in_use--;
    memset(&m->pool[i * 512], 0xff, 4096); /* a walk through it must show */
}

static uint64_t *pool_view(void *arg, uint64_t phys)
{
    struct machine *m = arg;
    uint64_t i = (phys - POOL_PHYS) / 4096;
    assert_true(i < POOL && m->used[i]);
    return &m->pool[i * 512];
}

/* The manuals' walk: SDM 3C 29.3.2 for EPT, SDM 3A 4.5 and APM 2 5.3 for the others. */
static struct page_model walk(struct machine *m, uint64_t addr)
{
    bool ept = m->pt.format == &ept_format;
    uint64_t table = m->pt.root;
    unsigned rights = PTAB_R | PTAB_W | PTAB_X;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t entry = pool_view(m, table)[addr >> shift & 511];
        if (!(entry & (ept ? 7 : 1))) {
            return (struct page_model){0, 0};
        }
        if (ept) {
            rights &= (unsigned)(entry & 7);
        } else {
            rights &= (unsigned)(PTAB_R | (entry & 2) | (entry >> 63 ? 0 : PTAB_X));
        }
        uint64_t frame = entry & UINT64_C(0x000ffffffffff000);
        bool large = (shift == 30 || shift == 21) && (entry & 0x80);
        if (large || shift == 12) {
            uint64_t low = (UINT64_C(1) << shift) - 1;
            assert_int_equal(frame & low, 0); /* reserved bits */
            if (ept) {
                assert_int_equal(entry >> 3 & 7, 6); /* write-back */
            }
            return (struct page_model){frame | (addr & low & ~UINT64_C(0xfff)), rights};
        }
        if (ept) {
            assert_int_equal(entry & 0xf8, 0); /* reserved in table entries */
        }
        table = frame;
    }
    return (struct page_model){0, 0};
}

/* An access as a CPU makes it: by the TLB if that knows the page, whatever the tables say now. */
static void access_page(struct machine *m, uint64_t page)
{
    if (ptab_is_stale(&m->pt, m->tlb_generation)) {
        m->tlb_generation = m->pt.generation;
        memset(m->tlb, 0, sizeof(m->tlb));
        ptab_release(&m->pt);
    }
    uint64_t addr = m->base + page * PAGE_SIZE;
    struct tlb_entry *t = &m->tlb[page % TLB_SIZE];
    if (!t->valid || t->addr != addr) {
        *t = (struct tlb_entry){addr, walk(m, addr), false};
        t->valid = t->page.rights; /* not-present is never cached */
    }
    assert_int_equal(t->page.rights, m->model[page].rights);
    if (t->page.rights) {
        assert_int_equal(t->page.phys, m->model[page].phys);
    }
}

static void check_lookup(struct machine *m, uint64_t page)
{
    struct ptab_leaf leaf = {0};
    int error = ptab_lookup(&m->pt, m->base + page * PAGE_SIZE + 5, &leaf);
    assert_int_equal(error, m->model[page].rights ? 0 : -ERR_NOENT);
    if (!error) {
        assert_int_equal(leaf.phys, m->model[page].phys + 5);
        assert_int_equal(leaf.rights & ~(unsigned)PTAB_U, m->model[page].rights);
    }
}

static void check_all(struct machine *m)
{
    uint64_t mapped = 0;
    for (uint64_t page = 0; page < PAGES; page++) {
        struct page_model w = walk(m, m->base + page * PAGE_SIZE);
        assert_int_equal(w.rights, m->model[page].rights);
        if (w.rights) {
            assert_int_equal(w.phys, m->model[page].phys);
            mapped += PAGE_SIZE;
        }
    }
    assert_int_equal(ptab_count_usage(&m->pt).mapped, mapped);
    uint64_t by_level = 0;
    for (unsigned level = 1; level <= 3; level++) {
        by_level += m->pt.leaves[level] * ptab_level_size(level);
    }
    assert_int_equal(by_level, mapped);
}

static bool any_mapped(const struct machine *m, uint64_t page, uint64_t count)
{
    for (uint64_t i = page; i < page + count; i++) {
        if (m->model[i].rights) {
            return true;
        }
    }
    return false;
}

static unsigned random_rights(struct machine *m)
{
    static const unsigned kinds[] = {PTAB_R, PTAB_R | PTAB_W, PTAB_R | PTAB_X,
                                     PTAB_R | PTAB_W | PTAB_X};
    return kinds[next_random(m) % 4];
}

/* A range of random size class and alignment. */
static void random_range(struct machine *m, uint64_t *page, uint64_t *count)
{
    static const uint64_t units[] = {1, 1, 512, 512, 262144};
    uint64_t unit = units[next_random(m) % ARRAY_SIZE(units)];
    *count = unit * (1 + next_random(m) % (unit == 262144 ? 1 : 40));
    uint64_t align = next_random(m) % 3 ? unit : 1;
    *page = ALIGN_DOWN(next_random(m) % (PAGES - *count + 1), align);
}

static void step_map(struct machine *m, uint64_t page, uint64_t count)
{
    /* Physical addresses of any alignment, so that large pages fit sometimes only. */
    uint64_t phys = (next_random(m) % 2 ? ALIGN_DOWN(next_random(m), GIB(1)) + page * PAGE_SIZE
                                        : ALIGN_DOWN(next_random(m), PAGE_SIZE)) &
                    MASK(45, 12);
    unsigned rights = random_rights(m);
    uint64_t addr = m->base + page * PAGE_SIZE;
    int error = ptab_map(&m->pt, addr, phys, count * PAGE_SIZE, rights, PTAB_WB);
    if (error == -ERR_NOMEM) {
        return;
    }
    assert_int_equal(error, any_mapped(m, page, count) ? -ERR_EXIST : 0);
    for (uint64_t i = 0; !error && i < count; i++) {
        m->model[page + i] = (struct page_model){phys + i * PAGE_SIZE, rights};
    }
}

static void step_change(struct machine *m, uint64_t page, uint64_t count, bool unmap)
{
    unsigned rights = unmap ? 0 : random_rights(m);
    uint64_t addr = m->base + page * PAGE_SIZE;
    uint64_t size = count * PAGE_SIZE;
    uint64_t before = m->pt.generation;
    int error = unmap ? ptab_unmap(&m->pt, addr, size) : ptab_protect(&m->pt, addr, size, rights);
    if (error) {
        assert_int_equal(error, -ERR_NOMEM);
        return;
    }
    assert_true(m->pt.generation > before);
    for (uint64_t i = page; i < page + count; i++) {
        m->model[i].rights = m->model[i].rights ? rights : 0;
    }
}

static void machine_start(struct machine *m, const struct ptab_format *format, uint64_t base,
                          unsigned max_leaf)
{
    memset(m, 0, sizeof(*m));
    m->model = calloc(PAGES, sizeof(*m->model));
    m->pool = calloc(POOL, 4096);
    m->base = base;
    m->random = UINT64_C(0x9e3779b97f4a7c15);
    struct ptab_pages pages = {pool_take, pool_give, pool_view, m};
    assert_int_equal(ptab_init(&m->pt, format, &pages, max_leaf), 0);
}

static void machine_end(struct machine *m)
{
    ptab_destroy(&m->pt);
    assert_int_equal(m->in_use, 0);
    free(m->model);
    free(m->pool);
}

static void run_random(const struct ptab_format *format, uint64_t base, unsigned max_leaf)
{
    static struct machine m;
    machine_start(&m, format, base, max_leaf);
    for (unsigned step = 0; step < 3000; step++) {
        uint64_t page = 0;
        uint64_t count = 0;
        random_range(&m, &page, &count);
        m.fail_in = next_random(&m) % 8 ? 0 : 1 + (unsigned)(next_random(&m) % 4);
        switch (next_random(&m) % 4) {
        case 0: step_change(&m, page, count, true); break;
        case 1: step_change(&m, page, count, false); break;
        default: step_map(&m, page, count);
        }
        m.fail_in = 0;
        for (unsigned i = 0; i < 64; i++) {
            access_page(&m, next_random(&m) % PAGES);
            access_page(&m, (page + next_random(&m) % count) % PAGES);
        }
        access_page(&m, page);
        check_lookup(&m, page);
        check_lookup(&m, page + count - 1);
        if (page) {
            check_lookup(&m, page - 1);
        }
        if (step % 500 == 499) {
            check_all(&m);
        }
    }
    machine_end(&m);
}

static void random_ept(void **state)
{
    (void)state;
    run_random(&ept_format, BASE, 3);
}

static void random_npt(void **state)
{
    (void)state;
    run_random(&npt_format, BASE, 2);
}

static void random_x86_upper_half(void **state)
{
    (void)state;
    run_random(&ptab_x86_format, HIGH_BASE, 3);
}

static void largest_pages_are_used(void **state)
{
    static struct machine m;
    (void)state;
    machine_start(&m, &ept_format, 0, 3);
    uint64_t start = GIB(1) - MIB(2) - PAGE_SIZE;
    uint64_t size = GIB(1) + 2 * MIB(2) + 2 * PAGE_SIZE;
    assert_int_equal(ptab_map(&m.pt, start, start + GIB(4), size, PTAB_R, PTAB_WB), 0);
    assert_int_equal(m.pt.leaves[1], 2);
    assert_int_equal(m.pt.leaves[2], 2);
    assert_int_equal(m.pt.leaves[3], 1);
    /* One page out of the middle: 1G -> 2M -> 4K, the rest stays large. */
    assert_int_equal(ptab_unmap(&m.pt, GIB(1) + MIB(6) + PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(m.pt.leaves[3], 0);
    assert_int_equal(m.pt.leaves[2], 2 + 511);
    assert_int_equal(m.pt.leaves[1], 2 + 511);
    machine_end(&m);
}

static void bad_arguments_are_refused(void **state)
{
    static struct machine m;
    (void)state;
    machine_start(&m, &npt_format, 0, 3);
    struct ptab *pt = &m.pt;
    assert_int_equal(ptab_map(pt, 1, 0x1000, 0x1000, PTAB_R, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, 0, 0x1001, 0x1000, PTAB_R, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, 0, 0x1000, 0, PTAB_R, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, 0, 0x1000, 0x1000, 0, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, 0, 0x1000, 0x1000, PTAB_W, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, 0, BIT64(52), 0x1000, PTAB_R, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_map(pt, MASK(47, 12), 0, 0x2000, PTAB_R, PTAB_WB), -ERR_INVAL);
    assert_int_equal(ptab_unmap(pt, 0, 0x1001), -ERR_INVAL);
    assert_int_equal(ptab_protect(pt, 0, 0x1000, 0), -ERR_INVAL);
    assert_int_equal(m.in_use, 1);
    machine_end(&m);
}

/* A table page that fell out of use is not given back before everybody has invalidated. */
static void tables_wait_for_the_invalidation(void **state)
{
    static struct machine m;
    (void)state;
    machine_start(&m, &ept_format, 0, 3);
    assert_int_equal(ptab_map(&m.pt, PAGE_SIZE, 0, PAGE_SIZE, PTAB_R, PTAB_WB), 0);
    uint64_t seen = m.pt.generation;
    assert_int_equal(m.in_use, 4);
    assert_int_equal(ptab_unmap(&m.pt, PAGE_SIZE, PAGE_SIZE), 0);
    assert_true(ptab_is_stale(&m.pt, seen));
    assert_int_equal(m.in_use, 4);
    assert_int_equal(m.pt.tables, 1);
    ptab_release(&m.pt);
    assert_int_equal(m.in_use, 1);
    machine_end(&m);
}

/* Whichever table cannot be had, those that were made on the way to it do not stay. */
static void failed_maps_leave_no_tables(void **state)
{
    static struct machine m;
    (void)state;
    machine_start(&m, &ptab_x86_format, HIGH_BASE, 2);
    unsigned before = m.in_use, fails = 0;
    for (int error = -ERR_NOMEM; error; fails++) {
        m.fail_in = fails + 1;
        error = ptab_map(&m.pt, HIGH_BASE + GIB(3), GIB(1), PAGE_SIZE, PTAB_R, PTAB_WB);
        if (error) {
            assert_int_equal(error, -ERR_NOMEM);
            ptab_release(&m.pt);
            assert_int_equal(m.in_use, before);
            assert_int_equal(m.pt.tables, 1);
        }
    }
    assert_int_equal(fails, PTAB_LEVELS); /* three tables below the root, then success */
    machine_end(&m);
}

static void usage_reads_accessed_and_dirty(void **state)
{
    static struct machine m;
    (void)state;
    machine_start(&m, &ept_format, 0, 3);
    assert_int_equal(ptab_map(&m.pt, 0, 0, 2 * MIB(2), PTAB_R, PTAB_WB), 0);
    uint64_t *pdpt = pool_view(&m, pool_view(&m, m.pt.root)[0] & MASK(51, 12));
    uint64_t *pd = pool_view(&m, pdpt[0] & MASK(51, 12));
    pd[0] |= BIT64(8);
    pd[1] |= BIT64(8) | BIT64(9);
    struct ptab_usage usage = ptab_count_usage(&m.pt);
    assert_int_equal(usage.accessed, 2 * MIB(2));
    assert_int_equal(usage.dirty, MIB(2));
    machine_end(&m);
}

/* The words that TESTBED.md measured. */
static void faults_are_read(void **state)
{
    (void)state;
    struct nested_fault f = ept_fault(0x182, 0x5000, 0x7000);
    assert_int_equal(f.access, PTAB_W);
    assert_int_equal(f.had, 0);
    assert_true(f.linear_valid && !f.in_walk);
    f = ept_fault(0x1aa, 0x5000, 0x7000);
    assert_int_equal(f.access, PTAB_W);
    assert_int_equal(f.had, PTAB_R | PTAB_X);
    f = ept_fault(0x19c, 0x5000, 0x7000);
    assert_int_equal(f.access, PTAB_X);
    assert_int_equal(f.had, PTAB_R | PTAB_W);
    f = npt_fault(UINT64_C(0x100000006), 0x5000);
    assert_int_equal(f.access, PTAB_W);
    assert_int_equal(f.had, 0);
    f = npt_fault(UINT64_C(0x100000007), 0x5000);
    assert_int_equal(f.had, PTAB_R | PTAB_X);
    f = npt_fault(UINT64_C(0x100000015), 0x5000);
    assert_int_equal(f.access, PTAB_X);
    f = npt_fault(UINT64_C(0x200000004), 0x5000);
    assert_true(f.in_walk);
}

static void ept_pointer_has_levels_and_type(void **state)
{
    (void)state;
    struct ptab pt = {.root = 0x123000};
    assert_int_equal(ept_pointer(&pt, false), 0x12301e);
    assert_int_equal(ept_pointer(&pt, true), 0x12305e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ept),
        cmocka_unit_test(random_npt),
        cmocka_unit_test(random_x86_upper_half),
        cmocka_unit_test(largest_pages_are_used),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(tables_wait_for_the_invalidation),
        cmocka_unit_test(failed_maps_leave_no_tables),
        cmocka_unit_test(usage_reads_accessed_and_dirty),
        cmocka_unit_test(faults_are_read),
        cmocka_unit_test(ept_pointer_has_levels_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
