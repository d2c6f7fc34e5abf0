/* SPDX-License-Identifier: BSD-2-Clause */
/* What the translators share: register operands as the manual names them, short forms of IR rows.
 */
#pragma once

#include "dbt/a64/a64_translators.h"
#include "dbt/state.h"

/* Defines the translator of the table's row `name` as one expression, the call of a shared body. */
#define TR(name, ...)                                                                              \
    enum tr_result tr_##name(struct tr *t, const struct arg_##name *a)                             \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }

/* Short forms: rows by t, constants. */
static inline ir_ref op1(struct tr *t, enum ir_op op, ir_ref a)
{
    return ir_op1(&t->b, op, a);
}

static inline ir_ref op2(struct tr *t, enum ir_op op, ir_ref a, ir_ref b)
{
    return ir_op2(&t->b, op, a, b);
}

static inline ir_ref op3(struct tr *t, enum ir_op op, ir_ref a, ir_ref b, ir_ref c)
{
    return ir_op3(&t->b, op, a, b, c);
}

static inline ir_ref op1_imm(struct tr *t, enum ir_op op, ir_ref a, uint64_t imm, unsigned aux)
{
    return ir_emit(&t->b, op, a, IR_NONE, IR_NONE, imm, aux);
}

/* A constant of 64 (sf) or 32 bits. */
static inline ir_ref konst(struct tr *t, bool sf, uint64_t value)
{
    return sf ? ir_const64(&t->b, value) : ir_const32(&t->b, (uint32_t)value);
}

/* The address off + delta of the page, off being this instruction's. */
static inline ir_ref pc_relative(struct tr *t, int64_t delta)
{
    return ir_op0(&t->b, IR_PCREL, (uint64_t)(t->off + delta));
}

/* X[n] and W[n] (sf says which): register 31 reads as zero and ignores writes. */
static inline ir_ref get_x(struct tr *t, bool sf, unsigned n)
{
    if (n == 31) {
        return konst(t, sf, 0);
    }
    ir_ref x = ir_getx(&t->b, n);
    return sf ? x : op1(t, IR_TRUNC, x);
}

static inline void set_x(struct tr *t, bool sf, unsigned n, ir_ref value)
{
    if (n != 31) {
        ir_setx(&t->b, n, sf ? value : op1(t, IR_ZEXT32, value));
    }
}

/* The same where register 31 is SP. */
static inline ir_ref get_x_sp(struct tr *t, bool sf, unsigned n)
{
    ir_ref x = ir_getx(&t->b, n); /* slot 31 is SLOT_SP */
    return sf ? x : op1(t, IR_TRUNC, x);
}

static inline void set_x_sp(struct tr *t, bool sf, unsigned n, ir_ref value)
{
    ir_setx(&t->b, n, sf ? value : op1(t, IR_ZEXT32, value));
}

/* Register rd (31: SP) has become `to` = `from` + delta: a checked SP stays so by multiples of 16.
 */
static inline void tr_sp_moved(struct tr *t, unsigned rd, ir_ref from, ir_ref to, int64_t delta)
{
    if (rd == SLOT_SP && from == t->sp_checked && delta % 16 == 0) {
        t->sp_checked = to;
    }
}

/* value shifted by a constant amount, shift being LSL LSR ASR ROR as DecodeShift numbers them. */
static inline ir_ref shift_by(struct tr *t, bool sf, ir_ref value, unsigned shift, unsigned amount)
{
    static const enum ir_op ops[4][2] = {
        {IR_SHL32, IR_SHL64}, {IR_SHR32, IR_SHR64}, {IR_SAR32, IR_SAR64}, {IR_ROR32, IR_ROR64}};
    return amount ? op2(t, ops[shift][sf], value, konst(t, sf, amount)) : value;
}

/* ExtendReg(rm, option, amount): 32 (sf = 0) or 64 bits of the register extended, then shifted
 * left. */
static inline ir_ref extend_reg(struct tr *t, bool sf, unsigned rm, unsigned option,
                                unsigned amount)
{
    ir_ref x = get_x(t, sf, rm);
    unsigned width = 8u << (option & 3);
    bool is_signed = option & 4;
    if (width == 32 && sf) {
        x = op1(t, is_signed ? IR_SEXT32 : IR_ZEXT32, get_x(t, false, rm));
    } else if (width < 32) {
        x = op1_imm(t, is_signed ? IR_SF(SBFX, sf) : IR_SF(UBFX, sf), x, 0, width);
    }
    return shift_by(t, sf, x, 0, amount);
}

/* Conditions 111x hold always (ConditionHolds, C1.2.4). */
static inline bool holds_always(unsigned cond)
{
    return cond >= COND_AL;
}

/* Leaves the block: reason with its argument; st->pc is this instruction's, or the next one's. */
static inline enum tr_result leave_here(struct tr *t, enum ir_exit reason, uint64_t arg)
{
    ir_emit(&t->b, IR_EXIT, IR_NONE, IR_NONE, IR_NONE, arg, reason);
    return TR_END;
}

static inline enum tr_result leave_next(struct tr *t, enum ir_exit reason, uint64_t arg)
{
    ir_emit(&t->b, IR_EXIT_NEXT, IR_NONE, IR_NONE, IR_NONE, arg, reason);
    return TR_END;
}
