/* SPDX-License-Identifier: BSD-2-Clause */
/* What tools/decodegen computes from the decode table, for the tests of the decoder made from it.
 */
#pragma once

#include "dbt/a64/a64_insns.h"

struct a64_count {
    uint32_t words; /* how many words the row covers */
    uint32_t fields;
};
extern const struct a64_count a64_counts[A64_COUNT];

/* Whether word, which has insn's fixed bits, also satisfies insn's constraint. */
bool a64_holds(enum a64_insn insn, uint32_t word);
