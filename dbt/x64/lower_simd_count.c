/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits counted and reversed: CLZ, CLS, CNT, RBIT. */
#include "dbt/x64/simd.h"

/* A table of 16 bytes by half a byte. */
struct table {
    uint64_t low, high;
};

/* d: each byte's table entry of its low half, or of its high one. */
static void look_up(struct x64 *c, const struct table *table, bool high_half, unsigned d,
                    unsigned a)
{
    unsigned t = x64_scratch_xmm(c);

    if (high_half) {
        emit_vri(c, X_VPSRLW, d, a, 4);
    }
    emit_vrm(c, X_VPAND, d, high_half ? d : a, simd_const(c, 0, 0x0f));
    emit_rm(c, X_VMOVDQA_RM, t, x64_constant(c, table->low, table->high));
    emit_vrr(c, X_VPSHUFB, d, t, d);
}

/* Lanes of twice the size: what the lower half counts matters where the upper one, of a, is 0. */
static void join_halves(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned zero)
{
    unsigned t = x64_scratch_xmm(c), bits = 8u << size;

    simd_cmpeq(c, size, t, a, zero);
    simd_shr(c, size + 1, false, t, t, bits);
    emit_vrr(c, X_VPAND, t, t, d);
    simd_shr(c, size + 1, false, d, d, bits);
    simd_add(c, size + 1, d, d, t);
}

static void leading_zeros(struct x64 *c, unsigned size, unsigned d, unsigned a)
{
    static const struct table zeros = {0x0101010102020304, 0};
    unsigned zero, t;

    if (size == 2 && simd_avx512(c)) {
        emit_rr(c, X_VPLZCNTD, d, a);
        return;
    }
    zero = simd_zero(c);
    t = x64_scratch_xmm(c);
    emit_vri(c, X_VPSRLW, t, a, 4);
    emit_vrm(c, X_VPAND, t, t, simd_const(c, 0, 0x0f));
    simd_cmpeq(c, 0, t, t, zero); /* the upper half of the byte is 0 */
    look_up(c, &zeros, false, d, a);
    emit_vrr(c, X_VPAND, t, t, d);
    look_up(c, &zeros, true, d, a);
    simd_add(c, 0, d, d, t);
    for (unsigned from = 0; from < size; from++) {
        join_halves(c, from, d, a, zero);
    }
}

void simd_leading(struct x64 *c, const struct simd *s)
{
    unsigned a = x64_use(c, 0), d = x64_def(c), t = a;

    if (s->op == SIMD_CLS) { /* where neighbouring bits differ; the result is one less */
        t = x64_scratch_xmm(c);
        simd_shr(c, s->size, true, t, a, 1);
        emit_vrr(c, X_VPXOR, t, t, a);
    }
    leading_zeros(c, s->size, d, t);
    if (s->op == SIMD_CLS) {
        simd_add(c, s->size, d, d, simd_all(c));
    }
    simd_cut(c, d, s->bytes);
}

void simd_count(struct x64 *c, const struct simd *s)
{
    static const struct table ones = {0x0302020102010100, 0x0403030203020201};
    unsigned a = x64_use(c, 0), d = x64_def(c), t;

    if (c->env->features & X64_BITALG) {
        emit_rr(c, X_VPOPCNTB, d, a);
    } else {
        t = x64_scratch_xmm(c);
        look_up(c, &ones, false, t, a);
        look_up(c, &ones, true, d, a);
        simd_add(c, 0, d, d, t);
    }
    simd_cut(c, d, s->bytes);
}

void simd_reverse(struct x64 *c, const struct simd *s)
{
    static const struct table low = {0xe060a020c0408000, 0xf070b030d0509010};
    static const struct table high = {0x0e060a020c040800, 0x0f070b030d050901};
    unsigned a = x64_use(c, 0), d = x64_def(c), t;

    if (c->env->features & X64_GFNI) {
        emit_vrmi(c, X_VGF2P8AFFINEQB, d, a, simd_const(c, 3, GF2_REVERSE), 0);
    } else {
        t = x64_scratch_xmm(c);
        look_up(c, &low, false, t, a);
        look_up(c, &high, true, d, a);
        emit_vrr(c, X_VPOR, d, d, t);
    }
    simd_cut(c, d, s->bytes);
}
