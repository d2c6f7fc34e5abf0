/* SPDX-License-Identifier: BSD-2-Clause */
/* Saturating doubling products, dot products, products of polynomials. */
/*
 * A doubled product saturates only where both factors are the least number; what wraps to then, the
 * least number again, nothing else gives, so it is found in the result and made one less.
 */
#include "dbt/x64/simd.h"

static void saturate_least(struct x64 *c, const struct simd *s, unsigned d)
{
    unsigned t = x64_scratch_xmm(c);

    simd_cmpeq_m(c, s->size, t, d, simd_min(c, s->size));
    simd_add(c, s->size, d, d, t);
    simd_qc(c, t, s->bytes);
}

/* Products of the even words, and of the odd ones. */
static void products_of_words(struct x64 *c, unsigned even, unsigned odd, unsigned a, unsigned b)
{
    emit_vri(c, X_VPSRLQ, even, a, 32);
    emit_vri(c, X_VPSRLQ, odd, b, 32);
    emit_vrr(c, X_VPMULDQ, odd, even, odd);
    emit_vrr(c, X_VPMULDQ, even, a, b);
}

static void high_words(struct x64 *c, bool rounds, unsigned d, unsigned a, unsigned b)
{
    unsigned even = x64_scratch_xmm(c);

    products_of_words(c, even, d, a, b);
    emit_vrr(c, X_VPADDQ, even, even, even);
    emit_vrr(c, X_VPADDQ, d, d, d);
    if (rounds) {
        emit_vrm(c, X_VPADDQ, even, even, simd_const(c, 3, BIT64(31)));
        emit_vrm(c, X_VPADDQ, d, d, simd_const(c, 3, BIT64(31)));
    }
    emit_vri(c, X_VPSRLQ, even, even, 32);
    emit_vrri(c, X_VPBLENDW, d, even, d, 0xcc);
}

static void high_halfwords(struct x64 *c, bool rounds, unsigned d, unsigned a, unsigned b)
{
    unsigned low;

    if (rounds) {
        emit_vrr(c, X_VPMULHRSW, d, a, b);
        return;
    }
    low = x64_scratch_xmm(c);
    emit_vrr(c, X_VPMULHW, d, a, b);
    emit_vrr(c, X_VPMULLW, low, a, b);
    emit_vri(c, X_VPSRLW, low, low, 15);
    emit_vrr(c, X_VPADDW, d, d, d);
    emit_vrr(c, X_VPADDW, d, d, low);
}

void simd_mul_high(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c);

    (s->size == 1 ? high_halfwords : high_words)(c, s->op == SIMD_SQRDMULH, d, a, b);
    saturate_least(c, s, d);
    simd_cut(c, d, s->bytes);
}

/* d: the doubled products of the lower or upper lanes of half the size. */
static void long_products(struct x64 *c, const struct simd *s, unsigned d, unsigned a, unsigned b)
{
    unsigned t = x64_scratch_xmm(c);

    if (s->size == 2) {
        emit_vrr(c, X_VPMULHW, t, a, b);
        emit_vrr(c, X_VPMULLW, d, a, b);
        emit_vrr(c, s->shift ? X_VPUNPCKHWD : X_VPUNPCKLWD, d, d, t);
    } else {
        emit_rri(c, X_VPSHUFD, t, a, s->shift ? 0xfa : 0x50);
        emit_rri(c, X_VPSHUFD, d, b, s->shift ? 0xfa : 0x50);
        emit_vrr(c, X_VPMULDQ, d, d, t);
    }
    simd_add(c, s->size, d, d, d);
}

void simd_mul_long(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), to, product, d;

    if (s->op == SIMD_SQDMULL) {
        d = x64_def(c);
        long_products(c, s, d, a, b);
        saturate_least(c, s, d);
    } else {
        to = x64_use(c, 2);
        d = x64_def(c);
        product = x64_scratch_xmm(c);
        long_products(c, s, product, a, b);
        saturate_least(c, s, product);
        simd_signed_sum(c, s, s->op == SIMD_SQDMLSL, d, to, product);
    }
    simd_cut(c, d, s->bytes);
}

/* --- SQRDMLAH, SQRDMLSH: (to * 2^bits + 2ab + 2^(bits - 1)) >> bits is what is above bit bits - 1
 * of half of that sum, which fits lanes of twice the size. --- */
static void accumulate(struct x64 *c, const struct simd *s, unsigned product, unsigned to)
{
    unsigned wide = s->size + 1, bits = 8u << s->size;

    /* `to` is in the upper half of the lane */
    simd_shr(c, wide, true, to, to, 1);
    if (s->op == SIMD_SQRDMLAH) {
        simd_add(c, wide, to, to, product);
    } else {
        simd_sub(c, wide, to, to, product);
    }
    emit_vrm(c, wide == 2 ? X_VPADDD : X_VPADDQ, product, to, simd_const(c, wide, BIT64(bits - 2)));
}

static void mul_add_halfwords(struct x64 *c, const struct simd *s, unsigned d, unsigned a,
                              unsigned b, unsigned to)
{
    unsigned high = x64_scratch_xmm(c), low = x64_scratch_xmm(c), t = x64_scratch_xmm(c),
             wrapped = x64_scratch_xmm(c);

    emit_vrr(c, X_VPMULHW, t, a, b);
    emit_vrr(c, X_VPMULLW, d, a, b);
    emit_vrr(c, X_VPUNPCKLWD, low, d, t);
    emit_vrr(c, X_VPUNPCKHWD, high, d, t);
    emit_vrr(c, X_VPXOR, d, d, d);
    emit_vrr(c, X_VPUNPCKLWD, t, d, to);
    accumulate(c, s, low, t);
    emit_vrr(c, X_VPUNPCKHWD, t, d, to);
    accumulate(c, s, high, t);
    simd_shr(c, 2, true, low, low, 15);
    simd_shr(c, 2, true, high, high, 15);
    emit_vrr(c, X_VPACKSSDW, d, low, high);
    for (unsigned half = 0; half < 2; half++) { /* what the result is without saturation */
        unsigned v = half ? high : low;

        emit_vri(c, X_VPSLLD, v, v, 16);
        emit_vri(c, X_VPSRAD, v, v, 16);
    }
    emit_vrr(c, X_VPACKSSDW, wrapped, low, high);
    emit_vrr(c, X_VPXOR, wrapped, wrapped, d);
    simd_qc(c, wrapped, s->bytes);
}

/* The sums fit 63 bits: the result is in bits 62..31, and overflows where bit 63 is another. */
static void mul_add_words(struct x64 *c, const struct simd *s, unsigned d, unsigned a, unsigned b,
                          unsigned to)
{
    unsigned even = x64_scratch_xmm(c), odd = x64_scratch_xmm(c), t = x64_scratch_xmm(c),
             sign = x64_scratch_xmm(c);

    products_of_words(c, even, odd, a, b);
    emit_vri(c, X_VPSLLQ, t, to, 32);
    accumulate(c, s, even, t);
    emit_vri(c, X_VPSRLQ, t, to, 32);
    emit_vri(c, X_VPSLLQ, t, t, 32);
    accumulate(c, s, odd, t);
    emit_vri(c, X_VPSRLQ, sign, even, 32);
    emit_vrri(c, X_VPBLENDW, sign, sign, odd, 0xcc);
    emit_vri(c, X_VPSRLQ, even, even, 31);
    emit_vri(c, X_VPSLLQ, odd, odd, 1);
    emit_vrri(c, X_VPBLENDW, d, even, odd, 0xcc);
    emit_vrr(c, X_VPXOR, t, sign, d);
    emit_vri(c, X_VPSRAD, sign, sign, 31);
    emit_vrm(c, X_VPXOR, sign, sign, simd_max(c, 2));
    simd_blend(c, 2, d, d, sign, t);
    emit_vri(c, X_VPSRLD, t, t, 31);
    simd_qc(c, t, s->bytes);
}

void simd_mul_add_high(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), to = x64_use(c, 2), d = x64_def(c);

    (s->size == 1 ? mul_add_halfwords : mul_add_words)(c, s, d, a, b, to);
    simd_cut(c, d, s->bytes);
}

/* --- dot products --- */
/* VPDPBUSD multiplies unsigned by signed bytes: one side is biased by 128, and what that adds (or
 * takes) is taken off. */
static void dot_biased(struct x64 *c, bool is_unsigned, unsigned d, unsigned a, unsigned b)
{
    unsigned t = x64_scratch_xmm(c), bias = x64_scratch_xmm(c);
    struct x86_mem c128 = simd_const(c, 0, 0x80);

    emit_vrr(c, X_VPXOR, bias, bias, bias);
    if (is_unsigned) {
        emit_vrm(c, X_VPXOR, t, b, c128);
        emit_vrr(c, X_VPDPBUSD, d, a, t);
        emit_vrm(c, X_VPDPBUSD, bias, a, c128); /* as signed: -128 */
    } else {
        emit_vrm(c, X_VPXOR, t, a, c128);
        emit_vrr(c, X_VPDPBUSD, d, t, b);
        emit_rm(c, X_VMOVDQA_RM, t, c128);
        emit_vrr(c, X_VPDPBUSD, bias, t, b);
    }
    emit_vrr(c, X_VPSUBD, d, d, bias);
}

/* The even and the odd bytes as halfwords, whose products are added in pairs. */
static void dot_by_halfwords(struct x64 *c, bool is_unsigned, unsigned d, unsigned a, unsigned b)
{
    unsigned x = x64_scratch_xmm(c), y = x64_scratch_xmm(c);

    simd_shr(c, 1, !is_unsigned, x, a, 8);
    simd_shr(c, 1, !is_unsigned, y, b, 8);
    emit_vrr(c, X_VPMADDWD, x, x, y);
    emit_vrr(c, X_VPADDD, d, d, x);
    if (is_unsigned) {
        emit_vrm(c, X_VPAND, x, a, simd_const(c, 1, 0xff));
        emit_vrm(c, X_VPAND, y, b, simd_const(c, 1, 0xff));
    } else {
        simd_shl(c, 1, x, a, 8);
        simd_shr(c, 1, true, x, x, 8);
        simd_shl(c, 1, y, b, 8);
        simd_shr(c, 1, true, y, y, 8);
    }
    emit_vrr(c, X_VPMADDWD, x, x, y);
    emit_vrr(c, X_VPADDD, d, d, x);
}

void simd_dot(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def_from(c, 2);

    (c->env->features & X64_VNNI ? dot_biased : dot_by_halfwords)(c, s->op == SIMD_UDOT, d, a, b);
    simd_cut(c, d, s->bytes);
}

/* --- polynomials: for each bit of b the other factor, shifted, in lanes of 16 bits --- */
static void multiply_polynomials(struct x64 *c, unsigned d, unsigned a, unsigned b)
{
    unsigned mask = x64_scratch_xmm(c), t = x64_scratch_xmm(c);

    emit_vrr(c, X_VPXOR, d, d, d);
    for (unsigned n = 0; n < 8; n++) {
        simd_shl(c, 1, mask, b, 15 - n);
        simd_shr(c, 1, true, mask, mask, 15);
        simd_shl(c, 1, t, a, n);
        emit_vrr(c, X_VPAND, t, t, mask);
        emit_vrr(c, X_VPXOR, d, d, t);
    }
}

void simd_poly(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), d = x64_def(c), x = x64_scratch_xmm(c),
             y = x64_scratch_xmm(c), odd;

    if (s->op == SIMD_PMULL) {
        if (s->shift) {
            emit_vri(c, X_VPSRLDQ, x, a, 8);
            emit_vri(c, X_VPSRLDQ, y, b, 8);
        }
        emit_rr(c, X_VPMOVZXBW, x, s->shift ? x : a);
        emit_rr(c, X_VPMOVZXBW, y, s->shift ? y : b);
        multiply_polynomials(c, d, x, y);
        return;
    }
    odd = x64_scratch_xmm(c);
    simd_shr(c, 1, false, x, a, 8);
    simd_shr(c, 1, false, y, b, 8);
    multiply_polynomials(c, odd, x, y);
    multiply_polynomials(c, d, a, b); /* what the odd bytes bring is above the low ones */
    simd_shl(c, 1, odd, odd, 8);
    emit_vrm(c, X_VPAND, d, d, simd_const(c, 1, 0xff));
    emit_vrr(c, X_VPOR, d, d, odd);
    simd_cut(c, d, s->bytes);
}
