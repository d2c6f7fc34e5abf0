/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching off and resetting. VMX stays on on the cores: a reset ends it, and a core in the middle
 * of a guest's run cannot be asked to leave it from an interrupt. */
#include "kernel/shutdown.h"

#include <stdint.h>

#include "drivers/power.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/x86/cpu.h"

#define LINE_DRAIN_US 2000 /* the last 16 bytes, in the port's own FIFO, at 115200 baud */

static void drain(void)
{
    log_flush();
    time_delay_us(LINE_DRAIN_US);
}

int shutdown_poweroff(void)
{
    log_info(LOG_BOOT, "power off");
    drain();
    int error = power_off();
    log_error(LOG_BOOT, "the machine does not switch off: %s", err_text(error));
    return error;
}

void shutdown_reboot(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_idt = {0, 0};

    log_info(LOG_BOOT, "reset");
    drain();
    cpu_interrupts_off();
    smp_stop_others();
    power_reset();
    __asm__ volatile("lidt %0; int3" ::"m"(no_idt));
    for (;;) {
        cpu_halt();
    }
}
