/* SPDX-License-Identifier: BSD-2-Clause */
/* Addition, subtraction, logic, and the flags that belong to them. */
/*
 * An ALU row and the NZCV row with the same arguments right behind it become one instruction: the
 * ALU row defines both. While flags are live that are needed later, LEA and NOT do the work of ADD
 * and SUB.
 */
#include "dbt/x64/x64.h"

/* How the x86 instruction's carry relates to Arm's. */
enum carry { CARRY_ADD, CARRY_SUB };

/* The row behind this one, but for rows that make no code, when it has this op and is needed. */
static ir_ref row_behind(const struct x64 *c, unsigned op)
{
    unsigned n = x64_next_row(c, c->row);

    return c->block->insn[n].op == op && !x64_is_dropped(c, n) ? (ir_ref)n : IR_NONE;
}

/* The NZCV row for the same arguments as this row; their next uses are then as seen from there. */
static ir_ref same_args_behind(struct x64 *c, unsigned op)
{
    ir_ref n = row_behind(c, op);

    if (n == IR_NONE || __builtin_memcmp(c->args[n], c->arg, sizeof(c->args[n])) != 0) {
        return IR_NONE;
    }
    for (unsigned k = 0; k < 3; k++) {
        c->next[c->row][k] = c->next[n][k];
    }
    return n;
}

/* The NZCV_LOGIC row of this row's result. */
static ir_ref logic_behind(struct x64 *c, bool wide)
{
    ir_ref n = row_behind(c, wide ? IR_NZCV_LOGIC64 : IR_NZCV_LOGIC32);

    return n != IR_NONE && c->root[c->block->insn[n].arg[0]] == c->row ? n : IR_NONE;
}

/* Whether an NZCV row was already defined by the row before it. */
static bool is_defined(const struct x64 *c)
{
    const struct x64_val *v = &c->val[c->row];

    return c->flags_ref == c->row || v->reg != X64_NONE || v->spill != X64_NONE;
}

/* d = arg0 OP arg1 by the two-operand forms; RFLAGS belong to `flags` then. */
static void alu(struct x64 *c, x86_form rm, x86_form mi, bool wide, ir_ref flags, enum carry carry)
{
    unsigned w = wide ? X_W : 0, d;
    int32_t imm;

    x64_flags_clobber(c);
    if (x64_imm32(c, 1, wide, &imm)) {
        d = x64_def_from(c, 0);
        emit_ri(c, mi | w, d, imm);
    } else {
        struct x64_rm y = x64_use_rm(c, 1);

        d = x64_def_from(c, 0);
        emit_r_rm(c, rm | w, d, y);
    }
    if (flags != IR_NONE) {
        x64_flags_def(c, flags, carry == CARRY_SUB);
    }
}

/* For a commutative row: argument 0 should be the one that dies. */
static void prefer_dying(struct x64 *c)
{
    uint64_t value;

    if (!x64_dies(c, 0) && x64_dies(c, 1) && !x64_const(c, 1, &value)) {
        x64_swap(c);
    }
}

static void lea_imm(struct x64 *c, unsigned w, int32_t imm)
{
    unsigned x = x64_use(c, 0);

    emit_rm(c, X_LEA_RM | w, x64_def_late(c), mem_base(x, imm));
}

/* arg0 + (arg1's argument << n), the shift being left to the LEA here. */
static void add_shifted(struct x64 *c, unsigned w)
{
    const struct ir_insn *shl = &c->block->insn[c->fused];
    unsigned x, y;

    c->arg[1] = c->root[shl->arg[0]];
    c->next[c->row][1] = c->fused_next;
    x = x64_use(c, 0);
    y = x64_use(c, 1);
    emit_rm(c, X_LEA_RM | w, x64_def_late(c),
            mem_index(x, y, (unsigned)c->block->insn[c->root[shl->arg[1]]].imm, 0));
    c->fused = IR_NONE;
}

static void add(struct x64 *c, bool wide)
{
    ir_ref flags = same_args_behind(c, wide ? IR_NZCV_ADD64 : IR_NZCV_ADD32);
    unsigned w = wide ? X_W : 0;
    int32_t imm;

    if (c->arg[1] == c->fused) {
        add_shifted(c, w);
        return;
    }
    prefer_dying(c);
    if (flags != IR_NONE || (x64_dies(c, 0) && !x64_flags_live(c))) {
        alu(c, X_ADD_RM, X_ADD_MI, wide, flags, CARRY_ADD);
    } else if (x64_imm32(c, 1, wide, &imm)) {
        lea_imm(c, w, imm);
    } else {
        unsigned x = x64_use(c, 0), y = x64_use(c, 1);

        emit_rm(c, X_LEA_RM | w, x64_def_late(c), mem_index(x, y, 0, 0));
    }
}

LOWER(ADD32)
{
    add(c, false);
}

LOWER(ADD64)
{
    add(c, true);
}

/* 0 - arg1. NEG sets the carry as the subtraction does. */
static void negate(struct x64 *c, unsigned k, bool wide, ir_ref flags)
{
    x64_flags_clobber(c);
    emit_r(c, X_NEG_M | (wide ? X_W : 0), x64_def_from(c, k));
    if (flags != IR_NONE) {
        x64_flags_def(c, flags, true);
    }
}

/* arg0 - arg1 = arg0 + ~arg1 + 1 without touching RFLAGS. */
static void sub_keeping_flags(struct x64 *c, unsigned w)
{
    unsigned y = x64_copy(c, 1), x = x64_use(c, 0);

    emit_r(c, X_NOT_M | X_W, y);
    emit_rm(c, X_LEA_RM | w, x64_def_late(c), mem_index(x, y, 0, 1));
}

static void sub(struct x64 *c, bool wide)
{
    ir_ref flags = same_args_behind(c, wide ? IR_NZCV_SUB64 : IR_NZCV_SUB32);
    unsigned w = wide ? X_W : 0;
    uint64_t value;
    int32_t imm;

    if (x64_const(c, 0, &value) && value == 0) {
        negate(c, 1, wide, flags);
    } else if (flags != IR_NONE || (x64_dies(c, 0) && !x64_flags_live(c))) {
        alu(c, X_SUB_RM, X_SUB_MI, wide, flags, CARRY_SUB);
    } else if (x64_imm32(c, 1, wide, &imm) && imm != INT32_MIN) {
        lea_imm(c, w, -imm);
    } else if (x64_flags_live(c)) {
        sub_keeping_flags(c, w);
    } else {
        alu(c, X_SUB_RM, X_SUB_MI, wide, IR_NONE, CARRY_SUB);
    }
}

LOWER(SUB32)
{
    sub(c, false);
}

LOWER(SUB64)
{
    sub(c, true);
}

LOWER(NEG32)
{
    negate(c, 0, false, IR_NONE);
}

LOWER(NEG64)
{
    negate(c, 0, true, IR_NONE);
}

LOWER(NOT32)
{
    emit_r(c, X_NOT_M, x64_def_from(c, 0));
}

LOWER(NOT64)
{
    emit_r(c, X_NOT_M | X_W, x64_def_from(c, 0));
}

/* --- logic --- */
static void logic(struct x64 *c, x86_form rm, x86_form mi, bool wide)
{
    ir_ref flags = logic_behind(c, wide);

    prefer_dying(c);
    alu(c, rm, mi, wide, flags, CARRY_ADD);
}

/* AND whose result nobody needs but the flags. */
static void test(struct x64 *c, bool wide, ir_ref flags)
{
    unsigned w = wide ? X_W : 0;
    int32_t imm;

    x64_flags_clobber(c);
    if (x64_imm32(c, 1, wide, &imm)) {
        emit_ri32(c, X_TEST_MI32 | w, x64_use(c, 0), imm);
    } else {
        unsigned x = x64_use(c, 0);

        emit_rr(c, X_TEST_MR | w, x64_use(c, 1), x);
    }
    x64_flags_def(c, flags, false);
}

/* AND with a mask of the low 8, 16 or 32 bits is a move. */
static bool and_by_move(struct x64 *c, bool wide)
{
    uint64_t mask;
    x86_form form;

    if (!x64_const(c, 1, &mask)) {
        return false;
    }
    if (mask == 0xff) {
        form = X_MOVZX8_RM;
    } else if (mask == 0xffff) {
        form = X_MOVZX16_RM;
    } else if (wide && mask == UINT32_MAX) {
        form = X_MOV_RM;
    } else {
        return false;
    }
    unsigned x = x64_use(c, 0);

    emit_rr(c, form, x64_def_late(c), x);
    return true;
}

static void and (struct x64 * c, bool wide)
{
    ir_ref flags = logic_behind(c, wide);

    if (flags != IR_NONE && c->val[c->row].next == flags && c->next[flags][0] == X64_NEVER) {
        test(c, wide, flags);
    } else if (flags != IR_NONE || !and_by_move(c, wide)) {
        logic(c, X_AND_RM, X_AND_MI, wide);
    }
}

LOWER(AND32)
{
    and(c, false);
}

LOWER(AND64)
{
    and(c, true);
}

LOWER(OR32)
{
    logic(c, X_OR_RM, X_OR_MI, false);
}

LOWER(OR64)
{
    logic(c, X_OR_RM, X_OR_MI, true);
}

LOWER(XOR32)
{
    logic(c, X_XOR_RM, X_XOR_MI, false);
}

LOWER(XOR64)
{
    logic(c, X_XOR_RM, X_XOR_MI, true);
}

static void andn(struct x64 *c, bool wide)
{
    ir_ref flags = logic_behind(c, wide);
    unsigned x, y;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    y = x64_use(c, 1);
    emit_vrr(c, X_ANDN_RVM | (wide ? X_W : 0), x64_def_late(c), y, x);
    if (flags != IR_NONE) {
        x64_flags_def(c, flags, false);
    }
}

LOWER(ANDN32)
{
    andn(c, false);
}

LOWER(ANDN64)
{
    andn(c, true);
}

/* --- flags alone --- */
/*
 * CCMP and CCMN: this row's flags are wanted only by the NZCV_SEL behind it, whose condition is in
 * RFLAGS, and whose result is the next NZCV. Then it is a jump around the comparison.
 */
static const struct ir_insn *choice_behind(const struct x64 *c)
{
    unsigned sel = row_behind(c, IR_NZCV_SEL), set;
    const struct ir_insn *i;

    if (sel == IR_NONE || c->val[c->row].next != sel || c->next[sel][1] != X64_NEVER) {
        return NULL;
    }
    i = &c->block->insn[sel];
    set = x64_next_row(c, sel);
    if (c->root[i->arg[1]] != c->row || c->flags_ref != c->root[i->arg[0]] ||
        c->next[sel][0] != X64_NEVER || i->aux >= COND_AL || c->block->insn[set].op != IR_SETF ||
        c->block->insn[set].arg[0] != sel) {
        return NULL;
    }
    return i;
}

/* Out of line: RFLAGS as if LAHF and SETO had given imm. */
static void constant_flags(struct x64 *c, const struct x64_ool *o)
{
    emit_const(c, RAX, o->imm);
    emit_ri8(c, X_ADD8_MI8, RAX, 0x7f);
    emit_op(c, X_SAHF);
    emit_jmp_back(c, o->back);
}

/* RFLAGS become the NZCV_SEL's: those of `form` when its condition holds, else its constant. */
static void choose(struct x64 *c, const struct ir_insn *sel, x86_form form, x86_form form_imm,
                   bool wide, bool sub)
{
    uint64_t otherwise = nzcv_from_arm((uint32_t)sel->imm) ^ (sub ? NZCV_HOST_C : 0);
    unsigned w = wide ? X_W : 0, x, y = 0;
    struct x64_ool *o;
    bool by_imm;
    int32_t imm;

    x64_take(c, RAX);
    by_imm = x64_imm32(c, 1, wide, &imm);
    y = by_imm ? 0 : x64_use(c, 1);
    x = sub ? x64_use(c, 0) : x64_copy(c, 0); /* CMN is an ADD whose sum is not wanted */
    o = x64_ool(c, constant_flags, emit_jcc(c, x64_flags_cc(c, sel->aux) ^ 1));
    if (by_imm) {
        emit_ri(c, form_imm | w, x, imm);
    } else {
        emit_rr(c, form | w, x, y);
    }
    o->imm = otherwise;
    o->back = c->p;
    x64_flags_expire(c);
    x64_flags_def(c, (ir_ref)(sel - c->block->insn), sub);
}

static void compare(struct x64 *c, bool wide)
{
    const struct ir_insn *sel = choice_behind(c);
    unsigned w = wide ? X_W : 0;
    struct x64_rm x;
    int32_t imm;

    if (is_defined(c)) {
        return;
    }
    if (sel) {
        choose(c, sel, X_CMP_RM, X_CMP_MI, wide, true);
        return;
    }
    x64_flags_clobber(c);
    if (!x64_imm32(c, 1, wide, &imm)) {
        unsigned a = x64_use(c, 0);

        emit_r_rm(c, X_CMP_RM | w, a, x64_use_rm(c, 1));
    } else if ((x = x64_use_rm(c, 0)).is_mem) {
        emit_mi(c, X_CMP_MI | w, x.mem, imm);
    } else if (imm == 0) {
        emit_rr(c, X_TEST_MR | w, x.reg, x.reg); /* the flags of x - 0 */
    } else {
        emit_ri(c, X_CMP_MI | w, x.reg, imm);
    }
    x64_flags_def(c, (ir_ref)c->row, true);
}

LOWER(NZCV_SUB32)
{
    compare(c, false);
}

LOWER(NZCV_SUB64)
{
    compare(c, true);
}

static void compare_negative(struct x64 *c, bool wide)
{
    const struct ir_insn *sel = choice_behind(c);
    unsigned w = wide ? X_W : 0;
    int32_t imm;

    if (is_defined(c)) {
        return;
    }
    if (sel) {
        choose(c, sel, X_ADD_RM, X_ADD_MI, wide, false);
        return;
    }
    x64_flags_clobber(c);
    if (x64_imm32(c, 1, wide, &imm)) {
        emit_ri(c, X_ADD_MI | w, x64_copy(c, 0), imm);
    } else {
        unsigned y = x64_use(c, 1);

        emit_rr(c, X_ADD_RM | w, x64_copy(c, 0), y);
    }
    x64_flags_def(c, (ir_ref)c->row, false);
}

LOWER(NZCV_ADD32)
{
    compare_negative(c, false);
}

LOWER(NZCV_ADD64)
{
    compare_negative(c, true);
}

static void test_self(struct x64 *c, bool wide)
{
    unsigned x;

    if (is_defined(c)) {
        return;
    }
    x64_flags_clobber(c);
    x = x64_use(c, 0);
    emit_rr(c, X_TEST_MR | (wide ? X_W : 0), x, x);
    x64_flags_def(c, (ir_ref)c->row, false);
}

LOWER(NZCV_LOGIC32)
{
    test_self(c, false);
}

LOWER(NZCV_LOGIC64)
{
    test_self(c, true);
}

/* --- with carry: the flags argument is brought into RFLAGS with CF as the instruction reads it ---
 */
static void with_carry(struct x64 *c, x86_form rm, bool wide, enum carry carry, unsigned nzcv_op)
{
    bool is_flags = c->block->insn[c->row].op == nzcv_op;
    ir_ref flags;
    unsigned y, d;

    if (is_flags && is_defined(c)) {
        return;
    }
    flags = is_flags ? (ir_ref)c->row : same_args_behind(c, nzcv_op);
    x64_flags_need(c, 2);
    x64_flags_keep(c);
    x64_flags_carry(c, carry == CARRY_SUB);
    y = x64_use(c, 1);
    d = is_flags ? x64_copy(c, 0) : x64_def_from(c, 0);
    emit_rr(c, rm | (wide ? X_W : 0), d, y);
    x64_flags_lost(c);
    if (flags != IR_NONE) {
        x64_flags_def(c, flags, carry == CARRY_SUB);
    }
}

LOWER(ADC32)
{
    with_carry(c, X_ADC_RM, false, CARRY_ADD, IR_NZCV_ADC32);
}

LOWER(ADC64)
{
    with_carry(c, X_ADC_RM, true, CARRY_ADD, IR_NZCV_ADC64);
}

LOWER(NZCV_ADC32)
{
    with_carry(c, X_ADC_RM, false, CARRY_ADD, IR_NZCV_ADC32);
}

LOWER(NZCV_ADC64)
{
    with_carry(c, X_ADC_RM, true, CARRY_ADD, IR_NZCV_ADC64);
}

LOWER(SBC32)
{
    with_carry(c, X_SBB_RM, false, CARRY_SUB, IR_NZCV_SBC32);
}

LOWER(SBC64)
{
    with_carry(c, X_SBB_RM, true, CARRY_SUB, IR_NZCV_SBC64);
}

LOWER(NZCV_SBC32)
{
    with_carry(c, X_SBB_RM, false, CARRY_SUB, IR_NZCV_SBC32);
}

LOWER(NZCV_SBC64)
{
    with_carry(c, X_SBB_RM, true, CARRY_SUB, IR_NZCV_SBC64);
}
