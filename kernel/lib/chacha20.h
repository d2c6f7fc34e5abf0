/* SPDX-License-Identifier: BSD-2-Clause */
/* The ChaCha20 block function (RFC 8439, 2.3), and a generator on it with fast key erasure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CHACHA20_KEY_WORDS 8u
#define CHACHA20_BLOCK     64u

void chacha20_block(const uint32_t key[CHACHA20_KEY_WORDS], uint32_t counter,
                    const uint32_t nonce[3], uint8_t block[CHACHA20_BLOCK]);

/*
 * After each request the first 32 bytes of the stream replace the key, so that a later look into
 * memory tells nothing of earlier output. Whoever shares a generator locks it.
 */
struct chacha20_rng {
    uint32_t key[CHACHA20_KEY_WORDS];
};

/* Mixes seed bytes into the key: what was unpredictable stays so, whatever the seed is. */
void chacha20_rng_mix(struct chacha20_rng *rng, const void *seed, size_t size);
void chacha20_rng_fill(struct chacha20_rng *rng, void *data, size_t size);
