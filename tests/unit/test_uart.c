/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/uart.c on a 16550 of the test's making that runs as fast as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/uart.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define PORT 0x3f8

static struct {
    uint8_t ier, lcr, mcr, scratch, divisor_low, divisor_high;
    bool fifo, dead, stuck;
    uint8_t tx[16];
    unsigned tx_count; /* in the transmitter's FIFO */
    bool thr_interrupt;
    uint8_t rx[64];
    unsigned rx_count;
    uint8_t line_errors; /* to be shown once with the next byte */
    uint8_t sent[200000];
    size_t sent_count;
} chip;

static uint8_t line_status(void)
{
    return (uint8_t)((chip.rx_count != 0) | chip.line_errors |
                     (chip.tx_count == 0 && !chip.stuck ? 0x60 : 0));
}

static uint64_t chip_read(void *context, uint64_t offset, unsigned width)
{
    unsigned stride = *(unsigned *)context;
    assert_int_equal(width, 1);
    assert_int_equal(offset % stride, 0);
    if (chip.dead) {
        return 0xff;
    }
    switch (offset / stride) {
    case 0: {
        uint8_t byte = chip.rx[0];
        chip.rx_count -= chip.rx_count != 0;
        memmove(chip.rx, chip.rx + 1, sizeof(chip.rx) - 1);
        return byte;
    }
    case 1: return chip.ier;
    case 2:
        if ((chip.ier & 1) != 0 && chip.rx_count != 0) {
            return 0x04 | (chip.fifo ? 0xc0 : 0);
        }
        if ((chip.ier & 2) != 0 && chip.thr_interrupt) {
            chip.thr_interrupt = false;
            return 0x02 | (chip.fifo ? 0xc0 : 0);
        }
        return 0x01 | (chip.fifo ? 0xc0 : 0);
    case 5: {
        uint8_t status = line_status();
        chip.line_errors = 0;
        return status;
    }
    case 7: return chip.scratch;
    default: return 0;
    }
}

static void chip_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    unsigned stride = *(unsigned *)context;
    bool dlab = (chip.lcr & 0x80) != 0;
    assert_int_equal(width, 1);
    switch (offset / stride) {
    case 0:
        if (dlab) {
            chip.divisor_low = (uint8_t)value;
        } else if ((chip.mcr & 0x10) != 0) {
            chip.rx[chip.rx_count++] = (uint8_t)value;
        } else {
            assert_true(chip.tx_count < (chip.fifo ? 16 : 1)); /* an overrun loses a byte */
            chip.tx[chip.tx_count++] = (uint8_t)value;
            chip.thr_interrupt = false;
        }
        break;
    case 1:
        if (dlab) {
            chip.divisor_high = (uint8_t)value;
        } else {
            chip.thr_interrupt |= (value & 2) != 0 && (chip.ier & 2) == 0 && chip.tx_count == 0;
            chip.ier = (uint8_t)value;
        }
        break;
    case 3: chip.lcr = (uint8_t)value; break;
    case 4: chip.mcr = (uint8_t)value; break;
    case 7: chip.scratch = (uint8_t)value; break;
    default: break;
    }
}

/* The line takes all that the transmitter holds. */
static void line_runs(void)
{
    assert_true(chip.sent_count + chip.tx_count <= sizeof(chip.sent));
    memcpy(chip.sent + chip.sent_count, chip.tx, chip.tx_count);
    chip.sent_count += chip.tx_count;
    chip.thr_interrupt |= chip.tx_count != 0;
    chip.tx_count = 0;
}

static struct uart *uart;
static unsigned stride;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&chip, 0, sizeof(chip));
    chip.fifo = true;
    stride = 1;
    fake_ports(PORT, 8, chip_read, chip_write, &stride);
    uart = calloc(1, sizeof(*uart));
    assert_non_null(uart);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(uart);
    return 0;
}

static const struct uart_place legacy = {.port = PORT, .stride = 1, .clock = UART_CLOCK_LEGACY};

static void set_up(void **state)
{
    (void)state;
    assert_int_equal(uart_init(uart, &legacy, 115200), 0);
    assert_int_equal(chip.divisor_low, 1);
    assert_int_equal(chip.lcr, 3);
    assert_int_equal(chip.mcr, 0x0b);
    assert_int_equal(uart->fifo, 16);
    assert_int_equal(uart_init(uart, &legacy, 300), 0);
    assert_int_equal(chip.divisor_low | chip.divisor_high << 8, 384);
}

static void absent(void **state)
{
    (void)state;
    const struct uart_place nowhere = {.port = 0x2f8, .stride = 1, .clock = UART_CLOCK_LEGACY};
    assert_int_equal(uart_init(uart, &nowhere, 115200), -ERR_NODEV);
    chip.dead = true;
    assert_int_equal(uart_init(uart, &legacy, 115200), -ERR_NODEV);
}

static void in_memory_with_a_stride(void **state)
{
    (void)state;
    stride = 4;
    fake_device(0xfe000000, 32, chip_read, chip_write, &stride);
    const struct uart_place place = {
        .window = machine_map(hpa(0xfe000000), 32, MACHINE_DEVICE), .stride = 4, .clock = 24000000};
    assert_int_equal(uart_init(uart, &place, 115200), 0);
    assert_int_equal(chip.divisor_low, 13);
    assert_int_equal(uart_write(uart, "x", 1), 1);
    uart_poll(uart);
    line_runs();
    assert_int_equal(chip.sent_count, 1);
}

/* Random writes, the line moving at random moments: all that was taken arrives, in order. */
static void nothing_is_lost_or_reordered(void **state)
{
    (void)state;
    static uint8_t wrote[200000];
    size_t count = 0;
    assert_int_equal(uart_init(uart, &legacy, 115200), 0);
    uart_enable_interrupts(uart);
    srand(4);
    while (count < 150000) {
        uint8_t data[300];
        size_t size = (size_t)rand() % sizeof(data);
        for (size_t n = 0; n < size; n++) {
            data[n] = (uint8_t)rand();
        }
        size_t taken = uart_write(uart, data, size);
        memcpy(wrote + count, data, taken);
        count += taken;
        for (int n = rand() % 30; n > 0; n--) {
            line_runs();
            if (chip.thr_interrupt && (chip.ier & 2) != 0) {
                assert_true(uart_interrupt(uart));
            }
        }
    }
    while (chip.sent_count < count) {
        size_t before = chip.sent_count;
        (void)uart_interrupt(uart);
        line_runs();
        assert_true(chip.sent_count > before);
    }
    (void)uart_interrupt(uart);
    assert_memory_equal(chip.sent, wrote, count);
    assert_int_equal(uart->stats.sent, count);
    assert_int_equal(chip.ier, 5); /* the ring is empty: no transmit interrupt wanted */
    assert_false(uart_interrupt(uart));
}

static void a_writer_never_waits(void **state)
{
    (void)state;
    static uint8_t much[UART_TX_SIZE + 1000];
    assert_int_equal(uart_init(uart, &legacy, 115200), 0);
    chip.stuck = true;
    assert_int_equal(uart_room(uart), UART_TX_SIZE);
    assert_int_equal(uart_write(uart, much, sizeof(much)), UART_TX_SIZE);
    assert_int_equal(uart_room(uart), 0);
    assert_int_equal(uart_write(uart, much, 1), 0);
    assert_int_equal(uart->stats.tx_dropped, 1001);
    uart_flush(uart); /* gives up */
    assert_int_equal(chip.sent_count, 0);
}

static void receiving(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(uart_init(uart, &legacy, 115200), 0);
    uart_enable_interrupts(uart);
    memcpy(chip.rx, "hello", 5);
    chip.rx_count = 5;
    assert_true(uart_interrupt(uart));
    assert_int_equal(uart_read(uart, text, 2), 2);
    assert_memory_equal(text, "he", 2);
    assert_int_equal(uart_read(uart, text, sizeof(text)), 3);
    assert_memory_equal(text, "llo", 3);
    assert_int_equal(uart_read(uart, text, sizeof(text)), 0);
    chip.rx[0] = 0;
    chip.rx_count = 1;
    chip.line_errors = 0x10;
    uart_poll(uart);
    assert_int_equal(uart->stats.breaks, 1);
    assert_int_equal(uart_read(uart, text, sizeof(text)), 0);
    for (unsigned n = 0; n < UART_RX_SIZE + 5; n++) {
        chip.rx_count = 1;
        uart_poll(uart);
    }
    assert_int_equal(uart->stats.rx_dropped, 5);
}

static void a_chip_that_is_gone_holds_nobody(void **state)
{
    (void)state;
    assert_int_equal(uart_init(uart, &legacy, 115200), 0);
    uart_enable_interrupts(uart);
    chip.dead = true; /* reads all ones, as after hot removal */
    assert_false(uart_interrupt(uart));
    uart_poll(uart);
    assert_int_equal(uart->stats.received, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(set_up, setup, teardown),
        cmocka_unit_test_setup_teardown(absent, setup, teardown),
        cmocka_unit_test_setup_teardown(in_memory_with_a_stride, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_lost_or_reordered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_writer_never_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(receiving, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chip_that_is_gone_holds_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
