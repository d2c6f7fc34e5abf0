/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends of blocks: links within the page, the jump cache for everything else, calls and returns,
 * exits. */
/*
 * Every END first brings all guest state to memory, so the registers are free afterwards. A jump to
 * a page offset within the page is a link: a rel32 that the runtime points at the target's code and
 * back at its exit. NZCV may stay in RFLAGS on the way to it (compile.h: patch_live). A jump to the
 * block's own start needs none. Other targets are looked up in the view's jump cache in place.
 * Calls and returns keep the return stack (dbt/rt/returns.h).
 */
#include "dbt/rt/jump_cache.h"
#include "dbt/rt/returns.h"
#include "dbt/x64/alloc.h"

static void leave(struct x64 *c, uint32_t reason)
{
    emit_const(c, RAX, reason);
    emit_jmp_to(c, c->env->exit);
}

/* --- the jump cache --- */
/* st.pc_page = the page of the VA in RAX, which is lost. */
static void set_page(struct x64 *c)
{
    emit_ri(c, X_AND_MI | X_W, RAX, -(int32_t)PAGE_SIZE);
    emit_rm(c, X_MOV_MR | X_W, RAX, ST_FIELD(pc_page));
}

/* Out of line: the VA in RAX has no entry. */
static void miss(struct x64 *c, const struct x64_ool *o)
{
    (void)o;
    emit_jmp_to(c, c->env->lookup);
}

/* The probe of dbt/rt/jump_cache.h for the VA in RAX: where the block's address is. */
static struct x86_mem probe(struct x64 *c, x64_ool_fn *on_miss, struct x64_ool **ool)
{
    emit_rri(c, X_RORX_RMI | X_W, RCX, RAX, JC_FOLD);
    emit_rm(c, X_MOV_RM | X_W, RDX, ST_FIELD(jc));
    emit_rr(c, X_XOR_RM, RCX, RAX);
    emit_ri(c, X_AND_MI, RCX, (int32_t)JC_MASK);
    emit_rm(c, X_CMP_RM | X_W, RAX, mem_index(RDX, RCX, 2, offsetof(struct jc_entry, va)));
    *ool = x64_ool(c, on_miss, emit_jcc(c, CC_NE));
    set_page(c);
    return mem_index(RDX, RCX, 2, offsetof(struct jc_entry, host));
}

/* To the block at the VA in RAX. */
static void jump_by_cache(struct x64 *c)
{
    struct x64_ool *ool;

    emit_m(c, X_JMP_M, probe(c, miss, &ool));
}

static void jump_across(struct x64 *c, int32_t offset)
{
    alloc_load_pcrel(c, RAX, offset);
    jump_by_cache(c);
}

/* --- links --- */
/* Out of line: where link number imm leads while it is not linked. */
static void unlinked(struct x64 *c, const struct x64_ool *o)
{
    c->code->link[o->imm].unlinked = (uint32_t)(c->p - c->code->rw);
    leave(c, X64_EXIT(EXIT_LOOKUP, c->code->first_link_id + o->imm + 1));
}

/* Where NZCV is at a branch: in memory, or in RFLAGS with the carry of a subtraction. */
enum nzcv_at { NZCV_STORED, NZCV_LIVE };

/* NZCV from RFLAGS, live, to memory by way of RAX. */
static void store_live(struct x64 *c)
{
    emit_op(c, X_CMC);
    emit_op(c, X_LAHF);
    emit_setcc(c, CC_O, RAX);
    emit_rm(c, X_MOV_MR | X_W, RAX, ST_FIELD(nzcv));
}

static uint32_t offset_of(const struct x64 *c, const uint8_t *at)
{
    return (uint32_t)(at - c->code->rw);
}

/* Out of line: where the branch of link number imm leads unless it is linked to an entry_live. */
static void unlinked_live(struct x64 *c, const struct x64_ool *o)
{
    struct x64_link *link = &c->code->link[o->imm];
    uint8_t *rel32;

    link->stub_live = offset_of(c, c->p);
    store_live(c);
    rel32 = emit_jmp_aligned(c);
    link->patch = offset_of(c, rel32);
    emit_bind(c, rel32);
    unlinked(c, o);
}

static void make_link(struct x64 *c, uint8_t *rel32, int32_t target, enum nzcv_at nzcv)
{
    struct x64_code *code = c->code;
    struct x64_link *link = &code->link[code->link_count];
    bool live = nzcv == NZCV_LIVE;

    x64_ool(c, live ? unlinked_live : unlinked, rel32)->imm = code->link_count++;
    *link = (struct x64_link){.target = target};
    *(live ? &link->patch_live : &link->patch) = offset_of(c, rel32);
}

static bool in_page(int64_t offset)
{
    return offset >= 0 && offset < (int64_t)PAGE_SIZE;
}

/* Whether a jump there is a link. */
static bool is_link(const struct x64 *c, int64_t offset)
{
    return in_page(offset) && offset != c->block->start;
}

static void jump(struct x64 *c, int64_t offset, enum nzcv_at nzcv)
{
    if (is_link(c, offset)) {
        make_link(c, emit_jmp_aligned(c), (int32_t)offset, nzcv);
        return;
    }
    if (nzcv == NZCV_LIVE) {
        store_live(c);
    }
    if (offset == c->block->start) {
        emit_jmp_back(c, c->code->rw);
    } else {
        jump_across(c, (int32_t)offset);
    }
}

/* Out of line: the taken way of a conditional branch that is no link, by imm and reg[0]. */
static void taken(struct x64 *c, const struct x64_ool *o)
{
    jump(c, (int64_t)o->imm, (enum nzcv_at)o->reg[0]);
}

static void jump_if(struct x64 *c, enum x86_cc cc, int64_t offset, enum nzcv_at nzcv)
{
    if (is_link(c, offset)) {
        make_link(c, emit_jcc_aligned(c, cc), (int32_t)offset, nzcv);
    } else if (offset == c->block->start && nzcv == NZCV_STORED) {
        emit_jcc_back(c, cc, c->code->rw);
    } else {
        struct x64_ool *o = x64_ool(c, taken, emit_jcc(c, cc));

        o->imm = (uint64_t)offset;
        o->reg[0] = (uint8_t)nzcv;
    }
}

/* --- side exits --- */
/* Stores what the location list has in registers (first) or of everything else, by way of RAX. */
static void store_located(struct x64 *c, const struct x64_loc *loc)
{
    struct x86_mem mem = slot_mem(loc->slot);

    switch ((enum x64_loc_kind)loc->kind) {
    case LOC_PCREL: alloc_load_pcrel(c, RAX, (int64_t)c->code->consts[loc->index]); break;
    case LOC_CONST: emit_const(c, RAX, c->code->consts[loc->index]); break;
    default: __builtin_trap(); /* x64_locate makes no others: our bug */
    }
    emit_rm(c, X_MOV_MR | X_W, RAX, mem);
}

static bool in_flags(const struct x64_loc *loc)
{
    return loc->kind == LOC_FLAGS_ADD || loc->kind == LOC_FLAGS_SUB;
}

/* Out of line: the guest's slots to memory, then on to page offset imm. */
static void leave_aside(struct x64 *c, const struct x64_ool *o)
{
    const struct x64_loc *loc = &c->code->loc[o->loc];

    for (unsigned n = 0; n < o->loc_count; n++) {
        if (loc[n].kind == LOC_GPR || loc[n].kind == LOC_XMM) {
            alloc_store(c, slot_mem(loc[n].slot),
                        loc[n].index + (loc[n].kind == LOC_XMM ? XMM_FIRST : 0));
        }
    }
    for (unsigned n = 0; n < o->loc_count; n++) { /* RAX is free now; RFLAGS are NZCV's still */
        if (loc[n].kind != LOC_GPR && loc[n].kind != LOC_XMM && !in_flags(&loc[n])) {
            store_located(c, &loc[n]);
        }
    }
    if (!in_flags(&loc[o->loc_count - 1])) { /* NZCV comes last */
        jump(c, (int64_t)o->imm, NZCV_STORED);
        return;
    }
    if (loc[o->loc_count - 1].kind == LOC_FLAGS_ADD) {
        emit_op(c, X_CMC);
    }
    jump(c, (int64_t)o->imm, NZCV_LIVE);
}

/* If cc: leaves the block in its midst. All stays where it is for what follows. */
static void side_exit(struct x64 *c, enum x86_cc cc, int64_t offset)
{
    struct x64_ool *o;

    x64_locate(c);
    if (!c->loc_count) {
        jump_if(c, cc, offset, NZCV_STORED);
        return;
    }
    o = x64_ool(c, leave_aside, emit_jcc(c, cc));
    o->imm = (uint64_t)offset;
    o->loc = c->loc;
    o->loc_count = c->loc_count;
}

static bool is_side_exit(const struct x64 *c)
{
    return c->row + 1u < c->block->count;
}

/* What a two-way branch needs before its test: its own slots in memory when it ends the block. */
static void before_test(struct x64 *c)
{
    if (!is_side_exit(c)) {
        x64_loop_write_back(c);
    }
}

static void two_ways(struct x64 *c, const struct ir_insn *i, enum x86_cc cc)
{
    if (is_side_exit(c)) {
        side_exit(c, cc, IR_TAKEN(i->imm));
        return;
    }
    if (x64_loop_back(c, cc)) {
        x64_write_back(c);
    } else {
        jump_if(c, cc, IR_TAKEN(i->imm), NZCV_STORED);
    }
    jump(c, IR_NEXT(i->imm), NZCV_STORED);
}

/* Whether the block can end with NZCV in RFLAGS; then all else is stored. */
static bool ends_live(struct x64 *c)
{
    if (c->loop || is_side_exit(c) || !x64_flags_alone(c)) {
        return false;
    }
    x64_write_slots(c, UINT64_MAX, false);
    x64_flags_carry(c, true);
    return true;
}

/* --- calls and returns --- */
/* Out of line: there is no room for an entry. */
static void start_anew(struct x64 *c, const struct x64_ool *o)
{
    emit_rm(c, X_MOV_RM | X_W, RSP, ST_FIELD(ret_top));
    emit_jmp_back(c, o->back);
}

/* All guest state to memory and the first half of an entry for a call: what X30 is now. */
static void end_with_call(struct x64 *c)
{
    unsigned back = x64_into_register(c, c->slot[30]);
    struct x64_ool *o;

    x64_write_back(c);
    emit_rm(c, X_CMP_RM | X_W, RSP, ST_FIELD(ret_limit));
    o = x64_ool(c, start_anew, emit_jcc(c, CC_B));
    o->back = c->p;
    emit_o(c, X_PUSH_O, back);
}

/* Out of line: the called function has returned from another page. */
static void restore_page(struct x64 *c, const struct x64_ool *o)
{
    emit_rm(c, X_MOV_MR | X_W, RAX, ST_FIELD(pc_page));
    emit_jmp_back(c, o->back);
}

/* Where a predicted return comes to: goes on behind the guest's call. What was called in the same
 * page seldom returns from another: no store then, and no chain of them through pc_page. */
static void land(struct x64 *c, bool same_page)
{
    int32_t next = (int32_t)c->guest + 4;
    struct x64_ool *o;

    emit_o(c, X_POP_O, RAX);
    if (!in_page(next)) {
        jump_by_cache(c);
        return;
    }
    if (same_page) {
        emit_ri(c, X_AND_MI | X_W, RAX, -(int32_t)PAGE_SIZE);
        emit_rm(c, X_CMP_RM | X_W, RAX, ST_FIELD(pc_page));
        o = x64_ool(c, restore_page, emit_jcc(c, CC_NE));
        o->back = c->p;
    } else {
        set_page(c);
    }
    jump(c, next, NZCV_STORED);
}

/* Out of line: the target of a call has no entry. The return is predicted all the same. */
static void call_miss(struct x64 *c, const struct x64_ool *o)
{
    emit_call_to(c, c->env->lookup);
    emit_jmp_back(c, o->back);
}

/* BL and BLR to the VA in RAX. */
static void call_by_cache(struct x64 *c)
{
    struct x64_ool *ool;
    struct x86_mem host = probe(c, call_miss, &ool);

    emit_m(c, X_CALL_M, host);
    ool->back = c->p;
    land(c, false);
}

static void call(struct x64 *c, int64_t offset)
{
    end_with_call(c);
    if (!in_page(offset)) {
        alloc_load_pcrel(c, RAX, (int32_t)offset);
        call_by_cache(c);
        return;
    }
    if (offset == c->block->start) {
        emit_call_back(c, c->code->rw);
    } else {
        make_link(c, emit_call_aligned(c), (int32_t)offset, NZCV_STORED);
    }
    land(c, true);
}

/* Out of line: a return that was not predicted. */
static void return_by_cache(struct x64 *c, const struct x64_ool *o)
{
    (void)o;
    jump_by_cache(c);
}

/* RET to the VA in RAX. */
static void return_to(struct x64 *c)
{
    emit_rm(c, X_CMP_RM | X_W, RAX, mem_base(RSP, offsetof(struct ret_entry, va)));
    x64_ool(c, return_by_cache, emit_jcc(c, CC_NE));
    emit_op(c, X_RET);
}

/* --- rows --- */
static void end(struct x64 *c)
{
    x64_flags_clobber(c);
    x64_write_back(c);
}

LOWER(JUMP)
{
    if (i->aux != IR_IND_CALL && ends_live(c)) {
        jump(c, (int64_t)i->imm, NZCV_LIVE);
        return;
    }
    x64_flags_clobber(c);
    if (i->aux == IR_IND_CALL) {
        call(c, (int64_t)i->imm);
        return;
    }
    x64_loop_write_back(c);
    if (!x64_loop_forever(c)) {
        jump(c, (int64_t)i->imm, NZCV_STORED);
    }
}

LOWER(BRCOND)
{
    if (i->aux >= COND_AL) {
        end(c);
        jump(c, IR_TAKEN(i->imm), NZCV_STORED);
        return;
    }
    x64_flags_need(c, 0);
    if (ends_live(c)) {
        jump_if(c, x64_flags_cc(c, i->aux), IR_TAKEN(i->imm), NZCV_LIVE);
        jump(c, IR_NEXT(i->imm), NZCV_LIVE);
        return;
    }
    before_test(c);
    two_ways(c, i, x64_flags_cc(c, i->aux));
}

static void branch_on_zero(struct x64 *c, const struct ir_insn *i, unsigned w)
{
    unsigned x;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    before_test(c);
    emit_rr(c, X_TEST_MR | w, x, x);
    two_ways(c, i, i->aux & 1 ? CC_NE : CC_E);
}

LOWER(BRZ32)
{
    branch_on_zero(c, i, 0);
}

LOWER(BRZ64)
{
    branch_on_zero(c, i, X_W);
}

LOWER(BRBIT)
{
    unsigned n = i->aux & 63, x;
    bool when_set = i->aux & 64;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    before_test(c);
    if (n < 7) {
        emit_ri8(c, X_TEST8_MI8, x, 1u << n);
        two_ways(c, i, when_set ? CC_NE : CC_E);
    } else {
        emit_ri8(c, X_BT_MI8 | (n >= 32 ? X_W : 0), x, n);
        two_ways(c, i, when_set ? CC_B : CC_AE);
    }
}

LOWER(BRIND)
{
    unsigned x;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    if (i->aux == IR_IND_CALL) {
        end_with_call(c);
        emit_mov(c, RAX, x);
        call_by_cache(c);
        return;
    }
    x64_write_back(c);
    emit_mov(c, RAX, x);
    if (i->aux == IR_IND_RET) {
        return_to(c);
    } else {
        jump_by_cache(c);
    }
}

static void exit_at(struct x64 *c, const struct ir_insn *i, int32_t pc)
{
    end(c);
    alloc_load_pcrel(c, RAX, pc);
    emit_rm(c, X_MOV_MR | X_W, RAX, ST_FIELD(pc));
    if (i->imm == (uint64_t)(int64_t)(int32_t)i->imm) {
        emit_mi32(c, X_MOV_MI32 | X_W, ST_FIELD(exit_arg), (int32_t)i->imm);
    } else {
        emit_const(c, RAX, i->imm);
        emit_rm(c, X_MOV_MR | X_W, RAX, ST_FIELD(exit_arg));
    }
    leave(c, X64_EXIT(i->aux, 0));
}

LOWER(EXIT)
{
    exit_at(c, i, (int32_t)c->guest);
}

LOWER(EXIT_NEXT)
{
    exit_at(c, i, (int32_t)c->guest + 4);
}
