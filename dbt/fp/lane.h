/* SPDX-License-Identifier: BSD-2-Clause */
/* Lanes of a vector register: Elem[v, n, 8 << size] of the Arm ARM. */
#pragma once

#include "exarch/bits.h"

#include "dbt/state.h"

static inline uint64_t lane_get(const v128 *v, unsigned size, unsigned n)
{
    unsigned low = n << size; /* byte */

    return v->lane[low >> 3] >> (low % 8 * 8) & MASK((8u << size) - 1, 0);
}

static inline int64_t lane_get_signed(const v128 *v, unsigned size, unsigned n)
{
    return sign_extend(lane_get(v, size, n), 8u << size);
}

static inline void lane_set(v128 *v, unsigned size, unsigned n, uint64_t value)
{
    unsigned low = n << size, shift = low % 8 * 8;
    uint64_t mask = MASK((8u << size) - 1, 0) << shift;

    v->lane[low >> 3] = (v->lane[low >> 3] & ~mask) | (value << shift & mask);
}
