/* SPDX-License-Identifier: BSD-2-Clause */
/* Single x86-64 instructions as functions: ports, MSRs, control registers, CPUID, time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exarch/bits.h"

#define RFLAGS_IF BIT64(9)

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

static inline void cpu_halt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}

#ifdef EXARCH_UNIT /* a process may not, and needs not */
static inline void cpu_interrupts_off(void)
{
}

static inline void cpu_interrupts_on(void)
{
}
#else
static inline void cpu_interrupts_off(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline void cpu_interrupts_on(void)
{
    __asm__ volatile("sti" ::: "memory");
}
#endif

/* Interrupts on and halt with no gap between the two (SDM 2: STI's shadow). */
static inline void cpu_interrupts_on_halt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

static inline uint64_t cpu_flags(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

static inline uint64_t cpu_interrupts_save(void)
{
    uint64_t flags = cpu_flags();

    cpu_interrupts_off();
    return flags;
}

static inline void cpu_interrupts_restore(uint64_t flags)
{
    if (flags & RFLAGS_IF) {
        cpu_interrupts_on();
    }
}

/* --- ports ---------------------------------------------------------------------------------- */
static inline void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void port_write16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void port_write32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t port_read16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t port_read32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* --- model-specific registers ------------------------------------------------------------------
 */
static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
                     : "memory");
}

/* As above, but a #GP makes it return false (kernel/x86/trap.c, exception table). */
bool msr_read_safe(uint32_t msr, uint64_t *value);
bool msr_write_safe(uint32_t msr, uint64_t value);

/* --- control registers ----------------------------------------------------------------------- */
#define CPU_CONTROL_REGISTER(n)                                                                    \
    static inline uint64_t cr##n##_read(void)                                                      \
    {                                                                                              \
        uint64_t value;                                                                            \
        __asm__ volatile("movq %%cr" #n ", %0" : "=r"(value)::"memory");                           \
        return value;                                                                              \
    }                                                                                              \
    static inline void cr##n##_write(uint64_t value)                                               \
    {                                                                                              \
        __asm__ volatile("movq %0, %%cr" #n ::"r"(value) : "memory");                              \
    }
CPU_CONTROL_REGISTER(0)
CPU_CONTROL_REGISTER(2)
CPU_CONTROL_REGISTER(3)
CPU_CONTROL_REGISTER(4)
#undef CPU_CONTROL_REGISTER

static inline void tlb_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/* --- time ------------------------------------------------------------------------------------- */
static inline uint64_t tsc_read(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* The TSC after all earlier loads are done (SDM 4: LFENCE orders RDTSC). */
static inline uint64_t tsc_read_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return tsc_read();
}
