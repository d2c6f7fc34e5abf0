/* SPDX-License-Identifier: BSD-2-Clause */
/* Shifts by a register, and the saturating ones to the left by an immediate. */
/*
 * A lane's shift is the signed low byte of b: to the left, or when it is negative to the right. The
 * host's shifts by unsigned counts give nothing (or the sign) from the lane's bits on, so the
 * counts of both directions are taken modulo 256: the wrong one of them is too large to leave
 * anything.
 */
#include "dbt/x64/simd.h"

struct shift {
    unsigned size;
    bool is_unsigned, rounds;
};

static struct shift shift_of(const struct simd *s)
{
    enum simd_op op = s->op;

    return (struct shift){
        .size = s->size,
        .is_unsigned = op == SIMD_USHL || op == SIMD_URSHL || op == SIMD_UQSHL || op == SIMD_UQRSHL,
        .rounds = op == SIMD_SRSHL || op == SIMD_URSHL || op == SIMD_SQRSHL || op == SIMD_UQRSHL,
    };
}

/* d = a shifted to the right by -b; t is scratch. */
static void to_the_right(struct x64 *c, const struct shift *s, unsigned d, unsigned a, unsigned b,
                         unsigned t)
{
    emit_vrr(c, X_VPXOR, t, t, t);
    simd_sub(c, s->size, t, t, b);
    emit_vrm(c, X_VPAND, t, t, simd_const(c, s->size, 0xff));
    if (!s->rounds) {
        simd_shrv(c, s->size, !s->is_unsigned, d, a, t);
        return;
    }
    emit_vrm(c,
             s->size == 1   ? X_VPADDW
             : s->size == 2 ? X_VPADDD
                            : X_VPADDQ,
             t, t, simd_ones(c)); /* one less; of 0 a count that is too large */
    simd_shrv(c, s->size, !s->is_unsigned, d, a, t);
    simd_shr(c, s->size, !s->is_unsigned, t, d, 1);
    simd_sub(c, s->size, d, d, t);
}

/* t: for simd_blend, where b shifts to the right. */
static void find_negative(struct x64 *c, unsigned size, unsigned t, unsigned b)
{
    simd_shl(c, size, t, b, (8u << size) - 8);
    if (size == 1) { /* blended by bytes */
        simd_shr(c, 1, true, t, t, 15);
    }
}

/* All sizes that the host shifts by lanes. */
static void shift_lanes(struct x64 *c, const struct shift *s, unsigned d, unsigned a, unsigned b)
{
    unsigned left = x64_scratch_xmm(c), t = x64_scratch_xmm(c);

    to_the_right(c, s, d, a, b, t);
    emit_vrm(c, X_VPAND, t, b, simd_const(c, s->size, 0xff));
    simd_shlv(c, s->size, left, a, t);
    if (s->is_unsigned) {
        emit_vrr(c, X_VPOR, d, d, left); /* by 0 both are a, but rounded nothing */
        return;
    }
    find_negative(c, s->size, t, b);
    simd_blend(c, s->size, d, left, d, t);
}

/* The even lanes and the odd ones as lanes of twice their size. */
static void shift_small_lanes(struct x64 *c, const struct shift *s, unsigned d, unsigned a,
                              unsigned b)
{
    struct shift wide = *s;
    unsigned bits = 8u << s->size, x = x64_scratch_xmm(c), y = x64_scratch_xmm(c),
             even = x64_scratch_xmm(c);
    void (*shift)(struct x64 *, const struct shift *, unsigned, unsigned, unsigned);
    uint32_t scratch = c->scratch;

    wide.size++;
    shift = simd_has_variable_shift(c, wide.size) ? shift_lanes : shift_small_lanes;
    simd_shl(c, wide.size, x, a, bits);
    simd_shr(c, wide.size, !s->is_unsigned, x, x, bits);
    shift(c, &wide, even, x, b);
    x64_scratch_drop(c, scratch);
    simd_shr(c, wide.size, !s->is_unsigned, x, a, bits);
    simd_shr(c, wide.size, false, y, b, bits);
    shift(c, &wide, d, x, y);
    simd_shl(c, wide.size, d, d, bits);
    if (s->size == 1) {
        emit_vrri(c, X_VPBLENDW, d, even, d, 0xaa);
    } else {
        emit_vrm(c, X_VPAND, even, even, simd_const(c, 1, 0x00ff));
        emit_vrr(c, X_VPOR, d, d, even);
    }
}

void simd_shift(struct x64 *c, const struct simd *s)
{
    struct shift shift = shift_of(s);
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c);

    if (simd_has_variable_shift(c, s->size)) {
        shift_lanes(c, &shift, d, a, b);
    } else {
        shift_small_lanes(c, &shift, d, a, b);
    }
    simd_cut(c, d, s->bytes);
}

/* --- saturating --- */
/* Where what was shifted to the left and back is not a, the lane becomes its limit. */
static void limit(struct x64 *c, unsigned size, bool is_unsigned, unsigned d, unsigned a,
                  unsigned back)
{
    unsigned fits = x64_scratch_xmm(c), limit = x64_scratch_xmm(c);

    simd_cmpeq(c, size, fits, back, a);
    if (is_unsigned) {
        emit_vrr(c, X_VPCMPEQD, limit, limit, limit);
    } else {
        simd_sign(c, size, limit, a);
        emit_vrm(c, X_VPXOR, limit, limit, simd_max(c, size));
    }
    simd_blend(c, size, d, limit, d, fits);
}

static void left_by_immediate(struct x64 *c, const struct simd *s)
{
    bool is_unsigned = s->op != SIMD_SQSHL;
    unsigned a = x64_use(c, 0), d = x64_def(c), back = x64_scratch_xmm(c), from = a;

    if (s->op == SIMD_SQSHLU) { /* of what is negative 0 is left */
        from = x64_scratch_xmm(c);
        simd_sign(c, s->size, from, a);
        emit_vrr(c, X_VPANDN, from, from, a);
    }
    simd_shl(c, s->size, d, from, s->shift);
    simd_shr(c, s->size, !is_unsigned, back, d, s->shift);
    limit(c, s->size, is_unsigned, d, from, back);
    emit_vrr(c, X_VPXOR, back, back, a);
    simd_cut(c, d, s->bytes);
    simd_qc(c, back, s->bytes);
}

/* d of lanes that b shifts to the right is that of `right`, and nothing is lost. t is scratch. */
static void join_directions(struct x64 *c, const struct simd *s, unsigned d, unsigned right,
                            unsigned lost, unsigned b, unsigned t)
{
    find_negative(c, s->size, t, b);
    simd_blend(c, s->size, d, d, right, t);
    emit_vrr(c, X_VPXOR, right, right, right);
    simd_blend(c, s->size, lost, lost, right, t);
    simd_cut(c, d, s->bytes);
    simd_qc(c, lost, s->bytes);
}

static void left_or_right(struct x64 *c, const struct simd *s)
{
    struct shift shift = shift_of(s);
    unsigned size = s->size, a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c),
             right = x64_scratch_xmm(c), t = x64_scratch_xmm(c), back = x64_scratch_xmm(c);

    to_the_right(c, &shift, right, a, b, t);
    emit_vrm(c, X_VPAND, t, b, simd_const(c, size, 0xff));
    simd_shlv(c, size, d, a, t);
    simd_shrv(c, size, !shift.is_unsigned, back, d, t);
    limit(c, size, shift.is_unsigned, d, a, back);
    emit_vrr(c, X_VPXOR, back, back, a);
    join_directions(c, s, d, right, back, b, t);
}

/* Lane k of those in a wider one, shifted to the left at the wider lane's top, where what saturates
 * it saturates the wider one. d, lost: OR of the results and of what shifting back does not
 * restore, in their places. */
static void left_in_wide(struct x64 *c, const struct shift *s, unsigned wide, unsigned k,
                         const unsigned arg[2], unsigned d, unsigned lost)
{
    uint32_t scratch = c->scratch;
    unsigned bits = 8u << s->size, up = (8u << wide) - bits * (k + 1), x = x64_scratch_xmm(c),
             n = x64_scratch_xmm(c), r = x64_scratch_xmm(c), back = x64_scratch_xmm(c);
    struct x86_mem top =
        simd_const(c, wide, MASK((8u << wide) - 1, 0) & ~MASK((8u << wide) - bits - 1, 0));

    simd_shl(c, wide, x, arg[0], up);
    emit_vrm(c, X_VPAND, x, x, top);
    simd_shr(c, wide, false, n, arg[1], bits * k);
    emit_vrm(c, X_VPAND, n, n, simd_const(c, wide, 0xff));
    simd_shlv(c, wide, r, x, n);
    simd_shrv(c, wide, !s->is_unsigned, back, r, n);
    limit(c, wide, s->is_unsigned, r, x, back);
    emit_vrr(c, X_VPXOR, back, back, x);
    emit_vrm(c, X_VPAND, r, r, top);
    simd_shr(c, wide, false, r, r, up);
    simd_shr(c, wide, false, back, back, up);
    emit_vrr(c, X_VPOR, d, d, r);
    emit_vrr(c, X_VPOR, lost, lost, back);
    x64_scratch_drop(c, scratch);
}

/* Sizes that the host does not shift by lanes. */
static void left_or_right_small(struct x64 *c, const struct simd *s)
{
    struct shift shift = shift_of(s);
    unsigned size = s->size, wide = simd_has_variable_shift(c, 1) ? 1 : 2, a = x64_use(c, 0),
             b = x64_use(c, 1), d = x64_def(c), right = x64_scratch_xmm(c), lost = simd_zero(c);
    const unsigned arg[2] = {a, b};
    uint32_t scratch = c->scratch;

    shift_small_lanes(c, &shift, right, a, b);
    x64_scratch_drop(c, scratch);
    emit_vrr(c, X_VPXOR, d, d, d);
    for (unsigned k = 0; k < 1u << (wide - size); k++) {
        left_in_wide(c, &shift, wide, k, arg, d, lost);
    }
    join_directions(c, s, d, right, lost, b, x64_scratch_xmm(c));
}

void simd_sat_shift(struct x64 *c, const struct simd *s)
{
    if (!s->has_b) {
        left_by_immediate(c, s);
    } else if (simd_has_variable_shift(c, s->size)) {
        left_or_right(c, s);
    } else {
        left_or_right_small(c, s);
    }
}
