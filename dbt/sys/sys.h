/* SPDX-License-Identifier: BSD-2-Clause */
/* System behaviour of a vCPU: exceptions, exits of translated code, interrupts, context. */
#pragma once

#include "dbt/vcpu.h"

/* Exception classes (Arm ARM D17.2.37, ESR_ELx.EC). */
enum exc_class {
    EC_UNKNOWN = 0x00,
    EC_WFX = 0x01,
    EC_FP = 0x07,
    EC_ILLEGAL = 0x0e,
    EC_SVC64 = 0x15,
    EC_HVC64 = 0x16,
    EC_SMC64 = 0x17,
    EC_SYS64 = 0x18,
    EC_IABT_LOW = 0x20,
    EC_IABT = 0x21,
    EC_PC_ALIGN = 0x22,
    EC_DABT_LOW = 0x24,
    EC_DABT = 0x25,
    EC_SP_ALIGN = 0x26,
    EC_FPE = 0x2c,
    EC_SERROR = 0x2f,
    EC_BREAKPOINT_LOW = 0x30,
    EC_BREAKPOINT = 0x31,
    EC_STEP_LOW = 0x32,
    EC_STEP = 0x33,
    EC_WATCHPOINT_LOW = 0x34,
    EC_WATCHPOINT = 0x35,
    EC_BRK = 0x3c,
};

/* ISS of EC_FP in AArch64 state: CV, COND 0b1110. */
#define EC_FP_ISS (BIT32(24) | UINT32_C(0xe) << 20)

/* ISS bits of data aborts (D17.2.37). */
#define ISS_WNR BIT32(6)
#define ISS_CM  BIT32(8)

/*
 * Takes a synchronous exception to EL1: ESR_EL1 from ec (EL0/EL1 forms are chosen here: give the
 * *_LOW form or EC_IABT/EC_DABT/EC_STEP freely) and iss, FAR_EL1 = far when it is an abort, ELR_EL1
 * = st->pc, SPSR_EL1; then st->pc is the vector's and st->unwind is set.
 */
void exc_take(struct vcpu *vcpu, enum exc_class ec, uint32_t iss, uint64_t far);

/* Takes IRQ, FIQ or SError where one is pending and not masked; st->pc exact. True when one was
 * taken. */
bool exc_take_interrupt(struct vcpu *vcpu);

/* Where a branch to va goes: the tag of an address is no part of PC (AArch64.BranchAddr). */
static inline uint64_t sys_branch_address(const struct vcpu *vcpu, uint64_t va)
{
    uint64_t untagged = (uint64_t)sign_extend(va, 56);

    if (untagged == va) {
        return va;
    }
    return vcpu->sys.TCR_EL1 & (bit(va, 55) ? TCR_TBI1 : TCR_TBI0) ? untagged : va;
}

/* True where an interrupt is pending and not masked by PSTATE.DAIF. */
bool exc_interrupt_pending(const struct vcpu *vcpu);

/* Handles what translated code (or the interpreter) left for, but for EXIT_LOOKUP: st->pc is exact.
 */
void sys_exit(struct vcpu *vcpu, enum ir_exit reason, uint64_t arg);

/*
 * Recomputes st->daif_watch: the bits of DAIF whose clearing by translated code must call the
 * helper daif_opened, as an interrupt is pending or software step may start. To be called when the
 * interrupt lines changed; sys_context_update does it too.
 */
void sys_watch_update(struct vcpu *vcpu);

/* Recomputes vcpu->tr_flags and tells the runtime; to be called after any change that may matter.
 */
void sys_context_update(struct vcpu *vcpu);

/* Reset state of a vCPU: EL1h, MMU off, all masked; entry at pc with x0 = arg. */
void sys_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg);

/* Called between blocks when events came: timers, console, queues -> device models -> irq lines. */
void sys_events(struct vcpu *vcpu, unsigned events);

/*
 * Breakpoints and watchpoints: while vcpu->debug is set every instruction is interpreted, the first
 * of these called once it has been fetched and the second before each access, when it has been
 * translated (AArch64.TranslateAddress): aborts come first. True: the exception has been taken.
 */
bool debug_breakpoint(struct vcpu *vcpu);
bool debug_watchpoint(struct vcpu *vcpu, uint64_t va, unsigned size, bool write, bool unpriv);
