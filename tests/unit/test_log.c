/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel/log.c: lines, levels, the ring that late sinks read; kernel/rtc.c's calendar against the C
 * library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "kernel/log.h"
#include "kernel/rtc.h"

#define RING KIB(32) /* as in log.c */

struct text_sink {
    struct log_sink sink;
    char text[4 * RING];
    size_t length;
    unsigned flushes;
};

static void take(struct log_sink *sink, const char *text, size_t length)
{
    struct text_sink *t = (struct text_sink *)(void *)sink;

    assert_true(t->length + length < sizeof(t->text));
    memcpy(t->text + t->length, text, length);
    t->length += length;
    t->text[t->length] = '\0';
}

static void flush(struct log_sink *sink)
{
    ((struct text_sink *)(void *)sink)->flushes++;
}

static struct text_sink *new_sink(void)
{
    struct text_sink *t = calloc(1, sizeof(*t));

    t->sink = (struct log_sink){.name = "test", .write = take, .flush = flush};
    return t;
}

static void free_sink(struct text_sink *t)
{
    log_remove_sink(&t->sink);
    free(t);
}

static uint64_t fake_clock(void)
{
    return UINT64_C(61000002000); /* 61.000002 s */
}

static void test_lines(void **state)
{
    struct text_sink *t = new_sink();

    (void)state;
    log_add_sink_quietly(&t->sink);
    log_info(LOG_MEM, "%d pages", 3);
    log_warn(LOG_PCI, "odd");
    log_error(LOG_TRAP, "bad");
    log_debug(LOG_BOOT, "not shown");
    log_set_level(LOG_BOOT, LOG_DEBUG);
    log_debug(LOG_BOOT, "shown");
    log_set_level(LOG_BOOT, LOG_WARN);
    log_info(LOG_BOOT, "not shown");
    log_set_level(LOG_BOOT, LOG_INFO);
    log_raw("raw\r\n", 5);
    assert_string_equal(t->text, "mem: 3 pages\npci: warning: odd\ntrap: ERROR: bad\n"
                                 "boot: debug: shown\nraw\r\n");
    log_flush();
    assert_int_equal(t->flushes, 1);
    free_sink(t);
}

static void test_long_line(void **state)
{
    struct text_sink *t = new_sink();
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_add_sink_quietly(&t->sink);
    log_info(LOG_MEM, "%s", text);
    assert_true(t->length < 500);
    assert_int_equal(t->text[t->length - 1], '\n');
    assert_int_equal(t->text[t->length - 2], 'x');
    free_sink(t);
}

static void test_replay(void **state)
{
    struct text_sink *early = new_sink();
    struct text_sink *late = new_sink();

    (void)state;
    log_add_sink_quietly(&early->sink);
    for (unsigned i = 0; i < 2000; i++) {
        log_info(LOG_DEV, "line %u of many, for the ring to turn over", i);
    }
    log_add_sink(&late->sink);
    /* The end of what went before, from the start of a line on, and nearly a ring full of it. */
    assert_true(late->length <= RING && late->length > RING - 200);
    assert_true(!strncmp(late->text, "dev: line ", 10));
    assert_string_equal(late->text, early->text + early->length - late->length);
    log_info(LOG_DEV, "for both");
    assert_string_equal(late->text + late->length - 14, "dev: for both\n");
    assert_string_equal(early->text + early->length - 14, "dev: for both\n");
    free_sink(early);
    free_sink(late);
    log_info(LOG_DEV, "for nobody");
}

static void test_clock(void **state)
{
    struct text_sink *t = new_sink();

    (void)state;
    log_add_sink_quietly(&t->sink);
    log_set_clock(fake_clock);
    log_info(LOG_TIME, "now");
    log_set_clock(NULL);
    assert_string_equal(t->text, "[   61.000002] time: now\n");
    free_sink(t);
}

static void test_areas(void **state)
{
    (void)state;
    assert_int_equal(log_area_find("boot"), LOG_BOOT);
    assert_int_equal(log_area_find("monitor"), LOG_MONITOR);
    assert_int_equal(log_area_find("nothing"), LOG_AREAS);
}

static void test_calendar(void **state)
{
    (void)state;
    for (unsigned year = 1970; year < 2106; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= 31; day++) {
                struct tm tm = {.tm_year = (int)year - 1900,
                                .tm_mon = (int)month - 1,
                                .tm_mday = (int)day,
                                .tm_hour = 23,
                                .tm_min = 59,
                                .tm_sec = 58};
                time_t expected = timegm(&tm);
                if (tm.tm_mday != (int)day) {
                    continue; /* no such day in that month */
                }
                assert_int_equal(rtc_seconds(year, month, day, 23, 59, 58), expected);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_replay), cmocka_unit_test(test_clock),
        cmocka_unit_test(test_areas),  cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
