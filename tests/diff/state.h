/* SPDX-License-Identifier: BSD-2-Clause */
/* What a differential blob knows of one sequence: the start state, the end state, the descriptor.
 */
#pragma once

/* Offsets in struct state, for start.S; checked by driver.c. */
#define ST_X      0 /* X0..X30 */
#define ST_SP     248
#define ST_NZCV   256
#define ST_DAIF   264
#define ST_TPIDR0 272
#define ST_TPIDR1 280
#define ST_FPCR   288
#define ST_FPSR   296
#define ST_ESR    304 /* of the exception that ended the sequence; all ones where none did */
#define ST_ELR    312
#define ST_FAR    320
#define ST_SPSR   328
#define ST_VECTOR 336
#define ST_PAD    344
#define ST_V      352 /* V0..V31 */
#define ST_SIZE   864

/* Where EL0 sees RAM, from where EL1 does: EL1 may not execute what EL0 may write. */
#define EL0_ALIAS 0x40000000

/* Vector numbers: offset in the table >> 7; SEQ_DONE where the sequence ran to its end. */
#define SEQ_DONE 0xff

#ifndef __ASSEMBLER__
#include <stdint.h>

struct state {
    uint64_t x[31];
    uint64_t sp;
    uint64_t nzcv, daif, tpidr_el0, tpidr_el1;
    uint64_t fpcr, fpsr;
    uint64_t esr, elr, far, spsr, vector, pad;
    uint64_t v[32][2];
};

/* A register that must not be random. reg 31 is SP. */
enum fix_kind {
    FIX_WINDOW,   /* the memory window + value */
    FIX_CODE,     /* the sequence + value */
    FIX_VALUE,    /* value, sign extended */
    FIX_LOW_WORD, /* value in the low word, noise in the high one */
    FIX_WORD,     /* value, zero extended */
    FIX_FAULT,    /* the address value & 15 of those that fault, less value >> 4 */
};
struct fix {
    uint8_t reg;
    uint8_t kind;
    uint16_t pad;
    int32_t value;
};

enum { MAX_FIXES = 5 };

/* One sequence; made by generate.py (DESCRIPTOR there). */
struct descriptor {
    uint32_t code; /* first word, as index into the code */
    uint32_t seed; /* of the random state */
    uint8_t fp;    /* vector registers, FPCR and FPSR matter; 2: with FPCR.FZ clear */
    uint8_t pool;  /* what vector registers hold: enum pool */
    uint8_t fixes;
    uint8_t el0; /* runs at EL0, in the alias of RAM that EL0 may access */
    struct fix fix[MAX_FIXES];
};

/* What lanes are filled with. */
enum pool { POOL_INT, POOL_HALF, POOL_SINGLE, POOL_DOUBLE, POOL_MIXED };

/* A row of the decode table: `count` descriptors from `first` on. */
struct group {
    uint32_t row;
    uint32_t first;
    uint32_t count;
};

/* The blob's data, in this order: header, groups, descriptors, code. */
struct header {
    uint32_t verbose; /* dump states instead of hashes */
    uint32_t groups;
    uint32_t descriptors;
    uint32_t words;
};
#endif
