/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four loops whose guest instructions are known, for tests/bench/bochs: `cost NAME INSTRUCTIONS
 * TICKS`, in ticks of CNTVCT, as tests/guest/costs has them. Each is run once beforehand. All ways
 * through a loop are of one length.
 */
#include "tests/guest/guest.h"

#define ROUNDS 200000ul
#define WORDS  4096u /* 32 KiB */

static uint64_t words[WORDS];

/* Runs the body ROUNDS times. x0 counts, the others named here are the body's; it ends with 2. */
#define LOOP(body)                                                                                 \
    __asm__ volatile("mov x0, %0\n"                                                                \
                     "mov x1, %1\n"                                                                \
                     "mov x2, #1\n"                                                                \
                     "adr x12, 3f\n"                                                               \
                     "1:\n" body "2:\n"                                                            \
                     "subs x0, x0, #1\n"                                                           \
                     "b.ne 1b\n"                                                                   \
                     "b 4f\n"                                                                      \
                     ".balign 16\n"                                                                \
                     "3: .irp n, 1, 2, 3, 5\n" /* targets of `indirect`, 16 bytes each */          \
                     "add x3, x3, #\\n\n"                                                          \
                     "eor x4, x4, x3\n"                                                            \
                     "add x5, x5, x4\n"                                                            \
                     "b 2b\n"                                                                      \
                     ".endr\n"                                                                     \
                     "4:\n" ::"r"(ROUNDS),                                                         \
                     "r"(words)                                                                    \
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x12", "cc",          \
                       "memory")

/* The next of x2's numbers (xorshift), 3 instructions. */
#define RANDOM                                                                                     \
    "eor x2, x2, x2, lsl #13\n"                                                                    \
    "eor x2, x2, x2, lsr #7\n"                                                                     \
    "eor x2, x2, x2, lsl #17\n"

static void compute(void)
{
    LOOP("add x3, x3, x2\n"
         "eor x4, x4, x3, ror #7\n"
         "madd x5, x4, x3, x5\n"
         "ubfx x6, x5, #11, #20\n"
         "sub x2, x2, x6\n"
         "orr x7, x7, x2, lsl #3\n");
}

static void memory(void)
{
    LOOP("and x3, x0, #4088\n"
         "ldr x4, [x1, x3]\n"
         "ldp x5, x6, [x1, #64]\n"
         "add x4, x4, x5\n"
         "str x4, [x1, x3]\n"
         "stp x6, x4, [x1, #64]\n");
}

static void branchy(void)
{
    LOOP(RANDOM "tbz x2, #9, 5f\n"
                "add x3, x3, #1\n"
                "b 6f\n"
                "5: eor x3, x3, #1\n"
                "nop\n"
                "6: cmp x2, x3\n"
                "b.hi 7f\n"
                "add x4, x4, #1\n"
                "b 2f\n"
                "7: sub x4, x4, #1\n"
                "nop\n");
}

static void indirect(void)
{
    LOOP(RANDOM "ubfx x6, x2, #20, #2\n"
                "add x7, x12, x6, lsl #4\n"
                "br x7\n");
}

static const struct {
    const char *name;
    unsigned length; /* instructions a round, with the two that close it */
    void (*run)(void);
} rows[] = {
    {"compute loop", 8, compute},
    {"memory loop", 8, memory},
    {"branchy loop", 12, branchy},
    {"indirect-branch loop", 12, indirect},
};

int main(void)
{
    mmu_on();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        rows[i].run();
        uint64_t start = mrs(cntvct_el0);
        rows[i].run();
        say("cost %s: %lu %lu\n", rows[i].name, rows[i].length * ROUNDS, mrs(cntvct_el0) - start);
    }
    return 0;
}
