/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: a ChaCha20 generator fed by RDSEED, RDRAND (where CPUID has them) and timing
 * jitter. No single source is trusted; each is mixed in.
 */
#pragma once

#include <stddef.h>

/* Gathers the first seed; logs its sources. The clock runs. */
void random_init(void);

/* Never waits. Any context but an NMI. */
void random_fill(void *data, size_t size);

/* Mixes in the moment of an event that an attacker cannot time: a key, an interrupt. */
void random_stir(void);
