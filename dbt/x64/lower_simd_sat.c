/* SPDX-License-Identifier: BSD-2-Clause */
/* Saturating addition, subtraction, absolute value, negation. */
/*
 * QC is gathered from a vector that has a bit in each lane that saturated, without a branch: the
 * difference to the operation that wraps, or the sign of the overflow.
 */
#include "dbt/x64/simd.h"

/* Bytes and halfwords: the host has both operations. */
static void small_sum(struct x64 *c, const struct simd *s, bool is_unsigned, bool subtract,
                      unsigned d, unsigned a, unsigned b)
{
    static const x86_form forms[2][2][2] = {
        {{X_VPADDSB, X_VPADDSW}, {X_VPSUBSB, X_VPSUBSW}},
        {{X_VPADDUSB, X_VPADDUSW}, {X_VPSUBUSB, X_VPSUBUSW}},
    };
    unsigned t = x64_scratch_xmm(c);

    emit_vrr(c, forms[is_unsigned][subtract][s->size], d, a, b);
    (subtract ? simd_sub : simd_add)(c, s->size, t, a, b);
    emit_vrr(c, X_VPXOR, t, t, d);
    simd_qc(c, t, s->bytes);
}

/* The sign of t: the sum (or difference) d overflowed. */
static void find_overflow(struct x64 *c, bool subtract, unsigned t, unsigned a, unsigned b,
                          unsigned d)
{
    unsigned u;

    if (simd_avx512(c)) {
        emit_rr(c, X_VMOVDQA_RM, t, a);
        emit_vrri(c, X_VPTERNLOGQ, t, b, d, subtract ? 0x18 : 0x42);
        return;
    }
    u = x64_scratch_xmm(c);
    emit_vrr(c, X_VPXOR, t, a, d);
    emit_vrr(c, X_VPXOR, u, subtract ? a : d, b);
    emit_vrr(c, X_VPAND, t, t, u);
}

void simd_signed_sum(struct x64 *c, const struct simd *s, bool subtract, unsigned d, unsigned a,
                     unsigned b)
{
    unsigned t, limit;

    if (s->size < 2) {
        small_sum(c, s, false, subtract, d, a, b);
        return;
    }
    t = x64_scratch_xmm(c);
    limit = x64_scratch_xmm(c);
    (subtract ? simd_sub : simd_add)(c, s->size, d, a, b);
    find_overflow(c, subtract, t, a, b, d);
    simd_sign(c, s->size, limit, d); /* the sign of a sum that overflowed is wrong */
    emit_vrm(c, X_VPXOR, limit, limit, simd_min(c, s->size));
    simd_blend(c, s->size, d, d, limit, t);
    simd_shr(c, s->size, false, t, t, (8u << s->size) - 1);
    simd_qc(c, t, s->bytes);
}

/* d = a + min(b, ~a), or max(a, b) - b; where the host has these. */
static void clamped_sum(struct x64 *c, const struct simd *s, bool subtract, unsigned d, unsigned a,
                        unsigned b)
{
    bool wide = s->size == 3;
    unsigned t = x64_scratch_xmm(c);

    if (subtract) {
        emit_vrr(c, wide ? X_VPMAXUQ : X_VPMAXUD, t, a, b);
        simd_sub(c, s->size, d, t, b);
        emit_vrr(c, X_VPXOR, t, t, a);
    } else {
        emit_vrm(c, X_VPXOR, t, a, simd_ones(c));
        emit_vrr(c, wide ? X_VPMINUQ : X_VPMINUD, t, t, b);
        simd_add(c, s->size, d, a, t);
        emit_vrr(c, X_VPXOR, t, t, b);
    }
    simd_qc(c, t, s->bytes);
}

/* The carry of 64 bits is found by a signed comparison of biased numbers. */
static void carried_sum(struct x64 *c, const struct simd *s, bool subtract, unsigned d, unsigned a,
                        unsigned b)
{
    unsigned t = x64_scratch_xmm(c), u = x64_scratch_xmm(c);

    (subtract ? simd_sub : simd_add)(c, 3, d, a, b);
    emit_vrm(c, X_VPXOR, t, subtract ? b : a, simd_min(c, 3));
    emit_vrm(c, X_VPXOR, u, subtract ? a : d, simd_min(c, 3));
    emit_vrr(c, X_VPCMPGTQ, t, t, u);
    emit_vrr(c, subtract ? X_VPANDN : X_VPOR, d, t, d);
    simd_qc(c, t, s->bytes);
}

static void unsigned_sum(struct x64 *c, const struct simd *s, bool subtract, unsigned d, unsigned a,
                         unsigned b)
{
    if (s->size < 2) {
        small_sum(c, s, true, subtract, d, a, b);
    } else if (s->size == 2 || simd_avx512(c)) {
        clamped_sum(c, s, subtract, d, a, b);
    } else {
        carried_sum(c, s, subtract, d, a, b);
    }
}

void simd_sum(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c);
    bool is_unsigned = s->op == SIMD_UQADD || s->op == SIMD_UQSUB;
    bool subtract = s->op == SIMD_SQSUB || s->op == SIMD_UQSUB;

    (is_unsigned ? unsigned_sum : simd_signed_sum)(c, s, subtract, d, a, b);
    simd_cut(c, d, s->bytes);
}

/* With the first number biased, the sum saturates as one of the second's kind. */
void simd_mixed_sum(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c), biased = x64_scratch_xmm(c);

    emit_vrm(c, X_VPXOR, biased, a, simd_min(c, s->size));
    (s->op == SIMD_SUQADD ? unsigned_sum : simd_signed_sum)(c, s, false, d, biased, b);
    emit_vrm(c, X_VPXOR, d, d, simd_min(c, s->size));
    simd_cut(c, d, s->bytes);
}

static void absolute(struct x64 *c, unsigned size, unsigned d, unsigned a)
{
    static const x86_form forms[] = {X_VPABSB, X_VPABSW, X_VPABSD, X_VPABSQ};
    unsigned sign;

    if (size < 3 || simd_avx512(c)) {
        emit_rr(c, forms[size], d, a);
        return;
    }
    sign = x64_scratch_xmm(c);
    simd_sign(c, 3, sign, a);
    emit_vrr(c, X_VPXOR, d, a, sign);
    simd_sub(c, 3, d, d, sign);
}

/* Only the least number has no counterpart; its wrapped result, itself, becomes one less. */
void simd_magnitude(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), d = x64_def(c), t = x64_scratch_xmm(c);

    if (s->op == SIMD_SQABS) {
        absolute(c, s->size, d, a);
    } else {
        emit_vrr(c, X_VPXOR, d, d, d);
        simd_sub(c, s->size, d, d, a);
    }
    simd_cmpeq_m(c, s->size, t, d, simd_min(c, s->size));
    simd_add(c, s->size, d, d, t);
    simd_cut(c, d, s->bytes);
    simd_qc(c, t, s->bytes);
}
