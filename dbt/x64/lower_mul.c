/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiplication and division. */
#include "dbt/x64/x64.h"

#define W(wide) ((wide) ? X_W : 0u)

/* --- multiplication --- */
static void multiply(struct x64 *c, bool wide)
{
    struct x64_rm y;
    int32_t imm;

    x64_flags_clobber(c);
    if (x64_imm32(c, 1, wide, &imm)) {
        unsigned x = x64_use(c, 0);

        emit_rri32(c, X_IMUL_RMI32 | W(wide), x64_def_late(c), x, imm);
        return;
    }
    if (!x64_dies(c, 0) && x64_dies(c, 1)) {
        x64_swap(c);
    }
    y = x64_use_rm(c, 1);
    emit_r_rm(c, X_IMUL_RM | W(wide), x64_def_from(c, 0), y);
}

LOWER(MUL32)
{
    multiply(c, false);
}

LOWER(MUL64)
{
    multiply(c, true);
}

/* 32 by 32 to 64 bits: both extended by `form`. */
static void multiply_long(struct x64 *c, x86_form form)
{
    unsigned x, y, d, t;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    y = x64_use(c, 1);
    t = x64_scratch(c);
    d = x64_def(c);
    emit_rr(c, form, t, x);
    emit_rr(c, form, d, y);
    emit_rr(c, X_IMUL_RM | X_W, d, t);
}

LOWER(SMULL)
{
    multiply_long(c, X_MOVSXD_RM);
}

LOWER(UMULL)
{
    multiply_long(c, X_MOV_RM);
}

LOWER(SMULH)
{
    unsigned y;

    x64_flags_clobber(c);
    x64_copy_to(c, 0, RAX);
    x64_take(c, RDX);
    y = x64_use(c, 1);
    emit_r(c, X_IMUL_M | X_W, y);
    x64_def_in(c, RDX);
}

LOWER(UMULH)
{
    unsigned y, low, d;

    x64_copy_to(c, 0, RDX);
    y = x64_use(c, 1);
    low = x64_scratch(c);
    d = x64_def(c);
    emit_vrr(c, X_MULX_RVM | X_W, d, low, y);
}

/* --- division: Arm's x/0 = 0 and MIN/-1 = MIN are out of line
 * --------------------------------------------- */
static void zero_quotient(struct x64 *c, const struct x64_ool *o)
{
    emit_rr(c, X_XOR_RM, RAX, RAX);
    emit_jmp_back(c, o->back);
}

/* The divisor is 0 or -1; reg[0] holds divisor + 1. */
static void odd_quotient(struct x64 *c, const struct x64_ool *o)
{
    unsigned w = o->imm ? X_W : 0;

    emit_r(c, X_NEG_M | w, RAX);
    emit_r(c, X_DEC_M | w, o->reg[0]);
    emit_jcc_back(c, CC_S, o->back); /* it was -1 */
    emit_rr(c, X_XOR_RM, RAX, RAX);
    emit_jmp_back(c, o->back);
}

/* Dividend in RAX, RDX free, the divisor's register returned. */
static unsigned division_operands(struct x64 *c)
{
    x64_flags_clobber(c);
    x64_copy_to(c, 0, RAX);
    x64_take(c, RDX);
    return x64_use(c, 1);
}

static void divide_unsigned(struct x64 *c, bool wide)
{
    unsigned y = division_operands(c);
    struct x64_ool *o = NULL;
    uint64_t value;

    if (!x64_const(c, 1, &value) || !value) {
        emit_rr(c, X_TEST_MR | W(wide), y, y);
        o = x64_ool(c, zero_quotient, emit_jcc(c, CC_E));
    }
    emit_rr(c, X_XOR_RM, RDX, RDX);
    emit_r(c, X_DIV_M | W(wide), y);
    if (o) {
        o->back = c->p;
    }
    x64_def_in(c, RAX);
}

LOWER(UDIV32)
{
    divide_unsigned(c, false);
}

LOWER(UDIV64)
{
    divide_unsigned(c, true);
}

static void divide_signed(struct x64 *c, bool wide)
{
    unsigned y = division_operands(c);
    struct x64_ool *o = NULL;
    uint64_t value;

    if (!x64_const(c, 1, &value) || value + 1 <= 1 || (!wide && (uint32_t)value + 1 <= 1)) {
        emit_rm(c, X_LEA_RM | W(wide), RDX, mem_base(y, 1));
        emit_ri(c, X_CMP_MI | W(wide), RDX, 1);
        o = x64_ool(c, odd_quotient, emit_jcc(c, CC_BE));
        o->reg[0] = RDX;
        o->imm = wide;
    }
    emit_op(c, wide ? X_CQO : X_CDQ);
    emit_r(c, X_IDIV_M | W(wide), y);
    if (o) {
        o->back = c->p;
    }
    x64_def_in(c, RAX);
}

LOWER(SDIV32)
{
    divide_signed(c, false);
}

LOWER(SDIV64)
{
    divide_signed(c, true);
}
