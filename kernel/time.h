/* SPDX-License-Identifier: BSD-2-Clause */
/* Time: the TSC, calibrated once, is the clock; each CPU has one deadline. */
#pragma once

#include <stdint.h>

#include "exarch/err.h"

/* Measures the TSC and sets the boot CPU's timer up; the APIC and the clocks are there. */
int time_init(void) MUST_CHECK;

uint64_t time_tsc_hz(void);

/* Nanoseconds since the hand-over to root. */
uint64_t time_ns(void);
/* Nanoseconds since 1970 UTC when the TSC was `tsc`; the real-time clock's word at boot. */
uint64_t time_wall_ns(uint64_t tsc);

uint64_t time_tsc_from_us(uint64_t us);
uint64_t time_ns_from_tsc(uint64_t ticks);

/* Busy waiting. */
void time_delay_us(unsigned us);

/* This CPU gets a timer interrupt when the TSC reaches `deadline`, at once if it has; it replaces
 * the deadline before. The interrupt does nothing but end HLT or a guest's run. UINT64_MAX: none.
 */
void time_set_deadline(uint64_t deadline);
