/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a blob's sequences from random states and prints a hash per row, or all the states. */
/*
 * Bare metal, EL1, for any machine with QEMU virt's RAM, PL011 and PSCI: the same blob runs on
 * qemu-system-aarch64 and on Exarch, and both must print the same. The random states come from each
 * descriptor's seed alone, so a row gives the same result in whatever blob it is.
 */
#include <stddef.h>

#include "tests/diff/state.h"
#include "tests/diff/values.h"

#define CHECK(field, offset) _Static_assert(offsetof(struct state, field) == (offset), #field)
CHECK(sp, ST_SP);
CHECK(nzcv, ST_NZCV);
CHECK(tpidr_el1, ST_TPIDR1);
CHECK(fpsr, ST_FPSR);
CHECK(esr, ST_ESR);
CHECK(vector, ST_VECTOR);
CHECK(pad, ST_PAD);
CHECK(v, ST_V);
_Static_assert(sizeof(struct state) == ST_SIZE, "size");

extern const struct header blob[]; /* where generate.py puts it */
void run_sequence(struct state *state, uint64_t code, uint32_t spsr);
void main(void);

enum { SPSR_EL1H = 0x3c5, SPSR_EL0T = 0x3c0 };

/* --- console --- */
static volatile uint32_t *const uart = (uint32_t *)0x09000000;
enum { UART_DR = 0, UART_FR = 0x18 / 4, UART_CR = 0x30 / 4, UART_LCR = 0x2c / 4, FR_TXFF = 1 << 5 };

static void put(char c)
{
    while (uart[UART_FR] & FR_TXFF) {
    }
    uart[UART_DR] = (uint8_t)c;
}

static void put_hex(uint64_t value, char after)
{
    int shift = 60;
    while (shift && !(value >> shift)) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[value >> shift & 15]);
    }
    put(after);
}

/* --- one sequence --- */
/* Accesses reach 256 bytes to each side of the window's middle, which is a page boundary. */
static uint8_t pages[8192] __attribute__((aligned(4096)));
static uint64_t *const window = (uint64_t *)(pages + 4096 - 256);
enum { WINDOW_WORDS = 512 / 8 };

/* FPCR: rounding mode, FZ, DN, FZ16, AHP; half of the sequences have none of them. */
static uint64_t random_fpcr(void)
{
    uint64_t r = next();
    uint64_t fpcr = 0;
    if (r & 1) {
        fpcr |= (r >> 1 & 3) << 22;
        fpcr |= (uint64_t)((r >> 8 & 3) == 0) << 24;
        fpcr |= (uint64_t)((r >> 10 & 3) == 0) << 25;
        fpcr |= (uint64_t)((r >> 12 & 3) == 0) << 19;
        fpcr |= (uint64_t)((r >> 14 & 3) == 0) << 26;
    }
    return fpcr;
}

/* Not mapped, beyond TCR.T0SZ, EPD1's half, not canonical; the last two are EL1's, so EL0's alone.
 */
static const uint64_t faulting[16] = {
    0xc0000100,      0x7fc0000100,       0x8000000100,       0xffffffc000000100, 0xffffff7000000100,
    0x1000000000100, 0x8000000000000100, 0x5500000040300100, 0x40300100,         0x9000100,
};

static void fix_register(struct state *state, const struct fix *fix, const uint32_t *code,
                         uint64_t alias)
{
    uint64_t *reg = fix->reg == 31 ? &state->sp : &state->x[fix->reg];
    uint64_t value = (uint64_t)(int64_t)fix->value;
    switch (fix->kind) {
    case FIX_WINDOW: *reg = (uint64_t)(pages + 4096) + alias + value; break;
    case FIX_CODE: *reg = (uint64_t)code + alias + value; break;
    case FIX_LOW_WORD: *reg = (next() << 32) | (uint32_t)value; break;
    case FIX_WORD: *reg = (uint32_t)value; break;
    case FIX_FAULT: *reg = faulting[value & 15] - (uint64_t)(fix->value >> 4); break;
    default: *reg = value; break;
    }
}

/* Clear, full, or with IXC alone: with FPCR.FZ translated code is another where IXC is set. */
static uint64_t random_fpsr(void)
{
    static const uint32_t starts[4] = {0, 0, 0x10, 0x0800009f};
    return starts[next() & 3];
}

static void fill(struct state *state, const struct descriptor *d, const uint32_t *code)
{
    random_seed(d->seed);
    for (int i = 0; i < 31; i++) {
        state->x[i] = random_integer();
    }
    uint64_t alias = d->el0 ? EL0_ALIAS : 0;
    state->sp = (uint64_t)(pages + 4096) + alias + (next() & 0xff0) - 0x800;
    state->nzcv = (next() & 15) << 28;
    state->daif = 0x3c0;
    state->tpidr_el0 = next();
    state->tpidr_el1 = next();
    state->fpcr = d->fp ? random_fpcr() : 0;
    if (d->fp == 2) {
        state->fpcr &= ~(UINT64_C(1) << 24);
    }
    state->fpsr = d->fp ? random_fpsr() : 0;
    state->pad = d->fp;
    state->esr = state->elr = state->far = state->spsr = state->vector = 0;
    for (int i = 0; d->fp && i < 32; i++) {
        state->v[i][0] = random_lanes(d->pool);
        state->v[i][1] = random_lanes(d->pool);
    }
    for (int i = 0; i < WINDOW_WORDS; i++) {
        window[i] = d->fp ? random_lanes(d->pool) : next();
    }
    for (unsigned i = 0; i < d->fixes; i++) {
        fix_register(state, &d->fix[i], code, alias);
    }
}

/* --- results --- */
static unsigned state_words(const struct descriptor *d)
{
    return (d->fp ? ST_SIZE : ST_V) / 8;
}

static uint64_t hash(uint64_t h, const uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        h = (h ^ words[i]) * 0x9fb21c651e98df25;
        h ^= h >> 29;
    }
    return h;
}

static void dump(const uint64_t *words, unsigned count, char after)
{
    for (unsigned i = 0; i < count; i++) {
        put_hex(words[i], i + 1 < count ? ' ' : after);
    }
}

void main(void)
{
    const struct group *groups = (const struct group *)(blob + 1);
    const struct descriptor *descriptors = (const struct descriptor *)(groups + blob->groups);
    const uint32_t *code = (const uint32_t *)(descriptors + blob->descriptors);
    static struct state state;

    uart[UART_LCR] = 3 << 5; /* 8 bits; the FIFO stays off */
    uart[UART_CR] = 0x301;
    for (unsigned g = 0; g < blob->groups; g++) {
        uint64_t h = 0;
        for (unsigned i = 0; i < groups[g].count; i++) {
            const struct descriptor *d = &descriptors[groups[g].first + i];
            const uint32_t *words = code + d->code;
            fill(&state, d, words);
            if (blob->verbose) {
                put('S');
                put(' ');
                dump((uint64_t *)&state, state_words(d), '\n');
                dump(window, WINDOW_WORDS, '\n');
            }
            uint64_t entry = (uint64_t)words + (d->el0 ? EL0_ALIAS : 0);
            run_sequence(&state, entry, (uint32_t)state.nzcv | (d->el0 ? SPSR_EL0T : SPSR_EL1H));
            if (blob->verbose) {
                dump((uint64_t *)&state, state_words(d), '\n');
                dump(window, WINDOW_WORDS, '\n');
            }
            h = hash(h, (uint64_t *)&state, state_words(d));
            h = hash(h, window, WINDOW_WORDS);
        }
        put('R');
        put(' ');
        put_hex(groups[g].row, ' ');
        put_hex(h, '\n');
    }
    put('E');
    put('\n');
}
