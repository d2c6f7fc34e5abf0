/* SPDX-License-Identifier: BSD-2-Clause */
/* Random integers and vector lanes, often from pools of edge cases. */
#pragma once

#include <stdint.h>

/* Starts the stream of all that follows. */
void random_seed(uint32_t seed);

/* 64 random bits. */
uint64_t next(void);

/* An integer: an edge case, a small or a sign-extended one, or any. */
uint64_t random_integer(void);

/* 64 bits of a vector register; pool is one of enum pool (state.h). */
uint64_t random_lanes(unsigned pool);
