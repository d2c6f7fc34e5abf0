/* SPDX-License-Identifier: BSD-2-Clause */
/* Touches memory and devices a little, then resets or (by chance: a bit of the counter) switches
 * off: for tests/monitor, psci-restarts. */
#include "tests/guest/guest.h"

static void call(uint64_t id)
{
    register uint64_t x0 __asm__("x0") = id;
    __asm__ volatile("hvc #0" : "+r"(x0)::"x1", "x2", "x3", "memory");
}

int main(void)
{
    say("boot\n");
    mmu_on();
    for (uint64_t at = 0x41000000; at < 0x42000000; at += 4096) {
        *(volatile uint64_t *)at = at;
    }
    say("done\n");
    call(mrs(cntvct_el0) & 64 ? 0x84000009 : 0x84000008); /* SYSTEM_RESET or SYSTEM_OFF */
    return 0;
}
