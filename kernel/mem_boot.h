/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory's start, once, on the boot CPU. */
#pragma once

#include "boot/boot_info.h"

/* Leaves the loader's page tables for root's own and starts the page allocator. Adds what root
 * itself uses to info's ranges. */
void mem_boot(struct boot_info *info);

/* Logs the map (at debug level) and what there is. */
void mem_boot_report(void);

/* What the firmware told; valid all the time. */
const struct boot_info *boot_info_get(void);
