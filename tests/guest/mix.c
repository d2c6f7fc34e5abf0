/* SPDX-License-Identifier: BSD-2-Clause */
/* A fixed program of some ten million instructions for tests/bench/bochs: arithmetic, branches,
 * memory, calls through pointers, exceptions, pages touched for the first time. The same result
 * everywhere. */
#include "tests/guest/guest.h"

#define WORDS 65536u
#define PAGES 4096u
#define FRESH 0x44000000ul

static uint32_t words[WORDS];
static uint64_t svcs;

static uint64_t integer(uint64_t seed)
{
    for (unsigned n = 0; n < 1000000; n++) {
        seed = seed * 6364136223846793005ul + 1442695040888963407ul;
        seed ^= seed >> 29;
    }
    return seed;
}

static uint64_t branches(uint64_t seed)
{
    uint64_t odd = 0;
    for (unsigned n = 0; n < 300000; n++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        if (seed & 1) {
            odd += n;
        } else if (seed & 2) {
            odd ^= seed;
        }
    }
    return odd;
}

/* Sattolo's cycle through all words, then a walk along it. */
static uint64_t chase(uint64_t seed)
{
    uint32_t at = 0;
    for (unsigned n = 0; n < WORDS; n++) {
        words[n] = n;
    }
    for (unsigned n = WORDS - 1; n > 0; n--) {
        seed = seed * 6364136223846793005ul + 1;
        unsigned other = (unsigned)((seed >> 33) % n);
        uint32_t word = words[n];
        words[n] = words[other];
        words[other] = word;
    }
    for (unsigned n = 0; n < 4 * WORDS; n++) {
        at = words[at];
    }
    return at + seed;
}

static uint64_t add(uint64_t x)
{
    return x + 3;
}

static uint64_t turn(uint64_t x)
{
    return x << 7 | x >> 57;
}

static uint64_t flip(uint64_t x)
{
    return ~x;
}

static uint64_t calls(uint64_t x)
{
    static uint64_t (*const volatile table[4])(uint64_t) = {add, turn, flip, add};
    for (unsigned n = 0; n < 200000; n++) {
        x = table[x >> 3 & 3](x);
    }
    return x;
}

static bool on_svc(struct frame *frame)
{
    svcs += frame->x[0];
    return frame->esr >> 26 == 0x15;
}

static uint64_t exceptions(uint64_t x)
{
    sync_hook = on_svc;
    for (unsigned n = 0; n < 20000; n++) {
        register uint64_t x0 __asm__("x0") = n & 7;
        __asm__ volatile("svc #0" ::"r"(x0) : "memory");
    }
    sync_hook = NULL;
    return x + svcs;
}

static uint64_t pages(uint64_t x)
{
    for (unsigned n = 0; n < PAGES; n++) {
        volatile uint64_t *page = (uint64_t *)(FRESH + n * 4096ul);
        page[n % 512] = x + n;
        x ^= page[n % 512] << 1;
    }
    return x;
}

int main(void)
{
    static const struct {
        const char *name;
        uint64_t (*run)(uint64_t);
    } parts[] = {{"integer", integer}, {"branches", branches},     {"chase", chase},
                 {"calls", calls},     {"exceptions", exceptions}, {"pages", pages}};
    uint64_t value = 1;

    mmu_on();
    for (unsigned n = 0; n < sizeof(parts) / sizeof(*parts); n++) {
        value = parts[n].run(value | 1);
        say("%s %lx\n", parts[n].name, value);
    }
    return 0;
}
