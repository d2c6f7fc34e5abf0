/* SPDX-License-Identifier: BSD-2-Clause */
/* TLB maintenance: each kind drops what it names; ASIDs, their reuse, global entries, new shapes.
 */
/*
 * What a TLB still holds without maintenance is not defined, so only what must be gone is checked:
 * every test makes an entry used, changes it, does one TLBI, and looks for the new page.
 */
#include "tests/guest/guest.h"

#define LOW_VA  0x0000008000000000ul
#define HIGH_VA 0xffff000000000000ul

static uint64_t pages[4];

static uint64_t load(uint64_t va)
{
    return *(volatile uint64_t *)va;
}

static void set(uint64_t va, unsigned n, uint64_t extra)
{
    *table_entry(va >> 63 ? high_root : low_root, va, 3) = pages[n] | PTE_PAGE | extra;
    __asm__ volatile("dsb ishst" ::: "memory");
}

static void set_asid(uint64_t asid)
{
    msr(ttbr0_el1, (uint64_t)low_root | asid << 48);
    isb();
}

#define TLBI(op, x) __asm__ volatile("tlbi " #op ", %0; dsb ish; isb" ::"r"(x) : "memory")
#define TLBI0(op)   __asm__ volatile("tlbi " #op "; dsb ish; isb" ::: "memory")

#define ARG(va, asid) (((va) >> 12 & 0xfffffffffff) | (uint64_t)(asid) << 48)

#define KIND(op, argument, asid, flags)                                                            \
    do {                                                                                           \
        set_asid(asid);                                                                            \
        for (unsigned i = 0; i < 2; i++) {                                                         \
            uint64_t va = i ? HIGH_VA : LOW_VA;                                                    \
            set(va, 0, flags);                                                                     \
            tlb_flush();                                                                           \
            uint64_t before = load(va);                                                            \
            set(va, 1, flags);                                                                     \
            TLBI(op, argument);                                                                    \
            check(before == 100 && load(va) == 101, #op);                                          \
        }                                                                                          \
    } while (0)

static void test_kinds(void)
{
    KIND(vae1, ARG(va, 5), 5, PTE_NG);
    KIND(vae1is, ARG(va, 5), 5, PTE_NG);
    KIND(vae1, ARG(va, 9), 5, 0); /* global: whatever the ASID */
    KIND(vale1, ARG(va, 5), 5, PTE_NG);
    KIND(vale1is, ARG(va, 5), 5, PTE_NG);
    KIND(vaae1, ARG(va, 0), 5, PTE_NG);
    KIND(vaae1is, ARG(va, 7), 5, PTE_NG);
    KIND(vaale1, ARG(va, 0), 5, 0);
    KIND(vaale1is, ARG(va, 0), 5, PTE_NG);
    KIND(aside1, 5ul << 48, 5, PTE_NG);
    KIND(aside1is, 5ul << 48, 5, PTE_NG);
    for (unsigned i = 0; i < 2; i++) {
        set(LOW_VA, 0, 0);
        tlb_flush();
        load(LOW_VA);
        set(LOW_VA, 1, 0);
        if (i) {
            TLBI0(vmalle1);
        } else {
            TLBI0(vmalle1is);
        }
        check(load(LOW_VA) == 101, i ? "vmalle1" : "vmalle1is");
    }
}

/* The same VA in several address spaces, then an ASID used again for another. */
static void test_asids(void)
{
    uint64_t *roots[3];

    for (unsigned i = 0; i < 3; i++) {
        roots[i] = table_new();
        roots[i][0] = low_root[0]; /* the program itself */
        *table_entry(roots[i], LOW_VA, 3) = pages[i] | PTE_PAGE | PTE_NG;
    }
    tlb_flush();
    bool good = true;
    for (unsigned round = 0; round < 20; round++) {
        unsigned i = round * 7 % 3;
        msr(ttbr0_el1, (uint64_t)roots[i] | (uint64_t)(i + 0x1234) << 48);
        isb();
        good &= load(LOW_VA) == 100 + i;
    }
    check(good, "three address spaces by ASID");
    TLBI(aside1is, 0x1234ul << 48);
    msr(ttbr0_el1, (uint64_t)roots[2] | 0x1234ul << 48);
    isb();
    check(load(LOW_VA) == 102, "an ASID reused after TLBI ASIDE1");
    msr(ttbr0_el1, (uint64_t)roots[1] | 0x1235ul << 48);
    isb();
    check(load(LOW_VA) == 101, "the others are unharmed");
    /* a write through one address space is seen by the others */
    *table_entry(roots[0], LOW_VA + 4096, 3) = pages[3] | PTE_PAGE | PTE_NG;
    *table_entry(roots[1], LOW_VA + 8192, 3) = pages[3] | PTE_PAGE | PTE_NG;
    tlb_flush();
    *(volatile uint64_t *)(LOW_VA + 8192 + 64) = 77;
    msr(ttbr0_el1, (uint64_t)roots[0] | 0x1236ul << 48);
    isb();
    check(load(LOW_VA + 4096 + 64) == 77, "one page in two address spaces");
    /* ASID in TTBR1 (TCR.A1) */
    msr(tcr_el1, TCR_DEFAULT | 1ul << 22);
    msr(ttbr1_el1, (uint64_t)high_root | 0x77ul << 48);
    tlb_flush();
    msr(ttbr0_el1, (uint64_t)roots[1]);
    isb();
    uint64_t first = load(LOW_VA);
    msr(ttbr1_el1, (uint64_t)high_root | 0x78ul << 48);
    msr(ttbr0_el1, (uint64_t)roots[2]);
    isb();
    check(first == 101 && load(LOW_VA) == 102, "the ASID of TTBR1 with TCR.A1");
    /* without TCR.AS only the lower eight bits are the ASID */
    msr(tcr_el1, TCR_DEFAULT & ~(1ul << 36));
    set_asid(0x1105);
    tlb_flush();
    for (unsigned i = 0; i < 2; i++) {
        set(LOW_VA, 0, PTE_NG);
        tlb_flush();
        first = load(LOW_VA);
        set(LOW_VA, 1, PTE_NG);
        if (i) {
            TLBI(vae1, ARG(LOW_VA, 5));
        } else {
            TLBI(aside1, 5ul << 48);
        }
        check(first == 100 && load(LOW_VA) == 101, "an ASID of eight bits");
    }
    msr(tcr_el1, TCR_DEFAULT);
    msr(ttbr1_el1, (uint64_t)high_root);
    msr(ttbr0_el1, (uint64_t)low_root);
    tlb_flush();
}

/* A block becomes a table and again a block, by break-before-make. */
static void test_shapes(uint64_t va)
{
    uint64_t *root = va >> 63 ? high_root : low_root, *table = table_new();
    uint64_t *entry = table_entry(root, va, 2), block = 0x40600000;
    volatile uint64_t *low = (uint64_t *)(va + 0x3000), *high = (uint64_t *)(va + 0x1ff000);

    *(uint64_t *)(block + 0x3000) = 11;
    *(uint64_t *)(block + 0x1ff000) = 12;
    *entry = block | PTE_BLOCK;
    tlb_flush();
    check(*low == 11 && *high == 12, "block");
    for (unsigned i = 0; i < 512; i++) {
        table[i] = (block + 4096 * i) | PTE_PAGE;
    }
    table[3] = pages[1] | PTE_PAGE;
    *entry = 0;
    tlb_flush();
    *entry = (uint64_t)table | PTE_VALID | PTE_TABLE;
    tlb_flush();
    check(*low == 101 && *high == 12, "block to table");
    table[3] = pages[2] | PTE_PAGE | PTE_RO;
    TLBI(vale1is, ARG(va + 0x3000, 0));
    check(*low == 102 && *high == 12, "one page of it changed");
    check(faults(probe_write64, va + 0x3000, 1, NULL), "and is read-only now");
    table[3] = pages[2] | PTE_PAGE;
    check(!faults(probe_write64, va + 0x3000, 102, NULL) ||
              (({ TLBI(vale1is, ARG(va + 0x3000, 0)); }),
               !faults(probe_write64, va + 0x3000, 102, NULL)),
          "and writable again");
    *entry = 0;
    tlb_flush();
    check(faults(probe_read64, va + 0x1ff000, 0, NULL), "nothing");
    *entry = block | PTE_BLOCK;
    tlb_flush();
    check(*low == 11 && *high == 12, "table to block");
    /* one TLBI by any address of a block drops it whole */
    *entry = 0;
    __asm__ volatile("dsb ishst" ::: "memory");
    TLBI(vae1is, ARG(va + 0x100000, 0));
    check(faults(probe_read64, va + 0x3000, 0, NULL) &&
              faults(probe_read64, va + 0x1ff000, 0, NULL),
          "a block dropped by one of its addresses");
    *entry = 0;
    tlb_flush();
}

/* Rights taken away and given. */
static void test_rights(uint64_t va)
{
    set(va, 3, 0);
    tlb_flush();
    *(volatile uint64_t *)(va + 8) = 5;
    set(va, 3, PTE_RO);
    TLBI(vaae1is, ARG(va, 0));
    check(faults(probe_write64, va + 8, 6, NULL) && load(va + 8) == 5, "write taken away");
    set(va, 3, 0);
    TLBI(vaae1is, ARG(va, 0));
    check(!faults(probe_write64, va + 8, 7, NULL) && load(va + 8) == 7, "write given back");
    *table_entry(va >> 63 ? high_root : low_root, va, 3) = 0;
    TLBI(vaae1is, ARG(va, 0));
    check(faults(probe_read64, va + 8, 0, NULL), "taken away whole");
    set(va, 2, 0);
    check(!faults(probe_read64, va, 0, NULL), "an invalid entry made valid needs no TLBI");
}

/* 1,000 pages mapped, unmapped one by one: no neighbour may suffer or stay. */
static void test_many(void)
{
    uint64_t va = LOW_VA + 0x40000000;
    bool good = true;

    for (unsigned i = 0; i < 1000; i++) {
        *table_entry(low_root, va + 4096 * i, 3) = pages[i % 3] | PTE_PAGE | PTE_NG;
    }
    tlb_flush();
    for (unsigned i = 0; i < 1000; i++) {
        good &= load(va + 4096 * i) == 100 + i % 3;
    }
    for (unsigned i = 1; i < 1000; i += 2) {
        *table_entry(low_root, va + 4096 * i, 3) = 0;
        TLBI(vae1is, ARG(va + 4096 * i, 0));
    }
    for (unsigned i = 0; i < 1000; i++) {
        good &= faults(probe_read64, va + 4096 * i, 0, NULL) == (i & 1);
    }
    check(good, "every other one of 1,000 pages dropped");
}

int main(void)
{
    mmu_on();
    for (unsigned i = 0; i < 4; i++) {
        pages[i] = (uint64_t)page_new();
        *(uint64_t *)pages[i] = 100 + i;
    }
    test_kinds();
    test_asids();
    test_shapes(LOW_VA + 0x200000000);
    test_shapes(HIGH_VA + 0x200000000);
    test_rights(LOW_VA + 0x5000);
    test_rights(HIGH_VA + 0x5000);
    test_many();
    return 0;
}
