/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUs that run: a table that only grows, at boot. */
#include "kernel/smp.h"

#include "kernel/panic.h"

static struct cpu boot_cpu;
static struct cpu *cpus[CPU_MAX] = {&boot_cpu};
static unsigned count = 1;

unsigned smp_cpu_count(void)
{
    return count;
}

struct cpu *smp_cpu(unsigned index)
{
    assert(index < count);
    return cpus[index];
}
