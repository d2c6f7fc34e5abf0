/* SPDX-License-Identifier: BSD-2-Clause */
/* The drivers' seam (drivers/machine.h) on the real machine. */
#include "drivers/machine.h"

#include "kernel/lib/spinlock.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/x86/cpu.h"

_Static_assert(sizeof(struct machine_lock) == sizeof(struct spinlock), "one is the other");

#define IO_ACCESS(width)                                                                           \
    uint##width##_t io_read##width(uint16_t port)                                                  \
    {                                                                                              \
        return port_read##width(port);                                                             \
    }                                                                                              \
    void io_write##width(uint16_t port, uint##width##_t value)                                     \
    {                                                                                              \
        port_write##width(port, value);                                                            \
    }
IO_ACCESS(8)
IO_ACCESS(16)
IO_ACCESS(32)

#define REG_ACCESS(width)                                                                          \
    uint##width##_t reg_read##width(const volatile void *reg)                                      \
    {                                                                                              \
        return *(const volatile uint##width##_t *)reg;                                             \
    }                                                                                              \
    void reg_write##width(volatile void *reg, uint##width##_t value)                               \
    {                                                                                              \
        *(volatile uint##width##_t *)reg = value;                                                  \
    }
REG_ACCESS(8)
REG_ACCESS(16)
REG_ACCESS(32)
REG_ACCESS(64)

void *machine_map(hpa_t address, size_t size, enum machine_cache cache)
{
    static const enum mmio_cache kinds[] = {[MACHINE_DEVICE] = MMIO_UNCACHED,
                                            [MACHINE_COMBINED] = MMIO_WRITE_COMBINING,
                                            [MACHINE_TABLE] = MMIO_CACHED};

    return mmio_map(address, size, kinds[cache]);
}

void machine_unmap(const volatile void *window, size_t size)
{
    mmio_unmap(window, size);
}

struct machine_cpuid machine_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r = cpuid(leaf, subleaf);

    return (struct machine_cpuid){r.eax, r.ebx, r.ecx, r.edx};
}

uint64_t machine_msr_read(uint32_t msr)
{
    return msr_read(msr);
}

void machine_msr_write(uint32_t msr, uint64_t value)
{
    msr_write(msr, value);
}

uint64_t machine_tsc(void)
{
    return tsc_read_ordered();
}

void machine_pause(void)
{
    cpu_pause();
}

void *machine_alloc(size_t size)
{
    return kalloc(size);
}

uint64_t machine_lock(struct machine_lock *lock)
{
    return spin_lock_irq((struct spinlock *)lock);
}

void machine_unlock(struct machine_lock *lock, uint64_t state)
{
    spin_unlock_irq((struct spinlock *)lock, state);
}

void machine_log(const char *area, enum machine_level level, const char *format, ...)
{
    static const enum log_level levels[] = {[MACHINE_ERROR] = LOG_ERROR,
                                            [MACHINE_WARN] = LOG_WARN,
                                            [MACHINE_INFO] = LOG_INFO,
                                            [MACHINE_DEBUG] = LOG_DEBUG};
    enum log_area found = log_area_find(area);
    va_list args;

    va_start(args, format);
    log_write_va(found < LOG_AREAS ? found : LOG_DEV, levels[level], format, args);
    va_end(args);
}
