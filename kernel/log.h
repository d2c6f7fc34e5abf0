/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages by area and level, to every sink there is, and to a ring that later sinks read first.
 *
 *     log_info(LOG_MEM, "%lu MiB free", free >> 20);      ->  [    0.001204] mem: 512 MiB free
 *
 * A line is written whole (no '\n' in the text). Any context may log, interrupts and traps too. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_AREA_ROWS(X)                                                                           \
    X(LOG_BOOT, "boot")                                                                            \
    X(LOG_MEM, "mem")                                                                              \
    X(LOG_CPU, "cpu")                                                                              \
    X(LOG_TRAP, "trap")                                                                            \
    X(LOG_IRQ, "irq")                                                                              \
    X(LOG_TIME, "time")                                                                            \
    X(LOG_ACPI, "acpi")                                                                            \
    X(LOG_PCI, "pci")                                                                              \
    X(LOG_DEV, "dev")                                                                              \
    X(LOG_CONSOLE, "console")                                                                      \
    X(LOG_CONFIG, "config")                                                                        \
    X(LOG_VIRT, "virt")                                                                            \
    X(LOG_VM, "vm")                                                                                \
    X(LOG_BLOCK, "block")                                                                          \
    X(LOG_NET, "net")                                                                              \
    X(LOG_MONITOR, "monitor")

#define LOG_AREA_ENUM(name, text) name,
enum log_area { LOG_AREA_ROWS(LOG_AREA_ENUM) LOG_AREAS };
#undef LOG_AREA_ENUM

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* A place that shows text: `write` gets whole lines with their '\n', already under the log's lock.
 */
struct log_sink {
    const char *name;
    void (*write)(struct log_sink *sink, const char *text, size_t length);
    void (*flush)(struct log_sink *sink);  /* or NULL: for panic, when nothing else runs any more */
    void (*unlock)(struct log_sink *sink); /* or NULL: for panic, breaks the sink's own locks */
    struct log_sink *next;                 /* the log's own */
};

void log_write(enum log_area area, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void log_write_va(enum log_area area, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#define log_error(area, ...) log_write(area, LOG_ERROR, __VA_ARGS__)
#define log_warn(area, ...)  log_write(area, LOG_WARN, __VA_ARGS__)
#define log_info(area, ...)  log_write(area, LOG_INFO, __VA_ARGS__)
#define log_debug(area, ...) log_write(area, LOG_DEBUG, __VA_ARGS__)

/* Text as it is, no prefix: guests' consoles and the monitor. */
void log_raw(const char *text, size_t length);

/* From now on the sink gets every line, after those that the ring still holds. */
void log_add_sink(struct log_sink *sink);
/* The same without what went before: for a sink that takes over from another. */
void log_add_sink_quietly(struct log_sink *sink);
void log_remove_sink(struct log_sink *sink);

/* Lines above `level` are dropped; the start value is LOG_INFO. */
void log_set_level(enum log_area area, enum log_level level);
/* The area of that name, or LOG_AREAS. */
enum log_area log_area_find(const char *name);

/* Nanoseconds since boot for the prefix; until it is set, lines carry no time. */
void log_set_clock(uint64_t (*nanoseconds)(void));

/* For panic: the log's lock and its sinks' are broken, as their holders cannot give them back. */
void log_force_unlock(void);
/* For panic: everything written goes out. */
void log_flush(void);
