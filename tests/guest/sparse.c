/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program at EL0 that touches a page in each of many 2-MiB regions: one table serves the guest
 * for all of them, but each costs a hypervisor a table of its own. It runs on, however little
 * memory there is for these: by loads, by exclusives, and between exceptions of all sorts.
 */
#include "tests/guest/guest.h"
#include "tests/xorshift.h"

#define AREA      0x0000100000000000ul
#define REGION    0x200000ul
#define REGIONS   4096ul
#define SLOT      0x0000380000000000ul /* where Exarch's engine is (hidden.c); 2^39 bytes */
#define SLOT_SIZE (1ul << 39)
#define ROUNDS    200
#define CALLS     60

/* X0: the first region's address; the value is the sum of what was read. */
#define EACH_REGION(load)                                                                          \
    "mov x2, #4096; mov x3, #0; 1: " load " x1, [x0]; add x3, x3, x1;"                             \
    "add x0, x0, #512, lsl #12; subs x2, x2, #1; b.ne 1b; mov x0, x3"
EL0_CODE(load_each, EACH_REGION("ldr"))
EL0_CODE(load_exclusive_each, EACH_REGION("ldxr"))
EL0_CODE(add_to_each, "mov x2, #4096; mov x3, #1; 1: ldadd x3, x1, [x0];"
                      "add x0, x0, #512, lsl #12; subs x2, x2, #1; b.ne 1b; mov x0, x1")
EL0_CODE(load_one, "ldr x1, [x0]; mov x0, x1")
EL0_CODE(nothing, "nop")

static uint64_t random_state = 88172645463325252ul;

static uint64_t el0(const char *code, uint64_t arg)
{
    return guest_el0(el0_va(code), EL0_STACK, arg, 0x3c0);
}

/* One page, at the start of each region. */
static uint64_t *map_regions(void)
{
    uint64_t *l1 = table_new(), *l2 = table_new(), *l3 = table_new(),
             *page = (uint64_t *)page_new();

    l3[0] = (uint64_t)page | PTE_PAGE | PTE_EL0 | PTE_NG | PTE_PXN | PTE_UXN;
    for (unsigned i = 0; i < 512; i++) {
        l1[i] = (uint64_t)l2 | 3;
        l2[i] = (uint64_t)l3 | 3;
    }
    low_root[AREA >> 39 & 511] = (uint64_t)l1 | 3;
    tlb_flush();
    return page;
}

/* What changes places in the engine has to find memory for that. */
static void test_moves(void)
{
    unsigned missed = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned n = 0; n < 4; n++) {
            exc_clear();
            el0(load_one, SLOT + (xorshift64(&random_state) % SLOT_SIZE & ~7ul));
            missed += exc.count != 1;
        }
        for (unsigned n = 0; n < CALLS; n++) {
            el0(nothing, 0);
        }
        missed += el0(load_one, AREA + round * REGION) != 3 + REGIONS;
    }
    check(missed <= 1, "and between calls and aborts"); /* hidden.c: one in a million may answer */
}

int main(void)
{
    uint64_t *page;

    mmu_on();
    el0_map();
    page = map_regions();
    page[0] = 3;
    check(el0(load_each, AREA) == 3 * REGIONS, "loads of 4096 regions");
    check(el0(load_exclusive_each, AREA) == 3 * REGIONS, "exclusive ones");
    check(el0(add_to_each, AREA) == 2 + REGIONS && page[0] == 3 + REGIONS, "atomic additions");
    test_moves();
    return 0;
}
