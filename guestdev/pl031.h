/* SPDX-License-Identifier: BSD-2-Clause */
/* PL031 real-time clock (Arm DDI 0224C). */
#pragma once

#include "exarch/bits.h"

struct vm;

struct pl031 {
    uint32_t offset; /* DR = wall seconds + offset */
    uint32_t match, load;
    bool mask, raw;
    uint64_t due; /* wall seconds of the next match, UINT64_MAX: none */
};

void pl031_reset(struct vm *vm);

/* Raises the alarm if its time has come; returns seconds until it may come, UINT64_MAX: never. */
uint64_t pl031_update(struct vm *vm);

bool pl031_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value);
bool pl031_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value);
