/* SPDX-License-Identifier: BSD-2-Clause */
/* An empty table of pure helpers, for unit tests that call none. */
#include "dbt/rt/helpers.h"

const uintptr_t help_pure[HELPER_COUNT];
