/* SPDX-License-Identifier: BSD-2-Clause */
/* Polled COM1 at 115200 8n1 (16550 data sheet) and port 0xe9, each if it is there. */
#include "kernel/early_console.h"

#include <stdbool.h>

#include "kernel/log.h"
#include "kernel/x86/cpu.h"

#define COM1      UINT16_C(0x3f8)
#define DEBUGCON  UINT16_C(0xe9)
#define POLLS_MAX 100000u /* a stuck transmitter costs time, never the machine */

// clang-format off
enum uart_register { UART_DATA = 0, UART_IER = 1, UART_FCR = 2, UART_LCR = 3, UART_MCR = 4, UART_LSR = 5,
                     UART_SCR = 7 };
// clang-format on

#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define FCR_CLEAR     0x07
#define MCR_DTR_RTS   0x03
#define LSR_THR_EMPTY 0x20

static void uart_write(enum uart_register reg, uint8_t value)
{
    port_write8((uint16_t)(COM1 + reg), value);
}

/* The scratch register keeps what is written where there is a UART, and reads 0xff where not. */
static bool uart_present(void)
{
    uart_write(UART_SCR, 0x5a);
    return port_read8(COM1 + UART_SCR) == 0x5a;
}

static void uart_init(void)
{
    uart_write(UART_IER, 0);
    uart_write(UART_LCR, LCR_DLAB | LCR_8N1);
    uart_write(UART_DATA, 1); /* divisor 1: 115200 */
    uart_write(UART_IER, 0);
    uart_write(UART_LCR, LCR_8N1);
    uart_write(UART_FCR, FCR_CLEAR);
    uart_write(UART_MCR, MCR_DTR_RTS);
}

static void uart_put(char c)
{
    for (unsigned polls = 0; polls < POLLS_MAX; polls++) {
        if (port_read8(COM1 + UART_LSR) & LSR_THR_EMPTY) {
            break;
        }
        cpu_pause();
    }
    uart_write(UART_DATA, (uint8_t)c);
}

static void serial_write(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            uart_put('\r');
        }
        uart_put(text[i]);
    }
}

static void debugcon_write(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    for (size_t i = 0; i < length; i++) {
        port_write8(DEBUGCON, (uint8_t)text[i]);
    }
}

static struct log_sink serial_sink = {.name = "early serial", .write = serial_write};
static struct log_sink debugcon_sink = {.name = "port 0xe9", .write = debugcon_write};

void early_console_init(void)
{
    if (port_read8(DEBUGCON) == DEBUGCON) { /* what Bochs and QEMU answer there */
        log_add_sink(&debugcon_sink);
    }
    if (uart_present()) {
        uart_init();
        log_add_sink(&serial_sink);
    }
}

void early_console_release_serial(void)
{
    log_remove_sink(&serial_sink);
}
