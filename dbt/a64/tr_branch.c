/* SPDX-License-Identifier: BSD-2-Clause */
/* Branches (Arm ARM C4.1.87): conditional, unconditional, to a register, compare, test. */
#include "dbt/a64/tr.h"

/* Both ways of a conditional branch whose offset is imm words. */
static uint64_t targets(const struct tr *t, int32_t imm)
{
    return IR_TARGETS((int32_t)t->off + imm * 4, t->off + 4);
}

/* The page offset of a branch whose offset is imm words. */
static uint64_t target(const struct tr *t, int32_t imm)
{
    return (uint64_t)((int64_t)t->off + (int64_t)imm * 4);
}

static enum tr_result jump(struct tr *t, int32_t imm)
{
    ir_op0(&t->b, IR_JUMP, target(t, imm));
    return TR_END;
}

static void link(struct tr *t)
{
    set_x(t, true, 30, pc_relative(t, 4));
}

enum tr_result tr_B_cond(struct tr *t, const struct arg_B_cond *a)
{
    if (holds_always(a->cond)) {
        return jump(t, a->imm19);
    }
    ir_ref flags = ir_getf(&t->b);
    ir_emit(&t->b, IR_BRCOND, flags, IR_NONE, IR_NONE, targets(t, a->imm19), a->cond);
    return TR_END;
}

enum tr_result tr_B(struct tr *t, const struct arg_B *a)
{
    return jump(t, a->imm26);
}

enum tr_result tr_BL(struct tr *t, const struct arg_BL *a)
{
    link(t);
    ir_emit(&t->b, IR_JUMP, IR_NONE, IR_NONE, IR_NONE, target(t, a->imm26), IR_IND_CALL);
    return TR_END;
}

static enum tr_result branch_reg(struct tr *t, ir_ref target, enum ir_ind kind)
{
    ir_emit(&t->b, IR_BRIND, target, IR_NONE, IR_NONE, 0, kind);
    return TR_END;
}

TR(BR, branch_reg(t, get_x(t, true, a->rn), IR_IND_JUMP))
TR(RET, branch_reg(t, get_x(t, true, a->rn), IR_IND_RET))

/* The target is read before X30 is written: BLR X30. */
enum tr_result tr_BLR(struct tr *t, const struct arg_BLR *a)
{
    ir_ref target = get_x(t, true, a->rn);
    link(t);
    return branch_reg(t, target, IR_IND_CALL);
}

static enum tr_result compare_branch(struct tr *t, const struct arg_CBZ *a, bool nonzero)
{
    ir_ref x = get_x(t, a->sf, a->rt);
    ir_emit(&t->b, IR_SF(BRZ, a->sf), x, IR_NONE, IR_NONE, targets(t, a->imm19), nonzero);
    return TR_END;
}

TR(CBZ, compare_branch(t, a, false))
TR(CBNZ, compare_branch(t, a, true))

static enum tr_result test_branch(struct tr *t, const struct arg_TBZ *a, bool nonzero)
{
    unsigned bit_pos = a->b5 << 5 | a->b40;
    ir_ref x = get_x(t, true, a->rt);
    ir_emit(&t->b, IR_BRBIT, x, IR_NONE, IR_NONE, targets(t, a->imm14),
            bit_pos | (nonzero ? 64u : 0));
    return TR_END;
}

TR(TBZ, test_branch(t, a, false))
TR(TBNZ, test_branch(t, a, true))
