/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 serial ports, at I/O ports or in memory. Writers never wait: bytes go into a ring that the
 * interrupt handler (or uart_poll) empties. Before interrupts are on, and in a panic, uart_flush
 * waits for the transmitter, a bounded time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/machine.h"
#include "exarch/err.h"

#define UART_TX_SIZE 32768u /* powers of two */
#define UART_RX_SIZE 1024u

#define UART_CLOCK_LEGACY 1843200u

/* Where the registers are and how they are spaced. */
struct uart_place {
    uint16_t port;   /* of the first register, unless `window` is given */
    uint8_t *window; /* mapped registers, or NULL */
    unsigned stride; /* bytes from one register to the next */
    uint32_t clock;  /* Hz before division by 16 and the divisor */
};

struct uart_stats {
    uint64_t sent, received;
    uint64_t tx_dropped; /* bytes that uart_write had no room for */
    uint64_t rx_dropped; /* ring full */
    uint64_t overruns, framing_errors, breaks, interrupts;
};

struct uart {
    struct uart_place place;
    unsigned fifo; /* bytes that the transmitter takes at once */
    uint8_t interrupt_enable;
    bool interrupts; /* transmission is driven by interrupts */
    struct machine_lock lock;
    struct uart_stats stats;
    uint32_t tx_head, tx_tail, rx_head, rx_tail;
    uint8_t tx[UART_TX_SIZE];
    uint8_t rx[UART_RX_SIZE];
};

/* Looks whether there is a UART (scratch register, then loop back of a byte) and sets it to `baud`
 * 8n1. -ERR_NODEV when not. */
MUST_CHECK int uart_init(struct uart *uart, const struct uart_place *place, uint32_t baud);

/* From now on uart_interrupt comes: receive, transmit and line status interrupts go on. */
void uart_enable_interrupts(struct uart *uart);

/* What the interrupt handler calls; true when the UART had a reason. Also moves data when polled.
 */
bool uart_interrupt(struct uart *uart);
/* For UARTs without an interrupt, and against lost ones: takes what came, sends what waits. */
void uart_poll(struct uart *uart);

/* Queues text; what does not fit is counted and dropped. Returns how many bytes were taken. */
size_t uart_write(struct uart *uart, const void *data, size_t size);
/* Free bytes in the transmit ring: a writer that must not lose anything asks first. */
size_t uart_room(struct uart *uart);
size_t uart_read(struct uart *uart, void *data, size_t size);

/* Waits until the ring is sent, at most as long as that takes at the slowest plausible rate. */
void uart_flush(struct uart *uart);
/* The same from a panic: the lock is ignored. */
void uart_flush_forced(struct uart *uart);
