/* SPDX-License-Identifier: BSD-2-Clause */
/* A stand-in for dbt/rt in unit tests of the IR and what is built on it: flat memory, one helper.
 */
#pragma once

#include "dbt/state.h"

#define FAKE_BASE UINT64_C(0x40000000)
#define FAKE_SIZE 8192

/* Guest memory at FAKE_BASE; everything else faults. */
extern uint8_t fake_memory[FAKE_SIZE];

/* What the last fault was, and the last sync helper called. */
struct fake_event {
    uint64_t fault_va;
    unsigned fault_flags;
    unsigned faults;
    unsigned sp_faults;
    uint32_t helper;
    uint32_t imm;
    uint64_t arg[3];
    unsigned calls;
    bool unwind; /* set by the test: the next helper call unwinds */
};
extern struct fake_event fake_event;

/* The state that faults of the fake set `unwind` in; may be NULL. */
extern struct a64_state *fake_state;

/* A fresh start: memory and events zero. */
void fake_reset(struct a64_state *st);
