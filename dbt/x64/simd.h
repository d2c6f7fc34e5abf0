/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lowerings of integer vectors share: constants, shifts, saturation. */
/*
 * Registers are XMM numbers that the row has got from the allocator; d may be a unless it is said.
 * Sizes are log2 of a lane's bytes.
 */
#pragma once

#include "dbt/fp/ops.h"
#include "dbt/x64/x64.h"

/* A row of help_simd, its imm taken apart. */
struct simd {
    enum simd_op op;
    unsigned size;  /* of the result's lanes */
    unsigned bytes; /* of the result; the rest is zero */
    unsigned shift; /* or the first lane of the operands */
    bool has_b;     /* arg1 is there, else shift is in its place */
};

/* Lowers the row. */
typedef void simd_fn(struct x64 *c, const struct simd *s);
simd_fn simd_sum;          /* SQADD, UQADD, SQSUB, UQSUB */
simd_fn simd_mixed_sum;    /* SUQADD, USQADD */
simd_fn simd_magnitude;    /* SQABS, SQNEG */
simd_fn simd_narrow;       /* SQSHRN and its kin */
simd_fn simd_shift;        /* by a register: SSHL, USHL, SRSHL, URSHL */
simd_fn simd_sat_shift;    /* SQSHL, UQSHL, SQRSHL, UQRSHL, SQSHLU; by a register or an immediate */
simd_fn simd_mul_high;     /* SQDMULH, SQRDMULH */
simd_fn simd_mul_long;     /* SQDMULL, SQDMLAL, SQDMLSL */
simd_fn simd_mul_add_high; /* SQRDMLAH, SQRDMLSH */
simd_fn simd_dot;          /* SDOT, UDOT */
simd_fn simd_poly;         /* PMUL, PMULL */
simd_fn simd_leading;      /* CLZ, CLS */
simd_fn simd_count;        /* CNT */
simd_fn simd_reverse;      /* RBIT */

static inline bool simd_avx512(const struct x64 *c)
{
    return c->env->features & X64_AVX512VL;
}

/* VGF2P8AFFINEQB's matrix that reverses the bits of each byte. */
#define GF2_REVERSE UINT64_C(0x8040201008040201)

/* value in each lane, as a memory operand. */
struct x86_mem simd_const(struct x64 *c, unsigned size, uint64_t value);
/* Only a lane's sign bit; all bits but it; all bits. */
struct x86_mem simd_min(struct x64 *c, unsigned size);
struct x86_mem simd_max(struct x64 *c, unsigned size);
struct x86_mem simd_ones(struct x64 *c);
/* A scratch register that is zero, or has all ones. */
unsigned simd_zero(struct x64 *c);
unsigned simd_all(struct x64 *c);

void simd_add(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b);
void simd_sub(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b);
void simd_cmpeq(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b);
void simd_cmpeq_m(struct x64 *c, unsigned size, unsigned d, unsigned a, struct x86_mem b);

/* By n, 0 to the lanes' bits (left: less than these). */
void simd_shl(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n);
void simd_shr(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a, unsigned n);
/* The same to the right, rounding. */
void simd_round_shr(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a,
                    unsigned n);
/* All of a lane its sign; d is not a. */
void simd_sign(struct x64 *c, unsigned size, unsigned d, unsigned a);
/* d: lanes of no where mask's lane has its top bit clear, else of yes. Bytes: by each byte. */
void simd_blend(struct x64 *c, unsigned size, unsigned d, unsigned no, unsigned yes, unsigned mask);

/* Lanes of a shifted by n's, which are unsigned: from the lanes' bits on nothing (or the sign) is
 * left. Sizes 2 and 3, with AVX-512 also 1. d is neither a nor n. */
bool simd_has_variable_shift(const struct x64 *c, unsigned size);
void simd_shlv(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n);
void simd_shrv(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a, unsigned n);

/* What is above the first bytes becomes zero. */
void simd_cut(struct x64 *c, unsigned d, unsigned bytes);
/* FPSR.QC is set if any bit of t's first bytes is; t is destroyed. */
void simd_qc(struct x64 *c, unsigned t, unsigned bytes);
/* d = a + or - b, saturated, with QC; d is neither. */
void simd_signed_sum(struct x64 *c, const struct simd *s, bool subtract, unsigned d, unsigned a,
                     unsigned b);
