/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the allocator: what alloc.c, slots.c and their neighbours give each other. */
/*
 * Where a value is: register, spill slot, memory of a slot (home), RFLAGS, or nowhere because it
 * can be made again (constants, PCREL). Invariant: a value that a dirty slot is bound to is in a
 * register, in RFLAGS or can be made again; taking its register stores the slots.
 */
#pragma once

#include "dbt/x64/x64.h"

static inline bool value_is_vector(const struct x64 *c, ir_ref ref)
{
    return ir_rows[c->block->insn[ref].op].result == IR_V128;
}

/* A value that needs no register, memory or spill slot to survive. */
static inline bool value_is_remade(const struct x64 *c, ir_ref ref)
{
    unsigned op = c->block->insn[ref].op;

    return op == IR_CONST32 || op == IR_CONST64 || op == IR_NZCV_CONST || op == IR_PCREL;
}

static inline bool value_is_dead(const struct x64_val *v)
{
    return v->next == X64_NEVER && !v->bound;
}

static inline bool slot_is_dirty(const struct x64 *c, unsigned slot)
{
    return slot == LOC_SLOT_NZCV ? c->dirty_nzcv : bit(c->dirty, slot);
}

static inline struct x86_mem slot_mem(unsigned slot)
{
    if (slot < LOC_SLOT_V) {
        return x64_state(offsetof(struct a64_state, x) + slot * 8);
    }
    if (slot < LOC_SLOT_NZCV) {
        return x64_state(offsetof(struct a64_state, v) + (slot - LOC_SLOT_V) * 16);
    }
    return ST_FIELD(nzcv);
}

static inline uint32_t value_class(const struct x64 *c, ir_ref ref)
{
    return value_is_vector(c, ref) ? XMM_MASK : GPR_MASK;
}

/* --- alloc.c: registers numbered as in x64.reg_ref --- */
/* A register of the class, pinned for the row; the farthest next use is evicted when none is free.
 */
unsigned alloc_get(struct x64 *c, uint32_t class);
void alloc_release(struct x64 *c, unsigned reg);
void alloc_evict(struct x64 *c, unsigned reg); /* what it holds survives without it */
void alloc_store(struct x64 *c, struct x86_mem mem, unsigned reg);
void alloc_load(struct x64 *c, struct x86_mem mem, unsigned reg);
void alloc_load_pcrel(struct x64 *c, unsigned reg, int64_t offset); /* pc_page + offset */
void alloc_load_remade(struct x64 *c, const struct ir_insn *row, unsigned reg);
uint64_t x64_const_row(const struct ir_insn *row); /* what a constant row has in a register */
void x64_release(struct x64 *c, ir_ref ref);       /* gives its places back */
static inline void x64_release_dead(struct x64 *c, ir_ref ref) /* the same when nobody needs it */
{
    if (value_is_dead(&c->val[ref])) {
        x64_release(c, ref);
    }
}
void x64_vacate(struct x64 *c, unsigned reg);
unsigned x64_into_register(struct x64 *c, ir_ref ref);   /* pinned */
void x64_fetch(struct x64 *c, ir_ref ref, unsigned reg); /* a copy, RFLAGS kept */
void x64_move_register(struct x64 *c, unsigned to, unsigned from);
void x64_assign(struct x64 *c, ir_ref ref, unsigned reg);

/* --- slots.c --- */
/* Stores the value in reg to every dirty slot that is bound to it. */
void slots_store_bound(struct x64 *c, ir_ref ref, unsigned reg);

/* The dirty slots bound to ref that are set anew before anybody can ask for their value. */
uint64_t slots_expiring(const struct x64 *c, ir_ref ref);
void x64_fetch_slot(struct x64 *c, unsigned slot, unsigned reg); /* what a guest slot has */
