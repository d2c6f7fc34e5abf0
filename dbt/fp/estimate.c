/* SPDX-License-Identifier: BSD-2-Clause */
/* FPRecipEstimate, FPRSqrtEstimate and the unsigned ones: eight bits by the manual's formulas. */
#include "dbt/fp/num.h"

/* RecipEstimate: a in 256..511 stands for 0.5..1.0; the result in 256..511 for 1.0..2.0. */
static unsigned recip(unsigned a)
{
    return ((1u << 19) / (2 * a + 1) + 1) / 2;
}

/* RecipSqrtEstimate: a in 128..511 stands for 0.25..1.0. */
static unsigned rsqrt(unsigned a)
{
    unsigned b = 512;

    a = a < 256 ? 2 * a + 1 : (a | 1) * 2;
    while (a * (b + 1) * (b + 1) < 1u << 28) {
        b++;
    }
    return (b + 1) / 2;
}

/* Biased exponent `biased` (0 or -1 give denormals) and the estimate's eight fraction bits. */
static uint64_t put(unsigned size, bool sign, int biased, unsigned estimate)
{
    const struct fp_format *f = &fp_formats[size];
    uint64_t frac = (uint64_t)(estimate & 0xff) << 44; /* of 52 bits */

    if (biased <= 0) {
        frac = (frac | BIT64(52)) >> (1 - biased);
        biased = 0;
    }
    return (sign ? fp_sign_bit(size) : 0) | (uint64_t)biased << f->frac_bits |
           frac >> (52 - f->frac_bits);
}

static bool overflows_to_inf(enum fp_rounding r, bool sign)
{
    return r == FP_TIEEVEN || (r == FP_POSINF && !sign) || (r == FP_NEGINF && sign);
}

uint64_t fp_recip_estimate(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    const struct fp_format *f = &fp_formats[size];
    bool flush = ctx->fpcr & (size == FP_HALF ? FPCR_FZ16 : FPCR_FZ);

    if (fp_is_nan(x.cls)) {
        return fp_process_nan(ctx, size, x.cls, a);
    }
    if (x.cls == FPC_INF) {
        return fp_zero(size, x.sign);
    }
    if (x.cls == FPC_ZERO) {
        ctx->fpsr |= FPSR_DZC;
        return fp_inf(size, x.sign);
    }
    if (x.exp < f->min_exp - 2) {
        ctx->fpsr |= FPSR_OFC | FPSR_IXC;
        return overflows_to_inf(fp_mode(ctx), x.sign) ? fp_inf(size, x.sign)
                                                      : fp_max_normal(size, x.sign);
    }
    if (flush && x.exp >= -f->min_exp) {
        ctx->fpsr |= FPSR_UFC;
        return fp_zero(size, x.sign);
    }
    /* The manual's 253 - exp (of a biased exponent), in each format. */
    return put(size, x.sign, -f->min_exp - x.exp, recip((unsigned)(x.frac >> 55)));
}

uint64_t fp_rsqrt_estimate(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    const struct fp_format *f = &fp_formats[size];
    unsigned scaled = (unsigned)(x.frac >> 55);

    if (fp_is_nan(x.cls)) {
        return fp_process_nan(ctx, size, x.cls, a);
    }
    if (x.cls == FPC_ZERO) {
        ctx->fpsr |= FPSR_DZC;
        return fp_inf(size, x.sign);
    }
    if (x.sign) {
        return fp_invalid(ctx, size);
    }
    if (x.cls == FPC_INF) {
        return fp_zero(size, false);
    }
    /* An even biased exponent is an odd true one: the fraction counts as 0.5..1.0. */
    scaled = x.exp & 1 ? scaled : scaled >> 1;
    return put(size, false, (-3 * f->min_exp + 2 - (x.exp - f->min_exp + 1)) / 2, rsqrt(scaled));
}

void fp_estimate_tables(uint8_t recips[512], uint8_t rsqrts[512])
{
    for (unsigned n = 0; n < 512; n++) {
        unsigned scaled = 256 | (n & 255);

        recips[n] = (uint8_t)recip(scaled);
        rsqrts[n] = (uint8_t)rsqrt(n < 256 ? scaled : scaled >> 1);
    }
}

uint64_t fp_recpx(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    const struct fp_format *f = &fp_formats[size];
    uint64_t exp = a & fp_inf(size, false), sign = a & fp_sign_bit(size);

    if (fp_is_nan(x.cls)) {
        return fp_process_nan(ctx, size, x.cls, a);
    }
    if (exp == 0) {
        return sign | (fp_inf(size, false) - BIT64(f->frac_bits));
    }
    return sign | (exp ^ fp_inf(size, false));
}

uint32_t fp_urecpe(uint32_t a)
{
    return a >> 31 ? (uint32_t)recip(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_ursqrte(uint32_t a)
{
    return a >> 30 ? (uint32_t)rsqrt(a >> 23) << 23 : UINT32_MAX;
}
