/* SPDX-License-Identifier: BSD-2-Clause */
/* Scalar floating point (Arm ARM C4.1.96, the rows without Advanced SIMD in their names). */
#include "dbt/a64/tr_simd.h"

#define SIZE v_fp_size(a->ftype)

#define SCALAR(name, expression) TR(name, put(t, a->rd, expression))

/* --- two and three sources --- */
SCALAR(FMUL_f, fp2(t, FP_MUL, SIZE, 1, N, M))
SCALAR(FDIV_f, fp2(t, FP_DIV, SIZE, 1, N, M))
SCALAR(FADD_f, fp2(t, FP_ADD, SIZE, 1, N, M))
SCALAR(FSUB_f, fp2(t, FP_SUB, SIZE, 1, N, M))
SCALAR(FMAX_f, fp2(t, FP_MAX, SIZE, 1, N, M))
SCALAR(FMIN_f, fp2(t, FP_MIN, SIZE, 1, N, M))
SCALAR(FMAXNM_f, fp2(t, FP_MAXNM, SIZE, 1, N, M))
SCALAR(FMINNM_f, fp2(t, FP_MINNM, SIZE, 1, N, M))
SCALAR(FMADD_f, fp3(t, FP_MULADD, SIZE, 1, get_v(t, a->ra), N, M))
SCALAR(FMSUB_f, fp3(t, FP_MULSUB, SIZE, 1, get_v(t, a->ra), N, M))
SCALAR(FNMADD_f, fp3(t, FP_NMULADD, SIZE, 1, get_v(t, a->ra), N, M))
SCALAR(FNMSUB_f, fp3(t, FP_NMULSUB, SIZE, 1, get_v(t, a->ra), N, M))

/* The sign bit of lane 0 alone. */
static ir_ref sign(struct tr *t, unsigned size)
{
    return op1(t, IR_VFROM64, ir_const64(&t->b, fp_sign_bit(size)));
}

SCALAR(FNMUL_f, op2(t, IR_VXOR, fp2(t, FP_MUL, SIZE, 1, N, M), sign(t, SIZE)))

/* --- one source --- */
SCALAR(FMOV_f, v_low(t, SIZE, N))
SCALAR(FABS_f, op2(t, IR_VANDN, v_low(t, SIZE, N), sign(t, SIZE)))
SCALAR(FNEG_f, op2(t, IR_VXOR, v_low(t, SIZE, N), sign(t, SIZE)))
SCALAR(FSQRT_f, fp1(t, FP_SQRT, SIZE, 1, FP_AUX_MODE, 0, N))
SCALAR(FCVT_f, fp_cvt(t, SIZE, v_fp_size(a->opc), 1, 0, false, N))

#define ROUND(name, aux) SCALAR(name, fp1(t, FP_RINT, SIZE, 1, aux, 0, N))
ROUND(FRINTN_f, FP_TIEEVEN)
ROUND(FRINTP_f, FP_POSINF)
ROUND(FRINTM_f, FP_NEGINF)
ROUND(FRINTZ_f, FP_ZERO)
ROUND(FRINTA_f, FP_TIEAWAY)
ROUND(FRINTX_f, FP_AUX_MODE | FP_AUX_EXACT)
ROUND(FRINTI_f, FP_AUX_MODE)

/* --- comparison --- */
static enum tr_result set_flags(struct tr *t, ir_ref flags)
{
    ir_setf(&t->b, flags);
    return TR_NEXT;
}

TR(FCMP_f, set_flags(t, fp_cmp(t, SIZE, false, N, M)))
TR(FCMPE_f, set_flags(t, fp_cmp(t, SIZE, true, N, M)))
TR(FCMP_f_0, set_flags(t, fp_cmp(t, SIZE, false, N, v_zero(t))))
TR(FCMPE_f_0, set_flags(t, fp_cmp(t, SIZE, true, N, v_zero(t))))

/* A comparison that is not made must raise nothing: zeros are compared in its place. */
static enum tr_result conditional(struct tr *t, bool signal, const struct arg_FCCMP_f *a)
{
    ir_ref before = ir_getf(&t->b), zero = v_zero(t);
    ir_ref n = ir_emit(&t->b, IR_VSELECT, before, N, zero, 0, a->cond);
    ir_ref m = ir_emit(&t->b, IR_VSELECT, before, M, zero, 0, a->cond);
    ir_ref flags = fp_cmp(t, SIZE, signal, n, m);
    return set_flags(
        t, ir_emit(&t->b, IR_NZCV_SEL, before, flags, IR_NONE, (uint64_t)a->nzcv << 28, a->cond));
}

TR(FCCMP_f, conditional(t, false, a))
TR(FCCMPE_f, conditional(t, true, a))

SCALAR(FCSEL_f, v_low(t, SIZE, ir_emit(&t->b, IR_VSELECT, ir_getf(&t->b), N, M, 0, a->cond)))

/* --- to and from general registers --- */
static enum tr_result to_general(struct tr *t, unsigned sf, unsigned size, bool is_unsigned,
                                 unsigned rounding, unsigned fbits, unsigned rd, ir_ref n)
{
    uint32_t imm = FP_INT_IMM(size, sf ? 64 : 32, is_unsigned, rounding, fbits);
    set_x(t, true, rd, fp_to_int(t, size, imm, n));
    return TR_NEXT;
}

#define TO_GENERAL(letter, rounding)                                                               \
    TR(FCVT##letter##S_f, to_general(t, a->sf, SIZE, false, rounding, 0, a->rd, N))                \
    TR(FCVT##letter##U_f, to_general(t, a->sf, SIZE, true, rounding, 0, a->rd, N))
TO_GENERAL(N, FP_TIEEVEN)
TO_GENERAL(P, FP_POSINF)
TO_GENERAL(M, FP_NEGINF)
TO_GENERAL(Z, FP_ZERO)
TO_GENERAL(A, FP_TIEAWAY)
TR(FCVTZS_f_x, to_general(t, a->sf, SIZE, false, FP_ZERO, 64 - a->scale, a->rd, N))
TR(FCVTZU_f_x, to_general(t, a->sf, SIZE, true, FP_ZERO, 64 - a->scale, a->rd, N))

static ir_ref from_general(struct tr *t, unsigned sf, unsigned size, bool is_unsigned,
                           unsigned fbits, unsigned rn)
{
    uint32_t imm = FP_INT_IMM(size, sf ? 64 : 32, is_unsigned, 0, fbits);
    return fp_from_int(t, size, imm, get_x(t, true, rn));
}

SCALAR(SCVTF_f, from_general(t, a->sf, SIZE, false, 0, a->rn))
SCALAR(UCVTF_f, from_general(t, a->sf, SIZE, true, 0, a->rn))
SCALAR(SCVTF_f_x, from_general(t, a->sf, SIZE, false, 64 - a->scale, a->rn))
SCALAR(UCVTF_f_x, from_general(t, a->sf, SIZE, true, 64 - a->scale, a->rn))

enum tr_result tr_FMOV_to_gen(struct tr *t, const struct arg_FMOV_to_gen *a)
{
    set_x(t, true, a->rd, op1_imm(t, IR_VGET, N, 0, SIZE));
    return TR_NEXT;
}

SCALAR(FMOV_from_gen, v_low(t, SIZE, op1(t, IR_VFROM64, get_x(t, true, a->rn))))

enum tr_result tr_FMOV_to_gen_top(struct tr *t, const struct arg_FMOV_to_gen_top *a)
{
    set_x(t, true, a->rd, op1_imm(t, IR_VGET, N, 1, 3));
    return TR_NEXT;
}

SCALAR(FMOV_from_gen_top, ir_emit(&t->b, IR_VINS, D, get_x(t, true, a->rn), IR_NONE, 1, 3))

enum tr_result tr_FJCVTZS(struct tr *t, const struct arg_FJCVTZS *a)
{
    ir_ref both = fp_js(t, N);
    ir_ref z = op1_imm(t, IR_UBFX64, both, 32, 1);
    set_x(t, false, a->rd, op1(t, IR_TRUNC, both));
    z = shift_by(t, true, z, 0, 30);
    return set_flags(t, op1(t, IR_NZCV_UNPACK, op1(t, IR_TRUNC, z)));
}
