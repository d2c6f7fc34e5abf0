/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic timers: counter, conditions, interrupts, WFI, interrupting a loop that does not poll. */
#include "tests/guest/gic.h"

static volatile unsigned fired, last;
static uint64_t at, vector;

static void on_irq(struct frame *frame)
{
    unsigned intid = (unsigned)mrs(s3_0_c12_c12_0);

    at = mrs(cntvct_el0);
    vector = frame->vector;
    frame->elr += vector == 9 ? 4 : 0; /* out of EL0's loop */
    last = intid;
    fired++;
    if (intid == 27) {
        msr(cntv_ctl_el0, 0);
    } else {
        msr(cntp_ctl_el0, 0);
    }
    isb();
    msr(s3_0_c12_c12_1, intid);
    isb();
}

static void irqs(bool on)
{
    if (on) {
        __asm__ volatile("msr daifclr, #2" ::: "memory");
    } else {
        __asm__ volatile("msr daifset, #2" ::: "memory");
    }
}

static void test_counter(void)
{
    uint64_t before = mrs(cntvct_el0);
    bool forward = true;

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = mrs(cntvct_el0);
        forward &= now >= before;
        before = now;
    }
    check(forward, "CNTVCT goes forward");
    uint64_t v = mrs(cntvct_el0), p = mrs(cntpct_el0), v2 = mrs(cntvct_el0);
    check(p >= v && p <= v2, "CNTPCT is CNTVCT");
    say("CNTFRQ %lu\n", mrs(cntfrq_el0));
}

/* CNTKCTL_EL1 has the fields of Armv8.0 (D17.11.18), EVNTIS is FEAT_ECV's. */
static void test_control(void)
{
    msr(cntkctl_el1, 0x3ff);
    check(mrs(cntkctl_el1) == 0x3ff, "CNTKCTL");
    if (is_exarch()) {
        msr(cntkctl_el1, ~0ul);
        check_arch(mrs(cntkctl_el1) == 0x3ff, "CNTKCTL has no other bits (QEMU keeps them)");
    }
    msr(cntkctl_el1, 0);
}

static void test_condition(void)
{
    msr(cntv_cval_el0, mrs(cntvct_el0) + 62500000ul * 1000);
    msr(cntv_ctl_el0, 1);
    isb();
    say("ahead: ctl %lx\n", mrs(cntv_ctl_el0));
    msr(cntv_cval_el0, 0);
    isb();
    say("past: ctl %lx\n", mrs(cntv_ctl_el0));
    msr(cntv_ctl_el0, 3);
    isb();
    say("masked: ctl %lx pending %lx\n", mrs(cntv_ctl_el0),
        (uint64_t)REG32(GICR + SGI_FRAME + 0x200) >> 27 & 1);
    msr(cntv_ctl_el0, 1);
    isb();
    say("unmasked: pending %lx\n", (uint64_t)REG32(GICR + SGI_FRAME + 0x200) >> 27 & 1);
    msr(cntv_ctl_el0, 0);
    msr(cntv_tval_el0, 1000000);
    uint64_t left = mrs(cntv_tval_el0), cval = mrs(cntv_cval_el0), now = mrs(cntvct_el0);
    check(left <= 1000000 && left > 0 && cval + 1000000 > now && cval <= now + 1000000,
          "TVAL counts down to CVAL");
    msr(cntp_tval_el0, (uint32_t)-5000);
    isb();
    check((int32_t)mrs(cntp_tval_el0) < 0 && mrs(cntp_cval_el0) < mrs(cntpct_el0),
          "TVAL is signed");
}

static void once(bool physical, uint64_t ticks, bool wait, const char *name)
{
    uint64_t start = mrs(cntvct_el0), limit = start + 62500000ul * 5;

    fired = 0;
    if (physical) {
        msr(cntp_tval_el0, ticks);
        msr(cntp_ctl_el0, 1);
    } else {
        msr(cntv_tval_el0, ticks);
        msr(cntv_ctl_el0, 1);
    }
    irqs(true);
    while (!fired && mrs(cntvct_el0) < limit) {
        if (wait) {
            __asm__ volatile("wfi");
        }
    }
    irqs(false);
    check(fired == 1 && last == (physical ? 30 : 27) && at - start >= ticks, name);
}

/* A loop that reads no register and touches no memory: only the interrupt ends it. */
static void test_hot_loop(void)
{
    uint64_t start = mrs(cntvct_el0);

    fired = 0;
    msr(cntv_tval_el0, 62500 * 20);
    msr(cntv_ctl_el0, 1);
    irqs(true);
    __asm__ volatile("1: ldr w0, [%0]; cbz w0, 1b" ::"r"(&fired) : "x0", "memory");
    irqs(false);
    check(mrs(cntvct_el0) - start >= 62500 * 20, "an interrupt ends a loop of two instructions");
    /* and one that never leaves: the handler moves its ELR on */
}

EL0_CODE(el0_loop, "b .; mov x0, #77")

static void test_el0(void)
{
    el0_map();
    fired = 0;
    msr(cntv_tval_el0, 62500 * 5);
    msr(cntv_ctl_el0, 1);
    uint64_t value = guest_el0(el0_va(el0_loop), EL0_STACK, 0, 0x340); /* I clear */
    check(fired == 1 && vector == 9 && value == 77, "an interrupt from a loop at EL0");
    msr(cntv_tval_el0, 1000);
    msr(cntv_ctl_el0, 1);
    while (!(mrs(cntv_ctl_el0) & 4)) {
    }
    fired = 0;
    value = guest_el0(el0_va(el0_loop) + 4, EL0_STACK, 0, 0x3c0);
    check(fired == 0 && value == 77, "none where SPSR.I is set");
    irqs(true);
    __asm__ volatile("nop; nop");
    irqs(false);
    check(fired == 1 && vector == 5, "it comes at EL1");
}

static uint64_t many(unsigned n)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < n; i++) {
        fired = 0;
        msr(cntv_tval_el0, 3000);
        msr(cntv_ctl_el0, 1);
        irqs(true);
        while (!fired) {
        }
        irqs(false);
        seen += fired;
    }
    return seen;
}

/*
 * Loads across the ends of pages that nobody has touched: each is one instruction that takes two
 * faults of the host's, and the timer's time comes within or between them. What follows leaves
 * translated code for nothing else.
 */
#define FRESH_VA (3ul << 39)

static volatile uint32_t nothing;

static bool interrupts_fresh_pages(unsigned rounds)
{
    uint64_t *table = table_new(), page = (uint64_t)page_new();
    bool fine = true;

    for (unsigned i = 0; i < 512; i++) {
        table[i] = page | PTE_PAGE | PTE_PXN | PTE_UXN; /* alike: no two of them map together */
    }
    for (unsigned i = 0; i < 8; i++) {
        *table_entry(low_root, FRESH_VA + i * 0x200000, 2) =
            (uint64_t)table | PTE_VALID | PTE_TABLE;
    }
    for (unsigned i = 0; i < rounds && fine; i++) {
        uint64_t va = FRESH_VA + 4093, end = va + 512 * 4096, limit = mrs(cntvct_el0) + 62500000ul;

        tlb_flush();
        fired = 0;
        msr(cntv_tval_el0, 500 + i % 61 * 50);
        msr(cntv_ctl_el0, 1);
        irqs(true);
        __asm__ volatile("1: ldr x0, [%0, %w2, sxtw #3]; add %0, %0, #0x2000; cmp %0, %1; b.lo 1b"
                         : "+r"(va)
                         : "r"(end), "r"(nothing)
                         : "x0", "cc", "memory");
        while (!fired && mrs(cntvct_el0) < limit) {
        }
        irqs(false);
        fine = fired == 1 && at < limit;
    }
    return fine;
}

/* Masked by PSTATE.I an interrupt waits, and comes with the mask's end; WFI ends all the same. */
static void test_masked(void)
{
    fired = 0;
    msr(cntv_tval_el0, 1000);
    msr(cntv_ctl_el0, 1);
    isb();
    __asm__ volatile("wfi");
    check(fired == 0, "WFI ends by a masked interrupt, which is not taken");
    irqs(true);
    __asm__ volatile("nop; nop");
    irqs(false);
    check(fired == 1, "and is when the mask ends");
}

int main(void)
{
    irq_hook = on_irq;
    gic_on();
    for (unsigned i = 27; i <= 30; i += 3) {
        REG32(GICR + SGI_FRAME + 0x80) |= 1u << i;
        REG8(GICR + SGI_FRAME + 0x400 + i) = 0x80;
        REG32(GICR + SGI_FRAME + 0x100) = 1u << i;
    }
    test_counter();
    test_control();
    test_condition();
    once(false, 62500 * 2, false, "virtual timer, polling");
    once(true, 62500 * 2, false, "physical timer, polling");
    once(false, 62500 * 30, true, "virtual timer, WFI");
    once(true, 62500 * 30, true, "physical timer, WFI");
    mmu_on();
    once(false, 62500 * 2, false, "virtual timer, MMU on");
    test_hot_loop();
    test_masked();
    test_el0();
    check(interrupts_fresh_pages(300), "none is lost where pages fault");
    check(many(500) == 500, "500 interrupts, none lost, none twice");
    return 0;
}
