/* SPDX-License-Identifier: BSD-2-Clause */
/* Addition to square root: each result is computed exactly and rounded once. */
#include "dbt/fp/num.h"

/* A magnitude of up to 127 bits: frac * 2^(exp - 126), bit 126 set; frac 0 is zero. */
struct wide {
    bool sign;
    int exp;
    fp_u128 frac;
    bool sticky;
};

static struct wide widen(const struct fp_num *n)
{
    struct wide w = {.sign = n->sign, .exp = n->exp};

    w.frac = n->cls == FPC_FINITE ? (fp_u128)n->frac << 63 : 0;
    return w;
}

static struct wide product(const struct fp_num *a, const struct fp_num *b)
{
    struct wide w = {.sign = a->sign != b->sign, .exp = a->exp + b->exp};

    if (a->cls == FPC_ZERO || b->cls == FPC_ZERO) {
        return w;
    }
    w.frac = (fp_u128)a->frac * b->frac; /* the low 22 bits are zero */
    if (w.frac >> 127) {
        w.frac >>= 1;
        w.exp++;
    }
    return w;
}

static bool is_less(const struct wide *a, const struct wide *b)
{
    if (a->frac == 0 || b->frac == 0) {
        return a->frac == 0;
    }
    return a->exp < b->exp || (a->exp == b->exp && a->frac < b->frac);
}

/* Exact sum, but that bits below 2^(exp-126) are gathered in sticky. */
static struct wide sum(struct wide a, struct wide b)
{
    struct wide big = is_less(&a, &b) ? b : a, small = is_less(&a, &b) ? a : b;
    int d = big.exp - small.exp;

    if (small.frac == 0) {
        return big;
    }
    if (d > 126) {
        big.sticky = true;
        small.frac = 0;
    } else {
        big.sticky = small.frac & (((fp_u128)1 << d) - 1);
        small.frac >>= d;
    }
    big.frac = big.sign == small.sign ? big.frac + small.frac : big.frac - small.frac - big.sticky;
    return big;
}

static uint64_t round_wide(struct fp_ctx *ctx, unsigned size, const struct wide *w)
{
    uint64_t high = (uint64_t)(w->frac >> 64);
    int up = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)w->frac);
    fp_u128 frac = w->frac << up;

    return fp_round(ctx, size, w->sign, w->exp + 1 - up, (uint64_t)(frac >> 64),
                    (uint64_t)frac || w->sticky, fp_mode(ctx));
}

/* The rounded sum; an exact zero of unlike signs is -0 only when rounding to minus infinity. */
static uint64_t round_sum(struct fp_ctx *ctx, unsigned size, struct wide a, struct wide b)
{
    struct wide w = sum(a, b);

    if (w.frac == 0) {
        bool same = a.frac == 0 && b.frac == 0 && a.sign == b.sign;

        return fp_zero(size, same ? a.sign : fp_mode(ctx) == FP_NEGINF);
    }
    return round_wide(ctx, size, &w);
}

static uint64_t add(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool negate)
{
    struct fp_num x = fp_unpack(ctx, size, a), y = fp_unpack(ctx, size, b);
    uint64_t result;

    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    y.sign ^= negate;
    if (x.cls == FPC_INF || y.cls == FPC_INF) {
        if (x.cls == y.cls && x.sign != y.sign) {
            return fp_invalid(ctx, size);
        }
        return fp_inf(size, x.cls == FPC_INF ? x.sign : y.sign);
    }
    return round_sum(ctx, size, widen(&x), widen(&y));
}

uint64_t fp_add(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return add(ctx, size, a, b, false);
}

uint64_t fp_sub(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return add(ctx, size, a, b, true);
}

static bool is_inf_times_zero(const struct fp_num *a, const struct fp_num *b)
{
    return (a->cls == FPC_INF && b->cls == FPC_ZERO) || (a->cls == FPC_ZERO && b->cls == FPC_INF);
}

static uint64_t mul(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool extended)
{
    struct fp_num x = fp_unpack(ctx, size, a), y = fp_unpack(ctx, size, b);
    bool sign = x.sign != y.sign;
    struct wide w;
    uint64_t result;

    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    if (is_inf_times_zero(&x, &y)) {
        return extended ? fp_pow2(size, 1) | (sign ? fp_sign_bit(size) : 0) : fp_invalid(ctx, size);
    }
    if (x.cls == FPC_INF || y.cls == FPC_INF) {
        return fp_inf(size, sign);
    }
    if (x.cls == FPC_ZERO || y.cls == FPC_ZERO) {
        return fp_zero(size, sign);
    }
    w = product(&x, &y);
    return round_wide(ctx, size, &w);
}

uint64_t fp_mul(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return mul(ctx, size, a, b, false);
}

uint64_t fp_mulx(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return mul(ctx, size, a, b, true);
}

uint64_t fp_div(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    struct fp_num x = fp_unpack(ctx, size, a), y = fp_unpack(ctx, size, b);
    bool sign = x.sign != y.sign;
    uint64_t result, rem;
    int up;

    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    if (x.cls == y.cls && x.cls != FPC_FINITE) {
        return fp_invalid(ctx, size);
    }
    if (x.cls == FPC_INF || y.cls == FPC_ZERO) {
        ctx->fpsr |= x.cls == FPC_INF ? 0 : FPSR_DZC;
        return fp_inf(size, sign);
    }
    if (x.cls == FPC_ZERO || y.cls == FPC_INF) {
        return fp_zero(size, sign);
    }
    result = fp_udiv128((fp_u128)x.frac << 62, y.frac, &rem); /* in (2^61, 2^63) */
    up = __builtin_clzll(result);
    return fp_round(ctx, size, sign, x.exp - y.exp + 1 - up, result << up, rem, fp_mode(ctx));
}

/* The integer square root, bit by bit; *inexact says whether something remains. */
static uint64_t isqrt(fp_u128 n, bool *inexact)
{
    fp_u128 root = 0;

    for (fp_u128 b = (fp_u128)1 << 126; b; b >>= 2) {
        if (n >= root + b) {
            n -= root + b;
            root = (root >> 1) + b;
        } else {
            root >>= 1;
        }
    }
    *inexact = n;
    return (uint64_t)root;
}

uint64_t fp_sqrt(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    struct fp_num x = fp_unpack(ctx, size, a);
    bool inexact;
    uint64_t root;

    if (fp_is_nan(x.cls)) {
        return fp_process_nan(ctx, size, x.cls, a);
    }
    if (x.cls == FPC_ZERO) {
        return fp_zero(size, x.sign);
    }
    if (x.sign) {
        return fp_invalid(ctx, size);
    }
    if (x.cls == FPC_INF) {
        return fp_inf(size, false);
    }
    /* frac * 2^63 (or 2^64, so that the exponent is even) has a root with bit 63 set */
    root = isqrt((fp_u128)x.frac << (63 + (x.exp & 1)), &inexact);
    return fp_round(ctx, size, false, x.exp >> 1, root, inexact, fp_mode(ctx));
}

/* The greater (or lesser) operand; zeros of unlike signs: max +0, min -0. */
static uint64_t select(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool max)
{
    struct fp_num x = fp_unpack(ctx, size, a), y = fp_unpack(ctx, size, b);
    struct wide wx = widen(&x), wy = widen(&y);
    bool less;
    uint64_t result;

    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    if (x.cls == FPC_ZERO && y.cls == FPC_ZERO) {
        return fp_zero(size, max ? x.sign && y.sign : x.sign || y.sign);
    }
    if (x.sign != y.sign) {
        less = x.sign;
    } else if (x.cls == FPC_INF || y.cls == FPC_INF) {
        less = (x.cls != FPC_INF) != x.sign;
    } else {
        less = is_less(&wx, &wy) != x.sign;
    }
    result = less == max ? b : a;
    /* A flushed operand wins as a zero. */
    return (less == max ? y.cls : x.cls) == FPC_ZERO ? result & fp_sign_bit(size) : result;
}

uint64_t fp_max(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return select(ctx, size, a, b, true);
}

uint64_t fp_min(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return select(ctx, size, a, b, false);
}

static uint64_t select_num(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool max)
{
    struct fp_ctx quiet = {.fpcr = ctx->fpcr};
    enum fp_class ca = fp_unpack(&quiet, size, a).cls, cb = fp_unpack(&quiet, size, b).cls;

    if (ca == FPC_QNAN && cb != FPC_QNAN) {
        a = fp_inf(size, max);
    } else if (ca != FPC_QNAN && cb == FPC_QNAN) {
        b = fp_inf(size, max);
    }
    return select(ctx, size, a, b, max);
}

uint64_t fp_maxnum(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return select_num(ctx, size, a, b, true);
}

uint64_t fp_minnum(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return select_num(ctx, size, a, b, false);
}

/* FPMulAdd when no operand is a NaN. */
static uint64_t fuse(struct fp_ctx *ctx, unsigned size, const struct fp_num *addend,
                     const struct fp_num *a, const struct fp_num *b)
{
    bool sign = a->sign != b->sign, inf = a->cls == FPC_INF || b->cls == FPC_INF;

    if (is_inf_times_zero(a, b) || (addend->cls == FPC_INF && inf && addend->sign != sign)) {
        return fp_invalid(ctx, size);
    }
    if (addend->cls == FPC_INF || inf) {
        return fp_inf(size, inf ? sign : addend->sign);
    }
    return round_sum(ctx, size, widen(addend), product(a, b));
}

uint64_t fp_muladd(struct fp_ctx *ctx, unsigned size, uint64_t addend, uint64_t a, uint64_t b)
{
    struct fp_num z = fp_unpack(ctx, size, addend), x = fp_unpack(ctx, size, a),
                  y = fp_unpack(ctx, size, b);
    uint64_t result;

    if (z.cls == FPC_QNAN && is_inf_times_zero(&x, &y)) {
        return fp_invalid(ctx, size);
    }
    /* FPProcessNaNs3: signalling ones first, in the order addend, a, b. */
    if (z.cls == FPC_SNAN || (z.cls == FPC_QNAN && x.cls != FPC_SNAN && y.cls != FPC_SNAN)) {
        return fp_process_nan(ctx, size, z.cls, addend);
    }
    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    return fuse(ctx, size, &z, &x, &y);
}

/* A half-precision NaN as a single one, still signalling when it was. */
static uint64_t half_nan(uint64_t a)
{
    return (a & 0x8000) << 16 | fp_inf(FP_SINGLE, false) | (a & 0x3ff) << 13;
}

uint64_t fp_muladdh(struct fp_ctx *ctx, uint64_t addend, uint64_t a, uint64_t b)
{
    struct fp_num z = fp_unpack(ctx, FP_SINGLE, addend), x = fp_unpack(ctx, FP_HALF, a),
                  y = fp_unpack(ctx, FP_HALF, b);
    uint64_t result;

    if (z.cls == FPC_QNAN && is_inf_times_zero(&x, &y)) {
        return fp_invalid(ctx, FP_SINGLE);
    }
    if (z.cls == FPC_SNAN || (z.cls == FPC_QNAN && x.cls != FPC_SNAN && y.cls != FPC_SNAN)) {
        return fp_process_nan(ctx, FP_SINGLE, z.cls, addend);
    }
    if (fp_process_nans(ctx, FP_SINGLE, x.cls, y.cls, half_nan(a), half_nan(b), &result)) {
        return result;
    }
    return fuse(ctx, FP_SINGLE, &z, &x, &y);
}

/* constant - a * b, doubled or halved by scale: the Newton steps, fused. */
static uint64_t step(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, uint64_t constant,
                     int scale, uint64_t inf_times_zero)
{
    struct fp_num x, y;
    struct wide c = {.exp = 1, .frac = (fp_u128)constant << 64}, w;
    uint64_t result;

    a ^= fp_sign_bit(size);
    x = fp_unpack(ctx, size, a);
    y = fp_unpack(ctx, size, b);
    if (fp_process_nans(ctx, size, x.cls, y.cls, a, b, &result)) {
        return result;
    }
    if (is_inf_times_zero(&x, &y)) {
        return inf_times_zero;
    }
    if (x.cls == FPC_INF || y.cls == FPC_INF) {
        return fp_inf(size, x.sign != y.sign);
    }
    w = sum(c, product(&x, &y));
    if (w.frac == 0) {
        return fp_zero(size, fp_mode(ctx) == FP_NEGINF);
    }
    w.exp += scale;
    return round_wide(ctx, size, &w);
}

uint64_t fp_recip_step(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    return step(ctx, size, a, b, BIT64(62), 0, fp_pow2(size, 1)); /* 2 - a * b */
}

uint64_t fp_rsqrt_step(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    uint64_t half_more = fp_pow2(size, 0) | BIT64(fp_formats[size].frac_bits - 1); /* 1.5 */

    return step(ctx, size, a, b, BIT64(62) | BIT64(61), -1, half_more); /* (3 - a * b) / 2 */
}
