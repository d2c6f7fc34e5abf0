/* SPDX-License-Identifier: BSD-2-Clause */
/* Where NZCV lives: RFLAGS as long as nothing destroys them, else a register in host form. */
/*
 * RFLAGS hold at most one FLAGS value. Their carry has Arm's polarity after an addition (flags_sub
 * false) and the complement after a subtraction; CMC goes from one to the other. Host form
 * (state.h) is what LAHF and SETO AL leave in RAX; ADD AL, 127 and SAHF bring it back.
 */
#include "dbt/x64/alloc.h"

/* Whether the value in RFLAGS is used after this row. */
static bool is_used_later(const struct x64 *c)
{
    for (unsigned k = 0; k < 3; k++) {
        if (c->arg[k] == c->flags_ref) {
            return c->next[c->row][k] != X64_NEVER;
        }
    }
    return c->val[c->flags_ref].next != X64_NEVER;
}

/* Whether the value in RFLAGS is wanted as NZCV, which is what it is bound to. */
static bool is_wanted_in_slot(const struct x64 *c)
{
    return c->val[c->flags_ref].bound && !c->nzcv_dead[c->row];
}

bool x64_flags_live(const struct x64 *c)
{
    const struct x64_val *v;

    if (c->flags_ref == IR_NONE) {
        return false;
    }
    v = &c->val[c->flags_ref];
    if (v->reg != X64_NONE || c->block->insn[c->flags_ref].op == IR_NZCV_CONST) {
        return false;
    }
    return is_wanted_in_slot(c) ||
           (is_used_later(c) && v->home == X64_NONE && v->spill == X64_NONE);
}

static void complement_carry(struct x64 *c)
{
    emit_op(c, X_CMC);
    c->flags_sub = !c->flags_sub;
    c->loc_fresh = false;
}

void x64_flags_carry(struct x64 *c, bool sub)
{
    if (c->flags_sub != sub) {
        complement_carry(c);
    }
}

void x64_flags_keep(struct x64 *c)
{
    if (x64_flags_live(c)) {
        x64_flags_to_gpr(c);
    }
}

void x64_flags_to_gpr(struct x64 *c)
{
    x64_vacate(c, RAX);
    x64_flags_carry(c, false);
    emit_op(c, X_LAHF);
    emit_setcc(c, CC_O, RAX);
    x64_assign(c, c->flags_ref, RAX);
}

void x64_flags_expire(struct x64 *c)
{
    ir_ref ref = c->slot[LOC_SLOT_NZCV];

    c->flags_ref = IR_NONE;
    if (c->dirty_nzcv) {
        c->slot[LOC_SLOT_NZCV] = IR_NONE;
        c->dirty_nzcv = false;
        c->nzcv_lost = true;
        c->loc_fresh = false;
        c->val[ref].bound--;
        x64_release_dead(c, ref);
    }
}

void x64_flags_lost(struct x64 *c)
{
    ir_ref ref = c->flags_ref;

    if (ref != IR_NONE && c->val[ref].bound) {
        c->loc_fresh = false; /* a constant may have been said to be in RFLAGS */
        if (c->val[ref].reg == X64_NONE && !value_is_remade(c, ref)) {
            x64_flags_expire(c);
        }
    }
    c->flags_ref = IR_NONE;
}

void x64_flags_clobber(struct x64 *c)
{
    x64_flags_keep(c);
    x64_flags_lost(c);
}

void x64_flags_def(struct x64 *c, ir_ref ref, bool sub)
{
    c->flags_ref = ref;
    c->flags_sub = sub;
}

/* RFLAGS from the host form in RAX. */
static void from_host_form(struct x64 *c)
{
    emit_ri8(c, X_ADD8_MI8, RAX, 0x7f); /* AL = 1 overflows, AL = 0 does not */
    emit_op(c, X_SAHF);
}

void x64_flags_load(struct x64 *c, ir_ref ref)
{
    emit_rm(c, X_MOV_RM, RAX, ST_FIELD(nzcv));
    from_host_form(c);
    x64_flags_def(c, ref, false);
    x64_bind(c, LOC_SLOT_NZCV, ref);
    x64_flags_carry(c, true);
    c->code->entry_live = (uint32_t)(c->p - c->code->rw);
}

bool x64_flags_alone(const struct x64 *c)
{
    ir_ref ref = c->slot[LOC_SLOT_NZCV];

    return c->dirty_nzcv && c->flags_ref == ref && c->val[ref].reg == X64_NONE &&
           !value_is_remade(c, ref);
}

void x64_flags_need(struct x64 *c, unsigned k)
{
    if (c->flags_ref == c->arg[k]) {
        return;
    }
    x64_flags_clobber(c);
    x64_copy_to(c, k, RAX);
    from_host_form(c);
    x64_flags_def(c, c->arg[k], false);
}

enum x86_cc x64_flags_cc(struct x64 *c, unsigned cond)
{
    static const uint8_t after_add[16] = {
        [COND_EQ] = CC_E,  [COND_NE] = CC_NE, [COND_CS] = CC_B, [COND_CC] = CC_AE,
        [COND_MI] = CC_S,  [COND_PL] = CC_NS, [COND_VS] = CC_O, [COND_VC] = CC_NO,
        [COND_GE] = CC_GE, [COND_LT] = CC_L,  [COND_GT] = CC_G, [COND_LE] = CC_LE,
        [COND_HI] = CC_A,  [COND_LS] = CC_BE,
    };
    bool uses_carry = cond == COND_CS || cond == COND_CC;

    if ((cond == COND_HI || cond == COND_LS) && !c->flags_sub) {
        complement_carry(c); /* C && !Z has no condition of its own with C in CF */
    }
    return (enum x86_cc)(after_add[cond] ^ (uses_carry && c->flags_sub));
}
