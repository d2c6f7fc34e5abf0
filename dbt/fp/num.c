/* SPDX-License-Identifier: BSD-2-Clause */
/* FPUnpack, FPRound, NaNs and special values (Arm ARM J1.3, shared/functions/float). */
#include "dbt/fp/num.h"

const struct fp_format fp_formats[4] = {
    [FP_HALF] = {10, 5, -14},
    [FP_SINGLE] = {23, 8, -126},
    [FP_DOUBLE] = {52, 11, -1022},
};

static uint64_t exp_ones(unsigned size)
{
    return MASK(fp_formats[size].exp_bits - 1, 0);
}

static uint64_t pack(unsigned size, bool sign, uint64_t biased, uint64_t frac)
{
    return (sign ? fp_sign_bit(size) : 0) | biased << fp_formats[size].frac_bits | frac;
}

uint64_t fp_zero(unsigned size, bool sign)
{
    return pack(size, sign, 0, 0);
}

uint64_t fp_inf(unsigned size, bool sign)
{
    return pack(size, sign, exp_ones(size), 0);
}

uint64_t fp_max_normal(unsigned size, bool sign)
{
    return fp_inf(size, sign) - 1;
}

uint64_t fp_default_nan(unsigned size)
{
    return pack(size, false, exp_ones(size), BIT64(fp_formats[size].frac_bits - 1));
}

uint64_t fp_pow2(unsigned size, int exp)
{
    return pack(size, false, (uint64_t)((int64_t)exp - fp_formats[size].min_exp + 1), 0);
}

uint64_t fp_invalid(struct fp_ctx *ctx, unsigned size)
{
    ctx->fpsr |= FPSR_IOC;
    return fp_default_nan(size);
}

static bool flushes(const struct fp_ctx *ctx, unsigned size)
{
    return ctx->fpcr & (size == FP_HALF ? FPCR_FZ16 : FPCR_FZ);
}

static struct fp_num unpack(struct fp_ctx *ctx, unsigned size, uint64_t a, bool flush, bool ahp)
{
    const struct fp_format *f = &fp_formats[size];
    uint64_t biased = a >> f->frac_bits & exp_ones(size);
    uint64_t frac = a & MASK(f->frac_bits - 1, 0);
    struct fp_num n = {.cls = FPC_ZERO, .sign = a & fp_sign_bit(size)};

    if (biased == 0) {
        if (frac == 0) {
            return n;
        }
        if (flush) {
            /* Half precision flushes without raising Input Denormal. */
            ctx->fpsr |= size == FP_HALF ? 0 : FPSR_IDC;
            return n;
        }
        n.frac = frac << __builtin_clzll(frac);
        n.exp = f->min_exp + (63 - f->frac_bits) - __builtin_clzll(frac);
        n.cls = FPC_FINITE;
        return n;
    }
    if (biased == exp_ones(size) && !ahp) {
        n.cls = frac == 0 ? FPC_INF : frac & BIT64(f->frac_bits - 1) ? FPC_QNAN : FPC_SNAN;
        return n;
    }
    n.cls = FPC_FINITE;
    n.exp = (int)biased - 1 + f->min_exp;
    n.frac = BIT64(63) | frac << (63 - f->frac_bits);
    return n;
}

struct fp_num fp_unpack(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    return unpack(ctx, size, a, flushes(ctx, size), false);
}

struct fp_num fp_unpack_cv(struct fp_ctx *ctx, unsigned size, uint64_t a)
{
    return unpack(ctx, size, a, size != FP_HALF && flushes(ctx, size),
                  size == FP_HALF && (ctx->fpcr & FPCR_AHP));
}

/* Whether the magnitude is rounded up: rem is what is cut off, half is half a unit. */
static bool rounds_up(enum fp_rounding r, bool sign, bool odd, uint64_t rem, uint64_t half)
{
    switch (r) {
    case FP_TIEEVEN: return rem > half || (rem == half && odd);
    case FP_TIEAWAY: return rem >= half;
    case FP_POSINF: return rem && !sign;
    case FP_NEGINF: return rem && sign;
    default: return false;
    }
}

static bool overflows_to_inf(enum fp_rounding r, bool sign)
{
    return r == FP_TIEEVEN || r == FP_TIEAWAY || (r == FP_POSINF && !sign) ||
           (r == FP_NEGINF && sign);
}

static uint64_t round_base(struct fp_ctx *ctx, unsigned size, bool sign, int exp, uint64_t frac,
                           enum fp_rounding r, bool ahp)
{
    const struct fp_format *f = &fp_formats[size];
    unsigned cut = 63u - f->frac_bits;
    uint64_t biased = 0, mant, rem, half;

    if (exp >= f->min_exp) {
        biased = (uint64_t)((int64_t)exp - f->min_exp + 1);
    } else if (f->min_exp - exp > (int)(64 - cut)) {
        cut = 64;
        frac = 1; /* far below half a unit */
    } else {
        cut += (unsigned)(f->min_exp - exp);
    }
    half = BIT64(cut - 1);
    mant = cut == 64 ? 0 : frac >> cut;
    rem = cut == 64 ? frac : frac & (BIT64(cut) - 1);
    /* Tininess is detected before rounding. */
    ctx->fpsr |= biased == 0 && rem ? FPSR_UFC : 0;
    if (rounds_up(r, sign, mant & 1, rem, half)) {
        mant++;
        if (mant >> (f->frac_bits + 1)) {
            mant >>= 1;
            biased++;
        } else if (biased == 0 && mant >> f->frac_bits) {
            biased = 1;
        }
    }
    mant |= r == FP_ODD && rem;
    if (biased >= exp_ones(size) + ahp) {
        if (ahp) {
            ctx->fpsr |= FPSR_IOC;
            return (sign ? fp_sign_bit(size) : 0) | MASK(14, 0);
        }
        ctx->fpsr |= FPSR_OFC | FPSR_IXC;
        return overflows_to_inf(r, sign) ? fp_inf(size, sign) : fp_max_normal(size, sign);
    }
    ctx->fpsr |= rem ? FPSR_IXC : 0;
    return pack(size, sign, biased, mant & MASK(f->frac_bits - 1, 0));
}

uint64_t fp_round(struct fp_ctx *ctx, unsigned size, bool sign, int exp, uint64_t frac, bool sticky,
                  enum fp_rounding r)
{
    if (flushes(ctx, size) && exp < fp_formats[size].min_exp) {
        ctx->fpsr |= FPSR_UFC;
        return fp_zero(size, sign);
    }
    return round_base(ctx, size, sign, exp, frac | sticky, r, false);
}

uint64_t fp_round_cv(struct fp_ctx *ctx, unsigned size, bool sign, int exp, uint64_t frac,
                     enum fp_rounding r)
{
    if (size == FP_HALF) {
        return round_base(ctx, size, sign, exp, frac, r, ctx->fpcr & FPCR_AHP);
    }
    return fp_round(ctx, size, sign, exp, frac, false, r);
}

uint64_t fp_process_nan(struct fp_ctx *ctx, unsigned size, enum fp_class cls, uint64_t a)
{
    ctx->fpsr |= cls == FPC_SNAN ? FPSR_IOC : 0;
    if (ctx->fpcr & FPCR_DN) {
        return fp_default_nan(size);
    }
    return a | BIT64(fp_formats[size].frac_bits - 1);
}

bool fp_process_nans(struct fp_ctx *ctx, unsigned size, enum fp_class ca, enum fp_class cb,
                     uint64_t a, uint64_t b, uint64_t *result)
{
    if (ca == FPC_SNAN || (ca == FPC_QNAN && cb != FPC_SNAN)) {
        *result = fp_process_nan(ctx, size, ca, a);
    } else if (fp_is_nan(cb)) {
        *result = fp_process_nan(ctx, size, cb, b);
    } else {
        return false;
    }
    return true;
}
