/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers that the IR calls: their numbers, the sync ones' prototypes, and where they are. */
#pragma once

#include <stdint.h>

struct vcpu;

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

/* help_NAME of each sync helper; see helpers.inc. */
#define HELPER_SYNC(name)                                                                          \
    uint64_t help_##name(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm);
#define HELPER_I64(name)
#define HELPER_V128(name)
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128

/*
 * The pure helpers by number as this image's own code calls them (the interpreter; x64_env.pure may
 * be another mapping of the same functions); 0 for sync ones.
 */
extern const uintptr_t help_pure[HELPER_COUNT];

/* For dumps and statistics. */
extern const char *const help_name[HELPER_COUNT];
