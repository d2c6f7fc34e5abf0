/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMCB, SVM's exit codes and bits. APM 2 appendices B and C. */
#pragma once

#include "exarch/bits.h"

struct vmcb_segment {
    uint16_t selector;
    uint16_t rights; /* descriptor bits 55:52 and 47:40 */
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    /* Control area, appendix B, table B-1. */
    uint16_t intercept_cr_read;
    uint16_t intercept_cr_write;
    uint16_t intercept_dr_read;
    uint16_t intercept_dr_write;
    uint32_t intercept_exceptions;
    uint32_t intercept_misc1;
    uint32_t intercept_misc2;
    uint32_t intercept_misc3;
    uint8_t reserved0[0x3c - 0x18];
    uint16_t pause_threshold;
    uint16_t pause_count;
    uint64_t iopm_base;
    uint64_t msrpm_base;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control;
    uint8_t reserved1[3];
    uint64_t v_intr;
    uint64_t interrupt_shadow;
    uint64_t exit_code;
    uint64_t exit_info1;
    uint64_t exit_info2;
    uint64_t exit_int_info;
    uint64_t nested_control;
    uint8_t reserved2[0xa8 - 0x98];
    uint64_t event_inject;
    uint64_t nested_cr3;
    uint64_t lbr_control;
    uint64_t clean;
    uint64_t next_rip;
    uint8_t fetched_count;
    uint8_t fetched[15];
    uint8_t reserved3[0x400 - 0xe0];

    /* State save area, table B-2. */
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved4[0x4cb - 0x4a0];
    uint8_t cpl;
    uint32_t reserved5;
    uint64_t efer;
    uint8_t reserved6[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved7[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved8[0x5f8 - 0x5e0];
    uint64_t rax;
    uint64_t star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2;
    uint8_t reserved9[0x668 - 0x648];
    uint64_t pat;
    uint64_t debugctl, br_from, br_to, exception_from, exception_to;
    uint8_t reserved10[0x1000 - 0x698];
};
_Static_assert(offsetof(struct vmcb, iopm_base) == 0x40, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, v_intr) == 0x60, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, nested_control) == 0x90, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, event_inject) == 0xa8, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "APM 2 table B-1");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, tr) == 0x490, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM 2 table B-2");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "APM 2 table B-2");
_Static_assert(sizeof(struct vmcb) == 4096, "a VMCB is a page");

// clang-format off

/*
 * X(code, name, length, cause, handler): length is the instruction's where the CPU does not save the
 * next RIP (prefixes would make it longer; the engine uses none). A row without handler stops the VM
 * with a dump. Order: appendix C.
 */
#define SVM_EXIT_ROWS(X)                                                             \
    X(0x008, "CR8 read",                0, CONTROL,      svm_exit_refused)           \
    X(0x010, "CR0 write",               0, CONTROL,      svm_exit_refused)           \
    X(0x014, "CR4 write",               0, CONTROL,      svm_exit_refused)           \
    X(0x018, "CR8 write",               0, CONTROL,      svm_exit_refused)           \
    X(0x051, "#AC",                     0, EXCEPTION,    svm_exit_alignment)         \
    X(0x052, "#MC",                     0, EXCEPTION,    svm_exit_machine_check)     \
    X(0x060, "INTR",                    0, INTERRUPT,    svm_exit_interrupt)         \
    X(0x061, "NMI",                     0, EXCEPTION,    svm_exit_interrupt)         \
    X(0x062, "SMI",                     0, OTHER,        svm_exit_interrupt)         \
    X(0x063, "INIT",                    0, OTHER,        NULL)                       \
    X(0x064, "VINTR",                   0, WINDOW,       NULL)                       \
    X(0x06f, "RDPMC",                   0, OTHER,        svm_exit_refused)           \
    X(0x072, "CPUID",                   2, CPUID,        svm_exit_cpuid)             \
    X(0x073, "RSM",                     0, OTHER,        svm_exit_undefined)         \
    X(0x076, "INVD",                    0, OTHER,        svm_exit_refused)           \
    X(0x078, "HLT",                     1, HLT,          svm_exit_hlt)               \
    X(0x07a, "INVLPGA",                 0, OTHER,        svm_exit_undefined)         \
    X(0x07b, "I/O instruction",         0, PORT,         svm_exit_port)              \
    X(0x07c, "MSR access",              0, MSR,          svm_exit_refused)           \
    X(0x07d, "task switch",             0, OTHER,        NULL)                       \
    X(0x07f, "shutdown",                0, SHUTDOWN,     svm_exit_shutdown)          \
    X(0x080, "VMRUN",                   0, OTHER,        svm_exit_undefined)         \
    X(0x081, "VMMCALL",                 3, HYPERCALL,    svm_exit_hypercall)         \
    X(0x082, "VMLOAD",                  0, OTHER,        svm_exit_undefined)         \
    X(0x083, "VMSAVE",                  0, OTHER,        svm_exit_undefined)         \
    X(0x084, "STGI",                    0, OTHER,        svm_exit_undefined)         \
    X(0x085, "CLGI",                    0, OTHER,        svm_exit_undefined)         \
    X(0x086, "SKINIT",                  0, OTHER,        svm_exit_undefined)         \
    X(0x089, "WBINVD",                  0, OTHER,        svm_exit_refused)           \
    X(0x08a, "MONITOR",                 0, OTHER,        svm_exit_undefined)         \
    X(0x08b, "MWAIT",                   0, OTHER,        svm_exit_undefined)         \
    X(0x08c, "MWAIT armed",             0, OTHER,        svm_exit_undefined)         \
    X(0x08d, "XSETBV",                  0, OTHER,        svm_exit_refused)           \
    X(0x400, "nested page fault",       0, NESTED_FAULT, svm_exit_nested_fault)

/* Fields that a dump shows. */
#define VMCB_DUMP_ROWS(X)                                                            \
    X(rip) X(rsp) X(rflags) X(rax) X(cr0) X(cr2) X(cr3) X(cr4) X(efer) X(dr6) X(dr7) \
    X(cs.selector) X(cs.rights) X(cs.base) X(ss.selector) X(ss.rights) X(ss.base)    \
    X(ds.selector) X(ds.rights) X(es.selector) X(fs.selector) X(fs.base)             \
    X(gs.selector) X(gs.base) X(tr.selector) X(tr.base) X(tr.limit) X(ldtr.selector) \
    X(gdtr.base) X(gdtr.limit) X(idtr.base) X(idtr.limit) X(cpl) X(star) X(lstar)    \
    X(cstar) X(fmask) X(kernel_gs_base) X(pat) X(asid) X(tlb_control) X(v_intr)      \
    X(interrupt_shadow) X(exit_code) X(exit_info1) X(exit_info2) X(exit_int_info)    \
    X(event_inject) X(nested_control) X(nested_cr3) X(next_rip) X(intercept_misc1)   \
    X(intercept_misc2) X(intercept_exceptions)

// clang-format on

/* intercept_misc1, APM 2 table B-1 offset 0x0c */
#define MISC1_INTR     BIT32(0)
#define MISC1_NMI      BIT32(1)
#define MISC1_SMI      BIT32(2)
#define MISC1_INIT     BIT32(3)
#define MISC1_RDPMC    BIT32(15)
#define MISC1_CPUID    BIT32(18)
#define MISC1_RSM      BIT32(19)
#define MISC1_INVD     BIT32(22)
#define MISC1_HLT      BIT32(24)
#define MISC1_INVLPGA  BIT32(26)
#define MISC1_IO       BIT32(27)
#define MISC1_MSR      BIT32(28)
#define MISC1_TASK     BIT32(29)
#define MISC1_SHUTDOWN BIT32(31)

/* intercept_misc2, offset 0x10 */
#define MISC2_VMRUN       BIT32(0)
#define MISC2_VMMCALL     BIT32(1)
#define MISC2_VMLOAD      BIT32(2)
#define MISC2_VMSAVE      BIT32(3)
#define MISC2_STGI        BIT32(4)
#define MISC2_CLGI        BIT32(5)
#define MISC2_SKINIT      BIT32(6)
#define MISC2_WBINVD      BIT32(9)
#define MISC2_MONITOR     BIT32(10)
#define MISC2_MWAIT       BIT32(11)
#define MISC2_MWAIT_ARMED BIT32(12)
#define MISC2_XSETBV      BIT32(13)

/* v_intr */
#define V_IRQ          BIT64(8)
#define V_PRIORITY     MASK(19, 16)
#define V_IGNORE_TPR   BIT64(20)
#define V_INTR_MASKING BIT64(24)
#define V_VECTOR       MASK(39, 32)

#define SHADOW_ACTIVE BIT64(0)

#define TLB_KEEP       0
#define TLB_FLUSH_ALL  1
#define TLB_FLUSH_ASID 3

#define NESTED_PAGING BIT64(0)

/* event_inject and exit_int_info; the same layout as VMX's but for the error-code bit's place. */
#define SVM_EVENT_VECTOR   MASK(7, 0)
#define SVM_EVENT_TYPE     MASK(10, 8)
#define SVM_EVENT_HAS_CODE BIT64(11)
#define SVM_EVENT_VALID    BIT64(31)
#define SVM_EVENT_CODE     MASK(63, 32)

#define EXIT_CODE_INVALID UINT64_MAX

#define IO_INFO_IN   BIT64(0)
#define IO_INFO_PORT MASK(31, 16)

#define MSR_VM_CR       0xc0010114u
#define VM_CR_SVMDIS    BIT64(4)
#define VM_CR_LOCK      BIT64(3)
#define MSR_VM_HSAVE_PA 0xc0010117u

/* CPUID 0x8000000a EDX */
#define SVM_NPT        BIT32(0)
#define SVM_LOCK       BIT32(2)
#define SVM_NRIP       BIT32(3)
#define SVM_FLUSH_ASID BIT32(6)
#define SVM_DECODE     BIT32(7)
