/* SPDX-License-Identifier: BSD-2-Clause */
/* Half precision to and from integers of 16 bits, by way of single. */
/*
 * All of both fit a single exactly, scaled by up to 2^16 too: what rounds is one step alone. A
 * number of 11 bits that is out of an integer's range is integral, so that the rounding may raise
 * Inexact before the check; but a negative one is not where the integer is unsigned.
 */
#include "dbt/x64/lower_fp.h"

#define HIGH_HALF 0xee /* VPSHUFD */

/* The two or one groups of four lanes. */
static unsigned quads_of(const struct fp_shape *s)
{
    return s->lanes == 8 ? 2 : 1;
}

/* factor = 2^exp in all lanes; t: a general register. */
static void load_factor(struct x64 *c, unsigned factor, int exp, unsigned t)
{
    emit_const(c, t, (uint64_t)(127 + exp) << 23);
    emit_rr(c, X_VMOVD_RM, factor, t);
    emit_rr(c, X_VPBROADCASTD, factor, factor);
}

static void halves_from_integers(struct x64 *c, const struct fp_shape *s)
{
    x86_form widen = s->op == FP_FROMU ? X_VPMOVZXWD : X_VPMOVSXWD;
    unsigned a = fp_only_lanes(c, s, 0), factor = x64_scratch_xmm(c), t = x64_scratch(c),
             q = x64_scratch_xmm(c), d = x64_def(c);

    if (s->fbits) {
        load_factor(c, factor, -(int)s->fbits, t);
    }
    for (unsigned n = 0; n < quads_of(s); n++) {
        if (n) {
            emit_rri(c, X_VPSHUFD, q, a, HIGH_HALF);
        }
        emit_rr(c, widen, q, n ? q : a);
        emit_rr(c, X_VCVTDQ2PS, q, q);
        if (s->fbits) {
            emit_vrr(c, X_VMULPS, q, q, factor);
        }
        fp_halves_of(c, n ? q : d, q);
        if (n) {
            emit_vrr(c, X_VPUNPCKLQDQ, d, d, q);
        }
    }
}

/* d = the words of q[0] and q[1], saturated. NE where that changed one; t: temporaries. */
static enum x86_cc pack_words(struct x64 *c, const struct fp_shape *s, unsigned d,
                              const unsigned q[2], const unsigned t[2])
{
    bool is_unsigned = s->op == FP_TOU, two = quads_of(s) == 2;
    x86_form widen = is_unsigned ? X_VPMOVZXWD : X_VPMOVSXWD;

    emit_vrr(c, is_unsigned ? X_VPACKUSDW : X_VPACKSSDW, d, q[0], q[two]);
    emit_rr(c, widen, t[0], d);
    emit_vrr(c, X_VPXOR, t[0], t[0], q[0]);
    if (two) {
        emit_rri(c, X_VPSHUFD, t[1], d, HIGH_HALF);
        emit_rr(c, widen, t[1], t[1]);
        emit_vrr(c, X_VPXOR, t[1], t[1], q[1]);
        emit_vrr(c, X_VPOR, t[0], t[0], t[1]);
    } else {
        fp_clear_above(c, d, d, 8);
    }
    emit_rr(c, X_VPTEST, t[0], t[0]);
    return CC_NE;
}

/* q = the integers of singles x, which are kept; rounded without a flag unless loud. */
static void round_quad(struct x64 *c, const struct fp_shape *s, unsigned q, unsigned x, bool loud)
{
    unsigned from = x;

    if (fp_is_tie_away(s)) {
        emit_vrm(c, X_VPOR, q, x, FP_CONST(ODD, FP_SINGLE));
        from = q;
    }
    if (!loud || s->aux != FP_ZERO) { /* the conversion itself truncates, and is loud */
        emit_rri(c, X_VROUNDPS, q, from, fp_host_rounding(s->aux, loud));
        from = q;
    }
    emit_rr(c, X_VCVTTPS2DQ, q, from);
}

static void integers_from_halves(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    bool loud = s->op == FP_TOS && !fp_is_tie_away(s);
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    unsigned single[2], q[2], x;
    struct x64_ool *o;

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 2);
    for (unsigned n = 0; n < quads_of(s); n++) {
        single[n] = x64_scratch_xmm(c);
        q[n] = x64_scratch_xmm(c);
    }
    x = x64_scratch(c);
    r.d = x64_def(c);
    if (s->fbits) {
        load_factor(c, r.t[0], (int)s->fbits, x);
    }
    for (unsigned n = 0; n < quads_of(s); n++) {
        fp_singles_of(c, s->lanes, single[n], r.a, n);
        if (s->fbits) {
            emit_vrr(c, X_VMULPS, single[n], single[n], r.t[0]);
        }
        round_quad(c, s, q[n], single[n], loud);
    }
    o = fp_repair_if(c, pack_words(c, s, r.d, q, r.t), i, HELPER_fp, &r);
    for (unsigned n = 0; n < quads_of(s) && !loud; n++) {
        emit_rri(c, X_VROUNDPS, q[n], single[n], fp_host_rounding(FP_TIEEVEN, true));
    }
    o->back = c->p;
}

bool fp_lower_half_int(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    switch (s->op) {
    case FP_FROMS:
    case FP_FROMU: halves_from_integers(c, s); return true;
    case FP_TOS:
    case FP_TOU: integers_from_halves(c, i, s); return true;
    default: return false;
    }
}
