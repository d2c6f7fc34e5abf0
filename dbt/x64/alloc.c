/* SPDX-License-Identifier: BSD-2-Clause */
/* The block-local register allocator: values, registers, the guest's slots. */
/*
 * One forward pass with exact next uses. Where a value is: register, spill slot, memory of a slot
 * (home), RFLAGS, or nowhere because it can be made again (constants, PCREL). Invariant: a value
 * that a dirty slot is bound to is in a register, in RFLAGS or can be made again; taking its
 * register stores the slots. Eviction prefers values that are never used again (their slot must be
 * stored at the end of the block anyway), then the farthest next use.
 */
#include "dbt/x64/x64.h"

static enum ir_type type_of(const struct x64 *c, ir_ref ref)
{
    return (enum ir_type)ir_rows[c->block->insn[ref].op].result;
}

static bool is_vector(const struct x64 *c, ir_ref ref)
{
    return type_of(c, ref) == IR_V128;
}

/* A value that needs no register, memory or spill slot to survive. */
static bool is_remade(const struct x64 *c, ir_ref ref)
{
    unsigned op = c->block->insn[ref].op;

    return op == IR_CONST32 || op == IR_CONST64 || op == IR_NZCV_CONST || op == IR_PCREL;
}

static bool is_dead(const struct x64_val *v)
{
    return v->next == X64_NEVER && !v->bound;
}

static bool slot_is_dirty(const struct x64 *c, unsigned slot)
{
    return slot == LOC_SLOT_NZCV ? c->dirty_nzcv : bit(c->dirty, slot);
}

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

static struct x86_mem slot_mem(unsigned slot)
{
    if (slot < LOC_SLOT_V) {
        return x64_state(offsetof(struct a64_state, x) + slot * 8);
    }
    if (slot < LOC_SLOT_NZCV) {
        return x64_state(offsetof(struct a64_state, v) + (slot - LOC_SLOT_V) * 16);
    }
    return ST_FIELD(nzcv);
}

static struct x86_mem spill_mem(bool vector, unsigned n)
{
    return vector ? x64_state(offsetof(struct a64_state, vspill) + n * 16)
                  : x64_state(offsetof(struct a64_state, spill) + n * 8);
}

/* --- registers --- */
void x64_assign(struct x64 *c, ir_ref ref, unsigned reg)
{
    c->val[ref].reg = (uint8_t)reg;
    c->reg_ref[reg] = ref;
    c->free &= ~(1u << reg);
    if (c->val[ref].bound) {
        c->loc_fresh = false;
    }
}

static void release_reg(struct x64 *c, unsigned reg)
{
    c->reg_ref[reg] = IR_NONE;
    c->free |= 1u << reg;
}

static void release_spill(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (v->spill == X64_NONE) {
        return;
    }
    if (is_vector(c, ref)) {
        c->vspill_free = (uint16_t)(c->vspill_free | 1u << v->spill);
    } else {
        c->spill_free |= 1u << v->spill;
    }
    v->spill = X64_NONE;
}

void x64_release_dead(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (!is_dead(v)) {
        return;
    }
    if (v->reg != X64_NONE) {
        release_reg(c, v->reg);
        v->reg = X64_NONE;
    }
    release_spill(c, ref);
    if (c->flags_ref == ref) {
        c->flags_ref = IR_NONE;
    }
}

static void store_reg(struct x64 *c, struct x86_mem mem, unsigned reg)
{
    if (reg < XMM_FIRST) {
        emit_rm(c, X_MOV_MR | X_W, reg, mem);
    } else {
        emit_rm(c, X_VMOVDQA_MR, reg - XMM_FIRST, mem);
    }
}

static void load_reg(struct x64 *c, struct x86_mem mem, unsigned reg)
{
    if (reg < XMM_FIRST) {
        emit_rm(c, X_MOV_RM | X_W, reg, mem);
    } else {
        emit_rm(c, X_VMOVDQA_RM, reg - XMM_FIRST, mem);
    }
}

void x64_move_register(struct x64 *c, unsigned to, unsigned from)
{
    if (to < XMM_FIRST) {
        emit_mov(c, to, from);
    } else if (to != from) {
        emit_rr(c, X_VMOVDQA_RM, to - XMM_FIRST, from - XMM_FIRST);
    }
}

/* Stores the value in reg to every dirty slot that is bound to it. */
static void store_bound(struct x64 *c, ir_ref ref, unsigned reg)
{
    struct x64_val *v = &c->val[ref];
    uint64_t left = c->dirty;

    if (c->dirty_nzcv && c->slot[LOC_SLOT_NZCV] == ref) {
        store_reg(c, slot_mem(LOC_SLOT_NZCV), reg);
        c->dirty_nzcv = false;
        v->home = LOC_SLOT_NZCV;
        v->bound--;
    }
    while (v->bound && left) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        left &= left - 1;
        if (c->slot[slot] == ref) {
            store_reg(c, slot_mem(slot), reg);
            c->dirty &= ~BIT64(slot);
            v->home = (uint8_t)slot;
            v->bound--;
        }
    }
    c->loc_fresh = false;
}

static void spill(struct x64 *c, ir_ref ref, unsigned reg)
{
    bool vector = is_vector(c, ref);
    uint32_t free = vector ? c->vspill_free : c->spill_free;
    unsigned n = (unsigned)__builtin_ctz(free);

    if (!free) {
        __builtin_trap(); /* more live temporaries than a guest instruction can have: our bug */
    }
    if (vector) {
        c->vspill_free = (uint16_t)(c->vspill_free & ~(1u << n));
    } else {
        c->spill_free &= ~(1u << n);
    }
    c->val[ref].spill = (uint8_t)n;
    store_reg(c, spill_mem(vector, n), reg);
}

/* Makes sure that the value in its register survives without it. */
static void save(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (is_remade(c, ref)) {
        c->loc_fresh = c->loc_fresh && !v->bound;
        return;
    }
    if (v->bound) {
        store_bound(c, ref, v->reg);
    }
    if (v->next != X64_NEVER && v->home == X64_NONE && v->spill == X64_NONE) {
        spill(c, ref, v->reg);
    }
}

static void evict(struct x64 *c, unsigned reg)
{
    ir_ref ref = c->reg_ref[reg];

    save(c, ref);
    c->val[ref].reg = X64_NONE;
    release_reg(c, reg);
}

static unsigned random_bit(struct x64 *c, uint32_t mask)
{
    unsigned skip;

    c->shake = c->shake * 1664525 + 1013904223;
    skip = (c->shake >> 16) % (unsigned)__builtin_popcount(mask);
    while (skip--) {
        mask &= mask - 1;
    }
    return (unsigned)__builtin_ctz(mask);
}

static unsigned farthest(struct x64 *c, uint32_t candidates)
{
    unsigned best = (unsigned)__builtin_ctz(candidates), best_next = 0;

    if (c->shake) {
        return random_bit(c, candidates);
    }
    for (; candidates; candidates &= candidates - 1) {
        unsigned reg = (unsigned)__builtin_ctz(candidates);
        unsigned next = c->val[c->reg_ref[reg]].next;

        if (next >= best_next) {
            best = reg;
            best_next = next;
        }
    }
    return best;
}

/* RAX, RCX, RDX have instructions of their own: last choice. */
#define GPR_PREFERRED (GPR_MASK & ~(1u << RAX | 1u << RCX | 1u << RDX))

static unsigned get_reg(struct x64 *c, uint32_t class)
{
    uint32_t free = c->free & class & ~c->pinned;
    unsigned reg;

    if (!free) {
        uint32_t candidates = class & ~c->pinned;

        if (!candidates) {
            __builtin_trap(); /* a lowering asked for too many registers: our bug */
        }
        reg = farthest(c, candidates);
        evict(c, reg);
    } else if (c->shake) {
        reg = random_bit(c, free);
    } else {
        reg = (unsigned)__builtin_ctz(free & GPR_PREFERRED ? free & GPR_PREFERRED : free);
    }
    c->pinned |= 1u << reg;
    return reg;
}

static uint32_t class_of(const struct x64 *c, ir_ref ref)
{
    return is_vector(c, ref) ? XMM_MASK : GPR_MASK;
}

/* The number of a register in its own file. */
static unsigned number(unsigned reg)
{
    return reg & 15;
}

/* --- values into registers --- */
uint64_t x64_const_row(const struct ir_insn *row)
{
    return row->op == IR_NZCV_CONST ? nzcv_from_arm((uint32_t)row->imm)
           : row->op == IR_CONST32  ? (uint32_t)row->imm
                                    : row->imm;
}

static void load_remade(struct x64 *c, const struct ir_insn *row, unsigned reg)
{
    int64_t left = (int64_t)row->imm;

    if (row->op == IR_PCREL) {
        emit_rm(c, X_MOV_RM | X_W, reg, ST_FIELD(pc_page));
        while (left) { /* ADRP reaches further than a displacement */
            int32_t step = (int32_t)MAX(MIN(left, INT32_MAX), INT32_MIN);

            emit_rm(c, X_LEA_RM | X_W, reg, mem_base(reg, step));
            left -= step;
        }
    } else {
        emit_const(c, reg, x64_const_row(row));
    }
}

/* Puts a copy of the value into reg, wherever it is; RFLAGS are kept. */
void x64_fetch(struct x64 *c, ir_ref ref, unsigned reg)
{
    const struct x64_val *v = &c->val[ref];

    if (v->reg != X64_NONE) {
        x64_move_register(c, reg, v->reg);
    } else if (is_remade(c, ref)) {
        load_remade(c, &c->block->insn[ref], reg);
    } else if (v->home != X64_NONE) {
        load_reg(c, slot_mem(v->home), reg);
    } else if (v->spill != X64_NONE) {
        load_reg(c, spill_mem(reg >= XMM_FIRST, v->spill), reg);
    } else {
        __builtin_trap(); /* the value was lost: our bug */
    }
}

void x64_fetch_slot(struct x64 *c, unsigned slot, unsigned reg)
{
    if (slot_is_dirty(c, slot)) {
        x64_fetch(c, c->slot[slot], reg);
    } else {
        load_reg(c, slot_mem(slot), reg);
    }
}

static bool only_in_flags(const struct x64 *c, ir_ref ref)
{
    const struct x64_val *v = &c->val[ref];

    return c->flags_ref == ref && v->reg == X64_NONE && v->home == X64_NONE &&
           v->spill == X64_NONE && !is_remade(c, ref);
}

unsigned x64_into_register(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (only_in_flags(c, ref)) {
        x64_flags_to_gpr(c);
    }
    if (v->reg == X64_NONE) {
        unsigned reg = get_reg(c, class_of(c, ref));

        x64_fetch(c, ref, reg);
        x64_assign(c, ref, reg);
    }
    c->pinned |= 1u << v->reg;
    return v->reg;
}

unsigned x64_use(struct x64 *c, unsigned k)
{
    return number(x64_into_register(c, c->arg[k]));
}

unsigned x64_def(struct x64 *c)
{
    unsigned reg = get_reg(c, class_of(c, (ir_ref)c->row));

    x64_assign(c, (ir_ref)c->row, reg);
    return number(reg);
}

/* The dirty slots bound to ref that are set anew before anybody can ask for their value. */
static uint64_t expiring_slots(const struct x64 *c, ir_ref ref)
{
    uint64_t left = c->dirty & c->overwritten[c->row], slots = 0;

    for (; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);

        slots |= c->slot[slot] == ref ? BIT64(slot) : 0;
    }
    return slots;
}

bool x64_dies(const struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];

    return c->next[c->row][k] == X64_NEVER &&
           (!c->val[ref].bound ||
            c->val[ref].bound == __builtin_popcountll(expiring_slots(c, ref)));
}

/* The register of argument k, which dies, changes hands. */
static void hand_over(struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];
    uint64_t slots = c->val[ref].bound ? expiring_slots(c, ref) : 0;

    c->val[ref].reg = X64_NONE;
    c->val[ref].bound = 0;
    c->dirty &= ~slots;
    c->loc_fresh = c->loc_fresh && !slots;
    for (; slots; slots &= slots - 1) {
        c->slot[__builtin_ctzll(slots)] = IR_NONE;
    }
}

unsigned x64_def_late(struct x64 *c)
{
    uint32_t class = class_of(c, (ir_ref)c->row);

    for (unsigned k = 0; k < 3; k++) {
        ir_ref ref = c->arg[k];
        unsigned reg = ref == IR_NONE ? X64_NONE : c->val[ref].reg;

        if (reg != X64_NONE && (class >> reg & 1) && x64_dies(c, k)) {
            hand_over(c, k);
            x64_assign(c, (ir_ref)c->row, reg);
            return number(reg);
        }
    }
    return x64_def(c);
}

/* Whether another argument is the same value. */
static bool is_twice(const struct x64 *c, unsigned k)
{
    return c->arg[k] == c->arg[(k + 1) % 3] || c->arg[k] == c->arg[(k + 2) % 3];
}

unsigned x64_def_from(struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];
    unsigned reg;

    if (only_in_flags(c, ref)) {
        x64_flags_to_gpr(c);
    }
    reg = c->val[ref].reg;
    if (reg != X64_NONE && x64_dies(c, k) && !is_twice(c, k)) {
        hand_over(c, k);
        c->pinned |= 1u << reg;
    } else {
        reg = get_reg(c, class_of(c, ref));
        x64_fetch(c, ref, reg);
    }
    x64_assign(c, (ir_ref)c->row, reg);
    return number(reg);
}

unsigned x64_scratch(struct x64 *c)
{
    unsigned reg = get_reg(c, GPR_MASK);

    c->free &= ~(1u << reg);
    c->scratch |= 1u << reg;
    return reg;
}

unsigned x64_scratch_xmm(struct x64 *c)
{
    unsigned reg = get_reg(c, XMM_MASK);

    c->free &= ~(1u << reg);
    c->scratch |= 1u << reg;
    return number(reg);
}

unsigned x64_copy(struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];
    unsigned reg;

    if (only_in_flags(c, ref)) {
        x64_flags_to_gpr(c);
    }
    reg = get_reg(c, class_of(c, ref));
    c->free &= ~(1u << reg);
    c->scratch |= 1u << reg;
    x64_fetch(c, ref, reg);
    return number(reg);
}

/* Frees a register for a row that wants this very one; its value moves when another is free. */
void x64_vacate(struct x64 *c, unsigned reg)
{
    ir_ref ref = c->reg_ref[reg];
    uint32_t class = reg < XMM_FIRST ? GPR_MASK : XMM_MASK;
    uint32_t others = c->free & class & ~c->pinned & ~(1u << reg);

    if (c->pinned >> reg & 1) {
        __builtin_trap(); /* a lowering asked for registers in the wrong order: our bug */
    }
    if (ref == IR_NONE) {
        return;
    }
    if (is_dead(&c->val[ref])) {
        c->val[ref].reg = X64_NONE;
        release_reg(c, reg);
    } else if (others && c->val[ref].next != X64_NEVER && !is_remade(c, ref)) {
        unsigned to = get_reg(c, others);

        x64_move_register(c, to, reg);
        release_reg(c, reg);
        x64_assign(c, ref, to);
        c->pinned &= ~(1u << to);
    } else {
        evict(c, reg);
    }
}

void x64_take(struct x64 *c, unsigned reg)
{
    x64_vacate(c, reg);
    c->free &= ~(1u << reg);
    c->pinned |= 1u << reg;
    c->scratch |= 1u << reg;
}

void x64_copy_to(struct x64 *c, unsigned k, unsigned reg)
{
    ir_ref ref = c->arg[k];

    if (only_in_flags(c, ref)) {
        x64_flags_to_gpr(c);
    }
    if (c->val[ref].reg == reg && x64_dies(c, k) && !is_twice(c, k)) {
        hand_over(c, k); /* the register changes hands with its content */
        c->reg_ref[reg] = IR_NONE;
        c->pinned |= 1u << reg;
        c->scratch |= 1u << reg;
        return;
    }
    x64_take(c, reg);
    x64_fetch(c, ref, reg);
}

void x64_def_in(struct x64 *c, unsigned reg)
{
    c->scratch &= ~(1u << reg);
    x64_assign(c, (ir_ref)c->row, reg);
}

struct x64_rm x64_use_rm(struct x64 *c, unsigned k)
{
    const struct x64_val *v = &c->val[c->arg[k]];

    if (v->reg == X64_NONE && v->home != X64_NONE && x64_dies(c, k) && c->flags_ref != c->arg[k]) {
        return (struct x64_rm){.is_mem = true, .mem = slot_mem(v->home)};
    }
    return (struct x64_rm){.reg = x64_use(c, k)};
}

void emit_r_rm(struct x64 *c, x86_form form, unsigned reg, struct x64_rm rm)
{
    if (rm.is_mem) {
        emit_rm(c, form, reg, rm.mem);
    } else {
        emit_rr(c, form, reg, rm.reg);
    }
}

bool x64_const(const struct x64 *c, unsigned k, uint64_t *value)
{
    const struct ir_insn *row;

    if (c->arg[k] == IR_NONE) {
        return false;
    }
    row = &c->block->insn[c->arg[k]];
    if (row->op != IR_CONST64 && row->op != IR_CONST32) {
        return false;
    }
    *value = row->op == IR_CONST32 ? (uint32_t)row->imm : row->imm;
    return true;
}

bool x64_imm32(const struct x64 *c, unsigned k, bool wide, int32_t *imm)
{
    uint64_t value;

    if (!x64_const(c, k, &value)) {
        return false;
    }
    *imm = (int32_t)value;
    return !wide || value == (uint64_t)(int64_t)*imm;
}

bool x64_result_unused(const struct x64 *c)
{
    return c->val[c->row].next == X64_NEVER;
}

/* --- the guest's slots --- */
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
        if (!is_dead(v) && v->reg == X64_NONE && v->spill == X64_NONE && !is_remade(c, old) &&
            c->flags_ref != old) {
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
    if (!is_remade(c, ref) && c->flags_ref != ref) {
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

        store_bound(c, have, x64_into_register(c, have));
    }
    /* A second read of a known slot: an independent copy. */
    x64_assign(c, ref, get_reg(c, class_of(c, ref)));
    load_reg(c, slot_mem(slot), v->reg);
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
    reg = get_reg(c, GPR_MASK);
    load_remade(c, row, reg);
    store_reg(c, slot_mem(slot), reg);
}

/* One dirty slot to memory. */
static void write_slot(struct x64 *c, unsigned slot)
{
    ir_ref ref = c->slot[slot];
    const struct ir_insn *row = &c->block->insn[ref];
    struct x64_val *v = &c->val[ref];
    uint32_t pinned = c->pinned;

    if (v->reg == X64_NONE && is_remade(c, ref)) {
        write_remade(c, slot, row);
    } else {
        store_reg(c, slot_mem(slot), x64_into_register(c, ref));
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

void x64_evict(struct x64 *c, uint32_t regs)
{
    uint32_t held = regs & ~c->free & ~c->scratch & (GPR_MASK | XMM_MASK);

    for (; held; held &= held - 1) {
        unsigned reg = (unsigned)__builtin_ctz(held);
        ir_ref ref = c->reg_ref[reg];

        if (is_dead(&c->val[ref])) {
            c->val[ref].reg = X64_NONE;
            release_reg(c, reg);
        } else {
            evict(c, reg);
        }
    }
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
        if (c->val[ref].next != X64_NEVER && !is_remade(c, ref)) {
            unsigned reg = x64_into_register(c, ref);

            c->val[ref].home = X64_NONE;
            evict(c, reg);
            c->pinned = pinned;
        }
        c->val[ref].home = X64_NONE; /* the helper may change the slot */
    }
    x64_evict(c, GPR_MASK | XMM_MASK);
    c->loc_fresh = false;
}
