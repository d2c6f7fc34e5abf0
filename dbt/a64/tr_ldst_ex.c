/* SPDX-License-Identifier: BSD-2-Clause */
/* Exclusives, ordered accesses, compare-and-swap and atomics (Arm ARM C4.1.88, B2.9). */
/*
 * Ordering on the host (x86 is TSO): every exclusive store, CAS and atomic is a locked instruction;
 * a load is an acquire as it is; an STLR is followed by a fence, so that it stays before a later
 * LDAR. All of these fault unless naturally aligned (FEAT_LSE2 is not advertised).
 */
#include "dbt/a64/tr_mem.h"

/* Two words as memory holds them, for the pair forms of 32-bit registers. */
static ir_ref join_words(struct tr *t, ir_ref low, ir_ref high)
{
    ir_ref upper = shift_by(t, true, high, 0, 32);
    return op2(t, IR_OR64, upper, op1(t, IR_ZEXT32, op1(t, IR_TRUNC, low)));
}

static void set_words(struct tr *t, unsigned rt, unsigned rt2, ir_ref both)
{
    set_x(t, false, rt, op1(t, IR_TRUNC, both));
    set_x(t, true, rt2, shift_by(t, true, both, 1, 32));
}

static void set_quad(struct tr *t, unsigned rt, unsigned rt2, ir_ref both)
{
    set_x(t, true, rt, op1_imm(t, IR_VGET64, both, 0, 0));
    set_x(t, true, rt2, op1_imm(t, IR_VGET64, both, 1, 0));
}

static ir_ref get_quad(struct tr *t, unsigned rt, unsigned rt2)
{
    ir_ref low = get_x(t, true, rt);
    return op2(t, IR_VPAIR64, low, get_x(t, true, rt2));
}

/* --- exclusives; the status register of a store is a W register --- */
enum tr_result tr_LDXR(struct tr *t, const struct arg_LDXR *a)
{
    ir_ref base = tr_base(t, a->rn);
    set_x(t, true, a->rt, op1_imm(t, IR_LDX, base, 1u << a->size, 0));
    return TR_NEXT;
}

enum tr_result tr_STXR(struct tr *t, const struct arg_STXR *a)
{
    ir_ref base = tr_base(t, a->rn);
    ir_ref data = get_x(t, true, a->rt);
    set_x(t, true, a->rs, ir_emit(&t->b, IR_STX, base, data, IR_NONE, 1u << a->size, 0));
    return TR_NEXT;
}

enum tr_result tr_LDXP(struct tr *t, const struct arg_LDXP *a)
{
    ir_ref base = tr_base(t, a->rn);
    if (a->sz) {
        set_quad(t, a->rt, a->rt2, op1(t, IR_LDX128, base));
    } else {
        set_words(t, a->rt, a->rt2, op1_imm(t, IR_LDX, base, 8, 0));
    }
    return TR_NEXT;
}

enum tr_result tr_STXP(struct tr *t, const struct arg_STXP *a)
{
    ir_ref base = tr_base(t, a->rn);
    ir_ref status;
    if (a->sz) {
        status = op2(t, IR_STX128, base, get_quad(t, a->rt, a->rt2));
    } else {
        ir_ref low = get_x(t, true, a->rt);
        ir_ref both = join_words(t, low, get_x(t, true, a->rt2));
        status = ir_emit(&t->b, IR_STX, base, both, IR_NONE, 8, 0);
    }
    set_x(t, true, a->rs, status);
    return TR_NEXT;
}

/* --- ordered --- */
enum tr_result tr_LDAR(struct tr *t, const struct arg_LDAR *a)
{
    ir_ref base = tr_base(t, a->rn);
    set_x(t, true, a->rt, tr_load(t, base, 0, a->size, IR_MEM_ALIGN));
    return TR_NEXT;
}

enum tr_result tr_LDAPR(struct tr *t, const struct arg_LDAPR *a)
{
    ir_ref base = tr_base(t, a->rn);
    set_x(t, true, a->rt, tr_load(t, base, 0, a->size, IR_MEM_ALIGN));
    return TR_NEXT;
}

enum tr_result tr_STLR(struct tr *t, const struct arg_STLR *a)
{
    ir_ref base = tr_base(t, a->rn);
    tr_store(t, base, 0, a->size, get_x(t, true, a->rt), IR_MEM_ALIGN);
    ir_op0(&t->b, IR_FENCE, 0);
    return TR_NEXT;
}

/* --- compare and swap --- */
enum tr_result tr_CAS(struct tr *t, const struct arg_CAS *a)
{
    ir_ref base = tr_base(t, a->rn);
    ir_ref expected = get_x(t, true, a->rs);
    ir_ref desired = get_x(t, true, a->rt);
    set_x(t, true, a->rs, ir_emit(&t->b, IR_CAS, base, expected, desired, 1u << a->size, 0));
    return TR_NEXT;
}

enum tr_result tr_CASP(struct tr *t, const struct arg_CASP *a)
{
    ir_ref base = tr_base(t, a->rn);
    if (a->sz) {
        ir_ref expected = get_quad(t, a->rs, a->rs + 1);
        ir_ref desired = get_quad(t, a->rt, a->rt + 1);
        set_quad(t, a->rs, a->rs + 1, op3(t, IR_CAS128, base, expected, desired));
    } else {
        ir_ref low = get_x(t, true, a->rs);
        ir_ref expected = join_words(t, low, get_x(t, true, a->rs + 1));
        low = get_x(t, true, a->rt);
        ir_ref desired = join_words(t, low, get_x(t, true, a->rt + 1));
        set_words(t, a->rs, a->rs + 1, ir_emit(&t->b, IR_CAS, base, expected, desired, 8, 0));
    }
    return TR_NEXT;
}

/* --- atomic memory operations --- */
static enum tr_result atomic(struct tr *t, const struct arg_LDADD *a, enum ir_atomic op)
{
    ir_ref base = tr_base(t, a->rn);
    ir_ref operand = get_x(t, true, a->rs);
    uint64_t imm = 1u << a->size | (unsigned)op << 8;
    set_x(t, true, a->rt, ir_emit(&t->b, IR_ATOMIC, base, operand, IR_NONE, imm, 0));
    return TR_NEXT;
}

TR(LDADD, atomic(t, a, IR_ATOMIC_ADD))
TR(LDCLR, atomic(t, a, IR_ATOMIC_CLR))
TR(LDEOR, atomic(t, a, IR_ATOMIC_EOR))
TR(LDSET, atomic(t, a, IR_ATOMIC_SET))
TR(LDSMAX, atomic(t, a, IR_ATOMIC_SMAX))
TR(LDSMIN, atomic(t, a, IR_ATOMIC_SMIN))
TR(LDUMAX, atomic(t, a, IR_ATOMIC_UMAX))
TR(LDUMIN, atomic(t, a, IR_ATOMIC_UMIN))
TR(SWP, atomic(t, a, IR_ATOMIC_SWP))
