/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and watchpoints at EL0 and EL1: matching, byte selects, masks, direction, controls.
 */
#include "tests/guest/guest.h"

#define USER_VA   0x8000000000ul
#define DATA_VA   0x8000400000ul
#define STACK_TOP (DATA_VA + 4096)

__asm__(".text; .balign 64; user_code:"
        "add x1, x0, #8; ldr x2, [x0]; str x2, [x0, #8]; ldrb w3, [x0, #3]; strb w3, [x0, #13];"
        "ldp x4, x5, [x0]; ldr w6, [x0, #4]; b 1f; nop; 1: mov x0, #7; svc #0x7f0; .balign 64");
extern char user_code[];

static uint64_t user_pc(unsigned insn)
{
    return USER_VA + ((uint64_t)user_code & 0x1fffff) + 4 * insn;
}

static unsigned hits;

/* Reports a debug exception and steps over it by switching the points off for good. */
static bool on_debug(struct frame *frame)
{
    uint64_t ec = frame->esr >> 26;

    if (ec < 0x30 || ec == 0x3c) {
        return false;
    }
    hits++;
    say("  ec %lx iss %lx elr +%lu far %lx spsr %lx\n", ec, frame->esr & 0x1ffffff,
        frame->vector >= 8 ? frame->elr - user_pc(0) : 0, ec >= 0x34 ? frame->far : 0,
        frame->spsr & ~0xf0000c00ul);
    msr(mdscr_el1, 0);
    isb();
    return true;
}

static bool quiet(struct frame *frame)
{
    uint64_t ec = frame->esr >> 26 & ~1ul; /* from EL0 or EL1 */
    bool is_debug = ec == 0x30 || ec == 0x34;

    if (is_debug) {
        hits++;
        msr(mdscr_el1, 0);
        isb();
    }
    return is_debug;
}

static void points(uint64_t bvr, uint64_t bcr, uint64_t wvr, uint64_t wcr)
{
    msr(dbgbvr0_el1, bvr);
    msr(dbgbcr0_el1, bcr);
    msr(dbgwvr0_el1, wvr);
    msr(dbgwcr0_el1, wcr);
    isb();
}

static void run_user(const char *what)
{
    hits = 0;
    say("%s\n", what);
    msr(mdscr_el1, 1ul << 15);
    isb();
    exc_clear();
    uint64_t value = guest_el0(user_pc(0), STACK_TOP, DATA_VA, 0);
    say("  %lu hits, result %lx\n", (uint64_t)hits, value);
    msr(mdscr_el1, 0);
    isb();
}

#define BCR(pmc) (1ul | (uint64_t)(pmc) << 1 | 15ul << 5)
#define WCR(pac, lsc, bas)                                                                         \
    (1ul | (uint64_t)(pac) << 1 | (uint64_t)(lsc) << 3 | (uint64_t)(bas) << 5)

static bool linked_hits(uint64_t context)
{
    msr(contextidr_el1, context);
    msr(mdscr_el1, 1ul << 15);
    isb();
    exc_clear();
    hits = 0;
    guest_el0(user_pc(0), STACK_TOP, DATA_VA, 0);
    msr(mdscr_el1, 0);
    isb();
    return hits;
}

/* Which breakpoint is context-aware differs: on QEMU's CPU there are six. */
static void test_linked(void)
{
    if (!is_exarch()) {
        return;
    }
    points(user_pc(2), BCR(2) | 1ul << 16 | 1ul << 20, 0, 0);
    msr(dbgbvr1_el1, 0x1234);
    msr(dbgbcr1_el1, BCR(2) | 3ul << 20);
    sync_hook = quiet;
    check_arch(!linked_hits(0x1235), "a breakpoint linked to another context");
    check_arch(linked_hits(0x1234), "and to this one");
    points(0, 0, DATA_VA, WCR(2, 3, 0xff) | 1ul << 16 | 1ul << 20);
    check_arch(!linked_hits(0x1235), "a watchpoint linked to another context");
    check_arch(linked_hits(0x1234), "and to this one");
    points(0, 0, 0, 0);
    msr(dbgbvr1_el1, 0x12347);
    msr(dbgbcr1_el1, BCR(2) | 2ul << 20);
    check_arch(!linked_hits(0x12344), "a breakpoint of another context");
    check_arch(linked_hits(0x12347), "and of this one, with all of its 32 bits");
    sync_hook = on_debug;
    msr(dbgbcr1_el1, 0);
}

static void test_user(void)
{
    run_user("none");
    points(user_pc(2), BCR(2), 0, 0);
    run_user("a breakpoint");
    points(user_pc(9), BCR(3), 0, 0);
    run_user("at a branch's target, any EL");
    points(user_pc(8), BCR(2), 0, 0);
    run_user("where nothing comes by");
    points(user_pc(2), BCR(1), 0, 0);
    run_user("for EL1 only");
    points(user_pc(2), BCR(2) & ~1ul, 0, 0);
    run_user("not enabled");
    points(0, 0, DATA_VA, WCR(2, 3, 0xff));
    run_user("a watchpoint, first doubleword");
    points(0, 0, DATA_VA, WCR(2, 2, 0xff));
    run_user("stores only: none there");
    points(0, 0, DATA_VA + 8, WCR(2, 2, 0xff));
    run_user("stores, second doubleword");
    points(0, 0, DATA_VA + 8, WCR(2, 3, 0x20));
    run_user("byte 13 alone");
    points(0, 0, DATA_VA + 8, WCR(2, 1, 0x01));
    run_user("loads of byte 8: the pair");
    points(0, 0, DATA_VA + 8, WCR(1, 3, 0xff));
    run_user("for EL1 only");
    points(0, 0, DATA_VA, WCR(2, 2, 0xff) | 4ul << 24);
    run_user("a mask of 16 bytes");
    test_linked();
    points(user_pc(2), BCR(2), 0, 0);
    if (is_exarch()) {
        msr(oslar_el1, 1);
        sync_hook = quiet;
        check_arch(!linked_hits(0), "none with the OS lock (QEMU looks at the wrong bit)");
        msr(oslar_el1, 0);
        msr(osdlr_el1, 1);
        check_arch(!linked_hits(0), "none with the OS double lock (QEMU: one)");
        msr(s2_0_c1_c4_4, 1); /* DBGPRCR_EL1.CORENPDRQ keeps it open */
        check_arch(linked_hits(0), "which DBGPRCR keeps open");
        msr(s2_0_c1_c4_4, 0);
        msr(osdlr_el1, 0);
        sync_hook = on_debug;
    }
}

/* An abort of the fetch comes before a breakpoint there, and so does an unaligned PC (D1.3.5.4). */
static void test_priority(void)
{
    if (!is_exarch()) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t pc = i ? user_pc(2) + 2 : DATA_VA; /* UXN */

        points(pc & ~3ul, BCR(2), 0, 0);
        msr(mdscr_el1, 1ul << 15);
        isb();
        exc_clear();
        guest_el0(pc, STACK_TOP, DATA_VA, 0);
        check_arch(exc.esr == (i ? 0x8a000000 : 0x8200000f),
                   i ? "an unaligned PC is not a breakpoint (QEMU: it is)"
                     : "nor is a fetch that aborts (QEMU: it is)");
    }
    msr(mdscr_el1, 0);
    points(0, 0, 0, 0);
}

static uint64_t *data;

static void run_el1(const char *what, uint64_t mdscr, bool debug_mask)
{
    uint64_t value = 0;

    hits = 0;
    say("%s\n", what);
    msr(mdscr_el1, mdscr);
    isb();
    if (debug_mask) {
        __asm__ volatile("msr daifset, #8");
    } else {
        __asm__ volatile("msr daifclr, #8");
    }
    __asm__ volatile("isb; ldr %0, [%1]; str %0, [%1, #16]; nop"
                     : "+r"(value)
                     : "r"(data)
                     : "memory");
    msr(mdscr_el1, 0);
    __asm__ volatile("msr daifset, #8; isb");
    say("  %lu hits\n", (uint64_t)hits);
}

static void test_el1(void)
{
    points(0, 0, (uint64_t)data, WCR(1, 3, 0xff));
    run_el1("EL1, KDE", 1ul << 15 | 1ul << 13, false);
    run_el1("EL1, no KDE", 1ul << 15, false);
    run_el1("EL1, masked by D", 1ul << 15 | 1ul << 13, true);
    points(0, 0, (uint64_t)data + 16, WCR(3, 2, 0xff));
    run_el1("EL1, store", 1ul << 15 | 1ul << 13, false);
}

/* f at EL1 under a watchpoint of at. */
static void watch_el1(const char *what, probe_fn f, uint64_t va, uint64_t at, uint64_t wcr)
{
    points(0, 0, at, wcr);
    hits = 0;
    say("%s\n", what);
    msr(mdscr_el1, 1ul << 15 | 1ul << 13);
    __asm__ volatile("msr daifclr, #8; isb");
    f(va, 0);
    msr(mdscr_el1, 0);
    __asm__ volatile("msr daifset, #8; isb");
    say("  %lu hits\n", (uint64_t)hits);
}

#define UAO s3_0_c4_c2_4

/* LDTR and STTR are EL0's accesses, unless PSTATE.UAO makes them EL1's. */
static void test_unprivileged(void)
{
    uint64_t va = DATA_VA + 8;

    watch_el1("for EL0, LDTR at EL1", probe_unpriv_read, va, va, WCR(2, 1, 0xff));
    watch_el1("for EL0, STTR at EL1", probe_unpriv_write, va, va, WCR(2, 2, 0xff));
    watch_el1("for EL0, LDR at EL1", probe_read64, va, va, WCR(2, 1, 0xff));
    watch_el1("for EL1, LDTR", probe_unpriv_read, va, va, WCR(1, 1, 0xff));
    watch_el1("for both, LDTR", probe_unpriv_read, va, va, WCR(3, 1, 0xff));
    msr(UAO, BIT(23));
    watch_el1("UAO: for EL1, LDTR", probe_unpriv_read, va, va, WCR(1, 1, 0xff));
    watch_el1("UAO: for EL0, LDTR at EL1", probe_unpriv_read, va, va, WCR(2, 1, 0xff));
    msr(UAO, 0);
}

/* The bytes of a word, where DBGWVR<2> is set. */
static void test_word(void)
{
    uint64_t va = (uint64_t)data, word = va + 4;

    watch_el1("a word, upper half read", probe_read32, word, word, WCR(1, 1, 0xf));
    watch_el1("a word, lower half read", probe_read32, va, word, WCR(1, 1, 0xf));
    watch_el1("BAS<7:4> count for nothing", probe_read32, va, word, WCR(1, 1, 0xff));
    watch_el1("nor do they harm", probe_read32, word, word, WCR(1, 1, 0xff));
    watch_el1("its byte 1, read", probe_read8, word + 1, word, WCR(1, 1, 2));
    watch_el1("its byte 1, another read", probe_read8, va + 1, word, WCR(1, 1, 2));
}

/* DC ZVA stores a block: in translated code, and by the helper that SCTLR.A or a tag asks for. */
static void test_zero(void)
{
    uint64_t va = (uint64_t)data, sctlr = mrs(sctlr_el1);

    for (unsigned i = 0; i < 2; i++) {
        watch_el1("DC ZVA", probe_zero, va + 8, va + 40, WCR(1, 2, 1));
        watch_el1("DC ZVA, loads watched", probe_zero, va + 8, va + 40, WCR(1, 1, 0xff));
        watch_el1("DC ZVA, another block", probe_zero, va + 8, va + 64, WCR(1, 3, 0xff));
        msr(sctlr_el1, sctlr | 2);
        isb();
    }
    msr(sctlr_el1, sctlr);
    msr(tcr_el1, mrs(tcr_el1) | BIT(37));
    tlb_flush();
    for (unsigned i = 0; i < 20; i++) {
        probe_zero(DATA_VA | 5ul << 56, 0);
    }
    if (is_exarch()) {
        sync_hook = quiet;
        points(0, 0, DATA_VA + 8, WCR(1, 2, 1));
        msr(mdscr_el1, 1ul << 15 | 1ul << 13);
        hits = 0;
        __asm__ volatile("msr daifclr, #8; isb");
        probe_zero(DATA_VA | 5ul << 56, 0);
        __asm__ volatile("msr daifset, #8; isb");
        check_arch(hits == 1, "DC ZVA by a tagged address (QEMU: not watched)");
        sync_hook = on_debug;
    }
    msr(mdscr_el1, 0);
    msr(tcr_el1, mrs(tcr_el1) & ~BIT(37));
    tlb_flush();
}

/* Software step at EL1: only with KDE, and while PSTATE.D is clear (D2.12). SVC #1 and #3 begin to
 * step what follows them, #4 ends it. */
static unsigned steps;
static uint64_t step_base, step_iss;
static bool step_quiet;

static bool on_step(struct frame *frame)
{
    uint64_t ec = frame->esr >> 26, imm = frame->esr & 0x1ffffff;

    if (ec != 0x15 && ec != 0x33) {
        return false;
    }
    if (!step_quiet) {
        say("  %s %lx spsr %lx", ec == 0x15 ? "svc" : "step iss", imm, frame->spsr & ~0xf0000c00ul);
        say(" +%lu\n", ec == 0x15 ? 0 : frame->elr - step_base);
    }
    if (ec == 0x33) {
        steps++;
        step_iss = imm;
        frame->spsr |= 1ul << 21;
        return true;
    }
    step_base = frame->elr;
    frame->spsr = (frame->spsr | (imm & 1) << 21) & ~(1ul << 9);
    if (imm == 4) {
        msr(mdscr_el1, 0);
    }
    return true;
}

static void step_on(uint64_t mdscr)
{
    steps = 0;
    sync_hook = on_step;
    msr(mdscr_el1, mdscr);
    isb();
}

static void step_off(void)
{
    msr(mdscr_el1, 0);
    __asm__ volatile("msr daifset, #8; isb");
    sync_hook = on_debug;
}

static void run_stepped(const char *what, uint64_t mdscr)
{
    say("%s\n", what);
    step_on(mdscr);
    __asm__ volatile("svc #1; nop; ldxr x2, [%0]; cbz xzr, 1f; nop; 1: svc #2; nop; svc #3;"
                     "nop; svc #4" ::"r"(data)
                     : "x2", "memory");
    step_off();
    say("  %lu steps\n", (uint64_t)steps);
}

/* The stepped instruction masks debug exceptions, and so its own. Unmasked later they make step
 * active and pending: that exception comes from no step (D2.11.9). */
static void test_step_masked(void)
{
    if (is_exarch()) {
        step_quiet = true;
        step_on(1 | 1ul << 13);
        __asm__ volatile("svc #1; msr daifset, #8; nop; svc #4" ::: "memory");
        check_arch(steps == 0, "a stepped MSR DAIFSet of D (QEMU steps it)");
        step_off();
        step_on(1 | 1ul << 13);
        __asm__ volatile("svc #1; msr daifset, #8; nop; msr daifclr, #8; svc #4" ::: "memory");
        check_arch(steps == 1 && step_iss == 0x22, "ISV is clear without a step (QEMU steps it)");
        step_off();
        step_on(1 | 1ul << 13);
        __asm__ volatile("mov w0, #0x84000000; hvc #0; msr daifclr, #8; svc #4" ::
                             : "x0", "x1", "x2", "x3", "memory");
        check_arch(steps == 1 && step_iss == 0x22, "nor after an HVC that was not stepped");
        step_off();
    }
}

int main(void)
{
    extern char _start[];

    mmu_on();
    *table_entry(low_root, USER_VA, 2) =
        ((uint64_t)_start & ~0x1ffffful) | PTE_BLOCK | PTE_EL0 | PTE_RO | PTE_NG | PTE_PXN;
    data = (uint64_t *)(void *)page_new();
    *table_entry(low_root, DATA_VA, 3) =
        (uint64_t)data | PTE_PAGE | PTE_EL0 | PTE_NG | PTE_PXN | PTE_UXN;
    tlb_flush();
    msr(oslar_el1, 0);
    sync_hook = on_debug;
    test_user();
    test_priority();
    test_el1();
    test_unprivileged();
    test_word();
    test_zero();
    run_stepped("stepping at EL1", 1 | 1ul << 13);
    run_stepped("not without KDE", 1);
    test_step_masked();
    return 0;
}
