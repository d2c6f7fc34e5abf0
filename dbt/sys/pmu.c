/* SPDX-License-Identifier: BSD-2-Clause */
/* PMUv3 with the cycle counter alone (Arm ARM D8 of the PMU, D17.5): host counter ticks are its
 * cycles. PMCR_EL0.LC, D and DP are fixed: there is neither AArch32 nor EL2 nor EL3. */
#include "dbt/platform.h"
#include "dbt/sys/handlers.h"
#include "dbt/sys/internal.h"

#define PMCR_E   BIT64(0)
#define PMCR_C   BIT64(2)
#define PMCR_LC  BIT64(6)
#define PM_CYCLE BIT64(31)

/* PMCCFILTR_EL0: not at EL1, not at EL0; without EL2 and EL3 there is no more */
#define FILTER_P BIT64(31)
#define FILTER_U BIT64(30)

#define READ(name) uint64_t rd_##name(UNUSED struct vcpu *vcpu, UNUSED unsigned argument)
#define WRITE(name)                                                                                \
    void wr_##name(UNUSED struct vcpu *vcpu, UNUSED unsigned argument, UNUSED uint64_t value)

static bool running(const struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t filtered = sys->pm_filter & (vcpu->ps.el ? FILTER_P : FILTER_U);

    return (sys->pmcr & PMCR_E) && (sys->pm_enabled & PM_CYCLE) && !filtered;
}

static uint64_t cycles(const struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;

    return sys->pm_cycles + (running(vcpu) ? plat_counter() - sys->pm_start : 0);
}

/* Overflow of the 64-bit counter sets its flag; there is no overflow interrupt. */
void pmu_settle(struct vcpu *vcpu)
{
    struct sysregs *sys = &vcpu->sys;
    uint64_t now = cycles(vcpu);

    if (now < sys->pm_cycles) {
        sys->pm_overflow |= PM_CYCLE;
    }
    sys->pm_cycles = now;
    sys->pm_start = plat_counter();
}

void pmu_reset(struct vcpu *vcpu)
{
    vcpu->sys.pmcr = PMCR_LC;
    vcpu->sys.pm_enabled = 0;
    vcpu->sys.pm_overflow = 0;
    vcpu->sys.pm_inten = 0;
    vcpu->sys.pm_filter = 0;
    vcpu->sys.pm_cycles = 0;
}

/* Implementer and ID code 0, no event counters (N = 0). */
READ(PMCR_EL0)
{
    return vcpu->sys.pmcr;
}

WRITE(PMCR_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pmcr = PMCR_LC | (value & PMCR_E);
    if (value & PMCR_C) {
        vcpu->sys.pm_cycles = 0;
    }
}

READ(PMCNTENSET_EL0)
{
    return vcpu->sys.pm_enabled;
}

WRITE(PMCNTENSET_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pm_enabled |= value & PM_CYCLE;
}

READ(PMCNTENCLR_EL0)
{
    return vcpu->sys.pm_enabled;
}

WRITE(PMCNTENCLR_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pm_enabled &= ~value;
}

READ(PMOVSCLR_EL0)
{
    pmu_settle(vcpu);
    return vcpu->sys.pm_overflow;
}

WRITE(PMOVSCLR_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pm_overflow &= ~value;
}

READ(PMOVSSET_EL0)
{
    pmu_settle(vcpu);
    return vcpu->sys.pm_overflow;
}

WRITE(PMOVSSET_EL0)
{
    vcpu->sys.pm_overflow |= value & PM_CYCLE;
}

READ(PMINTENSET_EL1)
{
    return vcpu->sys.pm_inten;
}

WRITE(PMINTENSET_EL1)
{
    vcpu->sys.pm_inten |= value & PM_CYCLE;
}

READ(PMINTENCLR_EL1)
{
    return vcpu->sys.pm_inten;
}

WRITE(PMINTENCLR_EL1)
{
    vcpu->sys.pm_inten &= ~value;
}

READ(PMCCNTR_EL0)
{
    return cycles(vcpu);
}

WRITE(PMCCNTR_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pm_cycles = value;
}

READ(PMCCFILTR_EL0)
{
    return vcpu->sys.pm_filter;
}

WRITE(PMCCFILTR_EL0)
{
    pmu_settle(vcpu);
    vcpu->sys.pm_filter = value & (FILTER_P | FILTER_U);
}

/* The selected counter's type: PMSELR.SEL 31 is the cycle counter's filter, others are not there.
 */
READ(PMXEVTYPER_EL0)
{
    return vcpu->sys.PMSELR_EL0 == 31 ? vcpu->sys.pm_filter : 0;
}

WRITE(PMXEVTYPER_EL0)
{
    if (vcpu->sys.PMSELR_EL0 == 31) {
        wr_PMCCFILTR_EL0(vcpu, 0, value);
    }
}
