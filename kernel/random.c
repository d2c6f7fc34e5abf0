/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers for guests' seeds and entropy devices. */
#include "kernel/random.h"

#include "drivers/machine.h"
#include "exarch/bits.h"
#include "kernel/lib/chacha20.h"

#define SEED_WORDS    8u
#define RETRIES       32u /* RDSEED may have run dry; SDM 1 7.3.17.1 asks for 10 tries of RDRAND */
#define JITTER_ROUNDS 1024u
#define RESEED_BYTES  UINT64_C(1048576)

static struct chacha20_rng rng;
static struct machine_lock lock;
static bool has_rdseed, has_rdrand;
static uint64_t since_reseed;

static bool rdseed(uint64_t *value)
{
    bool fine;
    __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(fine));
    return fine;
}

static bool rdrand(uint64_t *value)
{
    bool fine;
    __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(fine));
    return fine;
}

static void mix_instruction(bool (*instruction)(uint64_t *))
{
    for (unsigned n = 0; n < SEED_WORDS; n++) {
        uint64_t value = 0;
        for (unsigned tries = 0; tries < RETRIES && !instruction(&value); tries++) {
            machine_pause();
        }
        chacha20_rng_mix(&rng, &value, sizeof(value));
    }
}

/* How long a walk through memory takes, cycle by cycle: caches, interrupts and clocks all have a
 * say. */
static void mix_jitter(unsigned rounds)
{
    static volatile uint8_t walk[KIB(32)];
    uint64_t sum = 0;
    for (unsigned n = 0; n < rounds; n++) {
        uint64_t before = machine_tsc();
        for (unsigned i = 0; i < 16; i++) {
            walk[(before * 67 + i * 4099) % sizeof(walk)]++;
        }
        sum = (sum << 7 | sum >> 57) ^ (machine_tsc() - before) ^ before;
        if (n % 16 == 15) {
            chacha20_rng_mix(&rng, &sum, sizeof(sum));
        }
    }
}

static void reseed(unsigned rounds)
{
    if (has_rdseed) {
        mix_instruction(rdseed);
    }
    if (has_rdrand) {
        mix_instruction(rdrand);
    }
    mix_jitter(rounds);
    since_reseed = 0;
}

void random_init(void)
{
    has_rdseed = bit(machine_cpuid(7, 0).ebx, 18);
    has_rdrand = bit(machine_cpuid(1, 0).ecx, 30);
    uint64_t state = machine_lock(&lock);
    reseed(JITTER_ROUNDS);
    machine_unlock(&lock, state);
    machine_log("cpu", MACHINE_INFO, "random numbers from %s%stiming jitter",
                has_rdseed ? "RDSEED, " : "", has_rdrand ? "RDRAND, " : "");
}

void random_fill(void *data, size_t size)
{
    uint64_t state = machine_lock(&lock);
    if (since_reseed > RESEED_BYTES) {
        reseed(JITTER_ROUNDS / 16);
    }
    since_reseed += size;
    chacha20_rng_fill(&rng, data, size);
    machine_unlock(&lock, state);
}

void random_stir(void)
{
    uint64_t state = machine_lock(&lock);
    uint64_t now = machine_tsc();
    chacha20_rng_mix(&rng, &now, sizeof(now));
    machine_unlock(&lock, state);
}
