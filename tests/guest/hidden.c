/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses at which a hypervisor may have something of its own: all 48 bits are the guest's, so
 * each access faults as the guest's tables say, and what is mapped there is what the guest mapped.
 */
/*
 * Exarch's engine lives in one 512-GiB slot of each range; its pages lie at random places there and
 * move when they are probed (dbt/platform/vm/README.md). The program goes on by calls, returns and
 * indirect branches meanwhile: what moves must stay right.
 */
#include "tests/guest/guest.h"
#include "tests/xorshift.h"

#define SLOT      0x0000380000000000ul /* of the low range; 2^39 bytes */
#define SLOT_SIZE (1ul << 39)
#define PROBES    96
#define MAPPED    (SLOT + 0x123456000ul)

static uint64_t random_state = 88172645463325252ul;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

static uint64_t twice(uint64_t x)
{
    return 2 * x;
}

static uint64_t plus_one(uint64_t x)
{
    return x + 1;
}

static uint64_t (*const volatile steps[])(uint64_t) = {twice, plus_one};

static uint64_t deep(unsigned n, uint64_t x)
{
    return n ? steps[n & 1](deep(n - 1, x)) : x;
}

/* Probes by f; how many did not fault as an address without a table does. */
static unsigned wrong(probe_fn f, bool write, unsigned count)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t va = SLOT + (next_random() % SLOT_SIZE & ~7ul);
        bool came = faults(f, va, 0x5a5a5a5a5a5a5a5aul, NULL);
        uint64_t iss = 0x04 | (write ? 0x40 : 0); /* translation, level 0 */
        bad += !came || exc.far != va || (exc.esr & 0x1ffffff) != iss;
        bad += deep(9, i) != deep(9, i);
    }
    return bad;
}

/* A page of the guest's own in the slot. */
static void test_mapped(void)
{
    volatile uint64_t *page = (volatile uint64_t *)page_new();
    volatile uint64_t *there = (volatile uint64_t *)MAPPED;
    bool same = true;
    page[0] = 0x1122334455667788;
    *table_entry(low_root, MAPPED, 3) = (uint64_t)page | PTE_PAGE;
    tlb_flush();
    for (unsigned i = 1; i < 100; i++) {
        there[i] = i;
        same &= page[i] == i && there[0] == 0x1122334455667788;
    }
    check(same, "a page that is mapped in the slot");
    *table_entry(low_root, MAPPED, 3) = 0;
    tlb_flush();
    report("unmapped again", probe_read64, MAPPED, 0);
}

int main(void)
{
    mmu_on();
    check(wrong(probe_read64, false, PROBES) == 0, "reads of a slot without tables");
    check(wrong(probe_write64, true, PROBES) == 0, "writes to it");
    test_mapped();
    check(deep(13, 1) == 191, "calls and indirect branches");
    return 0;
}
