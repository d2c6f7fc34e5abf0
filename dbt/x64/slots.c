/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's slots in the allocator: which value each has, and whether its memory has it too. */
#include "dbt/x64/alloc.h"

static void slot_set_dirty(struct x64 *c, unsigned slot, bool dirty)
{
    if (slot == LOC_SLOT_NZCV) {
        c->dirty_nzcv = dirty;
    } else if (dirty) {
        c->dirty |= BIT64(slot);
    } else {
        c->dirty &= ~BIT64(slot);
    }
}

void slots_store_bound(struct x64 *c, ir_ref ref, unsigned reg)
{
    struct x64_val *v = &c->val[ref];
    uint64_t left = c->dirty;

    if (c->dirty_nzcv && c->slot[LOC_SLOT_NZCV] == ref) {
        alloc_store(c, slot_mem(LOC_SLOT_NZCV), reg);
        c->dirty_nzcv = false;
        v->home = LOC_SLOT_NZCV;
        v->bound--;
    }
    while (v->bound && left) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        left &= left - 1;
        if (c->slot[slot] == ref) {
            alloc_store(c, slot_mem(slot), reg);
            c->dirty &= ~BIT64(slot);
            v->home = (uint8_t)slot;
            v->bound--;
        }
    }
    c->loc_fresh = false;
}

uint64_t slots_expiring(const struct x64 *c, ir_ref ref)
{
    uint64_t left = c->dirty & c->overwritten[c->row], slots = 0;

    for (; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        slots |= c->slot[slot] == ref ? BIT64(slot) : 0;
    }
    return slots;
}

void x64_fetch_slot(struct x64 *c, unsigned slot, unsigned reg)
{
    if (slot_is_dirty(c, slot)) {
        x64_fetch(c, c->slot[slot], reg);
    } else {
        alloc_load(c, slot_mem(slot), reg);
    }
}

/* The slot gets another value: what it had is no longer in its memory, nor needed for it. */
static void unbind(struct x64 *c, unsigned slot)
{
    ir_ref old = c->slot[slot];
    struct x64_val *v;

    if (old == IR_NONE) {
        return;
    }
    v = &c->val[old];
    if (slot_is_dirty(c, slot)) {
        v->bound--;
    } else if (v->home == slot) {
        if (!value_is_dead(v) && v->reg == X64_NONE && v->spill == X64_NONE &&
            !value_is_remade(c, old) && c->flags_ref != old) {
            x64_into_register(c, old);
        }
        v->home = X64_NONE;
    }
    x64_release_dead(c, old);
}

void x64_bind(struct x64 *c, unsigned slot, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (c->slot[slot] == ref) {
        return;
    }
    if (!value_is_remade(c, ref) && c->flags_ref != ref) {
        x64_into_register(c, ref);
    }
    v->bound++; /* before unbind: the same value may be what the slot's memory holds */
    unbind(c, slot);
    c->slot[slot] = ref;
    slot_set_dirty(c, slot, true);
    c->loc_fresh = false;
}

void x64_read(struct x64 *c, unsigned slot, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (c->slot[slot] == ref) {
        return; /* loaded before the loop's head */
    }
    if (c->slot[slot] == IR_NONE) {
        v->home = (uint8_t)slot;
        c->slot[slot] = ref;
        return;
    }
    if (slot_is_dirty(c, slot)) {
        ir_ref have = c->slot[slot];

        slots_store_bound(c, have, x64_into_register(c, have));
    }
    /* A second read of a known slot: an independent copy. */
    x64_assign(c, ref, alloc_get(c, value_class(c, ref)));
    alloc_load(c, slot_mem(slot), v->reg);
}

/* A constant that is needed nowhere else: no register is kept for it. */
static void write_remade(struct x64 *c, unsigned slot, const struct ir_insn *row)
{
    uint64_t value = x64_const_row(row);
    unsigned reg;

    if (row->op != IR_PCREL && value == (uint64_t)(int64_t)(int32_t)value) {
        emit_mi32(c, X_MOV_MI32 | X_W, slot_mem(slot), (int32_t)value);
        return;
    }
    reg = alloc_get(c, GPR_MASK);
    alloc_load_remade(c, row, reg);
    alloc_store(c, slot_mem(slot), reg);
}

/* One dirty slot to memory. */
static void write_slot(struct x64 *c, unsigned slot)
{
    ir_ref ref = c->slot[slot];
    const struct ir_insn *row = &c->block->insn[ref];
    struct x64_val *v = &c->val[ref];
    uint32_t pinned = c->pinned;

    if (v->reg == X64_NONE && value_is_remade(c, ref)) {
        write_remade(c, slot, row);
    } else {
        alloc_store(c, slot_mem(slot), x64_into_register(c, ref));
    }
    v->home = (uint8_t)slot;
    v->bound--;
    slot_set_dirty(c, slot, false);
    c->pinned = pinned;
    if (v->reg == X64_NONE || !(pinned >> v->reg & 1)) {
        x64_release_dead(c, ref);
    }
}

void x64_write_slots(struct x64 *c, uint64_t slots, bool nzcv)
{
    if (nzcv) {
        write_slot(c, LOC_SLOT_NZCV);
    }
    while ((slots &= c->dirty)) { /* room for one may have been made by storing another */
        write_slot(c, (unsigned)__builtin_ctzll(slots));
    }
    c->loc_fresh = false;
}

void x64_write_back(struct x64 *c)
{
    x64_write_slots(c, UINT64_MAX, c->dirty_nzcv);
}

void x64_forget(struct x64 *c)
{
    uint32_t pinned = c->pinned;

    for (unsigned slot = 0; slot < X64_SLOTS; slot++) {
        ir_ref ref = c->slot[slot];

        c->slot[slot] = IR_NONE;
        if (ref == IR_NONE || c->val[ref].home != slot) {
            continue;
        }
        if (c->val[ref].next != X64_NEVER && !value_is_remade(c, ref)) {
            unsigned reg = x64_into_register(c, ref);

            c->val[ref].home = X64_NONE;
            alloc_evict(c, reg);
            c->pinned = pinned;
        }
        c->val[ref].home = X64_NONE; /* the helper may change the slot */
    }
    x64_evict(c, GPR_MASK | XMM_MASK);
    c->loc_fresh = false;
}
