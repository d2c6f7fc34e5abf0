/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls and returns that do not pair: switched stacks, swapped and changed return addresses, code
 * and mappings that change between call and return, recursion deeper than any predictor. */
#include "tests/guest/guest.h"

#define VA_A 0x0000008000000000ul
#define VA_C 0xffff000000400000ul

#define MOVZ(rd, imm) (0xd2800000u | (uint32_t)(imm) << 5 | (rd))
#define RET           0xd65f03c0u
#define RET_X(rn)     (0xd65f0000u | (uint32_t)(rn) << 5)
#define BR(rn)        (0xd61f0000u | (uint32_t)(rn) << 5)
#define BLR(rn)       (0xd63f0000u | (uint32_t)(rn) << 5)
#define MOV(rd, rm)   (0xaa0003e0u | (uint32_t)(rm) << 16 | (rd))
#define BL(words)     (0x94000000u | ((uint32_t)(words)&0x3ffffff))

/* Sums 1..n by recursion without a tail call. */
uint64_t sum_to(uint64_t n);
/* Returns to its caller's caller from `depth` calls deep, with value. */
uint64_t escape(uint64_t depth, uint64_t value);
/* Two coroutines that hand over `rounds` times, each from its own depth of calls. */
uint64_t coroutines(uint64_t *stack_top, uint64_t rounds);
/* Calls a function that returns four instructions further than it was called from, by BR and RET.
 */
uint64_t skewed(uint64_t rounds);
/* RET X0: X30 still leads back when that faults. */
uint64_t return_to(uint64_t a, uint64_t b);

__asm__(".text\n"
        "sum_to:\n"
        "   cbz x0, 1f\n"
        "   stp x0, x30, [sp, #-16]!\n"
        "   sub x0, x0, #1\n"
        "   bl sum_to\n"
        "   ldp x1, x30, [sp], #16\n"
        "   add x0, x0, x1\n"
        "1: ret\n"
        "escape:\n"
        "   stp x19, x30, [sp, #-16]!\n"
        "   mov x19, sp\n"
        "   bl 2f\n"
        "   brk #1\n" /* nobody returns here */
        "2: cbz x0, 3f\n"
        "   sub sp, sp, #32\n"
        "   sub x0, x0, #1\n"
        "   bl 2b\n"
        "   brk #2\n"
        "3: mov sp, x19\n" /* longjmp */
        "   mov x0, x1\n"
        "   ldp x19, x30, [sp], #16\n"
        "   ret\n"
        /* x19: the other's SP, x20: rounds left, x21: sum */
        "coroutines:\n"
        "   stp x29, x30, [sp, #-64]!\n"
        "   stp x19, x20, [sp, #16]\n"
        "   stp x21, x22, [sp, #32]\n"
        "   mov x19, x0\n"
        "   mov x20, x1\n"
        "   mov x21, #0\n"
        "   adr x0, 5f\n"
        "   str x0, [x19, #-16]!\n"
        "4: bl first_deep\n"
        "   add x21, x21, #1\n"
        "   sub x20, x20, #1\n"
        "   cbnz x20, 4b\n"
        "   mov x0, x21\n"
        "   ldp x21, x22, [sp, #32]\n"
        "   ldp x19, x20, [sp, #16]\n"
        "   ldp x29, x30, [sp], #64\n"
        "   ret\n"
        "first_deep:\n"
        "   str x30, [sp, #-16]!\n"
        "   bl hand_over\n"
        "   add x21, x21, #10\n"
        "   ldr x30, [sp], #16\n"
        "   ret\n"
        "5: bl second_deep\n" /* the other one, for ever */
        "   add x21, x21, #100\n"
        "   b 5b\n"
        "second_deep:\n"
        "   str x30, [sp, #-16]!\n"
        "   bl second_deeper\n"
        "   add x21, x21, #1000\n"
        "   ldr x30, [sp], #16\n"
        "   ret\n"
        "second_deeper:\n"
        "   str x30, [sp, #-16]!\n"
        "   bl hand_over\n"
        "   ldr x30, [sp], #16\n"
        "   ret\n"
        "hand_over:\n" /* saves the return address, takes the other's stack, returns there */
        "   str x30, [sp, #-16]!\n"
        "   mov x0, sp\n"
        "   mov sp, x19\n"
        "   mov x19, x0\n"
        "   ldr x30, [sp], #16\n"
        "   ret\n"
        "skewed:\n"
        "   stp x19, x30, [sp, #-16]!\n"
        "   mov x19, x0\n"
        "   mov x0, #0\n"
        "6: bl 7f\n"
        "   add x0, x0, #1\n" /* skipped by RET at every second round */
        "   add x0, x0, #2\n"
        "   bl 8f\n"
        "   add x0, x0, #5\n" /* skipped by BR at every third round */
        "   subs x19, x19, #1\n"
        "   b.ne 6b\n"
        "   ldp x19, x30, [sp], #16\n"
        "   ret\n"
        "7: and x1, x19, #1\n"
        "   add x30, x30, x1, lsl #2\n"
        "   ret\n"
        "8: mov x2, #3\n"
        "   udiv x1, x19, x2\n"
        "   msub x1, x1, x2, x19\n"
        "   cmp x1, #1\n"
        "   cinc x1, xzr, eq\n"
        "   add x3, x30, x1, lsl #2\n"
        "   br x3\n"
        "return_to:\n"
        "   ret x0\n");

static uint64_t stack[4096];

static void test_depth(void)
{
    check(sum_to(10) == 55 && sum_to(1000) == 500500, "recursion");
    check(sum_to(3000) == 4501500, "recursion 3,000 deep");
    bool good = true;
    for (unsigned n = 800; n < 1000; n++) {
        good &= sum_to(n) == (uint64_t)n * (n + 1) / 2;
    }
    check(good, "recursion of every depth from 800 to 1,000");
}

static void test_mismatch(void)
{
    bool good = true;
    for (unsigned n = 0; n < 2000; n++) {
        good &= escape(n % 40, n) == n;
    }
    check(good, "a longjmp over 0 to 39 calls");
    check(coroutines(stack + sizeof(stack) / sizeof(stack[0]), 5000) == 5000 * 11 + 4999 * 1100,
          "coroutines");
    check(skewed(6) == 6 * 8 - 3 * 1 - 2 * 5, "returns to elsewhere");
    check(skewed(6000) == 6000 * 8 - 3000 * 1 - 2000 * 5, "and often");
}

/*
 * At A: calls what is in X1, returns by X19, which C functions keep. Between call and return
 * `between` changes the instruction that is returned to, or the page.
 */
static uint32_t *page, *other;

static const uint32_t caller[] = {
    MOV(19, 30),
    BLR(1),
    MOVZ(0, 1),
    RET_X(19),
};

static uint64_t call_through(uint64_t va, void (*between)(void))
{
    register uint64_t x1 __asm__("x1") = (uint64_t)between;
    register uint64_t x0 __asm__("x0") = va;
    __asm__ volatile("stp x29, x30, [sp, #-16]!\n\t"
                     "blr x0\n\t"
                     "ldp x29, x30, [sp], #16"
                     : "+r"(x0), "+r"(x1)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x30", "memory", "cc");
    return x0;
}

static unsigned wanted;

static void write_word(uint32_t *at, uint32_t word)
{
    put_code(at, &word, 1, (uint64_t)at);
}

static void map(uint32_t *to)
{
    *table_entry(low_root, VA_A, 3) = (uint64_t)to | PTE_PAGE | PTE_RO;
    __asm__ volatile("dsb ish; tlbi vaae1is, %0; dsb ish; isb" ::"r"(VA_A >> 12) : "memory");
}

static void change_nothing(void)
{
}

static void change_word(void)
{
    write_word(page + 2, MOVZ(0, wanted));
}

static void change_mapping(void)
{
    map(wanted & 1 ? other : page);
}

static void change_all(void)
{
    page[2] = MOVZ(0, wanted);
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" ::: "memory");
}

static void test_changes(void)
{
    bool good = true;
    for (unsigned i = 0; i < 300; i++) {
        wanted = i;
        good &= call_through(VA_A, change_nothing) == (i ? i - 1 : 1);
        good &= call_through(VA_A, change_word) == i;
        good &= call_through(VA_C, change_nothing) == i;
    }
    check(good, "IC IVAU of what is returned to");
    good = true;
    for (unsigned i = 0; i < 300; i++) {
        wanted = i + 7;
        good &= call_through(VA_C, change_all) == i + 7;
    }
    check(good, "IC IALLU between call and return");
    write_word(page + 2, MOVZ(0, 10));
    write_word(other + 2, MOVZ(0, 11));
    good = true;
    for (unsigned i = 0; i < 300; i++) {
        wanted = i / 2;
        good &= call_through(VA_A, change_mapping) == 10 + (wanted & 1);
        good &= call_through(VA_A, tlb_flush) == 10 + (wanted & 1);
        good &= call_through(VA_C, change_mapping) == 10;
    }
    check(good, "another page mapped where is returned to");
}

/* Unmapped between call and return: the abort has the return's address. */
static void unmap(void)
{
    *table_entry(low_root, VA_A, 3) = 0;
    __asm__ volatile("dsb ish; tlbi vaae1is, %0; dsb ish; isb" ::"r"(VA_A >> 12) : "memory");
}

/* The instruction abort at A's return point: goes on at A's caller, with the syndrome. */
static bool on_unmapped(struct frame *frame)
{
    bool expected = frame->far == VA_A + 8 && frame->elr == VA_A + 8;

    frame->x[0] = frame->esr;
    frame->elr = frame->x[19];
    return expected;
}

static void test_faults(void)
{
    map(page);
    sync_hook = on_unmapped;
    for (unsigned i = 0; i < 3; i++) {
        map(page);
        say("unmapped between call and return: %lx\n", call_through(VA_A, unmap));
    }
    sync_hook = NULL;
    map(page);
    check(call_through(VA_A, change_nothing) == 10, "and mapped again");
    report("return to an odd address", return_to, VA_A + 2, 0);
    report("return to 0", return_to, 0, 0);
    report("return to nowhere", return_to, 0x0000700000000000ul, 0);
}

/* EL0's calls go on after exceptions that EL1 took meanwhile. */
#define EL0_VA 0x000000a000000000ul
static void test_el0(void)
{
    uint32_t *code = (uint32_t *)(void *)page_new();
    const uint32_t words[] = {
        MOVZ(1, 5), /* outer: five times, */
        BL(5),
        0xf1000421 /* subs x1, x1, #1 */, /* inner */
        0x54ffffc1 /* b.ne -2 */,
        0xd4000001 | EL0_SVC << 5,
        0xd503201f,
        0x91000400 /* add x0, x0, #1 */,
        0xd4000001 | 0x123 << 5, /* inner: SVC between call and return */
        RET,
    };

    put_code(code, words, sizeof(words) / sizeof(words[0]), (uint64_t)code);
    *table_entry(low_root, EL0_VA, 3) = (uint64_t)code | PTE_PAGE | PTE_RO | PTE_EL0 | PTE_NG;
    tlb_flush();
    check(guest_el0(EL0_VA, 0, 37, 0) == 42, "exceptions between EL0's calls and returns");
}

static bool skip_svc(struct frame *frame)
{
    return frame->esr == (0x56000000u | 0x123);
}

int main(void)
{
    test_depth();
    test_mismatch();
    mmu_on();
    page = (uint32_t *)(void *)page_new();
    other = (uint32_t *)(void *)page_new();
    put_code(page, caller, 4, (uint64_t)page);
    put_code(other, caller, 4, (uint64_t)other);
    *table_entry(high_root, VA_C, 3) = (uint64_t)page | PTE_PAGE;
    map(page);
    test_depth();
    test_mismatch();
    test_changes();
    test_faults();
    sync_hook = skip_svc;
    test_el0();
    return 0;
}
