/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations that the pure helpers of dbt/fp do, and how their immediate says which. */
/*
 * Every vector helper works on `lanes` lanes of 8 << size bits and zeroes the rest of its result.
 *   help_fp      lane operations on numbers: enum fp_op
 *   help_fp_cvt  between formats (lanes of unlike sizes): FP_CVT_IMM
 *   help_fp_cmp  FCMP: NZCV in bits 31..28 of the result
 *   help_fp_js   FJCVTZS: the result in bits 31..0, Z in bit 32
 *   help_simd    lane operations on integers: enum simd_op
 *   help_crypto  enum crypto_op
 */
#pragma once

#include "dbt/fp/fp.h"
#include "dbt/state.h"

enum fp_op {
    /* result = a OP b */
    FP_ADD,
    FP_SUB,
    FP_MUL,
    FP_MULX,
    FP_DIV,
    FP_MAX,
    FP_MIN,
    FP_MAXNM,
    FP_MINNM,
    FP_RECPS,
    FP_RSQRTS,
    FP_CMEQ, /* all ones where true */
    FP_CMGE,
    FP_CMGT,
    FP_ACGE,
    FP_ACGT,
    /* a is the addend, b and c the factors; half factors (b and c) for FP_MULADDH */
    FP_MULADD,  /* a + b * c */
    FP_MULSUB,  /* a - b * c */
    FP_NMULADD, /* -a - b * c */
    FP_NMULSUB, /* -a + b * c */
    FP_MULADDH,
    FP_MULSUBH,
    /* of a alone */
    FP_SQRT,
    FP_RECPE,
    FP_RSQRTE,
    FP_RECPX,
    FP_RINT, /* aux = rounding, FP_AUX_EXACT */
    FP_TOS,  /* aux = rounding; imm's fbits */
    FP_TOU,
    FP_FROMS, /* rounds by FPCR; fbits */
    FP_FROMU,
    FP_OP_COUNT
};

/* enum fp_op | size << 8 | lanes << 10 | aux << 14 | fbits << 18 */
#define FP_AUX_MODE  7u /* in place of a rounding: FPCR's */
#define FP_AUX_EXACT 8u /* FP_RINT raises Inexact */
#define FP_IMM(op, size, lanes, aux, fbits)                                                        \
    ((uint32_t)(op) | (uint32_t)(size) << 8 | (uint32_t)(lanes) << 10 | (uint32_t)(aux) << 14 |    \
     (uint32_t)(fbits) << 18)

/* from | to << 2 | lanes << 4 | first << 8 | odd << 12: lanes first.. of a become lanes 0.. */
#define FP_CVT_IMM(from, to, lanes, first, odd)                                                    \
    ((uint32_t)(from) | (uint32_t)(to) << 2 | (uint32_t)(lanes) << 4 | (uint32_t)(first) << 8 |    \
     (uint32_t)(odd) << 12)

/* size | signal << 2 */
#define FP_CMP_IMM(size, signal) ((uint32_t)(size) | (uint32_t)(signal) << 2)

/* The imm of help_fp_toi, from a register lane to a general register of width bits, and
 * help_fp_fromi. */
#define FP_INT_IMM(size, width, is_unsigned, aux, fbits)                                           \
    ((uint32_t)(size) | (uint32_t)(is_unsigned) << 2 | (uint32_t)(aux) << 3 |                      \
     (uint32_t)(width) << 8 | (uint32_t)(fbits) << 16)

enum simd_op {
    /* a OP b, lanes of one size */
    SIMD_SQADD,
    SIMD_UQADD,
    SIMD_SQSUB,
    SIMD_UQSUB,
    SIMD_SUQADD, /* signed a + unsigned b */
    SIMD_USQADD, /* unsigned a + signed b */
    SIMD_SSHL, /* shifts by the signed low byte of b's lane, or where b is absent by imm's shift */
    SIMD_USHL,
    SIMD_SRSHL,
    SIMD_URSHL,
    SIMD_SQSHL,
    SIMD_UQSHL,
    SIMD_SQRSHL,
    SIMD_UQRSHL,
    SIMD_SQSHLU,
    SIMD_SQDMULH,
    SIMD_SQRDMULH,
    SIMD_PMUL,
    /* c + or - */
    SIMD_SQRDMLAH,
    SIMD_SQRDMLSH,
    SIMD_SDOT, /* size 2: c + the four products of bytes */
    SIMD_UDOT,
    /* size is the result's, a and b have lanes of half of it, from lane `shift` on */
    SIMD_SQDMULL,
    SIMD_SQDMLAL,
    SIMD_SQDMLSL,
    SIMD_PMULL,
    /* of a alone */
    SIMD_SQABS,
    SIMD_SQNEG,
    SIMD_CLS,
    SIMD_CLZ,
    SIMD_CNT,
    SIMD_RBIT, /* of each byte */
    SIMD_URECPE,
    SIMD_URSQRTE,
    /* size is the result's, a has lanes of twice of it, shifted right by `shift` */
    SIMD_SQSHRN,
    SIMD_UQSHRN,
    SIMD_SQRSHRN,
    SIMD_UQRSHRN,
    SIMD_SQSHRUN,
    SIMD_SQRSHRUN,
    SIMD_OP_COUNT
};

/* Whether the operation may set FPSR.QC. */
static inline bool simd_saturates(enum simd_op op)
{
    switch (op) {
    case SIMD_SSHL:
    case SIMD_USHL:
    case SIMD_SRSHL:
    case SIMD_URSHL:
    case SIMD_PMUL:
    case SIMD_SDOT:
    case SIMD_UDOT:
    case SIMD_PMULL:
    case SIMD_CLS:
    case SIMD_CLZ:
    case SIMD_CNT:
    case SIMD_RBIT:
    case SIMD_URECPE:
    case SIMD_URSQRTE: return false;
    default: return true;
    }
}

/* enum simd_op | size << 8 | lanes << 10 | shift << 16 */
#define SIMD_IMM(op, size, lanes, shift)                                                           \
    ((uint32_t)(op) | (uint32_t)(size) << 8 | (uint32_t)(lanes) << 10 | (uint32_t)(shift) << 16)

enum crypto_op {
    CRYPTO_AESE, /* a = state, b = round key */
    CRYPTO_AESD,
    CRYPTO_AESMC,
    CRYPTO_AESIMC,
    CRYPTO_AESEMC, /* AESE, then AESMC */
    CRYPTO_AESDIMC,
    CRYPTO_SHA1C, /* a = Qd, b = Sn (or Qn), c = Vm, as the manual */
    CRYPTO_SHA1P,
    CRYPTO_SHA1M,
    CRYPTO_SHA256H,
    CRYPTO_SHA256H2,
    CRYPTO_SHA256SU0,
    CRYPTO_SHA256SU1,
    CRYPTO_SHA512H,
    CRYPTO_SHA512H2,
    CRYPTO_SHA512SU0,
    CRYPTO_SHA512SU1,
    CRYPTO_PMULL64, /* a's and b's low halves */
    CRYPTO_PMULL64_HIGH,
    CRYPTO_OP_COUNT
};

void help_fp(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
             uint32_t imm);
/* What the FIDC row does: IDC for denormal lanes where they are flushed. imm: FP_IMM's size, lanes.
 */
void help_fp_idc(struct a64_state *st, const v128 *a, uint32_t imm);
void help_fp_cvt(struct a64_state *st, v128 *result, const v128 *a, uint64_t unused1,
                 uint64_t unused2, uint32_t imm);
uint64_t help_fp_toi(struct a64_state *st, const v128 *a, uint64_t unused1, uint64_t unused2,
                     uint32_t imm);
void help_fp_fromi(struct a64_state *st, v128 *result, uint64_t a, uint64_t unused1,
                   uint64_t unused2, uint32_t imm);
uint64_t help_fp_cmp(struct a64_state *st, const v128 *a, const v128 *b, uint64_t unused,
                     uint32_t imm);
uint64_t help_fp_js(struct a64_state *st, const v128 *a, uint64_t unused1, uint64_t unused2,
                    uint32_t imm);
void help_simd(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
               uint32_t imm);
void help_crypto(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
                 uint32_t imm);
