/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 (National Semiconductor PC16550D data sheet). The transmit interrupt is on just while the
 * ring holds something; switching it on with an empty transmitter raises it at once, which starts
 * the chain.
 */
#include "drivers/uart.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

enum uart_register {
    UART_DATA = 0, /* divisor low with DLAB */
    UART_IER = 1,  /* divisor high with DLAB */
    UART_IIR = 2,  /* read */
    UART_FCR = 2,  /* write */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCRATCH = 7
};

#define IER_RECEIVE  0x01u
#define IER_TRANSMIT 0x02u
#define IER_LINE     0x04u
#define IIR_NONE     0x01u
#define IIR_FIFO     0xc0u
#define FCR_ENABLE   0x07u /* on, both cleared, receive trigger 1 byte */
#define FCR_TRIGGER8 0x80u
#define LCR_8N1      0x03u
#define LCR_DLAB     0x80u
#define MCR_DTR      0x01u
#define MCR_RTS      0x02u
#define MCR_OUT2     0x08u /* lets the interrupt out on PCs */
#define MCR_LOOP     0x10u
#define LSR_DATA     0x01u
#define LSR_OVERRUN  0x02u
#define LSR_FRAMING  0x08u
#define LSR_BREAK    0x10u
#define LSR_THR      0x20u
#define LSR_ABSENT   0xffu

#define FIFO_SIZE       16u
#define LOOP_POLLS      100000u
#define FLUSH_POLLS     1000000u
#define INTERRUPT_LOOPS 256u

static uint8_t uart_get(const struct uart *uart, enum uart_register reg)
{
    const struct uart_place *place = &uart->place;
    unsigned offset = reg * place->stride;
    return place->window != NULL ? reg_read8(place->window + offset)
                                 : io_read8((uint16_t)(place->port + offset));
}

static void uart_put(struct uart *uart, enum uart_register reg, unsigned value)
{
    const struct uart_place *place = &uart->place;
    unsigned offset = reg * place->stride;
    if (place->window != NULL) {
        reg_write8(place->window + offset, (uint8_t)value);
    } else {
        io_write8((uint16_t)(place->port + offset), (uint8_t)value);
    }
}

static void set_interrupts(struct uart *uart, unsigned enable)
{
    if (uart->interrupt_enable != enable) {
        uart->interrupt_enable = (uint8_t)enable;
        uart_put(uart, UART_IER, enable);
    }
}

/* --- set-up -------------------------------------------------------------------------------------
 */

static bool scratch_works(struct uart *uart)
{
    for (unsigned n = 0; n < 2; n++) {
        unsigned value = n == 0 ? 0x5a : 0xa5;
        uart_put(uart, UART_SCRATCH, value);
        if (uart_get(uart, UART_SCRATCH) != value) {
            return false;
        }
    }
    return uart_get(uart, UART_LSR) != LSR_ABSENT;
}

/* Sends a byte to itself. */
static bool loop_works(struct uart *uart)
{
    bool works = false;
    uart_put(uart, UART_MCR, MCR_LOOP | MCR_RTS | MCR_DTR);
    uart_put(uart, UART_DATA, 0x3c);
    for (unsigned n = 0; n < LOOP_POLLS && !works; n++) {
        works = (uart_get(uart, UART_LSR) & LSR_DATA) != 0;
    }
    works = works && uart_get(uart, UART_DATA) == 0x3c;
    uart_put(uart, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
    return works;
}

int uart_init(struct uart *uart, const struct uart_place *place, uint32_t baud)
{
    memset(uart, 0, sizeof(*uart));
    uart->place = *place;
    if (!scratch_works(uart)) {
        return -ERR_NODEV;
    }
    uint32_t divisor = MAX((place->clock / 16 + baud / 2) / baud, 1u);
    uart_put(uart, UART_IER, 0);
    uart_put(uart, UART_LCR, LCR_DLAB | LCR_8N1);
    uart_put(uart, UART_DATA, divisor & 0xff);
    uart_put(uart, UART_IER, divisor >> 8);
    uart_put(uart, UART_LCR, LCR_8N1);
    uart_put(uart, UART_FCR, FCR_ENABLE);
    uart->fifo = (uart_get(uart, UART_IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_SIZE : 1;
    if (!loop_works(uart)) {
        return -ERR_NODEV;
    }
    uart_put(uart, UART_FCR, FCR_ENABLE | FCR_TRIGGER8);
    return 0;
}

/* --- moving bytes; all with the lock held -------------------------------------------------------
 */

static void receive(struct uart *uart)
{
    for (unsigned n = 0; n < UART_RX_SIZE; n++) {
        uint8_t status = uart_get(uart, UART_LSR);
        if (status == LSR_ABSENT) {
            return;
        }
        uart->stats.overruns += (status & LSR_OVERRUN) != 0;
        uart->stats.framing_errors += (status & LSR_FRAMING) != 0;
        uart->stats.breaks += (status & LSR_BREAK) != 0;
        if ((status & LSR_DATA) == 0) {
            return;
        }
        uint8_t byte = uart_get(uart, UART_DATA);
        if ((status & LSR_BREAK) != 0) {
            continue; /* a break reads as a 0 that nobody sent */
        }
        if (uart->rx_head - uart->rx_tail == UART_RX_SIZE) {
            uart->stats.rx_dropped++;
            continue;
        }
        uart->rx[uart->rx_head++ % UART_RX_SIZE] = byte;
        uart->stats.received++;
    }
}

static void transmit(struct uart *uart)
{
    if ((uart_get(uart, UART_LSR) & LSR_THR) != 0) {
        for (unsigned n = 0; n < uart->fifo && uart->tx_tail != uart->tx_head; n++) {
            uart_put(uart, UART_DATA, uart->tx[uart->tx_tail++ % UART_TX_SIZE]);
            uart->stats.sent++;
        }
    }
    if (uart->interrupts) {
        unsigned more = uart->tx_tail != uart->tx_head ? IER_TRANSMIT : 0;
        set_interrupts(uart, IER_RECEIVE | IER_LINE | more);
    }
}

/* --- interface ----------------------------------------------------------------------------------
 */

void uart_enable_interrupts(struct uart *uart)
{
    uint64_t state = machine_lock(&uart->lock);
    uart->interrupts = true;
    transmit(uart);
    machine_unlock(&uart->lock, state);
}

bool uart_interrupt(struct uart *uart)
{
    bool ours = false;
    uint64_t state = machine_lock(&uart->lock);
    /* Edge-triggered lines need the reason cleared before we leave; a broken one must not hold us.
     */
    for (unsigned n = 0; n < INTERRUPT_LOOPS; n++) {
        uint8_t reason = uart_get(uart, UART_IIR);
        if ((reason & IIR_NONE) != 0) {
            break;
        }
        ours = true;
        receive(uart);
        transmit(uart);
        (void)uart_get(uart, UART_MSR);
    }
    uart->stats.interrupts += ours;
    machine_unlock(&uart->lock, state);
    return ours;
}

void uart_poll(struct uart *uart)
{
    uint64_t state = machine_lock(&uart->lock);
    receive(uart);
    transmit(uart);
    machine_unlock(&uart->lock, state);
}

size_t uart_write(struct uart *uart, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t state = machine_lock(&uart->lock);
    size_t taken = MIN(size, (size_t)(UART_TX_SIZE - (uart->tx_head - uart->tx_tail)));
    for (size_t n = 0; n < taken; n++) {
        uart->tx[uart->tx_head++ % UART_TX_SIZE] = bytes[n];
    }
    uart->stats.tx_dropped += size - taken;
    if (uart->interrupts && uart->tx_head != uart->tx_tail) {
        set_interrupts(uart, IER_RECEIVE | IER_LINE | IER_TRANSMIT);
    }
    machine_unlock(&uart->lock, state);
    return taken;
}

size_t uart_room(struct uart *uart)
{
    uint64_t state = machine_lock(&uart->lock);
    size_t room = UART_TX_SIZE - (uart->tx_head - uart->tx_tail);
    machine_unlock(&uart->lock, state);
    return room;
}

size_t uart_read(struct uart *uart, void *data, size_t size)
{
    uint8_t *bytes = data;
    size_t count = 0;
    uint64_t state = machine_lock(&uart->lock);
    while (count < size && uart->rx_tail != uart->rx_head) {
        bytes[count++] = uart->rx[uart->rx_tail++ % UART_RX_SIZE];
    }
    machine_unlock(&uart->lock, state);
    return count;
}

/* Sends until the ring is empty, or the transmitter does not move any more. */
static void drain(struct uart *uart)
{
    unsigned polls = 0;
    while (uart->tx_tail != uart->tx_head && polls < FLUSH_POLLS) {
        uint32_t before = uart->tx_tail;
        transmit(uart);
        polls = uart->tx_tail == before ? polls + 1 : 0;
        machine_pause();
    }
}

void uart_flush(struct uart *uart)
{
    uint64_t state = machine_lock(&uart->lock);
    drain(uart);
    machine_unlock(&uart->lock, state);
}

void uart_flush_forced(struct uart *uart)
{
    drain(uart);
}
