/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point arithmetic, maxima, comparisons of single and double precision. */
#include "dbt/x64/lower_fp.h"

/* Whether a scalar operation that copies what is above from operand k leaves zeros there. */
static bool leaves_zeros(const struct x64 *c, const struct fp_shape *s, unsigned k)
{
    return s->is_scalar && fp_comes_clean(c, k, 1u << s->size);
}

/* The operand to copy what is above from, of the first `count`: operand 0 unless another has zeros
 * there (a sum that a loop gathers has not). */
static unsigned cleanest(const struct x64 *c, const struct fp_shape *s, unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        if (leaves_zeros(c, s, k)) {
            return k;
        }
    }
    return 0;
}

static void two_operands(struct x64 *c, const struct fp_shape *s, struct fp_regs *r)
{
    r->a = fp_operand(c, s, 0);
    r->b = fp_operand(c, s, 1);
    r->c = X64_NONE;
}

static void arithmetic(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s,
                       const x86_form forms[4], enum fp_check what)
{
    bool commutes = s->op == FP_ADD || s->op == FP_MUL;
    unsigned first = cleanest(c, s, commutes ? 2 : 1);
    struct fp_regs r;

    two_operands(c, s, &r);
    fp_temporaries(c, &r, what == FP_CHECK_EDGE || (what == FP_CHECK_NAN && !s->is_scalar));
    r.d = x64_def(c);
    emit_vrr(c, forms[s->form], r.d, first ? r.b : r.a, first ? r.a : r.b);
    fp_finish(c, i, s, leaves_zeros(c, s, first), what, &r);
}

/* Two singles: 0 / 1 in the lanes above, where 0 / 0 would raise Invalid. */
static void divide_pair(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r;
    unsigned divisor;

    two_operands(c, s, &r);
    divisor = x64_scratch_xmm(c);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    emit_vrm(c, X_VPOR, divisor, r.b, FP_FIXED(ONES_ABOVE));
    emit_vrr(c, X_VDIVPS, r.d, r.a, divisor);
    fp_finish(c, i, s, true, FP_CHECK_EDGE, &r);
}

/* on_addend, on_factor: the forms that put the result in place of these. */
static void fused(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s,
                  const x86_form on_addend[4], const x86_form on_factor[4])
{
    unsigned first = cleanest(c, s, 3);
    struct fp_regs r;

    two_operands(c, s, &r);
    r.c = fp_operand(c, s, 2);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    if (first) {
        emit_rr(c, X_VMOVDQA_RM, r.d, first == 1 ? r.b : r.c);
        emit_vrr(c, on_factor[s->form], r.d, first == 1 ? r.c : r.b, r.a);
    } else {
        emit_rr(c, X_VMOVDQA_RM, r.d, r.a);
        emit_vrr(c, on_addend[s->form], r.d, r.b, r.c);
    }
    fp_finish(c, i, s, leaves_zeros(c, s, first), FP_CHECK_EDGE, &r);
}

/*
 * The host gives its second operand for two zeros and raises Invalid for quiet NaNs: NaNs are found
 * before, and both orders are combined (AND of zeros is +0 when one is, OR is -0). Whether a
 * denormal operand comes out as zero with DAZ is not said alike everywhere: a product by 1 does.
 */
static void extreme(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s,
                    const x86_form forms[4], x86_form combine)
{
    struct fp_regs r;
    struct x64_ool *o;

    two_operands(c, s, &r);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    o = fp_repair_if(c, fp_test_unordered(c, s, r.a, r.b, r.t[0]), i, HELPER_fp, &r);
    emit_vrr(c, forms[s->form], r.t[0], r.a, r.b);
    emit_vrr(c, forms[s->form], r.d, r.b, r.a);
    emit_vrr(c, combine, r.d, r.d, r.t[0]);
    if (i->aux & IR_FP_FZ) {
        emit_vrm(c, FP_FORMS(VMUL)[s->form], r.d, r.d, FP_CONST(ONE, s->size));
    }
    fp_finish(c, i, s, false, FP_CHECK_NONE, &r);
    o->back = c->p;
}

/* Compares exactly as Arm does; signals for quiet NaNs where Arm does. */
static void compare_lanes(struct x64 *c, const struct fp_shape *s, unsigned predicate,
                          bool absolute)
{
    struct fp_regs r;

    two_operands(c, s, &r);
    if (absolute) {
        fp_temporaries(c, &r, 2);
        emit_vrm(c, X_VPAND, r.t[0], r.a, FP_CONST(ABS, s->size));
        emit_vrm(c, X_VPAND, r.t[1], r.b, FP_CONST(ABS, s->size));
        r.a = r.t[0];
        r.b = r.t[1];
    }
    r.d = x64_def(c);
    emit_vrri(c, FP_FORMS(VCMP)[s->form], r.d, r.a, r.b, predicate);
    if (s->lanes << s->size != 16) {
        fp_clear_above(c, r.d, r.d, s->lanes << s->size);
    }
}

static void square_root(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    x86_form form = FP_FORMS(VSQRT)[s->form];

    r.a = fp_operand(c, s, 0);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    if (s->is_scalar) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, form, r.d, r.d, r.a);
    } else {
        emit_rr(c, form, r.d, r.a);
    }
    fp_finish(c, i, s, true, FP_CHECK_NAN, &r);
}

/* Jumps to the repair where an operand's magnitude is not below the limit. */
static struct x64_ool *repair_unless_below(struct x64 *c, const struct ir_insn *i,
                                           const struct fp_shape *s, const struct fp_regs *r,
                                           struct x86_mem limit)
{
    fp_not_below(c, s, r->a, limit, r->t[0]);
    fp_not_below(c, s, r->b, limit, r->t[1]);
    emit_vrr(c, X_VPOR, r->t[0], r->t[0], r->t[1]);
    emit_rr(c, fp_packed_test(s->size), r->t[0], r->t[0]);
    return fp_repair_if(c, CC_NE, i, HELPER_fp, r);
}

/* FMULX: 0 times infinity is 2, and not invalid. */
static void multiply_extended(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r;
    struct x64_ool *o;

    two_operands(c, s, &r);
    fp_temporaries(c, &r, 2);
    r.d = x64_def(c);
    o = repair_unless_below(c, i, s, &r, FP_CONST(INF, s->size));
    emit_vrr(c, FP_FORMS(VMUL)[s->form], r.d, r.a, r.b);
    fp_finish(c, i, s, leaves_zeros(c, s, 0), FP_CHECK_EDGE, &r);
    o->back = c->p;
}

/* FRECPS and FRSQRTS, 2 - a * b and (3 - a * b) / 2, fused: for these operands neither the product
 * overflows nor is a result tiny, so that halving is exact. */
static void newton_step(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r;
    struct x64_ool *o;
    bool rsqrt = s->op == FP_RSQRTS;

    two_operands(c, s, &r);
    fp_temporaries(c, &r, 2);
    r.d = x64_def(c);
    o = repair_unless_below(c, i, s, &r, FP_CONST(STEP, s->size));
    emit_rm(c, X_VMOVDQA_RM, r.d, rsqrt ? FP_CONST(THREE, s->size) : FP_CONST(TWO, s->size));
    emit_vrr(c, FP_FORMS(VFNMADD231)[s->form], r.d, r.a, r.b);
    if (rsqrt) {
        emit_vrm(c, FP_FORMS(VMUL)[s->form], r.d, r.d, FP_CONST(HALF, s->size));
    }
    fp_finish(c, i, s, false, FP_CHECK_NONE, &r);
    o->back = c->p;
}

bool fp_lower_arith(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    switch (s->op) {
    case FP_ADD: arithmetic(c, i, s, FP_FORMS(VADD), FP_CHECK_NAN); return true;
    case FP_SUB: arithmetic(c, i, s, FP_FORMS(VSUB), FP_CHECK_NAN); return true;
    case FP_MUL: arithmetic(c, i, s, FP_FORMS(VMUL), FP_CHECK_EDGE); return true;
    case FP_DIV:
        if (s->is_pair) {
            divide_pair(c, i, s);
        } else {
            arithmetic(c, i, s, FP_FORMS(VDIV), FP_CHECK_EDGE);
        }
        return true;
    case FP_MULX: multiply_extended(c, i, s); return true;
    case FP_RECPS:
    case FP_RSQRTS: newton_step(c, i, s); return true;
    case FP_MAX:
    case FP_MAXNM: extreme(c, i, s, FP_FORMS(VMAX), X_VPAND); return true;
    case FP_MIN:
    case FP_MINNM: extreme(c, i, s, FP_FORMS(VMIN), X_VPOR); return true;
    case FP_CMEQ: compare_lanes(c, s, CMP_EQ_OQ, false); return true;
    case FP_CMGE: compare_lanes(c, s, CMP_GE_OS, false); return true;
    case FP_CMGT: compare_lanes(c, s, CMP_GT_OS, false); return true;
    case FP_ACGE: compare_lanes(c, s, CMP_GE_OS, true); return true;
    case FP_ACGT: compare_lanes(c, s, CMP_GT_OS, true); return true;
    case FP_MULADD: fused(c, i, s, FP_FORMS(VFMADD231), FP_FORMS(VFMADD213)); return true;
    case FP_MULSUB: fused(c, i, s, FP_FORMS(VFNMADD231), FP_FORMS(VFNMADD213)); return true;
    case FP_NMULADD: fused(c, i, s, FP_FORMS(VFNMSUB231), FP_FORMS(VFNMSUB213)); return true;
    case FP_NMULSUB: fused(c, i, s, FP_FORMS(VFMSUB231), FP_FORMS(VFMSUB213)); return true;
    case FP_SQRT: square_root(c, i, s); return true;
    default: return false;
    }
}

/* --- comparison into NZCV ---
 * After (V)UCOMIS: seta and SBB 0 give 1, 0, -1, and the flags of that subtraction are Arm's NZCV
 * with the carry complemented. Unordered (V and C) are the flags of 0x80 - 1 in a byte. */
static void unordered(struct x64 *c, const struct x64_ool *o)
{
    emit_const(c, o->reg[0], 0x80);
    emit_ri8(c, X_CMP8_MI8, o->reg[0], 1);
    emit_jmp_back(c, o->back);
}

LOWER(FCMP)
{
    static const x86_form forms[2][2] = {{X_VUCOMISS, X_VCOMISS}, {X_VUCOMISD, X_VCOMISD}};
    unsigned size = i->imm & 3, signal = i->imm >> 2 & 1, a, b, t, halves[2];
    struct x64_ool *o;

    x64_flags_clobber(c);
    a = x64_use(c, 0);
    b = x64_use(c, 1);
    t = x64_scratch(c);
    if (size == FP_HALF) {
        halves[0] = x64_scratch_xmm(c);
        halves[1] = x64_scratch_xmm(c);
        fp_single_of_half(c, halves[0], a);
        fp_single_of_half(c, halves[1], b);
        a = halves[0];
        b = halves[1];
    }
    emit_rr(c, forms[size == FP_DOUBLE][signal], a, b);
    o = x64_ool(c, unordered, emit_jcc(c, CC_P));
    emit_setcc(c, CC_A, t);
    emit_ri8(c, X_SBB8_MI8, t, 0);
    o->reg[0] = (uint8_t)t;
    o->back = c->p;
    x64_flags_def(c, (ir_ref)c->row, true);
}
