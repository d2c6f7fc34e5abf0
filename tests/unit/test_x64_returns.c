/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and returns in emitted code: what is pushed, where a return goes, when the stack is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/ir/build.h"
#include "dbt/rt/jump_cache.h"
#include "dbt/rt/returns.h"
#include "tests/unit/x64_host.h"

#define PAGE UINT64_C(0xffff800012345000)

static struct ir_block block;
static struct ir_builder b;
static struct x64_code call_code, ret_code;
static struct jc_entry jump_cache[1 << JC_BITS];
static struct a64_state st;
static struct rt_returns returns;
static uint8_t memory[RETURNS_SIZE] __attribute__((aligned(16)));

static const struct ret_entry *latest(void)
{
    return (const struct ret_entry *)st.ret_sp;
}

static struct host_run run(struct x64_code *code)
{
    struct x64_env env = host_env(MEM_SLOTS, 0);

    st.jc = (uintptr_t)jump_cache;
    return host_run(&env, code, &st, false);
}

static void compile(struct x64_code *code, unsigned offset)
{
    struct x64_env env = host_env(MEM_SLOTS, 0);
    unsigned where;

    assert_null(ir_verify(&block, &where));
    code->rw = host_code + offset;
    code->rx = (uintptr_t)code->rw;
    code->capacity = HOST_CODE_SIZE / 2;
    code->first_link_id = 0;
    assert_int_equal(x64_compile(&block, &env, code), X64_OK);
}

/* At page offset `at`: X30 = the next instruction, then BL to offset, or BLR X1. */
static void make_call(unsigned at, int64_t offset, bool by_register)
{
    ir_begin(&b, &block, at);
    ir_op0(&b, IR_INSN, at);
    ir_ref target = ir_getx(&b, 1);
    ir_setx(&b, 30, ir_op0(&b, IR_PCREL, at + 4));
    if (by_register) {
        ir_emit(&b, IR_BRIND, target, IR_NONE, IR_NONE, 0, IR_IND_CALL);
    } else {
        ir_emit(&b, IR_JUMP, IR_NONE, IR_NONE, IR_NONE, (uint64_t)offset, IR_IND_CALL);
    }
    compile(&call_code, 0);
}

/* RET at page offset 0x800. */
static void make_return(void)
{
    ir_begin(&b, &block, 0x800);
    ir_op0(&b, IR_INSN, 0x800);
    ir_emit(&b, IR_BRIND, ir_getx(&b, 30), IR_NONE, IR_NONE, 0, IR_IND_RET);
    compile(&ret_code, HOST_CODE_SIZE / 2);
}

static int setup(void **unused)
{
    struct x64_env env;

    (void)unused;
    if (!host_code) {
        host_init();
    }
    host_catch();
    env = host_env(MEM_SLOTS, 0);
    memset(&st, 0, sizeof(st));
    st.pc_page = PAGE;
    returns_init(&returns, &st, memory, (uintptr_t)memory, env.lookup);
    for (unsigned n = 0; n < ARRAY_SIZE(jump_cache); n++) {
        jump_cache[n] = (struct jc_entry){.va = JC_EMPTY(n)};
    }
    make_return();
    return 0;
}

static void enter_in_cache(uint64_t va)
{
    jump_cache[jc_offset(va) / sizeof(jump_cache[0])] =
        (struct jc_entry){.va = va, .host = host_found()};
}

/* The RET goes to where the call was, which goes on at page offset `next` by a link. */
static void check_return(unsigned next)
{
    uint64_t before = st.ret_sp;
    struct host_run r;

    assert_int_equal(latest()->va, PAGE + next);
    assert_true(latest()->host - call_code.rx < call_code.size);
    st.pc_page = UINT64_C(0x7000); /* the callee was elsewhere */
    r = run(&ret_code);
    assert_int_equal(r.stop, HOST_EXIT);
    assert_int_equal(r.eax & 0xff, EXIT_LOOKUP);
    assert_int_equal(st.ret_sp, before + sizeof(struct ret_entry));
    if (next >= PAGE_SIZE) {
        assert_int_equal(st.pc, PAGE + next);
    } else {
        assert_int_equal(st.pc_page, PAGE);
        assert_int_equal(call_code.link[(r.eax >> 8) - 1].target, next);
    }
}

static void calls_are_pushed(void **unused)
{
    (void)unused;
    make_call(0x100, 0x400, false);
    struct host_run r = run(&call_code);
    assert_int_equal(call_code.link[(r.eax >> 8) - 1].target, 0x400);
    assert_int_equal(st.ret_sp, st.ret_top - sizeof(struct ret_entry));
    check_return(0x104);

    make_call(0x100, -0x400, false); /* another page, by a miss */
    r = run(&call_code);
    assert_int_equal(r.eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, PAGE - 0x400);
    check_return(0x104);

    enter_in_cache(PAGE + 0x3000); /* and by a hit */
    make_call(0x200, 0x3000, false);
    r = run(&call_code);
    assert_int_equal(r.eax, HOST_FOUND);
    assert_int_equal(st.pc_page, PAGE + 0x3000);
    st.pc_page = PAGE;
    check_return(0x204);
}

static void calls_by_register_are_pushed(void **unused)
{
    (void)unused;
    make_call(0xffc, 0, true); /* returns to the next page */
    st.x[1] = UINT64_C(0x12345678);
    struct host_run r = run(&call_code);
    assert_int_equal(r.eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, 0x12345678);
    assert_int_equal(st.x[30], PAGE + 0x1000);
    check_return(0x1000);

    st.pc_page = PAGE;
    enter_in_cache(UINT64_C(0x12345678));
    assert_int_equal(run(&call_code).eax, HOST_FOUND);
    enter_in_cache(PAGE + 0x1000);
    assert_int_equal(run(&ret_code).eax, HOST_FOUND);
    assert_int_equal(st.pc_page, PAGE + 0x1000);
    assert_int_equal(st.ret_sp, st.ret_top);
}

static void other_returns_are_looked_up(void **unused)
{
    (void)unused;
    make_call(0x100, 0x400, false);
    run(&call_code);
    uint64_t sp = st.ret_sp;
    st.x[30] += 4;
    assert_int_equal(run(&ret_code).eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, PAGE + 0x108);
    assert_int_equal(st.ret_sp, sp);
    enter_in_cache(PAGE + 0x108);
    assert_int_equal(run(&ret_code).eax, HOST_FOUND);
    assert_int_equal(st.ret_sp, sp);
}

/* The lowest entry is no prediction, even where a return's target is its VA. */
static void empty_stack(void **unused)
{
    (void)unused;
    st.x[30] = UINT64_C(0x4444);
    assert_int_equal(run(&ret_code).eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, 0x4444);
    st.x[30] = ((const struct ret_entry *)st.ret_top)->va;
    assert_int_equal(run(&ret_code).eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, st.x[30]);
    assert_int_equal(returns_stack(&returns), st.ret_top);
}

static void full_stack(void **unused)
{
    unsigned room = (unsigned)((st.ret_top - st.ret_limit) / sizeof(struct ret_entry)) + 1;

    (void)unused;
    make_call(0x100, 0x400, false);
    for (unsigned n = 1; n <= room; n++) {
        st.pc_page = PAGE;
        run(&call_code);
        assert_int_equal(st.ret_sp, st.ret_top - n * sizeof(struct ret_entry));
    }
    assert_int_equal(st.ret_sp, (uintptr_t)memory + RETURNS_ROOM);
    run(&call_code);
    assert_int_equal(st.ret_sp, st.ret_top - sizeof(struct ret_entry));
    check_return(0x104);
    st.x[30] = UINT64_C(0x4444);
    assert_int_equal(run(&ret_code).eax, EXIT_LOOKUP);
    assert_int_equal(st.pc, 0x4444);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(calls_are_pushed, setup),
        cmocka_unit_test_setup(calls_by_register_are_pushed, setup),
        cmocka_unit_test_setup(other_returns_are_looked_up, setup),
        cmocka_unit_test_setup(empty_stack, setup),
        cmocka_unit_test_setup(full_stack, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
