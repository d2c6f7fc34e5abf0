/* SPDX-License-Identifier: BSD-2-Clause */
/* PMUv3 with the cycle counter alone (Arm ARM D8 of the PMU, D17.5): host counter ticks are its
 * cycles. */
#include "dbt/platform.h"
#include "dbt/sys/handlers.h"
#include "dbt/sys/internal.h"

#define PMCR_E   BIT64(0)
#define PMCR_C   BIT64(2)
#define PMCR_D   BIT64(3)
#define PMCR_DP  BIT64(5)
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

/* PMCR.D: every 64th cycle counts, unless LC asks for 64 bits. */
static unsigned divider_shift(const struct sysregs *sys)
{
    return (sys->pmcr & PMCR_D) && !(sys->pmcr & PMCR_LC) ? 6 : 0;
}

static uint64_t cycles(const struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t since = running(vcpu) ? plat_counter() - sys->pm_start : 0;

    return sys->pm_cycles + (since >> divider_shift(sys));
}

/* Overflow of the 32-bit (LC clear) or 64-bit counter sets its flag; there is no overflow
 * interrupt. */
void pmu_settle(struct vcpu *vcpu)
{
    struct sysregs *sys = &vcpu->sys;
    uint64_t now = cycles(vcpu);
    uint64_t top = sys->pmcr & PMCR_LC ? UINT64_MAX : UINT32_MAX;

    if (now < sys->pm_cycles || (sys->pm_cycles & ~top) != (now & ~top)) {
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
    vcpu->sys.pmcr = value & (PMCR_E | PMCR_D | PMCR_DP | PMCR_LC);
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
