/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers that translated code and the interpreter call: numbers and prototypes from
 * helpers.inc. */
#pragma once

#include "dbt/state.h"

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

/* The calling conventions; see helpers.inc. Arguments of pure helpers are declared by their own
 * files. */
typedef uint64_t (*helper_sync_fn)(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2,
                                   uint32_t imm);

#define HELPER_SYNC(name)                                                                          \
    uint64_t help_##name(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm);
#define HELPER_I64(name)
#define HELPER_V128(name)
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128

/*
 * Addresses of the pure helpers by number, 0 for the sync ones. Their signatures differ (see
 * helpers.inc), so they are known as addresses only: translated code and the interpreter call them
 * as that says.
 */
extern const uint64_t helper_pure[HELPER_COUNT];

/* The sync helpers by number, NULL for the pure ones. */
extern const helper_sync_fn helper_sync[HELPER_COUNT];

extern const char *const helper_name[HELPER_COUNT];
