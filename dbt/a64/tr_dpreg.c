/* SPDX-License-Identifier: BSD-2-Clause */
/* Data processing, register (Arm ARM C4.1.89): logical, add, carry, multiply, divide, CRC, reverse.
 */
#include "dbt/a64/tr.h"
#include "dbt/a64/tr_alu.h"

/* --- two sources --- */
static enum tr_result two_source(struct tr *t, const struct arg_UDIV *a, enum ir_op op)
{
    set_x(t, a->sf, a->rd, op2(t, op, get_x(t, a->sf, a->rn), get_x(t, a->sf, a->rm)));
    return TR_NEXT;
}

TR(UDIV, two_source(t, a, IR_SF(UDIV, a->sf)))
TR(SDIV, two_source(t, a, IR_SF(SDIV, a->sf)))
TR(LSLV, two_source(t, a, IR_SF(SHL, a->sf)))
TR(LSRV, two_source(t, a, IR_SF(SHR, a->sf)))
TR(ASRV, two_source(t, a, IR_SF(SAR, a->sf)))
TR(RORV, two_source(t, a, IR_SF(ROR, a->sf)))

static enum tr_result crc32(struct tr *t, const struct arg_CRC32 *a, enum ir_op op)
{
    ir_ref acc = get_x(t, false, a->rn);
    ir_ref val = get_x(t, true, a->rm);
    set_x(t, false, a->rd, ir_emit(&t->b, op, acc, val, IR_NONE, 0, 1u << a->size));
    return TR_NEXT;
}

TR(CRC32, crc32(t, a, IR_CRC32))
TR(CRC32C, crc32(t, a, IR_CRC32C))

/* --- one source --- */
static enum tr_result one_source(struct tr *t, const struct arg_RBIT *a, enum ir_op op)
{
    set_x(t, a->sf, a->rd, op1(t, op, get_x(t, a->sf, a->rn)));
    return TR_NEXT;
}

TR(RBIT, one_source(t, a, IR_SF(RBIT, a->sf)))
TR(REV16, one_source(t, a, IR_SF(BSWAP16_, a->sf)))
TR(REV32, one_source(t, a, a->sf ? IR_BSWAP32_64 : IR_BSWAP32))
TR(CLZ, one_source(t, a, IR_SF(CLZ, a->sf)))

enum tr_result tr_REV64(struct tr *t, const struct arg_REV64 *a)
{
    set_x(t, true, a->rd, op1(t, IR_BSWAP64, get_x(t, true, a->rn)));
    return TR_NEXT;
}

/* Bits that differ from their left neighbour; the first cannot, so at least one zero leads. */
enum tr_result tr_CLS(struct tr *t, const struct arg_CLS *a)
{
    ir_ref x = get_x(t, a->sf, a->rn);
    ir_ref differ = op2(t, IR_SF(XOR, a->sf), x, shift_by(t, a->sf, x, 2, 1));
    ir_ref zeros = op1(t, IR_SF(CLZ, a->sf), differ);
    set_x(t, a->sf, a->rd, op2(t, IR_SF(SUB, a->sf), zeros, konst(t, a->sf, 1)));
    return TR_NEXT;
}

/* --- logical (shifted register) --- */
static enum tr_result logical(struct tr *t, const struct arg_AND_reg *a, enum ir_op op, bool invert)
{
    ir_ref operand2 = shift_by(t, a->sf, get_x(t, a->sf, a->rm), a->shift, a->imm6);
    if (invert) {
        operand2 = op1(t, IR_SF(NOT, a->sf), operand2);
    }
    /* MOV and MVN are ORR and ORN with register 31: no row for the OR */
    ir_ref result = op == IR_SF(OR, a->sf) && a->rn == 31
                        ? operand2
                        : op2(t, op, get_x(t, a->sf, a->rn), operand2);
    set_x(t, a->sf, a->rd, result);
    return TR_NEXT;
}

TR(AND_reg, logical(t, a, IR_SF(AND, a->sf), false))
TR(ORR_reg, logical(t, a, IR_SF(OR, a->sf), false))
TR(EOR_reg, logical(t, a, IR_SF(XOR, a->sf), false))
TR(ORN_reg, logical(t, a, IR_SF(OR, a->sf), true))
TR(EON_reg, logical(t, a, IR_SF(XOR, a->sf), true))

static ir_ref and_not(struct tr *t, const struct arg_BIC_reg *a)
{
    ir_ref operand2 = shift_by(t, a->sf, get_x(t, a->sf, a->rm), a->shift, a->imm6);
    return op2(t, IR_SF(ANDN, a->sf), get_x(t, a->sf, a->rn), operand2);
}

enum tr_result tr_BIC_reg(struct tr *t, const struct arg_BIC_reg *a)
{
    set_x(t, a->sf, a->rd, and_not(t, a));
    return TR_NEXT;
}

static enum tr_result logical_flags(struct tr *t, const struct arg_ANDS_reg *a, ir_ref result)
{
    ir_setf(&t->b, op1(t, IR_SF(NZCV_LOGIC, a->sf), result));
    set_x(t, a->sf, a->rd, result);
    return TR_NEXT;
}

TR(BICS_reg, logical_flags(t, a, and_not(t, a)))

enum tr_result tr_ANDS_reg(struct tr *t, const struct arg_ANDS_reg *a)
{
    ir_ref operand2 = shift_by(t, a->sf, get_x(t, a->sf, a->rm), a->shift, a->imm6);
    return logical_flags(t, a, op2(t, IR_SF(AND, a->sf), get_x(t, a->sf, a->rn), operand2));
}

/* --- add/subtract (shifted register) --- */
static enum tr_result add_sub_shift(struct tr *t, const struct arg_ADD_shift *a, bool sub,
                                    bool flags)
{
    ir_ref operand2 = shift_by(t, a->sf, get_x(t, a->sf, a->rm), a->shift, a->imm6);
    ir_ref operand1 = get_x(t, a->sf, a->rn);
    set_x(t, a->sf, a->rd, alu_add_sub(t, a->sf, sub, flags, operand1, operand2));
    return TR_NEXT;
}

TR(ADD_shift, add_sub_shift(t, a, false, false))
TR(ADDS_shift, add_sub_shift(t, a, false, true))
TR(SUB_shift, add_sub_shift(t, a, true, false))
TR(SUBS_shift, add_sub_shift(t, a, true, true))

/* --- add/subtract (extended register): rn, and without flags rd, may be SP --- */
static enum tr_result add_sub_ext(struct tr *t, const struct arg_ADD_ext *a, bool sub, bool flags)
{
    ir_ref operand1 = get_x_sp(t, a->sf, a->rn);
    ir_ref operand2 = extend_reg(t, a->sf, a->rm, a->option, a->imm3);
    ir_ref result = alu_add_sub(t, a->sf, sub, flags, operand1, operand2);
    if (flags) {
        set_x(t, a->sf, a->rd, result);
    } else {
        set_x_sp(t, a->sf, a->rd, result);
    }
    return TR_NEXT;
}

TR(ADD_ext, add_sub_ext(t, a, false, false))
TR(ADDS_ext, add_sub_ext(t, a, false, true))
TR(SUB_ext, add_sub_ext(t, a, true, false))
TR(SUBS_ext, add_sub_ext(t, a, true, true))

/* --- add/subtract (with carry) --- */
static enum tr_result add_carry(struct tr *t, const struct arg_ADC *a, enum ir_op op)
{
    ir_ref x = get_x(t, a->sf, a->rn);
    ir_ref y = get_x(t, a->sf, a->rm);
    set_x(t, a->sf, a->rd, op3(t, op, x, y, ir_getf(&t->b)));
    return TR_NEXT;
}

static enum tr_result add_carry_flags(struct tr *t, const struct arg_ADC *a, enum ir_op op,
                                      enum ir_op nzcv)
{
    ir_ref x = get_x(t, a->sf, a->rn);
    ir_ref y = get_x(t, a->sf, a->rm);
    ir_ref carry = ir_getf(&t->b);
    ir_setf(&t->b, op3(t, nzcv, x, y, carry));
    set_x(t, a->sf, a->rd, op3(t, op, x, y, carry));
    return TR_NEXT;
}

TR(ADC, add_carry(t, a, IR_SF(ADC, a->sf)))
TR(SBC, add_carry(t, a, IR_SF(SBC, a->sf)))
TR(ADCS, add_carry_flags(t, a, IR_SF(ADC, a->sf), IR_SF(NZCV_ADC, a->sf)))
TR(SBCS, add_carry_flags(t, a, IR_SF(SBC, a->sf), IR_SF(NZCV_SBC, a->sf)))

/* --- flag manipulation (FEAT_FlagM): on NZCV in Arm form --- */
enum tr_result tr_RMIF(struct tr *t, const struct arg_RMIF *a)
{
    ir_ref rotated = shift_by(t, true, get_x(t, true, a->rn), 3, a->imm6);
    ir_ref fresh = shift_by(t, false, op1(t, IR_TRUNC, rotated), 0, 28);
    ir_ref mask = konst(t, false, a->mask << 28);
    ir_ref old = op2(t, IR_ANDN32, op1(t, IR_NZCV_PACK, ir_getf(&t->b)), mask);
    ir_ref nzcv = op2(t, IR_OR32, old, op2(t, IR_AND32, fresh, mask));
    ir_setf(&t->b, op1(t, IR_NZCV_UNPACK, nzcv));
    return TR_NEXT;
}

/* N and Z of the low `width` bits of W[n], V where bit `width` differs from the one below. */
static enum tr_result setf(struct tr *t, unsigned rn, unsigned width)
{
    ir_ref w = get_x(t, false, rn);
    ir_ref high = shift_by(t, false, w, 0, 32 - width);
    ir_ref nz = op1(t, IR_NZCV_PACK, op1(t, IR_NZCV_LOGIC32, high));
    ir_ref differ =
        op2(t, IR_XOR32, shift_by(t, false, w, 1, width), shift_by(t, false, w, 1, width - 1));
    ir_ref v = shift_by(t, false, op2(t, IR_AND32, differ, konst(t, false, 1)), 0, 28);
    ir_ref c = op2(t, IR_AND32, op1(t, IR_NZCV_PACK, ir_getf(&t->b)), konst(t, false, BIT32(29)));
    ir_ref nzcv = op2(t, IR_OR32, op2(t, IR_OR32, nz, v), c);
    ir_setf(&t->b, op1(t, IR_NZCV_UNPACK, nzcv));
    return TR_NEXT;
}

TR(SETF8, setf(t, a->rn, 8))
TR(SETF16, setf(t, a->rn, 16))

/* --- conditional compare --- */
static enum tr_result cond_compare(struct tr *t, bool sf, enum ir_op nzcv_op, unsigned rn,
                                   ir_ref operand2, unsigned cond, unsigned nzcv)
{
    ir_ref compared = op2(t, nzcv_op, get_x(t, sf, rn), operand2);
    if (!holds_always(cond)) {
        ir_ref flags = ir_getf(&t->b);
        compared = ir_emit(&t->b, IR_NZCV_SEL, flags, compared, IR_NONE, nzcv << 28, cond);
    }
    ir_setf(&t->b, compared);
    return TR_NEXT;
}

TR(CCMN_reg,
   cond_compare(t, a->sf, IR_SF(NZCV_ADD, a->sf), a->rn, get_x(t, a->sf, a->rm), a->cond, a->nzcv))
TR(CCMP_reg,
   cond_compare(t, a->sf, IR_SF(NZCV_SUB, a->sf), a->rn, get_x(t, a->sf, a->rm), a->cond, a->nzcv))
TR(CCMN_imm, cond_compare(t, a->sf, IR_SF(NZCV_ADD, a->sf), a->rn, konst(t, a->sf, a->imm5),
                          a->cond, a->nzcv))
TR(CCMP_imm, cond_compare(t, a->sf, IR_SF(NZCV_SUB, a->sf), a->rn, konst(t, a->sf, a->imm5),
                          a->cond, a->nzcv))

/* --- conditional select --- */
static enum tr_result cond_select(struct tr *t, const struct arg_CSEL *a, ir_ref otherwise)
{
    ir_ref result = get_x(t, a->sf, a->rn);
    if (!holds_always(a->cond)) {
        result =
            ir_emit(&t->b, IR_SF(SELECT, a->sf), ir_getf(&t->b), result, otherwise, 0, a->cond);
    }
    set_x(t, a->sf, a->rd, result);
    return TR_NEXT;
}

TR(CSEL, cond_select(t, a, get_x(t, a->sf, a->rm)))
TR(CSINC, cond_select(t, a, op2(t, IR_SF(ADD, a->sf), get_x(t, a->sf, a->rm), konst(t, a->sf, 1))))
TR(CSINV, cond_select(t, a, op1(t, IR_SF(NOT, a->sf), get_x(t, a->sf, a->rm))))
TR(CSNEG, cond_select(t, a, op1(t, IR_SF(NEG, a->sf), get_x(t, a->sf, a->rm))))

/* --- three sources --- */
/* product added to, or taken from, register ra (31: zero). */
static enum tr_result accumulate(struct tr *t, bool sf, unsigned rd, unsigned ra, bool sub,
                                 ir_ref product)
{
    if (ra != 31) {
        ir_ref acc = get_x(t, sf, ra);
        product = op2(t, sub ? IR_SF(SUB, sf) : IR_SF(ADD, sf), acc, product);
    } else if (sub) {
        product = op1(t, IR_SF(NEG, sf), product);
    }
    set_x(t, sf, rd, product);
    return TR_NEXT;
}

static ir_ref product(struct tr *t, const struct arg_MADD *a)
{
    return op2(t, IR_SF(MUL, a->sf), get_x(t, a->sf, a->rn), get_x(t, a->sf, a->rm));
}

static ir_ref product_long(struct tr *t, const struct arg_SMADDL *a, enum ir_op op)
{
    return op2(t, op, get_x(t, false, a->rn), get_x(t, false, a->rm));
}

TR(MADD, accumulate(t, a->sf, a->rd, a->ra, false, product(t, a)))
TR(MSUB, accumulate(t, a->sf, a->rd, a->ra, true, product(t, a)))
TR(SMADDL, accumulate(t, true, a->rd, a->ra, false, product_long(t, a, IR_SMULL)))
TR(SMSUBL, accumulate(t, true, a->rd, a->ra, true, product_long(t, a, IR_SMULL)))
TR(UMADDL, accumulate(t, true, a->rd, a->ra, false, product_long(t, a, IR_UMULL)))
TR(UMSUBL, accumulate(t, true, a->rd, a->ra, true, product_long(t, a, IR_UMULL)))

static enum tr_result mul_high(struct tr *t, const struct arg_SMULH *a, enum ir_op op)
{
    set_x(t, true, a->rd, op2(t, op, get_x(t, true, a->rn), get_x(t, true, a->rm)));
    return TR_NEXT;
}

TR(SMULH, mul_high(t, a, IR_SMULH))
TR(UMULH, mul_high(t, a, IR_UMULH))
