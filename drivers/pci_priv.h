/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the PCI driver. */
#pragma once

#include "drivers/pci.h"

#define PCI_AREA "pci"

MUST_CHECK int pci_config_init(const struct acpi_info *info);

/* Whether an access goes anywhere: other segments than 0 need ECAM, as do offsets from 256 on. */
bool pci_config_reaches(struct pci_address at, unsigned offset);
