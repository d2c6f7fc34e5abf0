/* SPDX-License-Identifier: BSD-2-Clause */
/* The GICv3 as the test programs use it. */
#pragma once

#include "tests/guest/guest.h"

#define GICD      0x08000000ul
#define GICR      0x080a0000ul
#define SGI_FRAME 0x10000ul

#define REG32(a) (*(volatile uint32_t *)(a))
#define REG64(a) (*(volatile uint64_t *)(a))
#define REG8(a)  (*(volatile uint8_t *)(a))

#define IAR1    s3_0_c12_c12_0
#define EOIR1   s3_0_c12_c12_1
#define HPPIR1  s3_0_c12_c12_2
#define BPR1    s3_0_c12_c12_3
#define ICTLR   s3_0_c12_c12_4
#define SRE     s3_0_c12_c12_5
#define IGRPEN0 s3_0_c12_c12_6
#define IGRPEN1 s3_0_c12_c12_7
#define AP1R0   s3_0_c12_c9_0
#define AP0R0   s3_0_c12_c8_4
#define IAR0    s3_0_c12_c8_0
#define EOIR0   s3_0_c12_c8_1
#define BPR0    s3_0_c12_c8_3
#define DIR     s3_0_c12_c11_1
#define RPR     s3_0_c12_c11_3
#define SGI1R   s3_0_c12_c11_5
#define PMR     s3_0_c4_c6_0

static inline void gic_on(void)
{
    msr(s3_0_c12_c12_5, 7);
    isb();
    REG32(GICD) = 0x13;
    REG32(GICR + 0x14) = 0;
    while (REG32(GICR + 0x14) & 4) {
    }
    msr(s3_0_c4_c6_0, 0xff);
    msr(s3_0_c12_c12_7, 1);
    isb();
}
