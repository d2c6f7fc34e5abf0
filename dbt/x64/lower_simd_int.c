/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of help_simd: which lowering they have, and what the lowerings share. */
#include "dbt/rt/helpers.h"
#include "dbt/x64/simd.h"

static simd_fn *const lowerings[SIMD_OP_COUNT] = {
    [SIMD_SQADD] = simd_sum,
    [SIMD_UQADD] = simd_sum,
    [SIMD_SQSUB] = simd_sum,
    [SIMD_UQSUB] = simd_sum,
    [SIMD_SUQADD] = simd_mixed_sum,
    [SIMD_USQADD] = simd_mixed_sum,
    [SIMD_SSHL] = simd_shift,
    [SIMD_USHL] = simd_shift,
    [SIMD_SRSHL] = simd_shift,
    [SIMD_URSHL] = simd_shift,
    [SIMD_SQSHL] = simd_sat_shift,
    [SIMD_UQSHL] = simd_sat_shift,
    [SIMD_SQRSHL] = simd_sat_shift,
    [SIMD_UQRSHL] = simd_sat_shift,
    [SIMD_SQSHLU] = simd_sat_shift,
    [SIMD_SQDMULH] = simd_mul_high,
    [SIMD_SQRDMULH] = simd_mul_high,
    [SIMD_PMUL] = simd_poly,
    [SIMD_SQRDMLAH] = simd_mul_add_high,
    [SIMD_SQRDMLSH] = simd_mul_add_high,
    [SIMD_SDOT] = simd_dot,
    [SIMD_UDOT] = simd_dot,
    [SIMD_SQDMULL] = simd_mul_long,
    [SIMD_SQDMLAL] = simd_mul_long,
    [SIMD_SQDMLSL] = simd_mul_long,
    [SIMD_PMULL] = simd_poly,
    [SIMD_SQABS] = simd_magnitude,
    [SIMD_SQNEG] = simd_magnitude,
    [SIMD_CLS] = simd_leading,
    [SIMD_CLZ] = simd_leading,
    [SIMD_CNT] = simd_count,
    [SIMD_RBIT] = simd_reverse,
    [SIMD_SQSHRN] = simd_narrow,
    [SIMD_UQSHRN] = simd_narrow,
    [SIMD_SQRSHRN] = simd_narrow,
    [SIMD_UQRSHRN] = simd_narrow,
    [SIMD_SQSHRUN] = simd_narrow,
    [SIMD_SQRSHRUN] = simd_narrow,
};

static void lower(struct x64 *c, const struct ir_insn *i)
{
    uint32_t imm = (uint32_t)i->imm;
    struct simd s = {.op = (enum simd_op)(imm & 0xff),
                     .size = imm >> 8 & 3,
                     .bytes = (imm >> 10 & 31) << (imm >> 8 & 3),
                     .shift = imm >> 16 & 0xff,
                     .has_b = i->arg[1] != IR_NONE};
    struct ir_insn call = *i;

    if (lowerings[s.op]) {
        lowerings[s.op](c, &s);
    } else { /* URECPE, URSQRTE */
        call.imm = IR_CALL_IMM(HELPER_simd, imm);
        lower_CALL_V128(c, &call);
    }
}

LOWER(VINT)
{
    lower(c, i);
}

LOWER(VINTQ)
{
    lower(c, i);
}

/* --- constants --- */
struct x86_mem simd_const(struct x64 *c, unsigned size, uint64_t value)
{
    value &= MASK((8u << size) - 1, 0);
    for (unsigned bits = 8u << size; bits < 64; bits *= 2) {
        value |= value << bits;
    }
    return x64_constant(c, value, value);
}

struct x86_mem simd_min(struct x64 *c, unsigned size)
{
    return simd_const(c, size, BIT64((8u << size) - 1));
}

struct x86_mem simd_max(struct x64 *c, unsigned size)
{
    return simd_const(c, size, BIT64((8u << size) - 1) - 1);
}

struct x86_mem simd_ones(struct x64 *c)
{
    return x64_constant(c, UINT64_MAX, UINT64_MAX);
}

unsigned simd_zero(struct x64 *c)
{
    unsigned x = x64_scratch_xmm(c);

    emit_vrr(c, X_VPXOR, x, x, x);
    return x;
}

unsigned simd_all(struct x64 *c)
{
    unsigned x = x64_scratch_xmm(c);

    emit_vrr(c, X_VPCMPEQD, x, x, x);
    return x;
}

/* --- lanes --- */
static const x86_form adds[] = {X_VPADDB, X_VPADDW, X_VPADDD, X_VPADDQ};
static const x86_form subs[] = {X_VPSUBB, X_VPSUBW, X_VPSUBD, X_VPSUBQ};
static const x86_form equals[] = {X_VPCMPEQB, X_VPCMPEQW, X_VPCMPEQD, X_VPCMPEQQ};

void simd_add(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b)
{
    emit_vrr(c, adds[size], d, a, b);
}

void simd_sub(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b)
{
    emit_vrr(c, subs[size], d, a, b);
}

void simd_cmpeq(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned b)
{
    emit_vrr(c, equals[size], d, a, b);
}

void simd_cmpeq_m(struct x64 *c, unsigned size, unsigned d, unsigned a, struct x86_mem b)
{
    emit_vrm(c, equals[size], d, a, b);
}

void simd_blend(struct x64 *c, unsigned size, unsigned d, unsigned no, unsigned yes, unsigned mask)
{
    static const x86_form forms[] = {X_VPBLENDVB, X_VPBLENDVB, X_VBLENDVPS, X_VBLENDVPD};

    emit_vrri(c, forms[size], d, no, yes, mask << 4);
}

/* --- shifts --- */
static void move(struct x64 *c, unsigned d, unsigned a)
{
    if (d != a) {
        emit_rr(c, X_VMOVDQA_RM, d, a);
    }
}

/* Bytes are shifted as words; what came from the neighbour is cut off. */
static void shift_bytes(struct x64 *c, x86_form form, unsigned d, unsigned a, unsigned n,
                        unsigned keep)
{
    emit_vri(c, form, d, a, n);
    emit_vrm(c, X_VPAND, d, d, simd_const(c, 0, keep));
}

void simd_shl(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n)
{
    static const x86_form forms[] = {X_VPSLLW, X_VPSLLW, X_VPSLLD, X_VPSLLQ};

    if (n == 0) {
        move(c, d, a);
    } else if (size == 0) {
        shift_bytes(c, X_VPSLLW, d, a, n, 0xffu << n);
    } else {
        emit_vri(c, forms[size], d, a, n);
    }
}

static void shift_right_logical(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n)
{
    static const x86_form forms[] = {X_VPSRLW, X_VPSRLW, X_VPSRLD, X_VPSRLQ};

    if (size == 0) {
        shift_bytes(c, X_VPSRLW, d, a, n, 0xffu >> n);
    } else {
        emit_vri(c, forms[size], d, a, n);
    }
}

/* Where the host has no such shift: the sign bit, moved down by a logical one, is spread by
 * (x ^ s) - s. */
static void spread_sign(struct x64 *c, unsigned size, unsigned d, unsigned n)
{
    struct x86_mem sign = simd_const(c, size, BIT64((8u << size) - 1 - n));

    emit_vrm(c, X_VPXOR, d, d, sign);
    emit_vrm(c, subs[size], d, d, sign);
}

static void shift_right_signed(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n)
{
    n = MIN(n, (8u << size) - 1); /* all sign from there on */
    if (size == 1 || size == 2) {
        emit_vri(c, size == 1 ? X_VPSRAW : X_VPSRAD, d, a, n);
    } else if (size == 3 && simd_avx512(c)) {
        emit_vri(c, X_VPSRAQ, d, a, n);
    } else {
        shift_right_logical(c, size, d, a, n);
        spread_sign(c, size, d, n);
    }
}

void simd_shr(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a, unsigned n)
{
    if (n == 0) {
        move(c, d, a);
    } else {
        (is_signed ? shift_right_signed : shift_right_logical)(c, size, d, a, n);
    }
}

/* Half of s = a >> (n - 1), rounded up, is s - (s >> 1). */
void simd_round_shr(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a,
                    unsigned n)
{
    unsigned t;

    if (size == 1 && is_signed && n > 0 && n < 16) {
        emit_vrm(c, X_VPMULHRSW, d, a, simd_const(c, 1, BIT64(15 - n)));
        return;
    }
    simd_shr(c, size, is_signed, d, a, n ? n - 1 : 0);
    if (n) {
        t = x64_scratch_xmm(c);
        simd_shr(c, size, is_signed, t, d, 1);
        simd_sub(c, size, d, d, t);
    }
}

void simd_sign(struct x64 *c, unsigned size, unsigned d, unsigned a)
{
    if (size == 0) {
        emit_vrr(c, X_VPXOR, d, d, d);
        emit_vrr(c, X_VPCMPGTB, d, d, a);
    } else if (size == 3 && !simd_avx512(c)) {
        emit_vri(c, X_VPSRAD, d, a, 31);
        emit_rri(c, X_VPSHUFD, d, d, 0xf5);
    } else {
        simd_shr(c, size, true, d, a, (8u << size) - 1);
    }
}

bool simd_has_variable_shift(const struct x64 *c, unsigned size)
{
    return size >= 2 || (size == 1 && simd_avx512(c));
}

void simd_shlv(struct x64 *c, unsigned size, unsigned d, unsigned a, unsigned n)
{
    static const x86_form forms[] = {0, X_VPSLLVW, X_VPSLLVD, X_VPSLLVQ};

    emit_vrr(c, forms[size], d, a, n);
}

void simd_shrv(struct x64 *c, unsigned size, bool is_signed, unsigned d, unsigned a, unsigned n)
{
    static const x86_form forms[2][4] = {{0, X_VPSRLVW, X_VPSRLVD, X_VPSRLVQ},
                                         {0, X_VPSRAVW, X_VPSRAVD, X_VPSRAVQ}};
    unsigned sign;

    if (!is_signed || size < 3 || simd_avx512(c)) {
        emit_vrr(c, forms[is_signed][size], d, a, n);
        return;
    }
    sign = x64_scratch_xmm(c);
    simd_sign(c, 3, sign, a);
    emit_vrr(c, X_VPXOR, d, a, sign);
    emit_vrr(c, X_VPSRLVQ, d, d, n);
    emit_vrr(c, X_VPXOR, d, d, sign);
}

/* --- results --- */
void simd_cut(struct x64 *c, unsigned d, unsigned bytes)
{
    switch (bytes) {
    case 8: emit_rr(c, X_VMOVQ_X, d, d); break;
    case 4: emit_vrri(c, X_VINSERTPS, d, d, d, 0x0e); break;
    case 2:
    case 1: emit_vrm(c, X_VPAND, d, d, x64_constant(c, bytes == 2 ? 0xffff : 0xff, 0)); break;
    default: break;
    }
}

void simd_qc(struct x64 *c, unsigned t, unsigned bytes)
{
    struct x86_mem qc = x64_state(offsetof(struct a64_state, qc) +
                                  c->row % ARRAY_SIZE(((struct a64_state *)0)->qc) * sizeof(v128));

    simd_cut(c, t, bytes);
    emit_vrm(c, X_VPOR, t, t, qc);
    emit_rm(c, X_VMOVDQA_MR, t, qc);
}
