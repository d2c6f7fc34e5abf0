/* SPDX-License-Identifier: BSD-2-Clause */
/* What the translators of AdvSIMD and FP share: vector operands, short forms of vector rows. */
/*
 * A translator is mostly one expression over N, M and D, the values of Vn, Vm and Vd. `size` is the
 * manual's (log2 of a lane's bytes), `q` says 128 or 64 bits. Rows compute all 128 bits; put_v
 * zeroes the upper half where q is 0. Helpers compute as many lanes as they are asked and zero the
 * rest.
 */
#pragma once

#include "dbt/a64/tr.h"
#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"

static inline ir_ref get_v(struct tr *t, unsigned n)
{
    return ir_getv(&t->b, n);
}

/* The registers of the arguments `a` that every translator has. */
#define N get_v(t, a->rn)
#define M get_v(t, a->rm)
#define D get_v(t, a->rd)

/* --- rows --- */
static inline ir_ref v_op(struct tr *t, enum ir_op op, unsigned size, ir_ref a, ir_ref b)
{
    return ir_emit(&t->b, op, a, b, IR_NONE, 0, size);
}

static inline ir_ref v_zero(struct tr *t)
{
    return ir_op0(&t->b, IR_VZERO, 0);
}

/* value in each lane of size. */
static inline ir_ref v_const(struct tr *t, unsigned size, uint64_t value)
{
    value &= MASK((8u << size) - 1, 0);
    for (unsigned bits = 8u << size; bits < 64; bits *= 2) {
        value |= value << bits;
    }
    return value ? ir_op0(&t->b, IR_VCONST, value) : v_zero(t);
}

/* The low `size` bytes' lane of v, the rest zero. */
static inline ir_ref v_low(struct tr *t, unsigned size, ir_ref v)
{
    return op1_imm(t, IR_VLOW, v, 0, size);
}

static inline ir_ref v_not(struct tr *t, ir_ref v)
{
    return op2(t, IR_VXOR, v, v_const(t, 3, UINT64_MAX));
}

static inline ir_ref v_neg(struct tr *t, unsigned size, ir_ref v)
{
    return v_op(t, IR_VSUB, size, v_zero(t), v);
}

/* VSHL, VUSHR, VSSHR by n, which may be 0. */
static inline ir_ref v_shift(struct tr *t, enum ir_op op, unsigned size, ir_ref v, unsigned n)
{
    return n ? op1_imm(t, op, v, n, size) : v;
}

/* Bytes n.. (0..15) of high:low. */
static inline ir_ref v_ext(struct tr *t, ir_ref low, ir_ref high, unsigned n)
{
    return n ? ir_emit(&t->b, IR_VEXT, low, high, IR_NONE, n, 0) : low;
}

/* The upper half of v in the lower one, when q. */
static inline ir_ref v_part(struct tr *t, unsigned q, ir_ref v)
{
    return q ? v_op(t, IR_VZIP2, 3, v, v) : v;
}

static inline ir_ref v_dup(struct tr *t, unsigned size, ir_ref v, unsigned index)
{
    return op1_imm(t, IR_VDUP, v, index, size);
}

/* One lane alone in a register. */
static inline ir_ref v_lane(struct tr *t, unsigned size, ir_ref v, unsigned index)
{
    return v_low(t, size, v_ext(t, v, v, index << size));
}

/* Even and odd lanes of the vector (8 << q bytes) m:n. */
ir_ref v_evens(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m);
ir_ref v_odds(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m);

/* TRN1 and TRN2. */
ir_ref v_trn1(struct tr *t, unsigned size, ir_ref n, ir_ref m);
ir_ref v_trn2(struct tr *t, unsigned size, ir_ref n, ir_ref m);

/* op over the first `lanes` lanes of v, in lane 0 of the result; the other lanes are anything. */
ir_ref v_reduce(struct tr *t, enum ir_op op, unsigned size, unsigned lanes, ir_ref v);

/* Half of the lanes of v (the upper half when q), widened. */
static inline ir_ref v_widen(struct tr *t, bool is_unsigned, unsigned q, unsigned size, ir_ref v)
{
    return op1_imm(t, is_unsigned ? IR_VUXL : IR_VSXL, v_part(t, q, v), 0, size);
}

/* --- results --- */
static inline enum tr_result put(struct tr *t, unsigned rd, ir_ref v)
{
    ir_setv(&t->b, rd, v);
    return TR_NEXT;
}

static inline enum tr_result put_v(struct tr *t, unsigned q, unsigned rd, ir_ref v)
{
    return put(t, rd, q ? v : v_low(t, 3, v));
}

/* A result of 64 bits, zeros above, into the lower half (the upper one becomes zero), or when q the
 * upper half. */
static inline enum tr_result put_narrow(struct tr *t, unsigned q, unsigned rd, ir_ref v)
{
    return put(t, rd, q ? v_op(t, IR_VZIP1, 3, get_v(t, rd), v) : v);
}

static inline unsigned lanes_of(unsigned q, unsigned size)
{
    return (q ? 16u : 8u) >> size;
}

/* --- what help_simd does --- */
static inline ir_ref simd(struct tr *t, enum simd_op op, unsigned size, unsigned lanes,
                          unsigned shift, ir_ref a, ir_ref b, ir_ref c)
{
    enum ir_op row = simd_saturates(op) ? IR_VINTQ : IR_VINT;
    return ir_emit(&t->b, row, a, b, c, SIMD_IMM(op, size, lanes, shift), 0);
}

static inline ir_ref simd2(struct tr *t, enum simd_op op, unsigned size, unsigned lanes, ir_ref a,
                           ir_ref b)
{
    return simd(t, op, size, lanes, 0, a, b, IR_NONE);
}

static inline ir_ref simd1(struct tr *t, enum simd_op op, unsigned size, unsigned lanes, ir_ref a)
{
    return simd(t, op, size, lanes, 0, a, IR_NONE, IR_NONE);
}

/* --- floating point (tr_fp_ops.c): imm as dbt/fp/ops.h has it for the helper of this name --- */
ir_ref fp3(struct tr *t, enum fp_op op, unsigned size, unsigned count, ir_ref a, ir_ref b,
           ir_ref c);

static inline ir_ref fp2(struct tr *t, enum fp_op op, unsigned size, unsigned lanes, ir_ref a,
                         ir_ref b)
{
    return fp3(t, op, size, lanes, a, b, IR_NONE);
}

/* aux and fbits as FP_IMM has them. */
ir_ref fp1(struct tr *t, enum fp_op op, unsigned size, unsigned lanes, unsigned aux, unsigned fbits,
           ir_ref a);

/* Lanes first.. of a from one format to another (FPCR's rounding, or to odd). */
ir_ref fp_cvt(struct tr *t, unsigned from, unsigned to, unsigned lanes, unsigned first, bool odd,
              ir_ref a);

ir_ref fp_to_int(struct tr *t, unsigned size, uint32_t imm, ir_ref a);
ir_ref fp_js(struct tr *t, ir_ref a);
ir_ref fp_from_int(struct tr *t, unsigned size, uint32_t imm, ir_ref a);
/* FPCompare as a FLAGS value. */
ir_ref fp_cmp(struct tr *t, unsigned size, bool signal, ir_ref a, ir_ref b);

/* VFPExpandImm: a number of size from eight bits. */
uint64_t v_fp_imm(unsigned size, unsigned imm8);

/* The size that ftype names: single, double, (none), half. */
static inline unsigned v_fp_size(unsigned ftype)
{
    return ftype == 3 ? FP_HALF : 2 + ftype;
}

/* --- by element: Vm and index from the fields l, m, h and rm:4 of the encoding, by lane size ---
 */
static inline ir_ref element(struct tr *t, unsigned size, unsigned l, unsigned m, unsigned h,
                             unsigned rm)
{
    switch (size) {
    case 1: return v_dup(t, 1, get_v(t, rm), h << 2 | l << 1 | m);
    case 2: return v_dup(t, 2, get_v(t, m << 4 | rm), h << 1 | l);
    default: return v_dup(t, 3, get_v(t, m << 4 | rm), h);
    }
}
#define ELEMENT(size) element(t, size, a->l, a->m, a->h, a->rm)
