/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites: what is needed to rebuild the guest's exact state from the host's registers. */
#include "dbt/x64/alloc.h"

/* A guest instruction has no more rows than IR_INSN_SLACK, each with lists of all slots at worst.
 */
#define LOC_CAPACITY ARRAY_SIZE(((struct x64_code *)NULL)->loc)
_Static_assert(LOC_CAPACITY >= 2 * IR_INSN_SLACK * X64_SLOTS, "x64_code.loc is too small");

/* The index of a constant row's value; each is in the table once. */
static uint16_t const_index(struct x64 *c, ir_ref ref, uint64_t value)
{
    uint16_t *index = &c->next[ref][0];

    if (*index == X64_NEVER) {
        *index = c->code->const_count;
        c->code->consts[c->code->const_count++] = value;
    }
    return *index;
}

static struct x64_loc locate(struct x64 *c, unsigned slot)
{
    ir_ref ref = c->slot[slot];
    const struct ir_insn *row = &c->block->insn[ref];
    unsigned reg = c->val[ref].reg;
    struct x64_loc loc = {.slot = (uint8_t)slot};

    if (reg != X64_NONE) {
        loc.kind = reg < XMM_FIRST ? LOC_GPR : LOC_XMM;
        loc.index = reg & 15;
    } else if (c->flags_ref == ref) {
        loc.kind = c->flags_sub ? LOC_FLAGS_SUB : LOC_FLAGS_ADD;
    } else if (row->op == IR_PCREL) {
        loc.kind = LOC_PCREL;
        loc.index = const_index(c, ref, row->imm);
    } else {
        loc.kind = LOC_CONST;
        loc.index = const_index(c, ref, x64_const_row(row));
    }
    return loc;
}

bool x64_locs_left(const struct x64 *c)
{
    return (size_t)c->code->loc_count + IR_INSN_SLACK * X64_SLOTS <= LOC_CAPACITY;
}

void x64_locate(struct x64 *c)
{
    struct x64_code *code = c->code;
    uint64_t dirty;

    if (c->loc_fresh) {
        return;
    }
    c->loc = code->loc_count;
    for (dirty = c->dirty; dirty; dirty &= dirty - 1) {
        code->loc[code->loc_count++] = locate(c, (unsigned)__builtin_ctzll(dirty));
    }
    if (c->dirty_nzcv) {
        code->loc[code->loc_count++] = locate(c, LOC_SLOT_NZCV);
    }
    c->loc_count = (uint8_t)(code->loc_count - c->loc);
    c->loc_fresh = true;
}

void x64_add_site(struct x64 *c, unsigned guest, unsigned loc, unsigned loc_count, bool boundary)
{
    struct x64_code *code = c->code;

    code->site[code->site_count++] = (struct x64_site){
        .host = (uint32_t)(c->p - code->rw),
        .guest = (uint16_t)guest,
        .loc = (uint16_t)loc,
        .loc_count = (uint8_t)loc_count,
        .boundary = boundary,
    };
}

void x64_site(struct x64 *c)
{
    x64_locate(c);
    x64_add_site(c, c->guest, c->loc, c->loc_count, false);
}

/* --- recovery --- */
/* What LAHF and SETO would have made of these flags. */
static uint64_t host_nzcv(uint64_t rflags, bool sub)
{
    enum { CF = 1 << 0, OF_BIT = 11 };

    rflags ^= sub ? CF : 0;
    return (rflags & 0xff) << 8 | bit(rflags, OF_BIT);
}

static uint64_t value_at(const struct x64_loc *loc, const uint64_t *consts,
                         const struct x64_regs *regs, const struct a64_state *st)
{
    switch ((enum x64_loc_kind)loc->kind) {
    case LOC_GPR: return regs->gpr[loc->index];
    case LOC_GPR32: return (uint32_t)regs->gpr[loc->index];
    case LOC_CONST: return consts[loc->index];
    case LOC_SPILL: return st->spill[loc->index];
    case LOC_PCREL: return st->pc_page + consts[loc->index];
    case LOC_FLAGS_ADD: return host_nzcv(regs->rflags, false);
    case LOC_FLAGS_SUB: return host_nzcv(regs->rflags, true);
    case LOC_XMM:
    case LOC_VSPILL: break;
    }
    __builtin_trap();
}

void x64_recover(const struct x64_site *site, const struct x64_loc *loc, const uint64_t *consts,
                 const struct x64_regs *regs, struct a64_state *st)
{
    for (unsigned n = 0; n < site->loc_count; n++) {
        const struct x64_loc *l = &loc[site->loc + n];

        if (l->kind == LOC_XMM) {
            st->v[l->slot - LOC_SLOT_V] = regs->xmm[l->index];
        } else if (l->kind == LOC_VSPILL) {
            st->v[l->slot - LOC_SLOT_V] = st->vspill[l->index];
        } else if (l->slot == LOC_SLOT_NZCV) {
            st->nzcv = value_at(l, consts, regs, st);
        } else {
            st->x[l->slot] = value_at(l, consts, regs, st);
        }
    }
    st->pc = st->pc_page + site->guest;
}
