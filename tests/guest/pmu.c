/* SPDX-License-Identifier: BSD-2-Clause */
/* The PMU's cycle counter, its filter, and who may use the PMU's registers. */
#include "tests/guest/guest.h"

#define PMCR_E   BIT(0)
#define PMCR_C   BIT(2)
#define PMCR_D   BIT(3)
#define PMCR_LC  BIT(6)
#define CYCLE    BIT(31)
#define FILTER_P BIT(31)
#define FILTER_U BIT(30)

/* --- access: each register read and written at EL0 under each bit of PMUSERENR_EL0 (D17.5) --- */
// clang-format off
#define REGISTERS(X)              \
    X(pmcr,       s3_3_c9_c12_0)  \
    X(pmcntenset, s3_3_c9_c12_1)  \
    X(pmcntenclr, s3_3_c9_c12_2)  \
    X(pmovsclr,   s3_3_c9_c12_3)  \
    X(pmswinc,    s3_3_c9_c12_4)  \
    X(pmselr,     s3_3_c9_c12_5)  \
    X(pmceid0,    s3_3_c9_c12_6)  \
    X(pmceid1,    s3_3_c9_c12_7)  \
    X(pmccntr,    s3_3_c9_c13_0)  \
    X(pmxevtyper, s3_3_c9_c13_1)  \
    X(pmxevcntr,  s3_3_c9_c13_2)  \
    X(pmuserenr,  s3_3_c9_c14_0)  \
    X(pmovsset,   s3_3_c9_c14_3)  \
    X(pmevcntr0,  s3_3_c14_c8_0)  \
    X(pmevtyper0, s3_3_c14_c12_0) \
    X(pmccfiltr,  s3_3_c14_c15_7) \
    X(pmintenset, s3_0_c9_c14_1)  \
    X(nothing,    s3_3_c14_c11_7)
// clang-format on

#define CODES(name, encoding)                                                                      \
    EL0_CODE(read_##name, "mrs x7, " #encoding) EL0_CODE(write_##name, "msr " #encoding ", xzr")
REGISTERS(CODES)

static const struct {
    const char *name, *read, *write;
} registers[] = {
#define ROW(name, encoding) {#name, read_##name, write_##name},
    REGISTERS(ROW)};

static uint64_t esr_of(const char *code)
{
    exc_clear();
    guest_el0(el0_va(code), EL0_STACK, 0, 0);
    return exc.esr;
}

static void test_access(void)
{
    static const uint64_t users[] = {0, 1, 2, 4, 8};

    for (unsigned u = 0; u < 5; u++) {
        for (unsigned i = 0; i < sizeof(registers) / sizeof(*registers); i++) {
            msr(pmuserenr_el0, users[u]);
            isb();
            say("PMUSERENR %lx %s: read %lx", users[u], registers[i].name,
                esr_of(registers[i].read));
            say(" write %lx\n", esr_of(registers[i].write));
        }
    }
    msr(pmuserenr_el0, 0);
}

/* --- counting --- */
static void spin(void)
{
    for (unsigned i = 0; i < 20000; i++) {
        __asm__ volatile("");
    }
}

EL0_CODE(el0_spin, "mov x1, #20000; 1: subs x1, x1, #1; b.ne 1b")

static void spin_el0(void)
{
    guest_el0(el0_va(el0_spin), EL0_STACK, 0, 0);
}

static void start(uint64_t control, uint64_t value)
{
    msr(pmcr_el0, 0);
    msr(pmccntr_el0, value);
    msr(pmovsclr_el0, ~0ul);
    msr(pmcntenset_el0, CYCLE);
    msr(pmcr_el0, control | PMCR_E);
    isb();
}

static uint64_t counted(void (*work)(void))
{
    uint64_t before = mrs(pmccntr_el0);

    work();
    isb();
    return mrs(pmccntr_el0) - before;
}

static void test_counter(void)
{
    start(PMCR_LC, 0x123456789abcdef0);
    check(mrs(pmccntr_el0) >= 0x123456789abcdef0, "PMCCNTR has 64 bits");
    check(counted(spin) > 0, "and counts");
    msr(pmcntenclr_el0, CYCLE);
    isb();
    check(!(mrs(pmcntenset_el0) & CYCLE) && !counted(spin), "not with PMCNTENSET clear");
    start(PMCR_LC, 5);
    msr(pmcr_el0, PMCR_LC);
    isb();
    uint64_t stopped = mrs(pmccntr_el0);
    check(!counted(spin) && stopped >= 5, "nor with PMCR.E clear");
    msr(pmcr_el0, PMCR_LC | PMCR_C);
    isb();
    check(mrs(pmccntr_el0) == 0 && !(mrs(pmcr_el0) & PMCR_C), "PMCR.C");
    check(mrs(pmceid0_el0) & BIT(17), "the event of cycles is there");
}

static bool overflows(uint64_t control, uint64_t value)
{
    start(control, value);
    counted(spin);
    return mrs(pmovsclr_el0) & CYCLE;
}

/* What the same work takes at least: whoever shares the machine only adds to it. */
static uint64_t least_counted(uint64_t control)
{
    uint64_t least = ~0ul;

    for (unsigned i = 0; i < 20; i++) {
        start(control, 0);
        uint64_t now = counted(spin);
        least = now < least ? now : least;
    }
    return least;
}

static void test_overflow(void)
{
    check(overflows(PMCR_LC, ~0ul), "an overflow of 64 bits");
    check(!overflows(PMCR_LC, 0xffffffff), "with PMCR.LC none of 32");
    msr(pmovsclr_el0, CYCLE);
    check(!(mrs(pmovsset_el0) & CYCLE), "PMOVSCLR");
    msr(pmovsset_el0, CYCLE);
    check(mrs(pmovsclr_el0) & CYCLE, "PMOVSSET");
    msr(pmovsclr_el0, CYCLE);
    msr(pmintenset_el1, CYCLE);
    bool set = mrs(pmintenclr_el1) & CYCLE;
    msr(pmintenclr_el1, CYCLE);
    check(set && !(mrs(pmintenset_el1) & CYCLE), "PMINTENSET and CLR");
}

/* What PMCR has for AArch32, EL2 and EL3 (LC, D, DP) is fixed where there is none of them. */
static void test_fixed(void)
{
    if (!is_exarch()) {
        return;
    }
    msr(pmcr_el0, ~(PMCR_E | PMCR_C | PMCR_LC));
    check_arch(mrs(pmcr_el0) == PMCR_LC, "PMCR is LC and E alone (QEMU: D, DP too, and no LC)");
    check_arch(!overflows(0, 0xffffffff), "no overflow of 32 bits (QEMU: without LC)");
    check_arch(least_counted(PMCR_D) * 8 > least_counted(0), "no divider (QEMU: PMCR.D, /64)");
    msr(pmcr_el0, 0);
}

static void test_filter(void)
{
    start(PMCR_LC, 0);
    msr(pmccfiltr_el0, FILTER_P);
    isb();
    check(!counted(spin), "filtered at EL1");
    check(counted(spin_el0) > 0, "but not at EL0");
    msr(pmccfiltr_el0, FILTER_U);
    isb();
    check(counted(spin) > 0, "filtered at EL0: counts at EL1");
    msr(pmccfiltr_el0, FILTER_P | FILTER_U);
    isb();
    check(!counted(spin) && !counted(spin_el0), "filtered at both");
    msr(pmselr_el0, 31);
    isb();
    check(mrs(pmxevtyper_el0) == (FILTER_P | FILTER_U), "PMXEVTYPER of counter 31 is the filter");
    msr(pmxevtyper_el0, FILTER_U);
    isb();
    check(mrs(pmccfiltr_el0) == FILTER_U && counted(spin), "which can be written there");
    if (is_exarch()) {
        msr(pmccfiltr_el0, ~0ul);
        check_arch(mrs(pmccfiltr_el0) == (FILTER_P | FILTER_U),
                   "no filters of ELs that are not there (QEMU keeps their bits)");
    }
    msr(pmccfiltr_el0, 0);
}

int main(void)
{
    mmu_on();
    el0_map();
    test_access();
    test_counter();
    test_overflow();
    test_fixed();
    test_filter();
    return 0;
}
