/* SPDX-License-Identifier: BSD-2-Clause */
/* Code that changes: IC IVAU and IALLU, one page of code at two addresses, code over a page's end.
 */
#include "tests/guest/guest.h"

#define VA_A 0x0000008000000000ul
#define VA_B 0x0000009000000000ul
#define VA_C 0xffff000000400000ul

#define MOVZ(rd, imm)    (0xd2800000u | (uint32_t)(imm) << 5 | (rd))
#define ADD(rd, rn, imm) (0x91000000u | (uint32_t)(imm) << 10 | (uint32_t)(rn) << 5 | (rd))
#define RET              0xd65f03c0u
#define NOP              0xd503201fu
#define B(words)         (0x14000000u | ((uint32_t)(words)&0x3ffffff))
#define CBZ(rt, words)   (0xb4000000u | ((uint32_t)(words)&0x7ffff) << 5 | (rt))

static uint32_t *page;

static uint64_t call(uint64_t va)
{
    return probe_call(va, 0);
}

static void put_movz(uint32_t *at, unsigned imm, uint64_t va)
{
    const uint32_t words[2] = {MOVZ(0, imm), RET};

    put_code(at, words, 2, va);
}

static void test_rewrite(void)
{
    bool good = true;

    for (unsigned i = 0; i < 3000; i++) {
        put_movz(page, i & 0xffff, VA_A);
        good &= call(VA_A) == i;
    }
    check(good, "a function rewritten 3,000 times");
    put_movz(page, 1, VA_A);
    call(VA_A);
    put_movz(page, 2, VA_A);
    check(call(VA_A) == 2 && call(VA_B) == 2 && call(VA_C) == 2, "one page at three addresses");
    put_movz(page, 3, VA_C);
    check(call(VA_A) == 3 && call(VA_B) == 3, "IC IVAU by another address of the page");
    page[0] = MOVZ(0, 4);
    __asm__ volatile("dsb ish; ic ialluis; dsb ish; isb" ::: "memory");
    check(call(VA_A) == 4 && call(VA_B) == 4, "IC IALLUIS");
    page[0] = MOVZ(0, 5);
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" ::: "memory");
    check(call(VA_A) == 5, "IC IALLU");
}

/* Position-independent code at two addresses gets its own PC in each. */
static void test_pc(void)
{
    const uint32_t words[] = {0x10000000 /* adr x0, . */, RET};

    put_code(page + 64, words, 2, VA_A + 256);
    check(call(VA_A + 256) == VA_A + 256 && call(VA_B + 256) == VA_B + 256 &&
              call(VA_C + 256) == VA_C + 256 && call(VA_A + 256) == VA_A + 256,
          "ADR at three addresses of one page");
}

/* Straight-line code and a branch from one page into the next; either of the two changes. */
static void test_across(void)
{
    uint32_t *next = page + 1024;

    for (unsigned i = 1000; i < 1024; i++) {
        page[i] = NOP;
    }
    page[1000] = MOVZ(0, 0);
    page[1023] = ADD(0, 0, 1);
    next[0] = ADD(0, 0, 10);
    next[1] = RET;
    put_code(page, page, 2048, VA_A);
    check(call(VA_A + 4000) == 11, "code over the end of a page");
    next[0] = ADD(0, 0, 20);
    put_code(next, next, 1, VA_A + 4096);
    check(call(VA_A + 4000) == 21, "its second page changed");
    page[1023] = ADD(0, 0, 2);
    put_code(page + 1023, page + 1023, 1, VA_A + 4092);
    check(call(VA_A + 4000) == 22, "its first page changed");
    page[1023] = B(1);
    put_code(page + 1023, page + 1023, 1, VA_A + 4092);
    check(call(VA_A + 4000) == 20, "a branch there");
    /* another page takes the second one's place */
    uint32_t *other = (uint32_t *)(void *)page_new();
    other[0] = MOVZ(0, 99);
    other[1] = RET;
    put_code(other, other, 2,
             (uint64_t)VA_A); /* by any address of the same translation is enough below */
    *table_entry(low_root, VA_A + 4096, 3) = (uint64_t)other | PTE_PAGE | PTE_RO;
    tlb_flush();
    __asm__ volatile("ic iallu; dsb ish; isb");
    check(call(VA_A + 4000) == 99, "another page mapped as the second one");
    *table_entry(low_root, VA_A + 4096, 3) = 0;
    tlb_flush();
    report("the second page gone", probe_call, VA_A + 4000, 0);
    *table_entry(low_root, VA_A + 4096, 3) = (uint64_t)next | PTE_PAGE | PTE_RO | PTE_PXN;
    tlb_flush();
    report("the second page not executable", probe_call, VA_A + 4000, 0);
    *table_entry(low_root, VA_A + 4096, 3) = (uint64_t)next | PTE_PAGE | PTE_RO;
    tlb_flush();
    check(call(VA_A + 4000) == 20, "and back");
}

/* Code that rewrites the instruction after its own ISB, in one block's reach. */
static void test_self(void)
{
    uint64_t value = 0;

    for (unsigned i = 1; i < 5; i++) {
        const uint32_t words[] = {
            0xb9000001, /* str w1, [x0] */
            0xd50b7b20, /* dc cvau, x0 */
            0xd5033b9f, /* dsb ish */
            0xd50b7520, /* ic ivau, x0 */
            0xd5033b9f, /* dsb ish */
            0xd5033fdf, /* isb */
            MOVZ(0, 0), /* <- x0 points here */
            RET,
        };
        uint32_t *at = (uint32_t *)VA_C + 512;
        put_code(page + 512, words, 8, VA_C + 2048);
        register uint64_t x0 __asm__("x0") = (uint64_t)(at + 6);
        register uint64_t x1 __asm__("x1") = MOVZ(0, 100 + i);
        __asm__ volatile("blr %2" : "+r"(x0), "+r"(x1) : "r"(at) : "x30", "memory");
        value += x0;
    }
    check(value == 4 * 100 + 10, "code that rewrites what follows it");
}

/* A loop that is entered often, then changed while it is hot. */
static void test_hot(void)
{
    uint32_t words[] = {MOVZ(0, 0),
                        MOVZ(1, 1000),
                        ADD(0, 0, 1),
                        0xd1000421 /* sub x1, x1, #1 */,
                        0xb5ffffc1 /* cbnz x1, -2 */,
                        RET};

    put_code(page + 700, words, 6, VA_A + 2800);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 50; i++) {
        sum += call(VA_A + 2800);
    }
    words[2] = ADD(0, 0, 3);
    put_code(page + 700, words, 6, VA_A + 2800);
    for (unsigned i = 0; i < 50; i++) {
        sum += call(VA_A + 2800);
    }
    check(sum == 50 * 1000 + 50 * 3000, "a hot loop changed");
}

/* The page's last instruction reads a device, in blocks of two starts; then the first one changes.
 */
static void test_device(void)
{
    uint32_t words[] = {
        MOVZ(2, 1),
        0xd2a12001 /* mov x1, #0x9000000 */,
        0xb9401820 /* ldr w0, [x1, #24]: UARTFR */,
        0xaa0203e0 /* mov x0, x2 */,
        RET,
    };
    const uint64_t at = VA_A + 4096 - 12;

    put_code(page + 1021, words, 5, at);
    call(at);
    call(at + 4);
    words[0] = MOVZ(2, 2);
    put_code(page + 1021, words, 3, at);
    check(call(at) == 2, "code before a device access at a page's end changed");
}

int main(void)
{
    mmu_on();
    page = (uint32_t *)(void *)page_new();
    page_new();
    for (unsigned i = 0; i < 2; i++) {
        uint64_t pa = (uint64_t)page + 4096 * i;
        *table_entry(low_root, VA_A + 4096 * i, 3) = pa | PTE_PAGE;
        *table_entry(low_root, VA_B + 4096 * i, 3) = pa | PTE_PAGE | PTE_RO | PTE_NG;
        *table_entry(high_root, VA_C + 4096 * i, 3) = pa | PTE_PAGE;
    }
    tlb_flush();
    test_rewrite();
    test_pc();
    test_across();
    test_self();
    test_hot();
    test_device();
    return 0;
}
