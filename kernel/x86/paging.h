/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's own page tables: one set for all CPUs, nothing writable and executable, lower half empty.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether this CPU's tables map the byte: a walk from CR3, for code that follows wild pointers. */
bool paging_is_mapped(uint64_t address);
