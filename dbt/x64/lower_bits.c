/* SPDX-License-Identifier: BSD-2-Clause */
/* Bit counts and orders, CRC. */
#include "dbt/x64/simd.h"

#define W(wide) ((wide) ? X_W : 0u)

/* --- counts and orders
 * ---------------------------------------------------------------------------------- */
static void count_zeros(struct x64 *c, x86_form form)
{
    unsigned x;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    emit_rr(c, form, x64_def_late(c), x);
}

LOWER(CLZ32)
{
    count_zeros(c, X_LZCNT_RM);
}

LOWER(CLZ64)
{
    count_zeros(c, X_LZCNT_RM | X_W);
}

LOWER(CTZ32)
{
    count_zeros(c, X_TZCNT_RM);
}

LOWER(CTZ64)
{
    count_zeros(c, X_TZCNT_RM | X_W);
}

LOWER(BSWAP32)
{
    emit_o(c, X_BSWAP_O, x64_def_from(c, 0));
}

LOWER(BSWAP64)
{
    emit_o(c, X_BSWAP_O | X_W, x64_def_from(c, 0));
}

LOWER(BSWAP32_64)
{
    unsigned d = x64_def_from(c, 0);

    emit_o(c, X_BSWAP_O | X_W, d);
    emit_rri(c, X_RORX_RMI | X_W, d, d, 32);
}

/* Exchanges neighbouring groups of `by` bits in d; mask has the lower group of each pair. */
static void swap_groups(struct x64 *c, unsigned d, unsigned by, uint64_t mask, bool wide)
{
    unsigned m = x64_scratch(c), t = x64_scratch(c), w = W(wide);

    emit_const(c, m, wide ? mask : (uint32_t)mask);
    emit_rr(c, X_MOV_RM | w, t, d);
    emit_ri8(c, X_SHR_MI8 | w, t, by);
    emit_rr(c, X_AND_RM | w, t, m);
    emit_rr(c, X_AND_RM | w, d, m);
    emit_ri8(c, X_SHL_MI8 | w, d, by);
    emit_rr(c, X_OR_RM | w, d, t);
}

static void swap_halfword_bytes(struct x64 *c, bool wide)
{
    x64_flags_clobber(c);
    swap_groups(c, x64_def_from(c, 0), 8, UINT64_C(0x00ff00ff00ff00ff), wide);
}

LOWER(BSWAP16_32)
{
    swap_halfword_bytes(c, false);
}

LOWER(BSWAP16_64)
{
    swap_halfword_bytes(c, true);
}

/* The bits of each byte by the vector unit. */
static void reverse_by_affine(struct x64 *c, bool wide)
{
    unsigned x = x64_use(c, 0), t = x64_scratch_xmm(c), d = x64_def_late(c);

    emit_rr(c, wide ? X_VMOVQ_RM : X_VMOVD_RM, t, x);
    emit_vrmi(c, X_VGF2P8AFFINEQB, t, t, x64_constant(c, GF2_REVERSE, GF2_REVERSE), 0);
    emit_rr(c, wide ? X_VMOVQ_MR : X_VMOVD_MR, t, d);
    emit_o(c, X_BSWAP_O | W(wide), d);
}

static void reverse_bits(struct x64 *c, bool wide)
{
    unsigned d;

    if (c->env->features & X64_GFNI) {
        reverse_by_affine(c, wide);
        return;
    }
    x64_flags_clobber(c);
    d = x64_def_from(c, 0);
    emit_o(c, X_BSWAP_O | W(wide), d);
    swap_groups(c, d, 4, UINT64_C(0x0f0f0f0f0f0f0f0f), wide);
    swap_groups(c, d, 2, UINT64_C(0x3333333333333333), wide);
    swap_groups(c, d, 1, UINT64_C(0x5555555555555555), wide);
}

LOWER(RBIT32)
{
    reverse_bits(c, false);
}

LOWER(RBIT64)
{
    reverse_bits(c, true);
}

/* --- CRC
 * --------------------------------------------------------------------------------------------------
 */
LOWER(CRC32C)
{
    static const uint32_t form[9] = {
        [1] = X_CRC32_RM8, [2] = X_CRC32_RM16, [4] = X_CRC32_RM, [8] = X_CRC32_RM | X_W};
    unsigned data = x64_use(c, 1);

    emit_rr(c, form[i->aux], x64_def_from(c, 0), data);
}

/*
 * One step of up to 32 bits: d is the accumulator, and gets the new one; x and t are free. Barrett
 * reduction in the bit-reflected domain: mu = floor(x^64 / P), both constants reflected (Gopal et
 * al., Fast CRC computation using PCLMULQDQ).
 */
static void crc_step(struct x64 *c, unsigned d, unsigned t, unsigned x, unsigned nbits)
{
    struct x86_mem mu_and_p = x64_constant(c, UINT64_C(0x1f7011641), UINT64_C(0x1db710641));

    emit_ri8(c, X_SHL_MI8 | X_W, d, 32 - nbits);
    emit_rr(c, X_VMOVD_RM, x, d);
    emit_vrmi(c, X_VPCLMULQDQ, x, x, mu_and_p, 0);
    emit_vrm(c, X_VPAND, x, x, x64_constant(c, UINT32_MAX, 0));
    emit_vrmi(c, X_VPCLMULQDQ, x, x, mu_and_p, 0x10);
    emit_rr(c, X_VMOVQ_MR, x, t);
    emit_rr(c, X_XOR_RM | X_W, d, t);
    emit_ri8(c, X_SHR_MI8 | X_W, d, 32);
}

static void crc_by_pclmul(struct x64 *c, unsigned d, unsigned data, unsigned bytes)
{
    unsigned t = x64_scratch(c), x = x64_scratch_xmm(c);

    if (bytes < 4) {
        emit_rr(c, bytes == 1 ? X_MOVZX8_RM : X_MOVZX16_RM, t, data);
        emit_rr(c, X_XOR_RM, d, t);
    } else {
        emit_rr(c, X_XOR_RM, d, data);
    }
    crc_step(c, d, t, x, bytes == 8 ? 32 : bytes * 8);
    if (bytes == 8) {
        emit_rri(c, X_RORX_RMI | X_W, t, data, 32);
        emit_rr(c, X_XOR_RM, d, t);
        crc_step(c, d, t, x, 32);
    }
}

/* Without PCLMULQDQ: bit by bit; d holds the accumulator, the data is in a scratch register. */
static void crc_by_bits(struct x64 *c, unsigned d, unsigned data, unsigned bytes)
{
    unsigned t = x64_scratch(c), n = x64_scratch(c), left = x64_scratch(c);
    const uint8_t *loop;

    emit_mov(c, left, data);
    emit_const(c, n, bytes * 8);
    loop = c->p;
    emit_rr(c, X_MOV_RM, t, left);
    emit_rr(c, X_XOR_RM, t, d);
    emit_ri(c, X_AND_MI, t, 1);
    emit_r(c, X_NEG_M, t);
    emit_ri(c, X_AND_MI, t, (int32_t)0xedb88320);
    emit_ri8(c, X_SHR_MI8, d, 1);
    emit_rr(c, X_XOR_RM, d, t);
    emit_ri8(c, X_SHR_MI8 | X_W, left, 1);
    emit_r(c, X_DEC_M, n);
    emit_jcc_back(c, CC_NE, loop);
}

LOWER(CRC32)
{
    unsigned data, d;

    x64_flags_clobber(c);
    data = x64_use(c, 1);
    d = x64_def_from(c, 0);
    emit_rr(c, X_MOV_RM, d, d); /* the accumulator's upper half must be zero */
    if (c->env->features & X64_PCLMUL) {
        crc_by_pclmul(c, d, data, i->aux);
    } else {
        crc_by_bits(c, d, data, i->aux);
    }
}
