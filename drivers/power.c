/* SPDX-License-Identifier: BSD-2-Clause */
/* Power: ACPI 4.8.2.1 (enabling), 4.8.3.2 (PM1 control), 4.8.3.7 (sleep control), 4.8.3.6 (reset);
 * without tables the chipset's own data sheet. */
#include "drivers/power.h"

#include "drivers/acpi_tables.h"
#include "drivers/machine.h"
#include "drivers/pci.h"
#include "exarch/bits.h"

#define PM1_SCI_ENABLE   BIT32(0)
#define PM1_SLEEP_TYPE   MASK(12, 10)
#define PM1_SLEEP_ENABLE BIT32(13)
#define SLEEP_TYPE       MASK(4, 2)
#define SLEEP_ENABLE     BIT32(5)

#define RESET_PORT     UINT16_C(0xcf9) /* of Intel's chipsets, and so everybody's */
#define RESET_FULL     0x0e
#define KEYBOARD_PORT  UINT16_C(0x64)
#define KEYBOARD_PULSE 0xfe /* the reset line */
#define KEYBOARD_BUSY  0x02

#define POLLS 1000000u

/* Chipsets whose PM1 control register and soft-off type are known where firmware has no tables. */
struct chipset {
    uint16_t vendor, device;
    uint8_t base; /* offset in configuration space of the power block's port */
    uint8_t s5_type;
    uint16_t base_mask;
    uint16_t control; /* PM1 control, from the power block's start */
};

static const struct chipset chipsets[] = {
    /* 82371AB (PIIX4) data sheet, PMBA and PMCNTRL: what Bochs has, where OVMF makes no tables. */
    {.vendor = 0x8086, .device = 0x7113, .base = 0x40, .base_mask = 0xffc0, .control = 4},
};

static struct acpi_power power;

static uint32_t register_read(const struct acpi_register *reg)
{
    if (reg->space == ACPI_SPACE_IO) {
        return reg->bits > 8 ? io_read16((uint16_t)reg->address) : io_read8((uint16_t)reg->address);
    }
    void *window = machine_map(hpa(reg->address), 4, MACHINE_DEVICE);
    if (window == NULL) {
        return 0;
    }
    uint32_t value = reg->bits > 8 ? reg_read16(window) : reg_read8(window);
    machine_unmap(window, 4);
    return value;
}

static void register_write(const struct acpi_register *reg, uint32_t value)
{
    if (reg->space == ACPI_SPACE_IO && reg->bits > 8) {
        io_write16((uint16_t)reg->address, (uint16_t)value);
    } else if (reg->space == ACPI_SPACE_IO) {
        io_write8((uint16_t)reg->address, (uint8_t)value);
    } else {
        void *window = machine_map(hpa(reg->address), 4, MACHINE_DEVICE);
        if (window == NULL) {
            return;
        }
        if (reg->bits > 8) {
            reg_write16(window, (uint16_t)value);
        } else {
            reg_write8(window, (uint8_t)value);
        }
        machine_unmap(window, 4);
    }
}

void power_init(const struct acpi_info *info)
{
    power = info->power;
    if (power.hardware_reduced || power.pm1a_control.bits == 0 || power.smi_command == 0 ||
        (register_read(&power.pm1a_control) & PM1_SCI_ENABLE) != 0) {
        return;
    }
    io_write8(power.smi_command, power.acpi_enable);
    for (unsigned n = 0; n < POLLS; n++) {
        if ((register_read(&power.pm1a_control) & PM1_SCI_ENABLE) != 0) {
            return;
        }
        machine_pause();
    }
    machine_log("acpi", MACHINE_WARN, "the firmware does not hand over to ACPI");
}

static void sleep_by(const struct acpi_register *control, uint8_t type)
{
    if (control->bits == 0) {
        return;
    }
    uint32_t value = register_read(control);
    value = (uint32_t)SET_FIELD(value, PM1_SLEEP_TYPE, type) & ~PM1_SLEEP_ENABLE;
    register_write(control, value);
    register_write(control, value | PM1_SLEEP_ENABLE);
}

static void wait(void)
{
    for (unsigned n = 0; n < POLLS; n++) {
        machine_pause();
    }
}

static int chipset_off(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(chipsets); n++) {
        const struct chipset *chipset = &chipsets[n];
        const struct pci_device *device = pci_find_id(NULL, chipset->vendor, chipset->device);
        uint16_t base =
            device != NULL ? pci_read16(device->at, chipset->base) & chipset->base_mask : 0;
        if (base != 0) {
            struct acpi_register control = {
                .address = (uint64_t)base + chipset->control, .space = ACPI_SPACE_IO, .bits = 16};
            sleep_by(&control, chipset->s5_type);
            wait();
            return -ERR_TIMEOUT;
        }
    }
    return -ERR_NODEV;
}

int power_off(void)
{
    if (!power.s5_known) {
        return chipset_off();
    }
    if (power.hardware_reduced && power.sleep_control.bits != 0) {
        register_write(&power.sleep_control,
                       (uint32_t)FIELD(SLEEP_TYPE, power.s5_type_a) | SLEEP_ENABLE);
    } else if (power.pm1a_control.bits != 0) {
        sleep_by(&power.pm1a_control, power.s5_type_a);
        sleep_by(&power.pm1b_control, power.s5_type_b);
    } else {
        return -ERR_NODEV;
    }
    wait();
    return -ERR_TIMEOUT;
}

void power_reset(void)
{
    if (power.reset.bits != 0) {
        struct acpi_register reset = power.reset;
        reset.bits = 8; /* the value is one byte, whatever the width says */
        register_write(&reset, power.reset_value);
        wait();
    }
    io_write8(RESET_PORT, RESET_FULL & ~4);
    io_write8(RESET_PORT, RESET_FULL);
    wait();
    for (unsigned n = 0; n < POLLS && (io_read8(KEYBOARD_PORT) & KEYBOARD_BUSY) != 0; n++) {
        machine_pause();
    }
    io_write8(KEYBOARD_PORT, KEYBOARD_PULSE);
    wait();
}
