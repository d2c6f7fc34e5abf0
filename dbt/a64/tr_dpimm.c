/* SPDX-License-Identifier: BSD-2-Clause */
/* Data processing, immediate (Arm ARM C4.1.86): PC-relative, add, logical, move, bit-field,
 * extract. */
#include "dbt/a64/tr.h"
#include "dbt/a64/tr_alu.h"

/* --- PC-relative --- */
enum tr_result tr_ADR(struct tr *t, const struct arg_ADR *a)
{
    set_x(t, true, a->rd, pc_relative(t, (int64_t)a->imm19 * 4 + a->immlo));
    return TR_NEXT;
}

enum tr_result tr_ADRP(struct tr *t, const struct arg_ADRP *a)
{
    int64_t imm = ((int64_t)a->imm19 * 4 + a->immlo) * 4096;
    set_x(t, true, a->rd, ir_op0(&t->b, IR_PCREL, (uint64_t)imm));
    return TR_NEXT;
}

/* --- add/subtract (immediate): without flags register 31 is SP as the result too --- */
static enum tr_result add_sub_imm(struct tr *t, const struct arg_ADD_imm *a, bool sub)
{
    int64_t imm = (int64_t)a->imm12 << (a->sh ? 12 : 0);
    ir_ref operand1 = get_x_sp(t, a->sf, a->rn);
    ir_ref result = alu_add_sub(t, a->sf, sub, false, operand1, konst(t, a->sf, (uint64_t)imm));
    set_x_sp(t, a->sf, a->rd, result);
    tr_sp_moved(t, a->rd, operand1, result, imm);
    return TR_NEXT;
}

static enum tr_result add_sub_imm_flags(struct tr *t, const struct arg_ADDS_imm *a, bool sub)
{
    ir_ref operand1 = get_x_sp(t, a->sf, a->rn);
    ir_ref imm = konst(t, a->sf, (uint64_t)a->imm12 << (a->sh ? 12 : 0));
    set_x(t, a->sf, a->rd, alu_add_sub(t, a->sf, sub, true, operand1, imm));
    return TR_NEXT;
}

TR(ADD_imm, add_sub_imm(t, a, false))
TR(SUB_imm, add_sub_imm(t, a, true))
TR(ADDS_imm, add_sub_imm_flags(t, a, false))
TR(SUBS_imm, add_sub_imm_flags(t, a, true))

/* --- logical (immediate) --- */
/* DecodeBitMasks(N, imms, immr, TRUE): the table admits no reserved value. */
static uint64_t decode_bit_masks(unsigned n, unsigned imms, unsigned immr)
{
    unsigned len = 31u - (unsigned)__builtin_clz(n << 6 | (~imms & 0x3f));
    unsigned esize = 1u << len;
    unsigned s = imms & (esize - 1);
    unsigned r = immr & (esize - 1);
    uint64_t emask = ~UINT64_C(0) >> (64 - esize);
    uint64_t elem = ~UINT64_C(0) >> (63 - s);
    uint64_t mask = r ? (elem >> r | elem << (esize - r)) & emask : elem;
    for (; esize < 64; esize *= 2) {
        mask |= mask << esize;
    }
    return mask;
}

static enum tr_result logical_imm(struct tr *t, const struct arg_AND_imm *a, enum ir_op op)
{
    ir_ref imm = konst(t, a->sf, decode_bit_masks(a->n, a->imms, a->immr));
    set_x_sp(t, a->sf, a->rd, op2(t, op, get_x(t, a->sf, a->rn), imm));
    return TR_NEXT;
}

TR(AND_imm, logical_imm(t, a, IR_SF(AND, a->sf)))
TR(ORR_imm, logical_imm(t, a, IR_SF(OR, a->sf)))
TR(EOR_imm, logical_imm(t, a, IR_SF(XOR, a->sf)))

enum tr_result tr_ANDS_imm(struct tr *t, const struct arg_ANDS_imm *a)
{
    ir_ref imm = konst(t, a->sf, decode_bit_masks(a->n, a->imms, a->immr));
    ir_ref result = op2(t, IR_SF(AND, a->sf), get_x(t, a->sf, a->rn), imm);
    ir_setf(&t->b, op1(t, IR_SF(NZCV_LOGIC, a->sf), result));
    set_x(t, a->sf, a->rd, result);
    return TR_NEXT;
}

/* --- move wide (immediate) --- */
enum tr_result tr_MOVN(struct tr *t, const struct arg_MOVN *a)
{
    set_x(t, a->sf, a->rd, konst(t, a->sf, ~((uint64_t)a->imm16 << (a->hw * 16))));
    return TR_NEXT;
}

enum tr_result tr_MOVZ(struct tr *t, const struct arg_MOVZ *a)
{
    set_x(t, a->sf, a->rd, konst(t, a->sf, (uint64_t)a->imm16 << (a->hw * 16)));
    return TR_NEXT;
}

enum tr_result tr_MOVK(struct tr *t, const struct arg_MOVK *a)
{
    ir_ref imm = konst(t, a->sf, a->imm16);
    ir_ref old = get_x(t, a->sf, a->rd);
    set_x(t, a->sf, a->rd, ir_emit(&t->b, IR_SF(BFI, a->sf), old, imm, IR_NONE, a->hw * 16, 16));
    return TR_NEXT;
}

/* --- bit-field: a field is moved down to bit 0 (imms >= immr), or bits from 0 up to bit `to` ---
 */
static ir_ref field_down(struct tr *t, const struct arg_SBFM *a, enum ir_op extract)
{
    ir_ref src = get_x(t, a->sf, a->rn);
    return op1_imm(t, extract, src, a->immr, a->imms - a->immr + 1);
}

static ir_ref field_up(struct tr *t, const struct arg_SBFM *a, enum ir_op extract)
{
    unsigned datasize = a->sf ? 64 : 32;
    unsigned width = a->imms + 1;
    unsigned to = datasize - a->immr;
    ir_ref src = get_x(t, a->sf, a->rn);
    ir_ref field = width + to == datasize ? src : op1_imm(t, extract, src, 0, width);
    return shift_by(t, a->sf, field, 0, to);
}

enum tr_result tr_SBFM(struct tr *t, const struct arg_SBFM *a)
{
    enum ir_op extract = IR_SF(SBFX, a->sf);
    bool down = a->imms >= a->immr;
    set_x(t, a->sf, a->rd, down ? field_down(t, a, extract) : field_up(t, a, extract));
    return TR_NEXT;
}

enum tr_result tr_UBFM(struct tr *t, const struct arg_UBFM *a)
{
    enum ir_op extract = IR_SF(UBFX, a->sf);
    bool down = a->imms >= a->immr;
    set_x(t, a->sf, a->rd, down ? field_down(t, a, extract) : field_up(t, a, extract));
    return TR_NEXT;
}

enum tr_result tr_BFM(struct tr *t, const struct arg_BFM *a)
{
    bool down = a->imms >= a->immr;
    unsigned width = down ? a->imms - a->immr + 1 : a->imms + 1;
    unsigned to = down ? 0 : (a->sf ? 64 : 32) - a->immr;
    ir_ref src = shift_by(t, a->sf, get_x(t, a->sf, a->rn), 1, down ? a->immr : 0);
    ir_ref dst = get_x(t, a->sf, a->rd);
    set_x(t, a->sf, a->rd, ir_emit(&t->b, IR_SF(BFI, a->sf), dst, src, IR_NONE, to, width));
    return TR_NEXT;
}

enum tr_result tr_EXTR(struct tr *t, const struct arg_EXTR *a)
{
    ir_ref high = get_x(t, a->sf, a->rn);
    ir_ref low = get_x(t, a->sf, a->rm);
    ir_ref result = a->rn == a->rm
                        ? shift_by(t, a->sf, low, 3, a->imms)
                        : ir_emit(&t->b, IR_SF(EXTR, a->sf), high, low, IR_NONE, a->imms, 0);
    set_x(t, a->sf, a->rd, result);
    return TR_NEXT;
}
