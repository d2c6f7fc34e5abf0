/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure helpers' addresses: apart, so that tests with fake sync helpers have the real ones. */
#include "dbt/rt/helpers.h"

/* They differ in type, and only their addresses are wanted here. */
#define HELPER_SYNC(name)
#define HELPER_I64(name)  extern const char help_##name[];
#define HELPER_V128(name) extern const char help_##name[];
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128

const uintptr_t help_pure[HELPER_COUNT] = {
#define HELPER_SYNC(name) [HELPER_##name] = 0,
#define HELPER_I64(name)  [HELPER_##name] = (uintptr_t)help_##name,
#define HELPER_V128(name) [HELPER_##name] = (uintptr_t)help_##name,
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128
};
