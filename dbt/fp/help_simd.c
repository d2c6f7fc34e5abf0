/* SPDX-License-Identifier: BSD-2-Clause */
/* The integer helpers of translated code: what has no short form on the host. */
#include "dbt/fp/lane.h"
#include "dbt/fp/ops.h"

typedef __int128 wide; /* holds every intermediate result of the manual's integers exactly */

struct lane_args {
    unsigned size, shift;
    uint64_t a, b, c; /* raw bits */
    bool saturated;
};

static int64_t as_signed(uint64_t lane, unsigned size)
{
    return sign_extend(lane, 8u << size);
}

/* SignedSatQ and UnsignedSatQ. */
static uint64_t saturate(struct lane_args *l, wide value, unsigned size, bool is_unsigned)
{
    unsigned width = 8u << size;
    wide max = is_unsigned ? ((wide)1 << width) - 1 : ((wide)1 << (width - 1)) - 1;
    wide min = is_unsigned ? 0 : -((wide)1 << (width - 1));

    if (value > max || value < min) {
        l->saturated = true;
        value = value > max ? max : min;
    }
    return (uint64_t)value;
}

/*
 * SSHL and its kin: left by the signed low byte of b, right when negative. A shift left that leaves
 * the 128 bits only matters to the saturating forms, where any non-zero value saturates.
 */
static uint64_t shift(struct lane_args *l, bool is_unsigned, bool rounds, bool saturates,
                      bool to_unsigned)
{
    int n = (int)sign_extend(l->b, 8), width = 8 << l->size;
    wide value = is_unsigned ? (wide)l->a : (wide)as_signed(l->a, l->size);

    if (n < 0) {
        n = n < -(width + 1) ? -(width + 1) : n;
        value = (value + (rounds ? (wide)1 << (-n - 1) : 0)) >> -n;
    } else if (n >= width) {
        value = saturates ? (value > 0 ? (wide)1 << 100 : value < 0 ? -((wide)1 << 100) : 0) : 0;
    } else {
        value = (wide)((unsigned __int128)value << n);
    }
    return saturates ? saturate(l, value, l->size, to_unsigned) : (uint64_t)value;
}

static uint64_t doubling_high(struct lane_args *l, int sign, bool rounds, bool accumulates)
{
    unsigned width = 8u << l->size;
    wide value = (wide)as_signed(l->a, l->size) * as_signed(l->b, l->size) * 2 * sign;

    value += accumulates ? (wide)as_signed(l->c, l->size) * ((wide)1 << width) : 0;
    value += rounds ? (wide)1 << (width - 1) : 0;
    return saturate(l, value >> width, l->size, false);
}

static uint64_t doubling_long(struct lane_args *l, int sign)
{
    unsigned half = l->size - 1;
    wide product = (wide)as_signed(l->a, half) * as_signed(l->b, half) * 2;
    int64_t value = as_signed(saturate(l, product, l->size, false), l->size);

    if (sign == 0) {
        return (uint64_t)value;
    }
    return saturate(l, (wide)as_signed(l->c, l->size) + (wide)value * sign, l->size, false);
}

static uint64_t poly_mul(uint64_t a, uint64_t b)
{
    uint64_t result = 0;

    for (unsigned n = 0; n < 8; n++) {
        result ^= bit(b, n) ? a << n : 0;
    }
    return result;
}

static uint64_t dot(const struct lane_args *l, bool is_unsigned)
{
    uint64_t result = l->c;

    for (unsigned n = 0; n < 32; n += 8) {
        uint8_t x = (uint8_t)(l->a >> n), y = (uint8_t)(l->b >> n);

        result += is_unsigned ? (uint64_t)x * y : (uint64_t)((int64_t)(int8_t)x * (int8_t)y);
    }
    return result;
}

static uint64_t count_leading(uint64_t a, unsigned size)
{
    unsigned width = 8u << size;

    return a ? (unsigned)__builtin_clzll(a) - (64 - width) : width;
}

static uint64_t count_ones(uint64_t a)
{
    uint64_t ones = 0;

    for (; a; a &= a - 1) {
        ones++;
    }
    return ones;
}

static uint64_t reverse_byte(uint64_t a)
{
    uint64_t result = 0;

    for (unsigned n = 0; n < 8; n++) {
        result |= (uint64_t)bit(a, n) << (7 - n);
    }
    return result;
}

static uint64_t narrow(struct lane_args *l, bool from_unsigned, bool to_unsigned, bool rounds)
{
    wide value = from_unsigned ? (wide)l->a : (wide)as_signed(l->a, l->size + 1);

    value += rounds ? (wide)1 << (l->shift - 1) : 0;
    return saturate(l, value >> l->shift, l->size, to_unsigned);
}

static uint64_t two_operands(struct lane_args *l, enum simd_op op)
{
    int64_t a = as_signed(l->a, l->size), b = as_signed(l->b, l->size);

    switch (op) {
    case SIMD_SQADD: return saturate(l, (wide)a + b, l->size, false);
    case SIMD_UQADD: return saturate(l, (wide)l->a + l->b, l->size, true);
    case SIMD_SQSUB: return saturate(l, (wide)a - b, l->size, false);
    case SIMD_UQSUB: return saturate(l, (wide)l->a - l->b, l->size, true);
    case SIMD_SUQADD: return saturate(l, (wide)a + l->b, l->size, false);
    case SIMD_USQADD: return saturate(l, (wide)l->a + b, l->size, true);
    case SIMD_SSHL: return shift(l, false, false, false, false);
    case SIMD_USHL: return shift(l, true, false, false, false);
    case SIMD_SRSHL: return shift(l, false, true, false, false);
    case SIMD_URSHL: return shift(l, true, true, false, false);
    case SIMD_SQSHL: return shift(l, false, false, true, false);
    case SIMD_UQSHL: return shift(l, true, false, true, true);
    case SIMD_SQRSHL: return shift(l, false, true, true, false);
    case SIMD_UQRSHL: return shift(l, true, true, true, true);
    case SIMD_SQSHLU: return shift(l, false, false, true, true);
    case SIMD_SQDMULH: return doubling_high(l, 1, false, false);
    case SIMD_SQRDMULH: return doubling_high(l, 1, true, false);
    case SIMD_PMUL: return poly_mul(l->a, l->b);
    case SIMD_SQRDMLAH: return doubling_high(l, 1, true, true);
    case SIMD_SQRDMLSH: return doubling_high(l, -1, true, true);
    case SIMD_SDOT: return dot(l, false);
    case SIMD_UDOT: return dot(l, true);
    default: __builtin_unreachable();
    }
}

static uint64_t widening(struct lane_args *l, enum simd_op op)
{
    switch (op) {
    case SIMD_SQDMULL: return doubling_long(l, 0);
    case SIMD_SQDMLAL: return doubling_long(l, 1);
    case SIMD_SQDMLSL: return doubling_long(l, -1);
    case SIMD_PMULL: return poly_mul(l->a, l->b);
    default: __builtin_unreachable();
    }
}

static uint64_t one_operand(struct lane_args *l, enum simd_op op)
{
    int64_t a = as_signed(l->a, l->size);

    switch (op) {
    case SIMD_SQABS: return saturate(l, a < 0 ? -(wide)a : a, l->size, false);
    case SIMD_SQNEG: return saturate(l, -(wide)a, l->size, false);
    case SIMD_CLS:
        return count_leading((uint64_t)(a ^ a >> 1) & MASK((8u << l->size) - 2, 0), l->size) - 1;
    case SIMD_CLZ: return count_leading(l->a, l->size);
    case SIMD_CNT: return count_ones(l->a);
    case SIMD_RBIT: return reverse_byte(l->a);
    case SIMD_URECPE: return fp_urecpe((uint32_t)l->a);
    case SIMD_URSQRTE: return fp_ursqrte((uint32_t)l->a);
    default: __builtin_unreachable();
    }
}

static uint64_t narrowing(struct lane_args *l, enum simd_op op)
{
    switch (op) {
    case SIMD_SQSHRN: return narrow(l, false, false, false);
    case SIMD_UQSHRN: return narrow(l, true, true, false);
    case SIMD_SQRSHRN: return narrow(l, false, false, true);
    case SIMD_UQRSHRN: return narrow(l, true, true, true);
    case SIMD_SQSHRUN: return narrow(l, false, true, false);
    case SIMD_SQRSHRUN: return narrow(l, false, true, true);
    default: __builtin_unreachable();
    }
}

static uint64_t lane_op(struct lane_args *l, enum simd_op op)
{
    if (op < SIMD_SQDMULL) {
        return two_operands(l, op);
    }
    if (op < SIMD_SQABS) {
        return widening(l, op);
    }
    return op < SIMD_SQSHRN ? one_operand(l, op) : narrowing(l, op);
}

void help_simd(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
               uint32_t imm)
{
    enum simd_op op = (enum simd_op)(imm & 0xff);
    unsigned size = imm >> 8 & 3, lanes = imm >> 10 & 31, shift_or_first = imm >> 16 & 0xff;
    bool widens = op >= SIMD_SQDMULL && op < SIMD_SQABS;
    unsigned from = widens ? size - 1 : op >= SIMD_SQSHRN ? size + 1 : size;
    unsigned first = widens ? shift_or_first : 0;
    struct lane_args l = {.size = size, .shift = shift_or_first};
    v128 out = {{0, 0}};

    for (unsigned n = 0; n < lanes; n++) {
        l.a = lane_get(a, from, first + n);
        l.b = b ? lane_get(b, from, first + n) : shift_or_first;
        l.c = c ? lane_get(c, size, n) : 0;
        lane_set(&out, size, n, lane_op(&l, op));
    }
    *result = out;
    st->qc[0].lane[0] |= l.saturated;
}
