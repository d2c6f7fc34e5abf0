/* SPDX-License-Identifier: BSD-2-Clause */
/* The ACPI tables that drivers/acpi*.c read, as they lie in memory (ACPI 6.5 chapter 5; DMAR: VT-d
 * 8; IVRS: AMD 48882). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ACPI_PACKED __attribute__((packed))

#define ACPI_RSDP_SIGNATURE "RSD PTR "
#define ACPI_RSDP_V1_SIZE   20u
#define ACPI_RSDP_V2_SIZE   36u

struct acpi_rsdp {
    char signature[8];
    uint8_t checksum; /* over the first 20 bytes */
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_rsdp) == ACPI_RSDP_V2_SIZE, "5.2.5.3");

struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "5.2.6");

/* Generic address, 5.2.3.2. */
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

struct acpi_gas {
    uint8_t space;
    uint8_t bits;
    uint8_t offset;
    uint8_t access;
    uint64_t address;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_gas) == 12, "5.2.3.2");

struct acpi_fadt {
    struct acpi_header header;
    uint32_t facs;
    uint32_t dsdt;
    uint8_t reserved0;
    uint8_t profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable;
    uint8_t acpi_disable;
    uint8_t s4bios;
    uint8_t pstate;
    uint32_t pm1a_event;
    uint32_t pm1b_event;
    uint32_t pm1a_control;
    uint32_t pm1b_control;
    uint32_t pm2_control;
    uint32_t pm_timer;
    uint32_t gpe0;
    uint32_t gpe1;
    uint8_t pm1_event_length;
    uint8_t pm1_control_length;
    uint8_t pm2_control_length;
    uint8_t pm_timer_length;
    uint8_t gpe0_length;
    uint8_t gpe1_length;
    uint8_t gpe1_base;
    uint8_t cst;
    uint16_t c2_latency;
    uint16_t c3_latency;
    uint16_t flush_size;
    uint16_t flush_stride;
    uint8_t duty_offset;
    uint8_t duty_width;
    uint8_t day_alarm;
    uint8_t month_alarm;
    uint8_t century;
    uint16_t boot_flags;
    uint8_t reserved1;
    uint32_t flags;
    struct acpi_gas reset;
    uint8_t reset_value;
    uint16_t arm_flags;
    uint8_t minor;
    uint64_t x_facs;
    uint64_t x_dsdt;
    struct acpi_gas x_pm1a_event;
    struct acpi_gas x_pm1b_event;
    struct acpi_gas x_pm1a_control;
    struct acpi_gas x_pm1b_control;
    struct acpi_gas x_pm2_control;
    struct acpi_gas x_pm_timer;
    struct acpi_gas x_gpe0;
    struct acpi_gas x_gpe1;
    struct acpi_gas sleep_control;
    struct acpi_gas sleep_status;
} ACPI_PACKED;
_Static_assert(offsetof(struct acpi_fadt, flags) == 112, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "5.2.9");
_Static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "5.2.9");

#define ACPI_FADT_TIMER_32BIT      (UINT32_C(1) << 8)
#define ACPI_FADT_RESET_SUPPORTED  (UINT32_C(1) << 10)
#define ACPI_FADT_HARDWARE_REDUCED (UINT32_C(1) << 20)

/* MADT, 5.2.12, and the entries that we read. */
struct acpi_madt {
    struct acpi_header header;
    uint32_t local_apic;
    uint32_t flags;
} ACPI_PACKED;

enum acpi_madt_type {
    ACPI_MADT_LAPIC = 0,
    ACPI_MADT_IOAPIC = 1,
    ACPI_MADT_OVERRIDE = 2,
    ACPI_MADT_LAPIC_ADDRESS = 5,
    ACPI_MADT_X2APIC = 9
};

#define ACPI_MADT_CPU_ENABLED (UINT32_C(1) << 0)

/* What every entry of MADT, DMAR (with 16-bit fields) and so on begins with. */
struct acpi_entry {
    uint8_t type;
    uint8_t length;
} ACPI_PACKED;

struct acpi_madt_lapic {
    struct acpi_entry entry;
    uint8_t uid;
    uint8_t apic_id;
    uint32_t flags;
} ACPI_PACKED;

struct acpi_madt_ioapic {
    struct acpi_entry entry;
    uint8_t id;
    uint8_t reserved;
    uint32_t address;
    uint32_t gsi_base;
} ACPI_PACKED;

struct acpi_madt_override {
    struct acpi_entry entry;
    uint8_t bus;
    uint8_t source;
    uint32_t gsi;
    uint16_t flags; /* polarity in bits 1:0, trigger in bits 3:2; 3 means low and level */
} ACPI_PACKED;

struct acpi_madt_lapic_address {
    struct acpi_entry entry;
    uint16_t reserved;
    uint64_t address;
} ACPI_PACKED;

struct acpi_madt_x2apic {
    struct acpi_entry entry;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t uid;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_x2apic) == 16, "5.2.12.12");

struct acpi_mcfg {
    struct acpi_header header;
    uint8_t reserved[8];
    struct acpi_mcfg_area {
        uint64_t base;
        uint16_t segment;
        uint8_t bus_first;
        uint8_t bus_last;
        uint32_t reserved;
    } ACPI_PACKED areas[];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg_area) == 16, "PCI Firmware 3.3, table 4-3");

struct acpi_hpet {
    struct acpi_header header;
    uint32_t id;
    struct acpi_gas address;
    uint8_t number;
    uint16_t minimum_tick;
    uint8_t attributes;
} ACPI_PACKED;

/* DMAR, VT-d 8.1: header, width, flags, then structures of 16-bit type and length. */
struct acpi_dmar {
    struct acpi_header header;
    uint8_t width;
    uint8_t flags;
    uint8_t reserved[10];
} ACPI_PACKED;

enum acpi_dmar_type { ACPI_DMAR_DRHD = 0 };

struct acpi_dmar_unit {
    uint16_t type;
    uint16_t length;
    uint8_t flags; /* bit 0: all devices that no other unit names */
    uint8_t size;
    uint16_t segment;
    uint64_t base;
} ACPI_PACKED;

/* IVRS, AMD 48882 5.2.1: header, IVinfo, then blocks of 8-bit type and flags, 16-bit length. */
struct acpi_ivrs {
    struct acpi_header header;
    uint32_t info;
    uint8_t reserved[8];
} ACPI_PACKED;

enum acpi_ivrs_type { ACPI_IVHD_10 = 0x10, ACPI_IVHD_11 = 0x11, ACPI_IVHD_40 = 0x40 };

struct acpi_ivrs_block {
    uint8_t type;
    uint8_t flags;
    uint16_t length;
    uint16_t device;
    uint16_t capability;
    uint64_t base;
    uint16_t segment;
} ACPI_PACKED;
