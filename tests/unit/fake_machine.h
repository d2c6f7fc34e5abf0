/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine of the test's making behind drivers/machine.h: memory, devices, ports, MSRs, CPUID, a
 * log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/machine.h"

/* A device's answer to an access of 1, 2, 4 or 8 bytes at an offset into its range. */
typedef uint64_t fake_read_fn(void *context, uint64_t offset, unsigned width);
typedef void fake_write_fn(void *context, uint64_t offset, unsigned width, uint64_t value);

/* Forgets everything and frees what it gave out; fails the test when a window or lock is still
 * held. */
void fake_reset(void);

/* Memory at `address`: its bytes as they are now. Mappings of it are exact copies (ASan sees an
 * access behind their end); bytes that nobody has set read as 0xff. */
void fake_memory(uint64_t address, const void *bytes, size_t size);
/* Registers in memory, or ports. */
void fake_device(uint64_t address, size_t size, fake_read_fn *read, fake_write_fn *write,
                 void *context);
void fake_ports(uint16_t port, size_t size, fake_read_fn *read, fake_write_fn *write,
                void *context);
/* Ports that nobody has answer with all bits set. */

void fake_cpuid(uint32_t leaf, uint32_t subleaf, struct machine_cpuid value);
void fake_msr(uint32_t msr, uint64_t value);
uint64_t fake_msr_value(uint32_t msr);

/* The TSC: each machine_tsc call adds `step` to it. */
extern uint64_t fake_tsc;
extern uint64_t fake_tsc_step;

/* Mappings and allocations fail from now on. */
extern bool fake_out_of_memory;

/* Whether any line of the log has the text, and the log as it is. */
bool fake_logged(const char *text);
const char *fake_log(void);
