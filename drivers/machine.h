/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that a driver needs of the machine and of root: ports, device memory, MSRs, CPUID, time,
 * memory, a lock, the log. kernel/machine.c makes it real; tests/unit/fake_machine.c gives the
 * drivers a machine of the test's making, so that the code under test is the code that ships.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/addr.h"
#include "exarch/err.h"

/* --- I/O ports ----------------------------------------------------------------------------------
 */
uint8_t io_read8(uint16_t port);
uint16_t io_read16(uint16_t port);
uint32_t io_read32(uint16_t port);
void io_write8(uint16_t port, uint8_t value);
void io_write16(uint16_t port, uint16_t value);
void io_write32(uint16_t port, uint32_t value);

/* --- device memory: `reg` lies in a mapping of machine_map --------------------------------------
 */
uint8_t reg_read8(const volatile void *reg);
uint16_t reg_read16(const volatile void *reg);
uint32_t reg_read32(const volatile void *reg);
uint64_t reg_read64(const volatile void *reg);
void reg_write8(volatile void *reg, uint8_t value);
void reg_write16(volatile void *reg, uint16_t value);
void reg_write32(volatile void *reg, uint32_t value);
void reg_write64(volatile void *reg, uint64_t value);

enum machine_cache {
    MACHINE_DEVICE,   /* uncached registers */
    MACHINE_COMBINED, /* write combining: a frame buffer */
    MACHINE_TABLE     /* cached: firmware tables */
};

/* A window on physical memory, until machine_unmap with the same size; NULL without memory. */
void *machine_map(hpa_t address, size_t size, enum machine_cache cache);
void machine_unmap(const volatile void *window, size_t size);

/* --- the CPU ------------------------------------------------------------------------------------
 */
struct machine_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct machine_cpuid machine_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t machine_msr_read(uint32_t msr);
void machine_msr_write(uint32_t msr, uint64_t value);
uint64_t machine_tsc(void);
void machine_pause(void);

/* --- root's services ----------------------------------------------------------------------------
 */
/* Zeroed memory for good; NULL without memory. */
void *machine_alloc(size_t size);

/* A lock that also keeps this CPU's interrupts off. */
struct machine_lock {
    uint32_t word;
};

/* Takes the lock; the result goes to machine_unlock. */
uint64_t machine_lock(struct machine_lock *lock);
void machine_unlock(struct machine_lock *lock, uint64_t state);

enum machine_level { MACHINE_ERROR, MACHINE_WARN, MACHINE_INFO, MACHINE_DEBUG };

/* A line in root's log; `area` is one of kernel/log.h's names. */
void machine_log(const char *area, enum machine_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
