/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point operations of the translators: rows, or the exact helpers. */
/*
 * The rows run on the host's units, which cannot stand for FPCR's modes that TR_FPCR_SLOW names,
 * nor do half precision.
 */
#include "dbt/a64/tr_simd.h"

static bool by_helper(const struct tr *t, unsigned size)
{
    return size == FP_HALF || (t->flags & TR_FPCR_SLOW);
}

static ir_ref lanes(struct tr *t, uint32_t imm, unsigned size, ir_ref a, ir_ref b, ir_ref c)
{
    if (by_helper(t, size)) {
        return ir_call_v128(&t->b, HELPER_fp, imm, a, b, c);
    }
    return ir_emit(&t->b, IR_FP, a, b, c, imm, 0);
}

ir_ref fp3(struct tr *t, enum fp_op op, unsigned size, unsigned count, ir_ref a, ir_ref b, ir_ref c)
{
    return lanes(t, FP_IMM(op, size, count, FP_AUX_MODE, 0), size, a, b, c);
}

ir_ref fp1(struct tr *t, enum fp_op op, unsigned size, unsigned count, unsigned aux, unsigned fbits,
           ir_ref a)
{
    return lanes(t, FP_IMM(op, size, count, aux, fbits), size, a, IR_NONE, IR_NONE);
}

ir_ref fp_cvt(struct tr *t, unsigned from, unsigned to, unsigned count, unsigned first, bool odd,
              ir_ref a)
{
    uint32_t imm = FP_CVT_IMM(from, to, count, first, odd);
    if (by_helper(t, MIN(from, to))) {
        return ir_call_v128(&t->b, HELPER_fp_cvt, imm, a, IR_NONE, IR_NONE);
    }
    return op1_imm(t, IR_FCVT, a, imm, 0);
}

ir_ref fp_to_int(struct tr *t, unsigned size, uint32_t imm, ir_ref a)
{
    if (by_helper(t, size)) {
        return ir_call_i64(&t->b, HELPER_fp_toi, imm, a, IR_NONE, IR_NONE);
    }
    return op1_imm(t, IR_FTOI, a, imm, 0);
}

ir_ref fp_from_int(struct tr *t, unsigned size, uint32_t imm, ir_ref a)
{
    if (by_helper(t, size)) {
        return ir_call_v128(&t->b, HELPER_fp_fromi, imm, a, IR_NONE, IR_NONE);
    }
    return op1_imm(t, IR_FFROMI, a, imm, 0);
}

ir_ref fp_cmp(struct tr *t, unsigned size, bool signal, ir_ref a, ir_ref b)
{
    uint32_t imm = FP_CMP_IMM(size, signal);
    if (by_helper(t, size)) {
        ir_ref nzcv = ir_call_i64(&t->b, HELPER_fp_cmp, imm, a, b, IR_NONE);
        return op1(t, IR_NZCV_UNPACK, op1(t, IR_TRUNC, nzcv));
    }
    return ir_emit(&t->b, IR_FCMP, a, b, IR_NONE, imm, 0);
}
