/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits and fields of hardware words, with the ranges checked at compile time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT32(n) (UINT32_C(1) << (n))
#define BIT64(n) (UINT64_C(1) << (n))

/* The mask of bits hi..lo, in the order the manuals write them; both ends count. */
#define MASK(hi, lo) ((~UINT64_C(0) >> (63 - (hi))) & (~UINT64_C(0) << (lo)))

/* A field is a mask; its shift is the mask's lowest set bit. */
#define FIELD_SHIFT(mask)          ((unsigned)__builtin_ctzll(mask))
#define GET_FIELD(word, mask)      (((uint64_t)(word) & (mask)) >> FIELD_SHIFT(mask))
#define FIELD(mask, value)         (((uint64_t)(value) << FIELD_SHIFT(mask)) & (mask))
#define SET_FIELD(word, mask, val) (((word) & ~(uint64_t)(mask)) | FIELD(mask, val))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)

#define MIN(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) min_a_ = (a);                                                                \
        __typeof__(b) min_b_ = (b);                                                                \
        min_a_ < min_b_ ? min_a_ : min_b_;                                                         \
    })
#define MAX(a, b)                                                                                  \
    ({                                                                                             \
        __typeof__(a) max_a_ = (a);                                                                \
        __typeof__(b) max_b_ = (b);                                                                \
        max_a_ > max_b_ ? max_a_ : max_b_;                                                         \
    })

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE  UINT64_C(4096)

/* Bits hi..lo of word, as the Arm ARM writes word<hi:lo>. */
static inline uint64_t bits(uint64_t word, unsigned hi, unsigned lo)
{
    return (word >> lo) & (~UINT64_C(0) >> (63 - (hi - lo)));
}

static inline bool bit(uint64_t word, unsigned n)
{
    return (word >> n) & 1;
}

/* The two's complement number in the low `width` bits (1..64) of word. */
static inline int64_t sign_extend(uint64_t word, unsigned width)
{
    return (int64_t)(word << (64 - width)) >> (64 - width);
}
