/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions: classes, syndromes, PSTATE on entry and return, traps, stepping. */
#include "tests/guest/guest.h"

#define RAW(name, text)                                                                            \
    static uint64_t name(uint64_t a, uint64_t b)                                                   \
    {                                                                                              \
        register uint64_t x0 __asm__("x0") = a;                                                    \
        register uint64_t x1 __asm__("x1") = b;                                                    \
        __asm__ volatile(text : "+r"(x0), "+r"(x1)::"memory", "x2", "x3", "cc");                   \
        return x0;                                                                                 \
    }

RAW(do_svc, "svc #0x1234; nop")
RAW(do_brk, "brk #0xabcd")
RAW(do_hlt, "hlt #0x55")
RAW(do_smc, "smc #0x77")
RAW(do_udf, ".inst 0x00001234")
RAW(do_unallocated, ".inst 0xffffffff")
RAW(do_sysreg_el2, "mrs x0, hcr_el2")
RAW(do_sysreg_el3, "msr scr_el3, x0")
RAW(do_write_ro, ".inst 0xd5180000 /* msr midr_el1, x0 */")
RAW(do_read_wo, ".inst 0xd538cb20 /* mrs x0, icc_dir_el1 */")
RAW(do_reserved_id, "mrs x0, s3_0_c0_c7_7")
RAW(do_no_register, "mrs x0, s3_0_c15_c2_0")
RAW(do_sp_el0_sp0, "msr spsel, #0; mrs x0, sp_el0; msr spsel, #1")
RAW(do_tlbi_el2, "tlbi alle2")
RAW(do_sys_undefined, "sys #3, c15, c15, #7, x0")
RAW(do_eret_plain, "nop")

/* Instructions that run at EL0; the code lies in a page that EL0 may execute. */
EL0_CODE(el0_svc, "svc #0x42")
EL0_CODE(el0_return, "add x0, x0, #1")
EL0_CODE(el0_brk, "brk #9")
EL0_CODE(el0_udf, "udf #3")
EL0_CODE(el0_hvc, "hvc #1")
EL0_CODE(el0_smc, "smc #1")
EL0_CODE(el0_eret, "eret")
EL0_CODE(el0_mrs_el1, "mrs x0, sctlr_el1")
EL0_CODE(el0_msr_el1, "msr vbar_el1, x0")
EL0_CODE(el0_current_el, "mrs x0, CurrentEL")
EL0_CODE(el0_midr, "mrs x7, midr_el1")
EL0_CODE(el0_daif_read, "mrs x5, daif")
EL0_CODE(el0_daif_set, "msr daifset, #2")
EL0_CODE(el0_spsel, "msr spsel, #1")
EL0_CODE(el0_ctr, "mrs x9, ctr_el0; and x0, x9, #0xf0000")
EL0_CODE(el0_dczid, "mrs x0, dczid_el0; and x0, x0, #0x10")
EL0_CODE(el0_zva, "dc zva, x0")
EL0_CODE(el0_cvau, "dc cvau, x0")
EL0_CODE(el0_ivau, "ic ivau, x3")
EL0_CODE(el0_wfi, "wfi")
EL0_CODE(el0_wfe, "wfe; wfe")
EL0_CODE(el0_stream, "wfe; mov x1, #0x4000; 1: subs x1, x1, #1; b.ne 1b; wfe; mov x0, #5")
EL0_CODE(el0_dcc, "mrs x10, mdccsr_el0")
EL0_CODE(el0_cntvct, "mrs x4, cntvct_el0")
EL0_CODE(el0_cntpct, "mrs x4, cntpct_el0")
EL0_CODE(el0_cntfrq, "mrs x6, cntfrq_el0; mov x0, x6")
EL0_CODE(el0_cntv_ctl, "msr cntv_ctl_el0, xzr")
EL0_CODE(el0_cntp_cval, "mrs x8, cntp_cval_el0")
EL0_CODE(el0_tpidr, "msr tpidr_el0, x0; mrs x0, tpidr_el0; mrs x1, tpidrro_el0; add x0, x0, x1")
EL0_CODE(el0_tpidrro, "msr tpidrro_el0, x0")
EL0_CODE(el0_tlbi, "tlbi vmalle1")
EL0_CODE(el0_ivac, "dc ivac, x0")
EL0_CODE(el0_fp, "fmov d0, x0")
EL0_CODE(el0_pan, "msr pan, #1")
EL0_CODE(el0_sp, "mov x0, sp")
EL0_CODE(el0_sp_unaligned, "mov x1, sp; add sp, sp, #8; ldr x2, [sp]; mov sp, x1")
EL0_CODE(el0_flags, "mrs x0, nzcv")

EL0_CODE(el0_branches, "b 1f; nop; 1: cbz xzr, 2f; nop; 2: adr x1, 3f; br x1; nop; 3: bl 4f; nop; "
                       "4: cbnz xzr, 1b; ldxr x2, [sp]; ldr x3, [x0]; mov x0, #0")

#define SPSR_EL0T 0x0ul
static void el0(const char *name, const char *code, uint64_t arg)
{
    uint64_t value;

    exc_clear();
    value = guest_el0(el0_va(code), EL0_STACK, arg, SPSR_EL0T | 5ul << 28);
    if (!exc.count) {
        say("%s: %lx\n", name, value);
        return;
    }
    say("%s: vector %lu ec %lx iss %lx elr +%lu spsr %lx\n", name, (uint64_t)exc.vector,
        exc.esr >> 26, exc.esr & 0x1ffffff, exc.elr - el0_va(code), exc.spsr);
}

static void test_classes(void)
{
    report("svc", do_svc, 0, 0);
    report("brk", do_brk, 0, 0);
    report("hlt", do_hlt, 0, 0);
    report("smc", do_smc, 0, 0);
    report("udf", do_udf, 0, 0);
    report("unallocated", do_unallocated, 0, 0);
    report("el2 register", do_sysreg_el2, 0, 0);
    report("el3 register", do_sysreg_el3, 0, 0);
    report("write read-only", do_write_ro, 0, 0);
    report("read write-only", do_read_wo, 0, 0);
    report("reserved id", do_reserved_id, 1, 0);
    report("no such register", do_no_register, 0, 0);
    report("tlbi alle2", do_tlbi_el2, 0, 0);
    report("undefined sys", do_sys_undefined, 0, 0);
    report("nothing", do_eret_plain, 0, 0);
    check(!faults(do_reserved_id, 1, 0, NULL), "reserved ID registers can be read");
    check(faults(do_sp_el0_sp0, 0, 0, NULL) && exc.esr >> 26 == 0 && exc.vector == 0 &&
              (exc.spsr & 0xf) == 4,
          "SP_EL0 with SPSel 0 is undefined, by the vector of SP_EL0");
    __asm__ volatile("msr spsel, #1");
}

static void test_alignment(void)
{
    uint64_t page = (uint64_t)page_new();

    report("pc unaligned", probe_call, page + 2, 0);
    msr(sctlr_el1, mrs(sctlr_el1) | 2);
    isb();
    report("read32 +1", probe_read32, page + 1, 0);
    report("read16 +1", probe_read16, page + 1, 0);
    report("write64 +4", probe_write64, page + 4, 0);
    report("read8 +1", probe_read8, page + 1, 0);
    report("pair +4", probe_pair, page + 4, 0);
    msr(sctlr_el1, mrs(sctlr_el1) & ~2ul);
    isb();
    report("read32 +1 allowed", probe_read32, page + 1, 0);
    report("read64 across pages", probe_read64, page + 4093, 0);
    report("exclusive +4", probe_exclusive, page + 4, 0);
    report("acquire +1", probe_acquire, page + 1, 0);
    report("swap +4", probe_swap, page + 4, 0);
    report("cas +2", probe_compare, page + 2, 0);
    if (is_exarch()) {
        check_arch(faults(probe_read32, 0x09000002, 0, NULL) && exc.esr == 0x96000021,
                   "device read32 +2 (QEMU: allowed)");
    }
}

/* PSTATE at exception entry and what ERET brings back. */
static uint64_t seen_daif, seen_pan, seen_spsel, seen_el, seen_spsr;
static bool look(struct frame *frame)
{
    seen_daif = mrs(daif);
    seen_pan = mrs(s3_0_c4_c2_3);
    seen_spsel = mrs(spsel);
    seen_el = mrs(CurrentEL);
    seen_spsr = frame->spsr;
    return frame->esr >> 26 == 0x15;
}

static void test_pstate(void)
{
    sync_hook = look;
    msr(s3_0_c4_c2_3, 0);
    __asm__ volatile("msr daifclr, #0xf; cmp xzr, xzr; svc #1" ::: "cc");
    say("entry: daif %lx pan %lx spsel %lx el %lx spsr %lx\n", seen_daif, seen_pan, seen_spsel,
        seen_el, seen_spsr);
    msr(sctlr_el1, mrs(sctlr_el1) & ~(1ul << 23));
    isb();
    __asm__ volatile("msr daifset, #5; svc #1");
    say("entry SPAN 0: daif %lx pan %lx spsr %lx\n", seen_daif, seen_pan, seen_spsr & 0xfffffff);
    check(mrs(s3_0_c4_c2_3) == 0, "ERET restores PAN");
    check(mrs(daif) == 0x140, "ERET restores DAIF");
    msr(s3_0_c4_c2_3, 1ul << 22);
    msr(s3_0_c4_c2_4, 1ul << 23);
    __asm__ volatile("svc #1");
    say("pan, uao: spsr %lx\n", seen_spsr & 0xfffffff);
    check(mrs(s3_0_c4_c2_4) == 1ul << 23, "ERET restores UAO");
    msr(s3_0_c4_c2_3, 0);
    msr(s3_0_c4_c2_4, 0);
    msr(sctlr_el1, mrs(sctlr_el1) | 1 << 23);
    __asm__ volatile("msr daifset, #0xf");
    isb();
    sync_hook = NULL;
}

/* ERET to what is not there, or with SPSR.IL: PSTATE.IL, then every instruction is an illegal state
 * exception. */
static uint64_t illegal_spsr;
static bool make_illegal(struct frame *frame)
{
    if (frame->esr >> 26 == 0x15) {
        frame->spsr = illegal_spsr;
        return true;
    }
    say("illegal %lx: ec %lx iss %lx spsr %lx\n", illegal_spsr, frame->esr >> 26,
        frame->esr & 0x1ffffff, frame->spsr);
    frame->spsr = (frame->spsr & ~(1ul << 20)) | 5;
    return true;
}

static void test_illegal_return(void)
{
    static const uint64_t modes[] = {0x3c9, 0x3cd, 0x3c1, 0x3c6, 0x3d3, 0x3c7, 0x1003c5, 0x1003c4};

    sync_hook = make_illegal;
    for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        illegal_spsr = modes[i] | 0x60000000;
        __asm__ volatile("svc #2; nop" ::: "cc", "memory");
    }
    sync_hook = NULL;
    say("after illegal returns: el %lx spsel %lx\n", mrs(CurrentEL), mrs(spsel));
    exc_clear();
    guest_el0(el0_va(el0_return), EL0_STACK, 0, SPSR_EL0T | 1ul << 20);
    say("EL0 with SPSR.IL: vector %lu esr %lx spsr %lx\n", (uint64_t)exc.vector, exc.esr, exc.spsr);
}

static void test_el0(void)
{
    el0("svc", el0_svc, 5);
    el0("return", el0_return, 41);
    el0("brk", el0_brk, 0);
    el0("udf", el0_udf, 0);
    el0("hvc", el0_hvc, 0);
    el0("smc", el0_smc, 0);
    el0("eret", el0_eret, 0);
    el0("mrs sctlr", el0_mrs_el1, 0);
    el0("msr vbar", el0_msr_el1, 0);
    el0("CurrentEL", el0_current_el, 0);
    el0("spsel", el0_spsel, 0);
    el0("tpidr", el0_tpidr, 77);
    el0("tpidrro", el0_tpidrro, 0);
    el0("tlbi", el0_tlbi, 0);
    el0("dc ivac", el0_ivac, EL0_STACK - 64);
    el0("pan", el0_pan, 0);
    el0("sp", el0_sp, 0);
    el0("flags", el0_flags, 0);
    el0("pc unaligned", (char *)el0_return + 2, 0);
}

/* Whether the second of two WFE at EL0 is trapped, with the event stream as CNTKCTL_EL1 has it. */
static bool stream_traps(const char *code, uint64_t control)
{
    msr(cntkctl_el1, control);
    isb();
    exc_clear();
    guest_el0(el0_va(code), EL0_STACK, 0, SPSR_EL0T);
    msr(cntkctl_el1, 0);
    return exc.esr == 0x07e00001;
}

static void test_event_stream(void)
{
    unsigned slow = 0;

    check_arch(stream_traps(el0_stream, 0), "WFE is trapped without an event stream");
    check_arch(!stream_traps(el0_stream, BIT(2)), "and not where that makes events");
    check_arch(!stream_traps(el0_stream, BIT(2) | BIT(3)), "nor where it does by falling bits");
    for (unsigned i = 0; i < 20; i++) {
        slow += stream_traps(el0_wfe, BIT(2) | 15 << 4);
    }
    check_arch(slow, "but before the first event of a slow one");
}

/* Each control bit on and off. */
static void test_traps(void)
{
    static const struct {
        const char *name, *code;
        unsigned bit;
        uint64_t arg;
    } rows[] = {
        {"daif read", el0_daif_read, 9, 0},
        {"ctr", el0_ctr, 15, 0},
        {"dczid", el0_dczid, 14, 0},
        {"dc zva", el0_zva, 14, EL0_STACK - 64},
        {"dc cvau", el0_cvau, 26, EL0_STACK - 64},
        {"ic ivau", el0_ivau, 26, EL0_STACK - 64},
    };
    uint64_t sctlr = mrs(sctlr_el1);

    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (unsigned on = 0; on < 2; on++) {
            msr(sctlr_el1, (sctlr & ~(1ul << rows[i].bit)) | (uint64_t)on << rows[i].bit);
            isb();
            say("SCTLR bit %lu = %lu ", (uint64_t)rows[i].bit, (uint64_t)on);
            if (rows[i].code == el0_ivau) {
                /* X3 is what guest_el0 was called with: SPSR; a trap is all that is looked at */
                if (on) {
                    say("ic ivau: not run\n");
                    continue;
                }
            }
            el0(rows[i].name, rows[i].code, rows[i].arg);
        }
    }
    msr(sctlr_el1, sctlr & ~(1ul << 9 | 1ul << 16 | 1ul << 18));
    isb();
    if (is_exarch()) {
        exc_clear();
        guest_el0(el0_va(el0_daif_set), EL0_STACK, 0, SPSR_EL0T);
        check_arch(exc.esr == 0x620cd3e4, "ISS of a trapped MSR DAIFSet (QEMU swaps op1 and op2)");
    }
    el0("wfi trapped", el0_wfi, 0);
    if (is_exarch()) {
        exc_clear();
        guest_el0(el0_va(el0_wfe), EL0_STACK, 0, SPSR_EL0T); /* ERET has set the event register */
        check_arch(exc.esr == 0x07e00001 && exc.elr == el0_va(el0_wfe) + 4,
                   "WFE is trapped once it would wait (QEMU: never)");
        test_event_stream();
        msr(mdscr_el1, 1ul << 12);
        isb();
        exc_clear();
        guest_el0(el0_va(el0_dcc), EL0_STACK, 0, SPSR_EL0T);
        check_arch(exc.esr == 0x6220c143, "MDCCSR_EL0 is trapped by MDSCR_EL1.TDCC (QEMU: not)");
        msr(mdscr_el1, 0);
    }
    msr(sctlr_el1, sctlr);
    isb();
}

static void test_timer_traps(void)
{
    static const struct {
        const char *name, *code;
    } rows[] = {
        {"cntpct", el0_cntpct},       {"cntfrq", el0_cntfrq}, {"cntv_ctl", el0_cntv_ctl},
        {"cntp_cval", el0_cntp_cval}, {"cntvct", el0_cntvct},
    };
    static const uint64_t controls[] = {0, 1, 2, 0x100, 0x200};

    for (unsigned c = 0; c < 5; c++) {
        msr(cntkctl_el1, controls[c]);
        isb();
        for (unsigned i = 0; i < 5; i++) {
            exc_clear();
            guest_el0(el0_va(rows[i].code), EL0_STACK, 0, SPSR_EL0T);
            say("cntkctl %lx %s: %s %lx\n", controls[c], rows[i].name, exc.count ? "trap" : "fine",
                exc.esr);
        }
    }
    msr(cntkctl_el1, 0);
}

static uint64_t do_fp(uint64_t a, uint64_t b)
{
    (void)b;
    __asm__ volatile(".arch_extension fp; fmov d0, %0" ::"r"(a) : "memory");
    return a;
}

static void test_fp_trap(void)
{
    for (uint64_t fpen = 0; fpen < 4; fpen++) {
        msr(cpacr_el1, fpen << 20);
        isb();
        say("FPEN %lu ", fpen);
        report("el1", do_fp, 1, 0);
        say("FPEN %lu ", fpen);
        el0("el0", el0_fp, 1);
    }
    msr(cpacr_el1, 3ul << 20);
    isb();
}

static uint64_t sp_unaligned(uint64_t sctlr)
{
    msr(sctlr_el1, sctlr);
    isb();
    exc_clear();
    guest_el0(el0_va(el0_sp_unaligned), EL0_STACK - 64, 0, SPSR_EL0T);
    return exc.esr;
}

static void test_sp_alignment(void)
{
    uint64_t sctlr = mrs(sctlr_el1);

    check(sp_unaligned(sctlr & ~(1ul << 4)) == 0, "no SP alignment check with SA0 clear");
    if (is_exarch()) {
        check_arch(sp_unaligned(sctlr | 1ul << 4) == 0x9a000000,
                   "SP alignment fault with SA0 (QEMU has none)");
    }
    msr(sctlr_el1, sctlr);
    isb();
}

/* Software step: MDSCR_EL1.SS with SPSR.SS steps one instruction at EL0. */
static unsigned steps;
static uint64_t step_base;
static uint64_t step_pc[8];
static bool step(struct frame *frame)
{
    uint64_t ec = frame->esr >> 26;

    if (ec != 0x32) {
        return false;
    }
    if (steps < 8) {
        step_pc[steps] = frame->elr;
    }
    say("step %lu: iss %lx at +%lu spsr %lx\n", (uint64_t)steps, frame->esr & 0x1ffffff,
        frame->elr - step_base, frame->spsr & ~0xc00ul);
    steps++;
    frame->spsr |= 1ul << 21;
    return true;
}

static void test_step(void)
{
    msr(oslar_el1, 0);
    msr(mdscr_el1, 1);
    isb();
    sync_hook = step;
    step_base = el0_va(el0_tpidr);
    exc_clear();
    guest_el0(el0_va(el0_tpidr), EL0_STACK, 3, SPSR_EL0T | 1ul << 21);
    check(steps == 4, "four instructions before SVC are stepped one by one");
    steps = 0;
    guest_el0(el0_va(el0_tpidr), EL0_STACK, 3, SPSR_EL0T);
    check(steps == 5, "with SPSR.SS clear the first step exception comes before the code");
    step_base = el0_va(el0_branches);
    steps = 0;
    exc_clear();
    guest_el0(step_base, EL0_STACK - 64, EL0_STACK - 32, SPSR_EL0T | 1ul << 21);
    check(steps == 9 && !exc.count, "branches, an exclusive and a load are stepped");
    exc_clear();
    guest_el0(step_base, EL0_STACK - 64, 0x123456780000, SPSR_EL0T | 1ul << 21);
    say("a stepped load that faults: esr %lx spsr %lx\n", exc.esr, exc.spsr);
    sync_hook = NULL;
    msr(mdscr_el1, 0);
    isb();
}

int main(void)
{
    test_classes();
    mmu_on();
    el0_map();
    test_alignment();
    test_pstate();
    test_illegal_return();
    test_el0();
    test_traps();
    test_timer_traps();
    test_fp_trap();
    test_sp_alignment();
    test_step();
    return 0;
}
