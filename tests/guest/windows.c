/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses that are not of the running code's own view: LDTR and STTR, the other range, tags; each
 * often enough that a translator has learnt what the site does. */
#include "tests/guest/guest.h"

#define USER_VA 0x0000008000000000ul
#define HIGH_VA 0xffff000000000000ul
#define USER    (PTE_PAGE | PTE_EL0 | PTE_NG)
#define ROUNDS  8

#define TLBI(va)                                                                                   \
    __asm__ volatile("dsb ishst; tlbi vaae1, %0; dsb ish; isb" ::"r"((va) >> 12 & 0xfffffffffff)   \
                     : "memory")
#define PAN(n) __asm__ volatile(".arch armv8.2-a+pan\n\tmsr pan, #" #n ::: "memory")

static uint64_t pages[4];

static void set(uint64_t va, uint64_t entry)
{
    *table_entry(va >> 63 ? high_root : low_root, va, 3) = entry;
    TLBI(va);
}

/* One site each, whatever is done with it. */
static __attribute__((noinline)) uint64_t ldtr(uint64_t va)
{
    uint64_t value;
    __asm__ volatile("ldtr %0, [%1]" : "=r"(value) : "r"(va) : "memory");
    return value;
}

static __attribute__((noinline)) void sttr(uint64_t va, uint64_t value)
{
    __asm__ volatile("sttr %0, [%1]" ::"r"(value), "r"(va) : "memory");
}

static __attribute__((noinline)) uint64_t ldr(uint64_t va)
{
    return *(volatile uint64_t *)va;
}

static __attribute__((noinline)) void str(uint64_t va, uint64_t value)
{
    *(volatile uint64_t *)va = value;
}

static uint64_t probe_ldtr(uint64_t a, uint64_t b)
{
    (void)b;
    return ldtr(a);
}

static uint64_t probe_sttr(uint64_t a, uint64_t b)
{
    sttr(a, b);
    return 0;
}

static uint64_t probe_ldr(uint64_t a, uint64_t b)
{
    (void)b;
    return ldr(a);
}

static uint64_t probe_str(uint64_t a, uint64_t b)
{
    str(a, b);
    return 0;
}

static void test_unprivileged(void)
{
    bool same = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned n = round % 3;
        set(USER_VA, pages[n] | USER);
        for (unsigned i = 0; i < 4; i++) {
            same &= ldtr(USER_VA) == 100 + n;
            sttr(USER_VA + 8 + 8 * i, round);
            same &= ((volatile uint64_t *)pages[n])[1 + i] == round;
        }
    }
    check(same, "LDTR and STTR see each change of the page");
    set(USER_VA, pages[0] | USER | PTE_RO);
    report("LDTR of a read-only page", probe_ldtr, USER_VA, 0);
    report("STTR to it", probe_sttr, USER_VA, 1);
    set(USER_VA, pages[0] | PTE_PAGE | PTE_NG);
    report("LDTR of a page of EL1", probe_ldtr, USER_VA, 0);
    report("STTR to it", probe_sttr, USER_VA, 1);
    set(USER_VA, (pages[0] | USER) & ~PTE_AF);
    report("LDTR without access flag", probe_ldtr, USER_VA, 0);
    set(USER_VA, 0);
    report("LDTR of nothing", probe_ldtr, USER_VA + 24, 0);
    report("STTR to nothing", probe_sttr, USER_VA + 32, 0);
    report("LDTR of the high range", probe_ldtr, HIGH_VA + 0x1008, 0);
    report("LDTR of no range", probe_ldtr, 0x0123456789abcdef, 0);
}

/* Across a page's end. */
static void test_crossing(void)
{
    uint64_t end = USER_VA + 4096;
    set(USER_VA, pages[0] | USER);
    set(end, pages[1] | USER);
    bool same = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t value = 0x1111111122222222ul * (round + 1);
        sttr(end - 4, value);
        same &= ldtr(end - 4) == value && *(volatile uint32_t *)pages[1] == value >> 32;
    }
    check(same, "LDTR and STTR across two pages");
    set(end, 0);
    report("LDTR into a page that is not there", probe_ldtr, end - 4, 0);
    report("STTR into it", probe_sttr, end - 4, 0);
    *(volatile uint64_t *)pages[1] = 101;
    set(USER_VA, 0);
    set(end, pages[1] | USER);
    report("LDTR out of such a page", probe_ldtr, end - 4, 0);
    report("STTR out of it", probe_sttr, end - 4, 0);
    set(end, 0);
}

/* The program runs in the low range. */
static void test_other_range(void)
{
    bool same = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned n = round % 3;
        set(HIGH_VA, pages[n] | PTE_PAGE);
        same &= ldr(HIGH_VA) == 100 + n;
        str(HIGH_VA + 64, round);
        same &= ldr(HIGH_VA + 64) == round && ((volatile uint64_t *)pages[n])[8] == round;
        same &= ldr(pages[n]) == 100 + n; /* the same site in its own range */
    }
    check(same, "loads and stores of the other range");
    set(HIGH_VA, pages[1] | PTE_PAGE | PTE_RO);
    report("load of a read-only page", probe_ldr, HIGH_VA, 0);
    report("store to it", probe_str, HIGH_VA, 1);
    set(HIGH_VA, 0);
    report("load of nothing", probe_ldr, HIGH_VA + 16, 0);
    report("store to nothing", probe_str, HIGH_VA + 16, 0);
}

/* A page that EL0 may access, by a site that goes by windows. */
static void test_pan(void)
{
    set(HIGH_VA, pages[2] | PTE_PAGE | PTE_EL0);
    bool fine = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t value = 0;
        PAN(0);
        fine &= ldr(HIGH_VA) == 102;
        PAN(1);
        fine &= faults(probe_ldr, HIGH_VA, 0, &value);
        fine &= ldtr(USER_VA + 0x5000) == 103;
    }
    PAN(0);
    check(fine, "PAN");
    set(HIGH_VA, 0);
}

static void test_tags(void)
{
    msr(tcr_el1, TCR_DEFAULT | 1ul << 37); /* TBI0 */
    isb();
    set(USER_VA, pages[0] | PTE_PAGE);
    bool same = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned n = round % 3;
        set(USER_VA, pages[n] | PTE_PAGE);
        same &= ldr(USER_VA | (uint64_t)round << 57) == 100 + n;
        str((USER_VA + 128) | 0x5aul << 56, round);
        same &= ((volatile uint64_t *)pages[n])[16] == round;
    }
    check(same, "tagged addresses");
    set(USER_VA, 0);
    report("load of nothing by a tagged address", probe_ldr, USER_VA | 0x5aul << 56, 0);
    msr(tcr_el1, TCR_DEFAULT);
    isb();
}

int main(void)
{
    mmu_on();
    for (unsigned i = 0; i < 4; i++) {
        pages[i] = (uint64_t)page_new();
        *(volatile uint64_t *)pages[i] = 100 + i;
    }
    set(USER_VA + 0x5000, pages[3] | USER);
    test_unprivileged();
    test_crossing();
    test_other_range();
    test_pan();
    test_tags();
    return 0;
}
