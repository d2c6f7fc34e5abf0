/* SPDX-License-Identifier: BSD-2-Clause */
/* The translation context that follows from the system registers and PSTATE. */
#include "dbt/a64/translate.h"
#include "dbt/fp/fpcr.h"
#include "dbt/rt/rt.h"
#include "dbt/sys/internal.h"

/* EL0's rights to instructions that EL1 may always execute. */
static uint32_t el0_flags(const struct sysregs *sys)
{
    static const struct {
        uint64_t bit;
        uint32_t flag;
    } rows[] = {
        {SCTLR_UCI, TR_UCI},   {SCTLR_UCT, TR_UCT},   {SCTLR_DZE, TR_DZE},
        {SCTLR_NTWI, TR_NTWI}, {SCTLR_NTWE, TR_NTWE}, {SCTLR_UMA, TR_UMA},
    };
    uint32_t flags = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        flags |= sys->SCTLR_EL1 & rows[i].bit ? rows[i].flag : 0;
    }
    return flags | (sys->CNTKCTL_EL1 & CNTKCTL_EL0VCTEN ? TR_CNT_EL0 : 0);
}

/* CPACR_EL1.FPEN: 0b11 traps nothing, 0b01 EL0 only, the others both. */
static bool fp_trapped(const struct sysregs *sys, unsigned el)
{
    uint64_t fpen = GET_FIELD(sys->CPACR_EL1, CPACR_FPEN);

    return fpen != 3 && !(fpen == 1 && el == 1);
}

/* FPCR's modes. The host raises Inexact with each flushed result, so its FZ stands for Arm's only
 * once that flag is set; then it is as long as nobody writes FPSR. */
static uint32_t fp_flags(const struct a64_state *st)
{
    uint32_t flags = st->fpcr & (FPCR_FZ | FPCR_FZ16 | FPCR_AHP) ? TR_FPCR_HALF : 0;

    if (st->fpcr & FPCR_FZ) {
        flags |= fp_read_fpsr(st) & FPSR_IXC ? TR_FPCR_FZ : TR_FPCR_SLOW;
    }
    return flags;
}

void sys_context_update(struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;
    const struct pstate *ps = &vcpu->ps;
    uint64_t sctlr = sys->SCTLR_EL1;
    uint32_t flags = vcpu->tr_flags & TR_ICOUNT;

    flags |= ps->el == 1 ? TR_EL1 | (ps->uao ? TR_UAO : 0) : el0_flags(sys);
    flags |= sctlr & (ps->el == 1 ? SCTLR_SA : SCTLR_SA0) ? TR_SP_CHECK : 0;
    flags |= (sctlr & SCTLR_A) || !(sctlr & SCTLR_M) ? TR_ALIGN : 0;
    flags |= fp_trapped(sys, ps->el) ? TR_FP_TRAP : 0;
    flags |= ps->el == 1 && !ps->sp_sel ? TR_SP_EL0 : 0;
    flags |= ps->il ? TR_IL : 0;
    flags |= step_enabled(vcpu, ps->el, bit(vcpu->st->daif, 9)) ? TR_STEP : 0;
    flags |= fp_flags(vcpu->st);
    vcpu->tr_flags = flags;
    sys_watch_update(vcpu);
    vcpu->debug = debug_active(vcpu);
    rt_context_changed(vcpu);
}
