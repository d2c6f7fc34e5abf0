/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of general registers (Arm ARM C4.1.88): single, pair, literal, all addressing.
 */
#include "dbt/a64/tr_mem.h"

/* The three ways in which a base register and an immediate make an address. */
enum index { OFFSET, PRE, POST };

/* What an access moves. */
enum kind { STORE, LOAD, LOAD_SIGNED_64, LOAD_SIGNED_32 };

/* One register rt of 1 << size bytes at address + disp. Writes no state before the access is done.
 */
static void transfer(struct tr *t, enum kind kind, unsigned size, unsigned rt, ir_ref address,
                     int64_t disp, unsigned aux)
{
    switch (kind) {
    case STORE: tr_store(t, address, disp, size, get_x(t, true, rt), aux); break;
    case LOAD: set_x(t, true, rt, tr_load(t, address, disp, size, aux)); break;
    case LOAD_SIGNED_64:
        set_x(t, true, rt, tr_load_signed(t, address, disp, size, false, aux));
        break;
    case LOAD_SIGNED_32:
        set_x(t, false, rt, tr_load_signed(t, address, disp, size, true, aux));
        break;
    }
}

static enum kind signed_kind(unsigned w)
{
    return w ? LOAD_SIGNED_32 : LOAD_SIGNED_64;
}

/* --- single register, immediate offset. With write-back to rt itself the base wins (README.md).
 * --- */
static enum tr_result immediate(struct tr *t, enum kind kind, const struct arg_STUR *a,
                                enum index index)
{
    ir_ref base = tr_base(t, a->rn);
    transfer(t, kind, a->size, a->rt, base, index == POST ? 0 : a->imm9, tr_plain(t));
    if (index != OFFSET) {
        tr_writeback(t, a->rn, base, a->imm9);
    }
    return TR_NEXT;
}

static enum tr_result immediate_signed(struct tr *t, const struct arg_LDURS *a, enum index index)
{
    const struct arg_STUR plain = {.size = a->size, .imm9 = a->imm9, .rn = a->rn, .rt = a->rt};
    return immediate(t, signed_kind(a->w), &plain, index);
}

TR(STUR, immediate(t, STORE, a, OFFSET))
TR(LDUR, immediate(t, LOAD, a, OFFSET))
TR(LDURS, immediate_signed(t, a, OFFSET))
TR(STR_post, immediate(t, STORE, a, POST))
TR(LDR_post, immediate(t, LOAD, a, POST))
TR(LDRS_post, immediate_signed(t, a, POST))
TR(STR_pre, immediate(t, STORE, a, PRE))
TR(LDR_pre, immediate(t, LOAD, a, PRE))
TR(LDRS_pre, immediate_signed(t, a, PRE))

static enum tr_result unprivileged(struct tr *t, enum kind kind, unsigned size, unsigned rt,
                                   unsigned rn, int64_t disp)
{
    transfer(t, kind, size, rt, tr_base(t, rn), disp, tr_unpriv(t));
    return TR_NEXT;
}

TR(STTR, unprivileged(t, STORE, a->size, a->rt, a->rn, a->imm9))
TR(LDTR, unprivileged(t, LOAD, a->size, a->rt, a->rn, a->imm9))
TR(LDTRS, unprivileged(t, signed_kind(a->w), a->size, a->rt, a->rn, a->imm9))

static enum tr_result unsigned_offset(struct tr *t, enum kind kind, unsigned size, unsigned rt,
                                      unsigned rn, unsigned imm12)
{
    transfer(t, kind, size, rt, tr_base(t, rn), (int64_t)imm12 << size, tr_plain(t));
    return TR_NEXT;
}

TR(STR_uimm, unsigned_offset(t, STORE, a->size, a->rt, a->rn, a->imm12))
TR(LDR_uimm, unsigned_offset(t, LOAD, a->size, a->rt, a->rn, a->imm12))
TR(LDRS_uimm, unsigned_offset(t, signed_kind(a->w), a->size, a->rt, a->rn, a->imm12))

/* --- register offset --- */
ir_ref tr_register_offset(struct tr *t, unsigned rn, unsigned rm, unsigned option, unsigned amount)
{
    ir_ref base = tr_base(t, rn);
    return op2(t, IR_ADD64, base, extend_reg(t, true, rm, option, amount));
}

static enum tr_result register_offset(struct tr *t, enum kind kind, const struct arg_STR_reg *a)
{
    ir_ref address = tr_register_offset(t, a->rn, a->rm, a->option, a->s ? a->size : 0);
    transfer(t, kind, a->size, a->rt, address, 0, tr_plain(t));
    return TR_NEXT;
}

TR(STR_reg, register_offset(t, STORE, a))
TR(LDR_reg, register_offset(t, LOAD, a))

enum tr_result tr_LDRS_reg(struct tr *t, const struct arg_LDRS_reg *a)
{
    ir_ref address = tr_register_offset(t, a->rn, a->rm, a->option, a->s ? a->size : 0);
    transfer(t, signed_kind(a->w), a->size, a->rt, address, 0, tr_plain(t));
    return TR_NEXT;
}

/* --- literal --- */
static enum tr_result literal(struct tr *t, enum kind kind, unsigned size, unsigned rt, int64_t imm)
{
    transfer(t, kind, size, rt, pc_relative(t, imm * 4), 0, tr_plain(t));
    return TR_NEXT;
}

TR(LDR_lit, literal(t, LOAD, a->sz ? SIZE_D : SIZE_S, a->rt, a->imm19))
TR(LDRSW_lit, literal(t, LOAD_SIGNED_64, SIZE_S, a->rt, a->imm19))

/* --- pairs: rt is written last, so that it wins over rt2 (README.md) --- */
struct pair {
    unsigned size, rt, rt2, rn;
    int64_t imm;
    enum index index;
};

static enum tr_result store_pair(struct tr *t, struct pair p)
{
    int64_t offset = p.imm * (1 << p.size);
    int64_t disp = p.index == POST ? 0 : offset;
    ir_ref base = tr_base(t, p.rn);
    transfer(t, STORE, p.size, p.rt, base, disp, tr_plain(t));
    transfer(t, STORE, p.size, p.rt2, base, disp + (1 << p.size), tr_plain(t));
    if (p.index != OFFSET) {
        tr_writeback(t, p.rn, base, offset);
    }
    return TR_NEXT;
}

static enum tr_result load_pair(struct tr *t, struct pair p, bool is_signed)
{
    int64_t offset = p.imm * (1 << p.size);
    int64_t disp = p.index == POST ? 0 : offset;
    int64_t disp2 = disp + (1 << p.size);
    unsigned aux = tr_plain(t);
    ir_ref base = tr_base(t, p.rn);
    ir_ref first = is_signed ? tr_load_signed(t, base, disp, p.size, false, aux)
                             : tr_load(t, base, disp, p.size, aux);
    ir_ref second = is_signed ? tr_load_signed(t, base, disp2, p.size, false, aux)
                              : tr_load(t, base, disp2, p.size, aux);
    set_x(t, true, p.rt2, second);
    set_x(t, true, p.rt, first);
    if (p.index != OFFSET) {
        tr_writeback(t, p.rn, base, offset);
    }
    return TR_NEXT;
}

#define PAIR(a, bytes_log2, how)                                                                   \
    ((struct pair){(bytes_log2), (a)->rt, (a)->rt2, (a)->rn, (a)->imm7, (how)})

TR(STNP, store_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, OFFSET)))
TR(LDNP, load_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, OFFSET), false))
TR(STP_post, store_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, POST)))
TR(STP_off, store_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, OFFSET)))
TR(STP_pre, store_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, PRE)))
TR(LDP_post, load_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, POST), false))
TR(LDP_off, load_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, OFFSET), false))
TR(LDP_pre, load_pair(t, PAIR(a, a->sf ? SIZE_D : SIZE_S, PRE), false))
TR(LDPSW_post, load_pair(t, PAIR(a, SIZE_S, POST), true))
TR(LDPSW_off, load_pair(t, PAIR(a, SIZE_S, OFFSET), true))
TR(LDPSW_pre, load_pair(t, PAIR(a, SIZE_S, PRE), true))

/* --- prefetch: hints, which we leave to the host's own prefetchers --- */
#define HINT_ONLY(name)                                                                            \
    enum tr_result tr_##name(struct tr *t, const struct arg_##name *a)                             \
    {                                                                                              \
        (void)t;                                                                                   \
        (void)a;                                                                                   \
        return TR_NEXT;                                                                            \
    }
HINT_ONLY(PRFM_lit)
HINT_ONLY(PRFUM)
HINT_ONLY(PRFM_reg)
HINT_ONLY(PRFM_uimm)
