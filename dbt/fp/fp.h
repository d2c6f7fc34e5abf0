/* SPDX-License-Identifier: BSD-2-Clause */
/* Exact floating point as the Arm ARM defines it, in integer arithmetic: operands are raw bits. */
/*
 * `size` is the manual's: FP_HALF, FP_SINGLE, FP_DOUBLE (log2 of the bytes). A result fills its
 * size; higher bits are zero. Each function is the pseudocode function of the same name (Arm ARM,
 * J1.3); exceptions are gathered in ctx->fpsr.
 */
#pragma once

#include "exarch/bits.h"

enum { FP_HALF = 1, FP_SINGLE = 2, FP_DOUBLE = 3 };

/* FPRounding: the values 0..3 are FPCR.RMode's. */
enum fp_rounding { FP_TIEEVEN, FP_POSINF, FP_NEGINF, FP_ZERO, FP_TIEAWAY, FP_ODD };

#define FPCR_FZ16     BIT32(19)
#define FPCR_RMODE    MASK(23, 22)
#define FPCR_FZ       BIT32(24)
#define FPCR_DN       BIT32(25)
#define FPCR_AHP      BIT32(26)
#define FPCR_WRITABLE ((uint32_t)(FPCR_FZ16 | FPCR_RMODE | FPCR_FZ | FPCR_DN | FPCR_AHP))

#define FPSR_IOC      BIT32(0)
#define FPSR_DZC      BIT32(1)
#define FPSR_OFC      BIT32(2)
#define FPSR_UFC      BIT32(3)
#define FPSR_IXC      BIT32(4)
#define FPSR_IDC      BIT32(7)
#define FPSR_QC       BIT32(27)
#define FPSR_WRITABLE (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC | FPSR_QC)

struct fp_ctx {
    uint32_t fpcr;
    uint32_t fpsr; /* FPSR_* raised so far */
};

static inline enum fp_rounding fp_mode(const struct fp_ctx *ctx)
{
    return (enum fp_rounding)GET_FIELD(ctx->fpcr, FPCR_RMODE);
}

/* The sign bit of a number. */
static inline uint64_t fp_sign_bit(unsigned size)
{
    return BIT64((8u << size) - 1);
}

/* --- arithmetic (arith.c) --- */
uint64_t fp_add(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_sub(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_mul(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_mulx(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_div(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_sqrt(struct fp_ctx *ctx, unsigned size, uint64_t a);
uint64_t fp_max(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_min(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_maxnum(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_minnum(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
/* addend + a * b, rounded once */
uint64_t fp_muladd(struct fp_ctx *ctx, unsigned size, uint64_t addend, uint64_t a, uint64_t b);
/* FPMulAddH: single addend and result, half factors */
uint64_t fp_muladdh(struct fp_ctx *ctx, uint64_t addend, uint64_t a, uint64_t b);
uint64_t fp_recip_step(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
uint64_t fp_rsqrt_step(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);

/* --- comparison (compare.c) --- */
/* NZCV in bits 31..28. */
uint32_t fp_compare(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b, bool signal_nans);
bool fp_compare_eq(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
bool fp_compare_ge(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);
bool fp_compare_gt(struct fp_ctx *ctx, unsigned size, uint64_t a, uint64_t b);

/* --- conversion (convert.c) --- */
uint64_t fp_convert(struct fp_ctx *ctx, unsigned from, unsigned to, uint64_t a, enum fp_rounding r);
uint64_t fp_round_int(struct fp_ctx *ctx, unsigned size, uint64_t a, enum fp_rounding r,
                      bool exact);
/* To an integer of `width` bits with fbits of them fraction; saturates. */
uint64_t fp_to_fixed(struct fp_ctx *ctx, unsigned size, uint64_t a, unsigned fbits,
                     bool is_unsigned, enum fp_rounding r, unsigned width);
/* From an integer given as its 64-bit extension. */
uint64_t fp_from_fixed(struct fp_ctx *ctx, unsigned size, uint64_t value, unsigned fbits,
                       bool is_unsigned, enum fp_rounding r);
/* FJCVTZS: the low 32 bits; *z is the Z flag. */
uint32_t fp_to_js(struct fp_ctx *ctx, uint64_t a, bool *z);

/* --- estimates (estimate.c) --- */
uint64_t fp_recip_estimate(struct fp_ctx *ctx, unsigned size, uint64_t a);
uint64_t fp_rsqrt_estimate(struct fp_ctx *ctx, unsigned size, uint64_t a);
/* Eight fraction bits of the estimate of a normal number, by its lowest exponent bit and its eight
 * highest fraction bits. */
void fp_estimate_tables(uint8_t recips[512], uint8_t rsqrts[512]);
uint64_t fp_recpx(struct fp_ctx *ctx, unsigned size, uint64_t a);
uint32_t fp_urecpe(uint32_t a);
uint32_t fp_ursqrte(uint32_t a);
