/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point on the host's own units: operands, checks, repair out of line; see lower_fp.h. */
#include "dbt/x64/lower_fp.h"

struct fp_shape fp_shape_of(const struct ir_insn *i)
{
    uint32_t imm = (uint32_t)i->imm;
    struct fp_shape s = {.op = (enum fp_op)(imm & 0xff),
                         .size = imm >> 8 & 3,
                         .lanes = imm >> 10 & 15,
                         .aux = imm >> 14 & 15,
                         .fbits = imm >> 18};

    s.is_scalar = s.lanes == 1;
    s.is_pair = s.size == FP_SINGLE && s.lanes == 2;
    s.form = (s.is_scalar ? 2 : 0) + (s.size == FP_DOUBLE);
    return s;
}

void fp_call_instead(struct x64 *c, const struct ir_insn *i, unsigned helper)
{
    struct ir_insn call = *i;

    call.imm = IR_CALL_IMM(helper, i->imm);
    call.aux = 0;
    if (ir_rows[i->op].result == IR_I64) {
        lower_CALL_I64(c, &call);
    } else {
        lower_CALL_V128(c, &call);
    }
}

/* --- what lies above the lanes --- */
static unsigned bytes_of_result(const struct x64 *c, const struct ir_insn *i)
{
    const struct ir_insn *from;

    switch (i->op) {
    case IR_VZERO: return 0;
    case IR_VLOW: return 1u << i->aux;
    case IR_LDV32: return 4;
    case IR_LDV64: return 8;
    case IR_VFROM64: from = &c->block->insn[c->root[i->arg[0]]]; return from->op == IR_LD32 ? 4 : 8;
    case IR_FP: return (unsigned)(i->imm >> 10 & 15) << (i->imm >> 8 & 3);
    case IR_FCVT: return (unsigned)(i->imm >> 4 & 15) << (i->imm >> 2 & 3);
    case IR_FFROMI: return 1u << (i->imm & 3);
    default: return 16;
    }
}

bool fp_zero_above(const struct x64 *c, unsigned k, unsigned bytes)
{
    return bytes_of_result(c, &c->block->insn[c->arg[k]]) <= bytes;
}

/* Whether argument k is loaded from its slot for this row alone: its low bytes will do. */
static bool is_loaded(const struct x64 *c, unsigned k, unsigned bytes)
{
    return (bytes == 4 || bytes == 8) && x64_stays_in_memory(c, k);
}

bool fp_comes_clean(const struct x64 *c, unsigned k, unsigned bytes)
{
    return fp_zero_above(c, k, bytes) || is_loaded(c, k, bytes);
}

static unsigned load_low(struct x64 *c, unsigned k, unsigned bytes)
{
    unsigned t = x64_scratch_xmm(c);

    emit_rm(c, bytes == 8 ? X_VMOVQ_X : X_VMOVD_RM, t, x64_use_rm(c, k).mem);
    return t;
}

void fp_clear_above(struct x64 *c, unsigned d, unsigned a, unsigned bytes)
{
    if (bytes == 8) {
        emit_rr(c, X_VMOVQ_X, d, a);
    } else if (bytes == 4) {
        emit_vrri(c, X_VINSERTPS, d, a, a, 0x0e);
    } else {
        emit_vrm(c, X_VPAND, d, a, FP_FIXED(LANE_H));
    }
}

unsigned fp_only_lanes(struct x64 *c, const struct fp_shape *s, unsigned k)
{
    unsigned bytes = s->lanes << s->size, a, t;

    if (is_loaded(c, k, bytes)) {
        return load_low(c, k, bytes);
    }
    a = x64_use(c, k);
    if (bytes == 16 || fp_zero_above(c, k, bytes)) {
        return a;
    }
    t = x64_scratch_xmm(c);
    fp_clear_above(c, t, a, bytes);
    return t;
}

unsigned fp_operand(struct x64 *c, const struct fp_shape *s, unsigned k)
{
    return s->is_scalar && !is_loaded(c, k, 1u << s->size) ? x64_use(c, k) : fp_only_lanes(c, s, k);
}

/* --- repair: o->imm is the call's. reg[0] is the result, reg[1..3] operands --- */
static void repair_vector(struct x64 *c, const struct x64_ool *o)
{
    x64_ool_call(c, o, IR_CALL_HELPER(o->imm), IR_CALL_VALUE(o->imm), &o->reg[1], o->reg[0]);
    emit_jmp_back(c, o->back);
}

#define SAVE_BYTES 80 /* for nine registers; RSP stays a multiple of 16 */

static void save_or_restore(struct x64 *c, uint32_t regs, x86_form form)
{
    for (int32_t at = 0; regs; regs &= regs - 1, at += 8) {
        emit_rm(c, form | X_W, (unsigned)__builtin_ctz(regs), mem_base(RSP, at));
    }
}

/* One vector operand, the result in a general register. */
static void repair_general(struct x64 *c, const struct x64_ool *o)
{
    uint32_t saved = o->live & CALL_CLOBBERS & ~(1u << o->reg[0]);

    emit_rm(c, X_LEA_RM | X_W, RSP, mem_base(RSP, -SAVE_BYTES));
    save_or_restore(c, saved, X_MOV_MR);
    emit_rm(c, X_VMOVDQA_MR, o->reg[1], ST_FIELD(vtmp[0]));
    emit_rm(c, X_LEA_RM | X_W, RDI, x64_state(0));
    emit_rm(c, X_LEA_RM | X_W, RSI, ST_FIELD(vtmp[0]));
    emit_const(c, RDX, 0);
    emit_const(c, RCX, 0);
    emit_const(c, R8, IR_CALL_VALUE(o->imm));
    emit_call_to(c, c->env->pure[IR_CALL_HELPER(o->imm)]);
    emit_mov(c, o->reg[0], RAX);
    save_or_restore(c, saved, X_MOV_RM);
    emit_rm(c, X_LEA_RM | X_W, RSP, mem_base(RSP, SAVE_BYTES));
    emit_jmp_back(c, o->back);
}

static struct x64_ool *repair_by(struct x64 *c, enum x86_cc cc, x64_ool_fn *fn,
                                 const struct ir_insn *i, unsigned helper, const struct fp_regs *r)
{
    struct x64_ool *o = x64_ool(c, fn, emit_jcc(c, cc));

    o->imm = IR_CALL_IMM(helper, i->imm);
    o->reg[0] = (uint8_t)r->d;
    o->reg[1] = (uint8_t)r->a;
    o->reg[2] = (uint8_t)r->b;
    o->reg[3] = (uint8_t)r->c;
    return o;
}

struct x64_ool *fp_repair_if(struct x64 *c, enum x86_cc cc, const struct ir_insn *i,
                             unsigned helper, const struct fp_regs *r)
{
    return repair_by(c, cc, repair_vector, i, helper, r);
}

struct x64_ool *fp_repair_general_if(struct x64 *c, enum x86_cc cc, const struct ir_insn *i,
                                     unsigned helper, const struct fp_regs *r)
{
    return repair_by(c, cc, repair_general, i, helper, r);
}

void fp_temporaries(struct x64 *c, struct fp_regs *r, unsigned n)
{
    while (n--) {
        r->t[n] = x64_scratch_xmm(c);
    }
}

/* --- tests --- */
enum x86_cc fp_test_unordered(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned y,
                              unsigned t)
{
    bool is_double = s->size == FP_DOUBLE;

    if (s->is_scalar) {
        emit_rr(c, is_double ? X_VUCOMISD : X_VUCOMISS, x, y);
        return CC_P;
    }
    emit_vrri(c, is_double ? X_VCMPPD : X_VCMPPS, t, x, y, CMP_UNORD_Q);
    emit_rr(c, is_double ? X_VTESTPD : X_VTESTPS, t, t);
    return CC_NE;
}

enum x86_cc fp_test_nan(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned t)
{
    return fp_test_unordered(c, s, x, x, t);
}

/* VUCOMIS says "equal" of what is unordered too. */
enum x86_cc fp_test_edge(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned t)
{
    bool is_double = s->size == FP_DOUBLE;

    emit_vrm(c, X_VPAND, t, x, FP_CONST(ABS, s->size));
    if (s->is_scalar) {
        emit_rm(c, is_double ? X_VUCOMISD : X_VUCOMISS, t, FP_CONST(NORMAL, s->size));
        return CC_E;
    }
    emit_vrmi(c, fp_packed_compare(s->size), t, t, FP_CONST(NORMAL, s->size), CMP_EQ_UQ);
    emit_rr(c, fp_packed_test(s->size), t, t);
    return CC_NE;
}

/* Above a scalar's lane the signs that VTEST looks at are cleared with the scalar's. */
void fp_not_below(struct x64 *c, const struct fp_shape *s, unsigned x, struct x86_mem limit,
                  unsigned t)
{
    emit_vrm(c, X_VPAND, t, x, FP_CONST(ABS, s->size));
    emit_vrmi(c, FP_FORMS(VCMP)[s->form], t, t, limit, CMP_NLT_UQ);
}

enum x86_cc fp_test_not_below(struct x64 *c, const struct fp_shape *s, unsigned x,
                              struct x86_mem limit, unsigned t)
{
    fp_not_below(c, s, x, limit, t);
    emit_rr(c, fp_packed_test(s->size), t, t);
    return CC_NE;
}

void fp_finish(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s, bool clean,
               enum fp_check what, const struct fp_regs *r)
{
    enum x86_cc cc;

    if (s->lanes << s->size != 16 && !clean) {
        fp_clear_above(c, r->d, r->d, s->lanes << s->size);
    }
    if (what != FP_CHECK_NONE) {
        cc = what == FP_CHECK_NAN ? fp_test_nan(c, s, r->d, r->t[0])
                                  : fp_test_edge(c, s, r->d, r->t[0]);
        fp_repair_if(c, cc, i, HELPER_fp, r);
    }
}

LOWER(FP)
{
    struct fp_shape s = fp_shape_of(i);
    bool done;

    x64_flags_clobber(c);
    if (s.size == FP_HALF || s.op == FP_MULADDH || s.op == FP_MULSUBH) {
        done = fp_lower_half(c, i, &s);
    } else {
        done = s.op <= FP_SQRT ? fp_lower_arith(c, i, &s) : fp_lower_convert(c, i, &s);
    }
    if (!done) {
        fp_call_instead(c, i, HELPER_fp);
    }
}

/* FPCR.FZ: IDC where a lane is a denormal; the host's DAZ then makes it zero in the operation. */
static void raise_idc(struct x64 *c, const struct x64_ool *o)
{
    emit_mi(c, X_OR_MI, ST_FIELD(fpsr), (int32_t)FPSR_IDC);
    emit_jmp_back(c, o->back);
}

LOWER(FIDC)
{
    struct fp_shape s = fp_shape_of(i);
    unsigned a, abs, t;

    x64_flags_clobber(c);
    a = fp_operand(c, &s, 0);
    abs = x64_scratch_xmm(c);
    t = x64_scratch_xmm(c);
    if (!s.is_scalar) {
        emit_vrm(c, X_VPAND, abs, a, FP_CONST(ABS, s.size));
    } else {
        emit_vrm(c, X_VPAND, abs, a, s.size == FP_SINGLE ? FP_FIXED(ABS1_S) : FP_FIXED(ABS1_D));
    }
    emit_rm(c, X_VMOVDQA_RM, t, FP_CONST(NORMAL, s.size)); /* as integers: no flags */
    emit_vrr(c, s.size == FP_SINGLE ? X_VPCMPGTD : X_VPCMPGTQ, t, t, abs);
    emit_rr(c, X_VPTEST, t, abs);
    x64_ool(c, raise_idc, emit_jcc(c, CC_NE));
}
