/* SPDX-License-Identifier: BSD-2-Clause */
/* Message-signalled interrupts: PCI 3.0 6.8; the message itself: SDM 3 10.11. */
#include "drivers/machine.h"
#include "drivers/pci.h"
#include "drivers/pci_regs.h"
#include "exarch/bits.h"

static uint32_t message_address(uint32_t apic_id)
{
    return MSI_ADDRESS_BASE | (uint32_t)FIELD(MSI_ADDRESS_DEST, apic_id);
}

static void legacy_off(struct pci_device *device)
{
    uint16_t command = pci_read16(device->at, PCI_COMMAND);
    pci_write16(device->at, PCI_COMMAND, (uint16_t)(command | PCI_COMMAND_INTX_OFF));
}

static int msi_set(struct pci_device *device, uint8_t vector, uint32_t apic_id)
{
    unsigned cap = device->cap_msi;
    uint16_t control = pci_read16(device->at, cap + PCI_MSI_CONTROL);
    control &= (uint16_t) ~(PCI_MSI_ENABLE | PCI_MSI_MESSAGES); /* one message */
    pci_write16(device->at, cap + PCI_MSI_CONTROL, control);
    pci_write32(device->at, cap + PCI_MSI_ADDRESS, message_address(apic_id));
    if ((control & PCI_MSI_64BIT) != 0) {
        pci_write32(device->at, cap + PCI_MSI_ADDRESS + 4, 0);
        pci_write16(device->at, cap + PCI_MSI_ADDRESS + 8, vector);
    } else {
        pci_write16(device->at, cap + PCI_MSI_ADDRESS + 4, vector);
    }
    pci_write16(device->at, cap + PCI_MSI_CONTROL, (uint16_t)(control | PCI_MSI_ENABLE));
    legacy_off(device);
    return 0;
}

int pci_msi_enable(struct pci_device *device, uint8_t vector, uint32_t apic_id)
{
    if (apic_id > 0xff) {
        return -ERR_RANGE;
    }
    if (device->cap_msix != 0) {
        int count = pci_msix_enable(device);
        if (count > 0) {
            return pci_msix_set(device, 0, vector, apic_id);
        }
    }
    return device->cap_msi != 0 ? msi_set(device, vector, apic_id) : -ERR_NODEV;
}

static uint8_t *entry_of(const struct pci_device *device, unsigned entry)
{
    return device->msix_table + (size_t)entry * PCI_MSIX_ENTRY_SIZE;
}

/* Maps the table once; it lies where the capability says, if that is inside a BAR with an address.
 */
static int map_table(struct pci_device *device, unsigned count)
{
    uint32_t where = pci_read32(device->at, device->cap_msix + PCI_MSIX_TABLE);
    unsigned bar = (unsigned)GET_FIELD(where, PCI_MSIX_BAR);
    uint64_t offset = where & PCI_MSIX_OFFSET;
    uint64_t size = (uint64_t)count * PCI_MSIX_ENTRY_SIZE;
    if (device->msix_table != NULL) {
        return 0;
    }
    if (bar >= PCI_BARS || device->bars[bar].kind != PCI_BAR_MEMORY ||
        device->bars[bar].base == 0 || offset + size > device->bars[bar].size) {
        return -ERR_NODEV;
    }
    device->msix_table = machine_map(hpa(device->bars[bar].base + offset), size, MACHINE_DEVICE);
    return device->msix_table != NULL ? 0 : -ERR_NOMEM;
}

int pci_msix_enable(struct pci_device *device)
{
    if (device->cap_msix == 0) {
        return -ERR_NODEV;
    }
    unsigned control_at = device->cap_msix + PCI_MSIX_CONTROL;
    uint16_t control = pci_read16(device->at, control_at);
    unsigned count = (unsigned)GET_FIELD(control, PCI_MSIX_SIZE) + 1;
    uint16_t command = pci_read16(device->at, PCI_COMMAND);
    int error = map_table(device, count);
    if (error < 0) {
        return error;
    }
    pci_write16(device->at, PCI_COMMAND, (uint16_t)(command | PCI_COMMAND_MEMORY));
    pci_write16(device->at, control_at, (uint16_t)(control | PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL));
    for (unsigned n = 0; n < count; n++) {
        reg_write32(entry_of(device, n) + PCI_MSIX_VECTOR_CONTROL, 1);
    }
    pci_write16(device->at, control_at,
                (uint16_t)((control | PCI_MSIX_ENABLE) & ~PCI_MSIX_MASK_ALL));
    legacy_off(device);
    device->msix_count = (uint16_t)count;
    return (int)count;
}

int pci_msix_set(struct pci_device *device, unsigned entry, uint8_t vector, uint32_t apic_id)
{
    if (entry >= device->msix_count || apic_id > 0xff) {
        return -ERR_RANGE;
    }
    uint8_t *e = entry_of(device, entry);
    reg_write32(e + PCI_MSIX_VECTOR_CONTROL, 1);
    reg_write32(e + PCI_MSIX_ADDRESS, message_address(apic_id));
    reg_write32(e + PCI_MSIX_ADDRESS_HIGH, 0);
    reg_write32(e + PCI_MSIX_DATA, vector);
    reg_write32(e + PCI_MSIX_VECTOR_CONTROL, 0);
    return 0;
}
