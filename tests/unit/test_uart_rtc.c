/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 and PL031 on a fake platform: bytes both ways, levels, overrun, alarms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fake_plat.h"

enum {
    U = 0x09000000,
    FR = U + 0x18,
    LCR = U + 0x2c,
    CR = U + 0x30,
    IMSC = U + 0x38,
    IFLS = U + 0x34,
    RIS = U + 0x3c,
    MIS = U + 0x40,
    ICR = U + 0x44
};

static bool uart_wire(void)
{
    return fake_vm.machine.gic.spi[1].line >> 1 & 1;
}

static void test_uart_send(void **state)
{
    (void)state;
    fake_write(LCR, 4, 0x70);
    fake_write(CR, 4, 0x301);
    fake_write(IMSC, 4, 0x20);
    for (const char *c = "hello"; *c; c++) {
        fake_write(U, 1, (uint64_t)*c);
    }
    assert_memory_equal(fake_plat.out, "hello", 5);
    assert_true(uart_wire());
    fake_write(ICR, 4, 0x20);
    assert_false(uart_wire());
    /* the host takes nothing: the FIFO fills, then drops; nothing is lost up to there */
    fake_plat.out_room = 0;
    for (unsigned i = 0; i < 16; i++) {
        assert_false(fake_read(FR, 4) & 0x20);
        fake_write(U, 4, 'a' + i);
    }
    assert_int_equal(fake_read(FR, 4) & 0xa8, 0x28);
    fake_write(U, 4, 'X');
    fake_write(ICR, 4, 0x20);
    fake_plat.out_room = 10;
    machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
    assert_int_equal(fake_read(RIS, 4) & 0x20, 0x20);
    fake_write(U, 4, 'q'); /* 7 of 16: below the trigger of a half */
    assert_int_equal(fake_read(RIS, 4) & 0x20, 0x20);
    fake_write(U, 4, 'r');
    fake_write(U, 4, 's'); /* above it the interrupt goes (3.4.2) */
    assert_int_equal(fake_read(RIS, 4) & 0x20, 0);
    fake_plat.out_room = 100;
    machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
    assert_memory_equal(fake_plat.out + 5, "abcdefghijklmnopqrs", 19);
    assert_int_equal(fake_plat.out_used, 24);
    assert_int_equal(fake_read(FR, 4) & 0xa8, 0x80);
    /* without FIFOs: a holding register, which interrupts when it is empty */
    fake_write(LCR, 4, 0x60);
    fake_plat.out_room = 0;
    fake_write(U, 4, 't');
    assert_int_equal(fake_read(RIS, 4) & 0x20, 0);
    assert_int_equal(fake_read(FR, 4) & 0xa8, 0x28);
    fake_plat.out_room = 1;
    machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
    assert_int_equal(fake_read(RIS, 4) & 0x20, 0x20);
}

/* RX when the FIFO reaches each of UARTIFLS' levels; cleared it stays so until the next byte. */
static void test_uart_levels(void **state)
{
    static const uint8_t levels[] = {2, 4, 8, 12, 14};

    (void)state;
    fake_write(CR, 4, 0x301);
    for (unsigned i = 0; i < ARRAY_SIZE(levels); i++) {
        fake_write(LCR, 4, 0x60);
        fake_write(LCR, 4, 0x70);
        fake_write(IFLS, 4, i << 3);
        for (unsigned n = 1; n <= 16; n++) {
            fake_plat.in = "?";
            fake_plat.in_left = 1;
            machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
            assert_int_equal(fake_read(RIS, 4) & 0x10, n >= levels[i] ? 0x10 : 0);
        }
        fake_write(ICR, 4, 0x50);
        assert_int_equal(fake_read(RIS, 4) & 0x50, 0);
        fake_read(U, 4);
        assert_int_equal(fake_read(RIS, 4) & 0x50, 0);
        fake_plat.in = "?";
        fake_plat.in_left = 1;
        machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
        assert_int_equal(fake_read(RIS, 4) & 0x50, 0x50);
        for (unsigned n = 16; n > 0; n--) {
            assert_int_equal(fake_read(RIS, 4) & 0x10, n >= levels[i] ? 0x10 : 0);
            fake_read(U, 4);
        }
    }
}

/* In loop-back nothing waits: what finds the FIFO full is lost, and that is told (3.3.1, 3.3.2). */
static void test_uart_overrun(void **state)
{
    (void)state;
    fake_write(LCR, 4, 0x70);
    fake_write(CR, 4, 0x381);
    for (unsigned i = 0; i < 16; i++) {
        fake_write(U, 4, 'a' + i);
    }
    assert_int_equal(fake_read(RIS, 4) & 0x400, 0);
    fake_write(U, 4, 'X');
    assert_int_equal(fake_read(RIS, 4) & 0x400, 0x400);
    assert_int_equal(fake_read(U + 4, 4), 8);
    fake_write(ICR, 4, 0x400);
    assert_int_equal(fake_read(RIS, 4) & 0x400, 0);
    assert_int_equal(fake_read(U, 4), 0x800 | 'a');
    fake_write(U, 4, 'q'); /* there is room again */
    for (unsigned i = 1; i < 17; i++) {
        assert_int_equal(fake_read(U, 4), 'a' + i);
    }
    assert_int_equal(fake_read(U + 4, 4), 8);
    fake_write(U + 4, 4, 0);
    assert_int_equal(fake_read(U + 4, 4), 0);
    assert_int_equal(fake_plat.out_used, 0);
    /* the first byte read has made room: the second does not tell of it again */
    for (unsigned i = 0; i < 17; i++) {
        fake_write(U, 4, 'a' + i);
    }
    assert_int_equal(fake_read(U, 4), 0x800 | 'a');
    assert_int_equal(fake_read(U, 4), 'b');
    assert_int_equal(fake_read(U + 4, 4), 8);
    assert_int_equal(fake_read(RIS, 4) & 0x400, 0x400);
}

/* In loop-back the modem outputs RTS, DTR, Out1, Out2 are the inputs CTS, DSR, DCD, RI (3.3.3). */
static void test_uart_modem(void **state)
{
    static const struct {
        uint32_t cr, fr, interrupt;
    } lines[] = {{1 << 11, 1, 2}, {1 << 10, 2, 8}, {1 << 12, 4, 4}, {1 << 13, 0x100, 1}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
        fake_write(CR, 4, 0x301 | lines[i].cr);
        assert_int_equal(fake_read(FR, 4) & 0x107, 0);
        fake_write(CR, 4, 0x381);
        assert_int_equal(fake_read(RIS, 4) & 0xf, 0);
        fake_write(IMSC, 4, lines[i].interrupt);
        fake_write(CR, 4, 0x381 | lines[i].cr);
        assert_int_equal(fake_read(FR, 4) & 0x107, lines[i].fr);
        assert_int_equal(fake_read(RIS, 4) & 0xf, lines[i].interrupt);
        assert_true(uart_wire());
        fake_write(ICR, 4, 0xf);
        assert_false(uart_wire());
        fake_write(CR, 4, 0x381); /* the other way interrupts as well */
        assert_int_equal(fake_read(RIS, 4) & 0xf, lines[i].interrupt);
        fake_write(ICR, 4, 0xf);
    }
}

static void test_uart_receive(void **state)
{
    char seen[64];
    unsigned count = 0;

    (void)state;
    fake_plat.in = "0123456789abcdefghijklmnopqrstuvwxyz";
    fake_plat.in_left = 36;
    machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
    assert_int_equal(fake_plat.in_left, 36); /* not enabled yet: nothing is taken */
    fake_write(LCR, 4, 0x70);
    fake_write(IMSC, 4, 0x50);
    fake_write(CR, 4, 0x301);
    assert_int_equal(fake_plat.in_left, 20);
    assert_true(uart_wire());
    assert_int_equal(fake_read(FR, 4) & 0x50, 0x40);
    assert_int_equal(fake_read(MIS, 4), 0x50);
    while (!(fake_read(FR, 4) & 0x10)) {
        seen[count++] = (char)fake_read(U, 4);
    }
    assert_int_equal(count, 36);
    assert_memory_equal(seen, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
    assert_false(uart_wire());
    assert_int_equal(fake_read(RIS, 4) & 0x50, 0);
    /* one byte below the trigger: the time-out interrupt */
    fake_plat.in = "!";
    fake_plat.in_left = 1;
    machine_events(FAKE_VCPU0, PLAT_EVENT_CONSOLE);
    assert_int_equal(fake_read(MIS, 4), 0x40);
    fake_write(ICR, 4, 0x40);
    assert_false(uart_wire());
    assert_int_equal(fake_read(U, 4), '!');
    /* loop-back */
    fake_write(CR, 4, 0x381);
    fake_write(U, 4, 'L');
    assert_int_equal(fake_read(U, 4), 'L');
    uint64_t value;
    assert_false(machine_read(&fake_vm, U, 8, &value));
    assert_false(machine_read(&fake_vm, U + 2, 4, &value));
}

/* --- RTC
 * ---------------------------------------------------------------------------------------------- */
static void test_rtc(void **state)
{
    enum { R = 0x09010000 };

    (void)state;
    assert_int_equal(fake_read(R, 4), 1700000000);
    fake_write(R + 0x10, 4, 1);
    fake_write(R + 4, 4, 1700000010);
    assert_int_equal(fake_plat.kicks[0], 1);
    machine_events(FAKE_VCPU0, PLAT_EVENT_KICK);
    assert_int_equal(fake_plat.deadline / FAKE_HZ, 10);
    fake_plat.wall += 9;
    machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
    assert_int_equal(fake_read(R + 0x14, 4), 0);
    fake_plat.wall += 1;
    machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
    assert_int_equal(fake_read(R + 0x18, 4), 1);
    assert_true(fake_vm.machine.gic.spi[1].line & 4);
    fake_write(R + 0x1c, 4, 1);
    assert_false(fake_vm.machine.gic.spi[1].line & 4);
    fake_write(R + 8, 4, 5);
    assert_int_equal(fake_read(R, 4), 5);
    fake_plat.wall += 100;
    assert_int_equal(fake_read(R, 4), 105);
    /* a match that is past comes once the counter has gone around */
    fake_write(R + 4, 4, 100);
    fake_plat.deadline = UINT64_MAX;
    machine_events(FAKE_VCPU0, PLAT_EVENT_KICK);
    assert_int_equal(fake_read(R + 0x14, 4), 0);
    assert_true(fake_plat.deadline != UINT64_MAX); /* further than is asked for at once */
    fake_plat.wall += UINT32_MAX - 5;
    machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
    assert_int_equal(fake_read(R + 0x14, 4), 0);
    fake_plat.wall += 1;
    machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
    assert_int_equal(fake_read(R + 0x14, 4), 1);
    assert_int_equal(fake_read(R, 4), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_uart_send, fake_one_cpu),
        cmocka_unit_test_setup(test_uart_receive, fake_one_cpu),
        cmocka_unit_test_setup(test_uart_levels, fake_one_cpu),
        cmocka_unit_test_setup(test_uart_overrun, fake_one_cpu),
        cmocka_unit_test_setup(test_uart_modem, fake_one_cpu),
        cmocka_unit_test_setup(test_rtc, fake_one_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
