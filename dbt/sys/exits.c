/* SPDX-License-Identifier: BSD-2-Clause */
/* What translated code leaves for, by reason. */
#include "dbt/a64/translate.h"
#include "dbt/sys/internal.h"
#include "guestdev/psci.h"

static void exit_undefined(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    sys_undefined(vcpu);
}

/* SVC and HVC are complete when they trap: PC is the next instruction's, a step is spent
 * (AArch64.CallSupervisor: SSAdvance). */
static void exit_svc(struct vcpu *vcpu, uint64_t arg)
{
    step_spend(vcpu);
    exc_take(vcpu, EC_SVC64, (uint32_t)arg, 0);
}

/* HVC is the conduit of PSCI and SMCCC at EL1, as in machines with firmware at EL2. */
static void exit_hvc(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    if (vcpu->ps.el != 1) {
        sys_undefined(vcpu);
        return;
    }
    step_spend(vcpu);
    psci_call(vcpu);
}

static void exit_brk(struct vcpu *vcpu, uint64_t arg)
{
    exc_take(vcpu, EC_BRK, (uint32_t)arg, 0);
}

static void exit_eret(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    exc_return(vcpu);
}

static bool wakes(const struct vcpu *vcpu)
{
    return vcpu->irq_line || vcpu->fiq_line || vcpu->serror_pending;
}

/*
 * WFI or WFE (TI 0 and 1, D17.2.37), which SCTLR_EL1.nTWI or nTWE traps at EL0 unless it would
 * pass. False: it is not trapped, and done but for the wait.
 */
static bool trap_wait(struct vcpu *vcpu, bool trapped, bool passes, uint32_t ti)
{
    if (trapped && !passes) {
        exc_take(vcpu, EC_WFX, EC_FP_ISS | ti, 0);
        return true;
    }
    vcpu->st->pc += trapped ? 4 : 0; /* the others leave their block behind them */
    return false;
}

/*
 * The wait of a single-stepped WFI ends at once: a debug exception is pending (D1.6.2). One that
 * would not wait is not trapped: an interrupt is pending, masked or not.
 */
static void exit_wfi(struct vcpu *vcpu, uint64_t trapped)
{
    if (trap_wait(vcpu, trapped, wakes(vcpu), 0)) {
        return;
    }
    if (vcpu->tr_flags & TR_STEP) {
        step_done(vcpu);
    } else {
        vcpu->halted = !wakes(vcpu);
    }
}

/* Here too, a step is all that there is to YIELD. */
static void exit_yield(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    if (vcpu->tr_flags & TR_STEP) {
        step_done(vcpu);
    }
}

/* How often CNTVCT's bit that makes events had changed in CNTKCTL_EL1's direction by count. */
static uint64_t stream_events(uint64_t kctl, uint64_t count)
{
    unsigned n = (unsigned)GET_FIELD(kctl, CNTKCTL_EVNTI);
    uint64_t first = kctl & CNTKCTL_EVNTDIR ? 0 : BIT64(n);

    return (count + first) >> (n + 1);
}

/* The event register: set, or an event of the stream since it was cleared (D11.2). */
static bool has_event(const struct vcpu *vcpu, uint64_t now)
{
    uint64_t kctl = vcpu->sys.CNTKCTL_EL1;

    return vcpu->event || ((kctl & CNTKCTL_EVNTEN) &&
                           stream_events(kctl, now) != stream_events(kctl, vcpu->event_cleared));
}

/* WFE may complete at any time (D1.6.1). It does not sleep: whoever spins with it waits for another
 * vCPU's store, which wakes nobody here. A set event register also keeps it from being trapped. */
static void exit_wfe(struct vcpu *vcpu, uint64_t trapped)
{
    uint64_t now = timer_counter(vcpu) - vcpu->st->cntvoff;

    if (trap_wait(vcpu, trapped, has_event(vcpu, now), 1)) {
        return;
    }
    vcpu->event = false;
    vcpu->event_cleared = now;
    exit_yield(vcpu, 0);
}

static void exit_context(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    bool stepping = vcpu->tr_flags & TR_STEP;

    sys_context_update(vcpu);
    if (stepping) {
        step_done(vcpu);
    }
}

static void exit_fp(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    exc_take(vcpu, EC_FP, EC_FP_ISS, 0);
}

static void exit_pc_align(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    exc_take(vcpu, EC_PC_ALIGN, 0, vcpu->st->pc);
}

static void exit_illegal(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    exc_take(vcpu, EC_ILLEGAL, 0, 0);
}

/* The stepped instruction may have been an MSR to PSTATE.D. */
static void exit_step(struct vcpu *vcpu, UNUSED uint64_t arg)
{
    sys_context_update(vcpu);
    step_done(vcpu);
}

static void exit_systrap(struct vcpu *vcpu, uint64_t arg)
{
    exc_take(vcpu, EC_SYS64, (uint32_t)arg, 0);
}

static void (*const handlers[EXIT_COUNT])(struct vcpu *vcpu, uint64_t arg) = {
    [EXIT_UNDEF] = exit_undefined, /* HLT, SMC: no halting debug, no EL3 */
    [EXIT_SVC] = exit_svc,         [EXIT_HVC] = exit_hvc,       [EXIT_SMC] = exit_undefined,
    [EXIT_BRK] = exit_brk,         [EXIT_HLT] = exit_undefined, [EXIT_ERET] = exit_eret,
    [EXIT_WFI] = exit_wfi,         [EXIT_WFE] = exit_wfe,       [EXIT_YIELD] = exit_yield,
    [EXIT_CONTEXT] = exit_context, [EXIT_FP_TRAP] = exit_fp,    [EXIT_PC_ALIGN] = exit_pc_align,
    [EXIT_ILLEGAL] = exit_illegal, [EXIT_STEP] = exit_step,     [EXIT_SYSTRAP] = exit_systrap,
};

void sys_exit(struct vcpu *vcpu, enum ir_exit reason, uint64_t arg)
{
    if (handlers[reason]) {
        handlers[reason](vcpu, arg);
    }
    /* exc_take asks helpers' callers to unwind; here translated code has been left already */
    vcpu->st->unwind = 0;
}
