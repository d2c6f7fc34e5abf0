/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of the helpers that the IR calls, and where the pure ones are. */
#pragma once

#include <stdint.h>

enum helper {
#define HELPER_SYNC(name) HELPER_##name,
#define HELPER_I64(name)  HELPER_##name,
#define HELPER_V128(name) HELPER_##name,
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128
    HELPER_COUNT
};

/*
 * The pure helpers by number as this image's own code calls them (the interpreter; x64_env.pure may
 * be another mapping of the same functions); 0 for sync ones.
 */
extern const uintptr_t help_pure[HELPER_COUNT];
