/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a blob's sequences from random states and prints a hash per row, or all the states. */
/*
 * Bare metal, EL1, for any machine with QEMU virt's RAM, PL011 and PSCI: the same blob runs on
 * qemu-system-aarch64 and on Exarch, and both must print the same. The random states come from each
 * descriptor's seed alone, so a row gives the same result in whatever blob it is.
 */
#include <stddef.h>

#include "tests/diff/state.h"

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

/* --- random values --- */
static uint64_t random_state;

/* splitmix64: any seed gives a good stream. */
static uint64_t next(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static const uint64_t integers[32] = {
    0,
    1,
    2,
    3,
    0x1f,
    0x20,
    0x3f,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0xffffffff80000000,
    0xffffffff7fffffff,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xfffffffffffffffe,
    0xffffffffffffffff,
    0xaaaaaaaaaaaaaaaa,
    0x5555555555555555,
    0x0123456789abcdef,
    0x8080808080808080,
    0x7f7f7f7f7f7f7f7f,
};

static uint64_t random_integer(void)
{
    uint64_t r = next();
    switch (r & 7) {
    case 0:
    case 1:
    case 2: return integers[r >> 8 & 31];
    case 3: return r >> 32;
    case 4: return (uint64_t)(int8_t)(r >> 8);
    case 5: return (uint64_t)(int32_t)(r >> 32);
    default: return next();
    }
}

/* Signs are random. Zeros, denormals, normals, limits of integer conversion, infinities, NaNs. */
static const uint16_t halves[] = {
    0x0000, 0x0001, 0x0002, 0x03ff, 0x0400, 0x0401, 0x3555, 0x3800, 0x3bff, 0x3c00, 0x3c01,
    0x3e00, 0x4000, 0x4200, 0x4248, 0x5bff, 0x5c00, 0x7800, 0x77ff, 0x7bff, 0x7bfe, 0x7c00,
    0x7c01, 0x7d55, 0x7e00, 0x7e01, 0x7fff, 0x2e66, 0x6400, 0x6401, 0x4100, 0x3a00,
};
static const uint32_t singles[] = {
    0x00000000, 0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001, 0x33800000, 0x33800001,
    0x38800000, 0x387fc000, 0x3effffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000,
    0x40000000, 0x40490fdb, 0x477fe000, 0x477ff000, 0x4b000000, 0x4effffff, 0x4f000000, 0x4f800000,
    0x5f000000, 0x5f7fffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa55555, 0x7fc00000, 0x7fc12345,
};
static const uint64_t doubles[] = {
    0x0000000000000000, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000,
    0x0010000000000001, 0x36a0000000000000, 0x3690000000000001, 0x380fffffe0000000,
    0x3f10000000000000, 0x3fdfffffffffffff, 0x3fe0000000000000, 0x3fefffffffffffff,
    0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000, 0x4000000000000000,
    0x400921fb54442d18, 0x40effc0000000000, 0x40efffffffffffff, 0x41dfffffffc00000,
    0x41e0000000000000, 0x41efffffffe00000, 0x4330000000000001, 0x43e0000000000000,
    0x43efffffffffffff, 0x47efffffe0000000, 0x47efffffefffffff, 0x7fefffffffffffff,
    0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000, 0x7ff8abcdef012345,
};
_Static_assert(sizeof(halves) / 2 == 32 && sizeof(singles) / 4 == 32 && sizeof(doubles) / 8 == 32,
               "indexed by five bits");

/* Half of them from the pool, a quarter near one (so that sums cancel), a quarter any bits. */
static uint16_t random_half(uint64_t r)
{
    uint16_t sign = (uint16_t)(r & 0x8000);
    switch (r >> 16 & 3) {
    case 0: return (uint16_t)(r >> 32);
    case 1: return (uint16_t)(sign | (0x3c00 + (r >> 32 & 0xfff) - 0x800));
    default: return sign | halves[r >> 32 & 31];
    }
}

static uint32_t random_single(uint64_t r)
{
    uint32_t sign = (uint32_t)(r & 0x80000000);
    switch (r & 3) {
    case 0: return (uint32_t)(r >> 32);
    case 1: return sign | (0x3f800000 + (uint32_t)(r >> 32 & 0x3ffffff) - 0x2000000);
    default: return sign | singles[r >> 32 & 31];
    }
}

static uint64_t random_double(void)
{
    uint64_t r = next();
    uint64_t sign = r << 63;
    switch (r >> 1 & 3) {
    case 0: return next();
    case 1: return sign | (0x3ff0000000000000 + (next() & 0x7fffffffffffff) - 0x40000000000000);
    default: return sign | doubles[r >> 32 & 31];
    }
}

static uint64_t random_lanes(unsigned pool)
{
    if (pool == POOL_MIXED) {
        pool = (unsigned)next() & 3;
    }
    switch (pool) {
    case POOL_HALF: {
        uint64_t lanes = 0;
        for (int i = 0; i < 4; i++) {
            lanes = lanes << 16 | random_half(next());
        }
        return lanes;
    }
    case POOL_SINGLE: {
        uint64_t high = random_single(next());
        return high << 32 | random_single(next());
    }
    case POOL_DOUBLE: return random_double();
    default: return random_integer();
    }
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

static void fill(struct state *state, const struct descriptor *d, const uint32_t *code)
{
    random_state = d->seed;
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
    state->fpsr = d->fp && !(next() & 3) ? 0x0800009f : 0;
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
