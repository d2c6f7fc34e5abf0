/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011: two FIFOs between the guest and the platform's console. */
/*
 * The line is as fast as the platform takes bytes: a received byte's time-out (RT) comes at once, a
 * sent byte raises TX at once. As the firmware of real machines leaves it enabled, the transmitter
 * works whatever UARTCR says; input is taken only once the guest has enabled the receiver, so that
 * nothing typed before is lost.
 */
#include "guestdev/machine.h"

#include "dbt/platform.h"
#include "dbt/vcpu.h"

enum {
    UART_DR = 0x00,
    UART_RSR = 0x04,
    UART_FR = 0x18,
    UART_ILPR = 0x20,
    UART_IBRD = 0x24,
    UART_FBRD = 0x28,
    UART_LCR_H = 0x2c,
    UART_CR = 0x30,
    UART_IFLS = 0x34,
    UART_IMSC = 0x38,
    UART_RIS = 0x3c,
    UART_MIS = 0x40,
    UART_ICR = 0x44,
    UART_DMACR = 0x48,
    UART_ID = 0xfe0,
};

#define FR_CTS  BIT32(0)
#define FR_DSR  BIT32(1)
#define FR_DCD  BIT32(2)
#define FR_RI   BIT32(8)
#define FR_RXFE BIT32(4)
#define FR_TXFF BIT32(5)
#define FR_RXFF BIT32(6)
#define FR_TXFE BIT32(7)
#define FR_BUSY BIT32(3)

#define LCR_H_FEN BIT32(4)
#define CR_UARTEN BIT32(0)
#define CR_LBE    BIT32(7)
#define CR_RXE    BIT32(9)
#define CR_DTR    BIT32(10)
#define CR_RTS    BIT32(11)
#define CR_OUT1   BIT32(12)
#define CR_OUT2   BIT32(13)
#define CR_RESET  UINT32_C(0x300)

#define RSR_OE BIT32(3)
#define DR_OE  BIT32(11)

#define INT_RI  BIT32(0)
#define INT_CTS BIT32(1)
#define INT_DCD BIT32(2)
#define INT_DSR BIT32(3)
#define INT_RX  BIT32(4)
#define INT_TX  BIT32(5)
#define INT_RT  BIT32(6)
#define INT_OE  BIT32(10)
#define INT_ALL UINT32_C(0x7ff)

/* UARTPeriphID0-3 (revision 1: FIFOs of 16), UARTPCellID0-3 */
static const uint8_t identification[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static struct pl011 *uart_of(struct vm *vm)
{
    return &vm->machine.uart;
}

/* --- FIFOs: of one entry while LCR_H.FEN is clear
 * --------------------------------------------------- */
static unsigned depth(const struct pl011 *uart)
{
    return uart->lcr_h & LCR_H_FEN ? PL011_FIFO : 1;
}

static void put(struct pl011_fifo *fifo, uint8_t value)
{
    fifo->data[(fifo->head + fifo->count) % PL011_FIFO] = value;
    fifo->count++;
}

static uint8_t get(struct pl011_fifo *fifo)
{
    uint8_t value = fifo->data[fifo->head];

    fifo->head = (uint8_t)((fifo->head + 1) % PL011_FIFO);
    fifo->count--;
    return value;
}

/* UARTIFLS: the level at which a FIFO interrupts, in eighths of it: 1, 2, 4, 6, 7. Holding
 * registers interrupt when there is something to read, or nothing more to send. */
static unsigned trigger(const struct pl011 *uart, unsigned select, unsigned holding)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

    return uart->lcr_h & LCR_H_FEN ? PL011_FIFO * eighths[select & 7] / 8 : holding;
}

static unsigned rx_trigger(const struct pl011 *uart)
{
    return trigger(uart, uart->ifls >> 3, 1);
}

/* --- interrupts
 * -------------------------------------------------------------------------------------- */
static void update(struct vm *vm)
{
    struct pl011 *uart = uart_of(vm);

    if (uart->rx.count < rx_trigger(uart)) {
        uart->ris &= ~INT_RX;
    }
    if (!uart->rx.count) {
        uart->ris &= ~INT_RT;
    }
    gic_set_spi(vm, GIC_SPI(MACHINE_SPI_UART), uart->ris & uart->imsc);
}

/* --- moving bytes
 * -------------------------------------------------------------------------------------- */
/* A byte that finds the FIFO full is lost: an overrun, until there is room again (3.3.1, 3.3.2). */
static void receive(struct pl011 *uart, uint8_t byte)
{
    uart->overrun = uart->rx.count >= depth(uart);
    if (uart->overrun) {
        uart->rsr |= RSR_OE;
        uart->ris |= INT_OE;
        return;
    }
    put(&uart->rx, byte);
    uart->ris |= INT_RT | (uart->rx.count >= rx_trigger(uart) ? INT_RX : 0);
}

static void send(struct pl011 *uart)
{
    while (uart->tx.count) {
        uint8_t byte = uart->tx.data[uart->tx.head];

        if (uart->cr & CR_LBE) {
            receive(uart, byte);
        } else if (plat_console_write(&byte, 1) != 1) {
            break;
        }
        get(&uart->tx);
    }
    if (uart->tx.count <= trigger(uart, uart->ifls, 0)) {
        uart->ris |= INT_TX;
    } else {
        uart->ris &= ~INT_TX;
    }
}

static void take_input(struct pl011 *uart)
{
    uint8_t bytes[PL011_FIFO];
    bool enabled = (uart->cr & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE);
    size_t room = enabled && uart->rx.count < depth(uart) ? depth(uart) - uart->rx.count : 0;
    size_t got = room && !(uart->cr & CR_LBE) ? plat_console_read(bytes, room) : 0;

    for (size_t i = 0; i < got; i++) {
        receive(uart, bytes[i]);
    }
}

void pl011_poll(struct vm *vm)
{
    struct pl011 *uart = uart_of(vm);

    if (uart->tx.count) {
        send(uart);
    }
    take_input(uart);
    update(vm);
}

void pl011_reset(struct vm *vm)
{
    *uart_of(vm) = (struct pl011){.cr = CR_RESET, .ifls = 0x12};
}

/* --- modem lines: nothing drives them but loop-back
 * ------------------------------------------------- */
static const struct {
    uint32_t output, input, interrupt; /* bits of UARTCR, UARTFR, UARTRIS */
} modem_lines[] = {
    {CR_RTS, FR_CTS, INT_CTS},
    {CR_DTR, FR_DSR, INT_DSR},
    {CR_OUT1, FR_DCD, INT_DCD},
    {CR_OUT2, FR_RI, INT_RI},
};

static uint32_t modem_inputs(const struct pl011 *uart)
{
    uint32_t inputs = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(modem_lines) && uart->cr & CR_LBE; i++) {
        inputs |= uart->cr & modem_lines[i].output ? modem_lines[i].input : 0;
    }
    return inputs;
}

/* An input that changes interrupts. */
static void write_control(struct pl011 *uart, uint32_t value)
{
    uint32_t changed = modem_inputs(uart);

    uart->cr = value;
    changed ^= modem_inputs(uart);
    for (unsigned i = 0; i < ARRAY_SIZE(modem_lines); i++) {
        uart->ris |= changed & modem_lines[i].input ? modem_lines[i].interrupt : 0;
    }
}

/* --- registers
 * ------------------------------------------------------------------------------------------ */
static uint32_t read_data(struct pl011 *uart)
{
    uint32_t value;

    if (!uart->rx.count) {
        return 0;
    }
    value = get(&uart->rx) | (uart->overrun ? DR_OE : 0);
    uart->overrun = false;
    take_input(uart);
    return value;
}

static void write_data(struct pl011 *uart, uint8_t byte)
{
    if (uart->tx.count < depth(uart)) { /* a full FIFO drops the byte, as the manual has it */
        put(&uart->tx, byte);
    }
    send(uart);
}

static uint32_t flags(const struct pl011 *uart)
{
    return modem_inputs(uart) | (uart->rx.count ? 0 : FR_RXFE) |
           (uart->rx.count >= depth(uart) ? FR_RXFF : 0) | (uart->tx.count ? FR_BUSY : FR_TXFE) |
           (uart->tx.count >= depth(uart) ? FR_TXFF : 0);
}

/* The storage of a register that is only kept, with the bits that a write changes; NULL: another.
 */
static uint32_t *plain_register(struct pl011 *uart, uint64_t offset, uint32_t *mask)
{
    switch (offset) {
    case UART_ILPR: *mask = 0xff; return &uart->ilpr;
    case UART_IBRD: *mask = 0xffff; return &uart->ibrd;
    case UART_FBRD: *mask = 0x3f; return &uart->fbrd;
    case UART_LCR_H: *mask = 0xff; return &uart->lcr_h;
    case UART_CR: *mask = 0xff87; return &uart->cr;
    case UART_IFLS: *mask = 0x3f; return &uart->ifls;
    case UART_IMSC: *mask = INT_ALL; return &uart->imsc;
    case UART_DMACR: *mask = 0x7; return &uart->dmacr;
    default: return NULL;
    }
}

bool pl011_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    struct pl011 *uart = uart_of(vm);
    uint64_t reg = offset & ~UINT64_C(3);
    uint32_t mask, *plain = plain_register(uart, reg, &mask);

    if (size > 4) {
        return false;
    }
    if (plain) {
        *value = *plain;
    } else {
        switch (reg) {
        case UART_DR: *value = offset == UART_DR ? read_data(uart) : 0; break;
        case UART_RSR: *value = uart->rsr; break;
        case UART_FR: *value = flags(uart); break;
        case UART_RIS: *value = uart->ris; break;
        case UART_MIS: *value = uart->ris & uart->imsc; break;
        default: *value = reg >= UART_ID ? identification[(reg - UART_ID) >> 2] : 0;
        }
    }
    *value >>= (offset & 3) * 8;
    update(vm);
    return true;
}

bool pl011_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl011 *uart = uart_of(vm);
    uint32_t mask, *plain = plain_register(uart, offset, &mask);

    if (size > 4) {
        return false;
    }
    if (plain) {
        bool flush = offset == UART_LCR_H && (*plain ^ value) & LCR_H_FEN;

        if (offset == UART_CR) {
            write_control(uart, (uint32_t)value & mask);
        } else {
            *plain = (uint32_t)value & mask;
        }
        if (flush) {
            uart->rx = (struct pl011_fifo){0};
            uart->overrun = false;
        }
        take_input(uart);
    } else if (offset == UART_DR) {
        write_data(uart, (uint8_t)value);
    } else if (offset == UART_RSR) {
        uart->rsr = 0;
    } else if (offset == UART_ICR) {
        uart->ris &= ~(uint32_t)value;
    }
    update(vm);
    return true;
}
