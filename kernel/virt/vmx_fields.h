/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCS's fields that root uses, the exit reasons, the controls: rows that make the enums, the
 * names in dumps and the checks. SDM 3D appendix B (fields), C (exit reasons), 3C 25.6-25.8.
 */
#pragma once

#include "exarch/bits.h"

// clang-format off

/* X(name, encoding). Order: appendix B. */
#define VMCS_ROWS(X)                          \
    X(VPID,                     0x0000)       \
    X(GUEST_ES_SELECTOR,        0x0800)       \
    X(GUEST_CS_SELECTOR,        0x0802)       \
    X(GUEST_SS_SELECTOR,        0x0804)       \
    X(GUEST_DS_SELECTOR,        0x0806)       \
    X(GUEST_FS_SELECTOR,        0x0808)       \
    X(GUEST_GS_SELECTOR,        0x080a)       \
    X(GUEST_LDTR_SELECTOR,      0x080c)       \
    X(GUEST_TR_SELECTOR,        0x080e)       \
    X(HOST_ES_SELECTOR,         0x0c00)       \
    X(HOST_CS_SELECTOR,         0x0c02)       \
    X(HOST_SS_SELECTOR,         0x0c04)       \
    X(HOST_DS_SELECTOR,         0x0c06)       \
    X(HOST_FS_SELECTOR,         0x0c08)       \
    X(HOST_GS_SELECTOR,         0x0c0a)       \
    X(HOST_TR_SELECTOR,         0x0c0c)       \
    X(MSR_BITMAP,               0x2004)       \
    X(EPT_POINTER,              0x201a)       \
    X(GUEST_PHYSICAL,           0x2400)       \
    X(LINK_POINTER,             0x2800)       \
    X(GUEST_DEBUGCTL,           0x2802)       \
    X(GUEST_PAT,                0x2804)       \
    X(GUEST_EFER,               0x2806)       \
    X(HOST_PAT,                 0x2c00)       \
    X(HOST_EFER,                0x2c02)       \
    X(PIN_CONTROLS,             0x4000)       \
    X(CPU_CONTROLS,             0x4002)       \
    X(EXCEPTION_BITMAP,         0x4004)       \
    X(FAULT_CODE_MASK,          0x4006)       \
    X(FAULT_CODE_MATCH,         0x4008)       \
    X(CR3_TARGETS,              0x400a)       \
    X(EXIT_CONTROLS,            0x400c)       \
    X(EXIT_MSR_STORES,          0x400e)       \
    X(EXIT_MSR_LOADS,           0x4010)       \
    X(ENTRY_CONTROLS,           0x4012)       \
    X(ENTRY_MSR_LOADS,          0x4014)       \
    X(ENTRY_EVENT,              0x4016)       \
    X(ENTRY_ERROR_CODE,         0x4018)       \
    X(ENTRY_INSTRUCTION_LENGTH, 0x401a)       \
    X(CPU2_CONTROLS,            0x401e)       \
    X(INSTRUCTION_ERROR,        0x4400)       \
    X(EXIT_REASON,              0x4402)       \
    X(EXIT_EVENT,               0x4404)       \
    X(EXIT_ERROR_CODE,          0x4406)       \
    X(VECTORING_EVENT,          0x4408)       \
    X(VECTORING_ERROR_CODE,     0x440a)       \
    X(INSTRUCTION_LENGTH,       0x440c)       \
    X(INSTRUCTION_INFO,         0x440e)       \
    X(GUEST_ES_LIMIT,           0x4800)       \
    X(GUEST_CS_LIMIT,           0x4802)       \
    X(GUEST_SS_LIMIT,           0x4804)       \
    X(GUEST_DS_LIMIT,           0x4806)       \
    X(GUEST_FS_LIMIT,           0x4808)       \
    X(GUEST_GS_LIMIT,           0x480a)       \
    X(GUEST_LDTR_LIMIT,         0x480c)       \
    X(GUEST_TR_LIMIT,           0x480e)       \
    X(GUEST_GDTR_LIMIT,         0x4810)       \
    X(GUEST_IDTR_LIMIT,         0x4812)       \
    X(GUEST_ES_RIGHTS,          0x4814)       \
    X(GUEST_CS_RIGHTS,          0x4816)       \
    X(GUEST_SS_RIGHTS,          0x4818)       \
    X(GUEST_DS_RIGHTS,          0x481a)       \
    X(GUEST_FS_RIGHTS,          0x481c)       \
    X(GUEST_GS_RIGHTS,          0x481e)       \
    X(GUEST_LDTR_RIGHTS,        0x4820)       \
    X(GUEST_TR_RIGHTS,          0x4822)       \
    X(GUEST_BLOCKING,           0x4824)       \
    X(GUEST_ACTIVITY,           0x4826)       \
    X(GUEST_SYSENTER_CS,        0x482a)       \
    X(PREEMPTION_TIMER,         0x482e)       \
    X(HOST_SYSENTER_CS,         0x4c00)       \
    X(CR0_MASK,                 0x6000)       \
    X(CR4_MASK,                 0x6002)       \
    X(CR0_SHADOW,               0x6004)       \
    X(CR4_SHADOW,               0x6006)       \
    X(QUALIFICATION,            0x6400)       \
    X(GUEST_LINEAR,             0x640a)       \
    X(GUEST_CR0,                0x6800)       \
    X(GUEST_CR3,                0x6802)       \
    X(GUEST_CR4,                0x6804)       \
    X(GUEST_ES_BASE,            0x6806)       \
    X(GUEST_CS_BASE,            0x6808)       \
    X(GUEST_SS_BASE,            0x680a)       \
    X(GUEST_DS_BASE,            0x680c)       \
    X(GUEST_FS_BASE,            0x680e)       \
    X(GUEST_GS_BASE,            0x6810)       \
    X(GUEST_LDTR_BASE,          0x6812)       \
    X(GUEST_TR_BASE,            0x6814)       \
    X(GUEST_GDTR_BASE,          0x6816)       \
    X(GUEST_IDTR_BASE,          0x6818)       \
    X(GUEST_DR7,                0x681a)       \
    X(GUEST_RSP,                0x681c)       \
    X(GUEST_RIP,                0x681e)       \
    X(GUEST_RFLAGS,             0x6820)       \
    X(GUEST_PENDING_DEBUG,      0x6822)       \
    X(GUEST_SYSENTER_ESP,       0x6824)       \
    X(GUEST_SYSENTER_EIP,       0x6826)       \
    X(HOST_CR0,                 0x6c00)       \
    X(HOST_CR3,                 0x6c02)       \
    X(HOST_CR4,                 0x6c04)       \
    X(HOST_FS_BASE,             0x6c06)       \
    X(HOST_GS_BASE,             0x6c08)       \
    X(HOST_TR_BASE,             0x6c0a)       \
    X(HOST_GDTR_BASE,           0x6c0c)       \
    X(HOST_IDTR_BASE,           0x6c0e)       \
    X(HOST_SYSENTER_ESP,        0x6c10)       \
    X(HOST_SYSENTER_EIP,        0x6c12)       \
    X(HOST_RSP,                 0x6c14)       \
    X(HOST_RIP,                 0x6c16)

/*
 * X(number, name, cause, handler): handler none means that the exit stops the VM with a dump. Causes
 * are rows of VIRT_CAUSE_ROWS (virt.h), handlers are vmx_exit.c's. Order: appendix C.
 */
#define VMX_EXIT_ROWS(X)                                                        \
    X( 0, "exception or NMI",             EXCEPTION,    vmx_exit_exception)     \
    X( 1, "external interrupt",           INTERRUPT,    vmx_exit_interrupt)     \
    X( 2, "triple fault",                 SHUTDOWN,     vmx_exit_triple_fault)  \
    X( 3, "INIT",                         OTHER,        NULL)                   \
    X( 4, "start-up IPI",                 OTHER,        NULL)                   \
    X( 5, "I/O SMI",                      OTHER,        NULL)                   \
    X( 6, "other SMI",                    OTHER,        NULL)                   \
    X( 7, "interrupt window",             WINDOW,       vmx_exit_window)        \
    X( 8, "NMI window",                   WINDOW,       NULL)                   \
    X( 9, "task switch",                  OTHER,        NULL)                   \
    X(10, "CPUID",                        CPUID,        vmx_exit_cpuid)         \
    X(11, "GETSEC",                       OTHER,        vmx_exit_undefined)     \
    X(12, "HLT",                          HLT,          vmx_exit_hlt)           \
    X(13, "INVD",                         OTHER,        vmx_exit_refused)       \
    X(14, "INVLPG",                       OTHER,        NULL)                   \
    X(15, "RDPMC",                        OTHER,        vmx_exit_refused)       \
    X(16, "RDTSC",                        OTHER,        NULL)                   \
    X(17, "RSM",                          OTHER,        vmx_exit_undefined)     \
    X(18, "VMCALL",                       HYPERCALL,    vmx_exit_hypercall)     \
    X(19, "VMCLEAR",                      OTHER,        vmx_exit_undefined)     \
    X(20, "VMLAUNCH",                     OTHER,        vmx_exit_undefined)     \
    X(21, "VMPTRLD",                      OTHER,        vmx_exit_undefined)     \
    X(22, "VMPTRST",                      OTHER,        vmx_exit_undefined)     \
    X(23, "VMREAD",                       OTHER,        vmx_exit_undefined)     \
    X(24, "VMRESUME",                     OTHER,        vmx_exit_undefined)     \
    X(25, "VMWRITE",                      OTHER,        vmx_exit_undefined)     \
    X(26, "VMXOFF",                       OTHER,        vmx_exit_undefined)     \
    X(27, "VMXON",                        OTHER,        vmx_exit_undefined)     \
    X(28, "control-register access",      CONTROL,      vmx_exit_refused)       \
    X(29, "MOV DR",                       DEBUG,        vmx_exit_refused)       \
    X(30, "I/O instruction",              PORT,         vmx_exit_port)          \
    X(31, "RDMSR",                        MSR,          vmx_exit_refused)       \
    X(32, "WRMSR",                        MSR,          vmx_exit_refused)       \
    X(33, "invalid guest state",          INVALID,      NULL)                   \
    X(34, "MSR loading at entry",         INVALID,      NULL)                   \
    X(36, "MWAIT",                        OTHER,        vmx_exit_undefined)     \
    X(37, "monitor trap flag",            OTHER,        NULL)                   \
    X(39, "MONITOR",                      OTHER,        vmx_exit_undefined)     \
    X(40, "PAUSE",                        OTHER,        NULL)                   \
    X(41, "machine check at entry",       INVALID,      NULL)                   \
    X(43, "TPR below threshold",          OTHER,        NULL)                   \
    X(44, "APIC access",                  OTHER,        NULL)                   \
    X(45, "virtualized EOI",              OTHER,        NULL)                   \
    X(46, "GDTR or IDTR access",          OTHER,        NULL)                   \
    X(47, "LDTR or TR access",            OTHER,        NULL)                   \
    X(48, "EPT violation",                NESTED_FAULT, vmx_exit_ept_violation) \
    X(49, "EPT misconfiguration",         NESTED_FAULT, NULL)                   \
    X(50, "INVEPT",                       OTHER,        vmx_exit_undefined)     \
    X(51, "RDTSCP",                       OTHER,        NULL)                   \
    X(52, "preemption timer",             TIMER,        vmx_exit_timer)         \
    X(53, "INVVPID",                      OTHER,        vmx_exit_undefined)     \
    X(54, "WBINVD",                       OTHER,        vmx_exit_refused)       \
    X(55, "XSETBV",                       OTHER,        vmx_exit_refused)       \
    X(56, "APIC write",                   OTHER,        NULL)                   \
    X(57, "RDRAND",                       OTHER,        NULL)                   \
    X(58, "INVPCID",                      OTHER,        NULL)                   \
    X(59, "VMFUNC",                       OTHER,        vmx_exit_undefined)     \
    X(60, "ENCLS",                        OTHER,        vmx_exit_undefined)     \
    X(61, "RDSEED",                       OTHER,        NULL)                   \
    X(62, "page-modification log full",   OTHER,        NULL)                   \
    X(63, "XSAVES",                       OTHER,        NULL)                   \
    X(64, "XRSTORS",                      OTHER,        NULL)

/* VM-instruction errors, SDM 3C 31.4. */
#define VMX_ERROR_ROWS(X)                                             \
    X( 1, "VMCALL in VMX root operation")                             \
    X( 2, "VMCLEAR with invalid physical address")                    \
    X( 3, "VMCLEAR with VMXON pointer")                               \
    X( 4, "VMLAUNCH with non-clear VMCS")                             \
    X( 5, "VMRESUME with non-launched VMCS")                          \
    X( 7, "entry with invalid control field")                         \
    X( 8, "entry with invalid host-state field")                      \
    X( 9, "VMPTRLD with invalid physical address")                    \
    X(10, "VMPTRLD with VMXON pointer")                               \
    X(11, "VMPTRLD with incorrect revision identifier")               \
    X(12, "access of an unsupported VMCS component")                  \
    X(13, "VMWRITE to a read-only component")                         \
    X(15, "VMXON in VMX root operation")                              \
    X(26, "entry with events blocked by MOV SS")                      \
    X(28, "invalid operand to INVEPT or INVVPID")

// clang-format on

enum vmcs_field {
#define X(name, encoding) VMCS_##name = (encoding),
    VMCS_ROWS(X)
#undef X
};

/* --- controls ----------------------------------------------------------------------------------
 */
#define PIN_EXTERNAL_INTERRUPT BIT32(0)
#define PIN_NMI                BIT32(3)
#define PIN_PREEMPTION_TIMER   BIT32(6)

#define CPU_INTERRUPT_WINDOW BIT32(2)
#define CPU_HLT              BIT32(7)
#define CPU_MWAIT            BIT32(10)
#define CPU_RDPMC            BIT32(11)
#define CPU_CR3_LOAD         BIT32(15)
#define CPU_CR3_STORE        BIT32(16)
#define CPU_CR8_LOAD         BIT32(19)
#define CPU_CR8_STORE        BIT32(20)
#define CPU_MOV_DR           BIT32(23)
#define CPU_ALL_PORTS        BIT32(24)
#define CPU_MSR_BITMAPS      BIT32(28)
#define CPU_MONITOR          BIT32(29)
#define CPU_SECONDARY        BIT32(31)

#define CPU2_EPT          BIT32(1)
#define CPU2_RDTSCP       BIT32(3)
#define CPU2_VPID         BIT32(5)
#define CPU2_WBINVD       BIT32(6)
#define CPU2_UNRESTRICTED BIT32(7)
#define CPU2_INVPCID      BIT32(12)

#define EXIT_HOST_64   BIT32(9)
#define EXIT_ACK       BIT32(15)
#define EXIT_SAVE_PAT  BIT32(18)
#define EXIT_LOAD_PAT  BIT32(19)
#define EXIT_SAVE_EFER BIT32(20)
#define EXIT_LOAD_EFER BIT32(21)

#define ENTRY_LOAD_DEBUG BIT32(2)
#define ENTRY_GUEST_64   BIT32(9)
#define ENTRY_LOAD_PAT   BIT32(14)
#define ENTRY_LOAD_EFER  BIT32(15)

/* --- capability MSRs, SDM 3D appendix A --------------------------------------------------------
 */
#define MSR_VMX_BASIC      0x480u
#define MSR_VMX_PIN        0x481u
#define MSR_VMX_CPU        0x482u
#define MSR_VMX_EXIT       0x483u
#define MSR_VMX_ENTRY      0x484u
#define MSR_VMX_MISC       0x485u
#define MSR_VMX_CR0_FIXED0 0x486u
#define MSR_VMX_CR0_FIXED1 0x487u
#define MSR_VMX_CR4_FIXED0 0x488u
#define MSR_VMX_CR4_FIXED1 0x489u
#define MSR_VMX_CPU2       0x48bu
#define MSR_VMX_EPT_VPID   0x48cu
#define MSR_VMX_TRUE(msr)  ((msr) + 0xcu) /* of PIN, CPU, EXIT, ENTRY */

#define BASIC_REVISION MASK(30, 0)
#define BASIC_SIZE     MASK(44, 32)
#define BASIC_TYPE     MASK(53, 50)
#define BASIC_TRUE     BIT64(55)

#define MISC_TIMER_SHIFT MASK(4, 0)

#define EPT_CAP_WALK_4        BIT64(6)
#define EPT_CAP_WB            BIT64(14)
#define EPT_CAP_2M            BIT64(16)
#define EPT_CAP_1G            BIT64(17)
#define EPT_CAP_INVEPT        BIT64(20)
#define EPT_CAP_AD            BIT64(21)
#define EPT_CAP_INVEPT_SINGLE BIT64(25)
#define EPT_CAP_INVEPT_ALL    BIT64(26)
#define VPID_CAP_INVVPID      BIT64(32)
#define VPID_CAP_SINGLE       BIT64(41)
#define VPID_CAP_ALL          BIT64(42)

#define FEATURE_CONTROL_LOCK  BIT64(0)
#define FEATURE_CONTROL_VMXON BIT64(2)

/* --- event words: ENTRY_EVENT, EXIT_EVENT, VECTORING_EVENT; SDM 3C 25.8.3, 25.9.2 ----------------
 */
#define EVENT_VECTOR   MASK(7, 0)
#define EVENT_TYPE     MASK(10, 8)
#define EVENT_HAS_CODE BIT32(11)
#define EVENT_VALID    BIT32(31)

enum event_type {
    EVENT_EXTERNAL = 0,
    EVENT_NMI = 2,
    EVENT_EXCEPTION = 3,
    EVENT_SOFT_INT = 4,
    EVENT_SOFT_EXCEPTION = 6,
};

/* GUEST_BLOCKING, SDM 3C 25.4.2. */
#define BLOCKING_STI    BIT64(0)
#define BLOCKING_MOV_SS BIT64(1)
#define BLOCKING_NMI    BIT64(3)

#define EXIT_REASON_NUMBER MASK(15, 0)
#define EXIT_REASON_FAILED BIT64(31) /* the entry failed, the guest has not run */
