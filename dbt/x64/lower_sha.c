/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-1 and SHA-256 on the host's SHA unit, SHA-512 on its vector units. */
/*
 * Arm keeps a hash's words in ascending lanes, a b c d and e f g h; the host has them descending,
 * as A B E F and C D G H. Arm's programs add the round constants, the host's SHA1RNDS4 adds its
 * own.
 */
#include "dbt/rt/helpers.h"
#include "dbt/x64/simd.h"

#define SWAP_PAIRS 0xb1 /* VPSHUFD: lanes 1 0 3 2 */
#define REVERSE    0x1b /* 3 2 1 0 */

/* Four rounds from abcd and efgh; the new abcd or efgh. */
static void sha256_rounds(struct x64 *c, unsigned abcd_arg, bool want_abcd)
{
    unsigned abcd, efgh, w, abef, cdgh, d;

    x64_take(c, XMM_FIRST + 0); /* SHA256RNDS2's third operand */
    abcd = x64_use(c, abcd_arg);
    efgh = x64_use(c, 1 - abcd_arg);
    w = x64_use(c, 2);
    abef = x64_scratch_xmm(c);
    cdgh = x64_scratch_xmm(c);
    d = x64_def(c);
    emit_rri(c, X_VPSHUFD, d, abcd, SWAP_PAIRS);
    emit_rri(c, X_VPSHUFD, cdgh, efgh, SWAP_PAIRS);
    emit_vrr(c, X_VPUNPCKLQDQ, abef, cdgh, d);
    emit_vrr(c, X_VPUNPCKHQDQ, cdgh, cdgh, d);
    emit_rr(c, X_VMOVDQA_RM, 0, w);
    emit_rr(c, X_SHA256RNDS2, cdgh, abef);
    emit_rri(c, X_VPSHUFD, 0, 0, 0xee);
    emit_rr(c, X_SHA256RNDS2, abef, cdgh); /* now abef is A B E F again, cdgh what it was before */
    emit_vrr(c, want_abcd ? X_VPUNPCKHQDQ : X_VPUNPCKLQDQ, d, abef, cdgh);
    emit_rri(c, X_VPSHUFD, d, d, SWAP_PAIRS);
}

static void sha256_su0(struct x64 *c)
{
    unsigned n = x64_use(c, 1);

    emit_rr(c, X_SHA256MSG1, x64_def_from(c, 0), n);
}

static void sha256_su1(struct x64 *c)
{
    unsigned n = x64_use(c, 1), m = x64_use(c, 2), t = x64_scratch_xmm(c), d = x64_def_from(c, 0);

    emit_vrri(c, X_VPALIGNR, t, m, n, 4);
    emit_vrr(c, X_VPADDD, d, d, t);
    emit_rr(c, X_SHA256MSG2, d, m);
}

/* Four rounds of the function that imm picks; its constant is taken away from w first. */
static void sha1_rounds(struct x64 *c, unsigned imm, uint32_t constant)
{
    unsigned abcd = x64_use(c, 0), e = x64_use(c, 1), w = x64_use(c, 2);
    unsigned k = x64_scratch(c), t = x64_scratch_xmm(c), d = x64_def(c);

    emit_const(c, k, constant);
    emit_rr(c, X_VMOVD_RM, t, k);
    emit_rr(c, X_VPBROADCASTD, t, t);
    emit_vrr(c, X_VPSUBD, t, w, t);
    emit_vrr(c, X_VPXOR, d, d, d);
    emit_vrri(c, X_VPBLENDW, d, d, e, 3); /* e goes to the first word */
    emit_vrr(c, X_VPADDD, t, t, d);
    emit_rri(c, X_VPSHUFD, t, t, REVERSE);
    emit_rri(c, X_VPSHUFD, d, abcd, REVERSE);
    emit_rri(c, X_SHA1RNDS4, d, t, imm);
    emit_rri(c, X_VPSHUFD, d, d, REVERSE);
}

/* --- SHA-512: in doubleword lanes; VPTERNLOG does any function of three, VPRORQ a rotation --- */
/* d = a rotated to the right by r[0], r[1] and r[2], or shifted by the last; combined by XOR. */
static void sigma(struct x64 *c, unsigned d, unsigned a, const uint8_t r[3], bool shifts)
{
    uint32_t scratch = c->scratch;
    unsigned t = x64_scratch_xmm(c), u;

    if (simd_avx512(c)) {
        u = x64_scratch_xmm(c);
        emit_vri(c, X_VPRORQ, d, a, r[0]);
        emit_vri(c, X_VPRORQ, t, a, r[1]);
        emit_vri(c, shifts ? X_VPSRLQ : X_VPRORQ, u, a, r[2]);
        emit_vrri(c, X_VPTERNLOGQ, d, t, u, 0x96);
    } else {
        emit_vri(c, X_VPSRLQ, d, a, r[2]);
        for (unsigned n = 0; n < 3; n++) {
            if (n < 2) {
                emit_vri(c, X_VPSRLQ, t, a, r[n]);
                emit_vrr(c, X_VPXOR, d, d, t);
            }
            if (n < 2 || !shifts) {
                emit_vri(c, X_VPSLLQ, t, a, 64u - r[n]);
                emit_vrr(c, X_VPXOR, d, d, t);
            }
        }
    }
    x64_scratch_drop(c, scratch);
}

/* d = x ? y : z, or the majority of the three; d is none of them. */
static void choose(struct x64 *c, bool majority, unsigned d, unsigned x, unsigned y, unsigned z)
{
    uint32_t scratch = c->scratch;
    unsigned t;

    if (simd_avx512(c)) {
        emit_rr(c, X_VMOVDQA_RM, d, x);
        emit_vrri(c, X_VPTERNLOGQ, d, y, z, majority ? 0xe8 : 0xca);
        return;
    }
    t = x64_scratch_xmm(c);
    if (majority) { /* (x & y) | (z & (x | y)) */
        emit_vrr(c, X_VPOR, t, x, y);
        emit_vrr(c, X_VPAND, t, t, z);
        emit_vrr(c, X_VPAND, d, x, y);
    } else {
        emit_vrr(c, X_VPANDN, t, x, z);
        emit_vrr(c, X_VPAND, d, x, y);
    }
    emit_vrr(c, X_VPOR, d, d, t);
    x64_scratch_drop(c, scratch);
}

/* SHA512H and SHA512H2: the high doubleword, from which the low one follows. w = Vd, x = Vn, y =
 * Vm. */
static void sha512_hash(struct x64 *c, bool second)
{
    static const uint8_t sigma1[3] = {14, 18, 41}, sigma0[3] = {28, 34, 39};
    const uint8_t *r = second ? sigma0 : sigma1;
    unsigned w = x64_use(c, 0), x = x64_use(c, 1), y = x64_use(c, 2), d = x64_def(c);
    unsigned x0 = x64_scratch_xmm(c), other = x64_scratch_xmm(c), y1 = x64_scratch_xmm(c),
             high = x64_scratch_xmm(c), t = x64_scratch_xmm(c);

    emit_vrr(c, X_VPUNPCKLQDQ, x0, x, x);
    emit_vrr(c, X_VPUNPCKHQDQ, y1, y, y);
    if (second) {
        emit_vrr(c, X_VPUNPCKLQDQ, other, y, y);
        choose(c, true, high, x0, other, y1);
    } else {
        emit_vrr(c, X_VPUNPCKHQDQ, other, x, x);
        choose(c, false, high, y1, x0, other);
    }
    sigma(c, t, second ? other : y1, r, false);
    emit_vrr(c, X_VPADDQ, high, high, t);
    emit_vrr(c, X_VPUNPCKHQDQ, t, w, w);
    emit_vrr(c, X_VPADDQ, high, high, t);
    if (second) {
        choose(c, true, d, high, other, y1);
        sigma(c, t, high, r, false);
    } else {
        emit_vrr(c, X_VPADDQ, other, high, y);
        choose(c, false, d, other, y1, x0);
        sigma(c, t, other, r, false);
    }
    emit_vrr(c, X_VPADDQ, d, d, t);
    emit_vrr(c, X_VPADDQ, d, d, w);
    emit_vrr(c, X_VPUNPCKLQDQ, d, d, high);
}

static void sha512_su0(struct x64 *c)
{
    static const uint8_t r[3] = {1, 8, 7};
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t = x64_scratch_xmm(c), d = x64_def(c);

    emit_vrri(c, X_VPALIGNR, t, b, a, 8);
    sigma(c, d, t, r, true);
    emit_vrr(c, X_VPADDQ, d, d, a);
}

static void sha512_su1(struct x64 *c)
{
    static const uint8_t r[3] = {19, 61, 6};
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), m = x64_use(c, 2), d = x64_def(c);

    sigma(c, d, b, r, true);
    emit_vrr(c, X_VPADDQ, d, d, a);
    emit_vrr(c, X_VPADDQ, d, d, m);
}

static bool sha512(struct x64 *c, enum crypto_op op)
{
    switch (op) {
    case CRYPTO_SHA512H: sha512_hash(c, false); break;
    case CRYPTO_SHA512H2: sha512_hash(c, true); break;
    case CRYPTO_SHA512SU0: sha512_su0(c); break;
    case CRYPTO_SHA512SU1: sha512_su1(c); break;
    default: return false;
    }
    return true;
}

LOWER(VSHA)
{
    struct ir_insn call = *i;

    if (sha512(c, (enum crypto_op)i->imm)) {
        return;
    }
    if (!(c->env->features & X64_SHA)) {
        call.imm = IR_CALL_IMM(HELPER_crypto, i->imm);
        lower_CALL_V128(c, &call);
        return;
    }
    switch ((enum crypto_op)i->imm) {
    case CRYPTO_SHA256H: sha256_rounds(c, 0, true); break;
    case CRYPTO_SHA256H2: sha256_rounds(c, 1, false); break;
    case CRYPTO_SHA256SU0: sha256_su0(c); break;
    case CRYPTO_SHA256SU1: sha256_su1(c); break;
    case CRYPTO_SHA1C: sha1_rounds(c, 0, 0x5a827999); break;
    case CRYPTO_SHA1P: sha1_rounds(c, 1, 0x6ed9eba1); break;
    case CRYPTO_SHA1M: sha1_rounds(c, 2, 0x8f1bbcdc); break;
    default: __builtin_trap(); /* no row has another: our bug */
    }
}
