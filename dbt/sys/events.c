/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset of a vCPU, and the platform's events. */
#include "dbt/a64/translate.h"
#include "dbt/fp/fpcr.h"
#include "dbt/platform.h"
#include "dbt/sys/internal.h"

void sys_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
    struct a64_state *st = vcpu->st;

    vcpu->ps = (struct pstate){.el = 1, .sp_sel = 1};
    st->daif = SPSR_DAIF;
    vcpu->st->sp_el[0] = vcpu->st->sp_el[1] = 0;
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        st->x[i] = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(st->v); i++) {
        st->v[i] = (v128){{0, 0}};
    }
    st->x[0] = arg;
    st->pc = pc;
    st->nzcv = 0;
    st->unwind = 0;
    st->excl_addr = EXCL_NONE;
    st->elr_el1 = st->spsr_el1 = st->esr_el1 = st->far_el1 = 0;
    st->tpidr_el0 = st->tpidrro_el0 = st->tpidr_el1 = 0;
    sysregs_reset(vcpu);
    fp_init(st);
    vcpu->halted = false;
    vcpu->event = false;
    vcpu->step_stepped = false;
    vcpu->serror_pending = false;
    timer_reset(vcpu);
    sys_context_update(vcpu);
}

void sys_events(struct vcpu *vcpu, unsigned events)
{
    if (events & PLAT_EVENT_STOP) {
        plat_end(PLAT_END_OFF, 0);
    }
    machine_events(vcpu, events);
    if (vcpu->irq_line || vcpu->fiq_line || vcpu->serror_pending) {
        vcpu->halted = false;
    }
}
