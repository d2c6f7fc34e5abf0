/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point operations of the translators: rows, or the exact helpers. */
/*
 * The rows run on the host's units, which cannot stand for FPCR's modes that TR_FPCR_SLOW and,
 * where half precision takes part, TR_FPCR_HALF name. With FPCR.FZ (TR_FPCR_FZ) the host flushes by
 * itself; what it does not raise, Input Denormal, is asked of each value that may be one by a FIDC
 * row.
 */
#include "dbt/a64/tr_simd.h"

static bool by_helper(const struct tr *t, unsigned size)
{
    return t->flags & (size == FP_HALF ? TR_FPCR_SLOW | TR_FPCR_HALF : TR_FPCR_SLOW);
}

static unsigned row_aux(const struct tr *t)
{
    return t->flags & TR_FPCR_FZ ? IR_FP_FZ : 0;
}

/* Whether v is the result of an arithmetic row, which flushes. */
static bool is_flushed(const struct tr *t, unsigned size, ir_ref v)
{
    const struct ir_insn *row = &t->b.block->insn[v];
    enum fp_op op = (enum fp_op)(row->imm & 0xff);

    switch (row->op) {
    case IR_VZERO: return true;
    case IR_FP:
        return (row->imm >> 8 & 3) == size && (op < FP_CMEQ || op > FP_ACGT) && op != FP_TOS &&
               op != FP_TOU;
    case IR_FCVT: return (row->imm >> 2 & 3) == size;
    case IR_FFROMI: return (row->imm & 3) == size;
    default: return false;
    }
}

/* Where denormals are flushed: v is about to be an operand. */
static void ask_denormal(struct tr *t, unsigned size, unsigned count, ir_ref v)
{
    uint32_t imm = FP_IMM(0, size, count, 0, 0);

    if (!(t->flags & TR_FPCR_FZ) || size == FP_HALF || v == IR_NONE || is_flushed(t, size, v)) {
        return;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(t->asked); n++) {
        if (t->asked[n].v == v && t->asked[n].imm == imm) {
            return;
        }
    }
    t->asked[t->asked_next].v = v;
    t->asked[t->asked_next].imm = imm;
    t->asked_next = (t->asked_next + 1) % ARRAY_SIZE(t->asked);
    ir_emit(&t->b, IR_FIDC, v, IR_NONE, IR_NONE, imm, 0);
}

ir_ref fp3(struct tr *t, enum fp_op op, unsigned size, unsigned count, ir_ref a, ir_ref b, ir_ref c)
{
    uint32_t imm = FP_IMM(op, size, count, FP_AUX_MODE, 0);
    bool has_halves = op == FP_MULADDH || op == FP_MULSUBH;
    if (by_helper(t, has_halves ? FP_HALF : size)) {
        return ir_call_v128(&t->b, HELPER_fp, imm, a, b, c);
    }
    ask_denormal(t, size, count, a);
    ask_denormal(t, size, count, b);
    ask_denormal(t, size, count, c);
    return ir_emit(&t->b, IR_FP, a, b, c, imm, row_aux(t));
}

ir_ref fp1(struct tr *t, enum fp_op op, unsigned size, unsigned count, unsigned aux, unsigned fbits,
           ir_ref a)
{
    uint32_t imm = FP_IMM(op, size, count, aux, fbits);
    if (by_helper(t, size)) {
        return ir_call_v128(&t->b, HELPER_fp, imm, a, IR_NONE, IR_NONE);
    }
    if (op != FP_FROMS && op != FP_FROMU) {
        ask_denormal(t, size, count, a);
    }
    return ir_emit(&t->b, IR_FP, a, IR_NONE, IR_NONE, imm, row_aux(t));
}

ir_ref fp_cvt(struct tr *t, unsigned from, unsigned to, unsigned count, unsigned first, bool odd,
              ir_ref a)
{
    uint32_t imm = FP_CVT_IMM(from, to, count, first, odd);
    if (by_helper(t, MIN(from, to))) {
        return ir_call_v128(&t->b, HELPER_fp_cvt, imm, a, IR_NONE, IR_NONE);
    }
    if (first && (t->flags & TR_FPCR_FZ)) {
        a = v_ext(t, a, a, 8); /* the lanes that are asked are the first ones */
        imm = FP_CVT_IMM(from, to, count, 0, odd);
    }
    ask_denormal(t, from, count, a);
    return op1_imm(t, IR_FCVT, a, imm, 0);
}

ir_ref fp_to_int(struct tr *t, unsigned size, uint32_t imm, ir_ref a)
{
    if (by_helper(t, size)) {
        return ir_call_i64(&t->b, HELPER_fp_toi, imm, a, IR_NONE, IR_NONE);
    }
    ask_denormal(t, size, 1, a);
    return op1_imm(t, IR_FTOI, a, imm, 0);
}

ir_ref fp_js(struct tr *t, ir_ref a)
{
    if (by_helper(t, FP_DOUBLE)) {
        return ir_call_i64(&t->b, HELPER_fp_js, 0, a, IR_NONE, IR_NONE);
    }
    ask_denormal(t, FP_DOUBLE, 1, a);
    return op1(t, IR_FJS, a);
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
    ask_denormal(t, size, 1, a);
    ask_denormal(t, size, 1, b);
    return ir_emit(&t->b, IR_FCMP, a, b, IR_NONE, imm, 0);
}
