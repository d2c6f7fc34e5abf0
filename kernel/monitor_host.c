/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor's view of the machine. */
#include "kernel/monitor_host.h"

#include "exarch/bits.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/rtc.h"
#include "kernel/shutdown.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/x86/cpu.h"

bool monitor_host_cpu(unsigned index, struct monitor_cpu *out)
{
    if (index >= smp_cpu_count()) {
        return false;
    }
    const struct cpu *cpu = smp_cpu(index);
    *out = (struct monitor_cpu){.apic_id = cpu->apic_id,
                                .online = cpu->online,
                                .timer_interrupts = cpu->irq_counts[IRQ_VECTOR_TIMER]};
    for (unsigned n = 0; n < ARRAY_SIZE(cpu->irq_counts); n++) {
        out->interrupts += cpu->irq_counts[n];
    }
    return true;
}

void monitor_host_time(struct monitor_time *time)
{
    *time = (struct monitor_time){
        .up_ns = time_ns(), .wall_ns = time_wall_ns(tsc_read()), .rtc_s = rtc_read()};
}

void monitor_host_panic(void)
{
    panic("by the monitor's wish");
}

void monitor_host_reboot(void)
{
    shutdown_reboot();
}

int monitor_host_poweroff(void)
{
    return shutdown_poweroff();
}
