/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console on drivers/uart. The log waits for the line when the ring is full: a boot
 * message that is lost is worse than one that is late; guests' output asks for room first. */
#include "kernel/serial.h"

#include "drivers/apic.h"
#include "drivers/ioapic.h"
#include "drivers/pci.h"
#include "drivers/uart.h"
#include "exarch/bits.h"
#include "kernel/early_console.h"
#include "kernel/irq.h"
#include "kernel/log.h"

#define COM1_PORT       0x3f8u
#define COM1_IRQ        4u
#define UART_CLOCK      1843200u
#define BAUD            115200u
#define QUEUE_MAX       1024u     /* what serial_write_some lets wait: 90 ms at 115200 */
#define CLASS_SERIAL    0x070000u /* PCI: simple communication, serial; the interface is its 16x50 */
#define CLASS_SERIAL_OF 0xffff00u

static struct uart uart;
static bool present;
static bool polled; /* no interrupt: writers wait for the line */
static void (*listener)(void);

static void interrupted(void *context)
{
    (void)context;
    uart_interrupt(&uart);
    if (listener) {
        listener();
    }
}

void serial_write(const void *data, size_t size)
{
    const char *from = data;

    while (present && size) {
        size_t taken = uart_write(&uart, from, MIN(size, uart_room(&uart)));
        from += taken;
        size -= taken;
        if (size || polled) {
            uart_flush(&uart);
        }
    }
}

size_t serial_write_some(const char *data, size_t size)
{
    if (!present) {
        return size; /* there is nobody to keep it for */
    }
    size_t queued = UART_TX_SIZE - uart_room(&uart);
    size_t room = queued < QUEUE_MAX ? QUEUE_MAX - queued : 0;
    size_t taken = uart_write(&uart, data, MIN(size, room));
    if (polled) {
        uart_poll(&uart);
    }
    return taken;
}

static void log_line(struct log_sink *sink, const char *text, size_t length)
{
    size_t start = 0;

    (void)sink;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            serial_write(text + start, i - start);
            serial_write("\r\n", 2);
            start = i + 1;
        }
    }
    serial_write(text + start, length - start);
}

static void flush(struct log_sink *sink)
{
    (void)sink;
    uart_flush_forced(&uart);
}

void serial_force_unlock(void)
{
    uart.lock = (struct machine_lock){0};
}

static void unlock(struct log_sink *sink)
{
    (void)sink;
    serial_force_unlock();
}

static struct log_sink sink = {
    .name = "serial", .write = log_line, .flush = flush, .unlock = unlock};

void serial_release_log(void)
{
    log_remove_sink(&sink);
}

void serial_flush(void)
{
    if (present) {
        uart_flush_forced(&uart);
    }
}

bool serial_is_present(void)
{
    return present;
}

bool serial_is_polled(void)
{
    return present && polled;
}

size_t serial_read(void *data, size_t size)
{
    if (polled) {
        uart_poll(&uart);
    }
    return present ? uart_read(&uart, data, size) : 0;
}

void serial_set_listener(void (*function)(void))
{
    listener = function;
}

/* The vector for the port's interrupt, routed by `route`; without one the port is polled. */
static bool take_interrupt(int (*route)(const void *, uint8_t), const void *what)
{
    int vector = irq_vector_alloc("serial", interrupted, NULL);
    int error = vector < 0 ? vector : route(what, (uint8_t)vector);

    if (error && vector >= 0) {
        irq_vector_free((unsigned)vector);
    }
    if (error) {
        log_warn(LOG_CONSOLE, "serial: no interrupt (%s), polled", err_text(error));
    }
    return !error;
}

static int route_isa(const void *what, uint8_t vector)
{
    (void)what;
    return ioapic_route_isa(COM1_IRQ, vector, apic_id());
}

static int route_pci(const void *what, uint8_t vector)
{
    const struct pci_device *device = what;

    if (!device->irq_line || device->irq_line == 0xff) {
        return -ERR_NODEV;
    }
    return ioapic_route(device->irq_line, vector, apic_id(), true, true);
}

static void use(int (*route)(const void *, uint8_t), const void *what)
{
    present = true;
    polled = !take_interrupt(route, what);
    if (!polled) {
        uart_enable_interrupts(&uart);
    }
}

/* The first PCI port that answers; its BAR 0 is I/O or memory. */
static bool use_pci(void)
{
    for (struct pci_device *d = NULL; (d = pci_find_class(d, CLASS_SERIAL, CLASS_SERIAL_OF));) {
        struct uart_place place = {.stride = 1, .clock = UART_CLOCK};
        pci_enable(d);
        if (d->bars[0].kind == PCI_BAR_IO) {
            place.port = (uint16_t)d->bars[0].base;
        } else {
            place.window = pci_map_bar(d, 0);
        }
        if ((place.port || place.window) && !uart_init(&uart, &place, BAUD)) {
            log_info(LOG_CONSOLE, "serial console on PCI %02x:%02x.%x", d->at.bus, d->at.device,
                     d->at.function);
            use(route_pci, d);
            log_add_sink(&sink); /* with all that went before: there was no COM1 to show it */
            return true;
        }
    }
    return false;
}

void serial_init(void)
{
    static const struct uart_place com1 = {.port = COM1_PORT, .stride = 1, .clock = UART_CLOCK};

    if (!uart_init(&uart, &com1, BAUD)) {
        log_info(LOG_CONSOLE, "serial console on COM1");
        use(route_isa, NULL);
        early_console_release_serial();
        log_add_sink_quietly(&sink);
    } else if (!use_pci()) {
        log_info(LOG_CONSOLE, "no serial port");
    }
}
