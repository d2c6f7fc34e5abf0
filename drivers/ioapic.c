/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IOAPICs, Intel 82093AA: an index and a data register in memory, two words for each pin. The
 * pair is guarded by a lock; entries change only while masked.
 */
#include "drivers/ioapic.h"

#include "drivers/machine.h"
#include "exarch/bits.h"

#define AREA "irq"

enum ioapic_mmio { IOAPIC_INDEX = 0x00, IOAPIC_DATA = 0x10 };
enum ioapic_register { IOAPIC_VERSION = 0x01, IOAPIC_ENTRY = 0x10 };

#define VERSION_LAST_PIN  MASK(23, 16)
#define ENTRY_ACTIVE_LOW  BIT32(13)
#define ENTRY_LEVEL       BIT32(15)
#define ENTRY_MASKED      BIT32(16)
#define ENTRY_DESTINATION MASK(31, 24) /* of the high word */

struct ioapic {
    uint8_t *window;
    uint32_t gsi_base;
    unsigned pins;
};

static struct ioapic ioapics[ACPI_MAX_IOAPICS];
static unsigned ioapic_count;
static const struct acpi_info *acpi;
static struct machine_lock lock;

/* --- 8259 ---------------------------------------------------------------------------------------
 */

enum pic_port { PIC1_COMMAND = 0x20, PIC1_DATA = 0x21, PIC2_COMMAND = 0xa0, PIC2_DATA = 0xa1 };

void pic_disable(uint8_t vector_base)
{
    /* The initialization words ICW1 to ICW4 of the 8259A data sheet, then the masks. */
    static const struct {
        uint16_t port;
        uint8_t value;
    } before[] = {{PIC1_COMMAND, 0x11}, {PIC2_COMMAND, 0x11}},
      after[] = {{PIC1_DATA, 0x04}, {PIC2_DATA, 0x02}, {PIC1_DATA, 0x01},
                 {PIC2_DATA, 0x01}, {PIC1_DATA, 0xff}, {PIC2_DATA, 0xff}};
    for (unsigned n = 0; n < ARRAY_SIZE(before); n++) {
        io_write8(before[n].port, before[n].value);
    }
    io_write8(PIC1_DATA, vector_base);
    io_write8(PIC2_DATA, (uint8_t)(vector_base + 8));
    for (unsigned n = 0; n < ARRAY_SIZE(after); n++) {
        io_write8(after[n].port, after[n].value);
    }
}

/* --- IOAPIC -------------------------------------------------------------------------------------
 */

static uint32_t ioapic_read(const struct ioapic *ioapic, unsigned reg)
{
    reg_write32(ioapic->window + IOAPIC_INDEX, reg);
    return reg_read32(ioapic->window + IOAPIC_DATA);
}

static void ioapic_write(const struct ioapic *ioapic, unsigned reg, uint32_t value)
{
    reg_write32(ioapic->window + IOAPIC_INDEX, reg);
    reg_write32(ioapic->window + IOAPIC_DATA, value);
}

static void write_entry(const struct ioapic *ioapic, unsigned pin, uint32_t low, uint32_t high)
{
    uint64_t state = machine_lock(&lock);
    ioapic_write(ioapic, IOAPIC_ENTRY + 2 * pin, ENTRY_MASKED);
    ioapic_write(ioapic, IOAPIC_ENTRY + 2 * pin + 1, high);
    ioapic_write(ioapic, IOAPIC_ENTRY + 2 * pin, low);
    machine_unlock(&lock, state);
}

static const struct ioapic *ioapic_of(uint32_t gsi)
{
    for (unsigned n = 0; n < ioapic_count; n++) {
        if (gsi >= ioapics[n].gsi_base && gsi - ioapics[n].gsi_base < ioapics[n].pins) {
            return &ioapics[n];
        }
    }
    return NULL;
}

int ioapic_init(const struct acpi_info *info)
{
    acpi = info;
    ioapic_count = 0;
    for (unsigned n = 0; n < info->ioapic_count; n++) {
        struct ioapic ioapic = {.gsi_base = info->ioapics[n].gsi_base};
        ioapic.window = machine_map(info->ioapics[n].address, 0x20, MACHINE_DEVICE);
        if (ioapic.window == NULL) {
            return -ERR_NOMEM;
        }
        uint32_t version = ioapic_read(&ioapic, IOAPIC_VERSION);
        if (version == UINT32_MAX) {
            machine_log(AREA, MACHINE_WARN, "IOAPIC %u at 0x%lx does not answer; ignored",
                        info->ioapics[n].id, info->ioapics[n].address.v);
            continue;
        }
        ioapic.pins = (unsigned)GET_FIELD(version, VERSION_LAST_PIN) + 1;
        for (unsigned pin = 0; pin < ioapic.pins; pin++) {
            write_entry(&ioapic, pin, ENTRY_MASKED, 0);
        }
        machine_log(AREA, MACHINE_INFO, "IOAPIC %u: interrupts %u to %u", info->ioapics[n].id,
                    ioapic.gsi_base, ioapic.gsi_base + ioapic.pins - 1);
        ioapics[ioapic_count++] = ioapic;
    }
    if (ioapic_count == 0) {
        machine_log(AREA, MACHINE_WARN, "no IOAPIC: only message-signalled interrupts will come");
    }
    return 0;
}

uint32_t ioapic_gsi_end(void)
{
    uint32_t end = 0;
    for (unsigned n = 0; n < ioapic_count; n++) {
        end = MAX(end, ioapics[n].gsi_base + ioapics[n].pins);
    }
    return end;
}

int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool low)
{
    const struct ioapic *ioapic = ioapic_of(gsi);
    if (ioapic == NULL) {
        machine_log(AREA, MACHINE_WARN, "interrupt %u: no IOAPIC has it", gsi);
        return -ERR_NOENT;
    }
    if (apic_id > 0xff) {
        machine_log(AREA, MACHINE_WARN, "interrupt %u: the IOAPIC cannot reach APIC id %u", gsi,
                    apic_id);
        return -ERR_RANGE;
    }
    write_entry(ioapic, gsi - ioapic->gsi_base,
                vector | (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_ACTIVE_LOW : 0),
                (uint32_t)FIELD(ENTRY_DESTINATION, apic_id));
    return 0;
}

/* The override of an ISA interrupt, or NULL. */
static const struct acpi_override *override_of(uint8_t irq)
{
    for (unsigned n = 0; acpi != NULL && n < acpi->override_count; n++) {
        if (acpi->overrides[n].irq == irq) {
            return &acpi->overrides[n];
        }
    }
    return NULL;
}

uint32_t ioapic_isa_gsi(uint8_t irq)
{
    const struct acpi_override *override = override_of(irq);
    return override != NULL ? override->gsi : irq;
}

int ioapic_route_isa(uint8_t irq, uint8_t vector, uint32_t apic_id)
{
    const struct acpi_override *override = override_of(irq);
    bool level = override != NULL && override->level;
    bool low = override != NULL && override->low;
    return ioapic_route(ioapic_isa_gsi(irq), vector, apic_id, level, low);
}

void ioapic_mask(uint32_t gsi)
{
    const struct ioapic *ioapic = ioapic_of(gsi);
    if (ioapic != NULL) {
        write_entry(ioapic, gsi - ioapic->gsi_base, ENTRY_MASKED, 0);
    }
}
