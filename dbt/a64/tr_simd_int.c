/* SPDX-License-Identifier: BSD-2-Clause */
/* AdvSIMD integer arithmetic, lane by lane: three same, two-register miscellaneous, across lanes.
 */
#include "dbt/a64/tr_simd.h"

/* rd = expression, of all lanes; and of 64-bit scalars, which are vectors of one lane. */
#define TRV(name, expression) TR(name, put_v(t, a->q, a->rd, expression))
#define TRS(name, expression) TR(name, put_v(t, 0, a->rd, expression))
/* rd = expression of a row of help_simd, which zeroes what is beyond its lanes */
#define TRH(name, expression) TR(name, put(t, a->rd, expression))
#define LANES                 lanes_of(a->q, a->size)

#define ROW2(op) v_op(t, IR_##op, a->size, N, M)

/* --- bitwise --- */
TRV(AND_v, op2(t, IR_VAND, N, M))
TRV(BIC_v, op2(t, IR_VANDN, N, M))
TRV(ORR_v, op2(t, IR_VOR, N, M))
TRV(ORN_v, op2(t, IR_VOR, N, v_not(t, M)))
TRV(EOR_v, op2(t, IR_VXOR, N, M))
TRV(BSL_v, op3(t, IR_VBSL, D, N, M))
TRV(BIT_v, op3(t, IR_VBSL, M, N, D))
TRV(BIF_v, op3(t, IR_VBSL, M, D, N))
TRV(NOT_v, v_not(t, N))

/* --- comparison --- */
static ir_ref cmgt(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return v_op(t, IR_VCMPGT, size, n, m);
}

static ir_ref cmeq(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return v_op(t, IR_VCMPEQ, size, n, m);
}

static ir_ref cmge(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return size < 3 ? cmeq(t, size, v_op(t, IR_VSMAX, size, n, m), n) : v_not(t, cmgt(t, 3, m, n));
}

static ir_ref cmtst(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    ir_ref zero = v_zero(t);
    return cmeq(t, size, cmeq(t, size, op2(t, IR_VAND, n, m), zero), zero);
}

/* Unsigned comparisons: n >= m where n is the greater one; 64-bit lanes as signed ones, shifted. */
static ir_ref cmhs(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    if (size < 3) {
        return cmeq(t, size, v_op(t, IR_VUMAX, size, n, m), n);
    }
    ir_ref sign = v_const(t, 3, BIT64(63));
    return cmge(t, 3, op2(t, IR_VXOR, n, sign), op2(t, IR_VXOR, m, sign));
}

static ir_ref cmhi(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return v_not(t, cmhs(t, size, m, n));
}

TRV(CMGT_v, cmgt(t, a->size, N, M))
TRV(CMHI_v, cmhi(t, a->size, N, M))
TRV(CMGE_v, cmge(t, a->size, N, M))
TRV(CMHS_v, cmhs(t, a->size, N, M))
TRV(CMEQ_v, cmeq(t, a->size, N, M))
TRV(CMTST_v, cmtst(t, a->size, N, M))
TRS(CMGT_s, cmgt(t, 3, N, M))
TRS(CMHI_s, cmhi(t, 3, N, M))
TRS(CMGE_s, cmge(t, 3, N, M))
TRS(CMHS_s, cmhs(t, 3, N, M))
TRS(CMEQ_s, cmeq(t, 3, N, M))
TRS(CMTST_s, cmtst(t, 3, N, M))
TRV(CMGT_v_0, cmgt(t, a->size, N, v_zero(t)))
TRV(CMEQ_v_0, cmeq(t, a->size, N, v_zero(t)))
TRV(CMLT_v_0, cmgt(t, a->size, v_zero(t), N))
TRV(CMGE_v_0, cmge(t, a->size, N, v_zero(t)))
TRV(CMLE_v_0, cmge(t, a->size, v_zero(t), N))
TRS(CMGT_s_0, cmgt(t, 3, N, v_zero(t)))
TRS(CMEQ_s_0, cmeq(t, 3, N, v_zero(t)))
TRS(CMLT_s_0, cmgt(t, 3, v_zero(t), N))
TRS(CMGE_s_0, cmge(t, 3, N, v_zero(t)))
TRS(CMLE_s_0, cmge(t, 3, v_zero(t), N))

/* --- addition, multiplication --- */
TRV(ADD_v, ROW2(VADD))
TRV(SUB_v, ROW2(VSUB))
TRS(ADD_s, v_op(t, IR_VADD, 3, N, M))
TRS(SUB_s, v_op(t, IR_VSUB, 3, N, M))
TRV(MUL_v, ROW2(VMUL))
TRV(MLA_v, v_op(t, IR_VADD, a->size, D, ROW2(VMUL)))
TRV(MLS_v, v_op(t, IR_VSUB, a->size, D, ROW2(VMUL)))
TRV(MUL_v_e, v_op(t, IR_VMUL, a->size, N, ELEMENT(a->size)))
TRV(MLA_v_e, v_op(t, IR_VADD, a->size, D, v_op(t, IR_VMUL, a->size, N, ELEMENT(a->size))))
TRV(MLS_v_e, v_op(t, IR_VSUB, a->size, D, v_op(t, IR_VMUL, a->size, N, ELEMENT(a->size))))
TRH(PMUL_v, simd2(t, SIMD_PMUL, 0, lanes_of(a->q, 0), N, M))

/* -x where x < 0; the least number stays. */
static ir_ref vabs(struct tr *t, unsigned size, ir_ref n)
{
    if (size < 3) {
        return v_op(t, IR_VSMAX, size, n, v_neg(t, size, n));
    }
    ir_ref negative = cmgt(t, 3, v_zero(t), n);
    return v_op(t, IR_VSUB, 3, op2(t, IR_VXOR, n, negative), negative);
}

TRV(ABS_v, vabs(t, a->size, N))
TRS(ABS_s, vabs(t, 3, N))
TRV(NEG_v, v_neg(t, a->size, N))
TRS(NEG_s, v_neg(t, 3, N))

TRV(SMAX_v, ROW2(VSMAX))
TRV(UMAX_v, ROW2(VUMAX))
TRV(SMIN_v, ROW2(VSMIN))
TRV(UMIN_v, ROW2(VUMIN))

/* |n - m|, which fits the lane as an unsigned number. */
static ir_ref abd(struct tr *t, bool is_unsigned, unsigned size, ir_ref n, ir_ref m)
{
    ir_ref max = v_op(t, is_unsigned ? IR_VUMAX : IR_VSMAX, size, n, m);
    return v_op(t, IR_VSUB, size, max, v_op(t, is_unsigned ? IR_VUMIN : IR_VSMIN, size, n, m));
}

TRV(SABD_v, abd(t, false, a->size, N, M))
TRV(UABD_v, abd(t, true, a->size, N, M))
TRV(SABA_v, v_op(t, IR_VADD, a->size, D, abd(t, false, a->size, N, M)))
TRV(UABA_v, v_op(t, IR_VADD, a->size, D, abd(t, true, a->size, N, M)))

/* Half of a sum or difference without its carry: by the bits that differ. */
static ir_ref half_of_unlike(struct tr *t, bool is_unsigned, unsigned size, ir_ref n, ir_ref m)
{
    return v_shift(t, is_unsigned ? IR_VUSHR : IR_VSSHR, size, op2(t, IR_VXOR, n, m), 1);
}

#define HALF(is_unsigned) half_of_unlike(t, is_unsigned, a->size, N, M)
TRV(SHADD_v, v_op(t, IR_VADD, a->size, op2(t, IR_VAND, N, M), HALF(false)))
TRV(UHADD_v, v_op(t, IR_VADD, a->size, op2(t, IR_VAND, N, M), HALF(true)))
TRV(SRHADD_v, v_op(t, IR_VSUB, a->size, op2(t, IR_VOR, N, M), HALF(false)))
TRV(URHADD_v, v_op(t, IR_VSUB, a->size, op2(t, IR_VOR, N, M), HALF(true)))
TRV(SHSUB_v, v_op(t, IR_VSUB, a->size, HALF(false), op2(t, IR_VANDN, M, N)))
TRV(UHSUB_v, v_op(t, IR_VSUB, a->size, HALF(true), op2(t, IR_VANDN, M, N)))

/* --- pairwise --- */
static ir_ref addp(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    if (size == 0) { /* the low bytes of sums in halfwords */
        ir_ref sums = op1_imm(t, IR_VADDLP, n, 1, 0);
        return v_evens(t, q, 0, sums, n == m ? sums : op1_imm(t, IR_VADDLP, m, 1, 0));
    }
    return v_op(t, IR_VADD, size, v_evens(t, q, size, n, m), v_odds(t, q, size, n, m));
}

#define PAIRWISE(op)                                                                               \
    v_op(t, IR_##op, a->size, v_evens(t, a->q, a->size, N, M), v_odds(t, a->q, a->size, N, M))
TRV(ADDP_v, addp(t, a->q, a->size, N, M))
TRV(SMAXP_v, PAIRWISE(VSMAX))
TRV(UMAXP_v, PAIRWISE(VUMAX))
TRV(SMINP_v, PAIRWISE(VSMIN))
TRV(UMINP_v, PAIRWISE(VUMIN))
TRS(ADDP_s_p, v_op(t, IR_VADD, 3, N, v_part(t, 1, N)))

/* Sums of neighbours, twice as wide. */
static ir_ref addlp(struct tr *t, bool is_unsigned, unsigned size, ir_ref n)
{
    return op1_imm(t, IR_VADDLP, n, is_unsigned, size);
}

TRV(SADDLP_v, addlp(t, false, a->size, N))
TRV(UADDLP_v, addlp(t, true, a->size, N))
TRV(SADALP_v, v_op(t, IR_VADD, a->size + 1, D, addlp(t, false, a->size, N)))
TRV(UADALP_v, v_op(t, IR_VADD, a->size + 1, D, addlp(t, true, a->size, N)))

/* --- across lanes --- */
/* The sum of all bytes, as far as a lane of size goes. */
static enum tr_result sum_bytes(struct tr *t, unsigned size, const struct arg_ADDV_v *a)
{
    ir_ref sums = op1_imm(t, IR_VSUMB, N, 0, 0);
    sums = a->q ? v_op(t, IR_VADD, 3, sums, v_ext(t, sums, sums, 8)) : sums;
    return put(t, a->rd, v_low(t, size, sums));
}

static enum tr_result across(struct tr *t, enum ir_op op, const struct arg_ADDV_v *a)
{
    return put(t, a->rd, v_lane(t, a->size, v_reduce(t, op, a->size, LANES, N), 0));
}

TR(ADDV_v, a->size == 0 ? sum_bytes(t, 0, a) : across(t, IR_VADD, a))
TR(SMAXV_v, across(t, IR_VSMAX, a))
TR(UMAXV_v, across(t, IR_VUMAX, a))
TR(SMINV_v, across(t, IR_VSMIN, a))
TR(UMINV_v, across(t, IR_VUMIN, a))

static enum tr_result addlv(struct tr *t, bool is_unsigned, const struct arg_ADDV_v *a)
{
    ir_ref pairs = addlp(t, is_unsigned, a->size, N);
    return put(t, a->rd,
               v_lane(t, a->size + 1, v_reduce(t, IR_VADD, a->size + 1, LANES / 2, pairs), 0));
}

TR(SADDLV_v, addlv(t, false, a))
TR(UADDLV_v, a->size == 0 ? sum_bytes(t, 1, a) : addlv(t, true, a))

/* --- counting and reversing bits --- */
TRH(CLS_v, simd1(t, SIMD_CLS, a->size, LANES, N))
TRH(CLZ_v, simd1(t, SIMD_CLZ, a->size, LANES, N))
TRH(CNT_v, simd1(t, SIMD_CNT, 0, lanes_of(a->q, 0), N))
TRH(RBIT_v, simd1(t, SIMD_RBIT, 0, lanes_of(a->q, 0), N))

TRH(URECPE_v, simd1(t, SIMD_URECPE, 2, lanes_of(a->q, 2), N))
TRH(URSQRTE_v, simd1(t, SIMD_URSQRTE, 2, lanes_of(a->q, 2), N))

/* --- saturating arithmetic, which sets FPSR.QC, and shifts by a register --- */
#define HELPED2(name)                                                                              \
    TRH(name##_v, simd2(t, SIMD_##name, a->size, LANES, N, M))                                     \
    TRH(name##_s, simd2(t, SIMD_##name, a->size, 1, N, M))
/* the scalars of these are doublewords */
#define HELPED2_D(name)                                                                            \
    TRH(name##_v, simd2(t, SIMD_##name, a->size, LANES, N, M))                                     \
    TRH(name##_s, simd2(t, SIMD_##name, 3, 1, N, M))
HELPED2(SQADD)
HELPED2(UQADD)
HELPED2(SQSUB)
HELPED2(UQSUB)
HELPED2_D(SSHL)
HELPED2_D(USHL)
HELPED2_D(SRSHL)
HELPED2_D(URSHL)
HELPED2(SQSHL)
HELPED2(UQSHL)
HELPED2(SQRSHL)
HELPED2(UQRSHL)
HELPED2(SQDMULH)
HELPED2(SQRDMULH)

#define HELPED1(name)                                                                              \
    TRH(name##_v, simd1(t, SIMD_##name, a->size, LANES, N))                                        \
    TRH(name##_s, simd1(t, SIMD_##name, a->size, 1, N))
HELPED1(SQABS)
HELPED1(SQNEG)

#define HELPED_INTO(name)                                                                          \
    TRH(name##_v, simd2(t, SIMD_##name, a->size, LANES, D, N))                                     \
    TRH(name##_s, simd2(t, SIMD_##name, a->size, 1, D, N))
HELPED_INTO(SUQADD)
HELPED_INTO(USQADD)

#define HELPED_ELEMENT(name)                                                                       \
    TRH(name##_v_e, simd2(t, SIMD_##name, a->size, LANES, N, ELEMENT(a->size)))                    \
    TRH(name##_s_e, simd2(t, SIMD_##name, a->size, 1, N, ELEMENT(a->size)))
HELPED_ELEMENT(SQDMULH)
HELPED_ELEMENT(SQRDMULH)

#define HELPED_ACCUMULATE(name)                                                                    \
    TRH(name##_v, simd(t, SIMD_##name, a->size, LANES, 0, N, M, D))                                \
    TRH(name##_s, simd(t, SIMD_##name, a->size, 1, 0, N, M, D))                                    \
    TRH(name##_v_e, simd(t, SIMD_##name, a->size, LANES, 0, N, ELEMENT(a->size), D))               \
    TRH(name##_s_e, simd(t, SIMD_##name, a->size, 1, 0, N, ELEMENT(a->size), D))
HELPED_ACCUMULATE(SQRDMLAH)
HELPED_ACCUMULATE(SQRDMLSH)

/* --- dot products --- */
TRH(SDOT_v, simd(t, SIMD_SDOT, 2, lanes_of(a->q, 2), 0, N, M, D))
TRH(UDOT_v, simd(t, SIMD_UDOT, 2, lanes_of(a->q, 2), 0, N, M, D))
TRH(SDOT_v_e, simd(t, SIMD_SDOT, 2, lanes_of(a->q, 2), 0, N, ELEMENT(2), D))
TRH(UDOT_v_e, simd(t, SIMD_UDOT, 2, lanes_of(a->q, 2), 0, N, ELEMENT(2), D))
