/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point on the host's own units, with repair out of line. */
/*
 * MXCSR rounds as FPCR says and gathers the cumulative flags; nothing flushes (FPCR.FZ is
 * TR_FPCR_SLOW). What the host then does otherwise than the Arm ARM, and how that is found:
 *   - which NaN results, and the default NaN: the result is a NaN;
 *   - Underflow is found before rounding: a product or quotient rounds up to the least normal
 * number (the host's flag is missing); found as a result that is below twice that number, and not
 * 0;
 *   - maxima with a NaN or of zeros, conversions that saturate: found in operands or result.
 * The path out of line does the operation again by the exact helper, which raises its flags in
 * st->fpsr. Flags are never too many: the host raises none that Arm does not.
 * Scalars and 64-bit vectors leave zeros above, and their operands' upper lanes take no part.
 */
#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/x64.h"

struct shape {
    enum fp_op op;
    unsigned size, lanes, aux;
    unsigned form;  /* index of PS PD SS SD */
    bool is_scalar; /* one lane */
    bool is_half;   /* 64 bits of two singles */
};

static struct shape shape_of(const struct ir_insn *i)
{
    uint32_t imm = (uint32_t)i->imm;
    struct shape s = {.op = (enum fp_op)(imm & 0xff),
                      .size = imm >> 8 & 3,
                      .lanes = imm >> 10 & 15,
                      .aux = imm >> 14 & 15};

    s.is_scalar = s.lanes == 1;
    s.is_half = s.size == FP_SINGLE && s.lanes == 2;
    s.form = (s.is_scalar ? 2 : 0) + s.size - FP_SINGLE;
    return s;
}

static void call_instead(struct x64 *c, const struct ir_insn *i, unsigned helper, lower_fn *lower)
{
    struct ir_insn call = *i;

    call.imm = IR_CALL_IMM(helper, i->imm);
    lower(c, &call);
}

/* --- what lies above the lanes --- */
static unsigned bytes_of_result(const struct x64 *c, const struct ir_insn *i)
{
    const struct ir_insn *from;

    switch (i->op) {
    case IR_VZERO: return 0;
    case IR_VLOW: return 1u << i->aux;
    case IR_VFROM64: from = &c->block->insn[c->root[i->arg[0]]]; return from->op == IR_LD32 ? 4 : 8;
    case IR_FP: return (unsigned)(i->imm >> 10 & 15) << (i->imm >> 8 & 3);
    case IR_FCVT: return (unsigned)(i->imm >> 4 & 15) << (i->imm >> 2 & 3);
    case IR_FFROMI: return 1u << (i->imm & 3);
    default: return 16;
    }
}

static bool is_zero_above(const struct x64 *c, unsigned k, unsigned bytes)
{
    return bytes_of_result(c, &c->block->insn[c->arg[k]]) <= bytes;
}

static void zero_above(struct x64 *c, unsigned d, unsigned bytes)
{
    if (bytes == 8) {
        emit_rr(c, X_VMOVQ_X, d, d);
    } else {
        emit_vrri(c, X_VINSERTPS, d, d, d, 0x0e);
    }
}

/* Argument k with only its lanes in it, where the operation is done on all of the register. */
static unsigned operand(struct x64 *c, const struct shape *s, unsigned k)
{
    unsigned a = x64_use(c, k), t;

    if (s->is_scalar || s->lanes << s->size == 16 || is_zero_above(c, k, 8)) {
        return a;
    }
    t = x64_scratch_xmm(c);
    emit_rr(c, X_VMOVQ_X, t, a);
    return t;
}

/* --- repair: the helper's call instead, its imm in o->imm. reg[0] is the result, reg[1..3]
 * operands --- */
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

/* What a row works on: the result and its operands' registers. */
struct regs {
    unsigned d, a, b, c;
};

static struct x64_ool *repair_if(struct x64 *c, enum x86_cc cc, const struct ir_insn *i,
                                 unsigned helper, x64_ool_fn *fn, const struct regs *r)
{
    struct x64_ool *o = x64_ool(c, fn, emit_jcc(c, cc));

    o->imm = IR_CALL_IMM(helper, i->imm);
    o->reg[0] = (uint8_t)r->d;
    o->reg[1] = (uint8_t)r->a;
    o->reg[2] = (uint8_t)r->b;
    o->reg[3] = (uint8_t)r->c;
    return o;
}

enum {
    CMP_EQ_OQ = 0x00,
    CMP_UNORD_Q = 0x03,
    CMP_GE_OS = 0x0d,
    CMP_GT_OS = 0x0e,
    CMP_NGE_UQ = 0x19
};

static struct x86_mem constant(size_t field, unsigned size)
{
    return x64_state(field + (size - FP_SINGLE) * sizeof(v128));
}
#define ABS_MASK(size) constant(offsetof(struct a64_state, fp_abs), size)
#define LIMIT(size)    constant(offsetof(struct a64_state, fp_limit), size)

static x86_form packed_compare(unsigned size)
{
    return size == FP_SINGLE ? X_VCMPPS : X_VCMPPD;
}

/* NE where a lane of x is a NaN. */
static enum x86_cc test_nan(struct x64 *c, unsigned size, unsigned lanes, unsigned x)
{
    unsigned t;

    if (lanes == 1) {
        emit_rr(c, size == FP_SINGLE ? X_VUCOMISS : X_VUCOMISD, x, x);
        return CC_P;
    }
    t = x64_scratch_xmm(c);
    emit_vrri(c, packed_compare(size), t, x, x, CMP_UNORD_Q);
    emit_rr(c, size == FP_SINGLE ? X_VTESTPS : X_VTESTPD, t, t);
    return CC_NE;
}

/* NE where a lane of x is a NaN or below twice the least normal number, and not 0. All of x counts.
 */
static enum x86_cc test_tiny(struct x64 *c, unsigned size, unsigned x)
{
    unsigned abs = x64_scratch_xmm(c), t = x64_scratch_xmm(c);

    emit_vrm(c, X_VPAND, abs, x, ABS_MASK(size));
    emit_vrmi(c, packed_compare(size), t, abs, LIMIT(size), CMP_NGE_UQ);
    emit_rr(c, X_VPTEST, t, abs);
    return CC_NE;
}

enum check { CHECK_NONE, CHECK_NAN, CHECK_TINY };

static void check(struct x64 *c, const struct ir_insn *i, const struct shape *s, enum check what,
                  unsigned helper, const struct regs *r)
{
    enum x86_cc cc;

    if (what == CHECK_NONE) {
        return;
    }
    cc = what == CHECK_NAN ? test_nan(c, s->size, s->lanes, r->d) : test_tiny(c, s->size, r->d);
    repair_if(c, cc, i, helper, repair_vector, r);
}

/* Zeros above the lanes, then the check. `clean`: the operation itself has left zeros above. */
static void finish(struct x64 *c, const struct ir_insn *i, const struct shape *s, bool clean,
                   enum check what, const struct regs *r)
{
    if (s->lanes << s->size != 16 && !clean) {
        zero_above(c, r->d, s->lanes << s->size);
    }
    check(c, i, s, what, HELPER_fp, r);
}

/* --- operations --- */
static void arithmetic(struct x64 *c, const struct ir_insn *i, const struct shape *s,
                       const x86_form forms[4], enum check what)
{
    struct regs r = {.c = X64_NONE};

    r.a = operand(c, s, 0);
    r.b = operand(c, s, 1);
    r.d = x64_def(c);
    emit_vrr(c, forms[s->form], r.d, r.a, r.b);
    finish(c, i, s, s->is_scalar && is_zero_above(c, 0, 1u << s->size), what, &r);
}

static void fused(struct x64 *c, const struct ir_insn *i, const struct shape *s,
                  const x86_form forms[4])
{
    struct regs r;

    r.a = operand(c, s, 0);
    r.b = operand(c, s, 1);
    r.c = operand(c, s, 2);
    r.d = x64_def(c);
    emit_rr(c, X_VMOVDQA_RM, r.d, r.a);
    emit_vrr(c, forms[s->form], r.d, r.b, r.c);
    finish(c, i, s, s->is_scalar && is_zero_above(c, 0, 1u << s->size), CHECK_TINY, &r);
}

/*
 * The host gives its second operand for two zeros and raises Invalid for quiet NaNs: NaNs are found
 * before, and both orders are combined (AND of zeros is +0 when one is, OR is -0).
 */
static void extreme(struct x64 *c, const struct ir_insn *i, const struct shape *s,
                    const x86_form forms[4], x86_form combine)
{
    struct regs r = {.c = X64_NONE};
    struct x64_ool *o;
    unsigned t;

    r.a = operand(c, s, 0);
    r.b = operand(c, s, 1);
    t = x64_scratch_xmm(c);
    r.d = x64_def(c);
    if (s->is_scalar) {
        emit_rr(c, s->size == FP_SINGLE ? X_VUCOMISS : X_VUCOMISD, r.a, r.b);
    } else {
        emit_vrri(c, packed_compare(s->size), t, r.a, r.b, CMP_UNORD_Q);
        emit_rr(c, s->size == FP_SINGLE ? X_VTESTPS : X_VTESTPD, t, t);
    }
    o = repair_if(c, s->is_scalar ? CC_P : CC_NE, i, HELPER_fp, repair_vector, &r);
    emit_vrr(c, forms[s->form], t, r.a, r.b);
    emit_vrr(c, forms[s->form], r.d, r.b, r.a);
    emit_vrr(c, combine, r.d, r.d, t);
    finish(c, i, s, false, CHECK_NONE, &r);
    o->back = c->p;
}

/* Compares exactly as Arm does; signals for quiet NaNs where Arm does. */
static void compare_lanes(struct x64 *c, const struct shape *s, unsigned predicate, bool absolute)
{
    static const x86_form forms[4] = {X_VCMPPS, X_VCMPPD, X_VCMPSS, X_VCMPSD};
    unsigned a = operand(c, s, 0), b = operand(c, s, 1), d, t;

    if (absolute) {
        t = x64_scratch_xmm(c);
        d = x64_scratch_xmm(c);
        emit_vrm(c, X_VPAND, t, a, ABS_MASK(s->size));
        emit_vrm(c, X_VPAND, d, b, ABS_MASK(s->size));
        a = t;
        b = d;
    }
    d = x64_def(c);
    emit_vrri(c, forms[s->form], d, a, b, predicate);
    if (s->lanes << s->size != 16) {
        zero_above(c, d, s->lanes << s->size);
    }
}

static void square_root(struct x64 *c, const struct ir_insn *i, const struct shape *s)
{
    struct regs r = {.b = X64_NONE, .c = X64_NONE};
    bool single = s->size == FP_SINGLE;

    r.a = operand(c, s, 0);
    r.d = x64_def(c);
    if (s->is_scalar) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, single ? X_VSQRTSS : X_VSQRTSD, r.d, r.d, r.a);
    } else {
        emit_rr(c, single ? X_VSQRTPS : X_VSQRTPD, r.d, r.a);
    }
    finish(c, i, s, true, CHECK_NAN, &r);
}

/* The host's rounding control for FPRounding: RMode's values, then FPCR's own. */
static unsigned host_rounding(unsigned aux)
{
    static const uint8_t control[4] = {0, 2, 1, 3};
    enum { BY_MXCSR = 4, NO_INEXACT = 8 };
    unsigned mode = (aux & 7) == FP_AUX_MODE ? BY_MXCSR : control[aux & 3];

    return aux & FP_AUX_EXACT ? mode : mode | NO_INEXACT;
}

static void round_to_integral(struct x64 *c, const struct ir_insn *i, const struct shape *s)
{
    struct regs r = {.b = X64_NONE, .c = X64_NONE};
    bool single = s->size == FP_SINGLE;
    unsigned control = host_rounding(s->aux);

    r.a = operand(c, s, 0);
    r.d = x64_def(c);
    if (s->is_scalar) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrri(c, single ? X_VROUNDSS : X_VROUNDSD, r.d, r.d, r.a, control);
    } else {
        emit_rri(c, single ? X_VROUNDPS : X_VROUNDPD, r.d, r.a, control);
    }
    finish(c, i, s, true, CHECK_NAN, &r);
}

/* Argument 0 for an operation on all four or two lanes, whatever is above the row's own. */
static unsigned only_lanes(struct x64 *c, const struct shape *s)
{
    unsigned bytes = s->lanes << s->size, a = x64_use(c, 0), t;

    if (bytes == 16 || is_zero_above(c, 0, bytes)) {
        return a;
    }
    t = x64_scratch_xmm(c);
    if (bytes == 8) {
        emit_rr(c, X_VMOVQ_X, t, a);
    } else {
        emit_vrri(c, X_VINSERTPS, t, a, a, 0x0e);
    }
    return t;
}

static void from_integers(struct x64 *c, const struct shape *s, x86_form form)
{
    unsigned a = only_lanes(c, s);

    emit_rr(c, form, x64_def(c), a);
}

/* Saturation and NaNs make the host's lanes 0x80000000; that is also a right result, found in vain.
 */
static void to_words(struct x64 *c, const struct ir_insn *i, const struct shape *s)
{
    struct regs r = {.b = X64_NONE, .c = X64_NONE};
    unsigned t, zero;

    r.a = only_lanes(c, s);
    t = x64_scratch_xmm(c);
    zero = x64_scratch_xmm(c);
    r.d = x64_def(c);
    emit_rr(c, X_VCVTTPS2DQ, r.d, r.a);
    emit_vrr(c, X_VPADDD, t, r.d, r.d);
    emit_vrr(c, X_VPXOR, zero, zero, zero);
    emit_vrr(c, X_VPCMPEQD, t, t, zero);
    emit_rr(c, X_VTESTPS, t, r.d);
    repair_if(c, CC_NE, i, HELPER_fp, repair_vector, &r);
}

#define FORMS(name)                                                                                \
    (const x86_form[4])                                                                            \
    {                                                                                              \
        X_##name##PS, X_##name##PD, X_##name##SS, X_##name##SD                                     \
    }

/* False: the helper must do it. */
static bool one_operand(struct x64 *c, const struct ir_insn *i, const struct shape *s)
{
    bool single = s->size == FP_SINGLE, avx512 = c->env->features & X64_AVX512VL;
    bool is_fixed = (uint32_t)i->imm >> 18;

    switch (s->op) {
    case FP_SQRT: square_root(c, i, s); return true;
    case FP_RINT:
        if ((s->aux & 7) == FP_TIEAWAY) {
            return false;
        }
        round_to_integral(c, i, s);
        return true;
    case FP_TOS:
        if (!single || s->aux != FP_ZERO || is_fixed) {
            return false;
        }
        to_words(c, i, s);
        return true;
    case FP_FROMS:
        if (is_fixed || (!single && !avx512)) {
            return false;
        }
        from_integers(c, s, single ? X_VCVTDQ2PS : X_VCVTQQ2PD);
        return true;
    case FP_FROMU:
        if (is_fixed || !avx512) {
            return false;
        }
        from_integers(c, s, single ? X_VCVTUDQ2PS : X_VCVTUQQ2PD);
        return true;
    default: return false;
    }
}

static bool more_operands(struct x64 *c, const struct ir_insn *i, const struct shape *s)
{
    switch (s->op) {
    case FP_ADD: arithmetic(c, i, s, FORMS(VADD), CHECK_NAN); return true;
    case FP_SUB: arithmetic(c, i, s, FORMS(VSUB), CHECK_NAN); return true;
    case FP_MUL: arithmetic(c, i, s, FORMS(VMUL), CHECK_TINY); return true;
    case FP_DIV:
        if (s->is_half) {
            return false; /* 0 / 0 above the lanes */
        }
        arithmetic(c, i, s, FORMS(VDIV), CHECK_TINY);
        return true;
    case FP_MAX:
    case FP_MAXNM: extreme(c, i, s, FORMS(VMAX), X_VPAND); return true;
    case FP_MIN:
    case FP_MINNM: extreme(c, i, s, FORMS(VMIN), X_VPOR); return true;
    case FP_CMEQ: compare_lanes(c, s, CMP_EQ_OQ, false); return true;
    case FP_CMGE: compare_lanes(c, s, CMP_GE_OS, false); return true;
    case FP_CMGT: compare_lanes(c, s, CMP_GT_OS, false); return true;
    case FP_ACGE: compare_lanes(c, s, CMP_GE_OS, true); return true;
    case FP_ACGT: compare_lanes(c, s, CMP_GT_OS, true); return true;
    case FP_MULADD: fused(c, i, s, FORMS(VFMADD231)); return true;
    case FP_MULSUB: fused(c, i, s, FORMS(VFNMADD231)); return true;
    case FP_NMULADD: fused(c, i, s, FORMS(VFNMSUB231)); return true;
    case FP_NMULSUB: fused(c, i, s, FORMS(VFMSUB231)); return true;
    default: return false;
    }
}

LOWER(FP)
{
    struct shape s = shape_of(i);
    bool done = false;

    x64_flags_clobber(c);
    if (s.size != FP_HALF) {
        done = s.op < FP_SQRT ? more_operands(c, i, &s) : one_operand(c, i, &s);
    }
    if (!done) {
        call_instead(c, i, HELPER_fp, lower_CALL_V128);
    }
}

/* --- conversions --- */
static void widen(struct x64 *c, const struct ir_insn *i, unsigned lanes, unsigned first)
{
    struct regs r = {.b = X64_NONE, .c = X64_NONE};
    struct shape s = {.size = FP_DOUBLE, .lanes = lanes};

    r.a = x64_use(c, 0);
    r.d = x64_def(c);
    if (lanes == 1) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, X_VCVTSS2SD, r.d, r.d, r.a);
    } else if (first) {
        emit_rri(c, X_VPSHUFD, r.d, r.a, 0xee);
        emit_rr(c, X_VCVTPS2PD, r.d, r.d);
    } else {
        emit_rr(c, X_VCVTPS2PD, r.d, r.a);
    }
    check(c, i, &s, CHECK_NAN, HELPER_fp_cvt, &r);
}

static void narrow(struct x64 *c, const struct ir_insn *i, unsigned lanes)
{
    struct regs r = {.b = X64_NONE, .c = X64_NONE};
    struct shape s = {.size = FP_SINGLE, .lanes = lanes};

    r.a = x64_use(c, 0);
    r.d = x64_def(c);
    if (lanes == 1) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, X_VCVTSD2SS, r.d, r.d, r.a);
    } else {
        emit_rr(c, X_VCVTPD2PS, r.d, r.a);
    }
    check(c, i, &s, CHECK_TINY, HELPER_fp_cvt, &r);
}

LOWER(FCVT)
{
    unsigned from = i->imm & 3, to = i->imm >> 2 & 3, lanes = i->imm >> 4 & 15;
    bool odd = i->imm >> 12 & 1;

    if (from == FP_HALF || to == FP_HALF || odd) {
        call_instead(c, i, HELPER_fp_cvt, lower_CALL_V128);
        return;
    }
    x64_flags_clobber(c);
    if (from < to) {
        widen(c, i, lanes, i->imm >> 8 & 15);
    } else {
        narrow(c, i, lanes);
    }
}

struct int_shape {
    unsigned size, width, fbits, aux;
    bool is_unsigned;
};

static struct int_shape int_shape_of(const struct ir_insn *i)
{
    uint32_t imm = (uint32_t)i->imm;

    return (struct int_shape){.size = imm & 3,
                              .is_unsigned = imm >> 2 & 1,
                              .aux = imm >> 3 & 15,
                              .width = imm >> 8 & 0xff,
                              .fbits = imm >> 16};
}

/* The host gives the least (unsigned: the greatest) integer for what does not fit. */
LOWER(FTOI)
{
    struct int_shape s = int_shape_of(i);
    bool single = s.size == FP_SINGLE;
    unsigned w = s.width == 64 ? X_W : 0;
    struct regs r = {.b = X64_NONE, .c = X64_NONE};

    if (s.size == FP_HALF || s.aux != FP_ZERO || s.fbits ||
        (s.is_unsigned && !(c->env->features & X64_AVX512VL))) {
        call_instead(c, i, HELPER_fp_toi, lower_CALL_I64);
        return;
    }
    x64_flags_clobber(c);
    r.a = x64_use(c, 0);
    r.d = x64_def(c);
    if (s.is_unsigned) {
        emit_rr(c, (single ? X_VCVTTSS2USI : X_VCVTTSD2USI) | w, r.d, r.a);
        emit_ri(c, X_CMP_MI | w, r.d, -1);
        repair_if(c, CC_E, i, HELPER_fp_toi, repair_general, &r);
    } else {
        emit_rr(c, (single ? X_VCVTTSS2SI : X_VCVTTSD2SI) | w, r.d, r.a);
        emit_ri(c, X_CMP_MI | w, r.d, 1); /* only the least integer less 1 overflows */
        repair_if(c, CC_O, i, HELPER_fp_toi, repair_general, &r);
    }
}

LOWER(FFROMI)
{
    struct int_shape s = int_shape_of(i);
    bool single = s.size == FP_SINGLE, wide = s.width == 64;
    x86_form form = single ? X_VCVTSI2SS : X_VCVTSI2SD;
    unsigned x, d, t;

    if (s.size == FP_HALF || s.fbits ||
        (s.is_unsigned && wide && !(c->env->features & X64_AVX512VL))) {
        call_instead(c, i, HELPER_fp_fromi, lower_CALL_V128);
        return;
    }
    x = x64_use(c, 0);
    if (s.is_unsigned && wide) {
        form = single ? X_VCVTUSI2SS : X_VCVTUSI2SD;
    } else if (s.is_unsigned) {
        t = x64_scratch(c);
        emit_rr(c, X_MOV_RM, t, x);
        x = t;
        wide = true;
    }
    d = x64_def(c);
    emit_vrr(c, X_VPXOR, d, d, d);
    emit_vrr(c, form | (wide ? X_W : 0), d, d, x);
}

/* --- comparison into NZCV ---
 * After (V)UCOMIS: seta and SBB 0 give 1, 0, -1, and the flags of that subtraction are Arm's NZCV
 * with the carry complemented. Unordered (V and C) are the flags of 0x80 - 1 in a byte. */
static void unordered(struct x64 *c, const struct x64_ool *o)
{
    emit_const(c, o->reg[0], 0x80);
    emit_ri8(c, X_CMP8_MI8, o->reg[0], 1);
    emit_jmp_back(c, o->back);
}

LOWER(FCMP)
{
    static const x86_form forms[2][2] = {{X_VUCOMISS, X_VCOMISS}, {X_VUCOMISD, X_VCOMISD}};
    unsigned size = i->imm & 3, a, b, t;
    struct x64_ool *o;

    x64_flags_clobber(c);
    a = x64_use(c, 0);
    b = x64_use(c, 1);
    t = x64_scratch(c);
    emit_rr(c, forms[size - FP_SINGLE][i->imm >> 2 & 1], a, b);
    o = x64_ool(c, unordered, emit_jcc(c, CC_P));
    emit_setcc(c, CC_A, t);
    emit_ri8(c, X_SBB8_MI8, t, 0);
    o->reg[0] = (uint8_t)t;
    o->back = c->p;
    x64_flags_def(c, (ir_ref)c->row, true);
}
