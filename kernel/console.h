/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console multiplexer: the monitor and the guests share one line. Each of them is a port with a
 * scroll-back of 64 KiB; one port is in front: its output goes out, input goes to it. Ctrl-A is the
 * prefix of what is meant for the multiplexer itself.
 *
 * A port in the background keeps its newest 64 KiB and shows what has not been seen when it comes
 * to the front. A port in front never loses a byte: it takes as much as its scroll-back has room
 * for bytes that are not out yet; the rest stays with the guest, whose UART then looks as busy as a
 * real one at the line's speed. Nobody ever waits.
 *
 * The lock is a leaf but for the line's own. Any context may write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_GUESTS     16u
#define CONSOLE_PORTS      (1 + 2 * CONSOLE_GUESTS) /* the monitor, UARTs, virtio consoles */
#define CONSOLE_MONITOR    0u
#define CONSOLE_SCROLLBACK 65536u
#define CONSOLE_LOG        262144u /* root's log that waits for the line */
#define CONSOLE_INPUT      1024u
#define CONSOLE_PREFIX     1 /* Ctrl-A */

/* The line that all share. */
struct console_line {
    /* Takes at most `size` bytes, never waits; how many were taken. */
    size_t (*write)(const char *data, size_t size);
};

struct console_listener {
    /* Input for this port has come (console_read has it). Called without the lock. */
    void (*input)(unsigned port);
    /* There is room for output again that was refused before. Called without the lock. */
    void (*room)(unsigned port);
    /* Another port has come to the front. Called without the lock. */
    void (*front)(unsigned port);
};

void console_init(const struct console_line *line, const struct console_listener *listener);

/* Opens a port; its number is the guest's in the monitor. The name must stay. */
void console_open(unsigned port, const char *name);

/* Output of a port: the bytes that were taken, all of them from a port in the background. */
size_t console_write(unsigned port, const char *data, size_t size);
/* The same with all of it taken, and the oldest that is not out yet lost if need be: for the
 * monitor. */
void console_say(unsigned port, const char *data, size_t size);

/* A whole line of root's log: goes out whichever port is in front, between its bytes. */
void console_log(const char *line, size_t size);
/* Whether a guest whose output is shown in the log may write a line there now: half of the room is
 * root's own. When not, `room` tells of it later. */
bool console_log_ready(unsigned port);
/* For a panic: the holder of the lock does not run any more. */
void console_force_unlock(void);
/* For a panic: moves the log to the line without lock, as long as the line takes it. */
void console_pump_log_forced(void);

/* How many bytes of a port in front still wait for the line; 0 for one in the background. */
size_t console_unsent(unsigned port);

/* Input that has come for a port. */
size_t console_read(unsigned port, char *data, size_t size);

/* Bytes from the terminal. */
void console_input(const char *data, size_t size);

/* Moves output to the line; call it when the line can take more. */
void console_pump(void);

/* Brings a port to the front; false when it is not open. */
bool console_switch(unsigned port);
unsigned console_front(void);

/* Shows a port's scroll-back from its oldest byte: bytes from `*at` (0 first) into data; 0 at the
 * end. */
size_t console_history(unsigned port, uint64_t *at, char *data, size_t size);
