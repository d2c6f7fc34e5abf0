/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each core's scheduler: the vCPUs that are pinned to it take turns of SCHED_SLICE_US, round robin.
 * (Shares come by a weight that scales the slice.)
 */
#pragma once

#include "kernel/virt/virt.h"

#define SCHED_SLICE_US 10000

/* Gives a vCPU to its core, for good. Any core. */
void sched_add(struct vcpu *vcpu);

/* A vCPU has something to look at: makes it ready and its core look. Any core. */
void sched_wake(struct vcpu *vcpu);

/* Runs one ready vCPU of this core for a turn; false when none was ready. Interrupts are on. */
bool sched_run_once(void);

/* When this core must look again although nothing happens: the earliest deadline (TSC). */
uint64_t sched_next_deadline(void);

/* A core's work for ever: VMs, and halting when there is none. For smp_set_work. */
void sched_loop(void *unused);

/* The boot CPU calls this between turns and after interrupts (the monitor, the console), and when
 * idle every period_us unless that is 0. Before sched_loop runs there. */
void sched_set_background(void (*function)(void), unsigned period_us);

/* The boot CPU, even when idle, calls it soon after the TSC has reached `tsc`; UINT64_MAX: need
 * not.
 */
void sched_background_at(uint64_t tsc);

/* It has something to do: the boot CPU does not halt before it has looked. Any core, interrupts
 * too. */
void sched_want_background(void);
