/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversions between formats, to and from integers, and to integral values. */
#include "dbt/fp/num.h"

/* FPConvertNaN: the payload's upper bits, quieted. */
static uint64_t convert_nan(unsigned from, unsigned to, uint64_t a)
{
    const struct fp_format *f = &fp_formats[from], *t = &fp_formats[to];
    uint64_t frac = a << (64 - f->frac_bits) >> (64 - t->frac_bits);
    bool sign = a & fp_sign_bit(from);

    return fp_inf(to, sign) | frac | BIT64(t->frac_bits - 1);
}

uint64_t fp_convert(struct fp_ctx *ctx, unsigned from, unsigned to, uint64_t a, enum fp_rounding r)
{
    struct fp_num x = fp_unpack_cv(ctx, from, a);
    bool ahp = to == FP_HALF && (ctx->fpcr & FPCR_AHP);

    if (fp_is_nan(x.cls)) {
        ctx->fpsr |= x.cls == FPC_SNAN || ahp ? FPSR_IOC : 0;
        if (ahp) {
            return fp_zero(to, x.sign);
        }
        return ctx->fpcr & FPCR_DN ? fp_default_nan(to) : convert_nan(from, to, a);
    }
    if (x.cls == FPC_INF) {
        ctx->fpsr |= ahp ? FPSR_IOC : 0;
        return ahp ? (uint64_t)x.sign << 15 | MASK(14, 0) : fp_inf(to, x.sign);
    }
    if (x.cls == FPC_ZERO) {
        return fp_zero(to, x.sign);
    }
    return fp_round_cv(ctx, to, x.sign, x.exp, x.frac, r);
}

/*
 * The magnitude frac * 2^(exp - 63) as an integer rounded by r; *exact cleared where it was none.
 * Magnitudes from 2^64 on give false.
 */
static bool to_integer(const struct fp_num *x, int exp, enum fp_rounding r, uint64_t *value,
                       bool *exact)
{
    uint64_t half, rem, mant;
    bool up;

    if (exp > 63) {
        return false;
    }
    /* below 1: cut 64 bits; below 1/2: less than half */
    half = exp < 0 ? BIT64(63) : exp == 63 ? 0 : BIT64(62 - exp);
    mant = exp < 0 ? 0 : x->frac >> (63 - exp);
    rem = exp < -1 ? 1 : exp == -1 ? x->frac : exp == 63 ? 0 : x->frac & (2 * half - 1);
    *exact = rem == 0;
    switch (r) {
    case FP_TIEEVEN: up = rem > half || (rem && rem == half && (mant & 1)); break;
    case FP_TIEAWAY: up = rem && rem >= half; break;
    case FP_POSINF: up = rem && !x->sign; break;
    case FP_NEGINF: up = rem && x->sign; break;
    default: up = false; break;
    }
    *value = mant + up; /* mant is even and small where up is set: it cannot wrap */
    return true;
}

uint64_t fp_round_int(struct fp_ctx *ctx, unsigned size, uint64_t a, enum fp_rounding r, bool exact)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    uint64_t value = 0;
    bool same = true;

    if (fp_is_nan(x.cls)) {
        return fp_process_nan(ctx, size, x.cls, a);
    }
    if (x.cls == FPC_INF) {
        return fp_inf(size, x.sign);
    }
    if (x.cls == FPC_ZERO) {
        return fp_zero(size, x.sign);
    }
    if (x.exp >= fp_formats[size].frac_bits) {
        return a; /* integral already */
    }
    (void)to_integer(&x, x.exp, r, &value, &same); /* exp <= 51 */
    ctx->fpsr |= exact && !same ? FPSR_IXC : 0;
    if (value == 0) {
        return fp_zero(size, x.sign);
    }
    return fp_round(ctx, size, x.sign, 63 - __builtin_clzll(value), value << __builtin_clzll(value),
                    false, FP_ZERO);
}

static uint64_t saturated(bool is_unsigned, bool negative, unsigned width)
{
    if (is_unsigned) {
        return negative ? 0 : MASK(width - 1, 0);
    }
    return negative ? BIT64(width - 1) : MASK(width - 1, 0) >> 1;
}

uint64_t fp_to_fixed(struct fp_ctx *ctx, unsigned size, uint64_t a, unsigned fbits,
                     bool is_unsigned, enum fp_rounding r, unsigned width)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    uint64_t value, limit;
    bool exact;

    if (fp_is_nan(x.cls) || x.cls == FPC_ZERO) {
        ctx->fpsr |= x.cls == FPC_ZERO ? 0 : FPSR_IOC;
        return 0;
    }
    limit = is_unsigned ? (x.sign ? 0 : MASK(width - 1, 0)) : BIT64(width - 1) - !x.sign;
    if (x.cls == FPC_INF || !to_integer(&x, x.exp + (int)fbits, r, &value, &exact) ||
        value > limit) {
        ctx->fpsr |= FPSR_IOC;
        return saturated(is_unsigned, x.sign, width);
    }
    ctx->fpsr |= exact ? 0 : FPSR_IXC;
    return (x.sign ? -value : value) & MASK(width - 1, 0);
}

uint64_t fp_from_fixed(struct fp_ctx *ctx, unsigned size, uint64_t value, unsigned fbits,
                       bool is_unsigned, enum fp_rounding r)
{
    bool sign = !is_unsigned && value >> 63;
    int up;

    if (value == 0) {
        return fp_zero(size, false);
    }
    value = sign ? -value : value;
    up = __builtin_clzll(value);
    return fp_round(ctx, size, sign, 63 - up - (int)fbits, value << up, false, r);
}

uint32_t fp_to_js(struct fp_ctx *ctx, uint64_t a, bool *z)
{
    struct fp_num x = fp_unpack(ctx, FP_DOUBLE, a);
    uint32_t low;
    bool fits, exact;

    *z = false;
    if (fp_is_nan(x.cls) || x.cls == FPC_INF) {
        ctx->fpsr |= FPSR_IOC;
        return 0;
    }
    if (x.cls == FPC_ZERO) {
        *z = a == 0; /* not for -0, nor for a flushed denormal */
        return 0;
    }
    low = x.exp < 0 ? 0 : x.exp <= 63 ? (uint32_t)(x.frac >> (63 - x.exp)) : 0;
    if (x.exp > 63 && x.exp < 63 + 32) {
        low = (uint32_t)(x.frac << (x.exp - 63));
    }
    low = x.sign ? -low : low;
    fits = x.exp < 31 || (x.exp == 31 && x.sign && x.frac >> 32 == BIT64(31));
    exact = x.exp >= 0 && (x.exp >= 63 || (x.frac & (BIT64(63 - x.exp) - 1)) == 0);
    *z = fits && exact;
    ctx->fpsr |= !fits ? FPSR_IOC : exact ? 0 : FPSR_IXC;
    return low;
}
