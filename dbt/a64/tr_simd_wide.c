/* SPDX-License-Identifier: BSD-2-Clause */
/* AdvSIMD instructions whose lanes become wider or narrower: three different, shifts, XTN. */
#include "dbt/a64/tr_simd.h"

/* Vn or Vm, lower (or when q upper) half of its lanes widened. */
#define WIDE(is_unsigned, v) v_widen(t, is_unsigned, a->q, a->size, v)
#define W                    (a->size + 1)

#define LONG(name, op, is_unsigned)                                                                \
    TR(name, put(t, a->rd, v_op(t, op, W, WIDE(is_unsigned, N), WIDE(is_unsigned, M))))
LONG(SADDL_v, IR_VADD, false)
LONG(UADDL_v, IR_VADD, true)
LONG(SSUBL_v, IR_VSUB, false)
LONG(USUBL_v, IR_VSUB, true)
TR(SADDW_v, put(t, a->rd, v_op(t, IR_VADD, W, N, WIDE(false, M))))
TR(UADDW_v, put(t, a->rd, v_op(t, IR_VADD, W, N, WIDE(true, M))))
TR(SSUBW_v, put(t, a->rd, v_op(t, IR_VSUB, W, N, WIDE(false, M))))
TR(USUBW_v, put(t, a->rd, v_op(t, IR_VSUB, W, N, WIDE(true, M))))

/* |n - m| of narrow lanes fits them unsigned; then it is widened. */
static ir_ref abdl(struct tr *t, bool is_unsigned, const struct arg_SABDL_v *a)
{
    enum ir_op max = is_unsigned ? IR_VUMAX : IR_VSMAX, min = is_unsigned ? IR_VUMIN : IR_VSMIN;
    ir_ref d = v_op(t, IR_VSUB, a->size, v_op(t, max, a->size, N, M), v_op(t, min, a->size, N, M));
    return WIDE(true, d);
}

TR(SABDL_v, put(t, a->rd, abdl(t, false, a)))
TR(UABDL_v, put(t, a->rd, abdl(t, true, a)))
TR(SABAL_v, put(t, a->rd, v_op(t, IR_VADD, W, D, abdl(t, false, a))))
TR(UABAL_v, put(t, a->rd, v_op(t, IR_VADD, W, D, abdl(t, true, a))))

static ir_ref mull(struct tr *t, bool is_unsigned, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    enum ir_op zip = q ? IR_VZIP2 : IR_VZIP1;
    switch (size) {
    case 0:
        n = v_widen(t, is_unsigned, q, 0, n);
        return v_op(t, IR_VMUL, 1, n, v_widen(t, is_unsigned, q, 0, m));
    case 1: return ir_emit(&t->b, IR_VMULLH, n, m, IR_NONE, q | (is_unsigned ? 2 : 0), 0);
    default: /* only the even words count */
        n = v_op(t, zip, 2, n, n);
        return v_op(t, is_unsigned ? IR_VUMULL : IR_VSMULL, 3, n, v_op(t, zip, 2, m, m));
    }
}

#define MULL(is_unsigned, m) mull(t, is_unsigned, a->q, a->size, N, m)
#define MUL_LONG(suffix, m)                                                                        \
    TR(SMULL_v##suffix, put(t, a->rd, MULL(false, m)))                                             \
    TR(UMULL_v##suffix, put(t, a->rd, MULL(true, m)))                                              \
    TR(SMLAL_v##suffix, put(t, a->rd, v_op(t, IR_VADD, W, D, MULL(false, m))))                     \
    TR(UMLAL_v##suffix, put(t, a->rd, v_op(t, IR_VADD, W, D, MULL(true, m))))                      \
    TR(SMLSL_v##suffix, put(t, a->rd, v_op(t, IR_VSUB, W, D, MULL(false, m))))                     \
    TR(UMLSL_v##suffix, put(t, a->rd, v_op(t, IR_VSUB, W, D, MULL(true, m))))
MUL_LONG(, M)
MUL_LONG(_e, ELEMENT(a->size))

/* Saturating doubling: the helper takes lanes from the first of the half on. */
static ir_ref sqdm(struct tr *t, enum simd_op op, unsigned q, unsigned size, unsigned lanes,
                   ir_ref n, ir_ref m, ir_ref d)
{
    return simd(t, op, size + 1, lanes, q ? 8u >> size : 0, n, m, d);
}

#define SQDM(suffix, op, m)                                                                        \
    TR(op##_v##suffix, put(t, a->rd, sqdm(t, SIMD_##op, a->q, a->size, 8u >> a->size, N, m, D)))   \
    TR(op##_s##suffix, put(t, a->rd, sqdm(t, SIMD_##op, 0, a->size, 1, N, m, D)))
SQDM(, SQDMULL, M)
SQDM(, SQDMLAL, M)
SQDM(, SQDMLSL, M)
SQDM(_e, SQDMULL, ELEMENT(a->size))
SQDM(_e, SQDMLAL, ELEMENT(a->size))
SQDM(_e, SQDMLSL, ELEMENT(a->size))

static ir_ref pmull(struct tr *t, const struct arg_PMULL_v *a)
{
    if (a->size == 3) {
        return ir_emit(&t->b, IR_VPMULL64, N, M, IR_NONE, a->q, 0);
    }
    return simd(t, SIMD_PMULL, 1, 8, a->q ? 8 : 0, N, M, IR_NONE);
}

TR(PMULL_v, put(t, a->rd, pmull(t, a)))

/* --- narrowing --- */
/* The low halves of the lanes of 16 << size bits, and zeros. */
static ir_ref xtn(struct tr *t, unsigned size, ir_ref v)
{
    return op1_imm(t, IR_VXTN, v, 0, size);
}

/* The high halves, after rounding when asked. */
static ir_ref high_half(struct tr *t, bool rounds, unsigned size, ir_ref v)
{
    unsigned bits = 8u << size;
    if (rounds) {
        v = v_op(t, IR_VADD, size + 1, v, v_const(t, size + 1, BIT64(bits - 1)));
    }
    return xtn(t, size, v_shift(t, IR_VUSHR, size + 1, v, bits));
}

#define HIGH(op, rounds)                                                                           \
    put_narrow(t, a->q, a->rd, high_half(t, rounds, a->size, v_op(t, op, W, N, M)))
TR(ADDHN_v, HIGH(IR_VADD, false))
TR(RADDHN_v, HIGH(IR_VADD, true))
TR(SUBHN_v, HIGH(IR_VSUB, false))
TR(RSUBHN_v, HIGH(IR_VSUB, true))
TR(XTN_v, put_narrow(t, a->q, a->rd, xtn(t, a->size, N)))
TR(SHLL_v, put(t, a->rd, v_shift(t, IR_VSHL, W, WIDE(true, N), 8u << a->size)))

#define SATURATE(size, lanes, shift, op) simd(t, SIMD_##op, size, lanes, shift, N, IR_NONE, IR_NONE)
#define SAT_XTN(name, op)                                                                          \
    TR(name##_v, put_narrow(t, a->q, a->rd, SATURATE(a->size, 8u >> a->size, 0, op)))              \
    TR(name##_s, put(t, a->rd, SATURATE(a->size, 1, 0, op)))
SAT_XTN(SQXTN, SQSHRN)
SAT_XTN(UQXTN, UQSHRN)
SAT_XTN(SQXTUN, SQSHRUN)

/* --- shifts by an immediate: immh:immb is 2 * bits - amount to the right, bits + amount to the
 * left --- */
#define SIZE_I (31u - (unsigned)__builtin_clz(a->immh))
#define RIGHT  ((16u << SIZE_I) - (a->immh << 3 | a->immb))
#define LEFT   ((a->immh << 3 | a->immb) - (8u << SIZE_I))

/* x >> n; rounding it is half, rounded up, of s = x >> (n - 1): s - (s >> 1). */
static ir_ref shr(struct tr *t, bool is_unsigned, bool rounds, unsigned size, ir_ref v, unsigned n)
{
    enum ir_op shift = is_unsigned ? IR_VUSHR : IR_VSSHR;
    if (!rounds) {
        return is_unsigned && n == 8u << size /* no shift: Bochs 2.7 leaves 64 >> 64 as it is */
                   ? v_zero(t)
                   : v_shift(t, shift, size, v, n);
    }
    ir_ref s = v_shift(t, shift, size, v, n - 1);
    return v_op(t, IR_VSUB, size, s, v_shift(t, shift, size, s, 1));
}

#define SHIFT_RIGHT(name, is_unsigned, rounds)                                                     \
    TR(name##SHR_v_i, put_v(t, a->q, a->rd, shr(t, is_unsigned, rounds, SIZE_I, N, RIGHT)))        \
    TR(name##SHR_s_i, put_v(t, 0, a->rd, shr(t, is_unsigned, rounds, 3, N, RIGHT)))                \
    TR(name##SRA_v_i,                                                                              \
       put_v(t, a->q, a->rd,                                                                       \
             v_op(t, IR_VADD, SIZE_I, D, shr(t, is_unsigned, rounds, SIZE_I, N, RIGHT))))          \
    TR(name##SRA_s_i,                                                                              \
       put_v(t, 0, a->rd, v_op(t, IR_VADD, 3, D, shr(t, is_unsigned, rounds, 3, N, RIGHT))))
SHIFT_RIGHT(S, false, false)
SHIFT_RIGHT(U, true, false)
SHIFT_RIGHT(SR, false, true)
SHIFT_RIGHT(UR, true, true)

TR(SHL_v_i, put_v(t, a->q, a->rd, v_shift(t, IR_VSHL, SIZE_I, N, LEFT)))
TR(SHL_s_i, put_v(t, 0, a->rd, v_shift(t, IR_VSHL, 3, N, LEFT)))

/* Shift and insert: the bits that the shift brings no news of stay as in d. */
static ir_ref sri(struct tr *t, unsigned size, ir_ref n, ir_ref d, unsigned amount)
{
    unsigned bits = 8u << size;
    ir_ref mask = v_const(t, size, amount == bits ? 0 : MASK(bits - 1, 0) >> amount);
    return op3(t, IR_VBSL, mask, v_shift(t, IR_VUSHR, size, n, amount), d);
}

static ir_ref sli(struct tr *t, unsigned size, ir_ref n, ir_ref d, unsigned amount)
{
    ir_ref mask = v_const(t, size, UINT64_MAX << amount);
    return op3(t, IR_VBSL, mask, v_shift(t, IR_VSHL, size, n, amount), d);
}

TR(SRI_v_i, put_v(t, a->q, a->rd, sri(t, SIZE_I, N, D, RIGHT)))
TR(SRI_s_i, put_v(t, 0, a->rd, sri(t, 3, N, D, RIGHT)))
TR(SLI_v_i, put_v(t, a->q, a->rd, sli(t, SIZE_I, N, D, LEFT)))
TR(SLI_s_i, put_v(t, 0, a->rd, sli(t, 3, N, D, LEFT)))

/* Saturating shifts to the left: as those by a register, the shift in the place of one. */
#define SAT_LEFT(name)                                                                             \
    TR(name##_v_i, put(t, a->rd, SATURATE(SIZE_I, lanes_of(a->q, SIZE_I), LEFT, name)))            \
    TR(name##_s_i, put(t, a->rd, SATURATE(SIZE_I, 1, LEFT, name)))
SAT_LEFT(SQSHLU)
SAT_LEFT(SQSHL)
SAT_LEFT(UQSHL)

TR(SHRN_v_i, put_narrow(t, a->q, a->rd, xtn(t, SIZE_I, v_shift(t, IR_VUSHR, SIZE_I + 1, N, RIGHT))))

static ir_ref rshrn(struct tr *t, unsigned size, ir_ref n, unsigned amount)
{
    n = v_op(t, IR_VADD, size + 1, n, v_const(t, size + 1, BIT64(amount - 1)));
    return xtn(t, size, v_shift(t, IR_VUSHR, size + 1, n, amount));
}

TR(RSHRN_v_i, put_narrow(t, a->q, a->rd, rshrn(t, SIZE_I, N, RIGHT)))

#define SAT_NARROW(name)                                                                           \
    TR(name##_v_i, put_narrow(t, a->q, a->rd, SATURATE(SIZE_I, 8u >> SIZE_I, RIGHT, name)))        \
    TR(name##_s_i, put(t, a->rd, SATURATE(SIZE_I, 1, RIGHT, name)))
SAT_NARROW(SQSHRUN)
SAT_NARROW(SQRSHRUN)
SAT_NARROW(SQSHRN)
SAT_NARROW(UQSHRN)
SAT_NARROW(SQRSHRN)
SAT_NARROW(UQRSHRN)

#define SHLL(is_unsigned)                                                                          \
    v_shift(t, IR_VSHL, SIZE_I + 1, v_widen(t, is_unsigned, a->q, SIZE_I, N), LEFT)
TR(SSHLL_v_i, put(t, a->rd, SHLL(false)))
TR(USHLL_v_i, put(t, a->rd, SHLL(true)))
