/* SPDX-License-Identifier: BSD-2-Clause */
/* ChaCha20 (RFC 8439) and the generator on it. */
#include "kernel/lib/chacha20.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define DOUBLE_ROUNDS 10u

static uint32_t rotate(uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS], uint32_t counter,
                    const uint32_t nonce[3], uint8_t block[CHACHA20_BLOCK])
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* "expand 32-byte k" */
    uint32_t s[16];
    memcpy(start + 4, key, CHACHA20_KEY_WORDS * sizeof(*key));
    start[12] = counter;
    memcpy(start + 13, nonce, 3 * sizeof(*nonce));
    memcpy(s, start, sizeof(s));
    for (unsigned n = 0; n < DOUBLE_ROUNDS; n++) {
        quarter_round(s, 0, 4, 8, 12);
        quarter_round(s, 1, 5, 9, 13);
        quarter_round(s, 2, 6, 10, 14);
        quarter_round(s, 3, 7, 11, 15);
        quarter_round(s, 0, 5, 10, 15);
        quarter_round(s, 1, 6, 11, 12);
        quarter_round(s, 2, 7, 8, 13);
        quarter_round(s, 3, 4, 9, 14);
    }
    for (unsigned n = 0; n < 16; n++) {
        s[n] += start[n];
    }
    memcpy(block, s, CHACHA20_BLOCK); /* words are little-endian, as x86 is */
}

static const uint32_t nonce_mix[3] = {1, 0, 0};
static const uint32_t nonce_fill[3] = {2, 0, 0};

void chacha20_rng_mix(struct chacha20_rng *rng, const void *seed, size_t size)
{
    const uint8_t *bytes = seed;
    uint8_t block[CHACHA20_BLOCK];
    while (size != 0) {
        size_t part = MIN(size, sizeof(rng->key));
        uint8_t *key = (uint8_t *)rng->key;
        for (size_t n = 0; n < part; n++) {
            key[n] ^= bytes[n];
        }
        chacha20_block(rng->key, 0, nonce_mix, block);
        memcpy(rng->key, block, sizeof(rng->key));
        bytes += part;
        size -= part;
    }
    memset(block, 0, sizeof(block));
}

void chacha20_rng_fill(struct chacha20_rng *rng, void *data, size_t size)
{
    uint8_t *bytes = data;
    uint8_t block[CHACHA20_BLOCK];
    uint32_t next[CHACHA20_KEY_WORDS];
    chacha20_block(rng->key, 0, nonce_fill, block);
    memcpy(next, block, sizeof(next));
    size_t used = sizeof(next);
    for (uint32_t counter = 1; size != 0;) {
        if (used == sizeof(block)) {
            chacha20_block(rng->key, counter++, nonce_fill, block);
            used = 0;
        }
        size_t part = MIN(size, sizeof(block) - used);
        memcpy(bytes, block + used, part);
        bytes += part;
        size -= part;
        used += part;
    }
    memcpy(rng->key, next, sizeof(next));
    memset(block, 0, sizeof(block));
}
