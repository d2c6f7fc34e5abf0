/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-CPU data. GS.base points to this CPU's struct from the first C code on; root has no SWAPGS.
 * A module that needs per-CPU state adds a pointer or a small struct here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/bits.h"
#include "kernel/x86/gdt.h"

#define CPU_MAX 64u

struct cpu {
    struct cpu *self; /* at gs:0 */
    void *stack_top;  /* of the stack that this CPU starts on */
    unsigned index;   /* 0 is the boot CPU; dense */
    uint32_t apic_id;
    volatile bool online;
    uint64_t irq_counts[256];
    uint64_t timer_deadline; /* of kernel/time, in TSC ticks */
    void *virt;              /* kernel/virt's state of this CPU */
    struct gdt gdt;
    struct tss tss;
};

static inline struct cpu *cpu_self(void)
{
    struct cpu *cpu;

    __asm__("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

static inline unsigned cpu_index(void)
{
    return cpu_self()->index;
}
