/* SPDX-License-Identifier: BSD-2-Clause */
/* Architectural registers and their fields: SDM volume 3 chapter 2 and volume 4; APM volume 2. */
#pragma once

#include "exarch/bits.h"

// clang-format off
#define CR0_PE          BIT64(0)
#define CR0_MP          BIT64(1)
#define CR0_EM          BIT64(2)
#define CR0_TS          BIT64(3)
#define CR0_ET          BIT64(4)
#define CR0_NE          BIT64(5)
#define CR0_WP          BIT64(16)
#define CR0_AM          BIT64(18)
#define CR0_NW          BIT64(29)
#define CR0_CD          BIT64(30)
#define CR0_PG          BIT64(31)

#define CR4_DE          BIT64(3)
#define CR4_PAE         BIT64(5)
#define CR4_MCE         BIT64(6)
#define CR4_PGE         BIT64(7)
#define CR4_OSFXSR      BIT64(9)
#define CR4_OSXMMEXCPT  BIT64(10)
#define CR4_UMIP        BIT64(11)
#define CR4_LA57        BIT64(12)
#define CR4_VMXE        BIT64(13)
#define CR4_FSGSBASE    BIT64(16)
#define CR4_PCIDE       BIT64(17)
#define CR4_OSXSAVE     BIT64(18)
#define CR4_SMEP        BIT64(20)
#define CR4_SMAP        BIT64(21)

#define EFER_SCE        BIT64(0)
#define EFER_LME        BIT64(8)
#define EFER_LMA        BIT64(10)
#define EFER_NXE        BIT64(11)
#define EFER_SVME       BIT64(12)

#define MSR_APIC_BASE       0x0000001bu
#define MSR_FEATURE_CONTROL 0x0000003au
#define MSR_DEBUGCTL        0x000001d9u
#define MSR_PAT             0x00000277u
#define MSR_EFER            0xc0000080u
#define MSR_STAR            0xc0000081u
#define MSR_LSTAR           0xc0000082u
#define MSR_CSTAR           0xc0000083u
#define MSR_SFMASK          0xc0000084u
#define MSR_FS_BASE         0xc0000100u
#define MSR_GS_BASE         0xc0000101u
#define MSR_KERNEL_GS_BASE  0xc0000102u
#define MSR_TSC_AUX         0xc0000103u

/* Page-table entries, SDM 3 table 4-15 onwards; the same bits at every level. */
#define PTE_PRESENT     BIT64(0)
#define PTE_WRITE       BIT64(1)
#define PTE_USER        BIT64(2)
#define PTE_PWT         BIT64(3)
#define PTE_PCD         BIT64(4)
#define PTE_ACCESSED    BIT64(5)
#define PTE_DIRTY       BIT64(6)
#define PTE_LARGE       BIT64(7)  /* in a PDPT or page directory entry: 1G or 2M page */
#define PTE_PAT_4K      BIT64(7)
#define PTE_GLOBAL      BIT64(8)
#define PTE_PAT_LARGE   BIT64(12)
#define PTE_ADDRESS     MASK(51, 12)
#define PTE_NX          BIT64(63)
// clang-format on

/* Selectors of the GDT that every CPU loads (kernel/x86/gdt.c). */
#define SEL_NULL UINT16_C(0x00)
#define SEL_CODE UINT16_C(0x08)
#define SEL_DATA UINT16_C(0x10)
#define SEL_TSS  UINT16_C(0x18)

/* Exception vectors, SDM 3 table 6-1. */
enum vector {
    VEC_DE = 0,
    VEC_DB = 1,
    VEC_NMI = 2,
    VEC_BP = 3,
    VEC_OF = 4,
    VEC_BR = 5,
    VEC_UD = 6,
    VEC_NM = 7,
    VEC_DF = 8,
    VEC_TS = 10,
    VEC_NP = 11,
    VEC_SS = 12,
    VEC_GP = 13,
    VEC_PF = 14,
    VEC_MF = 16,
    VEC_AC = 17,
    VEC_MC = 18,
    VEC_XM = 19,
    VEC_VE = 20,
    VEC_CP = 21,
};
