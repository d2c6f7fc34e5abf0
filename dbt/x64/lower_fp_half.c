/* SPDX-License-Identifier: BSD-2-Clause */
/* Half precision by way of single; conversions between formats. Integers: lower_fp_half_int.c. */
/*
 * Sums, products, quotients and roots of halves that are rounded to single and then to half are
 * rounded right, since 24 bits are twice 11 and two more, and a directed mode rounds twice the same
 * way. The sum of a fused operation (a product is exact in single) is not: where the single lies on
 * the middle between two halves, or the half is a denormal, whose Underflow depends on what the
 * single has lost, the helper does it. The same holds of doubles that become halves.
 */
#include "dbt/x64/lower_fp.h"

void fp_singles_of(struct x64 *c, unsigned lanes, unsigned t, unsigned a, unsigned q)
{
    if (lanes < 4) {
        fp_clear_above(c, t, a, lanes << FP_HALF);
        a = t;
    } else if (q) {
        emit_rri(c, X_VPSHUFD, t, a, 0xee);
        a = t;
    }
    emit_rr(c, X_VCVTPH2PS, t, a);
}

void fp_single_of_half(struct x64 *c, unsigned t, unsigned a)
{
    fp_singles_of(c, 1, t, a, 0);
}

void fp_halves_of(struct x64 *c, unsigned d, unsigned a)
{
    enum { BY_MXCSR = 4 };

    emit_rri(c, X_VCVTPS2PH, a, d, BY_MXCSR);
}

/* NE where a lane of d is a NaN, or ... */
enum half_check {
    HALF_NAN,
    HALF_NORMAL, /* the least normal number: it may have been rounded up to */
    HALF_TINY,   /* not above that, and not 0 */
};

static enum x86_cc test_half(struct x64 *c, enum half_check what, unsigned d, unsigned t,
                             unsigned u)
{
    emit_vrm(c, X_VPAND, t, d, FP_FIXED(ABS_H));
    if (what == HALF_TINY) {
        emit_vrr(c, X_VPCMPEQW, u, u, u);
        emit_vrr(c, X_VPADDW, t, t, u);
        emit_vrm(c, X_VPMINUW, u, t, FP_FIXED(DENORMAL_H));
        emit_vrr(c, X_VPCMPEQW, u, u, t);
        emit_vrm(c, X_VPCMPGTW, t, t, FP_FIXED(BELOW_INF_H));
        emit_vrr(c, X_VPOR, t, t, u);
    } else if (what == HALF_NORMAL) {
        emit_vrm(c, X_VPCMPEQW, u, t, FP_FIXED(NORMAL_H));
        emit_vrm(c, X_VPCMPGTW, t, t, FP_FIXED(INF_H));
        emit_vrr(c, X_VPOR, t, t, u);
    } else {
        emit_vrm(c, X_VPCMPGTW, t, t, FP_FIXED(INF_H));
    }
    emit_rr(c, X_VPTEST, t, t);
    return CC_NE;
}

/* NE where a single lies on the middle between two halves. */
static enum x86_cc test_middle(struct x64 *c, unsigned x, unsigned t)
{
    emit_vrm(c, X_VPAND, t, x, FP_FIXED(BELOW_H));
    emit_vrm(c, X_VPCMPEQD, t, t, FP_FIXED(TIE_H));
    emit_rr(c, X_VPTEST, t, t);
    return CC_NE;
}

/* How an operation on halves is done: on singles, by `form`, with the checks that it needs. */
struct half_op {
    enum { BINARY, FUSED, STEP, EXTREME, COMPARE, ABSOLUTE, ROOT, INTEGRAL } kind;
    uint8_t operands;
    uint8_t check;     /* enum half_check */
    uint8_t predicate; /* of VCMP */
    x86_form forms[2]; /* PS, SS */
    x86_form combine;  /* of EXTREME, as in lower_fp_arith.c */
};

#define SINGLES(name)                                                                              \
    {                                                                                              \
        X_##name##PS, X_##name##SS                                                                 \
    }
// clang-format off
static const struct half_op half_ops[FP_OP_COUNT] = {
    [FP_ADD]     = {BINARY,   2, HALF_NAN,    0,         SINGLES(VADD),        0},
    [FP_SUB]     = {BINARY,   2, HALF_NAN,    0,         SINGLES(VSUB),        0},
    [FP_MUL]     = {BINARY,   2, HALF_NORMAL, 0,         SINGLES(VMUL),        0},
    [FP_DIV]     = {BINARY,   2, HALF_NORMAL, 0,         SINGLES(VDIV),        0},
    [FP_MULX]    = {BINARY,   2, HALF_NORMAL, 0,         SINGLES(VMUL),        0},
    [FP_RECPS]   = {STEP,     2, HALF_TINY,   0,         SINGLES(VFNMADD231),  0},
    [FP_RSQRTS]  = {STEP,     2, HALF_TINY,   0,         SINGLES(VFNMADD231),  0},
    [FP_MAX]     = {EXTREME,  2, HALF_NAN,    0,         SINGLES(VMAX),        X_VPAND},
    [FP_MIN]     = {EXTREME,  2, HALF_NAN,    0,         SINGLES(VMIN),        X_VPOR},
    [FP_MAXNM]   = {EXTREME,  2, HALF_NAN,    0,         SINGLES(VMAX),        X_VPAND},
    [FP_MINNM]   = {EXTREME,  2, HALF_NAN,    0,         SINGLES(VMIN),        X_VPOR},
    [FP_CMEQ]    = {COMPARE,  2, HALF_NAN,    CMP_EQ_OQ, SINGLES(VCMP),        0},
    [FP_CMGE]    = {COMPARE,  2, HALF_NAN,    CMP_GE_OS, SINGLES(VCMP),        0},
    [FP_CMGT]    = {COMPARE,  2, HALF_NAN,    CMP_GT_OS, SINGLES(VCMP),        0},
    [FP_ACGE]    = {ABSOLUTE, 2, HALF_NAN,    CMP_GE_OS, SINGLES(VCMP),        0},
    [FP_ACGT]    = {ABSOLUTE, 2, HALF_NAN,    CMP_GT_OS, SINGLES(VCMP),        0},
    [FP_MULADD]  = {FUSED,    3, HALF_TINY,   0,         SINGLES(VFMADD231),   0},
    [FP_MULSUB]  = {FUSED,    3, HALF_TINY,   0,         SINGLES(VFNMADD231),  0},
    [FP_NMULADD] = {FUSED,    3, HALF_TINY,   0,         SINGLES(VFNMSUB231),  0},
    [FP_NMULSUB] = {FUSED,    3, HALF_TINY,   0,         SINGLES(VFMSUB231),   0},
    [FP_SQRT]    = {ROOT,     1, HALF_NAN,    0,         SINGLES(VSQRT),       0},
    [FP_RINT]    = {INTEGRAL, 1, HALF_NAN,    0,         SINGLES(VROUND),      0},
};
// clang-format on

static bool is_comparison(const struct half_op *op)
{
    return op->kind == COMPARE || op->kind == ABSOLUTE;
}

/* Whether the single that is rounded to half may have lost what decides that. */
static bool is_rounded_twice(const struct half_op *op)
{
    return op->kind == FUSED || op->kind == STEP;
}

static bool wants_finite(const struct half_op *op, const struct fp_shape *s)
{
    return op->kind == STEP || s->op == FP_MULX || (op->kind == INTEGRAL && fp_is_tie_away(s));
}

/* NE where an operand is infinite or a NaN, lanes above counted in vain. */
static enum x86_cc test_infinite(struct x64 *c, const struct fp_regs *r)
{
    emit_vrm(c, X_VPAND, r->t[0], r->a, FP_FIXED(ABS_H));
    if (r->b != X64_NONE) {
        emit_vrm(c, X_VPAND, r->t[1], r->b, FP_FIXED(ABS_H));
        emit_vrr(c, X_VPMAXUW, r->t[0], r->t[0], r->t[1]);
    }
    emit_vrm(c, X_VPCMPGTW, r->t[0], r->t[0], FP_FIXED(BELOW_INF_H));
    emit_rr(c, X_VPTEST, r->t[0], r->t[0]);
    return CC_NE;
}

/* FRECPS and FRSQRTS, as in lower_fp_arith.c. */
static void emit_step(struct x64 *c, const struct fp_shape *s, unsigned q, const unsigned t[3])
{
    bool rsqrt = s->op == FP_RSQRTS;

    emit_rm(c, X_VMOVDQA_RM, q, rsqrt ? FP_CONST(THREE, FP_SINGLE) : FP_CONST(TWO, FP_SINGLE));
    emit_vrr(c, X_VFNMADD231PS, q, t[0], t[1]);
    if (rsqrt) {
        emit_vrm(c, X_VMULPS, q, q, FP_CONST(HALF, FP_SINGLE));
    }
}

/* Singles t[0..2] combined into q; t is destroyed. */
static void emit_operation(struct x64 *c, const struct half_op *op, const struct fp_shape *s,
                           unsigned q, const unsigned t[3])
{
    x86_form form = op->forms[s->is_scalar];

    switch (op->kind) {
    case ABSOLUTE:
        emit_vrm(c, X_VPAND, t[0], t[0], FP_CONST(ABS, FP_SINGLE));
        emit_vrm(c, X_VPAND, t[1], t[1], FP_CONST(ABS, FP_SINGLE)); /* fall through */
    case COMPARE: emit_vrri(c, form, q, t[0], t[1], op->predicate); break;
    case BINARY: emit_vrr(c, form, q, t[0], t[1]); break;
    case FUSED:
        emit_rr(c, X_VMOVDQA_RM, q, t[0]);
        emit_vrr(c, form, q, t[1], t[2]);
        break;
    case STEP: emit_step(c, s, q, t); break;
    case EXTREME:
        emit_vrr(c, form, q, t[0], t[1]);
        emit_vrr(c, form, t[0], t[1], t[0]);
        emit_vrr(c, op->combine, q, q, t[0]);
        break;
    case ROOT:
        if (s->is_scalar) {
            emit_vrr(c, form, q, t[0], t[0]);
        } else {
            emit_rr(c, form, q, t[0]);
        }
        break;
    case INTEGRAL:
        if (fp_is_tie_away(s)) { /* as in lower_fp_int.c; of the zeros above 0 is left */
            emit_vrm(c, X_VPOR, t[0], t[0], FP_CONST(ODD, FP_SINGLE));
        }
        emit_rri(c, X_VROUNDPS, q, t[0], fp_host_rounding(s->aux, s->aux & FP_AUX_EXACT));
    }
}

/* The results of one or two quads, q, as the lanes of d. */
static void put_together(struct x64 *c, const struct half_op *op, const struct fp_shape *s,
                         unsigned d, const unsigned q[2], unsigned t)
{
    bool two = s->lanes == 8;

    if (is_comparison(op)) {
        emit_vrr(c, X_VPACKSSDW, d, q[0], q[two]);
        if (!two) {
            fp_clear_above(c, d, d, 8);
        }
        return;
    }
    fp_halves_of(c, d, q[0]);
    if (two) {
        fp_halves_of(c, t, q[1]);
        emit_vrr(c, X_VPUNPCKLQDQ, d, d, t);
    } else if (s->is_scalar && op->kind == STEP) {
        fp_clear_above(c, d, d, 2);
    }
}

static void by_singles(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s,
                       const struct half_op *op)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_shape single = *s;
    struct fp_repairs repairs = {.count = 0};
    unsigned quads = s->lanes == 8 ? 2 : 1, q[2], *arg[3] = {&r.a, &r.b, &r.c};

    single.size = FP_SINGLE;
    for (unsigned k = 0; k < op->operands; k++) {
        *arg[k] = x64_use(c, k);
    }
    fp_temporaries(c, &r, 3);
    q[0] = x64_scratch_xmm(c);
    q[1] = quads == 2 ? x64_scratch_xmm(c) : q[0];
    r.d = x64_def(c);
    if (wants_finite(op, s)) {
        repairs.o[repairs.count++] = fp_repair_if(c, test_infinite(c, &r), i, HELPER_fp, &r);
    }
    for (unsigned n = 0; n < quads; n++) {
        for (unsigned k = 0; k < op->operands; k++) {
            fp_singles_of(c, s->lanes, r.t[k], *arg[k], n);
        }
        if (op->kind == EXTREME) {
            enum x86_cc cc = fp_test_unordered(c, &single, r.t[0], r.t[1], r.t[2]);

            repairs.o[repairs.count++] = fp_repair_if(c, cc, i, HELPER_fp, &r);
        }
        emit_operation(c, op, &single, q[n], r.t);
        if (is_rounded_twice(op)) {
            repairs.o[repairs.count++] =
                fp_repair_if(c, test_middle(c, q[n], r.t[0]), i, HELPER_fp, &r);
        }
    }
    put_together(c, op, s, r.d, q, r.t[0]);
    if (!is_comparison(op) && op->kind != EXTREME) {
        enum x86_cc cc = test_half(c, (enum half_check)op->check, r.d, r.t[0], r.t[1]);

        repairs.o[repairs.count++] = fp_repair_if(c, cc, i, HELPER_fp, &r);
    }
    fp_come_back(c, &repairs);
}

/* FMLAL and FMLSL: products of halves, exact in single, added to singles. */
static void add_products(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r;

    r.a = fp_operand(c, s, 0);
    r.b = x64_use(c, 1);
    r.c = x64_use(c, 2);
    fp_temporaries(c, &r, 2);
    r.d = x64_def(c);
    if (s->is_pair) { /* what is above must not raise flags */
        fp_clear_above(c, r.t[0], r.b, 4);
        fp_clear_above(c, r.t[1], r.c, 4);
        emit_rr(c, X_VCVTPH2PS, r.t[0], r.t[0]);
        emit_rr(c, X_VCVTPH2PS, r.t[1], r.t[1]);
    } else {
        emit_rr(c, X_VCVTPH2PS, r.t[0], r.b);
        emit_rr(c, X_VCVTPH2PS, r.t[1], r.c);
    }
    emit_rr(c, X_VMOVDQA_RM, r.d, r.a);
    emit_vrr(c, s->op == FP_MULADDH ? X_VFMADD231PS : X_VFNMADD231PS, r.d, r.t[0], r.t[1]);
    fp_finish(c, i, s, false, FP_CHECK_EDGE, &r); /* 0 - 0 may be -0 above */
}

bool fp_lower_half(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    const struct half_op *op = &half_ops[s->op];

    if (s->op == FP_MULADDH || s->op == FP_MULSUBH) {
        add_products(c, i, s);
        return true;
    }
    if (!op->operands) {
        return fp_lower_half_int(c, i, s);
    }
    if (op->kind == INTEGRAL && s->aux == (FP_TIEAWAY | FP_AUX_EXACT)) {
        return false; /* no instruction does this */
    }
    by_singles(c, i, s, op);
    return true;
}

/* --- between formats --- */
static void widen(struct x64 *c, const struct ir_insn *i, unsigned lanes, unsigned first)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_shape s = {.size = FP_DOUBLE, .lanes = lanes, .is_scalar = lanes == 1};

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 1);
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
    fp_repair_if(c, fp_test_nan(c, &s, r.d, r.t[0]), i, HELPER_fp_cvt, &r);
}

static void narrow(struct x64 *c, const struct ir_insn *i, unsigned lanes)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_shape s = {.size = FP_SINGLE, .lanes = lanes, .is_scalar = lanes == 1};

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    if (lanes == 1) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, X_VCVTSD2SS, r.d, r.d, r.a);
    } else {
        emit_rr(c, X_VCVTPD2PS, r.d, r.a);
    }
    fp_repair_if(c, fp_test_edge(c, &s, r.d, r.t[0]), i, HELPER_fp_cvt, &r);
}

static void widen_halves(struct x64 *c, const struct ir_insn *i, unsigned to, unsigned lanes,
                         unsigned first)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_shape s = {.size = to, .lanes = lanes, .is_scalar = lanes == 1};

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    fp_singles_of(c, lanes, r.d, r.a, first / 4);
    if (to == FP_DOUBLE) {
        emit_vrr(c, X_VCVTSS2SD, r.d, r.d, r.d);
    }
    fp_repair_if(c, fp_test_nan(c, &s, r.d, r.t[0]), i, HELPER_fp_cvt, &r);
}

/* NE where a single is a NaN, or so small that the half may be a denormal, and not 0. */
static enum x86_cc test_small(struct x64 *c, unsigned x, const unsigned t[2])
{
    emit_vrm(c, X_VPAND, t[0], x, FP_CONST(ABS, FP_SINGLE));
    emit_vrmi(c, X_VCMPPS, t[1], t[0], FP_FIXED(SMALL_H), CMP_NGE_UQ);
    emit_rr(c, X_VPTEST, t[1], t[0]);
    return CC_NE;
}

/* A double that loses bits as a single is rounded twice: see above. */
static void narrow_double_to_half(struct x64 *c, const struct ir_insn *i)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct x64_ool *o;

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 3);
    r.d = x64_def(c);
    emit_vrr(c, X_VPXOR, r.t[2], r.t[2], r.t[2]);
    emit_vrr(c, X_VCVTSD2SS, r.t[2], r.t[2], r.a);
    o = fp_repair_if(c, test_middle(c, r.t[2], r.t[0]), i, HELPER_fp_cvt, &r);
    fp_halves_of(c, r.d, r.t[2]);
    fp_repair_if(c, test_small(c, r.t[2], r.t), i, HELPER_fp_cvt, &r);
    o->back = c->p;
}

static void narrow_to_halves(struct x64 *c, const struct ir_insn *i, unsigned lanes)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    unsigned singles;

    r.a = singles = x64_use(c, 0);
    fp_temporaries(c, &r, 2);
    r.d = x64_def(c);
    if (lanes == 1) {
        singles = r.d;
        fp_clear_above(c, singles, r.a, 4);
    }
    fp_halves_of(c, r.d, singles);
    fp_repair_if(c, test_half(c, HALF_NORMAL, r.d, r.t[0], r.t[1]), i, HELPER_fp_cvt, &r);
}

LOWER(FCVT)
{
    unsigned from = i->imm & 3, to = i->imm >> 2 & 3, lanes = i->imm >> 4 & 15,
             first = i->imm >> 8 & 15;
    bool odd = i->imm >> 12 & 1;

    if (odd) {
        fp_call_instead(c, i, HELPER_fp_cvt);
        return;
    }
    x64_flags_clobber(c);
    if (from == FP_HALF) {
        widen_halves(c, i, to, lanes, first);
    } else if (to == FP_HALF && from == FP_DOUBLE) {
        narrow_double_to_half(c, i);
    } else if (to == FP_HALF) {
        narrow_to_halves(c, i, lanes);
    } else if (from < to) {
        widen(c, i, lanes, first);
    } else {
        narrow(c, i, lanes);
    }
}
