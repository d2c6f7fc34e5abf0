/* SPDX-License-Identifier: BSD-2-Clause */
/* What every CPU switches on for root itself, and what the first one found. */
#pragma once

#include <stdbool.h>

/* Checks that this CPU has what root cannot do without (panics in words if not), then sets CR0,
 * CR4, EFER and PAT on it. */
void cpu_features_enable(void);

/* Logs the CPU's name and what is on. */
void cpu_features_report(void);
