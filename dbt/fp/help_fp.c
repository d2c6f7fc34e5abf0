/* SPDX-License-Identifier: BSD-2-Clause */
/* The floating-point helpers of translated code: exact, lane by lane. */
#include "dbt/fp/lane.h"
#include "dbt/fp/num.h"
#include "dbt/fp/ops.h"

struct lane_args {
    unsigned size, fbits;
    enum fp_rounding mode;
    bool exact;
    uint64_t a, b, c;
};

static uint64_t all_ones(bool holds)
{
    return holds ? UINT64_MAX : 0;
}

static uint64_t to_int(struct fp_ctx *ctx, const struct lane_args *l, bool is_unsigned)
{
    return fp_to_fixed(ctx, l->size, l->a, l->fbits, is_unsigned, l->mode, 8u << l->size);
}

static uint64_t binary(struct fp_ctx *ctx, enum fp_op op, const struct lane_args *l)
{
    uint64_t abs = ~fp_sign_bit(l->size);

    switch (op) {
    case FP_ADD: return fp_add(ctx, l->size, l->a, l->b);
    case FP_SUB: return fp_sub(ctx, l->size, l->a, l->b);
    case FP_MUL: return fp_mul(ctx, l->size, l->a, l->b);
    case FP_MULX: return fp_mulx(ctx, l->size, l->a, l->b);
    case FP_DIV: return fp_div(ctx, l->size, l->a, l->b);
    case FP_MAX: return fp_max(ctx, l->size, l->a, l->b);
    case FP_MIN: return fp_min(ctx, l->size, l->a, l->b);
    case FP_MAXNM: return fp_maxnum(ctx, l->size, l->a, l->b);
    case FP_MINNM: return fp_minnum(ctx, l->size, l->a, l->b);
    case FP_RECPS: return fp_recip_step(ctx, l->size, l->a, l->b);
    case FP_RSQRTS: return fp_rsqrt_step(ctx, l->size, l->a, l->b);
    case FP_CMEQ: return all_ones(fp_compare_eq(ctx, l->size, l->a, l->b));
    case FP_CMGE: return all_ones(fp_compare_ge(ctx, l->size, l->a, l->b));
    case FP_CMGT: return all_ones(fp_compare_gt(ctx, l->size, l->a, l->b));
    case FP_ACGE: return all_ones(fp_compare_ge(ctx, l->size, l->a & abs, l->b & abs));
    case FP_ACGT: return all_ones(fp_compare_gt(ctx, l->size, l->a & abs, l->b & abs));
    default: __builtin_unreachable();
    }
}

static uint64_t fused(struct fp_ctx *ctx, enum fp_op op, const struct lane_args *l)
{
    uint64_t minus = fp_sign_bit(l->size);

    switch (op) {
    case FP_MULADD: return fp_muladd(ctx, l->size, l->a, l->b, l->c);
    case FP_MULSUB: return fp_muladd(ctx, l->size, l->a, l->b ^ minus, l->c);
    case FP_NMULADD: return fp_muladd(ctx, l->size, l->a ^ minus, l->b ^ minus, l->c);
    case FP_NMULSUB: return fp_muladd(ctx, l->size, l->a ^ minus, l->b, l->c);
    case FP_MULADDH: return fp_muladdh(ctx, l->a, l->b, l->c);
    case FP_MULSUBH: return fp_muladdh(ctx, l->a, l->b ^ fp_sign_bit(FP_HALF), l->c);
    default: __builtin_unreachable();
    }
}

static uint64_t unary(struct fp_ctx *ctx, enum fp_op op, const struct lane_args *l)
{
    unsigned width = 8u << l->size;

    switch (op) {
    case FP_SQRT: return fp_sqrt(ctx, l->size, l->a);
    case FP_RECPE: return fp_recip_estimate(ctx, l->size, l->a);
    case FP_RSQRTE: return fp_rsqrt_estimate(ctx, l->size, l->a);
    case FP_RECPX: return fp_recpx(ctx, l->size, l->a);
    case FP_RINT: return fp_round_int(ctx, l->size, l->a, l->mode, l->exact);
    case FP_TOS: return to_int(ctx, l, false);
    case FP_TOU: return to_int(ctx, l, true);
    case FP_FROMS:
        return fp_from_fixed(ctx, l->size, (uint64_t)sign_extend(l->a, width), l->fbits, false,
                             fp_mode(ctx));
    case FP_FROMU: return fp_from_fixed(ctx, l->size, l->a, l->fbits, true, fp_mode(ctx));
    default: __builtin_unreachable();
    }
}

static uint64_t lane_op(struct fp_ctx *ctx, enum fp_op op, const struct lane_args *l)
{
    if (op < FP_MULADD) {
        return binary(ctx, op, l);
    }
    return op < FP_SQRT ? fused(ctx, op, l) : unary(ctx, op, l);
}

static struct fp_ctx begin(const struct a64_state *st)
{
    return (struct fp_ctx){.fpcr = st->fpcr};
}

static void end(struct a64_state *st, const struct fp_ctx *ctx)
{
    st->fpsr |= ctx->fpsr;
}

static enum fp_rounding rounding(const struct fp_ctx *ctx, unsigned aux)
{
    aux &= 7;
    return aux == FP_AUX_MODE ? fp_mode(ctx) : (enum fp_rounding)aux;
}

void help_fp(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
             uint32_t imm)
{
    enum fp_op op = (enum fp_op)(imm & 0xff);
    unsigned size = imm >> 8 & 3, lanes = imm >> 10 & 15, aux = imm >> 14 & 15;
    unsigned factor_size = op == FP_MULADDH || op == FP_MULSUBH ? FP_HALF : size;
    struct fp_ctx ctx = begin(st);
    struct lane_args l = {
        .size = size, .fbits = imm >> 18, .mode = rounding(&ctx, aux), .exact = aux & FP_AUX_EXACT};
    v128 out = {{0, 0}};

    for (unsigned n = 0; n < lanes; n++) {
        l.a = lane_get(a, size, n);
        l.b = b ? lane_get(b, factor_size, n) : 0;
        l.c = c ? lane_get(c, factor_size, n) : 0;
        lane_set(&out, size, n, lane_op(&ctx, op, &l));
    }
    *result = out;
    end(st, &ctx);
}

void help_fp_idc(struct a64_state *st, const v128 *a, uint32_t imm)
{
    unsigned size = imm >> 8 & 3, lanes = imm >> 10 & 15;
    struct fp_ctx ctx = begin(st);

    for (unsigned n = 0; n < lanes; n++) {
        (void)fp_unpack(&ctx, size, lane_get(a, size, n));
    }
    end(st, &ctx);
}

void help_fp_cvt(struct a64_state *st, v128 *result, const v128 *a, uint64_t unused1,
                 uint64_t unused2, uint32_t imm)
{
    unsigned from = imm & 3, to = imm >> 2 & 3, lanes = imm >> 4 & 15, first = imm >> 8 & 15;
    struct fp_ctx ctx = begin(st);
    enum fp_rounding mode = imm >> 12 & 1 ? FP_ODD : fp_mode(&ctx);
    v128 out = {{0, 0}};

    (void)unused1;
    (void)unused2;
    for (unsigned n = 0; n < lanes; n++) {
        lane_set(&out, to, n, fp_convert(&ctx, from, to, lane_get(a, from, first + n), mode));
    }
    *result = out;
    end(st, &ctx);
}

uint64_t help_fp_toi(struct a64_state *st, const v128 *a, uint64_t unused1, uint64_t unused2,
                     uint32_t imm)
{
    unsigned size = imm & 3;
    struct fp_ctx ctx = begin(st);
    uint64_t result = fp_to_fixed(&ctx, size, lane_get(a, size, 0), imm >> 16, imm >> 2 & 1,
                                  rounding(&ctx, imm >> 3), imm >> 8 & 0xff);

    (void)unused1;
    (void)unused2;
    end(st, &ctx);
    return result;
}

void help_fp_fromi(struct a64_state *st, v128 *result, uint64_t a, uint64_t unused1,
                   uint64_t unused2, uint32_t imm)
{
    unsigned size = imm & 3, width = imm >> 8 & 0xff;
    bool is_unsigned = imm >> 2 & 1;
    struct fp_ctx ctx = begin(st);

    (void)unused1;
    (void)unused2;
    a = is_unsigned ? a & MASK(width - 1, 0) : (uint64_t)sign_extend(a, width);
    *result = (v128){{fp_from_fixed(&ctx, size, a, imm >> 16, is_unsigned, fp_mode(&ctx)), 0}};
    end(st, &ctx);
}

uint64_t help_fp_cmp(struct a64_state *st, const v128 *a, const v128 *b, uint64_t unused,
                     uint32_t imm)
{
    unsigned size = imm & 3;
    struct fp_ctx ctx = begin(st);
    uint64_t result =
        fp_compare(&ctx, size, lane_get(a, size, 0), lane_get(b, size, 0), imm >> 2 & 1);

    (void)unused;
    end(st, &ctx);
    return result;
}

uint64_t help_fp_js(struct a64_state *st, const v128 *a, uint64_t unused1, uint64_t unused2,
                    uint32_t imm)
{
    struct fp_ctx ctx = begin(st);
    bool z;
    uint64_t result = fp_to_js(&ctx, a->lane[0], &z);

    (void)unused1;
    (void)unused2;
    (void)imm;
    end(st, &ctx);
    return result | (uint64_t)z << 32;
}
