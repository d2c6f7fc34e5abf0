/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector arithmetic: bits, integer lanes, shifts, AES, carry-less products. */
#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/x64.h"

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

LOWER(VMUL)
{
    if (i->aux == 0) {
        multiply_bytes(c);
    } else {
        binary(c, i->aux == 1 ? X_VPMULLW : X_VPMULLD);
    }
}

/* --- shifts
 * ------------------------------------------------------------------------------------------- */
/* A scratch register with the byte in all lanes. */
static unsigned all_bytes(struct x64 *c, unsigned byte)
{
    unsigned t = x64_scratch(c), x = x64_scratch_xmm(c);

    emit_const(c, t, byte * UINT32_C(0x01010101));
    emit_rr(c, X_VMOVD_RM, x, t);
    emit_rr(c, X_VPBROADCASTD, x, x);
    return x;
}

/* Bytes are shifted as words; what came from the neighbour is cut off. */
static unsigned shift_bytes(struct x64 *c, x86_form form, unsigned amount, unsigned keep)
{
    unsigned a = x64_use(c, 0), mask = all_bytes(c, keep & 0xff), d = x64_def(c);

    emit_vri(c, form, d, a, amount);
    emit_vrr(c, X_VPAND, d, d, mask);
    return d;
}

static void shift(struct x64 *c, x86_form form, uint64_t amount)
{
    unsigned a = x64_use(c, 0);

    emit_vri(c, form, x64_def_late(c), a, (unsigned)amount);
}

LOWER(VSHL)
{
    static const x86_form forms[] = {0, X_VPSLLW, X_VPSLLD, X_VPSLLQ};

    if (i->aux == 0) {
        shift_bytes(c, X_VPSLLW, (unsigned)i->imm, 0xffu << i->imm);
    } else {
        shift(c, forms[i->aux], i->imm);
    }
}

LOWER(VUSHR)
{
    static const x86_form forms[] = {0, X_VPSRLW, X_VPSRLD, X_VPSRLQ};

    if (i->aux == 0) {
        shift_bytes(c, X_VPSRLW, (unsigned)i->imm, 0xffu >> i->imm);
    } else {
        shift(c, forms[i->aux], i->imm);
    }
}

/* The sign bit, moved down by a logical shift, is spread by (x ^ s) - s. */
static void shift_signed_bytes(struct x64 *c, unsigned amount)
{
    unsigned d = shift_bytes(c, X_VPSRLW, amount, 0xffu >> amount),
             s = all_bytes(c, 0x80u >> amount);

    emit_vrr(c, X_VPXOR, d, d, s);
    emit_vrr(c, X_VPSUBB, d, d, s);
}

/* AVX2 has no arithmetic shift of 64 bits: the sign's ones are put above a logical one. */
static void shift_signed_quads(struct x64 *c, unsigned amount)
{
    unsigned a, s, d;

    if (c->env->features & X64_AVX512VL) {
        shift(c, X_VPSRAQ, amount);
        return;
    }
    a = x64_use(c, 0);
    s = x64_scratch_xmm(c);
    d = x64_def(c);
    emit_vrr(c, X_VPXOR, s, s, s);
    emit_vrr(c, X_VPCMPGTQ, s, s, a);
    emit_vri(c, X_VPSRLQ, d, a, amount);
    emit_vri(c, X_VPSLLQ, s, s, 64 - amount);
    emit_vrr(c, X_VPOR, d, d, s);
}

LOWER(VSSHR)
{
    unsigned amount = MIN((unsigned)i->imm, (8u << i->aux) - 1); /* all sign from there on */

    switch (i->aux) {
    case 0: shift_signed_bytes(c, amount); break;
    case 1: shift(c, X_VPSRAW, amount); break;
    case 2: shift(c, X_VPSRAD, amount); break;
    default: shift_signed_quads(c, amount); break;
    }
}

/* --- crypto: the host's instructions, or the helper
 * ----------------------------------------------------- */
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

    if (falls_back(c, i, X64_PCLMUL, CRYPTO_PMULL64)) {
        return;
    }
    a = x64_use(c, 0);
    b = x64_use(c, 1);
    emit_vrri(c, X_VPCLMULQDQ, x64_def_late(c), a, b, 0);
}
