/* SPDX-License-Identifier: BSD-2-Clause */
/* The system registers' storage, made from the table in sysregs.inc, and their bits. */
#pragma once

#include "exarch/bits.h"

/* One field for every SYS_STORE row of sysregs.inc, by the register's name: sys.SCTLR_EL1. */
struct sysregs {
#define SYS_STORE(name, op0, op1, crn, crm, op2, access, reset, mask) uint64_t name;
#define SYS_CONST(name, op0, op1, crn, crm, op2, access, value)
#define SYS_CALL(name, op0, op1, crn, crm, op2, access, argument)
#define SYS_READ(name, op0, op1, crn, crm, op2, access, argument)
#define SYS_WRITE(name, op0, op1, crn, crm, op2, access, argument)
#include "dbt/sys/sysregs.inc"
#undef SYS_STORE
#undef SYS_CONST
#undef SYS_CALL
#undef SYS_READ
#undef SYS_WRITE
    uint64_t dbg_claim;   /* DBGCLAIMSET/CLR tags */
    uint64_t pmcr;        /* PMCR_EL0: E, and LC that is always set */
    uint64_t pm_enabled;  /* PMCNTENSET: bit 31, the cycle counter */
    uint64_t pm_overflow; /* PMOVSSET */
    uint64_t pm_inten;    /* PMINTENSET */
    uint64_t pm_filter;   /* PMCCFILTR: P, U */
    uint64_t pm_cycles;   /* PMCCNTR when it last started or stopped */
    uint64_t pm_start;    /* the host counter then */
};

/* SCTLR_EL1 (Arm ARM D17.2.118) */
#define SCTLR_M     BIT64(0)
#define SCTLR_A     BIT64(1)
#define SCTLR_C     BIT64(2)
#define SCTLR_SA    BIT64(3)
#define SCTLR_SA0   BIT64(4)
#define SCTLR_UMA   BIT64(9)
#define SCTLR_I     BIT64(12)
#define SCTLR_DZE   BIT64(14)
#define SCTLR_UCT   BIT64(15)
#define SCTLR_NTWI  BIT64(16)
#define SCTLR_NTWE  BIT64(18)
#define SCTLR_WXN   BIT64(19)
#define SCTLR_SPAN  BIT64(23)
#define SCTLR_UCI   BIT64(26)
#define SCTLR_DSSBS BIT64(44)

/* TCR_EL1 (D17.2.131) */
#define TCR_T0SZ  MASK(5, 0)
#define TCR_EPD0  BIT64(7)
#define TCR_TG0   MASK(15, 14)
#define TCR_T1SZ  MASK(21, 16)
#define TCR_A1    BIT64(22)
#define TCR_EPD1  BIT64(23)
#define TCR_TG1   MASK(31, 30)
#define TCR_IPS   MASK(34, 32)
#define TCR_AS    BIT64(36)
#define TCR_TBI0  BIT64(37)
#define TCR_TBI1  BIT64(38)
#define TCR_E0PD0 BIT64(55)
#define TCR_E0PD1 BIT64(56)

/* TTBRn_EL1 (D17.2.144) */
#define TTBR_ASID  MASK(63, 48)
#define TTBR_BADDR MASK(47, 1)

/* CPACR_EL1, MDSCR_EL1, CNTKCTL_EL1 */
#define CPACR_FPEN       MASK(21, 20)
#define MDSCR_SS         BIT64(0)
#define MDSCR_TDCC       BIT64(12)
#define MDSCR_KDE        BIT64(13)
#define MDSCR_MDE        BIT64(15)
#define CNTKCTL_EL0PCTEN BIT64(0)
#define CNTKCTL_EL0VCTEN BIT64(1)
#define CNTKCTL_EVNTEN   BIT64(2)
#define CNTKCTL_EVNTDIR  BIT64(3)
#define CNTKCTL_EVNTI    MASK(7, 4)
#define CNTKCTL_EL0VTEN  BIT64(8)
#define CNTKCTL_EL0PTEN  BIT64(9)

/* SPSR_EL1 of an exception from AArch64 (D17.2.124); DAIF is bits 9..6 */
#define SPSR_M    MASK(3, 0)
#define SPSR_M4   BIT64(4)
#define SPSR_DAIF MASK(9, 6)
#define SPSR_SSBS BIT64(12)
#define SPSR_IL   BIT64(20)
#define SPSR_SS   BIT64(21)
#define SPSR_PAN  BIT64(22)
#define SPSR_UAO  BIT64(23)
#define SPSR_NZCV MASK(31, 28)
#define SPSR_MASK (SPSR_NZCV | MASK(23, 20) | SPSR_DAIF | SPSR_M4 | SPSR_M) /* what MSR writes */

/* PSTATE.DAIF in struct pstate */
#define DAIF_F BIT32(0)
#define DAIF_I BIT32(1)
#define DAIF_A BIT32(2)
#define DAIF_D BIT32(3)
