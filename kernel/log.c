/* SPDX-License-Identifier: BSD-2-Clause */
/* The log: one lock, one ring of recent text, a list of sinks. */
#include "kernel/log.h"

#include <stdbool.h>

#include "exarch/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"

#define LINE_MAX  400
#define RING_SIZE KIB(32)

static struct spinlock lock;
static struct log_sink *sinks;
static uint64_t (*clock)(void);
static uint64_t ring_written; /* bytes ever; the ring holds the last RING_SIZE of them */
static char ring[RING_SIZE];

static enum log_level levels[LOG_AREAS] = {[0 ... LOG_AREAS - 1] = LOG_INFO};

static const char *const area_names[LOG_AREAS] = {
#define AREA_NAME(name, text) [name] = (text),
    LOG_AREA_ROWS(AREA_NAME)
#undef AREA_NAME
};

static void emit(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        ring[ring_written++ % RING_SIZE] = text[i];
    }
    for (struct log_sink *sink = sinks; sink; sink = sink->next) {
        sink->write(sink, text, length);
    }
}

void log_raw(const char *text, size_t length)
{
    uint64_t flags = spin_lock_irq(&lock);

    emit(text, length);
    spin_unlock_irq(&lock, flags);
}

static int prefix(char *line, size_t size, enum log_area area, enum log_level level)
{
    static const char *const words[] = {"ERROR: ", "warning: ", "", "debug: "};
    int length = 0;

    if (clock) {
        uint64_t us = clock() / 1000;
        length = format_buffer(line, size, "[%5lu.%06lu] ", us / 1000000, us % 1000000);
    }
    return length + format_buffer(line + length, size - (size_t)length, "%s: %s", area_names[area],
                                  words[level]);
}

void log_write_va(enum log_area area, enum log_level level, const char *format, va_list args)
{
    char line[LINE_MAX];

    if (level > levels[area]) {
        return;
    }
    size_t length = (size_t)prefix(line, sizeof(line), area, level);
    length += (size_t)format_buffer_va(line + length, sizeof(line) - length, format, args);
    length = MIN(length, sizeof(line) - 2);
    line[length++] = '\n';
    log_raw(line, length);
}

void log_write(enum log_area area, enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_write_va(area, level, format, args);
    va_end(args);
}

/* The ring's text from its oldest whole line on. */
static void replay(struct log_sink *sink)
{
    /* One less than the ring holds, for the byte before `from` to be there too. */
    uint64_t from = ring_written >= RING_SIZE ? ring_written - RING_SIZE + 1 : 0;

    while (from && from < ring_written && ring[(from - 1) % RING_SIZE] != '\n') {
        from++;
    }
    while (from < ring_written) {
        size_t start = from % RING_SIZE;
        size_t length = MIN(ring_written - from, RING_SIZE - start);
        sink->write(sink, ring + start, length);
        from += length;
    }
}

static void add_sink(struct log_sink *sink, bool with_past)
{
    uint64_t flags = spin_lock_irq(&lock);

    if (with_past) {
        replay(sink);
    }
    sink->next = sinks;
    sinks = sink;
    spin_unlock_irq(&lock, flags);
}

void log_add_sink(struct log_sink *sink)
{
    add_sink(sink, true);
}

void log_add_sink_quietly(struct log_sink *sink)
{
    add_sink(sink, false);
}

void log_flush(void)
{
    for (struct log_sink *sink = sinks; sink; sink = sink->next) {
        if (sink->flush) {
            sink->flush(sink);
        }
    }
}

void log_remove_sink(struct log_sink *sink)
{
    uint64_t flags = spin_lock_irq(&lock);

    for (struct log_sink **link = &sinks; *link; link = &(*link)->next) {
        if (*link == sink) {
            *link = sink->next;
            break;
        }
    }
    spin_unlock_irq(&lock, flags);
}

void log_set_level(enum log_area area, enum log_level level)
{
    levels[area] = level;
}

enum log_area log_area_find(const char *name)
{
    unsigned area = 0;

    while (area < LOG_AREAS && strcmp(name, area_names[area])) {
        area++;
    }
    return (enum log_area)area;
}

void log_set_clock(uint64_t (*nanoseconds)(void))
{
    clock = nanoseconds;
}

void log_force_unlock(void)
{
    lock = (struct spinlock){0};
    for (struct log_sink *sink = sinks; sink; sink = sink->next) {
        if (sink->unlock) {
            sink->unlock(sink);
        }
    }
}
