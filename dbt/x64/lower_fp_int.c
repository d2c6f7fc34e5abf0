/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point to integral numbers; lanes to and from integers and fixed point. */
/*
 * To an integer: the number is scaled (fixed point), rounded to an integral one by VROUND without a
 * flag, and converted by truncation, which is exact then and raises Invalid where it does not fit,
 * as Arm does. Inexact is raised by a second VROUND behind the check that it fits: Arm raises
 * Invalid alone for what does not. Where what does not fit is integral anyway, the first VROUND
 * raises it. Ties away from zero: setting the lowest bit moves ties, and only these, off the
 * middle; so it is below 2^51 (2^22), where a tie's lowest bit is 0.
 */
#include "dbt/x64/lower_fp.h"

unsigned fp_host_rounding(unsigned aux, bool loud)
{
    static const uint8_t control[8] = {[FP_TIEEVEN] = 0,
                                       [FP_NEGINF] = 1,
                                       [FP_POSINF] = 2,
                                       [FP_ZERO] = 3,
                                       [FP_TIEAWAY] = FP_ROUND_NEAREST,
                                       [FP_AUX_MODE] = FP_ROUND_MXCSR};

    return control[aux & 7] | (loud ? 0 : FP_ROUND_QUIET);
}

void fp_emit_round(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned a,
                   unsigned control)
{
    x86_form form = FP_FORMS(VROUND)[s->form];

    if (s->is_scalar) {
        emit_vrri(c, form, d, a, a, control);
    } else {
        emit_rri(c, form, d, a, control);
    }
}

static void round_to_integral(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    unsigned control = fp_host_rounding(s->aux, s->aux & FP_AUX_EXACT);
    struct x64_ool *o = NULL;
    unsigned from;

    r.a = from = fp_operand(c, s, 0);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    if (fp_is_tie_away(s)) {
        o = fp_repair_if(c, fp_test_not_below(c, s, r.a, FP_CONST(TIES, s->size), r.t[0]), i,
                         HELPER_fp, &r);
        from = r.d;
        emit_vrm(c, X_VPOR, from, r.a, FP_CONST(ODD, s->size));
    }
    fp_emit_round(c, s, r.d, from, control);
    fp_finish(c, i, s, s->is_scalar && fp_comes_clean(c, 0, 1u << s->size) && !o,
              o ? FP_CHECK_NONE : FP_CHECK_NAN, &r);
    if (o) {
        o->back = c->p;
    }
}

void fp_emit_scale(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned y, int exp,
                   unsigned t, unsigned factor)
{
    uint64_t bits = s->size == FP_DOUBLE ? (uint64_t)(1023 + exp) << 52
                                         : (uint64_t)(127 + exp) * (BIT64(23) | BIT64(55));

    emit_const(c, t, bits);
    emit_rr(c, X_VMOVQ_RM, factor, t);
    if (!s->is_scalar) {
        emit_vrr(c, X_VPUNPCKLQDQ, factor, factor, factor);
    }
    emit_vrr(c, FP_FORMS(VMUL)[s->form], x, y, factor);
}

/* --- from integers --- */
static void doubles_from_quads(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned a,
                               unsigned x, unsigned t)
{
    emit_rr(c, X_VMOVQ_MR, a, x);
    emit_vrr(c, X_VPXOR, d, d, d);
    emit_vrr(c, X_VCVTSI2SD | X_W, d, d, x);
    if (!s->is_scalar) {
        emit_rri(c, X_VPEXTRQ, a, x, 1);
        emit_vrr(c, X_VCVTSI2SD | X_W, t, d, x);
        emit_vrr(c, X_VPUNPCKLQDQ, d, d, t);
    }
}

/* Upper halves times 2^16 and lower ones are exact: only their sum rounds. */
static void singles_from_unsigned(struct x64 *c, unsigned d, unsigned a, unsigned t)
{
    emit_vri(c, X_VPSRLD, t, a, 16);
    emit_vrm(c, X_VPAND, d, a, FP_FIXED(WORDS_LOW));
    emit_rr(c, X_VCVTDQ2PS, t, t);
    emit_rr(c, X_VCVTDQ2PS, d, d);
    emit_vrm(c, X_VMULPS, t, t, FP_FIXED(TWO_16));
    emit_vrr(c, X_VADDPS, d, d, t);
}

/* The upper half as the low bits of 2^84, the lower one as those of 2^52; the last sum alone
 * rounds, and makes -0 of 0 when it rounds down. */
static void doubles_from_unsigned(struct x64 *c, unsigned d, unsigned a, unsigned t)
{
    emit_vri(c, X_VPSRLQ, t, a, 32);
    emit_vrm(c, X_VPOR, t, t, FP_FIXED(TWO_84));
    emit_vrm(c, X_VSUBPD, t, t, FP_FIXED(TWO_84_52));
    emit_vrmi(c, X_VPBLENDW, d, a, FP_FIXED(TWO_52), 0xcc);
    emit_vrr(c, X_VADDPD, d, d, t);
    emit_vrm(c, X_VPAND, d, d, FP_CONST(ABS, FP_DOUBLE));
}

static void from_integers(struct x64 *c, const struct fp_shape *s)
{
    bool single = s->size == FP_SINGLE, is_unsigned = s->op == FP_FROMU;
    unsigned a = fp_only_lanes(c, s, 0), t = x64_scratch_xmm(c), x = x64_scratch(c), d = x64_def(c);

    if (c->env->features & X64_AVX512VL) {
        static const x86_form forms[2][2] = {{X_VCVTQQ2PD, X_VCVTUQQ2PD},
                                             {X_VCVTDQ2PS, X_VCVTUDQ2PS}};

        emit_rr(c, forms[single][is_unsigned], d, a);
    } else if (single && !is_unsigned) {
        emit_rr(c, X_VCVTDQ2PS, d, a);
    } else if (single) {
        singles_from_unsigned(c, d, a, t);
    } else if (is_unsigned) {
        doubles_from_unsigned(c, d, a, t);
    } else {
        doubles_from_quads(c, s, d, a, x, t);
    }
    if (s->fbits) {
        fp_emit_scale(c, s, d, d, -(int)s->fbits, x, t);
    }
}

/* --- to integers, lane by lane --- */
/* NE where a lane is the host's answer for what does not fit: the least integer, unsigned all ones.
 * That is also a right result, found in vain. */
static enum x86_cc test_no_fit(struct x64 *c, const struct fp_shape *s, unsigned d,
                               const unsigned t[2])
{
    bool single = s->size == FP_SINGLE;
    x86_form equal = single ? X_VPCMPEQD : X_VPCMPEQQ;

    if (s->op == FP_TOU) {
        emit_vrr(c, X_VPCMPEQD, t[0], t[0], t[0]);
        emit_vrr(c, equal, t[0], t[0], d);
        emit_rr(c, fp_packed_test(s->size), t[0], t[0]);
    } else {
        emit_vrr(c, single ? X_VPADDD : X_VPADDQ, t[0], d, d);
        emit_vrr(c, X_VPXOR, t[1], t[1], t[1]);
        emit_vrr(c, equal, t[0], t[0], t[1]);
        emit_rr(c, fp_packed_test(s->size), t[0], d);
    }
    return CC_NE;
}

/* NE where a lane of x is not within 0 .. 2^31 - 1 or 2^63 - 1. */
static enum x86_cc test_not_natural(struct x64 *c, const struct fp_shape *s, unsigned x,
                                    const unsigned t[2])
{
    x86_form form = fp_packed_compare(s->size);

    emit_vrmi(c, form, t[0], x, FP_CONST(INT, s->size), CMP_NLT_UQ);
    emit_vrr(c, X_VPXOR, t[1], t[1], t[1]);
    emit_vrri(c, form, t[1], x, t[1], CMP_LT_OQ);
    emit_vrr(c, X_VPOR, t[0], t[0], t[1]);
    emit_rr(c, fp_packed_test(s->size), t[0], t[0]);
    return CC_NE;
}

/* AVX2 has no conversion of doubles to 64 bits but to general registers. */
static void quads_from_doubles(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned a,
                               unsigned x, unsigned t)
{
    emit_rr(c, X_VCVTTSD2SI | X_W, x, a);
    if (s->is_scalar) {
        emit_rr(c, X_VMOVQ_RM, d, x);
        return;
    }
    emit_rri(c, X_VPSHUFD, t, a, 0xee);
    emit_rr(c, X_VMOVQ_RM, d, x);
    emit_rr(c, X_VCVTTSD2SI | X_W, x, t);
    emit_vrri(c, X_VPINSRQ, d, d, x, 1);
}

static void convert_lanes(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned a,
                          unsigned x, unsigned t)
{
    static const x86_form forms[2][2] = {{X_VCVTTPD2QQ, X_VCVTTPD2UQQ},
                                         {X_VCVTTPS2DQ, X_VCVTTPS2UDQ}};
    bool single = s->size == FP_SINGLE;

    if (c->env->features & X64_AVX512VL) {
        emit_rr(c, forms[single][s->op == FP_TOU], d, a);
    } else if (single) {
        emit_rr(c, X_VCVTTPS2DQ, d, a);
    } else {
        quads_from_doubles(c, s, d, a, x, t);
    }
}

void fp_come_back(struct x64 *c, const struct fp_repairs *r)
{
    for (unsigned n = 0; n < r->count; n++) {
        r->o[n]->back = c->p;
    }
}

static void to_integers(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_repairs repairs = {.count = 0};
    bool is_unsigned = s->op == FP_TOU, tie = fp_is_tie_away(s),
         avx512 = c->env->features & X64_AVX512VL,
         as_it_is = s->aux == FP_ZERO && (!is_unsigned || avx512),
         loud = s->size == FP_SINGLE && !is_unsigned && !tie;
    struct fp_shape all = *s; /* the operations are on all lanes */
    unsigned x, scaled, from;

    all.is_scalar = false;
    all.form = s->size == FP_DOUBLE;
    r.a = scaled = fp_only_lanes(c, s, 0);
    fp_temporaries(c, &r, 3);
    x = x64_scratch(c);
    r.d = x64_def(c);
    if (s->fbits) {
        repairs.o[repairs.count++] = fp_repair_if(
            c, fp_test_not_below(c, &all, r.a, FP_CONST(INT, s->size), r.t[0]), i, HELPER_fp, &r);
        scaled = r.t[2];
        fp_emit_scale(c, &all, scaled, r.a, (int)s->fbits, x, r.t[0]);
    }
    from = scaled;
    if (tie) {
        repairs.o[repairs.count++] =
            fp_repair_if(c, fp_test_not_below(c, &all, scaled, FP_CONST(TIES, s->size), r.t[0]), i,
                         HELPER_fp, &r);
        emit_vrm(c, X_VPOR, r.d, scaled, FP_CONST(ODD, s->size));
        from = r.d;
    }
    if (!as_it_is) {
        fp_emit_round(c, &all, r.d, from, fp_host_rounding(s->aux, loud));
        from = r.d;
    }
    if (is_unsigned && !avx512) {
        repairs.o[repairs.count++] =
            fp_repair_if(c, test_not_natural(c, s, from, r.t), i, HELPER_fp, &r);
        convert_lanes(c, s, r.d, from, x, r.t[0]);
    } else {
        convert_lanes(c, s, r.d, from, x, r.t[0]);
        repairs.o[repairs.count++] = fp_repair_if(c, test_no_fit(c, s, r.d, r.t), i, HELPER_fp, &r);
    }
    if (!as_it_is && !loud) {
        fp_emit_round(c, &all, r.t[0], scaled, FP_ROUND_NEAREST);
    }
    fp_come_back(c, &repairs);
}

bool fp_lower_convert(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    switch (s->op) {
    case FP_RINT:
        if (s->aux == (FP_TIEAWAY | FP_AUX_EXACT)) {
            return false; /* no instruction does this */
        }
        round_to_integral(c, i, s);
        return true;
    case FP_RECPE:
    case FP_RSQRTE: fp_lower_estimate(c, i, s); return true;
    case FP_TOS:
    case FP_TOU: to_integers(c, i, s); return true;
    case FP_FROMS:
    case FP_FROMU: from_integers(c, s); return true;
    default: return false;
    }
}
