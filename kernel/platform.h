/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's devices, brought up in the order that they need each other in. */
#pragma once

/* Tables, interrupt controllers, clocks, PCI, consoles; interrupts are on after it. Panics, in
 * words, without a local APIC or a clock: nothing works without them. */
void platform_init(void);

/* Starts the other CPUs that the tables (or the firmware) name, and reports. */
void platform_start_cpus(void);
