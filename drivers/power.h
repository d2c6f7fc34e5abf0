/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching the machine off and resetting it. */
#pragma once

#include "drivers/acpi.h"

/* Keeps what the tables say, and makes the firmware hand over to ACPI where it has not yet. */
void power_init(const struct acpi_info *info);

/* ACPI's S5, without tables a known chipset's. Comes back only when the machine did not go off:
 * -ERR_NODEV when there is no way, else -ERR_TIMEOUT. */
int power_off(void);

/* Resets the machine: the FADT's register, the chipset's port 0xcf9, the keyboard controller. Comes
 * back when none of them did; a triple fault is what then remains. */
void power_reset(void);
