/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/clock.c: each reference clock measures the same TSC, broken ones are passed
 * over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi_tables.h"
#include "drivers/clock.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define TSC_HZ UINT64_C(2600000000)
#define HPET   0xfed00000

static struct acpi_info info;
static uint64_t hpet_period; /* femtoseconds */
static uint64_t pm_mask;
static bool hpet_stuck;

/* What a clock of `hz` shows now: the fake TSC is the fake machine's real time. */
static uint64_t count_of(uint64_t hz)
{
    return (uint64_t)((unsigned __int128)fake_tsc * hz / TSC_HZ);
}

static uint64_t hpet_read(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    fake_tsc += 1300; /* half a microsecond for the access */
    if (offset == 0) {
        assert_int_equal(width, 8);
        return hpet_period << 32 | BIT64(13);
    }
    return offset == 0xf0 && !hpet_stuck ? count_of(UINT64_C(1000000000000000) / hpet_period) : 0;
}

static bool hpet_on;

static void hpet_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)width;
    hpet_on |= offset == 0x10 && (value & 3) == 1;
}

static uint64_t pm_read(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)offset;
    assert_int_equal(width, 4);
    fake_tsc += 2600;
    return count_of(3579545) & pm_mask;
}

static void no_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)offset, (void)width, (void)value;
}

/* Channel 2 of an 8254 in mode 2 with 65536, read low, high after a latch. */
static struct {
    uint16_t latch;
    bool high_next;
} pit;

static uint64_t pit_read(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)width;
    fake_tsc += 2600;
    assert_int_equal(offset, 2);
    pit.high_next = !pit.high_next;
    return pit.high_next ? pit.latch & 0xff : pit.latch >> 8;
}

static void pit_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)width;
    if (offset == 3 && value == 0x80) {
        pit.latch = (uint16_t)-count_of(1193182);
        pit.high_next = false;
    }
}

static uint64_t zero_read(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)offset, (void)width;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&info, 0, sizeof(info));
    hpet_period = 69841279;
    hpet_stuck = false;
    hpet_on = false;
    pm_mask = 0xffffff;
    fake_tsc_step = 26;
    fake_device(HPET, 0x400, hpet_read, hpet_write, NULL);
    fake_ports(0x608, 4, pm_read, no_write, NULL);
    fake_ports(0x40, 4, pit_read, pit_write, NULL);
    fake_ports(0x61, 1, zero_read, no_write, NULL);
    return 0;
}

static void expect_rate(const char *name)
{
    assert_int_equal(clock_init(&info), 0);
    assert_string_equal(clock_source()->name, name);
    uint64_t hz = clock_measure_tsc();
    assert_in_range(hz, TSC_HZ - TSC_HZ / 1000, TSC_HZ + TSC_HZ / 1000);
}

static void by_hpet(void **state)
{
    (void)state;
    info.hpet = hpa(HPET);
    expect_rate("HPET");
    assert_true(hpet_on);
    assert_true(fake_logged("by the HPET"));
    assert_true(fake_logged("not called invariant"));
}

static void by_pm_timer_of_24_bits_that_wraps(void **state)
{
    (void)state;
    info.pm_timer = (struct acpi_register){.address = 0x608, .space = ACPI_SPACE_IO, .bits = 32};
    fake_tsc = UINT64_C(0xfffff0) * TSC_HZ / 3579545;
    expect_rate("ACPI PM timer");
}

static void by_pm_timer_of_32_bits(void **state)
{
    (void)state;
    info.pm_timer = (struct acpi_register){.address = 0x608, .space = ACPI_SPACE_IO, .bits = 32};
    info.pm_timer_32bit = true;
    pm_mask = UINT32_MAX;
    expect_rate("ACPI PM timer");
}

static void by_8254(void **state)
{
    (void)state;
    expect_rate("8254");
}

static void broken_clocks_are_passed_over(void **state)
{
    (void)state;
    info.hpet = hpa(HPET);
    info.pm_timer = (struct acpi_register){.address = 0x608, .space = ACPI_SPACE_IO, .bits = 32};
    hpet_stuck = true;
    expect_rate("ACPI PM timer");
    assert_true(fake_logged("HPET does not count"));
    hpet_stuck = false;
    hpet_period = 0;
    expect_rate("ACPI PM timer");
    assert_true(fake_logged("period of 0 fs makes no sense"));
}

static void cpuid_is_compared(void **state)
{
    (void)state;
    fake_cpuid(0, 0, (struct machine_cpuid){.eax = 0x16});
    fake_cpuid(0x15, 0, (struct machine_cpuid){.eax = 2, .ebx = 200, .ecx = 24000000});
    fake_cpuid(0x80000000, 0, (struct machine_cpuid){.eax = 0x80000008});
    fake_cpuid(0x80000007, 0, (struct machine_cpuid){.edx = BIT32(8)});
    info.hpet = hpa(HPET);
    expect_rate("HPET");
    assert_true(fake_logged(", invariant"));
    assert_true(fake_logged("CPUID says that the TSC runs at 2400 MHz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_hpet, setup),
        cmocka_unit_test_setup(by_pm_timer_of_24_bits_that_wraps, setup),
        cmocka_unit_test_setup(by_pm_timer_of_32_bits, setup),
        cmocka_unit_test_setup(by_8254, setup),
        cmocka_unit_test_setup(broken_clocks_are_passed_over, setup),
        cmocka_unit_test_setup(cpuid_is_compared, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
