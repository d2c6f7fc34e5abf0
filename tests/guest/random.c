/* SPDX-License-Identifier: BSD-2-Clause */
/* Random code comes to the same on all engines, and under a storm of interrupts. */
/*
 * Each program is a loop, often with another one in it, of integer instructions that set and use
 * NZCV, loads and stores, forward branches, a call; it is run undisturbed, then with a timer that
 * goes off all the time: its own writes of CNTV_TVAL_EL0 and PSTATE.I let interrupts in amid
 * blocks.
 */
#include "tests/guest/gic.h"

#define PROGRAMS 400
#define ROUNDS   300

struct state {
    uint64_t x[16], nzcv, mem[32];
};
uint64_t random_run(struct state *state, const void *code);

/* X0..X15 and NZCV from and to *state; X20: memory, X23: ticks, X24: the state. */
#define ALL_DATA(op)                                                                               \
    op " x0, x1, [x24]; " op " x2, x3, [x24, #16]; " op " x4, x5, [x24, #32];" op                  \
       " x6, x7, [x24, #48];" op " x8, x9, [x24, #64]; " op " x10, x11, [x24, #80]; " op           \
       " x12, x13, [x24, #96]; " op " x14, x15, [x24, #112];"
#define ALL_SAVED(op)                                                                              \
    op " x19, x20, [sp, #16]; " op " x21, x22, [sp, #32]; " op " x23, x24, [sp, #48];" op          \
       " x25, x26, [sp, #64];"
__asm__(".text; random_run: stp x29, x30, [sp, #-80]!;" ALL_SAVED("stp") /* */
        "mov x24, x0; mov x25, x1; add x20, x0, #136; mov x23, #3;"
        "ldr x26, [x24, #128]; msr nzcv, x26;" ALL_DATA("ldp") /* */
        "blr x25; mrs x26, nzcv; str x26, [x24, #128]; msr daifset, #2;" ALL_DATA("stp")
            ALL_SAVED("ldp") "ldp x29, x30, [sp], #80; ret");

static uint64_t seed;
static volatile unsigned fired;

static uint32_t below(uint32_t n)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (uint32_t)((seed >> 33) % n);
}

static uint64_t irq_seed;

static void on_irq(struct frame *frame)
{
    unsigned intid = (unsigned)mrs(s3_0_c12_c12_0);

    (void)frame;
    fired++;
    irq_seed = irq_seed * 6364136223846793005ul + 1;
    msr(cntv_tval_el0, irq_seed >> 33 & 0x7ff);
    isb();
    msr(s3_0_c12_c12_1, intid);
}

static uint32_t *out, *code;

static void put(uint32_t word)
{
    *out++ = word;
}

static uint32_t reg(void)
{
    return below(16);
}

static uint32_t three(uint32_t word)
{
    return word | reg() | reg() << 5 | reg() << 16;
}

/* Flags: may set NZCV, use it, or make an interrupt. */
static void random_insn(bool flags)
{
    /* ADD SUB AND ORR EOR, ADD SUB (32 bits), MUL LSLV LSRV UDIV, SDIV (32), ORN EXTR ADD with LSL
     */
    static const uint32_t plain[] = {0x8b000000, 0xcb000000, 0x8a000000, 0xaa000000, 0xca000000,
                                     0x0b000000, 0x4b000000, 0x9b007c00, 0x9ac02000, 0x9ac02400,
                                     0x9ac00800, 0x1ac00c00, 0xaa200000, 0x93c01000, 0x8b010800};
    /* ADDS SUBS ANDS of 64 and 32 bits, ADCS SBCS of both, BICS, SUBS with UXTX */
    static const uint32_t setting[] = {0xab000000, 0xeb000000, 0xea000000, 0x2b000000,
                                       0x6b000000, 0x6a000000, 0xba000000, 0xfa000000,
                                       0x3a000000, 0x7a000000, 0xea200000, 0xeb206000};

    switch (below(flags ? 16 : 7)) {
    case 0:
    case 1:
    case 2:
    case 3: put(three(plain[below(15)])); break;
    case 4: put(0xf9400000 | below(32) << 10 | 20 << 5 | reg()); break; /* ldr, str: [x20, #n] */
    case 5: put(0xf9000000 | below(32) << 10 | 20 << 5 | reg()); break;
    case 6: put(0x91000000 | below(4096) << 10 | reg() << 5 | reg()); break;
    case 7:
    case 8:
    case 9:
    case 10: put(three(setting[below(12)])); break;
    case 11: /* csel, csinc, csinv, csneg */
        put(three(0x9a800000 | below(2) << 10 | below(2) << 30) | below(16) << 12);
        break;
    case 12: /* ccmp, ccmn */
        put(0xfa400800 | below(2) << 30 | reg() << 5 | below(32) << 16 | below(14) << 12 |
            below(16));
        break;
    case 13: put((below(2) ? 0xd53b4200 : 0xd51b4200) | reg()); break; /* mrs, msr: nzcv */
    case 14: put(three(0xeb00001f) | 31); break;                       /* cmp */
    case 15: put(0xd51be300 | 23); break;                              /* cntv_tval_el0 = x23 */
    }
}

/* A forward branch over what comes next; where: its place, target put later. */
static uint32_t *forward(void)
{
    uint32_t *at = out;

    switch (below(4)) {
    case 0: put(0xb4000000 | below(2) << 24 | reg()); break;                   /* cbz, cbnz */
    case 1: put(0x36000000 | below(2) << 24 | below(32) << 19 | reg()); break; /* tbz, tbnz */
    default: put(0x54000000 | below(14)); break;                               /* b.cond */
    }
    return at;
}

static void land(uint32_t *at)
{
    uint32_t words = (uint32_t)(out - at);

    *at |= words << 5;
}

static void body(unsigned count, bool flags)
{
    while (count--) {
        if (below(8) == 0) {
            uint32_t *at = forward();
            unsigned skip = below(4);

            while (skip--) {
                random_insn(flags);
            }
            land(at);
        } else if (below(24) == 0) {
            put(0xd50342df | below(2) << 5); /* daifset, daifclr #2 */
        }
        random_insn(flags);
    }
}

/* `leave` out of the loop, or more of the body and back to top. */
static void leave_or_go_on(uint32_t leave, const uint32_t *top)
{
    uint32_t *at = out;

    put(leave);
    body(below(3), true);
    put(0x14000000 | ((uint32_t)(top - out) & 0x3ffffff));
    land(at);
}

/* Back to top, counter times in all; NZCV is the counter's, another's, or stays as it is. */
static void loop_end(unsigned counter, const uint32_t *top)
{
    uint32_t back;

    switch (below(6)) {
    case 0:
        put(0xf1000400 | counter << 5 | counter);
        back = (uint32_t)(top - out) & 0x7ffff;
        put(0x54000001 | back << 5);
        break;
    case 1:
        put(0xd1000400 | counter << 5 | counter);
        back = (uint32_t)(top - out) & 0x7ffff;
        put(0xb5000000 | back << 5 | counter);
        break;
    case 2:
        put(0xf1000400 | counter << 5 | counter);
        body(below(4), false);
        back = (uint32_t)(top - out) & 0x7ffff;
        put(0x5400000c | back << 5); /* gt */
        break;
    case 3:
        put(0xd1000400 | counter << 5 | counter);
        leave_or_go_on(0xb4000000 | counter, top); /* cbz */
        break;
    case 4:
        put(0xf1000400 | counter << 5 | counter);
        leave_or_go_on(0x54000000, top); /* b.eq */
        break;
    case 5:
        put(0xd1000400 | counter << 5 | counter);
        put(0xf100001f | counter << 5); /* cmp, #0 */
        put(three(0xca000000));
        back = (uint32_t)(top - out) & 0x7ffff;
        put(0x54000008 | back << 5); /* hi */
        break;
    }
}

/* X19, X22: counters; X21: the return address; the function at the start may be called. */
static const uint32_t *make(void)
{
    uint32_t *start, *top, *inner;

    out = code + below(1200);
    start = out;
    body(1 + below(4), true);
    put(0xd65f03c0);
    const uint32_t *entry = out;
    put(0xaa1e03f5); /* mov x21, x30 */
    put(0xd2800013 | (1 + below(ROUNDS)) << 5);
    top = out;
    body(below(2) ? below(5) : below(20), true);
    if (below(2)) {
        put(0xd2800016 | (1 + below(6)) << 5);
        inner = out;
        body(below(6), below(4));
        loop_end(22, inner);
    }
    if (below(3) == 0) {
        put(0x94000000 | ((uint32_t)(start - out) & 0x3ffffff));
        body(below(3), true);
    }
    loop_end(19, top);
    put(0xaa1503fe);
    put(0xd65f03c0);
    for (const uint32_t *at = start; at < out; at += 8) {
        __asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(out - 1) : "memory");
    return entry;
}

static void begin(struct state *s, uint64_t from)
{
    seed = from;
    for (unsigned i = 0; i < 16; i++) {
        s->x[i] = below(3) ? (uint64_t)below(1u << 31) << 33 ^ below(1u << 31) : below(5);
    }
    for (unsigned i = 0; i < 32; i++) {
        s->mem[i] = below(2) ? below(3) : (uint64_t)below(1u << 31) << 33;
    }
    s->nzcv = (uint64_t)below(16) << 28;
}

static uint64_t hash(const struct state *s)
{
    const uint64_t *word = (const void *)s;
    uint64_t sum = 0;

    for (unsigned i = 0; i < sizeof(*s) / 8; i++) {
        sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ul;
        sum ^= sum >> 29;
    }
    return sum;
}

int main(void)
{
    static struct state state;
    uint64_t sum = 0;
    unsigned bad = 0;

    mmu_on();
    gic_on();
    REG32(GICR + SGI_FRAME + 0x80) = ~0u;
    REG32(GICR + SGI_FRAME + 0x100) = 1u << 27;
    irq_hook = on_irq;
    code = (uint32_t *)(void *)page_new();
    page_new();
    page_new();
    for (unsigned n = 0; n < PROGRAMS; n++) {
        uint64_t plain;

        seed = n * 0x9e3779b97f4a7c15ul + 12345;
        const uint32_t *entry = make();
        msr(cntv_ctl_el0, 0);
        isb();
        begin(&state, n);
        random_run(&state, entry);
        plain = hash(&state);
        sum = (sum ^ plain) * 0x9e3779b97f4a7c15ul;
        for (unsigned i = 0; i < 4; i++) {
            begin(&state, n);
            msr(cntv_tval_el0, 20 + i * 500);
            msr(cntv_ctl_el0, 1);
            isb();
            __asm__ volatile("msr daifclr, #2" ::: "memory");
            random_run(&state, entry);
            __asm__ volatile("msr daifset, #2" ::: "memory");
            msr(cntv_ctl_el0, 0);
            if (hash(&state) != plain && bad++ < 5) {
                say("FAIL program %u, run %u\n", n, i);
            }
        }
    }
    say("%u programs: %lx\n", PROGRAMS, sum);
    check(bad == 0, "the same under a storm of interrupts");
    check(fired, "interrupts came");
    return 0;
}
