/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows: pages of guest memory that translated code reaches outside its view. */
/*
 * A view holds one range as one EL sees it. What else an instruction may access goes by a window:
 * LDTR and STTR, and the sites that were found to need it (SITE_WINDOW), or to want the same page
 * again and again just after a TLBI has taken it out of the view. The tables are in struct
 * a64_state, where translated code looks an access up in place; a miss calls HELPER_window, which
 * walks the guest's tables and opens the window, or leaves the instruction to the interpreter.
 *
 * The tables are a TLB of the current regime: what selects another regime empties them, TLBIs take
 * entries away. PSTATE.PAN is watched for the entries that it matters to. What is written into the
 * state is never read back: it is translated code's to change.
 */
#pragma once

#include "dbt/state.h"

struct vcpu;
struct rt_vcpu;

/* imm of HELPER_window. */
#define WINDOW_IMM(bytes, table, write)                                                            \
    ((uint32_t)(bytes) | (uint32_t)(table) << 8 | ((write) ? BIT32(16) : 0))

/* What is known of one of the tables. */
struct rt_windows {
    uint64_t used; /* bit n: entry n is open, */
    uint64_t user; /* and EL0 may access its page */
    uint64_t va[WINDOWS];
    uint64_t leaf;                /* the largest guest mapping that an entry came from */
    uint64_t ttbr[2], tcr, sctlr; /* the regime */
};
_Static_assert(WINDOWS == 64, "a word has a bit for each window");

/* All windows of a new vCPU are closed. */
void window_init(struct vcpu *vcpu);

/* The regime or PSTATE.PAN may have changed: closes what is no longer valid. */
void window_select(struct vcpu *vcpu);

/* Opens the window for an access to RAM within one page that the guest's tables allow now. False:
 * there is none. */
bool window_open(struct vcpu *vcpu, uint64_t va, unsigned size, unsigned table, bool write);

/* TLBI: all of both tables, or what may stem from mappings of [va, + size). */
void window_close_all(struct vcpu *vcpu);
void window_close_range(struct vcpu *vcpu, uint64_t va, uint64_t size);
