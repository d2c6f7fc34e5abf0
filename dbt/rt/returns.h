/* SPDX-License-Identifier: BSD-2-Clause */
/* Return prediction: calls and returns of the guest are calls and returns of the host. */
/*
 * While translated code runs, RSP points into a stack of entries: BL and BLR push the guest address
 * that they return to and CALL the target's code; RET compares that address with its target and,
 * where they agree, executes the host's RET, which the host predicts. It lands behind the CALL,
 * which goes on in the guest's page as any direct branch does. Else RET probes the jump cache and
 * leaves the stack as it is: a stack of the guest that was switched, or left by longjmp, costs the
 * probe and nothing else. When there is no more room for a call the stack starts anew.
 *
 * An entry says: in the view and under the tr_flags that translated code runs with, this VA is
 * executable and this code is its. It thus lives no longer than the jump cache's entries: whatever
 * changes or clears rt->jc empties the stack (returns_drop). The lowest entry is no prediction: its
 * code leaves for the dispatcher, which looks the return's target up.
 *
 * The stack lies in memory that ring 3 can write. The engine reads only st->ret_sp of it, checked
 * by returns_stack. Below RSP there are always RETURNS_ROOM bytes for calls of helpers.
 */
#pragma once

#include "dbt/state.h"

#define RETURNS_SIZE KIB(16)
#define RETURNS_ROOM KIB(2)

struct rt_returns {
    struct a64_state *st;
    void *memory;
    uint64_t limit, top; /* addresses: below limit there is no room for a call; the lowest entry */
};

/* Takes RETURNS_SIZE bytes of shared memory, which translated code has at `address`; lookup: code
 * for the lowest entry (struct x64_env). */
void returns_init(struct rt_returns *returns, struct a64_state *st, void *memory, uint64_t address,
                  uint64_t lookup);

/* Translated code has it at another address now; nothing is predicted. */
void returns_move(struct rt_returns *returns, uint64_t address);

/* No return is predicted any more of what was called so far. */
void returns_drop(struct rt_returns *returns);

/* What RSP is to be for translated code to go on: an entry, whatever ring 3 has made of ret_sp. */
uint64_t returns_stack(const struct rt_returns *returns);
