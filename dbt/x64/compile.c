/* SPDX-License-Identifier: BSD-2-Clause */
/* One block from IR to x86: the backward pass for next uses, the forward pass, the paths out of
 * line. */
#include "dbt/x64/compile.h"

#include "dbt/x64/alloc.h"

static lower_fn *const lower_fns[IR_OP_COUNT] = {
#define IR_OP(name, res, a0, a1, a2, effects) lower_##name,
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP
};

/* --- analysis
 * ------------------------------------------------------------------------------------------ */
/*
 * TRUNC is the same register. So is ZEXT32 of a row that made its result with a 32-bit operation;
 * of a TRUNC it is an instruction.
 */
static ir_ref root_of(const struct x64 *c, const struct ir_insn *i, ir_ref ref)
{
    ir_ref from;

    if (i->op != IR_TRUNC && i->op != IR_ZEXT32) {
        return ref;
    }
    from = c->root[i->arg[0]];
    return i->op == IR_TRUNC || ir_rows[c->block->insn[from].op].result == IR_I32 ? from : ref;
}

bool x64_is_site(const struct ir_insn *i)
{
    return (ir_rows[i->op].effects & (IR_E_MEM | IR_E_SYNC | IR_E_END)) || i->op == IR_INSN;
}

static bool is_droppable(const struct ir_insn *i)
{
    switch (i->op) {
    case IR_PCREL:
    case IR_GETX:
    case IR_GETV:
    case IR_GETF:
    case IR_LDS32:
    case IR_LDS64:
    case IR_CNTVCT: return true;
    default: return !ir_rows[i->op].effects;
    }
}

/* Slots that are set from row i on before any site, given those behind it; it is no site. */
static uint64_t overwritten_before(const struct ir_insn *i, uint64_t after)
{
    switch (i->op) {
    case IR_SETX: return after | BIT64(i->imm);
    case IR_SETV: return after | BIT64(LOC_SLOT_V + i->imm);
    default: return after;
    }
}

bool x64_is_dropped(const struct x64 *c, unsigned n)
{
    return c->dropped[n];
}

unsigned x64_next_row(const struct x64 *c, unsigned n)
{
    for (n++; n + 1 < c->block->count; n++) {
        unsigned op = c->block->insn[n].op;
        bool silent = op == IR_CONST32 || op == IR_CONST64 || op == IR_NZCV_CONST || op == IR_GETX;

        if (!silent && !x64_is_dropped(c, n)) {
            break;
        }
    }
    return n;
}

/* The same for NZCV. That a boundary is a site is no reason to keep it: an interrupt finds another
 * one. */
static bool nzcv_dead_before(const struct ir_insn *i, bool dead_behind)
{
    return i->op == IR_SETF || (dead_behind && i->op != IR_GETF);
}

/* Row n's arguments and their next uses behind it, which is itself from here on. */
static void note_uses(struct x64 *c, unsigned n)
{
    const struct ir_insn *i = &c->block->insn[n];
    ir_ref *arg = c->args[n];
    unsigned count = 0;

    for (; count < 3 && i->arg[count] != IR_NONE; count++) {
        arg[count] = c->root[i->arg[count]];
        c->next[n][count] = c->val[arg[count]].next;
    }
    for (unsigned k = 0; k < count; k++) {
        c->val[arg[k]].next = (uint16_t)n;
    }
    for (; count < 3; count++) {
        arg[count] = IR_NONE;
    }
}

static void find_next_uses(struct x64 *c)
{
    const struct ir_block *block = c->block;
    uint64_t overwritten = 0;
    bool dead = false;

    for (unsigned n = 0; n < block->count; n++) {
        c->root[n] = root_of(c, &block->insn[n], (ir_ref)n);
        c->val[n] = (struct x64_val){X64_NEVER, X64_NONE, X64_NONE, X64_NONE, 0};
        c->next[n][0] = X64_NEVER;
    }
    x64_loop_keep(c);
    for (unsigned n = block->count; n-- > 0;) {
        const struct ir_insn *i = &block->insn[n];
        bool site = x64_is_site(i);

        overwritten = site ? 0 : overwritten;
        dead = dead && (i->op == IR_INSN || !site);
        c->overwritten[n] = overwritten;
        c->nzcv_dead[n] = dead;
        overwritten = overwritten_before(i, overwritten);
        dead = nzcv_dead_before(i, dead);
        c->dropped[n] = c->root[n] != n || (c->val[n].next == X64_NEVER && is_droppable(i));
        if (!c->dropped[n]) {
            note_uses(c, n);
        }
    }
}

/* --- lowering
 * -------------------------------------------------------------------------------------------- */
static void end_row(struct x64 *c)
{
    c->free |= c->scratch;
    c->scratch = 0;
    c->pinned = 0;
    for (unsigned k = 0; k < 3 && c->arg[k] != IR_NONE; k++) {
        c->val[c->arg[k]].next = c->next[c->row][k];
        x64_release_dead(c, c->arg[k]);
    }
    x64_release_dead(c, (ir_ref)c->row);
}

/* The tests' random choices between rows: values are thrown out, flags leave RFLAGS. */
static void shake(struct x64 *c)
{
    uint32_t held = GPR_MASK | XMM_MASK;

    c->shake = c->shake * 1664525 + 1013904223;
    if ((c->shake >> 20) % 8 == 0) {
        x64_flags_clobber(c);
    }
    if ((c->shake >> 24) % 4 == 0) {
        x64_evict(c, held & (1u << (c->shake >> 27)));
    }
}

static int lower_rows(struct x64 *c)
{
    const struct ir_block *block = c->block;

    for (unsigned n = 0; n < block->count; n++) {
        const struct ir_insn *i = &block->insn[n];

        if (x64_is_dropped(c, n)) {
            continue;
        }
        if (c->p > c->limit) {
            return X64_NO_SPACE;
        }
        if (c->constants) {
            x64_constants_ready(c);
        }
        c->row = n;
        c->arg = c->args[n];
        lower_fns[i->op](c, i);
        end_row(c);
        if (c->shake) {
            shake(c);
        }
    }
    return X64_OK;
}

static int emit_ool(struct x64 *c)
{
    for (unsigned n = 0; n < c->ool_count; n++) {
        const struct x64_ool *o = &c->ool[n];

        if (c->p > c->limit) {
            return X64_NO_SPACE;
        }
        x64_constants_ready(c);
        emit_bind(c, o->from);
        o->fn(c, o);
    }
    return X64_OK;
}

static void init(struct x64 *c, const struct ir_block *block, const struct x64_env *env,
                 struct x64_code *code)
{
    code->size = 0;
    code->link_count = 0;
    code->site_count = 0;
    code->loc_count = 0;
    code->const_count = 0;
    code->entry_live = 0;
    c->p = code->rw;
    c->limit = code->rw + code->capacity - X64_RED_ZONE;
    c->block = block;
    c->env = env;
    c->code = code;
    c->guest = block->start;
    c->free = GPR_MASK | XMM_MASK;
    c->pinned = 0;
    c->scratch = 0;
    c->shake = env->shake;
    c->dirty = 0;
    c->dirty_nzcv = false;
    c->nzcv_lost = false;
    c->flags_sub = false;
    c->flags_ref = IR_NONE;
    c->fused = IR_NONE;
    c->loc_fresh = false;
    c->spill_free = UINT32_MAX;
    c->vspill_free = UINT16_MAX;
    c->ool_count = 0;
    c->constants = 0;
    c->constant_uses = 0;
    __builtin_memset(c->reg_ref, 0xff, sizeof(c->reg_ref));
    __builtin_memset(c->slot, 0xff, sizeof(c->slot));
}

int x64_compile(const struct ir_block *block, const struct x64_env *env, struct x64_code *code)
{
    struct x64 *c = (struct x64 *)code->work;
    int result;

    _Static_assert(sizeof(struct x64) <= sizeof(code->work), "X64_WORK_SIZE is too small");
    if (code->capacity <= X64_RED_ZONE) {
        return X64_NO_SPACE;
    }
    init(c, block, env, code);
    x64_loop_find(c);
    find_next_uses(c);
    if (code->want_live && !c->loop && block->insn[X64_FOUND].op == IR_GETF) {
        x64_flags_load(c, X64_FOUND);
    }
    x64_loop_enter(c);
    result = lower_rows(c);
    result = result == X64_OK ? emit_ool(c) : result;
    code->text = (uint32_t)(c->p - code->rw);
    if (result == X64_OK) {
        x64_constants_put(c); /* the red zone has room for them */
    }
    code->size = (uint32_t)(c->p - code->rw);
    return result;
}

/* --- for the lowering functions
 * ---------------------------------------------------------------------------- */
struct x64_ool *x64_ool(struct x64 *c, x64_ool_fn *fn, uint8_t *from)
{
    struct x64_ool *o = &c->ool[c->ool_count++];

    if (c->ool_count > X64_MAX_OOL) {
        __builtin_trap(); /* our bug: X64_MAX_OOL is less than a block can have */
    }
    o->fn = fn;
    o->from = from;
    o->back = c->p;
    o->live = ~c->free & (GPR_MASK | XMM_MASK);
    o->guest = (uint16_t)c->guest;
    return o;
}

static void emit_trap(struct x64 *c, const struct x64_ool *o)
{
    x64_add_site(c, o->guest, o->loc, o->loc_count, false);
    emit_op(c, X_UD2);
}

void x64_check(struct x64 *c, enum x86_cc cc)
{
    struct x64_ool *o;

    x64_locate(c);
    o = x64_ool(c, emit_trap, emit_jcc(c, cc));
    o->loc = c->loc;
    o->loc_count = c->loc_count;
}
