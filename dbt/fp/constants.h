/* SPDX-License-Identifier: BSD-2-Clause */
/* The indices of st->fp_const. */
#pragma once

enum fp_constant {
#define FP_PAIR(name, s, d)      FPK_##name, FPK_##name##_DOUBLE,
#define FP_BITS(name, low, high) FPK_##name,
#include "dbt/fp/constants.inc"
#undef FP_PAIR
#undef FP_BITS
    FPK_COUNT
};
