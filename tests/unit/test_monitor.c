/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/monitor.c: commands typed on the console, on guests and a machine that are fakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci.h"
#include "kernel/console.h"
#include "kernel/guests.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/monitor.h"
#include "kernel/monitor_host.h"
#include "tests/unit/fake_machine.h"

static char seen[1 << 16];
static char acts[1024]; /* what the fakes were asked for */
static enum guest_state states[2];

static void act(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void act(const char *format, ...)
{
    size_t used = strlen(acts);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(acts + used, sizeof(acts) - used, format, args);
    va_end(args);
}

/* --- fakes --------------------------------------------------------------------------------------
 */

void monitor_host_time(struct monitor_time *time)
{
    *time = (struct monitor_time){
        .up_ns = 61005000000, .wall_ns = UINT64_C(1700000000999999999), .rtc_s = 1700000001};
}

unsigned guests_count(void)
{
    return 2;
}

void guests_describe(unsigned n, struct guest_info *info)
{
    *info = (struct guest_info){.name = n == 0 ? "debian" : "debug",
                                .last_end = n == 0 ? "" : "reset",
                                .state = states[n],
                                .memory = UINT64_C(512) << 20,
                                .cpus = 1,
                                .starts = n};
}

const char *guests_state_name(enum guest_state state)
{
    static const char *const names[GUEST_STATES] = {"off", "running", "paused", "stopping",
                                                    "broken"};
    return names[state];
}

int guests_start(unsigned n)
{
    act("start%u ", n);
    return states[n] == GUEST_RUNNING ? -ERR_BUSY : states[n] == GUEST_BROKEN ? -ERR_INVAL : 0;
}

int guests_stop(unsigned n)
{
    act("stop%u ", n);
    return states[n] == GUEST_BROKEN ? -ERR_NOENT : 0;
}

int guests_reset(unsigned n)
{
    act("reset%u ", n);
    return 0;
}

int guests_pause(unsigned n, bool pause)
{
    act("pause%u=%d ", n, pause);
    return 0;
}

int guests_stats(unsigned n)
{
    act("stats%u ", n);
    return 0;
}

bool monitor_host_cpu(unsigned index, struct monitor_cpu *cpu)
{
    *cpu = (struct monitor_cpu){.apic_id = 2 * index, .online = true, .interrupts = 77};
    return index < 2;
}

void monitor_host_panic(void)
{
    fail_msg("nobody asked for it");
    abort();
}

void monitor_host_reboot(void)
{
    act("reboot ");
}

int monitor_host_poweroff(void)
{
    act("poweroff ");
    return -ERR_NODEV;
}

void mem_stats(struct mem_stats *stats)
{
    *stats = (struct mem_stats){.total_pages = 262144, .free_pages = 1024};
}

static struct pci_device nic = {
    .at = {.bus = 3}, .vendor = 0x8086, .device = 0x10d3, .class_code = 0x020000};

unsigned pci_count(void)
{
    return 1;
}

struct pci_device *pci_get(unsigned index)
{
    assert_int_equal(index, 0);
    nic.bars[1] = (struct pci_bar){.kind = PCI_BAR_MEMORY, .base = 0xfe000000, .size = 0x20000};
    return &nic;
}

const char *pci_class_name(uint32_t class_code)
{
    assert_int_equal(class_code, 0x020000);
    return "Ethernet";
}

void log_add_sink(struct log_sink *sink)
{
    sink->write(sink, "a line of the log\n", 18);
}

void log_remove_sink(struct log_sink *sink)
{
    (void)sink;
}

enum log_area log_area_find(const char *name)
{
    return strcmp(name, "mem") == 0 ? LOG_MEM : LOG_AREAS;
}

void log_set_level(enum log_area area, enum log_level level)
{
    act("level%d=%d ", area, level);
}

/* --- the test -----------------------------------------------------------------------------------
 */

static size_t line_write(const char *data, size_t size)
{
    size_t used = strlen(seen);
    assert_true(used + size < sizeof(seen));
    memcpy(seen + used, data, size);
    seen[used + size] = 0;
    return size;
}

static void ignore(unsigned port)
{
    (void)port;
}

static const struct console_line line = {line_write};
static const struct console_listener listener = {ignore, ignore, ignore};

static int setup(void **state)
{
    (void)state;
    fake_reset();
    states[0] = GUEST_RUNNING;
    states[1] = GUEST_OFF;
    console_init(&line, &listener);
    console_open(1, "debian");
    console_open(2, "debug");
    monitor_init();
    seen[0] = 0;
    acts[0] = 0;
    return 0;
}

static void type(const char *keys)
{
    console_input(keys, strlen(keys));
    monitor_poll();
}

static void expect_seen(const char *text)
{
    if (strstr(seen, text) == NULL) {
        fail_msg("'%s' not in '%s'", text, seen);
    }
}

static void guests_by_number_and_name(void **state)
{
    (void)state;
    type("start 2\rstop debian\rreset 1\rpause debug\rresume 2\rstats 1\r");
    assert_string_equal(acts, "start1 stop0 reset0 pause1=1 pause1=0 stats0 ");
    type("start 1\r");
    expect_seen("start: debian is running");
    states[1] = GUEST_BROKEN;
    type("start debug\r");
    expect_seen("start: debug is broken; the log says");
    type("stop debug\r");
    expect_seen("stop: debug is broken; the log says");
    states[1] = GUEST_OFF;
    acts[strlen(acts) - strlen("start1 stop1 ")] = 0;
    type("list all\r");
    expect_seen("expected: list");
    type("start 3\r");
    expect_seen("there is no guest '3'");
    type("start\r");
    expect_seen("expected: start N");
    type("start 1 2\r");
    type("strat 1\r");
    expect_seen("there is no command 'strat'");
    assert_string_equal(acts, "start1 stop0 reset0 pause1=1 pause1=0 stats0 start0 ");
}

static void tables(void **state)
{
    (void)state;
    type("list\r");
    expect_seen("  1  debian               running       512M    1      0");
    expect_seen("  2  debug                off           512M    1      1  reset");
    type("cpus\r");
    expect_seen("  1        2 on                0           77");
    type("memory\r");
    expect_seen("1024 MiB in all, 4 MiB free");
    type("pci\r");
    expect_seen("0000:03:00.0 8086:10d3 020000 Ethernet");
    expect_seen("BAR 1 memory 0xfe000000, 128 KiB");
    type("time\r");
    expect_seen("up 61.005 s; seconds since 1970: 1700000000 by the TSC, 1700000001 by the RTC");
    type("help\r");
    expect_seen("  reset N            cut it and switch it on again");
}

static void the_log(void **state)
{
    (void)state;
    type("log\r");
    expect_seen("a line of the log\r\n");
    type("log mem debug\r");
    assert_string_equal(acts, "level1=3 ");
    type("log mum debug\rlog mem much\r");
    expect_seen("expected: log, or log AREA error|warn|info|debug; AREA: boot ");
    assert_string_equal(acts, "level1=3 ");
}

static void consoles(void **state)
{
    (void)state;
    console_write(1, "boot messages", 13);
    type("history 1\r");
    expect_seen("boot messages\r\n\rexarch> ");
    type("console debian\r");
    assert_int_equal(console_front(), 1);
    type("list\r"); /* goes to the guest */
    assert_string_equal(acts, "");
    type("\001m");
    assert_int_equal(console_front(), CONSOLE_MONITOR);
}

static void completion(void **state)
{
    (void)state;
    type("powe\t\r");
    assert_string_equal(acts, "poweroff ");
    expect_seen("it did not go off: no such device or feature");
    type("start deb\t\t");
    expect_seen("debian  debug");
    type("u\t\r");
    assert_string_equal(acts, "poweroff start1 ");
    type("memory d\t");
    expect_seen("exarch> memory d\033[K");
    type("\r");
    type("reboot\r");
    assert_string_equal(acts, "poweroff start1 reboot ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(guests_by_number_and_name, setup),
        cmocka_unit_test_setup(tables, setup),
        cmocka_unit_test_setup(the_log, setup),
        cmocka_unit_test_setup(consoles, setup),
        cmocka_unit_test_setup(completion, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
