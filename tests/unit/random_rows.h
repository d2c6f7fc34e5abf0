/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of a random block (random_block.h): the builder, the values at hand, rows that compute. */
#pragma once

#include "dbt/ir/build.h"

extern struct ir_builder rb; /* of the block that is being made */

/* Starts a block whose first guest instruction is at `offset` of its page. */
void rows_begin(struct ir_block *block, unsigned offset);

/* The values at hand are what the state holds here; what was kept before is not used any more. */
void rows_find(void);

/* Adds a value to those at hand. */
void keep(ir_ref ref);

/* A value of that enum ir_type: one at hand, from the state, or a constant. */
ir_ref any(unsigned type);

/* A row of any kind that computes, now and then with the flags row that belongs to it; kept. */
void compute(void);
