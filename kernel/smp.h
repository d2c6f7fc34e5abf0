/* SPDX-License-Identifier: BSD-2-Clause */
/* The other CPUs: starting them, sending them work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exarch/err.h"
#include "kernel/cpu_local.h"

typedef void smp_call_fn(void *argument);

/* Makes the boot CPU a CPU, with its segments: the first that root does. */
void smp_prepare_boot_cpu(void);
/* Gives the boot CPU stacks with guard pages; returns the top of the one to go on with. */
void *smp_init_boot_cpu(void);

/* How many CPUs run, and each by its index. */
unsigned smp_cpu_count(void);
struct cpu *smp_cpu(unsigned index);

/* Starts a CPU by its APIC id (INIT, SIPI, SIPI; SDM 3 chapter 9.4) and waits until it is online.
 */
int smp_start(uint32_t apic_id) MUST_CHECK;

/* Runs `function` on one CPU, in its interrupt context with interrupts off, and waits for its end.
 * The caller's interrupts stay as they are; calls come from one CPU at a time. */
void smp_call(unsigned index, smp_call_fn *function, void *argument);
/* On every CPU, this one too, one after the other. */
void smp_call_all(smp_call_fn *function, void *argument);

/* Makes a CPU leave HLT or its guest, for it to look at its work again. */
void smp_kick(unsigned index);

/* Stops the other CPUs where they are, for good: panic, power off, reset. */
void smp_stop_others(void);
/* True when this CPU is one of those; it then halts in its NMI. */
bool smp_must_stop(void);

/* What an idle CPU runs after `function` is given: the virtualization scheduler's loop. */
void smp_set_work(unsigned index, smp_call_fn *function, void *argument);

/* Runs the work that this CPU is given, halts in between; for good. */
_Noreturn void smp_idle(void);

/* What the APIC driver (drivers/) offers; set before smp_start. */
struct smp_ipi_ops {
    void (*send)(uint32_t apic_id, unsigned vector);
    void (*send_nmi)(uint32_t apic_id);
    void (*send_init)(uint32_t apic_id);
    void (*send_startup)(uint32_t apic_id, unsigned page);
    void (*init_this_cpu)(void); /* the APIC of the CPU that runs it */
    uint32_t (*this_apic_id)(void);
    void (*delay_us)(unsigned microseconds);
};
void smp_set_ipi_ops(const struct smp_ipi_ops *ops);
