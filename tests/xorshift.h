/* SPDX-License-Identifier: BSD-2-Clause */
/* The random numbers of tests and benchmarks: Marsaglia's xorshift (2003), period 2^64 - 1. */
#pragma once

#include <stdint.h>

/* The next number; *state is never 0. */
static inline uint64_t xorshift64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}
