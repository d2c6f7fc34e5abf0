/* SPDX-License-Identifier: BSD-2-Clause */
/* AES and carry-less products: the host's instructions, or the helper. */
#include "dbt/rt/helpers.h"
#include "dbt/x64/simd.h"

static bool falls_back(struct x64 *c, const struct ir_insn *i, uint32_t feature, enum crypto_op op)
{
    struct ir_insn call = *i;

    if (c->env->features & feature) {
        return false;
    }
    call.imm = IR_CALL_IMM(HELPER_crypto, op);
    lower_CALL_V128(c, &call);
    return true;
}

/* The host's last round with a key of zero is SubBytes and ShiftRows alone. */
static void last_round(struct x64 *c, x86_form form)
{
    unsigned state = x64_use(c, 0), key = x64_use(c, 1), zero = x64_scratch_xmm(c), d;

    emit_vrr(c, X_VPXOR, zero, zero, zero);
    d = x64_def_late(c);
    emit_vrr(c, X_VPXOR, d, state, key);
    emit_vrr(c, form, d, d, zero);
}

LOWER(VAESE)
{
    if (!falls_back(c, i, X64_AESNI, CRYPTO_AESE)) {
        last_round(c, X_VAESENCLAST);
    }
}

LOWER(VAESD)
{
    if (!falls_back(c, i, X64_AESNI, CRYPTO_AESD)) {
        last_round(c, X_VAESDECLAST);
    }
}

/* A whole round of the host adds its key at the end: none, since Arm's has added its own at the
 * start. */
static void whole_round(struct x64 *c, x86_form form)
{
    unsigned state = x64_use(c, 0), key = x64_use(c, 1), zero = simd_zero(c), d = x64_def_late(c);

    emit_vrr(c, X_VPXOR, d, state, key);
    emit_vrr(c, form, d, d, zero);
}

LOWER(VAESEMC)
{
    if (!falls_back(c, i, X64_AESNI, CRYPTO_AESEMC)) {
        whole_round(c, X_VAESENC);
    }
}

LOWER(VAESDIMC)
{
    if (!falls_back(c, i, X64_AESNI, CRYPTO_AESDIMC)) {
        whole_round(c, X_VAESDEC);
    }
}

/* A round that undoes the others' work first is MixColumns alone. */
LOWER(VAESMC)
{
    unsigned a, zero, d;

    if (falls_back(c, i, X64_AESNI, CRYPTO_AESMC)) {
        return;
    }
    a = x64_use(c, 0);
    zero = x64_scratch_xmm(c);
    emit_vrr(c, X_VPXOR, zero, zero, zero);
    d = x64_def_late(c);
    emit_vrr(c, X_VAESDECLAST, d, a, zero);
    emit_vrr(c, X_VAESENC, d, d, zero);
}

LOWER(VAESIMC)
{
    unsigned a;

    if (falls_back(c, i, X64_AESNI, CRYPTO_AESIMC)) {
        return;
    }
    a = x64_use(c, 0);
    emit_rr(c, X_VAESIMC, x64_def_late(c), a);
}

LOWER(VPMULL64)
{
    unsigned a, b;

    if (falls_back(c, i, X64_PCLMUL, i->imm ? CRYPTO_PMULL64_HIGH : CRYPTO_PMULL64)) {
        return;
    }
    a = x64_use(c, 0);
    b = x64_use(c, 1);
    emit_vrri(c, X_VPCLMULQDQ, x64_def_late(c), a, b, i->imm ? 0x11 : 0);
}
