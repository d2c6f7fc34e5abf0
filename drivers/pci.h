/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI and PCI Express: configuration space by ECAM or by ports, the list of functions with their
 * BARs and capabilities, message-signalled interrupts. Resources stay where the firmware put them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/acpi.h"
#include "exarch/addr.h"
#include "exarch/err.h"

#define PCI_BARS        6u
#define PCI_MAX_DEVICES 1024u

struct pci_address {
    uint16_t segment;
    uint8_t bus;
    uint8_t device;
    uint8_t function;
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY };

struct pci_bar {
    uint64_t base; /* 0: the firmware gave none */
    uint64_t size;
    uint8_t kind; /* enum pci_bar_kind */
    bool is_64bit;
    bool prefetchable;
};

struct pci_device {
    struct pci_address at;
    uint16_t vendor;
    uint16_t device;
    uint32_t class_code; /* class, subclass, interface: 24 bits */
    uint8_t header;      /* 0 device, 1 bridge, 2 CardBus bridge */
    uint8_t irq_line;    /* the ISA interrupt that the firmware noted; 0 or 0xff: none */
    uint8_t irq_pin;     /* 1 to 4: INTA to INTD; 0: none */
    uint8_t secondary;   /* of a bridge: the bus behind it */
    uint8_t subordinate; /* the last bus behind it */
    uint8_t cap_msi;     /* offsets into configuration space; 0: not there */
    uint8_t cap_msix;
    uint8_t cap_express;
    uint8_t cap_power;
    struct pci_bar bars[PCI_BARS];
    uint8_t *msix_table; /* mapped by pci_msix_enable */
    uint16_t msix_count;
};

/*
 * Finds all functions of all segments: bus 0, what the bridges lead to, and root buses that only
 * answer. Zero functions is no error. -ERR_NOMEM when the list or a window cannot be had.
 */
MUST_CHECK int pci_init(const struct acpi_info *info);

unsigned pci_count(void);
struct pci_device *pci_get(unsigned index);
/* The next function after `previous` (NULL: the first) with class_code & mask == class; NULL at the
 * end. */
struct pci_device *pci_find_class(struct pci_device *previous, uint32_t class_code, uint32_t mask);
struct pci_device *pci_find_id(struct pci_device *previous, uint16_t vendor, uint16_t device);

/* Configuration space; offset is aligned to the width. What is not there reads all ones. */
uint8_t pci_read8(struct pci_address at, unsigned offset);
uint16_t pci_read16(struct pci_address at, unsigned offset);
uint32_t pci_read32(struct pci_address at, unsigned offset);
void pci_write8(struct pci_address at, unsigned offset, uint8_t value);
void pci_write16(struct pci_address at, unsigned offset, uint16_t value);
void pci_write32(struct pci_address at, unsigned offset, uint32_t value);

/* Lets the function decode its BARs and be bus master; wakes it up from D3. */
void pci_enable(struct pci_device *device);

/* A memory BAR as a window; NULL when it is not one, has no address, or there is no memory. */
void *pci_map_bar(const struct pci_device *device, unsigned bar);

/* The offset of a capability, or 0. `id` as in PCI 3.0 appendix H. */
uint8_t pci_capability(struct pci_address at, uint8_t id);

/*
 * One message-signalled interrupt to one CPU: MSI-X entry 0 or MSI, what there is; legacy
 * interrupts go off. -ERR_NODEV without either, -ERR_RANGE when the APIC id needs more than 8 bits.
 */
MUST_CHECK int pci_msi_enable(struct pci_device *device, uint8_t vector, uint32_t apic_id);

/* Switches MSI-X on with all entries masked; the number of entries, or an error. */
MUST_CHECK int pci_msix_enable(struct pci_device *device);
/* Sets and unmasks an entry. */
MUST_CHECK int pci_msix_set(struct pci_device *device, unsigned entry, uint8_t vector,
                            uint32_t apic_id);

/* What a class code is, in words; never NULL. */
const char *pci_class_name(uint32_t class_code);

/* Logs one line a function. */
void pci_report(void);
