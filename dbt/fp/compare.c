/* SPDX-License-Identifier: BSD-2-Clause */
/* FPCompare and its relatives. */
#include "dbt/fp/num.h"

/* -1, 0, 1; no operand is a NaN. */
static int order(const struct fp_num *a, const struct fp_num *b)
{
    int less = a->sign ? 1 : -1; /* what |a| < |b| comes to */

    if (a->cls == FPC_ZERO && b->cls == FPC_ZERO) {
        return 0;
    }
    if (a->cls == FPC_ZERO || b->cls == FPC_ZERO || a->sign != b->sign) {
        return a->cls == FPC_ZERO ? (b->sign ? 1 : -1) : -less;
    }
    if (a->cls != b->cls) {
        return a->cls == FPC_INF ? -less : less;
    }
    if (a->cls == FPC_INF || (a->exp == b->exp && a->frac == b->frac)) {
        return 0;
    }
    return a->exp < b->exp || (a->exp == b->exp && a->frac < b->frac) ? less : -less;
}

/* False where the operands are unordered, with Invalid Operation as asked. */
static bool compare(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool signal_nans,
                    int *result)
{
    struct fp_num x = fp_unpack(ctx, size, a), y = fp_unpack(ctx, size, b);

    if (fp_is_nan(x.cls) || fp_is_nan(y.cls)) {
        ctx->fpsr |= signal_nans || x.cls == FPC_SNAN || y.cls == FPC_SNAN ? FPSR_IOC : 0;
        return false;
    }
    *result = order(&x, &y);
    return true;
}

uint32_t fp_compare(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool signal_nans)
{
    int result;

    if (!compare(ctx, size, a, b, signal_nans, &result)) {
        return UINT32_C(0x30000000);
    }
    if (result == 0) {
        return UINT32_C(0x60000000);
    }
    return result < 0 ? UINT32_C(0x80000000) : UINT32_C(0x20000000);
}

bool fp_compare_eq(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    int result;

    return compare(ctx, size, a, b, false, &result) && result == 0;
}

bool fp_compare_ge(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    int result;

    return compare(ctx, size, a, b, true, &result) && result >= 0;
}

bool fp_compare_gt(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b)
{
    int result;

    return compare(ctx, size, a, b, true, &result) && result > 0;
}
