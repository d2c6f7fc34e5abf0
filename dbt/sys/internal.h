/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of dbt/sys/ only. */
#pragma once

#include "dbt/sys/sys.h"

/* A parameter that a function of a table does not need. */
#define UNUSED __attribute__((unused))

/* A system register's encoding: op0 op1 CRn CRm op2, as in bits 20..5 of MRS, MSR and SYS. */
#define SYS_KEY(op0, op1, crn, crm, op2)                                                           \
    ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 | \
     (uint32_t)(op2))

/* Who may do what; SYS_TRAP_* says what decides whether EL0's access is trapped to EL1. */
enum sys_access {
    SYS_0R = 1 << 0,
    SYS_0W = 1 << 1,
    SYS_1R = 1 << 2,
    SYS_1W = 1 << 3,
};

enum sys_trap {
    SYS_TRAP_NONE,
    SYS_TRAP_UCT,  /* SCTLR_EL1.UCT */
    SYS_TRAP_UMA,  /* SCTLR_EL1.UMA */
    SYS_TRAP_FP,   /* CPACR_EL1.FPEN, at EL1 too; EC 0x07 */
    SYS_TRAP_PMU,  /* PMUSERENR_EL0.EN */
    SYS_TRAP_PMSW, /* or .SW */
    SYS_TRAP_PMER, /* or .ER */
    SYS_TRAP_PMEC, /* or .ER, reads only */
    SYS_TRAP_PMCR, /* or .CR, reads only */
    SYS_TRAP_PCT,  /* CNTKCTL_EL1.EL0PCTEN */
    SYS_TRAP_VCT,  /* CNTKCTL_EL1.EL0VCTEN */
    SYS_TRAP_FRQ,  /* either of them */
    SYS_TRAP_PT,   /* CNTKCTL_EL1.EL0PTEN */
    SYS_TRAP_VT,   /* CNTKCTL_EL1.EL0VTEN */
    SYS_TRAP_TDCC, /* MDSCR_EL1.TDCC */
    SYS_TRAP_SP0,  /* UNDEFINED where SP_EL0 is the stack pointer in use */
};

struct sysreg {
    const char *name;
    uint16_t key;
    uint8_t access; /* enum sys_access */
    uint8_t trap;   /* enum sys_trap */
    uint16_t field; /* offset in struct sysregs, SYS_NO_FIELD where there is none */
    uint64_t value; /* stored: at reset; constant: the value; called: the functions' argument */
    uint64_t mask;  /* stored: bits that a write changes */
    uint64_t (*read)(struct vcpu *vcpu, unsigned argument);
    void (*write)(struct vcpu *vcpu, unsigned argument, uint64_t value);
};
#define SYS_NO_FIELD UINT16_MAX

extern const struct sysreg sysreg_table[];
extern const unsigned sysreg_count;

/* The register of an encoding, or NULL where there is none. */
const struct sysreg *sysreg_find(uint32_t key);

/* Every SYS_STORE row's reset value. */
void sysregs_reset(struct vcpu *vcpu);

/* EC 0x18 for the instruction at st->pc (MRS, MSR, SYS) with encoding key. */
void sys_trap(struct vcpu *vcpu, uint32_t key, bool read);

/* UNDEFINED at st->pc. */
void sys_undefined(struct vcpu *vcpu);

/* PSTATE as SPSR_EL1 has it, and back (no checks; SS is the caller's). */
uint64_t pstate_to_spsr(const struct vcpu *vcpu);
void pstate_set_el(struct vcpu *vcpu, unsigned el, unsigned sp_sel);

/* Software step (Arm ARM D2.12): whether it is enabled at el with PSTATE.D as given. */
bool step_enabled(const struct vcpu *vcpu, unsigned el, bool masked);

/* An instruction was executed: its step is spent. */
void step_spend(struct vcpu *vcpu);

/* The same at its end, where step may have been active: takes the step exception. */
void step_done(struct vcpu *vcpu);

void exc_return(struct vcpu *vcpu); /* ERET */

/* The OS lock, or the OS double lock (DoubleLockStatus): there are no debug exceptions but BRK's.
 */
bool debug_locked(const struct sysregs *sys);

/* Whether a breakpoint or watchpoint is enabled for the current EL. */
bool debug_active(const struct vcpu *vcpu);

/* The instruction word at st->pc; 0 where it cannot be read. */
uint32_t sys_fetch_word(struct vcpu *vcpu);

void pmu_reset(struct vcpu *vcpu);

/* Brings the cycle counter up to now: before anything that starts, stops or scales it. */
void pmu_settle(struct vcpu *vcpu);

/*
 * MSR to PSTATE.DAIF (D A I F in bits 3..0), called by a sync helper. The block goes on, unless an
 * interrupt is let in or debug exceptions are: then translated code is left, PC being the next
 * instruction's. A block that is single-stepped ends with this instruction anyway.
 */
void exc_set_daif(struct vcpu *vcpu, unsigned daif);

/* At the end of a helper that may have made an interrupt pending: leaves the block when it is to be
 * taken. A stepped instruction ends its block anyway. */
void exc_let_in(struct vcpu *vcpu);
