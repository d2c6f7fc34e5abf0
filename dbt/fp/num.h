/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside dbt/fp: numbers taken apart, and put together again with one rounding. */
#pragma once

#include "dbt/fp/fp.h"

typedef unsigned __int128 fp_u128;

enum fp_class { FPC_ZERO, FPC_FINITE, FPC_INF, FPC_QNAN, FPC_SNAN };

/* FPC_FINITE: (-1)^sign * frac * 2^(exp - 63), frac's bit 63 set. NaNs keep only class and sign. */
struct fp_num {
    enum fp_class cls;
    bool sign;
    int exp;
    uint64_t frac;
};

struct fp_format {
    uint8_t frac_bits, exp_bits;
    int16_t min_exp; /* of normal numbers */
};
extern const struct fp_format fp_formats[4];

static inline bool fp_is_nan(enum fp_class cls)
{
    return cls >= FPC_QNAN;
}

/* FPUnpack: flushes denormals as FPCR.FZ and FZ16 say; AHP does not count. */
struct fp_num fp_unpack(struct fp_ctx *ctx, unsigned size, uint64_t a);
/* FPUnpackCV: for conversions between formats; AHP counts and FZ16 does not. */
struct fp_num fp_unpack_cv(struct fp_ctx *ctx, unsigned size, uint64_t a);

/* FPRound of frac * 2^(exp - 63), to which less than one unit is to be added when sticky. */
uint64_t fp_round(struct fp_ctx *ctx, unsigned size, bool sign, int exp, uint64_t frac, bool sticky,
                  enum fp_rounding r);
uint64_t fp_round_cv(struct fp_ctx *ctx, unsigned size, bool sign, int exp, uint64_t frac,
                     enum fp_rounding r);

uint64_t fp_zero(unsigned size, bool sign);
uint64_t fp_inf(unsigned size, bool sign);
uint64_t fp_max_normal(unsigned size, bool sign);
uint64_t fp_default_nan(unsigned size);
uint64_t fp_pow2(unsigned size, int exp); /* 2^exp, in range */
/* FPDefaultNaN with Invalid Operation. */
uint64_t fp_invalid(struct fp_ctx *ctx, unsigned size);
/* FPProcessNaN: quiets a signalling one; the default NaN where FPCR.DN says so. */
uint64_t fp_process_nan(struct fp_ctx *ctx, unsigned size, enum fp_class cls, uint64_t a);
/* FPProcessNaNs: true, and *result set, where an operand is a NaN. */
bool fp_process_nans(struct fp_ctx *ctx, unsigned size, enum fp_class ca, enum fp_class cb,
                     uint64_t a, uint64_t b, uint64_t *result);

/* 128 bits / 64 bits where the quotient fits (no call of libgcc from ring-3 code). */
static inline uint64_t fp_udiv128(fp_u128 n, uint64_t d, uint64_t *rem)
{
    uint64_t q, r;

    __asm__("divq %4"
            : "=a"(q), "=d"(r)
            : "0"((uint64_t)n), "1"((uint64_t)(n >> 64)), "r"(d)
            : "cc");
    *rem = r;
    return q;
}
