/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the builder's folding, of the verifier and of the printer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/ir/build.h"
#include "dbt/ir/interp.h"
#include "tests/unit/fake_rt.h"

static struct ir_block block;
static struct ir_builder b;

static void start(void)
{
    ir_begin(&b, &block, 0);
    ir_op0(&b, IR_INSN, 0);
}

static void guest_state_is_read_once(void **state)
{
    ir_ref x;

    (void)state;
    start();
    x = ir_getx(&b, 3);
    assert_int_equal(ir_getx(&b, 3), x);
    ir_setx(&b, 4, x);
    assert_int_equal(ir_getx(&b, 4), x);
    assert_int_equal(block.count, 3);
    assert_int_equal(block.guest_count, 1);
}

static void constants_are_shared(void **state)
{
    (void)state;
    start();
    assert_int_equal(ir_const64(&b, 7), ir_const64(&b, 7));
    assert_int_not_equal(ir_const64(&b, 7), ir_const32(&b, 7));
}

static void constants_fold(void **state)
{
    uint64_t value;
    ir_ref sum;

    (void)state;
    start();
    sum = ir_op2(&b, IR_ADD32, ir_const32(&b, UINT32_MAX), ir_const32(&b, 3));
    assert_true(ir_is_const(&b, sum, &value));
    assert_int_equal(value, 2);
    assert_int_equal(
        block.insn[ir_op2(&b, IR_NZCV_SUB64, ir_const64(&b, 1), ir_const64(&b, 1))].imm,
        NZCV_Z | NZCV_C);
}

static void identities_fold(void **state)
{
    ir_ref x, zero, w;

    (void)state;
    start();
    x = ir_getx(&b, 0);
    zero = ir_const64(&b, 0);
    w = ir_op1(&b, IR_TRUNC, x);
    assert_int_equal(ir_op2(&b, IR_OR64, zero, x), x);
    assert_int_equal(ir_op2(&b, IR_ADD64, x, zero), x);
    assert_int_equal(ir_op2(&b, IR_AND64, x, zero), zero);
    assert_int_equal(ir_op2(&b, IR_XOR64, x, x), zero);
    assert_int_equal(ir_op1(&b, IR_TRUNC, ir_op1(&b, IR_ZEXT32, w)), w);
    assert_int_not_equal(ir_op2(&b, IR_SUB64, zero, x), x);
    /* the upper half of x is not known: ZEXT32 must stay */
    assert_int_not_equal(ir_op1(&b, IR_ZEXT32, w), x);
}

static const char *flaw_of(unsigned want_where)
{
    unsigned where;
    const char *flaw = ir_verify(&block, &where);

    if (flaw) {
        assert_int_equal(where, want_where);
    }
    return flaw;
}

/* RBIT and CLZ are how A64 counts zeros from below. */
static void zeros_are_counted_from_below(void **state)
{
    ir_ref x, w;

    (void)state;
    start();
    x = ir_getx(&b, 0);
    w = ir_op1(&b, IR_TRUNC, x);
    assert_int_equal(block.insn[ir_op1(&b, IR_CLZ64, ir_op1(&b, IR_RBIT64, x))].op, IR_CTZ64);
    assert_int_equal(block.insn[ir_op1(&b, IR_CLZ32, ir_op1(&b, IR_RBIT32, w))].op, IR_CTZ32);
    assert_int_equal(block.insn[ir_op1(&b, IR_CLZ64, x)].op, IR_CLZ64);
}

/* MOV (vector) is ORR; EOR of a register with itself clears it. */
static void vectors_are_moved_by_name(void **state)
{
    ir_ref v;

    (void)state;
    start();
    v = ir_getv(&b, 3);
    assert_int_equal(ir_op2(&b, IR_VOR, v, v), v);
    assert_int_equal(ir_op2(&b, IR_VAND, v, v), v);
    assert_int_equal(block.insn[ir_op2(&b, IR_VXOR, v, v)].op, IR_VZERO);
}

static void verifier_accepts_and_refuses(void **state)
{
    ir_ref x, add;

    (void)state;
    start();
    x = ir_getx(&b, 0);
    add = ir_op2(&b, IR_ADD64, x, ir_getx(&b, 1));
    ir_setx(&b, 2, add);
    ir_op0(&b, IR_JUMP, 4);
    assert_null(flaw_of(0));

    block.insn[add].op = IR_ADD32;
    assert_non_null(flaw_of(add));
    block.insn[add].op = IR_ADD64;
    block.insn[add].arg[0] = add;
    assert_non_null(flaw_of(add));
    block.insn[add].arg[0] = IR_NONE;
    assert_non_null(flaw_of(add));
    block.insn[add].arg[0] = x;
    block.insn[add].arg[2] = x;
    assert_non_null(flaw_of(add));
    block.insn[add].arg[2] = IR_NONE;
    block.insn[x].imm = SLOT_COUNT;
    assert_non_null(flaw_of(x));
    block.insn[x].imm = 0;
    assert_null(flaw_of(0));
    block.insn[x].op = IR_OP_COUNT;
    assert_non_null(flaw_of(x));
    block.insn[x].op = IR_GETX;
    block.count--;
    assert_non_null(flaw_of(block.count - 1u));
    block.count++;
    block.insn[1] = block.insn[block.count - 1];
    assert_non_null(flaw_of(1));
}

static void printer_shows_the_row(void **state)
{
    char text[64];

    (void)state;
    start();
    ir_emit(&b, IR_UBFX64, ir_getx(&b, 5), IR_NONE, IR_NONE, 4, 8);
    ir_print(&block, 1, text, sizeof(text));
    assert_string_equal(text, "%1    = GETX #0x5");
    assert_int_equal(ir_print(&block, 2, text, sizeof(text)), 25);
    assert_string_equal(text, "%2    = UBFX64 %1 #0x4 /8");
    ir_print(&block, 2, text, 9);
    assert_string_equal(text, "%2    = ");
}

/* Random rows, once with constant operands and once with the same values in registers, must agree.
 */
static uint64_t value_of(enum ir_op op, const uint64_t x[3], uint64_t imm, unsigned aux, bool fold)
{
    static struct a64_state st;
    const struct ir_row *row = &ir_rows[op];
    enum ir_exit exit;
    ir_ref arg[3], r;

    start();
    for (unsigned k = 0; k < 3; k++) {
        ir_ref wide = fold ? ir_const64(&b, x[k]) : ir_getx(&b, k);
        ir_ref half = fold ? ir_const32(&b, (uint32_t)x[k]) : ir_op1(&b, IR_TRUNC, wide);

        st.x[k] = x[k];
        arg[k] = row->arg[k] == IR_VOID    ? IR_NONE
                 : row->arg[k] == IR_I64   ? wide
                 : row->arg[k] == IR_FLAGS ? ir_op1(&b, IR_NZCV_UNPACK, half)
                                           : half;
    }
    r = ir_emit(&b, op, arg[0], arg[1], arg[2], imm, aux);
    r = row->result == IR_FLAGS ? ir_op1(&b, IR_NZCV_PACK, r) : r;
    r = row->result != IR_I64 ? ir_op1(&b, IR_ZEXT32, r) : r;
    ir_setx(&b, 3, r);
    ir_op0(&b, IR_JUMP, 4);
    assert_int_equal(interp_run(NULL, &st, &block, &exit), INTERP_EXIT);
    return st.x[3];
}

static bool is_integer_row(const struct ir_row *row)
{
    for (unsigned k = 0; k < 3; k++) {
        if (row->arg[k] == IR_V128 || row->arg[k] == IR_ANY) {
            return false;
        }
    }
    return row->effects == 0 && row->result != IR_V128 && row->result != IR_VOID && row->arg[0];
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return *seed ^ *seed >> 29;
}

static uint64_t edge(uint64_t *seed)
{
    static const uint64_t edges[] = {0,          1,          2,         31,
                                     32,         63,         64,        INT32_MAX,
                                     0x80000000, UINT32_MAX, INT64_MAX, UINT64_C(1) << 63,
                                     UINT64_MAX};
    uint64_t r = next_random(seed);

    return r & 1 ? edges[(r >> 8) % ARRAY_SIZE(edges)] : next_random(seed);
}

static void folded_equals_run(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (unsigned n = 0; n < 40000; n++) {
        enum ir_op op = (enum ir_op)(next_random(&seed) % IR_OP_COUNT);
        uint64_t x[3] = {edge(&seed), edge(&seed), edge(&seed)};
        unsigned width = (unsigned)(1 + next_random(&seed) % 32);
        uint64_t low = next_random(&seed) % (33 - width);
        uint64_t folded, ran;

        if (!is_integer_row(&ir_rows[op])) {
            continue;
        }
        low = op == IR_NZCV_SEL ? next_random(&seed) : low & 31;
        width = op == IR_CRC32 || op == IR_CRC32C ? 1u << (width & 3) : width;
        width = ir_rows[op].arg[0] == IR_FLAGS ? width & 15 : width;
        folded = value_of(op, x, low, width, true);
        ran = value_of(op, x, low, width, false);
        if (folded != ran) {
            fail_msg("%s: folded %#lx, run %#lx (case %u)", ir_rows[op].name, folded, ran, n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_state_is_read_once),
        cmocka_unit_test(constants_are_shared),
        cmocka_unit_test(constants_fold),
        cmocka_unit_test(identities_fold),
        cmocka_unit_test(zeros_are_counted_from_below),
        cmocka_unit_test(vectors_are_moved_by_name),
        cmocka_unit_test(verifier_accepts_and_refuses),
        cmocka_unit_test(printer_shows_the_row),
        cmocka_unit_test(folded_equals_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
