/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers whose reads and writes do something: PSTATE, GIC, timers, debug locks. */
#include "dbt/sys/handlers.h"

#include "dbt/fp/fpcr.h"
#include "dbt/sys/idregs.h"
#include "dbt/sys/internal.h"

#define READ(name) uint64_t rd_##name(UNUSED struct vcpu *vcpu, UNUSED unsigned argument)
#define WRITE(name)                                                                                \
    void wr_##name(UNUSED struct vcpu *vcpu, UNUSED unsigned argument, UNUSED uint64_t value)

/* --- identification that depends on the vCPU ----------------------------------------------------
 */
READ(MPIDR_EL1)
{
    return BIT64(31) | vcpu->id;
}

/* DZP (bit 4): EL0 may not use DC ZVA where SCTLR_EL1.DZE is clear. BS is log2 of words. */
READ(DCZID_EL0)
{
    bool prohibited = vcpu->ps.el == 0 && !(vcpu->sys.SCTLR_EL1 & SCTLR_DZE);

    return (ID_ZVA_LOG2 - 2) | (prohibited ? BIT64(4) : 0);
}

/* What CLIDR_EL1 says is there: 32 KiB data, 48 KiB instruction, 2 MiB unified, lines of 64 bytes.
 */
READ(CCSIDR_EL1)
{
    switch (vcpu->sys.CSSELR_EL1) {
    case 0: return 0x701fe00a;
    case 1: return 0x201fe012;
    case 2: return 0x70ffe07a;
    default: return 0;
    }
}

/* --- PSTATE
 * ----------------------------------------------------------------------------------------- */
READ(NZCV)
{
    return nzcv_to_arm(vcpu->st->nzcv);
}

WRITE(NZCV)
{
    vcpu->st->nzcv = nzcv_from_arm((uint32_t)value);
}

READ(DAIF)
{
    return vcpu->st->daif;
}

WRITE(DAIF)
{
    exc_set_daif(vcpu, (unsigned)bits(value, 9, 6));
}

READ(SPSel)
{
    return vcpu->ps.sp_sel;
}

WRITE(SPSel)
{
    pstate_set_el(vcpu, vcpu->ps.el, value & 1);
}

READ(CurrentEL)
{
    return (uint64_t)vcpu->ps.el << 2;
}

READ(PAN)
{
    return (uint64_t)vcpu->ps.pan << 22;
}

WRITE(PAN)
{
    vcpu->ps.pan = bit(value, 22);
}

READ(UAO)
{
    return (uint64_t)vcpu->ps.uao << 23;
}

WRITE(UAO)
{
    vcpu->ps.uao = bit(value, 23);
}

/* Reached only where SPSel is 1, so that SP_EL0 is the banked copy. */
READ(SP_EL0)
{
    return vcpu->st->sp_el[0];
}

WRITE(SP_EL0)
{
    vcpu->st->sp_el[0] = value;
}

READ(ISR_EL1)
{
    return (vcpu->serror_pending ? BIT64(8) : 0) | (vcpu->irq_line ? BIT64(7) : 0) |
           (vcpu->fiq_line ? BIT64(6) : 0);
}

/* --- in the state, since translated code has them inline --- */
#define IN_STATE(name, field, mask)                                                                \
    READ(name)                                                                                     \
    {                                                                                              \
        return vcpu->st->field;                                                                    \
    }                                                                                              \
    WRITE(name)                                                                                    \
    {                                                                                              \
        vcpu->st->field = value & (mask);                                                          \
    }
IN_STATE(TPIDR_EL0, tpidr_el0, UINT64_MAX)
IN_STATE(TPIDRRO_EL0, tpidrro_el0, UINT64_MAX)
IN_STATE(TPIDR_EL1, tpidr_el1, UINT64_MAX)
IN_STATE(ELR_EL1, elr_el1, UINT64_MAX)
IN_STATE(SPSR_EL1, spsr_el1, SPSR_MASK)
IN_STATE(ESR_EL1, esr_el1, UINT32_MAX)
IN_STATE(FAR_EL1, far_el1, UINT64_MAX)

/* --- debug
 * -------------------------------------------------------------------------------------------- */
WRITE(OSLAR_EL1)
{
    vcpu->sys.OSLSR_EL1 = SET_FIELD(vcpu->sys.OSLSR_EL1, BIT64(1), value & 1);
}

READ(DBGCLAIMSET_EL1)
{
    return 0xff;
}

WRITE(DBGCLAIMSET_EL1)
{
    vcpu->sys.dbg_claim |= value & 0xff;
}

READ(DBGCLAIMCLR_EL1)
{
    return vcpu->sys.dbg_claim;
}

WRITE(DBGCLAIMCLR_EL1)
{
    vcpu->sys.dbg_claim &= ~value;
}

/* --- generic timer
 * -------------------------------------------------------------------------------------- */
READ(CNTPCT_EL0)
{
    return timer_counter(vcpu);
}

READ(CNTVCT_EL0)
{
    return timer_counter(vcpu);
}

#define TIMER(prefix)                                                                              \
    READ(prefix##_CTL_EL0)                                                                         \
    {                                                                                              \
        return timer_read_ctl(vcpu, argument);                                                     \
    }                                                                                              \
    WRITE(prefix##_CTL_EL0)                                                                        \
    {                                                                                              \
        timer_write_ctl(vcpu, argument, value);                                                    \
        exc_let_in(vcpu);                                                                          \
    }                                                                                              \
    READ(prefix##_CVAL_EL0)                                                                        \
    {                                                                                              \
        return timer_read_cval(vcpu, argument);                                                    \
    }                                                                                              \
    WRITE(prefix##_CVAL_EL0)                                                                       \
    {                                                                                              \
        timer_write_cval(vcpu, argument, value);                                                   \
        exc_let_in(vcpu);                                                                          \
    }                                                                                              \
    READ(prefix##_TVAL_EL0)                                                                        \
    {                                                                                              \
        return (uint32_t)(timer_read_cval(vcpu, argument) - timer_counter(vcpu));                  \
    }                                                                                              \
    WRITE(prefix##_TVAL_EL0)                                                                       \
    {                                                                                              \
        timer_write_cval(vcpu, argument, timer_counter(vcpu) + (uint64_t)(int32_t)value);          \
        exc_let_in(vcpu);                                                                          \
    }
TIMER(CNTP)
TIMER(CNTV)

/* --- GIC CPU interface: argument is the enum gic_reg
 * ------------------------------------------------------ */
#define GIC_READ(name)                                                                             \
    READ(name)                                                                                     \
    {                                                                                              \
        return gic_reg_read(vcpu, argument);                                                       \
    }
#define GIC_WRITE(name)                                                                            \
    WRITE(name)                                                                                    \
    {                                                                                              \
        gic_reg_write(vcpu, argument, value);                                                      \
        exc_let_in(vcpu);                                                                          \
    }
#define GIC_BOTH(name) GIC_READ(name) GIC_WRITE(name)
GIC_BOTH(ICC_PMR_EL1)
GIC_READ(ICC_IAR0_EL1)
GIC_WRITE(ICC_EOIR0_EL1)
GIC_READ(ICC_HPPIR0_EL1)
GIC_BOTH(ICC_BPR0_EL1)
GIC_BOTH(ICC_AP0R0_EL1)
GIC_BOTH(ICC_AP1R0_EL1)
GIC_WRITE(ICC_DIR_EL1)
GIC_READ(ICC_RPR_EL1)
GIC_WRITE(ICC_SGI1R_EL1)
GIC_WRITE(ICC_ASGI1R_EL1)
GIC_WRITE(ICC_SGI0R_EL1)
GIC_READ(ICC_IAR1_EL1)
GIC_WRITE(ICC_EOIR1_EL1)
GIC_READ(ICC_HPPIR1_EL1)
GIC_BOTH(ICC_BPR1_EL1)
GIC_BOTH(ICC_CTLR_EL1)
GIC_BOTH(ICC_SRE_EL1)
GIC_BOTH(ICC_IGRPEN0_EL1)
GIC_BOTH(ICC_IGRPEN1_EL1)

/* --- floating point: what is sticky lies partly in MXCSR and in qc
 * ----------------------------------------- */
READ(FPCR)
{
    return vcpu->st->fpcr;
}

READ(FPSR)
{
    return fp_read_fpsr(vcpu->st);
}

WRITE(FPCR)
{
    fp_write_fpcr(vcpu->st, value);
}

WRITE(FPSR)
{
    fp_write_fpsr(vcpu->st, value);
}
