/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ACPI tables say of the machine, in plain structs; after acpi_read nobody looks at a
 * table again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exarch/addr.h"
#include "exarch/err.h"

#define ACPI_MAX_CPUS      256u
#define ACPI_MAX_IOAPICS   16u
#define ACPI_MAX_OVERRIDES 32u
#define ACPI_MAX_ECAM      16u
#define ACPI_MAX_IOMMUS    32u
#define ACPI_ISA_IRQS      16u

struct acpi_cpu {
    uint32_t apic_id;
    bool enabled;
};

struct acpi_ioapic_info {
    hpa_t address;
    uint32_t gsi_base;
    uint8_t id;
};

/* Where an ISA interrupt arrives; without an override it is gsi == irq, edge, high. */
struct acpi_override {
    uint32_t gsi;
    uint8_t irq;
    bool low;
    bool level;
};

/* PCI configuration space in memory: 1 MiB a bus. */
struct acpi_ecam {
    hpa_t base; /* of bus 0, whatever bus_first is */
    uint16_t segment;
    uint8_t bus_first;
    uint8_t bus_last;
};

/* A register by its generic address; bits 0: not there. */
struct acpi_register {
    uint64_t address;
    uint8_t space; /* enum acpi_space */
    uint8_t bits;
};

struct acpi_power {
    struct acpi_register pm1a_control;
    struct acpi_register pm1b_control;
    struct acpi_register reset;
    struct acpi_register sleep_control; /* of hardware-reduced machines */
    uint16_t smi_command;               /* port; 0: none */
    uint8_t acpi_enable;
    uint8_t reset_value;
    bool hardware_reduced;
    bool s5_known;
    uint8_t s5_type_a;
    uint8_t s5_type_b;
};

enum acpi_iommu_kind { ACPI_IOMMU_NONE, ACPI_IOMMU_VTD, ACPI_IOMMU_AMDVI };

struct acpi_iommu {
    hpa_t base;
    uint16_t segment;
    bool all; /* serves the devices that no other unit names */
};

struct acpi_info {
    unsigned table_count;
    unsigned bad_tables; /* refused for length or checksum; each was logged */

    hpa_t local_apic; /* 0: no MADT */
    bool has_pic;
    unsigned cpu_count; /* enabled and disabled ones */
    unsigned ioapic_count;
    unsigned override_count;
    unsigned ecam_count;
    unsigned iommu_count;
    enum acpi_iommu_kind iommu_kind;
    struct acpi_cpu cpus[ACPI_MAX_CPUS];
    struct acpi_ioapic_info ioapics[ACPI_MAX_IOAPICS];
    struct acpi_override overrides[ACPI_MAX_OVERRIDES];
    struct acpi_ecam ecam[ACPI_MAX_ECAM];
    struct acpi_iommu iommus[ACPI_MAX_IOMMUS];

    hpa_t hpet; /* 0: none */
    struct acpi_register pm_timer;
    bool pm_timer_32bit;
    struct acpi_power power;
};

/*
 * Reads all tables behind the root pointer into *info (which may be large: keep it static).
 * Whatever is missing or broken is logged and left empty; the result is -ERR_NODEV or -ERR_FORMAT
 * only when there is no usable root table at all.
 */
MUST_CHECK int acpi_read(struct acpi_info *info, hpa_t rsdp);

/* Looks for the root pointer where a BIOS leaves it (5.2.5.1); 0 when it is not there. */
hpa_t acpi_find_rsdp(void);

/* Logs what was found, some ten lines. */
void acpi_report(const struct acpi_info *info);

/*
 * The sleep types of \_S5 in an AML table (ACPI 7.4.2): only the definition itself is understood,
 * as a Name of a Package of constants, which is what firmware writes. False when it is not there.
 */
bool acpi_parse_s5(const uint8_t *aml, uint32_t length, uint8_t *type_a, uint8_t *type_b);
