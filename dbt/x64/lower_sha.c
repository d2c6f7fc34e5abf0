/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-1 and SHA-256 on the host's SHA unit. */
/*
 * Arm keeps a hash's words in ascending lanes, a b c d and e f g h; the host has them descending,
 * as A B E F and C D G H. Arm's programs add the round constants, the host's SHA1RNDS4 adds its
 * own.
 */
#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/x64.h"

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

LOWER(VSHA)
{
    struct ir_insn call = *i;

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
