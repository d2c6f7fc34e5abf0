/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: registers, SGIs, SPIs, priorities and preemption, both EOI modes, groups. */
#include "tests/guest/gic.h"

static unsigned order[32], count, nest, deepest;
static void (*inside)(unsigned intid);
static bool use_dir;

static void on_irq(struct frame *frame)
{
    bool fiq = frame->vector % 4 == 2;
    unsigned intid = (unsigned)(fiq ? mrs(s3_0_c12_c8_0) : mrs(s3_0_c12_c12_0));
    uint64_t elr = frame->elr;

    if (intid >= 1020) {
        say("spurious %lu\n", (uint64_t)intid);
        return;
    }
    nest++;
    deepest = nest > deepest ? nest : deepest;
    if (count < 32) {
        order[count++] = intid | (fiq ? 0x1000 : 0);
    }
    if (inside) {
        inside(intid);
    }
    if (fiq) {
        msr(s3_0_c12_c8_1, intid);
    } else {
        msr(s3_0_c12_c12_1, intid);
    }
    if (use_dir) {
        msr(s3_0_c12_c11_1, intid);
    }
    isb();
    frame->elr = elr;
    nest--;
}

static void unmask(void)
{
    __asm__ volatile("msr daifclr, #3; isb; nop; nop; msr daifset, #3" ::: "memory");
}

static void show(const char *what)
{
    say("%s:", what);
    for (unsigned i = 0; i < count; i++) {
        say(" %lx", (uint64_t)order[i]);
    }
    say(" depth %lu\n", (uint64_t)deepest);
    count = deepest = 0;
}

static void sgi(unsigned intid)
{
    msr(s3_0_c12_c11_5, (uint64_t)intid << 24 | 1);
    isb();
}

static void enable(unsigned intid, unsigned priority)
{
    uint64_t base = intid < 32 ? GICR + SGI_FRAME : GICD;

    REG32(base + 0x80 + intid / 32 * 4) |= 1u << intid % 32;
    REG8(base + 0x400 + intid) = (uint8_t)priority;
    REG32(base + 0x100 + intid / 32 * 4) = 1u << intid % 32;
    if (intid >= 32) {
        REG64(GICD + 0x6000 + 8 * intid) = 0;
    }
}

static void pend(unsigned intid)
{
    REG32((intid < 32 ? GICR + SGI_FRAME : GICD) + 0x200 + intid / 32 * 4) = 1u << intid % 32;
    dsb();
}

static void test_registers(void)
{
    say("GICD_CTLR %lx TYPER lines %lu PIDR2 %lx\n", (uint64_t)REG32(GICD) & 0x7fffffff,
        (uint64_t)REG32(GICD + 4) & 31, (uint64_t)REG32(GICD + 0xffe8));
    say("GICR_TYPER %lx PIDR2 %lx\n", REG64(GICR + 8) & ~0x3000001ul,
        (uint64_t)REG32(GICR + 0xffe8));
    say("ICC_CTLR %lx SRE %lx BPR0 %lx BPR1 %lx PMR %lx RPR %lx\n", mrs(s3_0_c12_c12_4) & 0xc7ff,
        mrs(s3_0_c12_c12_5), mrs(s3_0_c12_c8_3), mrs(s3_0_c12_c12_3), mrs(s3_0_c4_c6_0),
        mrs(s3_0_c12_c11_3));
    msr(s3_0_c4_c6_0, 0x57);
    msr(s3_0_c12_c8_3, 0);
    msr(s3_0_c12_c12_3, 0);
    say("PMR 57 -> %lx BPR0 0 -> %lx BPR1 0 -> %lx\n", mrs(s3_0_c4_c6_0), mrs(s3_0_c12_c8_3),
        mrs(s3_0_c12_c12_3));
    msr(s3_0_c12_c8_3, 5);
    msr(s3_0_c12_c12_3, 6);
    say("BPR0 5 -> %lx BPR1 6 -> %lx\n", mrs(s3_0_c12_c8_3), mrs(s3_0_c12_c12_3));
    msr(s3_0_c12_c12_4, 1); /* CBPR */
    isb();
    say("CBPR: BPR1 %lx\n", mrs(s3_0_c12_c12_3));
    msr(s3_0_c12_c12_4, 0);
    msr(s3_0_c12_c8_3, 0);
    msr(s3_0_c12_c12_3, 0);
    msr(s3_0_c4_c6_0, 0xff);
    REG32(GICD + 0x400 + 40) = 0xffffffff;
    say("priority %lx\n", (uint64_t)REG32(GICD + 0x400 + 40) & 0xf8f8f8f8);
    REG8(GICD + 0x400 + 41) = 0x12;
    say("priority bytes %lx %lx\n", (uint64_t)REG32(GICD + 0x400 + 40) & 0xf8f8f8f8,
        (uint64_t)REG8(GICD + 0x400 + 41) & 0xf8);
    REG32(GICD + 0xc00 + 8) = 0xffffffff;
    say("ICFGR2 %lx ICFGR0 %lx\n", (uint64_t)REG32(GICD + 0xc00 + 8),
        (uint64_t)REG32(GICR + SGI_FRAME + 0xc00));
    REG32(GICD + 0xc00 + 8) = 0;
    REG64(GICD + 0x6000 + 8 * 40) = 3;
    say("IROUTER %lx high %lx\n", REG64(GICD + 0x6000 + 8 * 40),
        (uint64_t)REG32(GICD + 0x6000 + 8 * 40 + 4));
    if (is_exarch()) {
        REG64(GICD + 0x6000 + 8 * 40) = 1ul << 31;
        check_arch((REG32(GICD + 4) & 1 << 25) && !REG64(GICD + 0x6000 + 8 * 40),
                   "TYPER.No1N: IROUTER has no IRM (QEMU keeps it)");
    }
    REG64(GICD + 0x6000 + 8 * 40) = 0;
    REG32(GICD + 0x104) = 0x300;
    REG32(GICD + 0x184) = 0x100;
    say("enable %lx\n", (uint64_t)REG32(GICD + 0x104));
    REG32(GICD + 0x184) = ~0u;
    say("word 0 in the distributor %lx\n", (uint64_t)REG32(GICD + 0x100));
}

static void test_sgis(void)
{
    for (unsigned i = 0; i < 16; i++) {
        enable(i, 0x80);
    }
    unmask();
    sgi(3);
    sgi(9);
    sgi(1);
    say("pending %lx HPPIR %lx ISR %lx\n", (uint64_t)REG32(GICR + SGI_FRAME + 0x200),
        mrs(s3_0_c12_c12_2), mrs(isr_el1));
    unmask();
    show("three SGIs");
    say("IAR with none %lx\n", mrs(s3_0_c12_c12_0));
    msr(s3_0_c12_c11_5, 5ul << 24 | 1ul << 40); /* all but this one */
    unmask();
    show("SGI to others");
    sgi(4);
    REG32(GICR + SGI_FRAME + 0x280) = 1 << 4;
    unmask();
    show("SGI cleared");
}

static void test_priorities(void)
{
    enable(40, 0x60);
    enable(41, 0x20);
    enable(42, 0xa0);
    enable(43, 0x60);
    pend(42);
    pend(43);
    pend(40);
    pend(41);
    unmask();
    show("by priority, then INTID");
    pend(42);
    msr(s3_0_c4_c6_0, 0xa0);
    unmask();
    show("at the mask: none");
    msr(s3_0_c4_c6_0, 0xa8);
    unmask();
    show("below the mask");
    msr(s3_0_c4_c6_0, 0xff);
    REG32(GICD) = 0x11;
    pend(40);
    unmask();
    show("group 1 off in the distributor");
    REG32(GICD) = 0x13;
    msr(s3_0_c12_c12_7, 0);
    unmask();
    show("group 1 off in the CPU interface");
    if (is_exarch()) {
        check_arch(mrs(s3_0_c12_c12_2) == 1023 && mrs(s3_0_c12_c12_0) == 1023,
                   "nor does HPPIR1 tell of it (QEMU 7.2 does)");
    }
    msr(s3_0_c12_c12_7, 1);
    unmask();
    show("on again");
}

static void nest_41(unsigned intid)
{
    say("in %lu: RPR %lx AP1R0 %lx\n", (uint64_t)intid, mrs(s3_0_c12_c11_3), mrs(s3_0_c12_c9_0));
    if (intid == 40 || intid == 42) {
        pend(intid == 42 ? 40 : 41);
        pend(43);
        unmask();
    }
}

static void test_preemption(void)
{
    inside = nest_41;
    pend(42);
    unmask();
    show("preemption");
    unmask();
    show("what was left");
    msr(s3_0_c12_c12_3, 7); /* priority bit 7 alone preempts */
    isb();
    pend(42);
    unmask();
    show("binary point 7");
    unmask();
    show("what was left");
    msr(s3_0_c12_c12_3, 0);
    inside = NULL;
}

static void look_active(unsigned intid)
{
    say("active %lx\n", (uint64_t)REG32(GICD + 0x304));
    (void)intid;
}

static void test_eoi_modes(void)
{
    inside = look_active;
    pend(41);
    unmask();
    say("after EOI, mode 0: active %lx\n", (uint64_t)REG32(GICD + 0x304));
    msr(s3_0_c12_c12_4, 2);
    isb();
    pend(41);
    unmask();
    say("after EOI, mode 1: active %lx RPR %lx\n", (uint64_t)REG32(GICD + 0x304),
        mrs(s3_0_c12_c11_3));
    pend(41);
    unmask();
    show("active: not signalled again");
    msr(s3_0_c12_c11_1, 41);
    isb();
    say("after DIR: active %lx\n", (uint64_t)REG32(GICD + 0x304));
    use_dir = true;
    unmask();
    show("now it is");
    use_dir = false;
    msr(s3_0_c12_c12_4, 0);
    isb();
    inside = NULL;
    say("active at the end %lx\n", (uint64_t)REG32(GICD + 0x304));
    REG32(GICD + 0x304) = 1 << 8; /* set active by hand: keeps it from being signalled */
    pend(40);
    unmask();
    show("set active by hand");
    REG32(GICD + 0x384) = 1 << 8;
    unmask();
    show("and not");
}

static void test_group0(void)
{
    REG32(GICD) = 0x13;
    msr(s3_0_c12_c12_6, 1);
    REG32(GICD + 0x84) &= ~(1u << 8); /* 40: group 0 */
    isb();
    pend(40);
    pend(43);
    say("ISR %lx HPPIR1 %lx HPPIR0 %lx\n", mrs(isr_el1), mrs(s3_0_c12_c12_2), mrs(s3_0_c12_c8_2));
    unmask();
    show("group 0 is FIQ");
    REG32(GICD + 0x84) |= 1u << 8;
    msr(s3_0_c12_c12_6, 0);
}

static void sgi_group(unsigned intid, unsigned group)
{
    REG32(GICR + SGI_FRAME + 0x80) =
        (REG32(GICR + SGI_FRAME + 0x80) & ~(1u << intid)) | group << intid;
}

/* With one security state ICC_SGI1R is for both groups, the others for group 0 alone. */
static void test_sgi_groups(void)
{
    enum { SGI0, SGI1, ASGI1 };
    static const struct {
        const char *name;
        unsigned group, reg;
    } rows[] = {
        {"group 1, SGI1R", 1, SGI1}, {"group 1, SGI0R", 1, SGI0},   {"group 1, ASGI1R", 1, ASGI1},
        {"group 0, SGI0R", 0, SGI0}, {"group 0, ASGI1R", 0, ASGI1},
    };

    msr(s3_0_c12_c12_6, 1);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        sgi_group(5, rows[i].group);
        if (rows[i].reg == SGI0) {
            msr(s3_0_c12_c11_7, 5ul << 24 | 1);
        } else if (rows[i].reg == SGI1) {
            msr(s3_0_c12_c11_5, 5ul << 24 | 1);
        } else {
            msr(s3_0_c12_c11_6, 5ul << 24 | 1);
        }
        isb();
        say("pending %lx HPPIR0 %lx HPPIR1 %lx ", (uint64_t)REG32(GICR + SGI_FRAME + 0x200),
            mrs(s3_0_c12_c8_2), mrs(s3_0_c12_c12_2));
        unmask();
        show(rows[i].name);
    }
    if (is_exarch()) {
        sgi(5);
        check_arch(mrs(s3_0_c12_c8_2) == 5, "group 0 by SGI1R (QEMU: not)");
        REG32(GICR + SGI_FRAME + 0x280) = 1 << 5;
    }
    msr(s3_0_c12_c11_5, 5ul << 24 | 1ul << 16 | 1); /* Aff1 1: nobody */
    msr(s3_0_c12_c11_5, 5ul << 24 | 2);             /* Aff0 1: nobody */
    isb();
    say("SGIs to nobody: pending %lx\n", (uint64_t)REG32(GICR + SGI_FRAME + 0x200));
    sgi_group(5, 1);
    msr(s3_0_c12_c12_6, 0);
}

/* WFI at EL0 is trapped where it would wait alone: a pending interrupt lets it pass, even a masked
 * one. */
EL0_CODE(el0_wfi, "wfi; mov x0, #5")

static void test_wfi(void)
{
    mmu_on();
    el0_map();
    msr(sctlr_el1, mrs(sctlr_el1) & ~BIT(16)); /* nTWI */
    isb();
    for (unsigned pending = 0; pending < 2; pending++) {
        if (pending) {
            sgi(3);
        }
        exc_clear();
        uint64_t value = guest_el0(el0_va(el0_wfi), EL0_STACK, 0, 0x3c0);
        say("WFI at EL0, %s pending: %lx esr %lx\n", pending ? "one" : "none", value, exc.esr);
    }
    unmask();
    show("the SGI that it found");
}

/* Priorities of both groups are dropped in order, each by its own EOIR. */
static void in_group0(unsigned intid)
{
    say("in %lu: RPR %lx AP0R0 %lx AP1R0 %lx\n", (uint64_t)intid, mrs(s3_0_c12_c11_3),
        mrs(s3_0_c12_c8_4), mrs(s3_0_c12_c9_0));
    if (intid == 40) {
        msr(s3_0_c12_c12_1, 40); /* EOIR1 of group 0's interrupt does nothing */
        isb();
        say("after EOIR1: RPR %lx active %lx\n", mrs(s3_0_c12_c11_3),
            (uint64_t)REG32(GICD + 0x304));
        pend(41);
        unmask();
        msr(s3_0_c12_c8_1, 1023); /* nor does a special INTID */
        isb();
        say("after EOIR0 1023: RPR %lx\n", mrs(s3_0_c12_c11_3));
    }
}

static void test_both_groups(void)
{
    inside = in_group0;
    msr(s3_0_c12_c12_6, 1);
    REG32(GICD + 0x84) &= ~(1u << 8);
    isb();
    pend(40);
    unmask();
    show("group 1 preempts group 0");
    for (unsigned mode = 0; mode < 2; mode++) {
        msr(s3_0_c12_c12_4, mode << 1);
        isb();
        pend(40);
        unmask();
        say("EOImode %lu, group 0: active %lx RPR %lx\n", (uint64_t)mode,
            (uint64_t)REG32(GICD + 0x304), mrs(s3_0_c12_c11_3));
    }
    msr(s3_0_c12_c11_1, 40);
    isb();
    say("after DIR: active %lx\n", (uint64_t)REG32(GICD + 0x304));
    msr(s3_0_c12_c12_4, 0);
    REG32(GICD + 0x84) |= 1u << 8;
    msr(s3_0_c12_c12_6, 0);
    inside = NULL;
}

/* PL011's TX interrupt: a level that stays until the cause is cleared. */
static unsigned uart_seen;
static void uart_irq(unsigned intid)
{
    if (intid == 33) {
        uart_seen++;
        if (uart_seen == 3) {
            REG32(0x09000038) = 0;
        }
    }
}

static void test_level(void)
{
    inside = uart_irq;
    enable(33, 0x80);
    REG32(0x09000030) = 0x301;
    REG32(0x09000038) = 1 << 5;
    for (unsigned i = 0; i < 6; i++) {
        unmask();
    }
    check(uart_seen == 3, "a level interrupt comes until its cause is gone");
    count = deepest = 0;
    say("RIS %lx MIS %lx\n", (uint64_t)REG32(0x0900003c) & 0x20, (uint64_t)REG32(0x09000040));
    inside = NULL;
}

int main(void)
{
    irq_hook = on_irq;
    gic_on();
    test_registers();
    test_sgis();
    test_priorities();
    test_preemption();
    test_eoi_modes();
    test_group0();
    test_sgi_groups();
    test_both_groups();
    test_level();
    test_wfi();
    return 0;
}
