/* SPDX-License-Identifier: BSD-2-Clause */
/* AdvSIMD moves of lanes: copy, permute, extract, table look-up, reverse, immediates. */
#include "dbt/a64/tr_simd.h"

/* --- copy: imm5 is index : 1 : zeros; the ones' place is the size --- */
#define SIZE5  ((unsigned)__builtin_ctz(a->imm5))
#define INDEX5 (a->imm5 >> (SIZE5 + 1))

TR(DUP_s, put(t, a->rd, v_lane(t, SIZE5, N, INDEX5)))
TR(DUP_v, put_v(t, a->q, a->rd, v_dup(t, SIZE5, N, INDEX5)))
TR(DUP_gen, put_v(t, a->q, a->rd, op1_imm(t, IR_VDUPX, get_x(t, true, a->rn), 0, SIZE5)))

static ir_ref insert(struct tr *t, unsigned rd, unsigned size, unsigned index, ir_ref value)
{
    return ir_emit(&t->b, IR_VINS, get_v(t, rd), value, IR_NONE, index, size);
}

TR(INS_gen, put(t, a->rd, insert(t, a->rd, SIZE5, INDEX5, get_x(t, true, a->rn))))
TR(INS_elt,
   put(t, a->rd, ir_emit(&t->b, IR_VINSV, D, N, IR_NONE, INDEX5 | (a->imm4 >> SIZE5) << 4, SIZE5)))

enum tr_result tr_UMOV(struct tr *t, const struct arg_UMOV *a)
{
    set_x(t, true, a->rd, op1_imm(t, IR_VGET, N, INDEX5, SIZE5));
    return TR_NEXT;
}

enum tr_result tr_SMOV(struct tr *t, const struct arg_SMOV *a)
{
    ir_ref lane = op1_imm(t, IR_VGET, N, INDEX5, SIZE5);
    ir_ref wide = op1_imm(t, IR_SBFX64, lane, 0, 8u << SIZE5);
    set_x(t, a->q, a->rd, a->q ? wide : op1(t, IR_TRUNC, wide));
    return TR_NEXT;
}

/* --- permute --- */
static ir_ref zip2(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    return q ? v_op(t, IR_VZIP2, size, n, m) : v_part(t, 1, v_op(t, IR_VZIP1, size, n, m));
}

#define PERMUTE(name, fn) TR(name, put_v(t, a->q, a->rd, fn))
PERMUTE(ZIP1, v_op(t, IR_VZIP1, a->size, N, M))
PERMUTE(ZIP2, zip2(t, a->q, a->size, N, M))
PERMUTE(UZP1, v_evens(t, a->q, a->size, N, M))
PERMUTE(UZP2, v_odds(t, a->q, a->size, N, M))
PERMUTE(TRN1, v_trn1(t, a->size, N, M))
PERMUTE(TRN2, v_trn2(t, a->size, N, M))

static ir_ref extract(struct tr *t, const struct arg_EXT_v *a)
{
    if (a->q) {
        return v_ext(t, N, M, a->imm4);
    }
    ir_ref both = v_op(t, IR_VZIP1, 3, N, M);
    return v_ext(t, both, both, a->imm4);
}

TR(EXT_v, put_v(t, a->q, a->rd, extract(t, a)))

#define REVERSE(name, log2_bytes, size)                                                            \
    TR(name, put_v(t, a->q, a->rd, op1_imm(t, IR_VREV, N, log2_bytes, size)))
REVERSE(REV64_v, 3, a->size)
REVERSE(REV32_v, 2, a->size)
REVERSE(REV16_v, 1, 0)

/* --- table look-up: one VTBL for each register of the table, its indices counted from its start
 * --- */
static ir_ref look_up(struct tr *t, const struct arg_TBL *a)
{
    ir_ref index = M, result = IR_NONE;
    for (unsigned n = 0; n <= a->len; n++) {
        ir_ref from = n ? v_op(t, IR_VSUB, 0, index, v_const(t, 0, 16 * n)) : index;
        ir_ref found = op2(t, IR_VTBL, get_v(t, (a->rn + n) % 32), from);
        result = n ? op2(t, IR_VOR, result, found) : found;
    }
    return result;
}

TR(TBL, put_v(t, a->q, a->rd, look_up(t, a)))

/* TBX keeps the bytes whose index is beyond the table. */
static ir_ref look_up_or_keep(struct tr *t, const struct arg_TBL *a)
{
    ir_ref last = v_op(t, IR_VUMIN, 0, M, v_const(t, 0, 16 * a->len + 15));
    return op3(t, IR_VBSL, v_op(t, IR_VCMPEQ, 0, last, M), look_up(t, a), D);
}

TR(TBX, put_v(t, a->q, a->rd, look_up_or_keep(t, a)))

/* --- modified immediate --- */
#define IMM8 (a->abc << 5 | a->defgh)

static uint64_t replicate(unsigned bits, uint64_t value)
{
    for (; bits < 64; bits *= 2) {
        value |= value << bits;
    }
    return value;
}

/* AdvSIMDExpandImm for cmode 0xxx, 10xx and 110x: a byte shifted left, with zeros or ones. */
static uint64_t expand(unsigned cmode, uint64_t imm8)
{
    if (cmode < 8) {
        return replicate(32, imm8 << 8 * (cmode >> 1));
    }
    if (cmode < 12) {
        return replicate(16, imm8 << 8 * (cmode >> 1 & 1));
    }
    return replicate(32, cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff);
}

static ir_ref both_halves(struct tr *t, unsigned q, uint64_t value)
{
    if (q) {
        return v_const(t, 3, value);
    }
    return value ? op1(t, IR_VFROM64, ir_const64(&t->b, value)) : v_zero(t);
}

TR(MOVI, put(t, a->rd, both_halves(t, a->q, expand(a->cmode, IMM8))))
TR(MVNI, put(t, a->rd, both_halves(t, a->q, ~expand(a->cmode, IMM8))))
TR(ORR_v_i, put_v(t, a->q, a->rd, op2(t, IR_VOR, D, v_const(t, 3, expand(a->cmode, IMM8)))))
TR(BIC_v_i, put_v(t, a->q, a->rd, op2(t, IR_VANDN, D, v_const(t, 3, expand(a->cmode, IMM8)))))

/* cmode 1110: bytes, or with op each bit of imm8 eight times. */
static uint64_t expand_bytes(unsigned op, uint64_t imm8)
{
    uint64_t value = 0;
    if (!op) {
        return replicate(8, imm8);
    }
    for (unsigned n = 0; n < 8; n++) {
        value |= bit(imm8, n) ? UINT64_C(0xff) << 8 * n : 0;
    }
    return value;
}

/* In the 64-bit scalar form (op, !q) too the upper half is zero. */
TR(MOVI_b, put(t, a->rd, both_halves(t, a->q, expand_bytes(a->op, IMM8))))
TR(FMOV_v_i,
   put(t, a->rd, both_halves(t, a->q, replicate(a->op ? 64 : 32, v_fp_imm(a->op ? 3 : 2, IMM8)))))
TR(FMOV_v_i_h, put(t, a->rd, both_halves(t, a->q, replicate(16, v_fp_imm(1, IMM8)))))
TR(FMOV_f_i, put(t, a->rd, both_halves(t, 0, v_fp_imm(v_fp_size(a->ftype), a->imm8))))

uint64_t v_fp_imm(unsigned size, unsigned imm8)
{
    static const uint8_t frac_bits[] = {0, 10, 23, 52};
    unsigned width = 8u << size, exp_bits = width - 1 - frac_bits[size];
    uint64_t exp = bit(imm8, 6) ? MASK(exp_bits - 2, 2) : BIT64(exp_bits - 1); /* NOT(b):b...b:00 */

    exp |= bits(imm8, 5, 4);
    return (uint64_t)bit(imm8, 7) << (width - 1) | exp << frac_bits[size] |
           bits(imm8, 3, 0) << (frac_bits[size] - 4);
}
