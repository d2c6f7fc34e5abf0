/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space of PCI functions: PCI Local Bus 3.0 chapter 6, PCI Express Base chapter 7. */
#pragma once

#include "exarch/bits.h"

// clang-format off
enum pci_register {
    PCI_VENDOR         = 0x00,
    PCI_DEVICE         = 0x02,
    PCI_COMMAND        = 0x04,
    PCI_STATUS         = 0x06,
    PCI_CLASS          = 0x08, /* revision in the low byte */
    PCI_HEADER         = 0x0e,
    PCI_BAR0           = 0x10,
    PCI_BRIDGE_BUSES   = 0x18, /* primary, secondary, subordinate, latency */
    PCI_CAPABILITIES   = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN  = 0x3d
};

#define PCI_COMMAND_IO        BIT32(0)
#define PCI_COMMAND_MEMORY    BIT32(1)
#define PCI_COMMAND_MASTER    BIT32(2)
#define PCI_COMMAND_INTX_OFF  BIT32(10)
#define PCI_STATUS_CAPS       BIT32(4)
#define PCI_HEADER_MULTI      BIT32(7)
#define PCI_HEADER_TYPE       MASK(6, 0)

#define PCI_BAR_IS_IO         BIT32(0)
#define PCI_BAR_TYPE          MASK(2, 1)
#define PCI_BAR_TYPE_64       2u
#define PCI_BAR_PREFETCH      BIT32(3)
#define PCI_BAR_MEMORY_BASE   (~UINT32_C(0xf))
#define PCI_BAR_IO_BASE       (~UINT32_C(0x3))

enum pci_cap_id { PCI_CAP_POWER = 0x01, PCI_CAP_MSI = 0x05, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11 };

/* Power management: offset 4 is the control and status register. */
#define PCI_POWER_CONTROL     4u
#define PCI_POWER_STATE       MASK(1, 0)

/* MSI, 6.8.1: control, address, upper address when 64 bits, data. */
#define PCI_MSI_CONTROL       2u
#define PCI_MSI_ADDRESS       4u
#define PCI_MSI_ENABLE        BIT32(0)
#define PCI_MSI_MESSAGES      MASK(6, 4)
#define PCI_MSI_64BIT         BIT32(7)

/* MSI-X, 6.8.2 */
#define PCI_MSIX_CONTROL      2u
#define PCI_MSIX_TABLE        4u
#define PCI_MSIX_SIZE         MASK(10, 0) /* entries less one */
#define PCI_MSIX_MASK_ALL     BIT32(14)
#define PCI_MSIX_ENABLE       BIT32(15)
#define PCI_MSIX_BAR          MASK(2, 0)
#define PCI_MSIX_OFFSET       (~UINT32_C(7))
#define PCI_MSIX_ENTRY_SIZE   16u

enum pci_msix_entry { PCI_MSIX_ADDRESS = 0, PCI_MSIX_ADDRESS_HIGH = 4, PCI_MSIX_DATA = 8, PCI_MSIX_VECTOR_CONTROL = 12 };

/* The address of a message to a local APIC: SDM 3 10.11.1; edge, fixed, physical destination. */
#define MSI_ADDRESS_BASE      UINT32_C(0xfee00000)
#define MSI_ADDRESS_DEST      MASK(19, 12)
// clang-format on
