/* SPDX-License-Identifier: BSD-2-Clause */
/* The block-local register allocator: values and registers. */
/*
 * One forward pass with exact next uses. Eviction prefers values that are never used again (their
 * slot must be stored at the end of the block anyway), then the farthest next use.
 */
#include "dbt/x64/alloc.h"

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

void alloc_release(struct x64 *c, unsigned reg)
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
    if (value_is_vector(c, ref)) {
        c->vspill_free = (uint16_t)(c->vspill_free | 1u << v->spill);
    } else {
        c->spill_free |= 1u << v->spill;
    }
    v->spill = X64_NONE;
}

void x64_release(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (v->reg != X64_NONE) {
        alloc_release(c, v->reg);
        v->reg = X64_NONE;
    }
    release_spill(c, ref);
    if (c->flags_ref == ref) {
        c->flags_ref = IR_NONE;
    }
}

void alloc_store(struct x64 *c, struct x86_mem mem, unsigned reg)
{
    if (reg < XMM_FIRST) {
        emit_rm(c, X_MOV_MR | X_W, reg, mem);
    } else {
        emit_rm(c, X_VMOVDQA_MR, reg - XMM_FIRST, mem);
    }
}

void alloc_load(struct x64 *c, struct x86_mem mem, unsigned reg)
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

static void spill(struct x64 *c, ir_ref ref, unsigned reg)
{
    bool vector = value_is_vector(c, ref);
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
    alloc_store(c, spill_mem(vector, n), reg);
}

/* Makes sure that the value in its register survives without it. */
static void save(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (value_is_remade(c, ref)) {
        c->loc_fresh = c->loc_fresh && !v->bound;
        return;
    }
    if (v->bound) {
        slots_store_bound(c, ref, v->reg);
    }
    if (v->next != X64_NEVER && v->home == X64_NONE && v->spill == X64_NONE) {
        spill(c, ref, v->reg);
    }
}

void alloc_evict(struct x64 *c, unsigned reg)
{
    ir_ref ref = c->reg_ref[reg];

    save(c, ref);
    c->val[ref].reg = X64_NONE;
    alloc_release(c, reg);
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

unsigned alloc_get(struct x64 *c, uint32_t class)
{
    uint32_t free = c->free & class & ~c->pinned;
    unsigned reg;

    if (!free) {
        uint32_t candidates = class & ~c->pinned;

        if (!candidates) {
            __builtin_trap(); /* a lowering asked for too many registers: our bug */
        }
        reg = farthest(c, candidates);
        alloc_evict(c, reg);
    } else if (c->shake) {
        reg = random_bit(c, free);
    } else {
        reg = (unsigned)__builtin_ctz(free & GPR_PREFERRED ? free & GPR_PREFERRED : free);
    }
    c->pinned |= 1u << reg;
    return reg;
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

void alloc_load_pcrel(struct x64 *c, unsigned reg, int64_t offset)
{
    emit_rm(c, X_MOV_RM | X_W, reg, ST_FIELD(pc_page));
    while (offset) { /* ADRP reaches further than a displacement */
        int32_t step = (int32_t)MAX(MIN(offset, INT32_MAX), INT32_MIN);

        emit_rm(c, X_LEA_RM | X_W, reg, mem_base(reg, step));
        offset -= step;
    }
}

void alloc_load_remade(struct x64 *c, const struct ir_insn *row, unsigned reg)
{
    if (row->op == IR_PCREL) {
        alloc_load_pcrel(c, reg, (int64_t)row->imm);
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
    } else if (value_is_remade(c, ref)) {
        alloc_load_remade(c, &c->block->insn[ref], reg);
    } else if (v->home != X64_NONE) {
        alloc_load(c, slot_mem(v->home), reg);
    } else if (v->spill != X64_NONE) {
        alloc_load(c, spill_mem(reg >= XMM_FIRST, v->spill), reg);
    } else {
        __builtin_trap(); /* the value was lost: our bug */
    }
}

static bool only_in_flags(const struct x64 *c, ir_ref ref)
{
    const struct x64_val *v = &c->val[ref];

    return c->flags_ref == ref && v->reg == X64_NONE && v->home == X64_NONE &&
           v->spill == X64_NONE && !value_is_remade(c, ref);
}

unsigned x64_into_register(struct x64 *c, ir_ref ref)
{
    struct x64_val *v = &c->val[ref];

    if (only_in_flags(c, ref)) {
        x64_flags_to_gpr(c);
    }
    if (v->reg == X64_NONE) {
        unsigned reg = alloc_get(c, value_class(c, ref));

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
    unsigned reg = alloc_get(c, value_class(c, (ir_ref)c->row));

    x64_assign(c, (ir_ref)c->row, reg);
    return number(reg);
}

bool x64_dies(const struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];

    return c->next[c->row][k] == X64_NEVER &&
           (!c->val[ref].bound ||
            c->val[ref].bound == __builtin_popcountll(slots_expiring(c, ref)));
}

/* The register of argument k, which dies, changes hands. */
static void hand_over(struct x64 *c, unsigned k)
{
    ir_ref ref = c->arg[k];
    uint64_t slots = c->val[ref].bound ? slots_expiring(c, ref) : 0;

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
    uint32_t class = value_class(c, (ir_ref)c->row);

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
        reg = alloc_get(c, value_class(c, ref));
        x64_fetch(c, ref, reg);
    }
    x64_assign(c, (ir_ref)c->row, reg);
    return number(reg);
}

unsigned x64_scratch(struct x64 *c)
{
    unsigned reg = alloc_get(c, GPR_MASK);

    c->free &= ~(1u << reg);
    c->scratch |= 1u << reg;
    return reg;
}

unsigned x64_scratch_xmm(struct x64 *c)
{
    unsigned reg = alloc_get(c, XMM_MASK);

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
    reg = alloc_get(c, value_class(c, ref));
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
    if (value_is_dead(&c->val[ref])) {
        c->val[ref].reg = X64_NONE;
        alloc_release(c, reg);
    } else if (others && c->val[ref].next != X64_NEVER && !value_is_remade(c, ref)) {
        unsigned to = alloc_get(c, others);

        x64_move_register(c, to, reg);
        alloc_release(c, reg);
        x64_assign(c, ref, to);
        c->pinned &= ~(1u << to);
    } else {
        alloc_evict(c, reg);
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

bool x64_stays_in_memory(const struct x64 *c, unsigned k)
{
    const struct x64_val *v = &c->val[c->arg[k]];

    return v->reg == X64_NONE && v->home != X64_NONE && x64_dies(c, k) && c->flags_ref != c->arg[k];
}

struct x64_rm x64_use_rm(struct x64 *c, unsigned k)
{
    if (x64_stays_in_memory(c, k)) {
        return (struct x64_rm){.is_mem = true, .mem = slot_mem(c->val[c->arg[k]].home)};
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

void x64_evict(struct x64 *c, uint32_t regs)
{
    uint32_t held = regs & ~c->free & ~c->scratch & (GPR_MASK | XMM_MASK);

    for (; held; held &= held - 1) {
        unsigned reg = (unsigned)__builtin_ctz(held);
        ir_ref ref = c->reg_ref[reg];

        if (value_is_dead(&c->val[ref])) {
            c->val[ref].reg = X64_NONE;
            alloc_release(c, reg);
        } else {
            alloc_evict(c, reg);
        }
    }
}
