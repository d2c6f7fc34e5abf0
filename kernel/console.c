/* SPDX-License-Identifier: BSD-2-Clause */
/* The console multiplexer; see console.h. */
#include "kernel/console.h"

#include "drivers/machine.h"
#include "exarch/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define SAY_MAX 256u

struct port {
    const char *name; /* NULL: not open */
    uint64_t head;    /* bytes ever written */
    uint64_t sent;    /* of these, how many are out or given up */
    bool refused;     /* output was turned away: its owner wants to hear of room */
    bool log_refused; /* the same, of a line for the log */
    uint32_t input_head, input_tail;
    uint64_t input_lost;
    char input[CONSOLE_INPUT];
    char *text; /* the newest `size` bytes, at their number modulo size */
    size_t size;
};

static struct port ports[CONSOLE_PORTS];
static struct port log_port; /* root's log: always shown */
static char port_text[CONSOLE_PORTS][CONSOLE_SCROLLBACK];
static char log_text[CONSOLE_LOG];
static char last_sent = '\n';
static struct machine_lock lock;
static const struct console_line *line;
static const struct console_listener *listener;
static unsigned front;
static bool prefix_seen;

void console_init(const struct console_line *new_line, const struct console_listener *new_listener)
{
    memset(ports, 0, sizeof(ports));
    for (unsigned n = 0; n < CONSOLE_PORTS; n++) {
        ports[n].text = port_text[n];
        ports[n].size = sizeof(port_text[n]);
    }
    log_port = (struct port){.text = log_text, .size = sizeof(log_text)};
    last_sent = '\n';
    line = new_line;
    listener = new_listener;
    front = CONSOLE_MONITOR;
    prefix_seen = false;
    console_open(CONSOLE_MONITOR, "monitor");
}

void console_open(unsigned port, const char *name)
{
    ports[port].name = name;
}

unsigned console_front(void)
{
    return front;
}

/* --- output; the lock is held in all of these ---------------------------------------------------
 */

static void append(struct port *port, const char *data, size_t size)
{
    if (size > port->size) {
        port->head += size - port->size;
        data += size - port->size;
        size = port->size;
    }
    size_t at = port->head % port->size;
    size_t first = MIN(size, port->size - at);
    memcpy(port->text + at, data, first);
    memcpy(port->text, data + first, size - first);
    port->head += size;
    if (port->head - port->sent > port->size) {
        port->sent = port->head - port->size;
    }
}

static size_t unsent(const struct port *port)
{
    return (size_t)(port->head - port->sent);
}

/* What the log loses when the line is too slow for it are its oldest lines, whole ones. */
static void append_log(const char *data, size_t size)
{
    uint64_t sent = log_port.sent;
    append(&log_port, data, size);
    if (log_port.sent != sent) {
        do {
            log_port.sent++;
        } while (unsent(&log_port) != 0 &&
                 log_text[(log_port.sent - 1) % sizeof(log_text)] != '\n');
    }
}

/* Sends what the line takes of a port; false when it did not take all. */
static bool send(struct port *port)
{
    while (port->sent != port->head) {
        size_t at = port->sent % port->size;
        size_t size = MIN(port->head - port->sent, (uint64_t)(port->size - at));
        size_t taken = line->write(port->text + at, size);
        if (taken != 0) {
            last_sent = port->text[at + taken - 1];
        }
        port->sent += taken;
        if (taken != size) {
            return false;
        }
    }
    return true;
}

static void pump(void)
{
    if (send(&log_port)) {
        (void)send(&ports[front]);
    }
}

/* A port that wants to hear of room, now that there is some; CONSOLE_PORTS when none does. */
static unsigned take_refused(void)
{
    for (unsigned n = 0; n < CONSOLE_PORTS && unsent(&log_port) <= CONSOLE_LOG / 4; n++) {
        if (ports[n].log_refused) {
            ports[n].log_refused = false;
            return n;
        }
    }
    struct port *port = &ports[front];
    if (port->refused && unsent(port) <= CONSOLE_SCROLLBACK / 2) {
        port->refused = false;
        return front;
    }
    return CONSOLE_PORTS;
}

static void tell_room(unsigned port)
{
    if (port != CONSOLE_PORTS) {
        listener->room(port);
    }
}

/* --- output -------------------------------------------------------------------------------------
 */

size_t console_write(unsigned number, const char *data, size_t size)
{
    struct port *port = &ports[number];
    uint64_t state = machine_lock(&lock);
    if (number == front) {
        pump();
        size_t room = CONSOLE_SCROLLBACK - unsent(port);
        port->refused |= size > room;
        size = MIN(size, room);
    }
    append(port, data, size);
    if (number == front) {
        pump();
    }
    machine_unlock(&lock, state);
    return size;
}

void console_say(unsigned number, const char *data, size_t size)
{
    uint64_t state = machine_lock(&lock);
    append(&ports[number], data, size);
    pump();
    machine_unlock(&lock, state);
}

void console_log(const char *text, size_t size)
{
    uint64_t state = machine_lock(&lock);
    if (log_port.sent == log_port.head && last_sent != '\n') {
        /* The port in front is within a line. The monitor's is its prompt, which it draws again. */
        bool prompt = front == CONSOLE_MONITOR && unsent(&ports[front]) == 0;
        const char *away = prompt ? "\r\033[K" : "\r\n";
        append_log(away, strlen(away));
    }
    append_log(text, size);
    pump();
    machine_unlock(&lock, state);
}

bool console_log_ready(unsigned port)
{
    uint64_t state = machine_lock(&lock);
    bool ready = unsent(&log_port) <= CONSOLE_LOG / 2;
    ports[port].log_refused |= !ready;
    machine_unlock(&lock, state);
    return ready;
}

void console_force_unlock(void)
{
    lock = (struct machine_lock){0};
}

size_t console_unsent(unsigned port)
{
    uint64_t state = machine_lock(&lock);
    size_t left = port == front ? unsent(&ports[port]) : 0;
    machine_unlock(&lock, state);
    return left;
}

void console_pump_log_forced(void)
{
    (void)send(&log_port);
}

void console_pump(void)
{
    unsigned room = CONSOLE_PORTS;
    do {
        uint64_t state = machine_lock(&lock);
        pump();
        room = take_refused();
        machine_unlock(&lock, state);
        tell_room(room);
    } while (room != CONSOLE_PORTS);
}

size_t console_history(unsigned number, uint64_t *at, char *data, size_t size)
{
    const struct port *port = &ports[number];
    uint64_t state = machine_lock(&lock);
    uint64_t oldest = port->head > CONSOLE_SCROLLBACK ? port->head - CONSOLE_SCROLLBACK : 0;
    *at = MAX(*at, oldest);
    uint64_t left = *at < port->head ? port->head - *at : 0;
    size = MIN(size, (size_t)left);
    for (size_t n = 0; n < size; n++) {
        data[n] = port->text[(*at)++ % CONSOLE_SCROLLBACK];
    }
    machine_unlock(&lock, state);
    return size;
}

/* --- input --------------------------------------------------------------------------------------
 */

/* One byte for the port in front; the port to tell. */
static unsigned deliver(char byte)
{
    uint64_t state = machine_lock(&lock);
    unsigned number = front;
    struct port *port = &ports[number];
    if (port->input_head - port->input_tail < CONSOLE_INPUT) {
        port->input[port->input_head++ % CONSOLE_INPUT] = byte;
    } else {
        port->input_lost++;
    }
    machine_unlock(&lock, state);
    return number;
}

size_t console_read(unsigned number, char *data, size_t size)
{
    struct port *port = &ports[number];
    size_t count = 0;
    uint64_t state = machine_lock(&lock);
    while (count < size && port->input_tail != port->input_head) {
        data[count++] = port->input[port->input_tail++ % CONSOLE_INPUT];
    }
    machine_unlock(&lock, state);
    return count;
}

/* A note of the multiplexer itself, before what the port that is now in front has to show. */
static void note(unsigned number)
{
    char text[SAY_MAX];
    int length = number == CONSOLE_MONITOR
                     ? format_buffer(text, sizeof(text), "\r\n[monitor]\r\n")
                     : format_buffer(text, sizeof(text),
                                     "\r\n[%u: %s; Ctrl-A then m for the monitor, ? for help]\r\n",
                                     number, ports[number].name);
    append_log(text, (size_t)length);
}

bool console_switch(unsigned number)
{
    if (number >= CONSOLE_PORTS || ports[number].name == NULL) {
        return false;
    }
    uint64_t state = machine_lock(&lock);
    bool changed = front != number;
    unsigned left = front;
    front = number;
    if (changed) {
        note(number);
    }
    pump();
    bool tell_left = ports[left].refused && changed; /* in the background there is always room */
    ports[left].refused &= !tell_left;
    machine_unlock(&lock, state);
    if (tell_left) {
        listener->room(left);
    }
    if (changed) {
        listener->front(number);
    }
    return true;
}

/* The next open port after (or before) the one in front; the monitor's is left out. */
static void switch_by(unsigned step)
{
    unsigned number = front;
    do {
        number = (number + step) % CONSOLE_PORTS;
    } while (number != front && (number == CONSOLE_MONITOR || ports[number].name == NULL));
    (void)console_switch(number);
}

static void help(void)
{
    static const char text[] =
        "\r\n[Ctrl-A and then: m the monitor, d detach, which is the same, 1 to 9 a guest, n the "
        "next,\r\n p the previous one, Ctrl-A or a sends a Ctrl-A]\r\n";
    uint64_t state = machine_lock(&lock);
    append_log(text, sizeof(text) - 1);
    pump();
    machine_unlock(&lock, state);
}

/* The byte after the prefix; the port that has input now, or CONSOLE_PORTS. */
static unsigned command(char byte)
{
    switch (byte) {
    case CONSOLE_PREFIX:
    case 'a': return deliver(CONSOLE_PREFIX);
    case 'n': switch_by(1); break;
    case 'p': switch_by(CONSOLE_PORTS - 1); break;
    case '?':
    case 'h': help(); break;
    case '0': (void)console_switch(CONSOLE_MONITOR); break;
    default:
        if (byte >= '1' && byte <= '9') {
            (void)console_switch((unsigned)(byte - '0'));
        } else {
            (void)console_switch(
                CONSOLE_MONITOR); /* m, d, c, Enter: nobody shall be lost in a guest */
        }
    }
    return CONSOLE_PORTS;
}

void console_input(const char *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        unsigned told = CONSOLE_PORTS;
        if (prefix_seen) {
            prefix_seen = false;
            told = command(data[n]);
        } else if (data[n] == CONSOLE_PREFIX) {
            prefix_seen = true;
        } else {
            told = deliver(data[n]);
        }
        if (told != CONSOLE_PORTS) {
            listener->input(told);
        }
    }
}
