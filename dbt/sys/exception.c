/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking exceptions to EL1 and returning from them (Arm ARM D1.3, D1.4; pseudocode J1.1.2). */
#include "dbt/a64/translate.h"
#include "dbt/rt/helpers.h"
#include "dbt/sys/internal.h"

/* Offsets from VBAR_EL1 (D1.3.1.5). */
enum vector { VECTOR_SYNC = 0, VECTOR_IRQ = 0x80, VECTOR_FIQ = 0x100, VECTOR_SERROR = 0x180 };
#define VECTOR_SP0   0x000
#define VECTOR_SPX   0x200
#define VECTOR_LOWER 0x400

#define ESR_EC(ec) ((uint64_t)(ec) << 26)
#define ESR_IL     BIT64(25)

/* Fault status of a debug exception (ISS of EC 0x32, 0x33). */
#define STEP_IFSC 0x22
#define STEP_EX   BIT32(6)
#define STEP_ISV  BIT32(24)

uint64_t pstate_to_spsr(const struct vcpu *vcpu)
{
    const struct pstate *ps = &vcpu->ps;

    return nzcv_to_arm(vcpu->st->nzcv) | (ps->uao ? SPSR_UAO : 0) | (ps->pan ? SPSR_PAN : 0) |
           (ps->ss ? SPSR_SS : 0) | (ps->il ? SPSR_IL : 0) | vcpu->st->daif |
           (uint64_t)ps->el << 2 | (ps->el ? ps->sp_sel : 0);
}

/* SP in use: SP_EL1 at EL1 with SPSel 1, else SP_EL0. */
static unsigned sp_index(const struct pstate *ps)
{
    return ps->el == 1 && ps->sp_sel;
}

static unsigned daif_of(const struct vcpu *vcpu)
{
    return (unsigned)bits(vcpu->st->daif, 9, 6);
}

void pstate_set_el(struct vcpu *vcpu, unsigned el, unsigned sp_sel)
{
    vcpu->st->sp_el[sp_index(&vcpu->ps)] = vcpu->st->x[SLOT_SP];
    vcpu->ps.el = (uint8_t)el;
    vcpu->ps.sp_sel = (uint8_t)sp_sel;
    vcpu->st->x[SLOT_SP] = vcpu->st->sp_el[sp_index(&vcpu->ps)];
}

/* An exception or its return: the cycle counter may run at one EL alone. */
static inline void change_el(struct vcpu *vcpu, unsigned el, unsigned sp_sel)
{
    if (vcpu->sys.pm_filter) {
        pmu_settle(vcpu);
    }
    pstate_set_el(vcpu, el, sp_sel);
}

bool step_enabled(const struct vcpu *vcpu, unsigned el, bool masked)
{
    const struct sysregs *sys = &vcpu->sys;

    if (!(sys->MDSCR_EL1 & MDSCR_SS) || debug_locked(sys)) {
        return false;
    }
    return el == 0 || ((sys->MDSCR_EL1 & MDSCR_KDE) && !masked);
}

/* AArch64.TakeException to EL1: everything but the syndrome. */
static void enter_el1(struct vcpu *vcpu, enum vector vector)
{
    struct pstate *ps = &vcpu->ps;
    uint64_t from = ps->el == 0 ? VECTOR_LOWER : ps->sp_sel ? VECTOR_SPX : VECTOR_SP0;

    vcpu->st->spsr_el1 = pstate_to_spsr(vcpu);
    vcpu->st->elr_el1 = vcpu->st->pc;
    change_el(vcpu, 1, 1);
    vcpu->st->daif = SPSR_DAIF;
    ps->pan |= !(vcpu->sys.SCTLR_EL1 & SCTLR_SPAN);
    ps->uao = 0;
    ps->il = 0;
    ps->ss = 0;
    vcpu->step_stepped = false;
    vcpu->st->pc = sys_branch_address(vcpu, vcpu->sys.VBAR_EL1 + from + vector);
    vcpu->st->unwind = 1;
    sys_context_update(vcpu);
}

/* The classes that have a form of their own for a lower EL: the lower one is the even number. */
static enum exc_class class_for(enum exc_class ec, unsigned el)
{
    switch (ec) {
    case EC_IABT_LOW:
    case EC_IABT:
    case EC_DABT_LOW:
    case EC_DABT:
    case EC_BREAKPOINT_LOW:
    case EC_BREAKPOINT:
    case EC_WATCHPOINT_LOW:
    case EC_WATCHPOINT:
    case EC_STEP_LOW:
    case EC_STEP: return (enum exc_class)((ec & ~1u) | el);
    default: return ec;
    }
}

static bool class_sets_far(enum exc_class ec)
{
    return ec == EC_IABT_LOW || ec == EC_IABT || ec == EC_DABT_LOW || ec == EC_DABT ||
           ec == EC_PC_ALIGN || ec == EC_WATCHPOINT_LOW || ec == EC_WATCHPOINT;
}

void exc_take(struct vcpu *vcpu, enum exc_class ec, uint32_t iss, uint64_t far)
{
    ec = class_for(ec, vcpu->ps.el);
    vcpu->st->esr_el1 = ESR_EC(ec) | ESR_IL | iss;
    if (class_sets_far(ec)) {
        vcpu->st->far_el1 = far;
    }
    enter_el1(vcpu, VECTOR_SYNC);
}

void sys_undefined(struct vcpu *vcpu)
{
    exc_take(vcpu, EC_UNKNOWN, 0, 0);
}

/* --- software step
 * ---------------------------------------------------------------------------------- */
/* Active and pending: the step exception comes before the next instruction. */
static bool step_pending(const struct vcpu *vcpu)
{
    return (vcpu->tr_flags & TR_STEP) && !vcpu->ps.ss;
}

/* ISV and EX only where an instruction was stepped and not when SS was clear from the start. */
static void step_take(struct vcpu *vcpu)
{
    bool exclusive = vcpu->st->excl_addr != EXCL_NONE;
    uint32_t iss = vcpu->step_stepped ? STEP_ISV | (exclusive ? STEP_EX : 0) : 0;

    exc_take(vcpu, EC_STEP, iss | STEP_IFSC, 0);
}

/* Where step is not active (any more), what follows does not come from active-not-pending. */
void step_spend(struct vcpu *vcpu)
{
    vcpu->ps.ss = 0;
    vcpu->step_stepped = step_pending(vcpu);
}

void step_done(struct vcpu *vcpu)
{
    step_spend(vcpu);
    if (step_pending(vcpu)) {
        step_take(vcpu);
    }
}

/* --- interrupts
 * ------------------------------------------------------------------------------------- */
bool exc_interrupt_pending(const struct vcpu *vcpu)
{
    unsigned daif = daif_of(vcpu);

    return step_pending(vcpu) || (vcpu->irq_line && !(daif & DAIF_I)) ||
           (vcpu->fiq_line && !(daif & DAIF_F)) || (vcpu->serror_pending && !(daif & DAIF_A));
}

/* A helper's caller leaves its block; the instruction is done. */
static void leave_behind(struct vcpu *vcpu)
{
    vcpu->st->pc += 4;
    vcpu->st->unwind = 1;
}

void exc_let_in(struct vcpu *vcpu)
{
    if (!(vcpu->tr_flags & TR_STEP) && exc_interrupt_pending(vcpu)) {
        leave_behind(vcpu);
    }
}

void exc_set_daif(struct vcpu *vcpu, unsigned daif)
{
    unsigned changed = daif_of(vcpu) ^ daif;
    bool debug = (changed & DAIF_D) && (vcpu->sys.MDSCR_EL1 & (MDSCR_SS | MDSCR_MDE));

    vcpu->st->daif = (uint64_t)daif << 6;
    if (debug && !(vcpu->tr_flags & TR_STEP)) {
        sys_context_update(vcpu);
        leave_behind(vcpu);
    } else {
        exc_let_in(vcpu);
    }
}

uint64_t help_daif_opened(struct vcpu *vcpu, UNUSED uint64_t a0, UNUSED uint64_t a1,
                          UNUSED uint64_t a2, UNUSED uint32_t imm)
{
    sys_context_update(vcpu);
    leave_behind(vcpu);
    return 0;
}

void sys_watch_update(struct vcpu *vcpu)
{
    vcpu->st->daif_watch = (vcpu->sys.MDSCR_EL1 & (MDSCR_SS | MDSCR_MDE) ? BIT64(9) : 0) |
                           (vcpu->serror_pending ? BIT64(8) : 0) | (vcpu->irq_line ? BIT64(7) : 0) |
                           (vcpu->fiq_line ? BIT64(6) : 0);
}

bool exc_take_interrupt(struct vcpu *vcpu)
{
    unsigned daif = daif_of(vcpu);

    if (step_pending(vcpu)) {
        step_take(vcpu);
    } else if (vcpu->serror_pending && !(daif & DAIF_A)) {
        vcpu->serror_pending = false;
        sys_watch_update(vcpu);
        vcpu->st->esr_el1 = ESR_EC(EC_SERROR) | ESR_IL;
        enter_el1(vcpu, VECTOR_SERROR);
    } else if (vcpu->fiq_line && !(daif & DAIF_F)) {
        enter_el1(vcpu, VECTOR_FIQ);
    } else if (vcpu->irq_line && !(daif & DAIF_I)) {
        enter_el1(vcpu, VECTOR_IRQ);
    } else {
        return false;
    }
    return true;
}

/* --- exception return
 * --------------------------------------------------------------------------------- */
/* Legal targets: EL0t, EL1t, EL1h in AArch64 state (D1.4.4). */
static bool return_is_legal(const struct vcpu *vcpu, uint64_t spsr)
{
    uint64_t mode = GET_FIELD(spsr, SPSR_M4 | SPSR_M);

    (void)vcpu;
    return mode == 0x0 || mode == 0x4 || mode == 0x5;
}

/*
 * DebugExceptionReturnSS: PSTATE.SS comes from SPSR only where step was not enabled here and will
 * be enabled there.
 */
static bool return_steps(const struct vcpu *vcpu, uint64_t spsr, unsigned el)
{
    bool here = step_enabled(vcpu, vcpu->ps.el, daif_of(vcpu) & DAIF_D);

    return !here && step_enabled(vcpu, el, bit(spsr, 9)) && (spsr & SPSR_SS);
}

void exc_return(struct vcpu *vcpu)
{
    struct pstate *ps = &vcpu->ps;
    uint64_t spsr = vcpu->st->spsr_el1;
    bool legal = return_is_legal(vcpu, spsr);
    unsigned el = legal ? (unsigned)bits(spsr, 3, 2) : ps->el;

    ps->ss = return_steps(vcpu, spsr, el);
    if (legal) {
        ps->il = bit(spsr, 20);
        change_el(vcpu, el, spsr & 1);
    } else {
        ps->il = 1;
    }
    vcpu->st->daif = spsr & SPSR_DAIF;
    ps->pan = bit(spsr, 22);
    ps->uao = bit(spsr, 23);
    vcpu->st->nzcv = nzcv_from_arm((uint32_t)spsr);
    vcpu->st->excl_addr = EXCL_NONE;
    vcpu->event = true;
    vcpu->step_stepped = false;
    vcpu->st->pc = sys_branch_address(vcpu, vcpu->st->elr_el1);
    sys_context_update(vcpu);
}
