/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector arithmetic: bits, integer lanes, shifts. */
#include "dbt/x64/simd.h"

/* d = arg0 OP arg1 by one instruction. */
static void binary(struct x64 *c, x86_form form)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1);

    emit_vrr(c, form, x64_def_late(c), a, b);
}

#define BINARY(name, ...)                                                                          \
    LOWER(name)                                                                                    \
    {                                                                                              \
        static const x86_form forms[] = {__VA_ARGS__};                                             \
                                                                                                   \
        binary(c, forms[i->aux]);                                                                  \
    }

BINARY(VAND, X_VPAND, X_VPAND, X_VPAND, X_VPAND)
BINARY(VOR, X_VPOR, X_VPOR, X_VPOR, X_VPOR)
BINARY(VXOR, X_VPXOR, X_VPXOR, X_VPXOR, X_VPXOR)
BINARY(VADD, X_VPADDB, X_VPADDW, X_VPADDD, X_VPADDQ)
BINARY(VSUB, X_VPSUBB, X_VPSUBW, X_VPSUBD, X_VPSUBQ)
BINARY(VSMULL, 0, 0, 0, X_VPMULDQ)
BINARY(VUMULL, 0, 0, 0, X_VPMULUDQ)
BINARY(VCMPEQ, X_VPCMPEQB, X_VPCMPEQW, X_VPCMPEQD, X_VPCMPEQQ)
BINARY(VCMPGT, X_VPCMPGTB, X_VPCMPGTW, X_VPCMPGTD, X_VPCMPGTQ)
BINARY(VSMAX, X_VPMAXSB, X_VPMAXSW, X_VPMAXSD)
BINARY(VSMIN, X_VPMINSB, X_VPMINSW, X_VPMINSD)
BINARY(VUMAX, X_VPMAXUB, X_VPMAXUW, X_VPMAXUD)
BINARY(VUMIN, X_VPMINUB, X_VPMINUW, X_VPMINUD)

LOWER(VANDN)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1);

    emit_vrr(c, X_VPANDN, x64_def_late(c), b, a); /* the host complements its first operand */
}

LOWER(VBSL)
{
    unsigned mask, yes, no, t, d;

    if (c->env->features & X64_AVX512VL) {
        yes = x64_use(c, 1);
        no = x64_use(c, 2);
        emit_vrri(c, X_VPTERNLOGQ, x64_def_from(c, 0), yes, no, 0xca); /* dst ? yes : no */
        return;
    }
    mask = x64_use(c, 0);
    yes = x64_use(c, 1);
    no = x64_use(c, 2);
    t = x64_scratch_xmm(c);
    emit_vrr(c, X_VPAND, t, mask, yes);
    d = x64_def_late(c);
    emit_vrr(c, X_VPANDN, d, mask, no);
    emit_vrr(c, X_VPOR, d, d, t);
}

LOWER(VXOR3)
{
    unsigned x = x64_use(c, 1), y = x64_use(c, 2), d = x64_def_from(c, 0);

    if (simd_avx512(c)) {
        emit_vrri(c, X_VPTERNLOGQ, d, x, y, 0x96);
    } else {
        emit_vrr(c, X_VPXOR, d, d, x);
        emit_vrr(c, X_VPXOR, d, d, y);
    }
}

LOWER(VBCAX)
{
    unsigned x = x64_use(c, 1), y = x64_use(c, 2), d, t;

    if (simd_avx512(c)) {
        emit_vrri(c, X_VPTERNLOGQ, x64_def_from(c, 0), x, y, 0xb4); /* dst ^ (x & ~y) */
        return;
    }
    t = x64_scratch_xmm(c);
    emit_vrr(c, X_VPANDN, t, y, x);
    d = x64_def_from(c, 0);
    emit_vrr(c, X_VPXOR, d, d, t);
}

/* Products of bytes: of the even ones and of the odd ones as words. */
static void multiply_bytes(struct x64 *c)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t = x64_scratch_xmm(c), d = x64_def(c);

    emit_vri(c, X_VPSRLW, t, a, 8);
    emit_vri(c, X_VPSRLW, d, b, 8);
    emit_vrr(c, X_VPMULLW, t, t, d);
    emit_vri(c, X_VPSLLW, t, t, 8);
    emit_vrr(c, X_VPMULLW, d, a, b);
    emit_vri(c, X_VPSLLW, d, d, 8);
    emit_vri(c, X_VPSRLW, d, d, 8);
    emit_vrr(c, X_VPOR, d, d, t);
}

LOWER(VMULLH)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t = x64_scratch_xmm(c), d = x64_def(c);

    emit_vrr(c, i->imm & 2 ? X_VPMULHUW : X_VPMULHW, t, a, b);
    emit_vrr(c, X_VPMULLW, d, a, b);
    emit_vrr(c, i->imm & 1 ? X_VPUNPCKHWD : X_VPUNPCKLWD, d, d, t);
}

LOWER(VMUL)
{
    if (i->aux == 0) {
        multiply_bytes(c);
    } else {
        binary(c, i->aux == 1 ? X_VPMULLW : X_VPMULLD);
    }
}

/* --- shifts --- */
LOWER(VSHL)
{
    unsigned a = x64_use(c, 0);

    simd_shl(c, i->aux, x64_def_late(c), a, (unsigned)i->imm);
}

LOWER(VUSHR)
{
    unsigned a = x64_use(c, 0);

    simd_shr(c, i->aux, false, x64_def_late(c), a, (unsigned)i->imm);
}

LOWER(VSSHR)
{
    unsigned a = x64_use(c, 0);

    simd_shr(c, i->aux, true, x64_def_late(c), a, (unsigned)i->imm);
}

LOWER(VROR)
{
    unsigned a = x64_use(c, 0), t, d, n = (unsigned)i->imm;

    if (simd_avx512(c)) {
        emit_vri(c, i->aux == 2 ? X_VPRORD : X_VPRORQ, x64_def_late(c), a, n);
        return;
    }
    t = x64_scratch_xmm(c);
    d = x64_def(c);
    simd_shr(c, i->aux, false, t, a, n);
    simd_shl(c, i->aux, d, a, (8u << i->aux) - n);
    emit_vrr(c, X_VPOR, d, d, t);
}

/* --- sums of neighbours --- */
LOWER(VADDLP)
{
    bool is_unsigned = i->imm;
    unsigned size = i->aux, bits = 8u << size, a = x64_use(c, 0), t, d = x64_def(c);

    if (size == 0 && is_unsigned) {
        emit_vrm(c, X_VPMADDUBSW, d, a, simd_const(c, 0, 1));
    } else if (size == 0) {
        emit_rm(c, X_VMOVDQA_RM, d, simd_const(c, 0, 1)); /* the host's first operand is unsigned */
        emit_vrr(c, X_VPMADDUBSW, d, d, a);
    } else if (size == 1 && !is_unsigned) {
        emit_vrm(c, X_VPMADDWD, d, a, simd_const(c, 1, 1));
    } else {
        t = x64_scratch_xmm(c);
        simd_shr(c, size + 1, !is_unsigned, t, a, bits);
        if (is_unsigned) {
            emit_vrm(c, X_VPAND, d, a, simd_const(c, size + 1, MASK(bits - 1, 0)));
        } else {
            simd_shl(c, size + 1, d, a, bits);
            simd_shr(c, size + 1, true, d, d, bits);
        }
        simd_add(c, size + 1, d, d, t);
    }
}

LOWER(VSUMB)
{
    unsigned a = x64_use(c, 0), zero = simd_zero(c);

    emit_vrr(c, X_VPSADBW, x64_def_late(c), a, zero);
}
