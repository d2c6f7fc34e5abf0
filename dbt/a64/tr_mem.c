/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory accesses of the translators: in the view, or as the site is known to need it. */
#include "dbt/a64/tr_mem.h"

#include "dbt/rt/helpers.h"
#include "dbt/rt/mem.h"

ir_ref tr_base(struct tr *t, unsigned rn)
{
    ir_ref base = ir_getx(&t->b, rn);
    if (rn == SLOT_SP && (t->flags & TR_SP_CHECK) && base != t->sp_checked) {
        op1(t, IR_CHECK_SP, base);
        t->sp_checked = base;
    }
    return base;
}

void tr_writeback(struct tr *t, unsigned rn, ir_ref base, int64_t delta)
{
    ir_ref address = op2(t, IR_ADD64, base, ir_const64(&t->b, (uint64_t)delta));
    ir_setx(&t->b, rn, address);
    tr_sp_moved(t, rn, base, address, delta);
}

unsigned tr_plain(const struct tr *t)
{
    return t->flags & TR_ALIGN ? IR_MEM_ALIGN : 0;
}

unsigned tr_unpriv(const struct tr *t)
{
    bool as_el0 = (t->flags & TR_EL1) && !(t->flags & TR_UAO);
    return tr_plain(t) | (as_el0 ? IR_MEM_UNPRIV : 0);
}

/* The aux of a row that accesses memory in place. */
static unsigned in_place(const struct tr *t, unsigned aux)
{
    if (t->site == SITE_WINDOW || (aux & IR_MEM_UNPRIV)) {
        aux |= IR_MEM_WINDOW | (t->flags & TR_EL1 ? 0 : IR_MEM_UNPRIV);
    }
    return aux;
}

static ir_ref slow_address(struct tr *t, ir_ref addr, int64_t disp)
{
    return op2(t, IR_ADD64, addr, ir_const64(&t->b, (uint64_t)disp));
}

static ir_ref load_slow(struct tr *t, ir_ref addr, int64_t disp, uint32_t imm)
{
    return ir_call_sync(&t->b, HELPER_mem_load, imm, slow_address(t, addr, disp), IR_NONE, IR_NONE);
}

ir_ref tr_load(struct tr *t, ir_ref addr, int64_t disp, unsigned size, unsigned aux)
{
    static const enum ir_op ops[] = {IR_LD8, IR_LD16, IR_LD32, IR_LD64};
    if (t->site == SITE_SLOW) {
        return load_slow(t, addr, disp, MEM_IMM(1u << size, aux, 0));
    }
    return op1_imm(t, ops[size], addr, (uint64_t)disp, in_place(t, aux));
}

ir_ref tr_load_signed(struct tr *t, ir_ref addr, int64_t disp, unsigned size, bool w, unsigned aux)
{
    static const enum ir_op ops[][2] = {
        {IR_LDS8_64, IR_LDS8_32}, {IR_LDS16_64, IR_LDS16_32}, {IR_LDS32_64, IR_LDS32_64}};
    if (t->site == SITE_SLOW) {
        ir_ref value = load_slow(t, addr, disp, MEM_IMM(1u << size, aux, w ? 32 : 64));
        return w ? op1(t, IR_TRUNC, value) : value;
    }
    return op1_imm(t, ops[size][w], addr, (uint64_t)disp, in_place(t, aux));
}

void tr_store(struct tr *t, ir_ref addr, int64_t disp, unsigned size, ir_ref data, unsigned aux)
{
    static const enum ir_op ops[] = {IR_ST8, IR_ST16, IR_ST32, IR_ST64};
    if (t->site == SITE_SLOW) {
        ir_call_sync(&t->b, HELPER_mem_store, MEM_IMM(1u << size, aux, 0),
                     slow_address(t, addr, disp), data, IR_NONE);
    } else {
        ir_emit(&t->b, ops[size], addr, data, IR_NONE, (uint64_t)disp, in_place(t, aux));
    }
}

/* The slow way knows 8 bytes: a quadword goes in halves. aux of the lower one, which is aligned if
 * the whole is. */
static unsigned lower_half(unsigned aux)
{
    return aux & IR_MEM_ELEMENT ? aux : aux | IR_MEM_OF(SIZE_Q);
}

/* From SIZE_S on: load, store. */
static const enum ir_op vector_ops[][2] = {
    {IR_LDV32, IR_STV32}, {IR_LDV64, IR_STV64}, {IR_LD128, IR_ST128}};

ir_ref tr_load_v(struct tr *t, ir_ref addr, int64_t disp, unsigned size, unsigned aux)
{
    if (size < SIZE_S || (size < SIZE_Q && t->site == SITE_SLOW)) {
        return op1(t, IR_VFROM64, tr_load(t, addr, disp, size, aux));
    }
    if (t->site == SITE_SLOW) {
        ir_ref low = load_slow(t, addr, disp, MEM_IMM(8, lower_half(aux), 0));
        return op2(t, IR_VPAIR64, low, load_slow(t, addr, disp + 8, MEM_IMM(8, aux, 0)));
    }
    return op1_imm(t, vector_ops[size - SIZE_S][0], addr, (uint64_t)disp, in_place(t, aux));
}

void tr_store_v(struct tr *t, ir_ref addr, int64_t disp, unsigned size, ir_ref data, unsigned aux)
{
    if (size < SIZE_S || (size < SIZE_Q && t->site == SITE_SLOW)) {
        tr_store(t, addr, disp, size, op1_imm(t, IR_VGET64, data, 0, 0), aux);
    } else if (t->site == SITE_SLOW) {
        tr_store(t, addr, disp, SIZE_D, op1_imm(t, IR_VGET64, data, 0, 0), lower_half(aux));
        tr_store(t, addr, disp + 8, SIZE_D, op1_imm(t, IR_VGET64, data, 1, 0), aux);
    } else {
        ir_emit(&t->b, vector_ops[size - SIZE_S][1], addr, data, IR_NONE, (uint64_t)disp,
                in_place(t, aux));
    }
}
