/* SPDX-License-Identifier: BSD-2-Clause */
/* What the identification registers say: exactly what the engine implements (Arm ARM D17.2). */
/*
 * Armv8.0 with FP16, DotProd, RDM, JSCVT, FCMA, FHM, AES, PMULL, SHA1, SHA256, SHA512, SHA3, CRC32,
 * LSE, LRCPC, FLAGM, DPB, PAN2, UAO, E0PD; AArch64 only, no EL2, no EL3; 4 KiB granule.
 */
#pragma once

#include "exarch/bits.h"

#define ID_FIELD(lsb, value) ((uint64_t)(value) << (lsb))

/* Implementer 0 is for software; the part number is our own. Architecture 0xf: see the ID
 * registers. */
#define ID_MIDR (ID_FIELD(16, 0xf) | ID_FIELD(4, 0x0e7))

/* clang-format off */
#define ID_PFR0                                                                                    \
    (ID_FIELD(0, 1)    /* EL0: AArch64 only */                                                     \
     | ID_FIELD(4, 1)  /* EL1: AArch64 only; EL2, EL3: none */                                     \
     | ID_FIELD(16, 1) /* FP with half precision */                                                \
     | ID_FIELD(20, 1) /* AdvSIMD with half precision */                                           \
     | ID_FIELD(24, 1) /* GICv3 system registers */                                                \
     | ID_FIELD(56, 1) /* CSV2 */                                                                  \
     | ID_FIELD(60, 1) /* CSV3 */)

#define ID_PFR1 0

#define ID_DFR0                                                                                    \
    (ID_FIELD(0, 6)    /* Armv8 debug */                                                           \
     | ID_FIELD(8, 1)  /* PMUv3 */                                                                 \
     | ID_FIELD(12, 1) /* two breakpoints: the least that there can be */                          \
     | ID_FIELD(20, 1) /* two watchpoints */                                                       \
     | ID_FIELD(28, 0) /* one of the breakpoints is context-aware */)

#define ID_ISAR0                                                                                   \
    (ID_FIELD(4, 2)    /* AES, PMULL */                                                            \
     | ID_FIELD(8, 1)  /* SHA1 */                                                                  \
     | ID_FIELD(12, 2) /* SHA256, SHA512 */                                                        \
     | ID_FIELD(16, 1) /* CRC32 */                                                                 \
     | ID_FIELD(20, 2) /* LSE */                                                                   \
     | ID_FIELD(28, 1) /* RDM */                                                                   \
     | ID_FIELD(32, 1) /* SHA3 */                                                                  \
     | ID_FIELD(44, 1) /* DotProd */                                                               \
     | ID_FIELD(48, 1) /* FHM */                                                                   \
     | ID_FIELD(52, 1) /* FLAGM */)

#define ID_ISAR1                                                                                   \
    (ID_FIELD(0, 1)    /* DPB: DC CVAP */                                                          \
     | ID_FIELD(12, 1) /* JSCVT */                                                                 \
     | ID_FIELD(16, 1) /* FCMA */                                                                  \
     | ID_FIELD(20, 1) /* LRCPC */)

#define ID_MMFR0                                                                                   \
    (ID_FIELD(0, 5)     /* 48-bit PA: with less Linux would randomise its linear map */            \
     | ID_FIELD(4, 2)   /* 16-bit ASIDs */                                                         \
     | ID_FIELD(20, 0)  /* no 16 KiB granule */                                                    \
     | ID_FIELD(24, 15) /* no 64 KiB granule */                                                    \
     | ID_FIELD(28, 0)  /* 4 KiB granule */)

#define ID_MMFR1 ID_FIELD(20, 2) /* PAN, AT S1E1RP and WP */

#define ID_MMFR2                                                                                   \
    (ID_FIELD(4, 1)    /* UAO */                                                                   \
     | ID_FIELD(60, 1) /* E0PD */)

/* DC ZVA clears 64 bytes: translated code does it inline (a64/tr_system.c). */
#define ID_ZVA_LOG2  6
#define ID_ZVA_BYTES (UINT64_C(1) << ID_ZVA_LOG2)

/*
 * 64-byte data lines and granules, IDC: no clean to the PoU needed. The instruction line is a page, so
 * that one IC IVAU covers what the code cache knows as one unit.
 */
#define ID_CTR                                                                                     \
    (ID_FIELD(0, 10)   /* IminLine: 2^10 words */                                                  \
     | ID_FIELD(14, 3) /* PIPT */                                                                  \
     | ID_FIELD(16, 4) /* DminLine */                                                              \
     | ID_FIELD(20, 4) /* ERG */                                                                   \
     | ID_FIELD(24, 4) /* CWG */                                                                   \
     | ID_FIELD(28, 1) /* IDC */                                                                   \
     | ID_FIELD(31, 1))

#define ID_IC_LINE 4096

/* Level 1 data and instruction, level 2 unified, inner shareable to level 2. */
#define ID_CLIDR (ID_FIELD(0, 3) | ID_FIELD(3, 4) | ID_FIELD(24, 2))

/* Event 0x11, the cycle counter. */
#define ID_PMCEID0 BIT64(17)
/* clang-format on */
