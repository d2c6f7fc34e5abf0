/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/console.c on a line that takes as many bytes as the test lets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/console.h"
#include "tests/unit/fake_machine.h"

static char seen[1 << 20];
static size_t seen_count, line_room;
static char told[4096]; /* what the listener heard */

static size_t line_write(const char *data, size_t size)
{
    size = size < line_room ? size : line_room;
    assert_true(seen_count + size < sizeof(seen));
    memcpy(seen + seen_count, data, size);
    seen_count += size;
    seen[seen_count] = 0;
    line_room -= size;
    return size;
}

static void tell(const char *what, unsigned port)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%s%u ", what, port);
    if (strlen(told) + 32 < sizeof(told)) {
        strcat(told, text);
    }
}

static void on_input(unsigned port)
{
    tell("i", port);
}

static void on_room(unsigned port)
{
    tell("r", port);
}

static void on_front(unsigned port)
{
    tell("f", port);
}

static const struct console_line line = {line_write};
static const struct console_listener listener = {on_input, on_room, on_front};

static void clear(void)
{
    seen_count = 0;
    seen[0] = 0;
    told[0] = 0;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    clear();
    line_room = SIZE_MAX;
    console_init(&line, &listener);
    console_open(1, "debian");
    console_open(2, "other");
    return 0;
}

static size_t put(unsigned port, const char *text)
{
    return console_write(port, text, strlen(text));
}

static void keys(const char *text)
{
    console_input(text, strlen(text));
}

static void only_the_front_is_seen(void **state)
{
    (void)state;
    assert_int_equal(console_front(), CONSOLE_MONITOR);
    put(1, "one ");
    put(2, "two ");
    console_say(CONSOLE_MONITOR, "mon ", 4);
    assert_string_equal(seen, "mon ");
    clear();
    assert_true(console_switch(1));
    assert_string_equal(told, "f1 ");
    assert_string_equal(seen, "\r\n[1: debian; Ctrl-A then m for the monitor, ? for help]\r\none ");
    put(2, "more");
    put(1, "now");
    assert_non_null(strstr(seen, "one now"));
    clear();
    assert_true(console_switch(2));
    assert_non_null(strstr(seen, "two more")); /* what was missed, once */
    clear();
    assert_true(console_switch(1));
    assert_null(strstr(seen, "one"));
    assert_false(console_switch(3));
    assert_false(console_switch(99));
    assert_int_equal(console_front(), 1);
}

static void prefix_key(void **state)
{
    (void)state;
    char got[16];
    console_switch(1);
    clear();
    keys("ab\001\001c");
    assert_string_equal(told, "i1 i1 i1 i1 ");
    assert_int_equal(console_read(1, got, sizeof(got)), 4);
    assert_memory_equal(got, "ab\001c", 4);
    clear();
    keys("\001");
    keys("n");
    assert_int_equal(console_front(), 2);
    keys("\001n");
    assert_int_equal(console_front(), 1); /* over the monitor */
    keys("\001p");
    assert_int_equal(console_front(), 2);
    keys("\0011x\0012y\0010z");
    assert_int_equal(console_front(), CONSOLE_MONITOR);
    assert_int_equal(console_read(1, got, sizeof(got)), 1);
    assert_int_equal(console_read(2, got, sizeof(got)), 1);
    assert_int_equal(console_read(0, got, sizeof(got)), 1);
    assert_int_equal(got[0], 'z');
    keys("\0011\001m");
    assert_int_equal(console_front(), CONSOLE_MONITOR);
    keys("\0017"); /* not there */
    assert_int_equal(console_front(), CONSOLE_MONITOR);
    clear();
    keys("\001?");
    assert_non_null(strstr(seen, "Ctrl-A and then"));
}

static void a_background_port_keeps_the_newest(void **state)
{
    (void)state;
    static char big[3 * CONSOLE_SCROLLBACK];
    for (size_t n = 0; n < sizeof(big); n++) {
        big[n] = (char)('a' + n % 26);
    }
    assert_int_equal(console_write(1, big, sizeof(big)), sizeof(big));
    assert_int_equal(put(1, "END"), 3);
    console_switch(1);
    const char *text = strchr(strstr(seen, "help"), '\n') + 1;
    assert_int_equal(strlen(text), CONSOLE_SCROLLBACK);
    assert_string_equal(text + CONSOLE_SCROLLBACK - 3, "END");
    assert_memory_equal(text, big + sizeof(big) - CONSOLE_SCROLLBACK + 3, 1000);
}

/* A fast guest on a slow line: it never waits, and each byte that was taken comes out in order. */
static void the_front_loses_nothing(void **state)
{
    (void)state;
    static char wrote[600000];
    size_t count = 0;
    bool was_refused = false;
    console_switch(1);
    clear();
    line_room = 0;
    srand(8);
    while (count < 500000) {
        char data[2000];
        size_t size = (size_t)rand() % sizeof(data);
        for (size_t n = 0; n < size; n++) {
            data[n] = (char)rand();
        }
        size_t taken = console_write(1, data, size);
        memcpy(wrote + count, data, taken);
        count += taken;
        was_refused |= taken < size;
        line_room += (size_t)rand() % 1500;
        console_pump();
    }
    line_room = SIZE_MAX;
    console_pump();
    assert_int_equal(seen_count, count);
    assert_memory_equal(seen, wrote, count);
    assert_true(was_refused);
    assert_non_null(strstr(told, "r1 "));
}

static void a_switch_frees_who_was_refused(void **state)
{
    (void)state;
    static char big[CONSOLE_SCROLLBACK + 1];
    memset(big, 'x', sizeof(big));
    console_switch(1);
    line_room = 0;
    assert_int_equal(console_write(1, big, sizeof(big)), CONSOLE_SCROLLBACK);
    clear();
    keys("\001m");
    assert_string_equal(told, "r1 f0 ");
}

/* Log lines are seen whatever is in front, each on a line of its own, before what else waits. */
static void the_log_is_always_seen(void **state)
{
    (void)state;
    console_switch(1);
    clear();
    put(1, "prompt> ");
    console_log("root speaks\r\n", 13);
    put(1, "more\r\n");
    console_log("again\r\n", 7);
    assert_string_equal(seen, "prompt> \r\nroot speaks\r\nmore\r\nagain\r\n");
    clear();
    line_room = 4;
    put(1, "12345678\n");
    console_log("log\r\n", 5);
    line_room = SIZE_MAX;
    console_pump();
    assert_string_equal(seen, "1234\r\nlog\r\n5678\n");
    console_log("x\r\n", 3);
    console_pump_log_forced();
}

/* The monitor's prompt makes way for the log; what is still on its way to the line does not. */
static void the_log_and_the_prompt(void **state)
{
    (void)state;
    console_say(CONSOLE_MONITOR, "exarch> ", 8);
    console_log("log\r\n", 5);
    assert_string_equal(seen, "exarch> \r\033[Klog\r\n");
    clear();
    line_room = 4;
    console_say(CONSOLE_MONITOR, "12345678\r\n", 10);
    console_log("log\r\n", 5);
    line_room = SIZE_MAX;
    console_pump();
    assert_string_equal(seen, "1234\r\nlog\r\n5678\r\n");
}

static void input_has_an_end(void **state)
{
    (void)state;
    char got[2 * CONSOLE_INPUT];
    for (unsigned n = 0; n < CONSOLE_INPUT + 10; n++) {
        keys("k");
    }
    assert_int_equal(console_read(0, got, sizeof(got)), CONSOLE_INPUT);
    assert_int_equal(console_read(0, got, sizeof(got)), 0);
}

static void history_is_all_that_is_kept(void **state)
{
    (void)state;
    char got[8];
    uint64_t at = 0;
    put(1, "0123456789");
    assert_int_equal(console_history(1, &at, got, sizeof(got)), 8);
    assert_memory_equal(got, "01234567", 8);
    assert_int_equal(console_history(1, &at, got, sizeof(got)), 2);
    assert_int_equal(console_history(1, &at, got, sizeof(got)), 0);
    static char big[CONSOLE_SCROLLBACK];
    memset(big, 'y', sizeof(big));
    console_write(1, big, sizeof(big));
    at = 0;
    assert_int_equal(console_history(1, &at, got, 1), 1);
    assert_int_equal(got[0], 'y');
    assert_true(at == 11);
    at = 1 << 20;
    assert_int_equal(console_history(1, &at, got, 1), 0);
}

/* The log waits for a line that takes nothing: its oldest lines are lost, whole ones. */
static void the_log_loses_whole_lines(void **state)
{
    (void)state;
    char text[32];
    line_room = 0;
    for (unsigned n = 0; n < CONSOLE_LOG / 10; n++) {
        console_log(text, (size_t)snprintf(text, sizeof(text), "line %u is out\r\n", n));
    }
    line_room = SIZE_MAX;
    console_pump();
    unsigned first = 0;
    assert_true(seen_count <= CONSOLE_LOG && seen_count > CONSOLE_LOG - 32);
    assert_int_equal(sscanf(seen, "line %u is out\r\n", &first), 1);
    assert_true(first > 0);
    for (const char *at = seen; *at; at = strchr(at, '\n') + 1) {
        unsigned n = 0;
        assert_int_equal(sscanf(at, "line %u is", &n), 1);
        assert_int_equal(n, first++);
    }
    assert_int_equal(first, CONSOLE_LOG / 10);
}

/* A guest's lines take half of the log's room at most, and it hears when it may go on. */
static void a_guest_cannot_crowd_the_log(void **state)
{
    (void)state;
    static const char text[] = "root: something\r\n";
    line_room = 0;
    size_t size = 0;
    for (; console_log_ready(3); size += sizeof(text) - 1) {
        console_log(text, sizeof(text) - 1);
    }
    assert_true(size > CONSOLE_LOG / 2 && size < CONSOLE_LOG / 2 + sizeof(text));
    assert_false(console_log_ready(5));
    console_pump();
    assert_string_equal(told, "");
    line_room = size / 4; /* three quarters of a half are still too much */
    console_pump();
    assert_string_equal(told, "");
    line_room = size / 2;
    console_pump();
    assert_string_equal(told, "r3 r5 ");
    assert_true(console_log_ready(3));
    console_pump();
    assert_string_equal(told, "r3 r5 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_the_front_is_seen, setup),
        cmocka_unit_test_setup(prefix_key, setup),
        cmocka_unit_test_setup(a_background_port_keeps_the_newest, setup),
        cmocka_unit_test_setup(the_front_loses_nothing, setup),
        cmocka_unit_test_setup(a_switch_frees_who_was_refused, setup),
        cmocka_unit_test_setup(the_log_is_always_seen, setup),
        cmocka_unit_test_setup(the_log_and_the_prompt, setup),
        cmocka_unit_test_setup(the_log_loses_whole_lines, setup),
        cmocka_unit_test_setup(a_guest_cannot_crowd_the_log, setup),
        cmocka_unit_test_setup(input_has_an_end, setup),
        cmocka_unit_test_setup(history_is_all_that_is_kept, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
