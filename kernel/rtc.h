/* SPDX-License-Identifier: BSD-2-Clause */
/* The battery's clock. */
#pragma once

#include <stdint.h>

/* Seconds since 1970 UTC, taking the clock to be UTC; 0 when there is none. */
uint64_t rtc_read(void);

/* Seconds since 1970 of a date in the Gregorian calendar. */
uint64_t rtc_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                     unsigned second);
