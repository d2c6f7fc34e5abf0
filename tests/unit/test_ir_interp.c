/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the IR's rows as the interpreter runs them: against values from the Arm ARM's
 * pseudocode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/ir/build.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/helpers.h"
#include "dbt/rt/mem.h"
#include "tests/unit/fake_rt.h"

static struct ir_block block;
static struct ir_builder b;
static struct a64_state st;
static enum ir_exit last_exit;

static void start(void)
{
    memset(&st, 0, sizeof(st));
    st.pc_page = UINT64_C(0xffff000012345000);
    st.excl_addr = EXCL_NONE;
    fake_reset(&st);
    ir_begin(&b, &block, 0x100);
    ir_op0(&b, IR_INSN, 0x100);
}

static enum interp_result run(void)
{
    unsigned where;
    const char *flaw;

    ir_op0(&b, IR_JUMP, 0x104);
    flaw = ir_verify(&block, &where);
    if (flaw) {
        char text[128];

        ir_print(&block, where, text, sizeof(text));
        fail_msg("%s: %s", flaw, text);
    }
    return interp_run(NULL, &st, &block, &last_exit);
}

/* Slots hold the operands, so that the builder cannot fold what is to be tested. */
static ir_ref operand(unsigned slot, enum ir_type type)
{
    ir_ref x = ir_getx(&b, slot);

    switch (type) {
    case IR_I32: return ir_op1(&b, IR_TRUNC, x);
    case IR_FLAGS: return ir_op1(&b, IR_NZCV_UNPACK, ir_op1(&b, IR_TRUNC, x));
    case IR_VOID: return IR_NONE;
    default: return x;
    }
}

/* The row's result for operands x, y, z; FLAGS in Arm form. */
static uint64_t eval(enum ir_op op, uint64_t x, uint64_t y, uint64_t z, uint64_t imm, unsigned aux)
{
    const struct ir_row *row = &ir_rows[op];
    ir_ref arg[3], r;

    start();
    st.x[0] = x;
    st.x[1] = y;
    st.x[2] = z;
    for (unsigned k = 0; k < 3; k++) {
        arg[k] = operand(k, row->arg[k]);
    }
    r = ir_emit(&b, op, arg[0], arg[1], arg[2], imm, aux);
    if (row->result == IR_FLAGS) {
        r = ir_op1(&b, IR_NZCV_PACK, r);
    }
    if (row->result != IR_I64) {
        r = ir_op1(&b, IR_ZEXT32, r);
    }
    ir_setx(&b, 30, r);
    assert_int_equal(run(), INTERP_EXIT);
    return st.x[30];
}

#define N     NZCV_N
#define Z     NZCV_Z
#define C     NZCV_C
#define V     NZCV_V
#define M64   UINT64_MAX
#define MIN64 (UINT64_C(1) << 63)

static void rows_have_their_meaning(void **state)
{
    static const struct {
        enum ir_op op;
        uint64_t x, y, z, imm;
        unsigned aux;
        uint64_t want;
    } cases[] = {
        // clang-format off
        {IR_ADD32, 0xffffffff, 2, 0, 0, 0, 1},
        {IR_ADD64, M64, 2, 0, 0, 0, 1},
        {IR_SUB32, 1, 2, 0, 0, 0, 0xffffffff},
        {IR_ANDN64, 0xff, 0x0f, 0, 0, 0, 0xf0},
        {IR_NOT32, 0xf0, 0, 0, 0, 0, 0xffffff0f},
        {IR_NEG64, 1, 0, 0, 0, 0, M64},
        {IR_SHL32, 1, 33, 0, 0, 0, 2},
        {IR_SHR64, MIN64, 64 + 63, 0, 0, 0, 1},
        {IR_SAR32, 0x80000000, 31, 0, 0, 0, 0xffffffff},
        {IR_SAR64, MIN64, 4, 0, 0, 0, 0xf8ull << 56},
        {IR_ROR32, 0x80000001, 1, 0, 0, 0, 0xc0000000},
        {IR_ROR32, 0x12345678, 32, 0, 0, 0, 0x12345678},
        {IR_ROR64, 1, 1, 0, 0, 0, MIN64},
        {IR_EXTR32, 0x1, 0x80000000, 0, 31, 0, 3},
        {IR_EXTR64, 0x1, MIN64, 0, 63, 0, 3},
        {IR_UBFX32, 0xabcd1234, 0, 0, 8, 8, 0x12},
        {IR_UBFX64, 0xf000000000000000, 0, 0, 60, 4, 0xf},
        {IR_SBFX32, 0x00000800, 0, 0, 8, 4, 0xfffffff8},
        {IR_SBFX64, 0x00000800, 0, 0, 8, 4, M64 << 3},
        {IR_BFI64, M64, 0, 0, 4, 8, 0xfffffffffffff00f},
        {IR_BFI32, 0, 0x1ff, 0, 24, 8, 0xff000000},
        {IR_SMULL, 0xffffffff, 2, 0, 0, 0, (uint64_t)-2},
        {IR_UMULL, 0xffffffff, 2, 0, 0, 0, 0x1fffffffe},
        {IR_SMULH, M64, 2, 0, 0, 0, M64},
        {IR_UMULH, M64, 2, 0, 0, 0, 1},
        {IR_SDIV32, 7, 0, 0, 0, 0, 0},
        {IR_SDIV32, 0x80000000, 0xffffffff, 0, 0, 0, 0x80000000},
        {IR_SDIV64, MIN64, M64, 0, 0, 0, MIN64},
        {IR_SDIV64, (uint64_t)-7, 2, 0, 0, 0, (uint64_t)-3},
        {IR_UDIV64, M64, 0, 0, 0, 0, 0},
        {IR_UDIV32, 0xffffffff, 16, 0, 0, 0, 0x0fffffff},
        {IR_CLZ32, 0, 0, 0, 0, 0, 32},
        {IR_CLZ64, 1, 0, 0, 0, 0, 63},
        {IR_CTZ32, 0, 0, 0, 0, 0, 32},
        {IR_CTZ64, 8, 0, 0, 0, 0, 3},
        {IR_RBIT32, 1, 0, 0, 0, 0, 0x80000000},
        {IR_RBIT64, 0x12, 0, 0, 0, 0, 0x48ull << 56},
        {IR_BSWAP32, 0x11223344, 0, 0, 0, 0, 0x44332211},
        {IR_BSWAP64, 0x1122334455667788, 0, 0, 0, 0, 0x8877665544332211},
        {IR_BSWAP16_32, 0x11223344, 0, 0, 0, 0, 0x22114433},
        {IR_BSWAP16_64, 0x1122334455667788, 0, 0, 0, 0, 0x2211443366558877},
        {IR_BSWAP32_64, 0x1122334455667788, 0, 0, 0, 0, 0x4433221188776655},
        /* CRC-32 and CRC-32C of "12345678" with initial value ~0, not inverted at the end */
        {IR_CRC32, 0xffffffff, 0x3837363534333231, 0, 0, 8, 0x651f2550},
        {IR_CRC32C, 0xffffffff, 0x3837363534333231, 0, 0, 8, 0x9f787f65},
        {IR_CRC32, 0, 0, 0, 0, 1, 0},
        {IR_ZEXT32, M64, 0, 0, 0, 0, 0xffffffff},
        {IR_SEXT32, 0x80000000, 0, 0, 0, 0, M64 << 31},
        {IR_NZCV_ADD32, 0x7fffffff, 1, 0, 0, 0, N | V},
        {IR_NZCV_ADD32, 0xffffffff, 1, 0, 0, 0, Z | C},
        {IR_NZCV_ADD64, MIN64, MIN64, 0, 0, 0, Z | C | V},
        {IR_NZCV_SUB32, 1, 1, 0, 0, 0, Z | C},
        {IR_NZCV_SUB32, 0, 1, 0, 0, 0, N},
        {IR_NZCV_SUB64, MIN64, 1, 0, 0, 0, C | V},
        {IR_NZCV_LOGIC32, 0xf80000000, 0, 0, 0, 0, N},
        {IR_NZCV_LOGIC64, 0, 0, 0, 0, 0, Z},
        {IR_ADC32, 1, 2, C, 0, 0, 4},
        {IR_ADC64, 1, 2, Z, 0, 0, 3},
        {IR_NZCV_ADC64, M64, 0, C, 0, 0, Z | C},
        {IR_SBC64, 5, 3, 0, 0, 0, 1},
        {IR_SBC32, 5, 3, C, 0, 0, 2},
        {IR_NZCV_SBC32, 0, 0, 0, 0, 0, N},
        {IR_NZCV_UNPACK, 0xffffffff, 0, 0, 0, 0, N | Z | C | V},
        {IR_NZCV_SEL, Z, N | C, 0, V, COND_EQ, N | C},
        {IR_NZCV_SEL, 0, N | C, 0, V, COND_EQ, V},
        {IR_SELECT64, C | Z, 1, 2, 0, COND_HI, 2},
        {IR_SELECT64, C, 1, 2, 0, COND_HI, 1},
        {IR_SELECT32, N, 1, 2, 0, COND_LT, 1},
        {IR_SELECT32, N | V, 1, 2, 0, COND_GT, 1},
        {IR_SELECT32, Z, 1, 2, 0, COND_LE, 1},
        // clang-format on
    };

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        uint64_t got =
            eval(cases[n].op, cases[n].x, cases[n].y, cases[n].z, cases[n].imm, cases[n].aux);

        if (got != cases[n].want) {
            fail_msg("case %u, %s: %#lx, not %#lx", n, ir_rows[cases[n].op].name, got,
                     cases[n].want);
        }
    }
}

static void conditions_are_all_sixteen(void **state)
{
    /* C1.2.4: which of the sixteen NZCV values (index N Z C V) satisfy each condition */
    static const uint16_t holds[16] = {0xf0f0, 0x0f0f, 0xcccc, 0x3333, 0xff00, 0x00ff,
                                       0xaaaa, 0x5555, 0x0c0c, 0xf3f3, 0xaa55, 0x55aa,
                                       0x0a05, 0xf5fa, 0xffff, 0xffff};

    (void)state;
    for (unsigned cond = 0; cond < 16; cond++) {
        for (uint32_t flags = 0; flags < 16; flags++) {
            start();
            st.nzcv = nzcv_from_arm(flags << 28);
            ir_emit(&b, IR_BRCOND, ir_getf(&b), IR_NONE, IR_NONE, IR_TARGETS(0x40, 0x104), cond);
            assert_int_equal(interp_run(NULL, &st, &block, &last_exit), INTERP_EXIT);
            assert_int_equal(st.pc == st.pc_page + 0x40, holds[cond] >> flags & 1);
        }
    }
}

static void loads_extend_and_stores_cut(void **state)
{
    ir_ref base;

    (void)state;
    start();
    st.x[0] = FAKE_BASE + 16;
    memset(fake_memory + 8, 0x80, 8);
    base = ir_getx(&b, 0);
    ir_setx(&b, 1, ir_emit(&b, IR_LD16, base, IR_NONE, IR_NONE, (uint64_t)-8, 0));
    ir_setx(&b, 2, ir_emit(&b, IR_LDS8_64, base, IR_NONE, IR_NONE, (uint64_t)-8, 0));
    ir_setx(
        &b, 3,
        ir_op1(&b, IR_ZEXT32, ir_emit(&b, IR_LDS16_32, base, IR_NONE, IR_NONE, (uint64_t)-8, 0)));
    ir_emit(&b, IR_ST16, base, ir_const64(&b, 0x1234567), IR_NONE, 0, 0);
    assert_int_equal(run(), INTERP_EXIT);
    assert_int_equal(st.x[1], 0x8080);
    assert_int_equal(st.x[2], (uint64_t)-128);
    assert_int_equal(st.x[3], 0xffff8080);
    assert_int_equal(fake_memory[16], 0x67);
    assert_int_equal(fake_memory[17], 0x45);
    assert_int_equal(fake_memory[18], 0);
}

static void a_fault_stops_before_the_state_changes(void **state)
{
    (void)state;
    start();
    ir_setx(&b, 1, ir_op1(&b, IR_LD64, ir_getx(&b, 0)));
    st.x[1] = 77;
    assert_int_equal(run(), INTERP_UNWIND);
    assert_int_equal(st.x[1], 77);
    assert_int_equal(st.pc, st.pc_page + 0x100);
    assert_int_equal(fake_event.faults, 1);
}

static void exclusive_pair(uint64_t between, uint64_t want_status, uint64_t want_memory)
{
    uint64_t value = 5;

    start();
    st.x[0] = FAKE_BASE + 8;
    memcpy(fake_memory + 8, &value, 8);
    ir_setx(&b, 1, ir_emit(&b, IR_LDX, ir_getx(&b, 0), IR_NONE, IR_NONE, 8, 0));
    if (between) {
        ir_emit(&b, IR_ST64, ir_getx(&b, 0), ir_const64(&b, between), IR_NONE, 0, 0);
    }
    ir_setx(&b, 2, ir_emit(&b, IR_STX, ir_getx(&b, 0), ir_const64(&b, 9), IR_NONE, 8, 0));
    ir_setx(&b, 3, ir_emit(&b, IR_STX, ir_getx(&b, 0), ir_const64(&b, 11), IR_NONE, 8, 0));
    assert_int_equal(run(), INTERP_EXIT);
    memcpy(&value, fake_memory + 8, 8);
    assert_int_equal(st.x[1], 5);
    assert_int_equal(st.x[2], want_status);
    assert_int_equal(st.x[3], 1); /* the monitor is gone after the first store */
    assert_int_equal(value, want_memory);
}

static void exclusives_succeed_once(void **state)
{
    (void)state;
    exclusive_pair(0, 0, 9);
    exclusive_pair(6, 1, 6);
}

static void atomics_return_the_old_value(void **state)
{
    static const struct {
        enum ir_atomic op;
        uint32_t old, operand, want;
    } cases[] = {
        {IR_ATOMIC_ADD, 0xffffffff, 2, 1},
        {IR_ATOMIC_CLR, 0xff, 0x0f, 0xf0},
        {IR_ATOMIC_EOR, 0xff, 0x0f, 0xf0},
        {IR_ATOMIC_SET, 0xf0, 0x0f, 0xff},
        {IR_ATOMIC_SMAX, 0x80000000, 1, 1},
        {IR_ATOMIC_SMIN, 0x80000000, 1, 0x80000000},
        {IR_ATOMIC_UMAX, 0x80000000, 1, 0x80000000},
        {IR_ATOMIC_UMIN, 0x80000000, 1, 1},
        {IR_ATOMIC_SWP, 1, 2, 2},
    };

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        uint32_t value;

        start();
        st.x[0] = FAKE_BASE;
        memcpy(fake_memory, &cases[n].old, 4);
        ir_setx(&b, 1,
                ir_emit(&b, IR_ATOMIC, ir_getx(&b, 0), ir_const64(&b, cases[n].operand), IR_NONE,
                        4 | (uint64_t)cases[n].op << 8, 0));
        assert_int_equal(run(), INTERP_EXIT);
        memcpy(&value, fake_memory, 4);
        assert_int_equal(st.x[1], cases[n].old);
        assert_int_equal(value, cases[n].want);
    }
}

static void unaligned_atomics_fault(void **state)
{
    (void)state;
    start();
    st.x[0] = FAKE_BASE + 1;
    ir_setx(&b, 1, ir_emit(&b, IR_ATOMIC, ir_getx(&b, 0), ir_getx(&b, 2), IR_NONE, 4, 0));
    assert_int_equal(run(), INTERP_UNWIND);
    assert_int_equal(fake_event.fault_va, FAKE_BASE + 1);
}

static void checks_fault(void **state)
{
    (void)state;
    start();
    st.x[0] = FAKE_BASE + 8;
    ir_emit(&b, IR_LD128, ir_getx(&b, 0), IR_NONE, IR_NONE, 0, IR_MEM_ALIGN | IR_MEM_OF(3));
    ir_emit(&b, IR_ST64, ir_getx(&b, 0), ir_getx(&b, 1), IR_NONE, 4, IR_MEM_ALIGN | IR_MEM_OF(2));
    ir_emit(&b, IR_ST64, ir_getx(&b, 0), ir_getx(&b, 1), IR_NONE, 8, IR_MEM_ALIGN | IR_MEM_OF(4));
    ir_emit(&b, IR_ST64, ir_getx(&b, 0), ir_getx(&b, 1), IR_NONE, 4, IR_MEM_ALIGN);
    assert_int_equal(run(), INTERP_UNWIND);
    assert_int_equal(fake_event.faults, 1);
    assert_int_equal(fake_event.fault_va, FAKE_BASE + 12);
    assert_true(fake_event.fault_flags & MEM_WRITE);
    start();
    st.x[SLOT_SP] = 0x1008;
    ir_op1(&b, IR_CHECK_SP, ir_getx(&b, SLOT_SP));
    assert_int_equal(run(), INTERP_UNWIND);
    assert_int_equal(fake_event.sp_faults, 1);
}

static void calls_pass_and_forget(void **state)
{
    ir_ref before;

    (void)state;
    start();
    st.x[0] = M64;
    before = ir_getx(&b, 0);
    ir_setx(&b, 1,
            ir_call_sync(&b, HELPER_sysreg_write, 0x1234, ir_op1(&b, IR_TRUNC, before), before,
                         IR_NONE));
    assert_int_not_equal(ir_getx(&b, 0), before);
    assert_int_equal(run(), INTERP_EXIT);
    assert_int_equal(fake_event.helper, HELPER_sysreg_write);
    assert_int_equal(fake_event.imm, 0x1234);
    assert_int_equal(fake_event.arg[0], 0xffffffff);
    assert_int_equal(fake_event.arg[1], M64);
    assert_int_equal(fake_event.arg[2], 0);
    fake_event.unwind = true;
    assert_int_equal(interp_run(NULL, &st, &block, &last_exit), INTERP_UNWIND);
}

static void exits_say_why(void **state)
{
    (void)state;
    start();
    ir_emit(&b, IR_EXIT_NEXT, IR_NONE, IR_NONE, IR_NONE, 42, EXIT_SVC);
    assert_int_equal(interp_run(NULL, &st, &block, &last_exit), INTERP_EXIT);
    assert_int_equal(last_exit, EXIT_SVC);
    assert_int_equal(st.exit_arg, 42);
    assert_int_equal(st.pc, st.pc_page + 0x104);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_meaning),
        cmocka_unit_test(conditions_are_all_sixteen),
        cmocka_unit_test(loads_extend_and_stores_cut),
        cmocka_unit_test(a_fault_stops_before_the_state_changes),
        cmocka_unit_test(exclusives_succeed_once),
        cmocka_unit_test(atomics_return_the_old_value),
        cmocka_unit_test(unaligned_atomics_fault),
        cmocka_unit_test(checks_fault),
        cmocka_unit_test(calls_pass_and_forget),
        cmocka_unit_test(exits_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
