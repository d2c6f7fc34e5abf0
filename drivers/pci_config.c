/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space: 4 KiB a function in memory (ECAM; PCI Express Base 7.2.2) where the MCFG
 * table says so, else 256 bytes through ports 0xcf8 and 0xcfc (PCI 3.0 3.2.2.3). A bus is mapped
 * when it is first looked at.
 */
#include "drivers/pci.h"

#include "drivers/machine.h"
#include "drivers/pci_priv.h"
#include "exarch/bits.h"

#define CONFIG_ADDRESS UINT16_C(0xcf8)
#define CONFIG_DATA    UINT16_C(0xcfc)
#define CONFIG_ENABLE  BIT32(31)
#define BUSES          256u

static const struct acpi_info *acpi;
static uint8_t **windows[ACPI_MAX_ECAM]; /* by area, then by bus */
static struct machine_lock port_lock;

int pci_config_init(const struct acpi_info *info)
{
    acpi = info;
    for (unsigned n = 0; n < info->ecam_count; n++) {
        windows[n] = machine_alloc(BUSES * sizeof(windows[n][0]));
        if (windows[n] == NULL) {
            return -ERR_NOMEM;
        }
    }
    return 0;
}

static int area_of(struct pci_address at)
{
    for (unsigned n = 0; n < acpi->ecam_count; n++) {
        const struct acpi_ecam *area = &acpi->ecam[n];
        if (area->segment == at.segment && at.bus >= area->bus_first && at.bus <= area->bus_last) {
            return (int)n;
        }
    }
    return -ERR_NOENT;
}

/* The function's 4 KiB in memory; NULL when it has to go through the ports, or cannot be mapped. */
static uint8_t *function_window(struct pci_address at)
{
    int area = area_of(at);
    if (area < 0) {
        return NULL;
    }
    uint8_t **window = &windows[area][at.bus];
    if (*window == NULL) {
        *window = machine_map(hpa(acpi->ecam[area].base.v + ((uint64_t)at.bus << 20)), MIB(1),
                              MACHINE_DEVICE);
    }
    return *window != NULL ? *window + ((size_t)at.device << 15 | (size_t)at.function << 12) : NULL;
}

bool pci_config_reaches(struct pci_address at, unsigned offset)
{
    return function_window(at) != NULL ? offset < 4096 : at.segment == 0 && offset < 256;
}

/* The data port for the offset, after the address port has been set. */
static uint16_t select_port(struct pci_address at, unsigned offset)
{
    io_write32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)at.bus << 16 | (uint32_t)at.device << 11 |
                                   (uint32_t)at.function << 8 | (offset & 0xfc));
    return (uint16_t)(CONFIG_DATA + (offset & 3));
}

#define CONFIG_ACCESS(bits)                                                                        \
    uint##bits##_t pci_read##bits(struct pci_address at, unsigned offset)                          \
    {                                                                                              \
        uint8_t *window = function_window(at);                                                     \
        if (!pci_config_reaches(at, offset)) {                                                     \
            return (uint##bits##_t) ~UINT64_C(0);                                                  \
        }                                                                                          \
        if (window != NULL) {                                                                      \
            return reg_read##bits(window + offset);                                                \
        }                                                                                          \
        uint64_t state = machine_lock(&port_lock);                                                 \
        uint##bits##_t value = io_read##bits(select_port(at, offset));                             \
        machine_unlock(&port_lock, state);                                                         \
        return value;                                                                              \
    }                                                                                              \
    void pci_write##bits(struct pci_address at, unsigned offset, uint##bits##_t value)             \
    {                                                                                              \
        uint8_t *window = function_window(at);                                                     \
        if (!pci_config_reaches(at, offset)) {                                                     \
            return;                                                                                \
        }                                                                                          \
        if (window != NULL) {                                                                      \
            reg_write##bits(window + offset, value);                                               \
            return;                                                                                \
        }                                                                                          \
        uint64_t state = machine_lock(&port_lock);                                                 \
        io_write##bits(select_port(at, offset), value);                                            \
        machine_unlock(&port_lock, state);                                                         \
    }

CONFIG_ACCESS(8)
CONFIG_ACCESS(16)
CONFIG_ACCESS(32)
