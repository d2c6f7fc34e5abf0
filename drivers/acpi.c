/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI: finds the tables and checks them. Firmware is not trusted: a table is read only when its
 * length is plausible and its bytes sum to 0, and a parser never looks past the length. Broken
 * tables are named in the log and skipped.
 */
#include "drivers/acpi.h"

#include "drivers/acpi_priv.h"
#include "drivers/machine.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define TABLE_SIZE_MAX  MIB(16)
#define ROOT_TABLES_MAX 256u

static bool sums_to_zero(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint8_t sum = 0;
    for (size_t n = 0; n < size; n++) {
        sum = (uint8_t)(sum + p[n]);
    }
    return sum == 0;
}

/* A signature as text: four printable characters whatever memory holds. */
static void signature_text(char text[5], const char signature[4])
{
    for (unsigned n = 0; n < 4; n++) {
        text[n] = signature[n] >= 0x20 && signature[n] < 0x7f ? signature[n] : '?';
    }
    text[4] = 0;
}

const struct acpi_header *acpi_map_table(struct acpi_info *info, uint64_t address)
{
    char name[5];
    struct acpi_header *header = machine_map(hpa(address), sizeof(*header), MACHINE_TABLE);
    if (header == NULL) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "table at 0x%lx: out of memory", address);
        return NULL;
    }
    uint32_t length = header->length;
    signature_text(name, header->signature);
    machine_unmap(header, sizeof(*header));
    if (length < sizeof(*header) || length > TABLE_SIZE_MAX) {
        machine_log(ACPI_AREA, MACHINE_ERROR,
                    "table %s at 0x%lx: length %u is not between %zu and %lu; ignored", name,
                    address, length, sizeof(*header), TABLE_SIZE_MAX);
        info->bad_tables++;
        return NULL;
    }
    const struct acpi_header *table = machine_map(hpa(address), length, MACHINE_TABLE);
    if (table == NULL) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "table %s at 0x%lx: out of memory", name, address);
        return NULL;
    }
    if (!sums_to_zero(table, length)) {
        machine_log(ACPI_AREA, MACHINE_ERROR,
                    "table %s at 0x%lx, %u bytes: wrong checksum; ignored", name, address, length);
        machine_unmap(table, length);
        info->bad_tables++;
        return NULL;
    }
    return table;
}

void acpi_unmap_table(const struct acpi_header *table)
{
    machine_unmap(table, table->length);
}

static const struct acpi_parser *parser_of(const struct acpi_header *table)
{
    for (unsigned n = 0; n < acpi_parser_count; n++) {
        if (memcmp(table->signature, acpi_parsers[n].signature, 4) == 0) {
            return &acpi_parsers[n];
        }
    }
    return NULL;
}

static void read_table(struct acpi_info *info, uint64_t address)
{
    const struct acpi_header *table = address != 0 ? acpi_map_table(info, address) : NULL;
    if (table == NULL) {
        return;
    }
    const struct acpi_parser *parser = parser_of(table);
    if (parser != NULL && table->length < parser->minimum) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "table %s: %u bytes, expected %u or more; ignored",
                    parser->signature, table->length, parser->minimum);
        info->bad_tables++;
    } else if (parser != NULL) {
        parser->parse(info, table);
    }
    info->table_count++;
    acpi_unmap_table(table);
}

/* Reads all tables that an RSDT (4-byte entries) or XSDT (8-byte entries) names. */
static int read_root(struct acpi_info *info, uint64_t address, const char *signature, size_t width)
{
    const struct acpi_header *root = acpi_map_table(info, address);
    if (root == NULL) {
        return -ERR_FORMAT;
    }
    if (memcmp(root->signature, signature, 4) != 0) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "no %s at 0x%lx", signature, address);
        acpi_unmap_table(root);
        return -ERR_FORMAT;
    }
    const uint8_t *entries = (const uint8_t *)(root + 1);
    size_t count = (root->length - sizeof(*root)) / width;
    if (count > ROOT_TABLES_MAX) {
        machine_log(ACPI_AREA, MACHINE_WARN, "%s: %zu tables, only %u are read", signature, count,
                    ROOT_TABLES_MAX);
        count = ROOT_TABLES_MAX;
    }
    for (size_t n = 0; n < count; n++) {
        uint64_t table = 0;
        memcpy(&table, entries + n * width, width);
        read_table(info, table);
    }
    acpi_unmap_table(root);
    return 0;
}

/* Maps and checks the root pointer; its copy goes to *rsdp. */
static int read_rsdp(struct acpi_rsdp *rsdp, hpa_t address)
{
    const struct acpi_rsdp *window = machine_map(address, sizeof(*window), MACHINE_TABLE);
    if (window == NULL) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "root pointer at 0x%lx: out of memory", address.v);
        return -ERR_NOMEM;
    }
    memcpy(rsdp, window, sizeof(*rsdp));
    machine_unmap(window, sizeof(*window));
    if (memcmp(rsdp->signature, ACPI_RSDP_SIGNATURE, sizeof(rsdp->signature)) != 0 ||
        !sums_to_zero(rsdp, ACPI_RSDP_V1_SIZE)) {
        machine_log(ACPI_AREA, MACHINE_ERROR,
                    "root pointer at 0x%lx: wrong signature or checksum; no ACPI", address.v);
        return -ERR_FORMAT;
    }
    return 0;
}

/* The XSDT's address, or 0 when there is none that may be used. */
static uint64_t checked_xsdt(const struct acpi_rsdp *rsdp)
{
    if (rsdp->revision < 2 || rsdp->xsdt == 0) {
        return 0;
    }
    if (!sums_to_zero(rsdp, ACPI_RSDP_V2_SIZE)) {
        machine_log(ACPI_AREA, MACHINE_WARN, "root pointer: wrong extended checksum; RSDT is used");
        return 0;
    }
    return rsdp->xsdt;
}

int acpi_read(struct acpi_info *info, hpa_t address)
{
    struct acpi_rsdp rsdp;
    memset(info, 0, sizeof(*info));
    if (address.v == 0) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "the firmware gave no ACPI root pointer");
        return -ERR_NODEV;
    }
    int error = read_rsdp(&rsdp, address);
    if (error < 0) {
        return error;
    }
    uint64_t xsdt = checked_xsdt(&rsdp);
    if (xsdt != 0 && read_root(info, xsdt, "XSDT", 8) == 0) {
        return 0;
    }
    if (rsdp.rsdt == 0) {
        machine_log(ACPI_AREA, MACHINE_ERROR, "neither XSDT nor RSDT can be used; no ACPI");
        return -ERR_FORMAT;
    }
    return read_root(info, rsdp.rsdt, "RSDT", 4);
}

/* The root pointer on a 16-byte boundary in a range of low memory; 0 when it is not there. */
static hpa_t search(uint64_t base, size_t size)
{
    hpa_t found = hpa(0);
    const uint8_t *window = machine_map(hpa(base), size, MACHINE_TABLE);
    if (window == NULL) {
        return found;
    }
    for (size_t at = 0; at + ACPI_RSDP_V1_SIZE <= size; at += 16) {
        if (memcmp(window + at, ACPI_RSDP_SIGNATURE, 8) == 0 &&
            sums_to_zero(window + at, ACPI_RSDP_V1_SIZE)) {
            found = hpa(base + at);
            break;
        }
    }
    machine_unmap(window, size);
    return found;
}

hpa_t acpi_find_rsdp(void)
{
    /* The real-mode segment of the extended BIOS data area is at 0x40e. */
    const uint8_t *bda = machine_map(hpa(0x400), 256, MACHINE_TABLE);
    uint64_t ebda = 0;
    if (bda != NULL) {
        ebda = (uint64_t)(bda[0x0e] | bda[0x0f] << 8) << 4;
        machine_unmap(bda, 256);
    }
    hpa_t found = ebda >= 0x80000 && ebda < 0xa0000 ? search(ebda, KIB(1)) : hpa(0);
    return found.v != 0 ? found : search(0xe0000, KIB(128));
}

static void report_cpus(const struct acpi_info *info)
{
    unsigned enabled = 0;
    for (unsigned n = 0; n < info->cpu_count; n++) {
        enabled += info->cpus[n].enabled;
    }
    machine_log(ACPI_AREA, MACHINE_INFO, "MADT: %u CPUs enabled of %u, local APIC at 0x%lx%s",
                enabled, info->cpu_count, info->local_apic.v,
                info->has_pic ? ", 8259 present" : "");
    for (unsigned n = 0; n < info->ioapic_count; n++) {
        machine_log(ACPI_AREA, MACHINE_INFO, "MADT: IOAPIC %u at 0x%lx, from interrupt %u",
                    info->ioapics[n].id, info->ioapics[n].address.v, info->ioapics[n].gsi_base);
    }
    for (unsigned n = 0; n < info->override_count; n++) {
        const struct acpi_override *o = &info->overrides[n];
        machine_log(ACPI_AREA, MACHINE_INFO, "MADT: ISA interrupt %u is %u, %s, active %s", o->irq,
                    o->gsi, o->level ? "level" : "edge", o->low ? "low" : "high");
    }
}

static void report_power(const struct acpi_info *info)
{
    const struct acpi_power *power = &info->power;
    if (power->s5_known) {
        machine_log(ACPI_AREA, MACHINE_INFO, "FADT: power-off by \\_S5, sleep types %u and %u",
                    power->s5_type_a, power->s5_type_b);
    } else {
        machine_log(ACPI_AREA, MACHINE_WARN, "no \\_S5: power-off is not possible");
    }
    if (power->reset.bits != 0) {
        machine_log(ACPI_AREA, MACHINE_INFO, "FADT: reset by 0x%x to %s 0x%lx", power->reset_value,
                    power->reset.space == ACPI_SPACE_IO ? "port" : "memory", power->reset.address);
    }
}

void acpi_report(const struct acpi_info *info)
{
    static const char *const iommu_name[] = {"", "VT-d (DMAR)", "AMD-Vi (IVRS)"};
    machine_log(ACPI_AREA, MACHINE_INFO, "%u tables read, %u refused", info->table_count,
                info->bad_tables);
    report_cpus(info);
    if (info->hpet.v != 0) {
        machine_log(ACPI_AREA, MACHINE_INFO, "HPET at 0x%lx", info->hpet.v);
    }
    if (info->pm_timer.bits != 0) {
        machine_log(ACPI_AREA, MACHINE_INFO, "FADT: PM timer at %s 0x%lx, %u bits",
                    info->pm_timer.space == ACPI_SPACE_IO ? "port" : "memory",
                    info->pm_timer.address, info->pm_timer_32bit ? 32 : 24);
    }
    for (unsigned n = 0; n < info->ecam_count; n++) {
        machine_log(ACPI_AREA, MACHINE_INFO, "MCFG: segment %u, buses %u to %u at 0x%lx",
                    info->ecam[n].segment, info->ecam[n].bus_first, info->ecam[n].bus_last,
                    info->ecam[n].base.v);
    }
    if (info->iommu_count == 0) {
        machine_log(ACPI_AREA, MACHINE_INFO, "no IOMMU (no DMAR or IVRS table)");
    }
    for (unsigned n = 0; n < info->iommu_count; n++) {
        machine_log(ACPI_AREA, MACHINE_INFO, "%s: unit at 0x%lx, segment %u%s",
                    iommu_name[info->iommu_kind], info->iommus[n].base.v, info->iommus[n].segment,
                    info->iommus[n].all ? ", all other devices" : "");
    }
    report_power(info);
}
