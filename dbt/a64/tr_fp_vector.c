/* SPDX-License-Identifier: BSD-2-Clause */
/* AdvSIMD floating point: vectors, AdvSIMD scalars, by element, FP16. */
/*
 * A row of the table has up to four encodings: vector and scalar of single and double (by sz), and
 * of half precision (_h). The macros make the translators of all that exist from one expression,
 * which sees SIZE and LANES.
 */
#include "dbt/a64/tr_simd.h"

#define VECTOR(name, expression) TR(name, put(t, a->rd, expression))

/* --- three same: op(n, m) --- */
#define V2(op, size) fp2(t, FP_##op, size, lanes_of(a->q, size), N, M)
#define S2(op, size) fp2(t, FP_##op, size, 1, N, M)
#define THREE_V(name, op)                                                                          \
    VECTOR(name##_v, V2(op, 2 + a->sz))                                                            \
    VECTOR(name##_v_h, V2(op, 1))
#define THREE_S(name, op)                                                                          \
    VECTOR(name##_s, S2(op, 2 + a->sz))                                                            \
    VECTOR(name##_s_h, S2(op, 1))
THREE_V(FADD, ADD)
THREE_V(FSUB, SUB)
THREE_V(FMUL, MUL)
THREE_V(FMULX, MULX)
THREE_V(FDIV, DIV)
THREE_V(FMAX, MAX)
THREE_V(FMIN, MIN)
THREE_V(FMAXNM, MAXNM)
THREE_V(FMINNM, MINNM)
THREE_V(FRECPS, RECPS)
THREE_V(FRSQRTS, RSQRTS)
THREE_V(FCMEQ, CMEQ)
THREE_V(FCMGE, CMGE)
THREE_V(FCMGT, CMGT)
THREE_V(FACGE, ACGE)
THREE_V(FACGT, ACGT)
THREE_S(FMULX, MULX)
THREE_S(FRECPS, RECPS)
THREE_S(FRSQRTS, RSQRTS)
THREE_S(FCMEQ, CMEQ)
THREE_S(FCMGE, CMGE)
THREE_S(FCMGT, CMGT)
THREE_S(FACGE, ACGE)
THREE_S(FACGT, ACGT)

static ir_ref fabs_of(struct tr *t, unsigned size, ir_ref v)
{
    return op2(t, IR_VAND, v, v_const(t, size, ~fp_sign_bit(size)));
}

static ir_ref fneg_of(struct tr *t, unsigned size, ir_ref v)
{
    return op2(t, IR_VXOR, v, v_const(t, size, fp_sign_bit(size)));
}

VECTOR(FABD_v, fabs_of(t, 2 + a->sz, V2(SUB, 2 + a->sz)))
VECTOR(FABD_v_h, fabs_of(t, 1, V2(SUB, 1)))
VECTOR(FABD_s, fabs_of(t, 2 + a->sz, S2(SUB, 2 + a->sz)))
VECTOR(FABD_s_h, fabs_of(t, 1, S2(SUB, 1)))
TR(FABS_v, put_v(t, a->q, a->rd, fabs_of(t, 2 + a->sz, N)))
TR(FABS_v_h, put_v(t, a->q, a->rd, fabs_of(t, 1, N)))
TR(FNEG_v, put_v(t, a->q, a->rd, fneg_of(t, 2 + a->sz, N)))
TR(FNEG_v_h, put_v(t, a->q, a->rd, fneg_of(t, 1, N)))

/* --- fused: d + n * m --- */
#define V3(op, size, m) fp3(t, FP_##op, size, lanes_of(a->q, size), D, N, m)
#define S3(op, size, m) fp3(t, FP_##op, size, 1, D, N, m)
VECTOR(FMLA_v, V3(MULADD, 2 + a->sz, M))
VECTOR(FMLA_v_h, V3(MULADD, 1, M))
VECTOR(FMLS_v, V3(MULSUB, 2 + a->sz, M))
VECTOR(FMLS_v_h, V3(MULSUB, 1, M))
VECTOR(FMLA_v_e, V3(MULADD, 2 + a->sz, ELEMENT(2 + a->sz)))
VECTOR(FMLA_v_e_h, V3(MULADD, 1, ELEMENT(1)))
VECTOR(FMLS_v_e, V3(MULSUB, 2 + a->sz, ELEMENT(2 + a->sz)))
VECTOR(FMLS_v_e_h, V3(MULSUB, 1, ELEMENT(1)))
VECTOR(FMLA_s_e, S3(MULADD, 2 + a->sz, ELEMENT(2 + a->sz)))
VECTOR(FMLA_s_e_h, S3(MULADD, 1, ELEMENT(1)))
VECTOR(FMLS_s_e, S3(MULSUB, 2 + a->sz, ELEMENT(2 + a->sz)))
VECTOR(FMLS_s_e_h, S3(MULSUB, 1, ELEMENT(1)))

#define BY_ELEMENT(name, op)                                                                       \
    VECTOR(name##_v_e,                                                                             \
           fp2(t, FP_##op, 2 + a->sz, lanes_of(a->q, 2 + a->sz), N, ELEMENT(2 + a->sz)))           \
    VECTOR(name##_v_e_h, fp2(t, FP_##op, 1, lanes_of(a->q, 1), N, ELEMENT(1)))                     \
    VECTOR(name##_s_e, fp2(t, FP_##op, 2 + a->sz, 1, N, ELEMENT(2 + a->sz)))                       \
    VECTOR(name##_s_e_h, fp2(t, FP_##op, 1, 1, N, ELEMENT(1)))
BY_ELEMENT(FMUL, MUL)
BY_ELEMENT(FMULX, MULX)

/* --- FMLAL: halves of the lower or (2) upper half of the vector into singles --- */
static ir_ref fmlal(struct tr *t, enum fp_op op, unsigned q, unsigned upper, ir_ref n, ir_ref m,
                    ir_ref d)
{
    unsigned skip = upper ? 4u << q : 0;
    return fp3(t, op, FP_SINGLE, lanes_of(q, 2), d, v_ext(t, n, n, skip), v_ext(t, m, m, skip));
}

#define FMLAL(name, op, upper)                                                                     \
    VECTOR(name##_v, fmlal(t, FP_##op, a->q, upper, N, M, D))                                      \
    VECTOR(name##_v_e, fmlal(t, FP_##op, a->q, upper, N, ELEMENT(1), D))
FMLAL(FMLAL, MULADDH, 0)
FMLAL(FMLSL, MULSUBH, 0)
FMLAL(FMLAL2, MULADDH, 1)
FMLAL(FMLSL2, MULSUBH, 1)

/* --- complex numbers: the real part in even lanes, the imaginary part in odd ones --- */
/* The sign bit of the even or odd lanes. */
static ir_ref signs(struct tr *t, unsigned size, bool odd)
{
    uint64_t sign = fp_sign_bit(size);
    if (size == 3) {
        ir_ref minus = ir_const64(&t->b, sign), zero = ir_const64(&t->b, 0);
        return odd ? op2(t, IR_VPAIR64, zero, minus) : op2(t, IR_VPAIR64, minus, zero);
    }
    return v_const(t, size + 1, odd ? sign << (8u << size) : sign);
}

static ir_ref swap_parts(struct tr *t, unsigned size, ir_ref v)
{
    return size == 3 ? v_ext(t, v, v, 8) : op1_imm(t, IR_VREV, v, size + 1, size);
}

/* v times i (90 degrees) or -i. */
static ir_ref quarter_turn(struct tr *t, unsigned size, bool clockwise, ir_ref v)
{
    return op2(t, IR_VXOR, swap_parts(t, size, v), signs(t, size, clockwise));
}

VECTOR(FCADD_v,
       fp2(t, FP_ADD, a->size, lanes_of(a->q, a->size), N, quarter_turn(t, a->size, a->rot, M)))

/* d + (part of n) * (m turned by rot * 90 degrees): the real part of n for rot 0 and 2, else the
 * imaginary. */
static ir_ref fcmla(struct tr *t, unsigned q, unsigned size, unsigned rot, ir_ref n, ir_ref m,
                    ir_ref d)
{
    n = rot & 1 ? v_trn2(t, size, n, n) : v_trn1(t, size, n, n);
    if (rot & 1) {
        m = quarter_turn(t, size, rot == 3, m);
    } else if (rot == 2) {
        m = fneg_of(t, size, m);
    }
    return fp3(t, FP_MULADD, size, lanes_of(q, size), d, n, m);
}

VECTOR(FCMLA_v, fcmla(t, a->q, a->size, a->rot, N, M, D))

/* The element is a pair of lanes. */
static ir_ref complex_element(struct tr *t, const struct arg_FCMLA_v_e *a)
{
    return v_dup(t, a->size + 1, get_v(t, a->m << 4 | a->rm),
                 a->size == 1 ? a->h << 1 | a->l : a->h);
}

VECTOR(FCMLA_v_e, fcmla(t, a->q, a->size, a->rot, N, complex_element(t, a), D))

/* --- compare with zero --- */
#define ZERO_COMPARE(name, op, x, y)                                                               \
    VECTOR(name##_v_0, fp2(t, FP_##op, 2 + a->sz, lanes_of(a->q, 2 + a->sz), x, y))                \
    VECTOR(name##_v_0_h, fp2(t, FP_##op, 1, lanes_of(a->q, 1), x, y))                              \
    VECTOR(name##_s_0, fp2(t, FP_##op, 2 + a->sz, 1, x, y))                                        \
    VECTOR(name##_s_0_h, fp2(t, FP_##op, 1, 1, x, y))
ZERO_COMPARE(FCMGT, CMGT, N, v_zero(t))
ZERO_COMPARE(FCMEQ, CMEQ, N, v_zero(t))
ZERO_COMPARE(FCMGE, CMGE, N, v_zero(t))
ZERO_COMPARE(FCMLT, CMGT, v_zero(t), N)
ZERO_COMPARE(FCMLE, CMGE, v_zero(t), N)

/* --- one operand --- */
#define ONE_V(name, op, aux)                                                                       \
    VECTOR(name##_v, fp1(t, FP_##op, 2 + a->sz, lanes_of(a->q, 2 + a->sz), aux, 0, N))             \
    VECTOR(name##_v_h, fp1(t, FP_##op, 1, lanes_of(a->q, 1), aux, 0, N))
#define ONE_S(name, op, aux)                                                                       \
    VECTOR(name##_s, fp1(t, FP_##op, 2 + a->sz, 1, aux, 0, N))                                     \
    VECTOR(name##_s_h, fp1(t, FP_##op, 1, 1, aux, 0, N))
#define ONE(name, op, aux)                                                                         \
    ONE_V(name, op, aux)                                                                           \
    ONE_S(name, op, aux)
ONE_V(FRINTN, RINT, FP_TIEEVEN)
ONE_V(FRINTP, RINT, FP_POSINF)
ONE_V(FRINTM, RINT, FP_NEGINF)
ONE_V(FRINTZ, RINT, FP_ZERO)
ONE_V(FRINTA, RINT, FP_TIEAWAY)
ONE_V(FRINTX, RINT, FP_AUX_MODE | FP_AUX_EXACT)
ONE_V(FRINTI, RINT, FP_AUX_MODE)
ONE_V(FSQRT, SQRT, 0)
ONE(FRECPE, RECPE, 0)
ONE(FRSQRTE, RSQRTE, 0)
ONE_S(FRECPX, RECPX, 0)
ONE(FCVTNS, TOS, FP_TIEEVEN)
ONE(FCVTPS, TOS, FP_POSINF)
ONE(FCVTMS, TOS, FP_NEGINF)
ONE(FCVTZS, TOS, FP_ZERO)
ONE(FCVTAS, TOS, FP_TIEAWAY)
ONE(FCVTNU, TOU, FP_TIEEVEN)
ONE(FCVTPU, TOU, FP_POSINF)
ONE(FCVTMU, TOU, FP_NEGINF)
ONE(FCVTZU, TOU, FP_ZERO)
ONE(FCVTAU, TOU, FP_TIEAWAY)
ONE(SCVTF, FROMS, FP_AUX_MODE)
ONE(UCVTF, FROMU, FP_AUX_MODE)

/* --- fixed point: immh:immb is 2 * bits - fraction bits --- */
#define SIZE_I (31u - (unsigned)__builtin_clz(a->immh))
#define FBITS  ((16u << SIZE_I) - (a->immh << 3 | a->immb))
#define FIXED(name, op, aux)                                                                       \
    VECTOR(name##_v_x, fp1(t, FP_##op, SIZE_I, lanes_of(a->q, SIZE_I), aux, FBITS, N))             \
    VECTOR(name##_s_x, fp1(t, FP_##op, SIZE_I, 1, aux, FBITS, N))
FIXED(SCVTF, FROMS, FP_AUX_MODE)
FIXED(UCVTF, FROMU, FP_AUX_MODE)
FIXED(FCVTZS, TOS, FP_ZERO)
FIXED(FCVTZU, TOU, FP_ZERO)

/* --- between formats: lanes of 16 << sz bits and of twice that --- */
VECTOR(FCVTL_v, fp_cvt(t, 1 + a->sz, 2 + a->sz, 4u >> a->sz, a->q ? 4u >> a->sz : 0, false, N))
TR(FCVTN_v, put_narrow(t, a->q, a->rd, fp_cvt(t, 2 + a->sz, 1 + a->sz, 4u >> a->sz, 0, false, N)))
TR(FCVTXN_v, put_narrow(t, a->q, a->rd, fp_cvt(t, FP_DOUBLE, FP_SINGLE, 2, 0, true, N)))
VECTOR(FCVTXN_s, fp_cvt(t, FP_DOUBLE, FP_SINGLE, 1, 0, true, N))

/* --- pairwise and across lanes --- */
#define PAIRWISE(op, size)                                                                         \
    fp2(t, FP_##op, size, lanes_of(a->q, size), v_evens(t, a->q, size, N, M),                      \
        v_odds(t, a->q, size, N, M))
#define PAIRS(name, op)                                                                            \
    VECTOR(name##_v, PAIRWISE(op, 2 + a->sz))                                                      \
    VECTOR(name##_v_h, PAIRWISE(op, 1))                                                            \
    VECTOR(name##_s_p, fp2(t, FP_##op, 2 + a->sz, 1, N, v_dup(t, 2 + a->sz, N, 1)))                \
    VECTOR(name##_s_p_h, fp2(t, FP_##op, 1, 1, N, v_dup(t, 1, N, 1)))
PAIRS(FADDP, ADD)
PAIRS(FMAXP, MAX)
PAIRS(FMINP, MIN)
PAIRS(FMAXNMP, MAXNM)
PAIRS(FMINNMP, MINNM)

/* FPReduce: neighbours first, then the results' neighbours. */
static ir_ref across(struct tr *t, enum fp_op op, unsigned size, unsigned lanes, ir_ref v)
{
    for (; lanes > 1; lanes /= 2) {
        v = fp2(t, op, size, lanes / 2, v_evens(t, 1, size, v, v), v_odds(t, 1, size, v, v));
    }
    return v;
}

#define ACROSS(name, op)                                                                           \
    VECTOR(name##_v, across(t, FP_##op, 2, 4, N))                                                  \
    VECTOR(name##_v_h, across(t, FP_##op, 1, lanes_of(a->q, 1), N))
ACROSS(FMAXV, MAX)
ACROSS(FMINV, MIN)
ACROSS(FMAXNMV, MAXNM)
ACROSS(FMINNMV, MINNM)
