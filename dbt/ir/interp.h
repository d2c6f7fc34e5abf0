/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a block of IR: cold code, accesses that need the slow way, and the tests' second opinion. */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/state.h"

struct vcpu;

enum interp_result {
    INTERP_EXIT, /* the block's END was reached: st->pc is the next PC; *exit says why (EXIT_LOOKUP
                    for branches) */
    INTERP_UNWIND, /* a helper or an access took an exception: st->pc and all state are the
                      handler's */
};

/*
 * Runs the whole block on st (which is vcpu's state; st->pc_page is set). Memory goes through
 * mem_access (dbt/rt/mem.h) and so through the guest's own page tables, devices included.
 */
enum interp_result interp_run(struct vcpu *vcpu, struct a64_state *st, const struct ir_block *block,
                              enum ir_exit *exit);
