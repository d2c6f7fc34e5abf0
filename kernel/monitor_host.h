/* SPDX-License-Identifier: BSD-2-Clause */
/* What the monitor asks of the machine: kernel/monitor_host.c answers, and a fake in its test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct monitor_cpu {
    uint32_t apic_id;
    bool online;
    uint64_t timer_interrupts;
    uint64_t interrupts; /* of all kinds */
};

/* False when there is no such CPU. */
bool monitor_host_cpu(unsigned index, struct monitor_cpu *cpu);

struct monitor_time {
    uint64_t up_ns;
    uint64_t wall_ns; /* since 1970 UTC, by the TSC */
    uint64_t rtc_s;   /* since 1970, by the battery's clock; 0: there is none */
};

void monitor_host_time(struct monitor_time *time);

_Noreturn void monitor_host_panic(void);

/* Only come back when it did not work. */
void monitor_host_reboot(void);
int monitor_host_poweroff(void);
