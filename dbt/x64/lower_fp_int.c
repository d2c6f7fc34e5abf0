/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point to integral numbers, to and from integers and fixed point. */
/*
 * To an integer: the number is scaled (fixed point), rounded to an integral one by VROUND without a
 * flag, and converted by truncation, which is exact then and raises Invalid where it does not fit,
 * as Arm does. Inexact is raised by a second VROUND behind the check that it fits: Arm raises
 * Invalid alone for what does not. Where what does not fit is integral anyway, the first VROUND
 * raises it. Ties away from zero: setting the lowest bit moves ties, and only these, off the
 * middle; so it is below 2^51 (2^22), where a tie's lowest bit is 0.
 */
#include "dbt/x64/lower_fp.h"

/* VROUND's control: the rounding, or MXCSR's; whether Inexact is raised. */
enum { ROUND_NEAREST = 0, ROUND_MXCSR = 4, ROUND_QUIET = 8 };

unsigned fp_host_rounding(unsigned aux, bool loud)
{
    static const uint8_t control[8] = {[FP_TIEEVEN] = 0,
                                       [FP_NEGINF] = 1,
                                       [FP_POSINF] = 2,
                                       [FP_ZERO] = 3,
                                       [FP_TIEAWAY] = ROUND_NEAREST,
                                       [FP_AUX_MODE] = ROUND_MXCSR};

    return control[aux & 7] | (loud ? 0 : ROUND_QUIET);
}

static bool is_tie_away(const struct fp_shape *s)
{
    return (s->aux & 7) == FP_TIEAWAY;
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
    if (is_tie_away(s)) {
        o = fp_repair_if(c, fp_test_not_below(c, s, r.a, FP_CONST(TIES, s->size), r.t[0]), i,
                         HELPER_fp, &r);
        from = r.d;
        emit_vrm(c, X_VPOR, from, r.a, FP_CONST(ODD, s->size));
    }
    fp_emit_round(c, s, r.d, from, control);
    fp_finish(c, i, s, s->is_scalar && fp_zero_above(c, 0, 1u << s->size) && !o,
              o ? FP_CHECK_NONE : FP_CHECK_NAN, &r);
    if (o) {
        o->back = c->p;
    }
}

/* x = y times 2^exp in all lanes, exactly. t: a general register, x may be y. */
static void emit_scale(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned y, int exp,
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
        emit_scale(c, s, d, d, -(int)s->fbits, x, t);
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

/* A row with several ways to its repair, which all come back to its end. */
struct repairs {
    struct x64_ool *o[4];
    unsigned count;
};

static void come_back(struct x64 *c, const struct repairs *r)
{
    for (unsigned n = 0; n < r->count; n++) {
        r->o[n]->back = c->p;
    }
}

static void to_integers(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct repairs repairs = {.count = 0};
    bool is_unsigned = s->op == FP_TOU, tie = is_tie_away(s),
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
        emit_scale(c, &all, scaled, r.a, (int)s->fbits, x, r.t[0]);
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
        fp_emit_round(c, &all, r.t[0], scaled, ROUND_NEAREST);
    }
    come_back(c, &repairs);
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
    case FP_TOS:
    case FP_TOU: to_integers(c, i, s); return true;
    case FP_FROMS:
    case FP_FROMU: from_integers(c, s); return true;
    default: return false;
    }
}

/* --- general registers --- */
struct int_shape {
    struct fp_shape s; /* scalar; op FP_TOS and so on */
    unsigned w;        /* X_W for 64 bits */
    bool is_unsigned;
};

static struct int_shape int_shape_of(const struct ir_insn *i)
{
    uint32_t imm = (uint32_t)i->imm;
    unsigned size = imm & 3;

    return (struct int_shape){.s = {.size = size,
                                    .lanes = 1,
                                    .aux = imm >> 3 & 15,
                                    .fbits = imm >> 16,
                                    .form = 2 + (size == FP_DOUBLE),
                                    .is_scalar = true},
                              .w = (imm >> 8 & 0xff) == 64 ? X_W : 0,
                              .is_unsigned = imm >> 2 & 1};
}

/* The number in r->a in the form that can be rounded: scaled, ties away in double precision and off
 * the middle. *scaled: for the second rounding. s->size and form follow. */
static unsigned prepare(struct x64 *c, const struct ir_insn *i, struct int_shape *k,
                        const struct fp_regs *r, unsigned x, struct repairs *repairs,
                        unsigned *scaled)
{
    struct fp_shape *s = &k->s;
    unsigned from = r->a;

    if (s->size == FP_HALF) {
        from = r->t[2];
        fp_single_of_half(c, from, r->a);
        s->size = FP_SINGLE;
    }

    if (s->fbits) {
        repairs->o[repairs->count++] = fp_repair_general_if(
            c, fp_test_not_below(c, s, from, FP_CONST(INT, s->size), r->t[0]), i, HELPER_fp_toi, r);
        emit_scale(c, s, r->t[2], from, (int)s->fbits, x, r->t[0]);
        from = r->t[2];
    }
    *scaled = from;
    if (!is_tie_away(s)) {
        return from;
    }
    if (s->size == FP_SINGLE) { /* the integers of 32 bits are below 2^51, but not below 2^22 */
        emit_vrr(c, X_VCVTSS2SD, r->t[2], from, from);
        from = *scaled = r->t[2];
        s->size = FP_DOUBLE;
        s->form++;
    }
    if (k->w) {
        repairs->o[repairs->count++] = fp_repair_general_if(
            c, fp_test_not_below(c, s, from, FP_CONST(TIES, FP_DOUBLE), r->t[0]), i, HELPER_fp_toi,
            r);
    }
    emit_vrm(c, X_VPOR, r->t[1], from, FP_CONST(ODD, FP_DOUBLE));
    return r->t[1];
}

/*
 * Conversion of `from`, with the check that it fits: the host gives the least (unsigned: the
 * greatest) integer for what does not. Without AVX-512, 32 unsigned bits come of 64 signed ones,
 * and 64 unsigned bits where they are 63.
 */
static void convert_general(struct x64 *c, const struct ir_insn *i, const struct int_shape *k,
                            const struct fp_regs *r, unsigned from, unsigned x,
                            struct repairs *repairs)
{
    bool single = k->s.size == FP_SINGLE;
    x86_form form = single ? X_VCVTTSS2SI : X_VCVTTSD2SI;
    enum x86_cc cc;

    if (!k->is_unsigned) {
        emit_rr(c, form | k->w, r->d, from);
        emit_ri(c, X_CMP_MI | k->w, r->d, 1); /* only the least integer less 1 overflows */
        cc = CC_O;
    } else if (c->env->features & X64_AVX512VL) {
        emit_rr(c, (single ? X_VCVTTSS2USI : X_VCVTTSD2USI) | k->w, r->d, from);
        emit_ri(c, X_CMP_MI | k->w, r->d, -1);
        cc = CC_E;
    } else if (k->w) {
        emit_rm(c, single ? X_VUCOMISS : X_VUCOMISD, from, FP_CONST(INT, k->s.size));
        repairs->o[repairs->count++] = fp_repair_general_if(c, CC_AE, i, HELPER_fp_toi, r);
        emit_rr(c, form | X_W, r->d, from);
        emit_rr(c, X_TEST_MR | X_W, r->d, r->d);
        cc = CC_S;
    } else {
        emit_rr(c, form | X_W, r->d, from);
        emit_rr(c, X_MOV_RM, x, r->d);
        emit_rr(c, X_CMP_RM | X_W, x, r->d);
        cc = CC_NE;
    }
    repairs->o[repairs->count++] = fp_repair_general_if(c, cc, i, HELPER_fp_toi, r);
}

LOWER(FTOI)
{
    struct int_shape k = int_shape_of(i);
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct repairs repairs = {.count = 0};
    unsigned x, from, scaled;
    bool as_it_is = k.s.aux == FP_ZERO && (!k.is_unsigned || (c->env->features & X64_AVX512VL)),
         loud = !k.is_unsigned && !is_tie_away(&k.s) && (k.w || k.s.size != FP_DOUBLE);

    x64_flags_clobber(c);
    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 3);
    x = x64_scratch(c);
    r.d = x64_def(c);
    from = prepare(c, i, &k, &r, x, &repairs, &scaled);
    if (!as_it_is) {
        fp_emit_round(c, &k.s, r.t[1], from, fp_host_rounding(k.s.aux, loud));
        from = r.t[1];
    }
    convert_general(c, i, &k, &r, from, x, &repairs);
    if (!as_it_is && !loud) {
        fp_emit_round(c, &k.s, r.t[0], scaled, ROUND_NEAREST);
    }
    come_back(c, &repairs);
}

/* 64 unsigned bits with the highest set: half of it, the lost bit kept as a sticky one, twice. */
static void from_large(struct x64 *c, const struct x64_ool *o)
{
    unsigned d = o->reg[0], x = o->reg[1], t = o->reg[2], u = o->reg[3];
    bool single = o->imm == FP_SINGLE;

    emit_mov(c, t, x);
    emit_mov(c, u, x);
    emit_ri8(c, X_SHR_MI8 | X_W, t, 1);
    emit_ri(c, X_AND_MI, u, 1);
    emit_rr(c, X_OR_RM | X_W, t, u);
    emit_vrr(c, (single ? X_VCVTSI2SS : X_VCVTSI2SD) | X_W, d, d, t);
    emit_vrr(c, single ? X_VADDSS : X_VADDSD, d, d, d);
    emit_jmp_back(c, o->back);
}

static void from_unsigned_64(struct x64 *c, x86_form form, unsigned size, unsigned x, unsigned d,
                             const unsigned t[2])
{
    struct x64_ool *o;

    emit_rr(c, X_TEST_MR | X_W, x, x);
    o = x64_ool(c, from_large, emit_jcc(c, CC_S));
    o->imm = size;
    o->reg[0] = (uint8_t)d;
    o->reg[1] = (uint8_t)x;
    o->reg[2] = (uint8_t)t[0];
    o->reg[3] = (uint8_t)t[1];
    emit_vrr(c, form | X_W, d, d, x);
    o->back = c->p;
}

LOWER(FFROMI)
{
    struct int_shape k = int_shape_of(i);
    bool single = k.s.size == FP_SINGLE, avx512 = c->env->features & X64_AVX512VL;
    x86_form form = single ? X_VCVTSI2SS : X_VCVTSI2SD;
    unsigned x, d, t[2], factor;

    if (k.s.size == FP_HALF) {
        fp_call_instead(c, i, HELPER_fp_fromi);
        return;
    }
    if (k.is_unsigned && k.w && !avx512) {
        x64_flags_clobber(c);
    }
    x = x64_use(c, 0);
    t[0] = x64_scratch(c);
    t[1] = x64_scratch(c);
    factor = x64_scratch_xmm(c);
    d = x64_def(c);
    emit_vrr(c, X_VPXOR, d, d, d);
    if (k.is_unsigned && k.w && !avx512) {
        from_unsigned_64(c, form, k.s.size, x, d, t);
    } else if (k.is_unsigned && k.w) {
        emit_vrr(c, (single ? X_VCVTUSI2SS : X_VCVTUSI2SD) | X_W, d, d, x);
    } else if (k.is_unsigned) {
        emit_rr(c, X_MOV_RM, t[0], x);
        emit_vrr(c, form | X_W, d, d, t[0]);
    } else {
        emit_vrr(c, form | k.w, d, d, x);
    }
    if (k.s.fbits) {
        emit_scale(c, &k.s, d, d, -(int)k.s.fbits, t[0], factor);
    }
}
