/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of faults and events in translated code: mended, left at a site with its exact
 * state, delivered as an abort, or stepped to a boundary. Real: rt/fault.c, x64/site.c's recovery.
 * Faked: the blocks, the view, the guest's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/rt/fault.h"
#include "dbt/rt/internal.h"
#include "dbt/rt/mem.h"
#include "dbt/x64/alloc.h"

#define CODE     UINT64_C(0x10000000)
#define BLOCK_AT 0x400u
#define BLOCK_PA (RAM_BASE + 0x5120)
#define PAGE_VA  UINT64_C(0xffff000012345000)
#define DATA_VA  UINT64_C(0xffff0000aabbc008)

/* A block of three guest instructions: a boundary and an access of each of the last two. */
static const struct x64_loc locs[] = {
    {.slot = 3, .kind = LOC_GPR, .index = 6},
    {.slot = 4, .kind = LOC_CONST, .index = 0},
    {.slot = LOC_SLOT_NZCV, .kind = LOC_FLAGS_ADD},
};
static const uint64_t consts[] = {0x1234};
static const struct x64_site sites[] = {
    {.host = 16, .guest = 0x124, .loc = 0, .loc_count = 2, .boundary = true},
    {.host = 20, .guest = 0x124, .loc = 0, .loc_count = 2, .plain = true},
    {.host = 40, .guest = 0x128, .loc = 0, .loc_count = 3},
};
static struct rt_meta meta = {.site_count = 3,
                              .loc_count = 3,
                              .const_count = 1,
                              .site = sites,
                              .loc = locs,
                              .consts = consts};
static struct rt_block block = {
    .pa = BLOCK_PA, .host = BLOCK_AT, .size = 64, .guest_count = 3, .meta = &meta};

static struct {
    struct vm vm;
    struct vcpu vcpu;
    struct rt_vm rt_vm;
    struct rt_vcpu rt;
    struct a64_state st;
    struct view view;
} m;

static enum view_fill fill_result;
static uint64_t fill_va;
static bool fill_write;
static uint64_t mapped_page; /* the only page that vmsa_translate knows */
static struct {
    unsigned count;
    uint64_t va;
    int status;
    bool write;
} abort_taken;
static struct {
    unsigned count;
    uint64_t pa, block_va;
    enum site_kind kind;
} learnt;
static jmp_buf end_jump;

struct rt_block *blocks_by_host(struct rt_blocks *bs, uint64_t rip)
{
    return rip - (bs->code_rx + BLOCK_AT) < block.size ? &block : NULL;
}

const struct x64_site *block_site(const struct rt_blocks *bs, const struct rt_block *b,
                                  uint64_t rip, bool boundary)
{
    for (unsigned i = 0; i < b->meta->site_count; i++) {
        const struct x64_site *site = &b->meta->site[i];
        if (bs->code_rx + b->host + site->host == rip && (!boundary || site->boundary)) {
            return site;
        }
    }
    return NULL;
}

enum view_fill view_fill(struct view_set *set, struct view *view, struct vcpu *vcpu, uint64_t va,
                         bool write)
{
    assert_ptr_equal(set, &m.rt.views);
    assert_ptr_equal(view, &m.view);
    assert_ptr_equal(vcpu, &m.vcpu);
    fill_va = va;
    fill_write = write;
    return fill_result;
}

int vmsa_translate(struct vcpu *vcpu, uint64_t va, unsigned access, struct vmsa_result *result)
{
    (void)vcpu, (void)access, (void)result;
    return ALIGN_DOWN(va, PAGE_SIZE) == mapped_page ? VMSA_OK : VMSA_TRANSLATION | 3;
}

void mem_abort(struct vcpu *vcpu, uint64_t va, int status, bool write)
{
    assert_int_equal(vcpu->st->pc, PAGE_VA + 0x124); /* exact already */
    assert_int_equal(vcpu->st->x[3], 0x66);
    abort_taken.count++;
    abort_taken.va = va;
    abort_taken.status = status;
    abort_taken.write = write;
}

void rt_learn_site(struct vcpu *vcpu, uint64_t pa, enum site_kind kind, uint64_t block_va)
{
    (void)vcpu;
    learnt.count++;
    learnt.pa = pa;
    learnt.kind = kind;
    learnt.block_va = block_va;
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void plat_end(enum plat_end end, int status)
{
    assert_int_equal(end, PLAT_END_FAILURE);
    (void)status;
    longjmp(end_jump, 1);
}

uint64_t x64_const_row(const struct ir_insn *row)
{
    return row->imm; /* recovery does not need it */
}

static struct x64_regs regs_at(unsigned offset)
{
    struct x64_regs regs = {.rip = CODE + BLOCK_AT + offset, .rflags = BIT64(0) | BIT64(6)};
    regs.gpr[6] = 0x66;
    return regs;
}

static int setup(void **state)
{
    (void)state;
    memset(&m, 0, sizeof(m));
    memset(&abort_taken, 0, sizeof(abort_taken));
    memset(&learnt, 0, sizeof(learnt));
    m.vm.rt = &m.rt_vm;
    m.rt_vm.blocks.code_rx = CODE;
    m.vcpu = (struct vcpu){.vm = &m.vm, .rt = &m.rt, .st = &m.st};
    m.view.key.high = 1;
    m.rt.view = &m.view;
    m.st.pc_page = PAGE_VA;
    m.st.x[3] = m.st.x[4] = 1;
    mapped_page = 1;
    fill_result = VIEW_FAULT;
    block.flags = 0;
    return 0;
}

static enum rt_action page_fault(unsigned offset, uint64_t va, bool write)
{
    struct x64_regs regs = regs_at(offset);
    struct plat_fault fault = {.kind = PLAT_FAULT_PAGE, .write = write, .offset = view_offset(va)};
    return rt_fault(&m.vcpu, &regs, &fault);
}

static void check_left_for_interpreter(unsigned guest)
{
    assert_true(m.rt.slow && m.rt.slow_access);
    assert_int_equal(m.rt.slow_block, PAGE_VA + 0x120);
    assert_int_equal(m.st.pc, PAGE_VA + guest);
    assert_int_equal(m.st.x[3], 0x66);
    assert_int_equal(m.st.x[4], 0x1234);
    assert_int_equal(abort_taken.count, 0);
}

static void test_filled_goes_on(void **state)
{
    (void)state;
    fill_result = VIEW_FILLED;
    assert_int_equal(page_fault(20, DATA_VA, true), RT_RESUME);
    assert_int_equal(fill_va, DATA_VA); /* the range's upper bits are back */
    assert_true(fill_write);
    assert_int_equal(m.rt.stats.fills, 1);
    assert_int_equal(m.st.x[3], 1); /* nothing recovered */
    assert_false(m.rt.slow);
    m.view.key.high = 0;
    page_fault(20, 0x0000aabbccdd0000, false);
    assert_int_equal(fill_va, 0x0000aabbccdd0000);
}

/* A step towards a boundary may need a page, or two: it is one on the way there still. */
static void test_filled_goes_on_stepping(void **state)
{
    (void)state;
    struct x64_regs regs = regs_at(20);
    struct plat_fault fault = {.kind = PLAT_FAULT_PAGE, .offset = view_offset(DATA_VA)};
    regs.rflags |= BIT64(8);
    fill_result = VIEW_FILLED;
    assert_int_equal(rt_fault(&m.vcpu, &regs, &fault), RT_STEP);
    regs.rip += 20; /* where a page filled often changes nothing */
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(rt_fault(&m.vcpu, &regs, &fault), RT_STEP);
    }
}

/* One page mapped for one site over and over: the site is left, exact, to be done by a window. */
static void test_refilled_often_is_learnt(void **state)
{
    (void)state;
    fill_result = VIEW_FILLED;
    for (unsigned i = 0; i < 100; i++) { /* pages that differ mean nothing */
        assert_int_equal(page_fault(20, DATA_VA + i * PAGE_SIZE, false), RT_RESUME);
    }
    unsigned faults = 0;
    while (page_fault(20, DATA_VA, false) == RT_RESUME && faults < 100) {
        faults++;
    }
    assert_in_range(faults, 1, 20);
    assert_int_equal(learnt.count, 1);
    assert_int_equal(learnt.kind, SITE_WINDOW);
    assert_int_equal(learnt.pa, ALIGN_DOWN(BLOCK_PA, PAGE_SIZE) + 0x124);
    assert_int_equal(learnt.block_va, PAGE_VA + 0x120);
    assert_int_equal(m.st.pc, PAGE_VA + 0x124);
    assert_int_equal(m.st.x[3], 0x66);
    assert_false(m.rt.slow);
    for (unsigned i = 0; i < 100; i++) { /* nor do accesses that have no form with a window */
        assert_int_equal(page_fault(40, DATA_VA, true), RT_RESUME);
    }
    assert_int_equal(learnt.count, 1);
}

static void test_refused_is_an_abort(void **state)
{
    (void)state;
    assert_int_equal(page_fault(20, DATA_VA, true), RT_LEAVE);
    assert_int_equal(abort_taken.count, 1);
    assert_int_equal(abort_taken.va, DATA_VA);
    assert_int_equal(abort_taken.status, VMSA_TRANSLATION | 3);
    assert_true(abort_taken.write);
    assert_false(m.rt.slow);
    page_fault(20, DATA_VA, false);
    assert_false(abort_taken.write);
}

/* The page's first byte: perhaps the access began in the page before. */
static void test_page_start(void **state)
{
    (void)state;
    uint64_t va = ALIGN_DOWN(DATA_VA, PAGE_SIZE);
    mapped_page = va - PAGE_SIZE;
    assert_int_equal(page_fault(20, va, false), RT_LEAVE);
    assert_int_equal(abort_taken.va, va);
    setup(NULL);
    assert_int_equal(page_fault(20, va, false), RT_LEAVE);
    check_left_for_interpreter(0x124);
}

/* What is no plain access (atomics, say), and pages that came while the fault was on its way. */
static void test_left_to_the_interpreter(void **state)
{
    (void)state;
    assert_int_equal(page_fault(40, DATA_VA, true), RT_LEAVE);
    check_left_for_interpreter(0x128);
    assert_int_equal(m.st.nzcv & (NZCV_HOST_Z | NZCV_HOST_C | NZCV_HOST_N),
                     NZCV_HOST_Z | NZCV_HOST_C);
    setup(NULL);
    mapped_page = ALIGN_DOWN(DATA_VA, PAGE_SIZE);
    assert_int_equal(page_fault(20, DATA_VA, true), RT_LEAVE);
    check_left_for_interpreter(0x124);
    setup(NULL);
    fill_result = VIEW_UNMAPPED;
    assert_int_equal(page_fault(20, DATA_VA, true), RT_LEAVE);
    check_left_for_interpreter(0x124);
    setup(NULL);
    fill_result = VIEW_CHANGED;
    assert_int_equal(page_fault(20, DATA_VA, true), RT_LEAVE);
    check_left_for_interpreter(0x124);
}

static void test_other_faults(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct x64_regs regs = regs_at(20);
        struct plat_fault fault = {.kind = i ? PLAT_FAULT_CHECK : PLAT_FAULT_RANGE};
        setup(NULL);
        fill_va = 0;
        assert_int_equal(rt_fault(&m.vcpu, &regs, &fault), RT_LEAVE);
        check_left_for_interpreter(0x124);
        assert_int_equal(fill_va, 0);
        assert_int_equal(m.rt.stats.range_faults, !i);
        assert_int_equal(m.rt.stats.check_faults, i);
    }
}

static void test_no_site_is_our_bug(void **state)
{
    (void)state;
    for (volatile unsigned i = 0; i < 2; i++) {
        if (!setjmp(end_jump)) {
            page_fault(i ? 24 : 4096, DATA_VA, false);
            fail();
        }
    }
}

static void test_interrupts(void **state)
{
    (void)state;
    struct x64_regs regs = regs_at(0);
    assert_int_equal(rt_interrupt(&m.vcpu, &regs), RT_LEAVE); /* nothing of the block has run */
    assert_int_equal(m.st.pc, PAGE_VA + 0x120);
    assert_int_equal(m.st.x[3], 1);
    regs = regs_at(16);
    assert_int_equal(rt_interrupt(&m.vcpu, &regs), RT_LEAVE);
    assert_int_equal(m.st.pc, PAGE_VA + 0x124);
    assert_int_equal(m.st.x[3], 0x66);
    assert_false(m.rt.slow);
    assert_int_equal(m.rt.stats.interrupts, 2);
    setup(NULL);
    regs = regs_at(20); /* a site, but within the instruction */
    assert_int_equal(rt_interrupt(&m.vcpu, &regs), RT_STEP);
    assert_int_equal(m.rt.stats.steps, 1);
    regs = regs_at(4096); /* a stub */
    assert_int_equal(rt_interrupt(&m.vcpu, &regs), RT_STEP);
    assert_int_equal(m.st.x[3], 1);
    const struct plat_fault step = {.kind = PLAT_FAULT_STEP};
    regs = regs_at(16);
    assert_int_equal(rt_fault(&m.vcpu, &regs, &step), RT_LEAVE);
    assert_int_equal(m.st.x[4], 0x1234);
    assert_int_equal(m.rt.stats.page_faults, 0);
}

/* A block counts its instructions when it is entered: what it has not done is taken back. */
static void test_instruction_count(void **state)
{
    (void)state;
    block.flags = TR_ICOUNT;
    m.st.icount = 103;
    page_fault(20, DATA_VA, false);
    assert_int_equal(m.st.icount, 101);
    struct x64_regs regs = regs_at(16);
    m.st.icount = 103;
    rt_interrupt(&m.vcpu, &regs);
    assert_int_equal(m.st.icount, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_filled_goes_on, setup),
        cmocka_unit_test_setup(test_filled_goes_on_stepping, setup),
        cmocka_unit_test_setup(test_refilled_often_is_learnt, setup),
        cmocka_unit_test_setup(test_refused_is_an_abort, setup),
        cmocka_unit_test_setup(test_page_start, setup),
        cmocka_unit_test_setup(test_left_to_the_interpreter, setup),
        cmocka_unit_test_setup(test_other_faults, setup),
        cmocka_unit_test_setup(test_no_site_is_our_bug, setup),
        cmocka_unit_test_setup(test_interrupts, setup),
        cmocka_unit_test_setup(test_instruction_count, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
