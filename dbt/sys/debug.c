/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and watchpoints (Arm ARM D2.8 to D2.10). */
/*
 * While one is enabled for the current EL the vCPU interprets, and every instruction and access is
 * compared here; translated code knows nothing of them.
 */
#include "dbt/sys/internal.h"

/* DBGBCRn_EL1 and DBGWCRn_EL1: E 0, PMC/PAC 2:1, LSC 4:3, BAS 8:5 or 12:5, LBN 19:16, WT 20 or
 * BT 23:20, MASK 28:24 */
#define CR_E     BIT64(0)
#define CR_PMC   MASK(2, 1)
#define WCR_LSC  MASK(4, 3)
#define WCR_BAS  MASK(12, 5)
#define WCR_MASK MASK(28, 24)
#define CR_LBN   MASK(19, 16)
#define WCR_WT   BIT64(20)
#define BCR_BT   MASK(23, 20)

/* Breakpoint types that are there: by address, by CONTEXTIDR_EL1 (breakpoint 1 alone); linked. */
enum { BT_ADDRESS, BT_ADDRESS_LINKED, BT_CONTEXT, BT_CONTEXT_LINKED };

#define DEBUG_STATUS 0x22
#define POINTS       2

static uint64_t control(const struct sysregs *sys, bool watch, unsigned n)
{
    return watch ? (n ? sys->DBGWCR1_EL1 : sys->DBGWCR0_EL1)
                 : (n ? sys->DBGBCR1_EL1 : sys->DBGBCR0_EL1);
}

static uint64_t value(const struct sysregs *sys, bool watch, unsigned n)
{
    return watch ? (n ? sys->DBGWVR1_EL1 : sys->DBGWVR0_EL1)
                 : (n ? sys->DBGBVR1_EL1 : sys->DBGBVR0_EL1);
}

bool debug_locked(const struct sysregs *sys)
{
    bool double_lock = bit(sys->OSDLR_EL1, 0) && !bit(sys->DBGPRCR_EL1, 0);

    return bit(sys->OSLSR_EL1, 1) || double_lock;
}

/* Whether breakpoints and watchpoints make exceptions at all now (AArch64.GenerateDebugExceptions).
 */
static bool is_enabled(const struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;

    if (!(sys->MDSCR_EL1 & MDSCR_MDE) || debug_locked(sys)) {
        return false;
    }
    return vcpu->ps.el == 0 || ((sys->MDSCR_EL1 & MDSCR_KDE) && !bit(vcpu->st->daif, 9));
}

/* PMC: bit 0 EL1, bit 1 EL0. */
static bool is_for_el(uint64_t control_word, unsigned el)
{
    return (control_word & CR_E) && bit(GET_FIELD(control_word, CR_PMC), el == 0);
}

/* EL1's unprivileged accesses count as EL0's (D2.9.4), so its watchpoints matter at EL1 as well. */
static bool can_watch(const struct vcpu *vcpu, uint64_t control_word)
{
    return is_for_el(control_word, vcpu->ps.el) || (!vcpu->ps.uao && is_for_el(control_word, 0));
}

bool debug_active(const struct vcpu *vcpu)
{
    for (unsigned n = 0; n < POINTS; n++) {
        if (is_for_el(control(&vcpu->sys, false, n), vcpu->ps.el) ||
            can_watch(vcpu, control(&vcpu->sys, true, n))) {
            return is_enabled(vcpu);
        }
    }
    return false;
}

/* Breakpoint n as a comparison of CONTEXTIDR_EL1, for itself or for one that is linked to it. */
static bool context_matches(const struct sysregs *sys, uint64_t n, unsigned type)
{
    return n == POINTS - 1 && (control(sys, false, 1) & CR_E) &&
           GET_FIELD(control(sys, false, 1), BCR_BT) == type &&
           (uint32_t)value(sys, false, 1) == sys->CONTEXTIDR_EL1;
}

static bool breakpoint_matches(const struct vcpu *vcpu, unsigned n)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t word = control(sys, false, n);
    bool address = (sign_extend(value(sys, false, n), 49) & ~INT64_C(3)) ==
                   (sign_extend(vcpu->st->pc, 49) & ~INT64_C(3));

    if (!is_for_el(word, vcpu->ps.el)) {
        return false;
    }
    switch (GET_FIELD(word, BCR_BT)) {
    case BT_ADDRESS: return address;
    case BT_ADDRESS_LINKED:
        return address && context_matches(sys, GET_FIELD(word, CR_LBN), BT_CONTEXT_LINKED);
    case BT_CONTEXT: return context_matches(sys, n, BT_CONTEXT);
    default: return false;
    }
}

bool debug_breakpoint(struct vcpu *vcpu)
{
    for (unsigned n = 0; n < POINTS && is_enabled(vcpu); n++) {
        if (breakpoint_matches(vcpu, n)) {
            exc_take(vcpu, EC_BREAKPOINT, DEBUG_STATUS, 0);
            return true;
        }
    }
    return false;
}

/*
 * Whether watchpoint n watches the byte at va: a power of two by MASK, or those of a doubleword
 * that BAS selects, of a word where DBGWVR<2> is set (D2.10.3).
 */
static bool watches(const struct sysregs *sys, unsigned n, uint64_t va)
{
    uint64_t word = control(sys, true, n);
    uint64_t base = (uint64_t)sign_extend(value(sys, true, n), 49);
    unsigned mask = (unsigned)GET_FIELD(word, WCR_MASK), granule = bit(base, 2) ? 2 : 3;

    va = (uint64_t)sign_extend(va, 49);
    if (mask >= 3) {
        return va >> mask == base >> mask;
    }
    return va >> granule == base >> granule &&
           bit(GET_FIELD(word, WCR_BAS), (unsigned)bits(va, granule - 1, 0));
}

static bool watchpoint_matches(const struct vcpu *vcpu, unsigned n, uint64_t va, bool write,
                               unsigned el)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t word = control(sys, true, n);
    bool linked = word & WCR_WT;

    return is_for_el(word, el) && bit(GET_FIELD(word, WCR_LSC), write) && watches(sys, n, va) &&
           (!linked || context_matches(sys, GET_FIELD(word, CR_LBN), BT_CONTEXT_LINKED));
}

bool debug_watchpoint(struct vcpu *vcpu, uint64_t va, unsigned size, bool write, bool unpriv)
{
    unsigned el = unpriv ? 0 : vcpu->ps.el;

    for (unsigned i = 0; i < POINTS * size && is_enabled(vcpu); i++) {
        uint64_t at = va + i / POINTS;

        if (watchpoint_matches(vcpu, i % POINTS, at, write, el)) {
            exc_take(vcpu, EC_WATCHPOINT, DEBUG_STATUS | (write ? ISS_WNR : 0), at);
            return true;
        }
    }
    return false;
}
