/* SPDX-License-Identifier: BSD-2-Clause */
/* Saturating narrowing: SQXTN, UQXTN, SQXTUN and the shifts to the right that narrow. */
#include "dbt/x64/simd.h"

struct kind {
    bool from_unsigned, to_unsigned, rounds;
};

static struct kind kind_of(enum simd_op op)
{
    return (struct kind){
        .from_unsigned = op == SIMD_UQSHRN || op == SIMD_UQRSHRN,
        .to_unsigned = op != SIMD_SQSHRN && op != SIMD_SQRSHRN,
        .rounds = op == SIMD_SQRSHRN || op == SIMD_UQRSHRN || op == SIMD_SQRSHRUN,
    };
}

/* QC where the result, made wide again, is not v. */
static void compare_widened(struct x64 *c, const struct simd *s, x86_form widen, unsigned d,
                            unsigned v)
{
    unsigned t = x64_scratch_xmm(c);

    emit_rr(c, widen, t, d);
    emit_vrr(c, X_VPXOR, t, t, v);
    simd_qc(c, t, 2 * s->bytes);
}

/* To bytes and halfwords: the host's packing takes signed numbers. */
static void pack(struct x64 *c, const struct simd *s, struct kind kind, unsigned d, unsigned v)
{
    static const x86_form packs[2][2] = {{X_VPACKSSWB, X_VPACKSSDW}, {X_VPACKUSWB, X_VPACKUSDW}};
    static const x86_form widens[2][2] = {{X_VPMOVSXBW, X_VPMOVSXWD}, {X_VPMOVZXBW, X_VPMOVZXWD}};
    unsigned zero = simd_zero(c), t;

    if (kind.from_unsigned) {
        t = x64_scratch_xmm(c);
        emit_vrm(c, s->size == 0 ? X_VPMINUW : X_VPMINUD, t, v,
                 simd_const(c, s->size + 1, MASK((8u << s->size) - 1, 0)));
        emit_vrr(c, packs[1][s->size], d, t, zero);
        emit_vrr(c, X_VPXOR, t, t, v);
        simd_qc(c, t, 2 * s->bytes);
    } else {
        emit_vrr(c, packs[kind.to_unsigned][s->size], d, v, zero);
        compare_widened(c, s, widens[kind.to_unsigned][s->size], d, v);
    }
}

/* To words with AVX-512. */
static void move_saturated(struct x64 *c, const struct simd *s, struct kind kind, unsigned d,
                           unsigned v)
{
    unsigned t = v;

    if (kind.to_unsigned && !kind.from_unsigned) {
        t = simd_zero(c);
        emit_vrr(c, X_VPMAXSQ, t, t, v);
    }
    emit_rr(c, kind.to_unsigned ? X_VPMOVUSQD : X_VPMOVSQD, t, d);
    compare_widened(c, s, kind.to_unsigned ? X_VPMOVZXDQ : X_VPMOVSXDQ, d, v);
}

/* To words without: a number fits if its high half is the low one's sign, or zero. */
static void select_words(struct x64 *c, const struct simd *s, struct kind kind, unsigned d,
                         unsigned v)
{
    unsigned zero = simd_zero(c), high = x64_scratch_xmm(c), fits = x64_scratch_xmm(c);

    emit_vrri(c, X_VSHUFPS, d, v, zero, 0x88);
    emit_vrri(c, X_VSHUFPS, high, v, zero, 0xdd);
    if (kind.to_unsigned) {
        emit_vrr(c, X_VPCMPEQD, fits, high, zero);
    } else {
        emit_vri(c, X_VPSRAD, fits, d, 31);
        emit_vrr(c, X_VPCMPEQD, fits, fits, high);
    }
    if (kind.from_unsigned) {
        emit_vrm(c, X_VPXOR, fits, fits, simd_ones(c));
        emit_vrr(c, X_VPOR, d, d, fits);
    } else {
        emit_vri(c, X_VPSRAD, high, high, 31);
        emit_vrm(c, X_VPXOR, high, high, kind.to_unsigned ? simd_ones(c) : simd_max(c, 2));
        simd_blend(c, 2, d, high, d, fits);
        emit_vrm(c, X_VPXOR, fits, fits, simd_ones(c));
    }
    simd_qc(c, fits, s->bytes);
}

void simd_narrow(struct x64 *c, const struct simd *s)
{
    struct kind kind = kind_of(s->op);
    unsigned v = x64_use(c, 0), d = x64_def(c), t;

    if (s->shift) {
        t = x64_scratch_xmm(c);
        (kind.rounds ? simd_round_shr : simd_shr)(c, s->size + 1, !kind.from_unsigned, t, v,
                                                  s->shift);
        v = t;
    }
    if (s->size < 2) {
        pack(c, s, kind, d, v);
    } else if (simd_avx512(c)) {
        move_saturated(c, s, kind, d, v);
    } else {
        select_words(c, s, kind, d, v);
    }
    if (s->bytes < 8) {
        simd_cut(c, d, s->bytes);
    }
}
