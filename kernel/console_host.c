/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console multiplexer on this machine. Output is pumped by whoever writes and by the serial
 * interrupt; input is dealt out from the boot CPU's background, where guests come and go, so that
 * nobody holds a guest that ends.
 */
#include "kernel/console_host.h"

#include "kernel/console.h"
#include "kernel/guests.h"
#include "kernel/log.h"
#include "kernel/monitor.h"
#include "kernel/random.h"
#include "kernel/screen.h"
#include "kernel/serial.h"
#include "kernel/virt/sched.h"

#define INPUT_CHUNK  64u
#define FLUSH_ROUNDS 64u

static bool log_came;       /* the monitor's prompt has scrolled away */
static bool somebody_there; /* keys have been pressed: somebody wants to see the prompt */

/* --- what the multiplexer tells: remembered, and acted on in the background ---------------------
 */

static uint64_t input_ports, room_ports;
static bool front_changed;

static void on_input(unsigned port)
{
    __atomic_fetch_or(&input_ports, UINT64_C(1) << port, __ATOMIC_RELAXED);
}

static void on_room(unsigned port)
{
    __atomic_fetch_or(&room_ports, UINT64_C(1) << port, __ATOMIC_RELAXED);
    sched_want_background();
}

static void on_front(unsigned port)
{
    (void)port;
    __atomic_store_n(&front_changed, true, __ATOMIC_RELAXED);
}

/* From the serial interrupt. */
static void serial_moved(void)
{
    console_pump();
    sched_want_background();
}

static const struct console_listener listener = {on_input, on_room, on_front};
static const struct console_line serial_line = {serial_write_some};
static const struct console_line screen_line = {screen_write};

/* --- the log ------------------------------------------------------------------------------------
 */

static void log_write_line(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    size_t start = 0;
    for (size_t n = 0; n < length; n++) {
        if (text[n] == '\n') {
            char line[256 + 2];
            size_t size = n - start < 256 ? n - start : 256;
            __builtin_memcpy(line, text + start, size);
            line[size++] = '\r';
            line[size++] = '\n';
            console_log(line, size);
            start = n + 1;
        }
    }
    __atomic_store_n(&log_came, true, __ATOMIC_RELAXED);
}

static void log_flush_line(struct log_sink *sink)
{
    (void)sink;
    for (unsigned n = 0; n < FLUSH_ROUNDS; n++) {
        console_pump_log_forced();
        serial_flush();
    }
}

static void log_unlock(struct log_sink *sink)
{
    (void)sink;
    console_force_unlock();
    serial_force_unlock();
}

static struct log_sink sink = {
    .name = "console", .write = log_write_line, .flush = log_flush_line, .unlock = log_unlock};

/* --- interface ----------------------------------------------------------------------------------
 */

void console_host_init(enum config_console where)
{
    bool on_screen = where == CONFIG_CONSOLE_SCREEN || !serial_is_present();
    console_init(on_screen ? &screen_line : &serial_line, &listener);
    if (!on_screen) { /* the screen has a sink of its own for the log */
        serial_release_log();
        log_add_sink_quietly(&sink);
        serial_set_listener(serial_moved);
    }
}

static void take_input(void)
{
    char data[INPUT_CHUNK];
    size_t size;
    while ((size = serial_read(data, sizeof(data))) != 0) {
        random_stir();
        somebody_there = true;
        console_input(data, size);
    }
}

static void poll_monitor(uint64_t input)
{
    bool redraw = __atomic_exchange_n(&log_came, false, __ATOMIC_RELAXED);
    redraw |= __atomic_exchange_n(&front_changed, false, __ATOMIC_RELAXED);
    if ((input & 1) != 0) {
        monitor_poll();
    } else if (redraw && somebody_there && console_front() == CONSOLE_MONITOR) {
        monitor_redraw();
    }
}

void console_host_poll(void)
{
    take_input();
    console_pump();
    uint64_t input = __atomic_exchange_n(&input_ports, 0, __ATOMIC_RELAXED);
    uint64_t room = __atomic_exchange_n(&room_ports, 0, __ATOMIC_RELAXED);
    poll_monitor(input);
    guests_console_moved(input, room);
}
