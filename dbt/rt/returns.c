/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack of predicted returns of a vCPU. */
#include "dbt/rt/returns.h"

void returns_init(struct rt_returns *returns, struct a64_state *st, void *memory, uint64_t address,
                  uint64_t lookup)
{
    struct ret_entry *entries = memory;

    entries[RETURNS_SIZE / sizeof(*entries) - 1] = (struct ret_entry){.host = lookup};
    *returns = (struct rt_returns){.st = st, .memory = memory};
    returns_move(returns, address);
}

void returns_move(struct rt_returns *returns, uint64_t address)
{
    returns->limit = address + RETURNS_ROOM;
    returns->top = address + RETURNS_SIZE - sizeof(struct ret_entry);
    returns->st->ret_limit = returns->limit + sizeof(struct ret_entry);
    returns->st->ret_top = returns->top;
    returns_drop(returns);
}

void returns_drop(struct rt_returns *returns)
{
    returns->st->ret_sp = returns->top;
}

uint64_t returns_stack(const struct rt_returns *returns)
{
    uint64_t sp = __atomic_load_n(&returns->st->ret_sp, __ATOMIC_RELAXED);
    bool inside = sp >= returns->limit && sp <= returns->top;

    return inside && sp % sizeof(struct ret_entry) == 0 ? sp : returns->top;
}
