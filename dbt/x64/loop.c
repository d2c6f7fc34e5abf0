/* SPDX-License-Identifier: BSD-2-Clause */
/* A block that branches to its own start keeps guest slots in registers from one round to the next.
 */
/*
 * The slots that the block reads are loaded before the loop's head, each into a register of its own
 * (loop_reg). At the head those that the block also sets count as dirty; all others are in memory.
 * The way back brings that about again: what else is dirty is stored, values move to their slots'
 * registers. Sites within the loop list the registers as everywhere, so the state stays precise.
 *
 * NZCV stays in RFLAGS where the way back is taken by it. Else it is stored there, unless the block
 * sets it before any fault could show what it was; then no guest instruction up to that one is a
 * boundary for interrupts (the block's own start, before the loads, is).
 */
#include "dbt/x64/alloc.h"

#define LOOP_GPRS 8
#define LOOP_XMMS 10

static bool uses_found(const struct ir_block *block)
{
    for (const struct ir_insn *i = block->insn; i < block->insn + block->count; i++) {
        if (i->arg[0] == X64_FOUND || i->arg[1] == X64_FOUND || i->arg[2] == X64_FOUND) {
            return true;
        }
    }
    return false;
}

/* Whether NZCV is set in each round before anything could show what it was, and a boundary follows.
 */
static bool has_own_flags(const struct ir_block *block)
{
    bool set = false;

    for (unsigned n = 0; n < block->count; n++) {
        const struct ir_insn *i = &block->insn[n];

        if (set && i->op == IR_INSN) {
            return true;
        }
        if (!set &&
            ((i->op == IR_GETF && n != X64_FOUND) || (i->op != IR_INSN && x64_is_site(i)))) {
            return false;
        }
        set |= i->op == IR_SETF;
    }
    return false;
}

/* Whether the way back is taken by the flags that NZCV has then, and those of the start have a
 * name. */
static bool has_live_flags(const struct ir_block *block)
{
    const struct ir_insn *end = &block->insn[block->count - 1];

    for (const struct ir_insn *i = end; i > block->insn; i--) {
        if (i->op == IR_SETF) {
            return block->insn[X64_FOUND].op == IR_GETF && end->op == IR_BRCOND &&
                   end->aux < COND_AL && end->arg[0] == i->arg[0];
        }
    }
    return false;
}

static enum x64_loop_flags flags_at_head(const struct ir_block *block)
{
    return has_own_flags(block) && !uses_found(block) ? LOOP_FLAGS_OWN
           : has_live_flags(block)                    ? LOOP_FLAGS_LIVE
                                                      : LOOP_FLAGS_MEMORY;
}

static bool goes_to_start(const struct ir_block *block)
{
    const struct ir_insn *end = &block->insn[block->count - 1];

    switch (end->op) {
    case IR_JUMP: return (int64_t)end->imm == block->start && end->aux != IR_IND_CALL;
    case IR_BRCOND:
    case IR_BRZ32:
    case IR_BRZ64:
    case IR_BRBIT: return IR_TAKEN(end->imm) == block->start;
    default: return false;
    }
}

static unsigned slot_of(const struct ir_insn *i)
{
    switch (i->op) {
    case IR_GETX:
    case IR_SETX: return (unsigned)i->imm;
    case IR_GETV:
    case IR_SETV: return LOC_SLOT_V + (unsigned)i->imm;
    default: return X64_NONE;
    }
}

void x64_loop_find(struct x64 *c)
{
    const struct ir_block *block = c->block;
    unsigned left[2] = {LOOP_GPRS, LOOP_XMMS};
    uint64_t seen = 0;

    c->loop_slots = 0;
    c->loop_set = 0;
    c->loop = goes_to_start(block);
    for (unsigned n = 0; n < block->count && c->loop; n++) {
        const struct ir_insn *i = &block->insn[n];
        unsigned slot = slot_of(i);
        bool get = i->op == IR_GETX || i->op == IR_GETV;

        if (ir_rows[i->op].effects & IR_E_SYNC) {
            c->loop = false;
        }
        if (slot == X64_NONE) {
            continue;
        }
        c->loop_set |= get ? 0 : BIT64(slot);
        if (get && !bit(seen, slot) && left[slot >= LOC_SLOT_V]) {
            left[slot >= LOC_SLOT_V]--;
            c->loop_slots |= BIT64(slot);
            c->loop_ref[slot] = (ir_ref)n;
        }
        seen |= BIT64(slot);
    }
    c->loop_flags = c->loop ? flags_at_head(block) : LOOP_FLAGS_MEMORY;
}

void x64_loop_keep(struct x64 *c)
{
    uint64_t left = c->loop ? c->loop_slots & ~c->loop_set : 0;

    for (; left; left &= left - 1) {
        c->val[c->loop_ref[__builtin_ctzll(left)]].next = (uint16_t)(c->block->count - 1);
    }
}

void x64_loop_enter(struct x64 *c)
{
    uint64_t left = c->loop_slots;

    if (!c->loop) {
        return;
    }
    x64_locate(c);
    x64_add_site(c, c->guest, c->loc, c->loc_count, true);
    if (c->loop_flags == LOOP_FLAGS_LIVE) {
        x64_flags_load(c, X64_FOUND); /* while RAX is free; loads leave RFLAGS alone */
    }
    for (; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        ir_ref ref = c->loop_ref[slot];

        if (c->val[ref].next == X64_NEVER) {
            c->loop_slots &= ~BIT64(slot);
            continue;
        }
        x64_read(c, slot, ref);
        c->loop_reg[slot] = (uint8_t)x64_into_register(c, ref);
        if (bit(c->loop_set, slot)) {
            c->val[ref].home = X64_NONE;
            c->val[ref].bound = 1;
            c->dirty |= BIT64(slot);
        }
    }
    c->pinned = 0;
    c->loc_fresh = false;
    c->nzcv_lost = c->loop_flags == LOOP_FLAGS_OWN;
    c->loop_head = c->p;
}

/* --- the way back
 * ------------------------------------------------------------------------------------- */
struct move {
    uint8_t to, from; /* from: X64_NONE: not in a register */
    uint8_t slot;
};

static unsigned wanted_moves(const struct x64 *c, struct move *moves)
{
    unsigned count = 0;

    for (uint64_t left = c->loop_slots; left; left &= left - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(left);
        unsigned from = c->val[c->slot[slot]].reg;

        if (from != c->loop_reg[slot]) {
            moves[count++] = (struct move){c->loop_reg[slot], (uint8_t)from, (uint8_t)slot};
        }
    }
    return count;
}

/* Whether a move still to be made reads reg. */
static bool is_read(const struct move *moves, unsigned count, unsigned reg)
{
    for (unsigned n = 0; n < count; n++) {
        if (moves[n].from == reg) {
            return true;
        }
    }
    return false;
}

/* A register of reg's kind that is no slot's. */
static unsigned spare(const struct x64 *c, unsigned reg)
{
    uint32_t free = reg < XMM_FIRST ? GPR_MASK : XMM_MASK;

    for (uint64_t left = c->loop_slots; left; left &= left - 1) {
        free &= ~(1u << c->loop_reg[__builtin_ctzll(left)]);
    }
    return (unsigned)__builtin_ctz(free);
}

/* One move that destroys nothing that is still to be moved; in a ring, one value steps aside first.
 */
static unsigned move_one(struct x64 *c, struct move *moves, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        if (!is_read(moves, count, moves[n].to)) {
            x64_move_register(c, moves[n].to, moves[n].from);
            moves[n] = moves[count - 1];
            return count - 1;
        }
    }
    unsigned aside = spare(c, moves[0].to);

    x64_move_register(c, aside, moves[0].to);
    for (unsigned n = 0; n < count; n++) {
        moves[n].from = moves[n].from == moves[0].to ? (uint8_t)aside : moves[n].from;
    }
    return count;
}

/* All moves; RFLAGS and the allocator's view of things stay as they are. */
static void make_moves(struct x64 *c, struct move *moves, unsigned count)
{
    struct move loads[LOOP_GPRS + LOOP_XMMS];
    unsigned load_count = 0, kept = 0;

    for (unsigned n = 0; n < count; n++) {
        if (moves[n].from == X64_NONE) {
            loads[load_count++] = moves[n];
        } else {
            moves[kept++] = moves[n];
        }
    }
    while (kept) {
        kept = move_one(c, moves, kept);
    }
    for (unsigned n = 0; n < load_count; n++) {
        x64_fetch_slot(c, loads[n].slot, loads[n].to);
    }
}

bool x64_loop_back(struct x64 *c, enum x86_cc cc)
{
    struct move moves[LOOP_GPRS + LOOP_XMMS];
    unsigned count;
    uint8_t *out;

    if (!c->loop) {
        return false;
    }
    count = wanted_moves(c, moves);
    if (!count) {
        emit_jcc_back(c, cc, c->loop_head);
        return true;
    }
    out = emit_jcc(c, cc ^ 1);
    make_moves(c, moves, count);
    emit_jmp_back(c, c->loop_head);
    emit_bind(c, out);
    return true;
}

bool x64_loop_forever(struct x64 *c)
{
    struct move moves[LOOP_GPRS + LOOP_XMMS];

    if (!c->loop) {
        return false;
    }
    make_moves(c, moves, wanted_moves(c, moves));
    emit_jmp_back(c, c->loop_head);
    return true;
}

void x64_loop_write_back(struct x64 *c)
{
    uint64_t kept = c->loop ? c->loop_slots : 0;

    x64_write_slots(c, c->dirty & ~kept, c->dirty_nzcv && c->loop_flags == LOOP_FLAGS_MEMORY);
    if (c->loop_flags == LOOP_FLAGS_LIVE) {
        x64_flags_carry(c, true);
    }
}
