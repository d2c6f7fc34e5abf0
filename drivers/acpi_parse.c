/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI: one parser for each table that root uses; the table at the end names them. */
#include "drivers/acpi_priv.h"
#include "drivers/machine.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

/* --- MADT ---------------------------------------------------------------------------------------
 */

static void add_cpu(struct acpi_info *info, uint32_t apic_id, uint32_t flags)
{
    if (apic_id == 0xff || apic_id == UINT32_MAX) {
        return; /* the broadcast ids mark places of the table that hold no CPU */
    }
    for (unsigned n = 0; n < info->cpu_count; n++) {
        if (info->cpus[n].apic_id == apic_id) {
            return; /* listed as APIC and as x2APIC */
        }
    }
    if (info->cpu_count == ACPI_MAX_CPUS) {
        machine_log(ACPI_AREA, MACHINE_WARN, "MADT: more than %u CPUs; APIC id %u is left out",
                    ACPI_MAX_CPUS, apic_id);
        return;
    }
    info->cpus[info->cpu_count++] =
        (struct acpi_cpu){.apic_id = apic_id, .enabled = (flags & ACPI_MADT_CPU_ENABLED) != 0};
}

static void madt_lapic(struct acpi_info *info, const void *entry)
{
    const struct acpi_madt_lapic *cpu = entry;
    add_cpu(info, cpu->apic_id, cpu->flags);
}

static void madt_x2apic(struct acpi_info *info, const void *entry)
{
    const struct acpi_madt_x2apic *cpu = entry;
    add_cpu(info, cpu->apic_id, cpu->flags);
}

static void madt_ioapic(struct acpi_info *info, const void *entry)
{
    const struct acpi_madt_ioapic *ioapic = entry;
    if (info->ioapic_count == ACPI_MAX_IOAPICS) {
        machine_log(ACPI_AREA, MACHINE_WARN, "MADT: more than %u IOAPICs; id %u is left out",
                    ACPI_MAX_IOAPICS, ioapic->id);
        return;
    }
    info->ioapics[info->ioapic_count++] = (struct acpi_ioapic_info){
        .address = hpa(ioapic->address), .gsi_base = ioapic->gsi_base, .id = ioapic->id};
}

static void madt_override(struct acpi_info *info, const void *entry)
{
    const struct acpi_madt_override *o = entry;
    if (o->bus != 0 || o->source >= ACPI_ISA_IRQS || info->override_count == ACPI_MAX_OVERRIDES) {
        machine_log(ACPI_AREA, MACHINE_WARN, "MADT: override of interrupt %u of bus %u is left out",
                    o->source, o->bus);
        return;
    }
    info->overrides[info->override_count++] = (struct acpi_override){
        .gsi = o->gsi,
        .irq = o->source,
        .low = (o->flags & 3) == 3,
        .level = (o->flags >> 2 & 3) == 3,
    };
}

static void madt_lapic_address(struct acpi_info *info, const void *entry)
{
    const struct acpi_madt_lapic_address *address = entry;
    info->local_apic = hpa(address->address);
}

static const struct madt_row {
    uint8_t type;
    uint8_t size;
    void (*add)(struct acpi_info *info, const void *entry);
} madt_rows[] = {
    {ACPI_MADT_LAPIC, sizeof(struct acpi_madt_lapic), madt_lapic},
    {ACPI_MADT_IOAPIC, sizeof(struct acpi_madt_ioapic), madt_ioapic},
    {ACPI_MADT_OVERRIDE, sizeof(struct acpi_madt_override), madt_override},
    {ACPI_MADT_LAPIC_ADDRESS, sizeof(struct acpi_madt_lapic_address), madt_lapic_address},
    {ACPI_MADT_X2APIC, sizeof(struct acpi_madt_x2apic), madt_x2apic},
};

static void add_madt_entry(struct acpi_info *info, const struct acpi_entry *entry)
{
    for (unsigned n = 0; n < ARRAY_SIZE(madt_rows); n++) {
        if (entry->type != madt_rows[n].type) {
            continue;
        }
        if (entry->length < madt_rows[n].size) {
            machine_log(ACPI_AREA, MACHINE_WARN,
                        "MADT: entry of type %u with %u bytes, expected %u; left out", entry->type,
                        entry->length, madt_rows[n].size);
        } else {
            madt_rows[n].add(info, entry);
        }
    }
}

static void parse_madt(struct acpi_info *info, const struct acpi_header *table)
{
    const struct acpi_madt *madt = (const struct acpi_madt *)table;
    const uint8_t *bytes = (const uint8_t *)table;
    uint32_t at = sizeof(*madt);
    info->local_apic = hpa(madt->local_apic);
    info->has_pic = (madt->flags & 1) != 0;
    while (table->length - at >= sizeof(struct acpi_entry)) {
        const struct acpi_entry *entry = (const struct acpi_entry *)(bytes + at);
        if (entry->length < sizeof(*entry) || entry->length > table->length - at) {
            machine_log(ACPI_AREA, MACHINE_ERROR,
                        "MADT: entry at byte %u has length %u; the rest is ignored", at,
                        entry->length);
            return;
        }
        add_madt_entry(info, entry);
        at += entry->length;
    }
}

/* --- MCFG, HPET ---------------------------------------------------------------------------------
 */

static void parse_mcfg(struct acpi_info *info, const struct acpi_header *table)
{
    const struct acpi_mcfg *mcfg = (const struct acpi_mcfg *)table;
    size_t count = (table->length - sizeof(*mcfg)) / sizeof(mcfg->areas[0]);
    for (size_t n = 0; n < count; n++) {
        const struct acpi_mcfg_area *area = &mcfg->areas[n];
        if (area->bus_last < area->bus_first || !IS_ALIGNED(area->base, MIB(1)) ||
            area->base == 0 || info->ecam_count == ACPI_MAX_ECAM) {
            machine_log(ACPI_AREA, MACHINE_WARN, "MCFG: area at 0x%lx, buses %u to %u, is left out",
                        area->base, area->bus_first, area->bus_last);
            continue;
        }
        info->ecam[info->ecam_count++] = (struct acpi_ecam){.base = hpa(area->base),
                                                            .segment = area->segment,
                                                            .bus_first = area->bus_first,
                                                            .bus_last = area->bus_last};
    }
}

static void parse_hpet(struct acpi_info *info, const struct acpi_header *table)
{
    const struct acpi_hpet *hpet = (const struct acpi_hpet *)table;
    if (hpet->address.space == ACPI_SPACE_MEMORY && info->hpet.v == 0) {
        info->hpet = hpa(hpet->address.address);
    }
}

/* --- DMAR, IVRS ---------------------------------------------------------------------------------
 */

static void add_iommu(struct acpi_info *info, enum acpi_iommu_kind kind, struct acpi_iommu unit)
{
    for (unsigned n = 0; n < info->iommu_count; n++) {
        if (info->iommus[n].base.v == unit.base.v) {
            return; /* IVRS names a unit once for each kind of block */
        }
    }
    if (info->iommu_count == ACPI_MAX_IOMMUS) {
        machine_log(ACPI_AREA, MACHINE_WARN, "more than %u IOMMUs; the one at 0x%lx is left out",
                    ACPI_MAX_IOMMUS, unit.base.v);
        return;
    }
    info->iommu_kind = kind;
    info->iommus[info->iommu_count++] = unit;
}

static void parse_dmar(struct acpi_info *info, const struct acpi_header *table)
{
    const uint8_t *bytes = (const uint8_t *)table;
    uint32_t at = sizeof(struct acpi_dmar);
    while (table->length - at >= 4) {
        const struct acpi_dmar_unit *unit = (const struct acpi_dmar_unit *)(bytes + at);
        if (unit->length < 4 || unit->length > table->length - at) {
            machine_log(ACPI_AREA, MACHINE_ERROR,
                        "DMAR: structure at byte %u has length %u; the rest is ignored", at,
                        unit->length);
            return;
        }
        if (unit->type == ACPI_DMAR_DRHD && unit->length >= sizeof(*unit)) {
            add_iommu(info, ACPI_IOMMU_VTD,
                      (struct acpi_iommu){.base = hpa(unit->base),
                                          .segment = unit->segment,
                                          .all = (unit->flags & 1) != 0});
        }
        at += unit->length;
    }
}

static void parse_ivrs(struct acpi_info *info, const struct acpi_header *table)
{
    const uint8_t *bytes = (const uint8_t *)table;
    uint32_t at = sizeof(struct acpi_ivrs);
    while (table->length - at >= 4) {
        const struct acpi_ivrs_block *block = (const struct acpi_ivrs_block *)(bytes + at);
        if (block->length < 4 || block->length > table->length - at) {
            machine_log(ACPI_AREA, MACHINE_ERROR,
                        "IVRS: block at byte %u has length %u; the rest is ignored", at,
                        block->length);
            return;
        }
        if ((block->type == ACPI_IVHD_10 || block->type == ACPI_IVHD_11 ||
             block->type == ACPI_IVHD_40) &&
            block->length >= sizeof(*block)) {
            add_iommu(info, ACPI_IOMMU_AMDVI,
                      (struct acpi_iommu){.base = hpa(block->base), .segment = block->segment});
        }
        at += block->length;
    }
}

/* --- FADT, DSDT ---------------------------------------------------------------------------------
 */

static struct acpi_register from_gas(struct acpi_gas gas)
{
    bool usable = gas.address != 0 && (gas.space == ACPI_SPACE_MEMORY ||
                                       (gas.space == ACPI_SPACE_IO && gas.address <= 0xffff));
    return (struct acpi_register){
        .address = gas.address, .space = gas.space, .bits = usable ? (uint8_t)MAX(gas.bits, 8) : 0};
}

/* A field of the FADT's extended part (a GAS), where the table is long enough, else the port. */
static struct acpi_register register_of(const struct acpi_fadt *fadt, size_t offset, uint32_t port,
                                        uint8_t bits)
{
    struct acpi_gas gas = {0};
    if (fadt->header.length >= offset + sizeof(gas)) {
        memcpy(&gas, (const uint8_t *)fadt + offset, sizeof(gas));
    }
    struct acpi_register reg = from_gas(gas);
    if (reg.bits == 0 && port != 0 && port <= 0xffff) {
        reg = (struct acpi_register){.address = port, .space = ACPI_SPACE_IO, .bits = bits};
    }
    return reg;
}

static void parse_aml(struct acpi_info *info, const struct acpi_header *table)
{
    struct acpi_power *power = &info->power;
    if (!power->s5_known) {
        power->s5_known =
            acpi_parse_s5((const uint8_t *)(table + 1), table->length - (uint32_t)sizeof(*table),
                          &power->s5_type_a, &power->s5_type_b);
    }
}

static void read_dsdt(struct acpi_info *info, const struct acpi_fadt *fadt)
{
    uint64_t address = 0;
    if (fadt->header.length >= offsetof(struct acpi_fadt, x_dsdt) + 8) {
        address = fadt->x_dsdt;
    }
    address = address != 0 ? address : fadt->dsdt;
    if (address == 0) {
        machine_log(ACPI_AREA, MACHINE_WARN, "FADT: no DSDT");
        return;
    }
    const struct acpi_header *dsdt = acpi_map_table(info, address);
    if (dsdt == NULL) {
        return;
    }
    if (memcmp(dsdt->signature, "DSDT", 4) == 0) {
        parse_aml(info, dsdt);
        info->table_count++;
    } else {
        machine_log(ACPI_AREA, MACHINE_ERROR, "no DSDT at 0x%lx", address);
    }
    acpi_unmap_table(dsdt);
}

#define FADT_REGISTER(fadt, field, port, bits)                                                     \
    register_of(fadt, offsetof(struct acpi_fadt, field), port, bits)

static void parse_fadt(struct acpi_info *info, const struct acpi_header *table)
{
    const struct acpi_fadt *fadt = (const struct acpi_fadt *)table;
    struct acpi_power *power = &info->power;

    info->pm_timer =
        FADT_REGISTER(fadt, x_pm_timer, fadt->pm_timer_length == 4 ? fadt->pm_timer : 0, 32);
    info->pm_timer_32bit = (fadt->flags & ACPI_FADT_TIMER_32BIT) != 0;

    power->pm1a_control = FADT_REGISTER(fadt, x_pm1a_control, fadt->pm1a_control, 16);
    power->pm1b_control = FADT_REGISTER(fadt, x_pm1b_control, fadt->pm1b_control, 16);
    power->smi_command = fadt->smi_command <= 0xffff ? (uint16_t)fadt->smi_command : 0;
    power->acpi_enable = fadt->acpi_enable;
    power->hardware_reduced = (fadt->flags & ACPI_FADT_HARDWARE_REDUCED) != 0;
    power->sleep_control = FADT_REGISTER(fadt, sleep_control, 0, 8);
    if ((fadt->flags & ACPI_FADT_RESET_SUPPORTED) != 0 &&
        table->length >= offsetof(struct acpi_fadt, reset_value) + 1) {
        power->reset = from_gas(fadt->reset);
        power->reset_value = fadt->reset_value;
    }
    read_dsdt(info, fadt);
}

/* --- AML: \_S5 ----------------------------------------------------------------------------------
 */

enum aml_op {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_PACKAGE = 0x12,
    AML_ROOT = 0x5c,
    AML_ONES = 0xff
};

struct aml {
    const uint8_t *at;
    const uint8_t *end;
};

static bool aml_byte(struct aml *aml, uint8_t *value)
{
    if (aml->at == aml->end) {
        return false;
    }
    *value = *aml->at++;
    return true;
}

/* A constant integer; the value's low byte, which is all that a sleep type uses. */
static bool aml_constant(struct aml *aml, uint8_t *value)
{
    static const struct {
        uint8_t op;
        uint8_t bytes;
        uint8_t value;
    } rows[] = {{AML_ZERO, 0, 0}, {AML_ONE, 0, 1},  {AML_ONES, 0, 0xff},
                {AML_BYTE, 1, 0}, {AML_WORD, 2, 0}, {AML_DWORD, 4, 0}};
    uint8_t op;
    if (!aml_byte(aml, &op)) {
        return false;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        if (rows[n].op != op) {
            continue;
        }
        if (aml->end - aml->at < rows[n].bytes) {
            return false;
        }
        *value = rows[n].bytes != 0 ? aml->at[0] : rows[n].value;
        aml->at += rows[n].bytes;
        return true;
    }
    return false;
}

/* PackageOp PkgLength NumElements element element ... (ACPI 20.2.4, 20.2.5.4) */
static bool aml_package(struct aml aml, uint8_t *type_a, uint8_t *type_b)
{
    uint8_t op;
    uint8_t lead;
    uint8_t count;
    if (!aml_byte(&aml, &op) || op != AML_PACKAGE || !aml_byte(&aml, &lead) ||
        aml.end - aml.at < (lead >> 6)) {
        return false;
    }
    aml.at += lead >> 6; /* further bytes of the length, of which the elements' count tells more */
    if (!aml_byte(&aml, &count) || count == 0 || !aml_constant(&aml, type_a)) {
        return false;
    }
    *type_b = *type_a; /* some firmware gives one element only */
    return count == 1 || aml_constant(&aml, type_b);
}

bool acpi_parse_s5(const uint8_t *aml, uint32_t length, uint8_t *type_a, uint8_t *type_b)
{
    for (uint32_t n = 1; n < length && length - n >= 4; n++) {
        if (memcmp(aml + n, "_S5_", 4) != 0) {
            continue;
        }
        bool is_name =
            aml[n - 1] == AML_NAME || (n >= 2 && aml[n - 1] == AML_ROOT && aml[n - 2] == AML_NAME);
        uint8_t a = 0;
        uint8_t b = 0;
        if (is_name && aml_package((struct aml){aml + n + 4, aml + length}, &a, &b) && a < 8 &&
            b < 8) {
            *type_a = a;
            *type_b = b;
            return true;
        }
    }
    return false;
}

/* --- the parsers --------------------------------------------------------------------------------
 */

// clang-format off
const struct acpi_parser acpi_parsers[] = {
    {"APIC", sizeof(struct acpi_madt),           parse_madt},
    {"MCFG", sizeof(struct acpi_mcfg),           parse_mcfg},
    {"HPET", sizeof(struct acpi_hpet),           parse_hpet},
    {"FACP", offsetof(struct acpi_fadt, reset),  parse_fadt},
    {"SSDT", sizeof(struct acpi_header),         parse_aml},
    {"DMAR", sizeof(struct acpi_dmar),           parse_dmar},
    {"IVRS", sizeof(struct acpi_ivrs),           parse_ivrs},
};
// clang-format on
const unsigned acpi_parser_count = ARRAY_SIZE(acpi_parsers);
