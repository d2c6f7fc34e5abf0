/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/apic.c and drivers/ioapic.c on fake register files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/apic.h"
#include "drivers/ioapic.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define APIC_BASE   0xfee00000
#define IOAPIC_BASE 0xfec00000
#define TSC_HZ      UINT64_C(2000000000)
#define BUS_DIVIDER 32 /* TSC ticks for one count of the fake APIC's timer */

static const struct apic_vectors vectors = {.timer = 0xf0, .error = 0xfe, .spurious = 0xff};

/* --- a memory-mapped local APIC -----------------------------------------------------------------
 */

static struct {
    uint32_t reg[64];
    uint64_t timer_start;
    unsigned commands;
    uint32_t command_high[16], command_low[16];
    bool busy_once;
} lapic;

static uint64_t lapic_read(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    assert_int_equal(width, 4);
    assert_int_equal(offset % 16, 0);
    unsigned reg = (unsigned)offset / 16;
    if (reg == 0x39) {
        uint64_t gone = (fake_tsc - lapic.timer_start) / BUS_DIVIDER;
        return gone < lapic.reg[0x38] ? lapic.reg[0x38] - gone : 0;
    }
    if (reg == 0x30 && lapic.busy_once) {
        lapic.busy_once = false;
        return lapic.reg[reg] | BIT32(12);
    }
    return lapic.reg[reg];
}

static void lapic_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    unsigned reg = (unsigned)offset / 16;
    lapic.reg[reg] = (uint32_t)value;
    if (reg == 0x38) {
        lapic.timer_start = fake_tsc;
    } else if (reg == 0x30) {
        assert_true(lapic.commands < 16);
        lapic.command_high[lapic.commands] = lapic.reg[0x31];
        lapic.command_low[lapic.commands++] = (uint32_t)value;
        lapic.busy_once = true;
    }
}

static void machine_with_xapic(void)
{
    fake_reset();
    memset(&lapic, 0, sizeof(lapic));
    lapic.reg[2] = 5u << 24;
    lapic.reg[3] = 0x50014;
    fake_tsc_step = 10;
    fake_msr(0x1b, APIC_BASE | BIT64(11) | BIT64(8));
    fake_cpuid(1, 0, (struct machine_cpuid){.edx = BIT32(9)});
    fake_device(APIC_BASE, 0x1000, lapic_read, lapic_write, NULL);
}

static void machine_with_x2apic(void)
{
    fake_reset();
    fake_msr(0x1b, APIC_BASE | BIT64(11));
    fake_cpuid(1, 0, (struct machine_cpuid){.edx = BIT32(9), .ecx = BIT32(21) | BIT32(24)});
    fake_msr(0x802, 0x12345);
    fake_msr(0x803, 0x60015);
}

static void xapic_set_up(void **state)
{
    (void)state;
    machine_with_xapic();
    assert_int_equal(apic_init(hpa(0), vectors), 0);
    assert_false(apic_is_x2apic());
    assert_int_equal(apic_id(), 5);
    assert_int_equal(lapic.reg[0x0f], 0x1ff);
    assert_int_equal(lapic.reg[0x37], 0xfe);
    assert_int_equal(lapic.reg[0x32], 0x100f0);
    assert_int_equal(lapic.reg[0x35], 0x10000); /* LINT0 masked */
    assert_int_equal(lapic.reg[0x36], 0x400);   /* LINT1 NMI */
    assert_int_equal(lapic.reg[0x33], 0x10000);
    assert_int_equal(lapic.reg[0x2f], 0); /* six LVT entries: no CMCI */
    lapic.reg[0x0b] = 77;
    apic_eoi();
    assert_int_equal(lapic.reg[0x0b], 0);
}

static void xapic_commands(void **state)
{
    (void)state;
    machine_with_xapic();
    assert_int_equal(apic_init(hpa(APIC_BASE), vectors), 0);
    apic_send(3, 0xf2);
    apic_send_init(3);
    apic_send_startup(3, 8);
    apic_send_nmi(4);
    static const uint32_t want[][2] = {
        {3, 0x40f2}, {3, 0xc500}, {3, 0x8500}, {3, 0x4608}, {4, 0x4400}};
    assert_int_equal(lapic.commands, ARRAY_SIZE(want));
    for (unsigned n = 0; n < ARRAY_SIZE(want); n++) {
        assert_int_equal(lapic.command_high[n] >> 24, want[n][0]);
        assert_int_equal(lapic.command_low[n], want[n][1]);
    }
}

static void x2apic(void **state)
{
    (void)state;
    machine_with_x2apic();
    assert_int_equal(apic_init(hpa(APIC_BASE), vectors), 0);
    assert_true(apic_is_x2apic());
    assert_int_equal(apic_id(), 0x12345);
    assert_int_equal(fake_msr_value(0x1b) & 0xc00, 0xc00);
    assert_int_equal(fake_msr_value(0x80f), 0x1ff);
    apic_send(0x12345, 0xf1);
    assert_true(fake_msr_value(0x830) == UINT64_C(0x12345000040f1));
    apic_send_init(7);
    assert_true(fake_msr_value(0x830) == UINT64_C(0x70000c500));

    assert_int_equal(apic_timer_init(TSC_HZ), 0);
    assert_true(apic_timer_is_deadline());
    apic_timer_set(123456);
    assert_int_equal(fake_msr_value(0x832), 0x400f0);
    assert_int_equal(fake_msr_value(0x6e0), 123456);
    apic_timer_set(0); /* long past: at once, never "off" */
    assert_int_equal(fake_msr_value(0x6e0), 1);
    apic_timer_stop();
    assert_int_equal(fake_msr_value(0x6e0), 0);
    assert_int_equal(fake_msr_value(0x832), 0x100f0);
}

static void count_down_timer(void **state)
{
    (void)state;
    machine_with_xapic();
    assert_int_equal(apic_init(hpa(0), vectors), 0);
    assert_int_equal(apic_timer_init(TSC_HZ), 0);
    assert_false(apic_timer_is_deadline());
    uint64_t hz = apic_timer_hz();
    assert_in_range(hz, TSC_HZ / BUS_DIVIDER * 99 / 100, TSC_HZ / BUS_DIVIDER * 101 / 100);

    apic_timer_set(fake_tsc + TSC_HZ / 1000);
    assert_in_range(lapic.reg[0x38], hz / 1000 * 98 / 100, hz / 1000);
    assert_int_equal(lapic.reg[0x32], 0xf0);
    apic_timer_set(fake_tsc - 5);
    assert_int_equal(lapic.reg[0x38], 1);
    apic_timer_set(
        UINT64_MAX); /* farther than the counter reaches: early, but not much too early */
    assert_in_range(lapic.reg[0x38], UINT32_MAX / 5, UINT32_MAX);
    apic_timer_set(fake_tsc + 30 * TSC_HZ);
    assert_in_range(lapic.reg[0x38], hz * 17, hz * 30);
    apic_timer_stop();
    assert_int_equal(lapic.reg[0x38], 0);
    assert_int_equal(lapic.reg[0x32], 0x100f0);
}

static void no_apic(void **state)
{
    (void)state;
    fake_reset();
    assert_int_equal(apic_init(hpa(0), vectors), -ERR_NODEV);
    assert_true(fake_logged("no local APIC"));
}

static void errors_in_words(void **state)
{
    (void)state;
    machine_with_x2apic();
    assert_int_equal(apic_init(hpa(0), vectors), 0);
    assert_int_equal(apic_take_errors(), 0);
    machine_with_xapic();
    assert_int_equal(apic_init(hpa(0), vectors), 0);
    lapic.reg[0x28] = 0;
    assert_int_equal(apic_take_errors(), 0);
}

/* --- IOAPIC -------------------------------------------------------------------------------------
 */

static struct {
    uint32_t index;
    uint32_t entry[48];
    unsigned unmasked_changes; /* writes to a half of an entry that is live */
} ioapic;

static uint64_t ioapic_read(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    assert_int_equal(width, 4);
    if (offset == 0) {
        return ioapic.index;
    }
    return ioapic.index == 1 ? 0x170011 : ioapic.entry[ioapic.index - 0x10];
}

static void ioapic_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    if (offset == 0) {
        ioapic.index = (uint32_t)value;
        return;
    }
    unsigned at = ioapic.index - 0x10;
    assert_true(at < 48);
    if (at % 2 == 1 && (ioapic.entry[at - 1] & BIT32(16)) == 0) {
        ioapic.unmasked_changes++;
    }
    ioapic.entry[at] = (uint32_t)value;
}

static void ioapic_routes(void **state)
{
    (void)state;
    static struct acpi_info info;
    memset(&info, 0, sizeof(info));
    memset(&ioapic, 0, sizeof(ioapic));
    for (unsigned n = 0; n < 48; n += 2) {
        ioapic.entry[n] = BIT32(16);
    }
    info.ioapic_count = 1;
    info.ioapics[0] = (struct acpi_ioapic_info){.address = hpa(IOAPIC_BASE), .gsi_base = 0};
    info.override_count = 2;
    info.overrides[0] = (struct acpi_override){.irq = 0, .gsi = 2};
    info.overrides[1] = (struct acpi_override){.irq = 9, .gsi = 9, .level = true, .low = true};
    fake_reset();
    fake_device(IOAPIC_BASE, 0x20, ioapic_read, ioapic_write, NULL);

    assert_int_equal(ioapic_init(&info), 0);
    assert_int_equal(ioapic_gsi_end(), 24);
    for (unsigned n = 0; n < 48; n += 2) {
        assert_int_equal(ioapic.entry[n], BIT32(16));
    }
    assert_int_equal(ioapic_route_isa(4, 0x31, 2), 0);
    assert_int_equal(ioapic.entry[8], 0x31);
    assert_int_equal(ioapic.entry[9], 2u << 24);
    assert_int_equal(ioapic_route_isa(0, 0x32, 0), 0);
    assert_int_equal(ioapic.entry[4], 0x32);
    assert_int_equal(ioapic_route_isa(9, 0x33, 0), 0);
    assert_int_equal(ioapic.entry[18], 0xa033);
    assert_int_equal(ioapic_route(23, 0x34, 0xff, true, true), 0);
    assert_int_equal(ioapic.entry[47], 0xffu << 24);
    assert_int_equal(ioapic_route(24, 0x35, 0, true, true), -ERR_NOENT);
    assert_int_equal(ioapic_route(3, 0x35, 256, false, false), -ERR_RANGE);
    ioapic_mask(4);
    assert_int_equal(ioapic.entry[8], BIT32(16));
    assert_int_equal(ioapic.unmasked_changes, 0);
}

static uint8_t pic_writes[32][2];
static unsigned pic_count;

static uint64_t pic_read(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)offset, (void)width;
    return 0;
}

static void pic_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    assert_int_equal(width, 1);
    pic_writes[pic_count][0] = (uint8_t)((uintptr_t)context + offset);
    pic_writes[pic_count++][1] = (uint8_t)value;
}

static void pics_are_silenced(void **state)
{
    (void)state;
    static const uint8_t want[][2] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28},
                                      {0x21, 4},    {0xa1, 2},    {0x21, 1},    {0xa1, 1},
                                      {0x21, 0xff}, {0xa1, 0xff}};
    fake_reset();
    fake_ports(0x20, 2, pic_read, pic_write, (void *)0x20);
    fake_ports(0xa0, 2, pic_read, pic_write, (void *)0xa0);
    pic_disable(0x20);
    assert_int_equal(pic_count, ARRAY_SIZE(want));
    assert_memory_equal(pic_writes, want, sizeof(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xapic_set_up),  cmocka_unit_test(xapic_commands),
        cmocka_unit_test(x2apic),        cmocka_unit_test(count_down_timer),
        cmocka_unit_test(no_apic),       cmocka_unit_test(errors_in_words),
        cmocka_unit_test(ioapic_routes), cmocka_unit_test(pics_are_silenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
