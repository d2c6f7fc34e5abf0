/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What single events of the system level cost, for tests/bench/bochs: `cost NAME OPERATIONS TICKS`,
 * in ticks of CNTVCT. Where the host's clock counts instructions these are exact. Each row is run
 * once beforehand, so that its code is translated; what is to be met for the first time is new each
 * time.
 */
#include "tests/guest/gic.h"

#define LOW_VA    0x0000008000000000ul
#define RAM_AT    0x42000000ul /* pages that nothing else uses */
#define RAM_SIZE  0x4000000ul
#define UART_FR   0x09000018ul
#define UART_IMSC 0x09000038ul

/* Vectors that do the least: x9 to x11 are theirs. Synchronous: aborts skip their instruction. */
__asm__(".balign 2048\n"
        "short_vectors: .skip 0x200\n"
        "    mrs x9, esr_el1\n"
        "    lsr x9, x9, #26\n"
        "    cmp x9, #0x15\n"
        "    b.eq 1f\n"
        "    mrs x9, elr_el1\n"
        "    add x9, x9, #4\n"
        "    msr elr_el1, x9\n"
        "1:  eret\n"
        ".balign 128\n"
        "    mrs x9, s3_0_c12_c12_0\n"
        "    msr cntv_tval_el0, x11\n"
        "    isb\n"
        "    msr s3_0_c12_c12_1, x9\n"
        "    add x10, x10, #1\n"
        "    eret\n"
        ".balign 2048\n");
extern const uint8_t short_vectors[];

static uint64_t fresh = LOW_VA; /* addresses from here on were never touched */
static uint64_t *roots[2];

static inline void touch(uint64_t va)
{
    __asm__ volatile("ldr x9, [%0]" ::"r"(va) : "x9", "memory");
}

/* Maps count pages from `fresh` on, in ascending or descending order of their physical addresses.
 */
static uint64_t map_pages(unsigned count, bool ascending)
{
    uint64_t va = fresh;

    for (unsigned n = 0; n < count; n++) {
        uint64_t pa = RAM_AT + (ascending ? n : count - 1 - n) * 4096ul;
        *table_entry(low_root, va + n * 4096ul, 3) = pa | PTE_PAGE | PTE_NG;
    }
    dsb();
    isb();
    fresh += (count + 511) / 512 * 0x200000ul;
    return va;
}

static void nothing(unsigned n)
{
    for (; n; n--) {
        __asm__ volatile("");
    }
}

static void svc(unsigned n)
{
    for (; n; n--) {
        __asm__ volatile("svc #0" ::: "x9", "memory");
    }
}

static void aborted(unsigned n)
{
    for (; n; n--) {
        touch(LOW_VA + (511ul << 30) +
              8); /* a page's start takes longer: it may be its access's second page */
    }
}

static uint64_t prepared;

static void prepare_single(unsigned n)
{
    prepared = map_pages(n, false);
}

static void prepare_group(unsigned n)
{
    prepared = map_pages(n * 16, true);
}

static void prepare_blocks(unsigned n)
{
    prepared = fresh = (fresh + 0x3ffffffful) & ~0x3ffffffful;
    for (unsigned i = 0; i < n; i++) {
        *table_entry(low_root, fresh, 2) = (RAM_AT + i % 16 * 0x200000ul) | PTE_BLOCK | PTE_NG;
        fresh += 0x200000;
    }
    dsb();
    isb();
}

static void touch_each(unsigned n, uint64_t stride)
{
    for (uint64_t va = prepared; n; n--, va += stride) {
        touch(va);
    }
}

static void touch_pages(unsigned n)
{
    touch_each(n, 4096);
}

static void touch_groups(unsigned n)
{
    touch_each(n, 16 * 4096);
}

static void touch_blocks(unsigned n)
{
    touch_each(n, 0x200000);
}

#define TLBI(op, x) __asm__ volatile("tlbi " #op ", %0; dsb ish; isb" ::"r"(x) : "memory")
#define ARG(va)     ((va) >> 12 & 0xfffffffffff)

static void tlbi_page(unsigned n)
{
    for (; n; n--) {
        TLBI(vae1is, ARG(prepared + n * 4096ul));
    }
}

static void tlbi_page_again(unsigned n)
{
    for (; n; n--) {
        TLBI(vae1is, ARG(prepared));
        touch(prepared);
    }
}

static void tlbi_asid_again(unsigned n)
{
    for (; n; n--) {
        TLBI(aside1is, 0);
        touch(prepared);
    }
}

static void tlbi_all(unsigned n)
{
    for (; n; n--) {
        __asm__ volatile("tlbi vmalle1is; dsb ish; isb" ::: "memory");
    }
}

static void prepare_spaces(unsigned n)
{
    (void)n;
    for (unsigned i = 0; i < 2; i++) {
        roots[i] = table_new();
        roots[i][0] = low_root[0];
        *table_entry(roots[i], LOW_VA, 3) = (RAM_AT + i * 4096) | PTE_PAGE | PTE_NG;
    }
}

static void switch_spaces(unsigned n)
{
    for (; n; n--) {
        msr(ttbr0_el1, (uint64_t)roots[n & 1] | (0x100ul + (n & 1)) << 48);
        isb();
        touch(LOW_VA);
    }
    msr(ttbr0_el1, low_root);
    isb();
}

static void device_read(unsigned n)
{
    for (; n; n--) {
        (void)REG32(UART_FR);
    }
}

static void device_write(unsigned n)
{
    for (; n; n--) {
        REG32(UART_IMSC) = 0;
    }
}

static void timer_read(unsigned n)
{
    for (; n; n--) {
        (void)mrs(cntv_ctl_el0);
    }
}

static void priority_write(unsigned n)
{
    for (; n; n--) {
        msr(s3_0_c4_c6_0, 0xff);
    }
}

/* A loop of 16 instructions a round, interrupted each 250,000 ticks of the counter, or not. */
#define ROUNDS 4000000ul

static void busy(bool interrupts)
{
    register uint64_t seen __asm__("x10") = 0;
    register uint64_t period __asm__("x11") = 250000;

    if (interrupts) {
        msr(cntv_tval_el0, 250000);
        msr(cntv_ctl_el0, 1);
        __asm__ volatile("msr daifclr, #2" ::: "memory");
    }
    __asm__ volatile("mov x0, %2\n"
                     "1: .rept 7\n"
                     "add x1, x1, #1\n"
                     "eor x2, x1, x2, ror #3\n"
                     ".endr\n"
                     "subs x0, x0, #1\n"
                     "b.ne 1b\n"
                     "msr daifset, #2\n"
                     : "+r"(seen), "+r"(period)
                     : "r"(ROUNDS)
                     : "x0", "x1", "x2", "x9", "cc", "memory");
    msr(cntv_ctl_el0, 0);
    if (interrupts) {
        say("ticks %lu\n", seen);
    }
}

static void undisturbed(unsigned n)
{
    (void)n;
    busy(false);
}

static void interrupted(unsigned n)
{
    (void)n;
    busy(true);
}

static const struct {
    const char *name;
    unsigned count;
    void (*prepare)(unsigned count);
    void (*run)(unsigned count);
} rows[] = {
    {"empty loop", 10000, NULL, nothing},
    {"SVC and ERET", 2000, NULL, svc},
    {"data abort and ERET", 2000, NULL, aborted},
    {"first touch of a page", 1024, prepare_single, touch_pages},
    {"first touch of 16 pages in a row", 512, prepare_group, touch_groups},
    {"first touch of a 2M block", 512, prepare_blocks, touch_blocks},
    {"TLBI of a page, not in use", 1000, prepare_single, tlbi_page},
    {"TLBI of a page, touched again", 1000, prepare_single, tlbi_page_again},
    {"TLBI of an ASID, touched again", 200, prepare_single, tlbi_asid_again},
    {"TLBI of everything", 200, NULL, tlbi_all},
    {"other address space", 2000, prepare_spaces, switch_spaces},
    {"device read", 2000, NULL, device_read},
    {"device write", 2000, NULL, device_write},
    {"timer register read", 2000, NULL, timer_read},
    {"interrupt priority write", 2000, NULL, priority_write},
    {"busy loop", 1, NULL, undisturbed},
    {"busy loop with a timer", 1, NULL, interrupted},
};

int main(void)
{
    mmu_on();
    gic_on();
    REG32(GICR + SGI_FRAME + 0x80) = ~0u;      /* group 1 */
    REG32(GICR + SGI_FRAME + 0x100) = BIT(27); /* enabled */
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t ticks = 0;
        for (unsigned pass = 0; pass < 2; pass++) {
            if (rows[i].prepare) {
                rows[i].prepare(rows[i].count);
            }
            uint64_t vectors = mrs(vbar_el1);
            msr(vbar_el1, short_vectors);
            isb();
            uint64_t start = mrs(cntvct_el0);
            rows[i].run(rows[i].count);
            ticks = mrs(cntvct_el0) - start;
            msr(vbar_el1, vectors);
            isb();
        }
        say("cost %s: %u %lu\n", rows[i].name, rows[i].count, ticks);
    }
    return 0;
}
