/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point to and from integers and fixed point in general registers; as lower_fp_int.c. */
#include "dbt/x64/lower_fp.h"

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
                        const struct fp_regs *r, unsigned x, struct fp_repairs *repairs,
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
        fp_emit_scale(c, s, r->t[2], from, (int)s->fbits, x, r->t[0]);
        from = r->t[2];
    }
    *scaled = from;
    if (!fp_is_tie_away(s)) {
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
                            struct fp_repairs *repairs)
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
    struct fp_repairs repairs = {.count = 0};
    unsigned x, from, scaled;
    bool as_it_is = k.s.aux == FP_ZERO && (!k.is_unsigned || (c->env->features & X64_AVX512VL)),
         loud = !k.is_unsigned && !fp_is_tie_away(&k.s) && (k.w || k.s.size != FP_DOUBLE);

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
        fp_emit_round(c, &k.s, r.t[0], scaled, FP_ROUND_NEAREST);
    }
    fp_come_back(c, &repairs);
}

/* 64 unsigned bits with the highest set: half of it, the lost bit kept as a sticky one, twice. */
static void from_large(struct x64 *c, const struct x64_ool *o)
{
    unsigned d = o->reg[0], x = o->reg[1], t = o->reg[2], u = o->reg[3];
    bool single = o->imm;

    emit_mov(c, t, x);
    emit_mov(c, u, x);
    emit_ri8(c, X_SHR_MI8 | X_W, t, 1);
    emit_ri(c, X_AND_MI, u, 1);
    emit_rr(c, X_OR_RM | X_W, t, u);
    emit_vrr(c, (single ? X_VCVTSI2SS : X_VCVTSI2SD) | X_W, d, d, t);
    emit_vrr(c, single ? X_VADDSS : X_VADDSD, d, d, d);
    emit_jmp_back(c, o->back);
}

static void from_unsigned_64(struct x64 *c, x86_form form, bool single, unsigned x, unsigned d,
                             const unsigned t[2])
{
    struct x64_ool *o;

    emit_rr(c, X_TEST_MR | X_W, x, x);
    o = x64_ool(c, from_large, emit_jcc(c, CC_S));
    o->imm = single;
    o->reg[0] = (uint8_t)d;
    o->reg[1] = (uint8_t)x;
    o->reg[2] = (uint8_t)t[0];
    o->reg[3] = (uint8_t)t[1];
    emit_vrr(c, form | X_W, d, d, x);
    o->back = c->p;
}

/* A half is made of a single: an integer that this one does not hold exactly overflows it. */
LOWER(FFROMI)
{
    struct int_shape k = int_shape_of(i);
    bool half = k.s.size == FP_HALF, single = k.s.size != FP_DOUBLE,
         avx512 = c->env->features & X64_AVX512VL;
    x86_form form = single ? X_VCVTSI2SS : X_VCVTSI2SD;
    unsigned x, d, t[2], factor;

    if (half && k.s.fbits) {
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
        from_unsigned_64(c, form, single, x, d, t);
    } else if (k.is_unsigned && k.w) {
        emit_vrr(c, (single ? X_VCVTUSI2SS : X_VCVTUSI2SD) | X_W, d, d, x);
    } else if (k.is_unsigned) {
        emit_rr(c, X_MOV_RM, t[0], x);
        emit_vrr(c, form | X_W, d, d, t[0]);
    } else {
        emit_vrr(c, form | k.w, d, d, x);
    }
    if (k.s.fbits) {
        fp_emit_scale(c, &k.s, d, d, -(int)k.s.fbits, t[0], factor);
    }
    if (half) {
        fp_halves_of(c, d, d);
    }
}

/* FJCVTZS: exact where the integer, converted back, is the same number bit by bit (so not for -0);
 * the host raises what Arm does, and gives the least integer for what does not fit. */
LOWER(FJS)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct x64_ool *o;
    unsigned z;

    x64_flags_clobber(c);
    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 1);
    z = x64_scratch(c);
    r.d = x64_def(c);
    emit_rr(c, X_VCVTTSD2SI, r.d, r.a);
    emit_ri(c, X_CMP_MI, r.d, 1); /* only the least integer less 1 overflows */
    o = fp_repair_general_if(c, CC_O, i, HELPER_fp_js, &r);
    emit_vrr(c, X_VPXOR, r.t[0], r.t[0], r.t[0]);
    emit_vrr(c, X_VCVTSI2SD, r.t[0], r.t[0], r.d);
    emit_vrr(c, X_VPCMPEQQ, r.t[0], r.t[0], r.a);
    emit_rr(c, X_VMOVQ_MR, r.t[0], z);
    emit_ri8(c, X_SHL_MI8 | X_W, z, 63);
    emit_ri8(c, X_SHR_MI8 | X_W, z, 31);
    emit_rr(c, X_OR_RM | X_W, r.d, z);
    o->back = c->p;
}
