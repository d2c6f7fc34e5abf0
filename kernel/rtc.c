/* SPDX-License-Identifier: BSD-2-Clause */
/* The MC146818 real-time clock: its registers change under us, so that two equal readings count. */
#include "kernel/rtc.h"

#include <stdbool.h>

#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"

#define RTC_INDEX     UINT16_C(0x70)
#define RTC_DATA      UINT16_C(0x71)
#define RTC_A         0x0a
#define RTC_A_UPDATE  BIT32(7)
#define RTC_B         0x0b
#define RTC_B_24H     BIT32(1)
#define RTC_B_BINARY  BIT32(2)
#define RTC_HOUR_PM   BIT32(7)
#define TRIES         100000u
#define CENTURY       2000u /* the clock has two digits */
#define SECONDS_A_DAY UINT64_C(86400)

enum field { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static const uint8_t registers[FIELDS] = {
    [SECOND] = 0, [MINUTE] = 2, [HOUR] = 4, [DAY] = 7, [MONTH] = 8, [YEAR] = 9};

static uint8_t rtc_register(uint8_t index)
{
    port_write8(RTC_INDEX, index);
    return port_read8(RTC_DATA);
}

static bool read_once(uint8_t raw[FIELDS])
{
    for (unsigned i = 0; rtc_register(RTC_A) & RTC_A_UPDATE; i++) {
        if (i == TRIES) {
            return false;
        }
    }
    for (unsigned i = 0; i < FIELDS; i++) {
        raw[i] = rtc_register(registers[i]);
    }
    return true;
}

static unsigned decode(uint8_t value, bool binary)
{
    return binary ? value : (value >> 4) * 10u + (value & 15);
}

/* Days since 1970-01-01; March is the first month, so that the leap day is the year's last. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month > 2 ? year : year - 1;
    unsigned m = month > 2 ? month - 3 : month + 9;
    uint64_t since_0000_03 =
        UINT64_C(365) * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;

    return since_0000_03 - 719468;
}

uint64_t rtc_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                     unsigned second)
{
    return days(year, month, day) * SECONDS_A_DAY + hour * 3600u + minute * 60u + second;
}

uint64_t rtc_read(void)
{
    uint8_t raw[FIELDS], again[FIELDS];
    unsigned v[FIELDS];
    unsigned tries = 0;

    do {
        if (tries++ == TRIES || !read_once(raw) || !read_once(again)) {
            return 0;
        }
    } while (memcmp(raw, again, sizeof(raw)));
    uint8_t mode = rtc_register(RTC_B);
    bool pm = !(mode & RTC_B_24H) && (raw[HOUR] & RTC_HOUR_PM);
    if (!(mode & RTC_B_24H)) {
        raw[HOUR] &= (uint8_t)~RTC_HOUR_PM;
    }
    for (unsigned i = 0; i < FIELDS; i++) {
        v[i] = decode(raw[i], mode & RTC_B_BINARY);
    }
    if (!(mode & RTC_B_24H)) {
        v[HOUR] = v[HOUR] % 12 + (pm ? 12 : 0);
    }
    if (v[MONTH] < 1 || v[MONTH] > 12 || v[DAY] < 1 || v[DAY] > 31) {
        return 0;
    }
    return rtc_seconds(CENTURY + v[YEAR], v[MONTH], v[DAY], v[HOUR], v[MINUTE], v[SECOND]);
}
