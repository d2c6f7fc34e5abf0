/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's surroundings for unit tests: memory at fake_direct_base, and a panic that a test can
 * catch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

extern uint64_t fake_direct_base;

/* Reserves `size` bytes of zeroed address space, aligned to 1 GiB, as the machine's memory. */
void fake_memory(uint64_t size);

/* True when `function`, run in a child process, ends in a panic; a panic elsewhere aborts the test.
 */
bool fake_panics(void (*function)(void *), void *argument);
