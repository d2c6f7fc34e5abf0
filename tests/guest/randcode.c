/* SPDX-License-Identifier: BSD-2-Clause */
/* Random code that changes, at three addresses each of its pages, against an interpreter of it. */
/*
 * The code is of slots of eight instructions: count down and return at the end, work on X0, branch.
 * Its four pages lie in three windows, in another order in each, so that code runs on into
 * different pages. A few slots are rewritten, told of by one of their addresses, and run.
 */
#include "tests/guest/guest.h"
#include "tests/xorshift.h"

#define ROUNDS  2000
#define PAGES   4
#define WINDOWS 3
#define WORDS   1024 /* of a page */
#define SLOT    8
#define SLOTS   (WORDS / SLOT)

#define SUBS_X1   0xf1000421u /* subs x1, x1, #1 */
#define BNE_2     0x54000041u /* b.ne .+8 */
#define RET       0xd65f03c0u
#define NOP       0xd503201fu
#define ISB       0xd5033fdfu
#define ADD_X0    0x91000000u /* add x0, x0, #imm12 << 10 */
#define ROR_X0    0x93c00000u /* ror x0, x0, #imm6 << 10 */
#define B         0x14000000u
#define TBZ_X0    0x36000000u /* bit 23:19 */
#define TBNZ_X0   0x37000000u
#define CBNZ_X0   0xb5000000u
#define IMM26(n)  ((uint32_t)(n)&0x3ffffff)
#define IMM19(n)  (((uint32_t)(n)&0x7ffff) << 5)
#define IMM14(n)  (((uint32_t)(n)&0x3fff) << 5)
#define TB_BIT(n) ((uint32_t)(n) << 19)

static uint64_t seed = 0x9e3779b97f4a7c15ul;

static uint32_t below(uint32_t n)
{
    return (uint32_t)((xorshift64(&seed) >> 33) % n);
}

static uint32_t *page[PAGES];
static const uint64_t window[WINDOWS] = {0x8000000000ul, 0xffff000000400000ul, 0x9000000000ul};

/* The page that is nth in a window, and back. */
static unsigned page_at(unsigned w, unsigned n)
{
    return (n * (w == 1 ? 3 : 1) + w) % PAGES;
}

static unsigned place_of(unsigned w, unsigned p)
{
    unsigned n = 0;

    while (page_at(w, n) != p) {
        n++;
    }
    return n;
}

/* A page that is the last of a window: its code must not run on. */
static bool is_last(unsigned p)
{
    bool last = false;

    for (unsigned w = 0; w < WINDOWS; w++) {
        last |= page_at(w, PAGES - 1) == p;
    }
    return last;
}

/* Branches from word `at` of a slot to a random one of the same page. */
static int32_t distance(unsigned slot, unsigned at)
{
    return (int32_t)(below(SLOTS) * SLOT) - (int32_t)(slot * SLOT + at);
}

static uint32_t random_branch(unsigned slot, unsigned at)
{
    switch (below(5)) {
    case 0: return B | IMM26(distance(slot, at));
    case 1: return TBZ_X0 | TB_BIT(below(32)) | IMM14(distance(slot, at));
    case 2: return TBNZ_X0 | TB_BIT(below(32)) | IMM14(distance(slot, at));
    case 3: return CBNZ_X0 | IMM19(distance(slot, at));
    default: return NOP;
    }
}

static void write_slot(unsigned p, unsigned slot)
{
    uint32_t *code = page[p] + (size_t)slot * SLOT;

    code[0] = SUBS_X1;
    code[1] = BNE_2;
    code[2] = RET;
    code[3] = ADD_X0 | below(4096) << 10;
    code[4] = ROR_X0 | below(64) << 10;
    code[5] = random_branch(slot, 5);
    code[6] = ADD_X0 | below(4096) << 10;
    if (!below(3) || (slot == SLOTS - 1 && is_last(p))) {
        code[7] = B | IMM26(distance(slot, 7));
    } else {
        code[7] = below(4) ? NOP : ISB;
    }
}

/* --- the interpreter --- */
struct model {
    uint64_t x0, x1;
    unsigned at; /* word of the window */
};

static uint64_t rotated(uint64_t value, unsigned by)
{
    return by ? value >> by | value << (64 - by) : value;
}

static int32_t offset_of(uint32_t word, unsigned lsb, unsigned width)
{
    return (int32_t)(word << (32 - lsb - width)) >> (32 - width);
}

/* How many words on the next instruction is. */
static int32_t model_step(struct model *m, uint32_t word)
{
    bool tested = m->x0 >> (word >> 19 & 31) & 1;

    if (word == SUBS_X1) {
        m->x1--;
    } else if (word == BNE_2) {
        return m->x1 ? 2 : 1;
    } else if ((word & 0xffc00000) == ADD_X0) {
        m->x0 += word >> 10 & 0xfff;
    } else if ((word & 0xffe00000) == ROR_X0) {
        m->x0 = rotated(m->x0, word >> 10 & 63);
    } else if ((word & 0xfc000000) == B) {
        return offset_of(word, 0, 26);
    } else if ((word & 0x7f000000) == TBZ_X0 || (word & 0x7f000000) == TBNZ_X0) {
        return tested == (word >> 24 & 1) ? offset_of(word, 5, 14) : 1;
    } else if ((word & 0xff000000) == CBNZ_X0) {
        return m->x0 ? offset_of(word, 5, 19) : 1;
    }
    return 1;
}

static uint64_t model_run(unsigned w, struct model m)
{
    for (;;) {
        uint32_t word = page[page_at(w, m.at / WORDS)][m.at % WORDS];

        if (word == RET) {
            return m.x0;
        }
        m.at += (unsigned)model_step(&m, word);
    }
}

/* --- the code itself --- */
/* IC IVAU by the address in any window, or by the page's own. */
static void invalidate(unsigned p, unsigned slot)
{
    unsigned w = below(WINDOWS + 1);
    uint64_t base = w == WINDOWS ? (uint64_t)page[p] : window[w] + 4096ul * place_of(w, p);

    __asm__ volatile("ic ivau, %0" ::"r"(base + 4ul * SLOT * slot) : "memory");
}

static void rewrite(void)
{
    unsigned count = 1 + below(4), p[4], slot[4];

    for (unsigned i = 0; i < count; i++) {
        p[i] = below(PAGES);
        slot[i] = below(SLOTS);
        write_slot(p[i], slot[i]);
    }
    __asm__ volatile("dsb ish" ::: "memory");
    if (!below(10)) {
        __asm__ volatile("ic iallu" ::: "memory");
    } else {
        for (unsigned i = 0; i < count; i++) {
            invalidate(p[i], slot[i]);
        }
    }
    __asm__ volatile("dsb ish; isb" ::: "memory");
}

static bool run_is_good(void)
{
    unsigned w = below(WINDOWS);
    struct model m = {xorshift64(&seed), 20 + below(200), below(PAGES * SLOTS) * SLOT};

    return call_at(window[w] + 4ul * m.at, m.x0, m.x1) == model_run(w, m);
}

static void map(void)
{
    for (unsigned w = 0; w < WINDOWS; w++) {
        uint64_t *root = window[w] >> 63 ? high_root : low_root;

        for (unsigned n = 0; n < PAGES; n++) {
            *table_entry(root, window[w] + 4096ul * n, 3) =
                (uint64_t)page[page_at(w, n)] | PTE_PAGE | (w == 2 ? PTE_RO : 0);
        }
    }
    tlb_flush();
}

int main(void)
{
    unsigned bad = 0;

    mmu_on();
    for (unsigned p = 0; p < PAGES; p++) {
        page[p] = (uint32_t *)(void *)page_new();
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            write_slot(p, slot);
        }
    }
    map();
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" ::: "memory");
    for (unsigned round = 0; round < ROUNDS; round++) {
        rewrite();
        for (unsigned i = 0; i < 3; i++) {
            bad += !run_is_good();
        }
    }
    check(!bad, "rewritten code by three addresses");
    return 0;
}
