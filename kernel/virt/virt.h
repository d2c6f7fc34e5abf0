/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual CPUs: what VMX (vmx.c) and SVM (svm.c) have in common, and the seam between them.
 *
 * A vCPU belongs to one core from its start to its end; only that core's scheduler (sched.c)
 * touches it, with interrupts off, but for the fields marked "any core". Exits are answered in
 * three steps: the back end names the reason and calls its row's handler; handlers end in one of
 * the answers below; run.c accounts, injects and goes on.
 */
#pragma once

#include "exarch/abi.h"
#include "exarch/addr.h"
#include "exarch/bits.h"
#include "exarch/err.h"
#include "kernel/x86/regs.h"
#include "mmu/nested.h"

struct vcpu;
struct vm;

/*
 * The exceptions that leave a VM: #AC, which could be raised for ever inside one delivery, and #MC,
 * which is root's. #DB is the engine's own affair, for it steps translated code: without
 * breakpoints (a VM reaches no debug register, DR7 and DEBUGCTL are loaded as after reset) no
 * delivery of it raises another one (SDM 3B 18.2.4, 18.3.1).
 */
#define VIRT_INTERCEPTED_EXCEPTIONS (BIT32(VEC_AC) | BIT32(VEC_MC))

// clang-format off
/* What exits are counted under: name, text. */
#define VIRT_CAUSE_ROWS(X)                \
    X(HYPERCALL,    "hypercall")          \
    X(INTERRUPT,    "host interrupt")     \
    X(TIMER,        "timer")              \
    X(WINDOW,       "interrupt window")   \
    X(CPUID,        "CPUID")              \
    X(HLT,          "HLT")                \
    X(MSR,          "MSR")                \
    X(CONTROL,      "control register")   \
    X(DEBUG,        "debug register")     \
    X(PORT,         "I/O port")           \
    X(EXCEPTION,    "exception or NMI")   \
    X(NESTED_FAULT, "nested page fault")  \
    X(SHUTDOWN,     "triple fault")       \
    X(INVALID,      "invalid state")      \
    X(OTHER,        "other")
// clang-format on

enum virt_cause {
#define X(name, text) CAUSE_##name,
    VIRT_CAUSE_ROWS(X)
#undef X
        CAUSE_COUNT
};

/* A handler's answer. */
enum exit_answer {
    EXIT_RESUME, /* go on where it was (RIP already moved where it has to) */
    EXIT_INJECT, /* go on with the exception in vcpu->inject */
    EXIT_YIELD,  /* go on later: let others run */
    EXIT_WAIT,   /* go on when an event is pending */
    EXIT_STOP,   /* this VM ends; vm_stop() has been told why */
};

/* The registers that neither VMCS nor VMCB hold; the world switches know this order (entry.h). */
struct vcpu_regs {
    uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

/* An exception or event on its way into the VM. */
struct vcpu_event {
    bool valid;
    bool has_code;
    uint8_t vector;
    uint8_t type; /* VMX's numbers (enum event_type), which SVM shares */
    uint32_t code;
};

struct exit_count {
    uint64_t count;
    uint64_t cycles; /* from the exit to the next entry */
};

enum vcpu_state {
    VCPU_NEW,     /* its back-end part is not made yet */
    VCPU_READY,   /* wants to run */
    VCPU_WAITING, /* until an event is pending */
    VCPU_GONE,    /* back-end part is gone; the VM may be given back when all are */
};

struct vcpu {
    struct vm *vm;
    unsigned index; /* in its VM */
    unsigned core;
    struct vcpu *next; /* in its core's list */
    enum vcpu_state state;

    struct vcpu_regs regs;
    struct vcpu_event inject; /* for the next entry; has precedence over the pending event */
    bool event_wanted;        /* any core: abi_vcpu.pending was changed, tell the engine */
    uint64_t seen_generation; /* of the VM's nested tables, when last invalidated */

    void *backend; /* struct vmx_vcpu or svm_vcpu */
    void *xsave;

    /* Where the VM starts. */
    uint64_t start_rip;
    uint64_t start_rsp;
    uint64_t start_cr3;

    /* Accounting. */
    struct exit_count exits[CAUSE_COUNT];
    struct exit_count calls[ABI_CALL_COUNT];
    uint64_t exit_total;
    uint64_t run_cycles;   /* in non-root mode */
    uint64_t ready_since;  /* TSC; for steal time */
    uint64_t exit_tsc;     /* of the last exit */
    enum virt_cause cause; /* of the last exit */
    unsigned call;         /* of the last exit, when it was a hypercall; else ABI_CALL_COUNT */

    /* Loops in exits: how often the same instruction exited without anything else between. */
    uint64_t stuck_rip;
    unsigned stuck_count;
    unsigned refused_count; /* hypercalls refused in a row */
};

/* What the CPU can do for VMs, after virt_init. */
struct virt_features {
    bool guest_large_2m; /* nested 2M pages */
    bool guest_large_1g;
    bool guest_large_code; /* of pages that VMs execute, too */
    bool accessed_dirty;
    bool invpcid;
    bool rdtscp;
    bool preemption_timer; /* entries bound themselves; else the APIC timer must */
};

/*
 * The back end. Everything but `check` runs on the core that it is about, with interrupts off.
 */
struct virt_ops {
    const char *name;
    enum abi_vendor vendor;
    const struct ptab_format *nested;
    /* Reads what this CPU offers; logs in plain words what is missing. Errors: NODEV. */
    int (*check)(struct virt_features *features);
    int (*core_on)(void);
    void (*core_off)(void);
    int (*vcpu_create)(struct vcpu *vcpu);
    void (*vcpu_destroy)(struct vcpu *vcpu);
    void (*vcpu_load)(struct vcpu *vcpu);   /* makes it this core's */
    void (*vcpu_unload)(struct vcpu *vcpu); /* another one's turn */
    /* Drops the VM's nested translations on this core. */
    void (*flush)(struct vcpu *vcpu);
    /* One entry, back at an exit or about when the TSC reaches `until`. Sets vcpu->exit_tsc. */
    int (*enter)(struct vcpu *vcpu, uint64_t until);
    /* Names the exit's cause in vcpu->cause and answers it. */
    enum exit_answer (*answer)(struct vcpu *vcpu);
    bool (*can_take_event)(const struct vcpu *vcpu);
    void (*inject)(struct vcpu *vcpu, const struct vcpu_event *event);
    /* Exit (or deliver) as soon as an event can be taken. */
    void (*want_window)(struct vcpu *vcpu, bool wanted);
    uint64_t (*rip)(const struct vcpu *vcpu);
    void (*dump)(const struct vcpu *vcpu);
};

extern const struct virt_ops vmx_ops;
extern const struct virt_ops svm_ops;

/* The back end in use, NULL when the machine has none. */
extern const struct virt_ops *virt;
extern struct virt_features virt_features;

/* Finds and checks the back end, on the boot CPU. Errors: NODEV; the log says why in plain words.
 */
int virt_init(void) MUST_CHECK;

/* Turns virtualization on on this CPU; for smp_call_all, once virt_init was fine. */
void virt_core_on(void *unused);
/* And off, before another system takes over or power goes. */
void virt_core_off(void *unused);

/* How many cores virtualization is on on. */
unsigned virt_cores_on(void);

/* What every VM runs with: features of the boot page, CR4 and XCR0 (vendor-neutral). */
uint64_t virt_abi_features(void);
uint64_t virt_guest_cr4(void);
uint64_t virt_xcr0(void);

/* Makes a vCPU's back-end part, on its core. */
int virt_vcpu_create(struct vcpu *vcpu) MUST_CHECK;
void virt_vcpu_destroy(struct vcpu *vcpu);

/* Runs vcpu on this core until it waits, ends or the TSC reaches slice_end. Interrupts are off. */
enum exit_answer virt_run(struct vcpu *vcpu, uint64_t slice_end);

/* --- for the back ends' handlers (exit.c, hypercall.c)
 * -------------------------------------------- */
enum exit_answer exit_hypercall(struct vcpu *vcpu, bool from_ring0);
void exit_cpuid(struct vcpu *vcpu);
enum exit_answer exit_refuse(struct vcpu *vcpu);    /* #GP(0) */
enum exit_answer exit_undefined(struct vcpu *vcpu); /* #UD */
enum exit_answer exit_nested_fault(struct vcpu *vcpu, const struct nested_fault *fault);
enum exit_answer exit_port(struct vcpu *vcpu, unsigned port, bool in);
enum exit_answer exit_triple_fault(struct vcpu *vcpu);
/* An exception that root intercepts so that no VM can hang a core in its delivery. */
enum exit_answer exit_exception(struct vcpu *vcpu, const struct vcpu_event *event,
                                bool while_delivering);
/* An exit that nobody expects: the VM ends, with a dump. */
enum exit_answer exit_unexpected(struct vcpu *vcpu, const char *name);

/* The names. */
const char *virt_cause_name(enum virt_cause cause);
