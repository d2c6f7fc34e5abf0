/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPUs that run: a table that only grows, at boot. */
#include "kernel/smp.h"

#include "kernel/mem.h"
#include "kernel/panic.h"

#define STACK_SIZE      KIB(32)
#define TRAP_STACK_SIZE KIB(8)

static struct cpu boot_cpu;
static struct cpu *cpus[CPU_MAX] = {&boot_cpu};
static unsigned count = 1;

/* The stacks that hardware switches to, so that even a broken stack gets its report. */
static bool give_trap_stacks(struct cpu *cpu)
{
    for (unsigned ist = IST_NMI; ist < IST_END; ist++) {
        void *top = stack_alloc(TRAP_STACK_SIZE);
        if (!top) {
            return false;
        }
        cpu->tss.ist[ist - 1] = (uintptr_t)top;
    }
    return true;
}

void *smp_init_boot_cpu(void)
{
    boot_cpu.stack_top = stack_alloc(STACK_SIZE);
    boot_cpu.online = true;
    if (!boot_cpu.stack_top || !give_trap_stacks(&boot_cpu)) {
        panic("no memory for stacks");
    }
    return boot_cpu.stack_top;
}

unsigned smp_cpu_count(void)
{
    return count;
}

struct cpu *smp_cpu(unsigned index)
{
    assert(index < count);
    return cpus[index];
}
