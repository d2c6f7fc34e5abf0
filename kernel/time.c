/* SPDX-License-Identifier: BSD-2-Clause */
/* The TSC as a clock, and each CPU's deadline on its APIC timer. */
#include "kernel/time.h"

#include "boot/boot_info.h"
#include "drivers/apic.h"
#include "drivers/clock.h"
#include "kernel/cpu_local.h"
#include "kernel/irq.h"
#include "kernel/log.h"
#include "kernel/mem_boot.h"
#include "kernel/rtc.h"
#include "kernel/x86/cpu.h"

#define NS_A_SECOND UINT64_C(1000000000)

static uint64_t hz;
static uint64_t ns_per_tick; /* times 2^32 */
static uint64_t wall_base;   /* nanoseconds since 1970 when the TSC was wall_tsc */
static uint64_t wall_tsc;

uint64_t time_tsc_hz(void)
{
    return hz;
}

uint64_t time_ns_from_tsc(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
}

uint64_t time_ns(void)
{
    return time_ns_from_tsc(tsc_read() - boot_info_get()->handover_tsc);
}

uint64_t time_wall_ns(uint64_t tsc)
{
    return tsc >= wall_tsc ? wall_base + time_ns_from_tsc(tsc - wall_tsc)
                           : wall_base - time_ns_from_tsc(wall_tsc - tsc);
}

uint64_t time_tsc_from_us(uint64_t us)
{
    return us / 1000000 * hz + us % 1000000 * hz / 1000000;
}

void time_delay_us(unsigned us)
{
    uint64_t end = tsc_read() + time_tsc_from_us(us);

    while (tsc_read() < end) {
        cpu_pause();
    }
}

void time_set_deadline(uint64_t deadline)
{
    cpu_self()->timer_deadline = deadline;
    if (deadline == UINT64_MAX) {
        apic_timer_stop();
    } else {
        apic_timer_set(deadline);
    }
}

/* A timer that cannot reach far enough fires early. */
static void timer_fired(void *context)
{
    uint64_t deadline = cpu_self()->timer_deadline;

    (void)context;
    if (deadline != UINT64_MAX && tsc_read() < deadline) {
        apic_timer_set(deadline);
    }
}

int time_init(void)
{
    hz = clock_measure_tsc();
    if (!hz) {
        return -ERR_NODEV;
    }
    ns_per_tick = (NS_A_SECOND << 32) / hz; /* fits: hz is above 1 MHz */
    wall_tsc = tsc_read();
    wall_base = rtc_read() * NS_A_SECOND;
    log_set_clock(time_ns);
    irq_vector_set(IRQ_VECTOR_TIMER, "timer", timer_fired, NULL);
    return apic_timer_init(hz);
}
