/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's reference clocks (HPET, ACPI PM timer, 8254) and the TSC's rate measured against
 * one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/acpi.h"
#include "exarch/err.h"

/* A counter that runs upwards at `hz` and wraps at `mask`. */
struct clock_source {
    const char *name;
    uint64_t hz;
    uint64_t mask;
    uint64_t (*read)(void);
};

/*
 * Takes the best reference there is: the HPET, else the PM timer, else channel 2 of the 8254.
 * -ERR_NODEV when none counts.
 */
MUST_CHECK int clock_init(const struct acpi_info *info);
const struct clock_source *clock_source(void);

/*
 * The TSC's rate in Hz: the middle one of several measurements of some milliseconds each. Logs it,
 * its reference, whether CPUID calls the TSC invariant, and CPUID's own opinion of the rate when it
 * is far off.
 */
uint64_t clock_measure_tsc(void);
