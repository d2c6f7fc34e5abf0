/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/power.c: what is written, and where, to switch a machine off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/acpi_tables.h"
#include "drivers/pci.h"
#include "drivers/power.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define PM1A  0x604
#define PM1B  0x704
#define PIIX4 0xb000

static struct acpi_info info;
static uint16_t pm1[3]; /* the last value in PM1A, PM1B, the chipset's PMCNTRL */
static uint32_t piix4_pmba;

static uint64_t pm1_read(void *context, uint64_t offset, unsigned width)
{
    (void)offset, (void)width;
    return *(uint16_t *)context;
}

static void pm1_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)offset;
    assert_int_equal(width, 2);
    *(uint16_t *)context = (uint16_t)value;
}

/* drivers/pci.c's part: one function, when the chipset is there. */
struct pci_device *pci_find_id(struct pci_device *previous, uint16_t vendor, uint16_t device)
{
    static struct pci_device function = {.at = {.device = 1, .function = 3}};
    bool found = previous == NULL && vendor == 0x8086 && device == 0x7113;
    return piix4_pmba != UINT32_MAX && found ? &function : NULL;
}

uint16_t pci_read16(struct pci_address at, unsigned offset)
{
    assert_int_equal(at.function, 3);
    assert_int_equal(offset, 0x40);
    return (uint16_t)piix4_pmba;
}

static int start(void **state)
{
    (void)state;
    static const uint16_t ports[3] = {PM1A, PM1B, PIIX4 + 4};
    fake_reset();
    info = (struct acpi_info){0};
    piix4_pmba = UINT32_MAX;
    for (unsigned n = 0; n < ARRAY_SIZE(ports); n++) {
        pm1[n] = 1; /* SCI_EN */
        fake_ports(ports[n], 2, pm1_read, pm1_write, &pm1[n]);
    }
    return 0;
}

static struct acpi_register port16(uint16_t port)
{
    return (struct acpi_register){.address = port, .space = ACPI_SPACE_IO, .bits = 16};
}

/* SLP_TYP is bits 12:10, SLP_EN bit 13 (ACPI 4.8.3.2.1); the rest of the register stays. */
static void off_by_both_pm1_blocks(void **state)
{
    (void)state;
    info.power = (struct acpi_power){.pm1a_control = port16(PM1A),
                                     .pm1b_control = port16(PM1B),
                                     .s5_known = true,
                                     .s5_type_a = 5,
                                     .s5_type_b = 6};
    piix4_pmba = PIIX4 | 1;
    power_init(&info);
    assert_int_equal(power_off(), -ERR_TIMEOUT);
    assert_int_equal(pm1[0], 1 | 5 << 10 | 1 << 13);
    assert_int_equal(pm1[1], 1 | 6 << 10 | 1 << 13);
    assert_int_equal(pm1[2], 1); /* with tables the chipset's register is theirs */
}

static void off_without_tables_by_the_chipset(void **state)
{
    (void)state;
    piix4_pmba = PIIX4 | 1; /* bit 0: the address is a port */
    power_init(&info);
    assert_int_equal(power_off(), -ERR_TIMEOUT);
    assert_int_equal(pm1[2], 1 | 1 << 13); /* soft off is SUS_TYP 0 */
    assert_int_equal(pm1[0], 1);
}

static void no_way_to_switch_off(void **state)
{
    (void)state;
    power_init(&info);
    assert_int_equal(power_off(), -ERR_NODEV); /* no tables, no chipset */
    piix4_pmba = 1;
    assert_int_equal(power_off(), -ERR_NODEV); /* firmware gave its ports no address */
    assert_int_equal(pm1[2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(off_by_both_pm1_blocks, start),
        cmocka_unit_test_setup(off_without_tables_by_the_chipset, start),
        cmocka_unit_test_setup(no_way_to_switch_off, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
