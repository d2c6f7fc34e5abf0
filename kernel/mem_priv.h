/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of kernel/mem.h tell each other. */
#pragma once

#include "kernel/mem.h"

/* Each fills its own part of the statistics. */
void pages_stats(struct mem_stats *stats);
void objects_stats(struct mem_stats *stats);
