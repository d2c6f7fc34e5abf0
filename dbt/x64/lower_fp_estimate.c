/* SPDX-License-Identifier: BSD-2-Clause */
/* FRECPE and FRSQRTE of single and double precision: by integers, with a table for the fraction. */
/*
 * A normal number whose estimate is normal raises nothing. Its exponent follows from the number's
 * by a subtraction (J1.3, FPRecipEstimate and FPRSqrtEstimate); all others are the helper's.
 */
#include "dbt/x64/lower_fp.h"

/* What differs between the precisions. */
static const struct format {
    unsigned lanes;     /* in a register */
    unsigned frac_bits; /* the table gives the highest eight */
    int max;            /* the greatest biased exponent of a normal number */
    x86_form srl, sll, sub, greater, get, put;
} formats[] = {
    [FP_SINGLE] = {4, 23, 254, X_VPSRLD, X_VPSLLD, X_VPSUBD, X_VPCMPGTD, X_VPEXTRD, X_VPINSRD},
    [FP_DOUBLE] = {2, 52, 2046, X_VPSRLQ, X_VPSLLQ, X_VPSUBQ, X_VPCMPGTQ, X_VPEXTRQ, X_VPINSRQ},
};

/* value in each lane of the precision. */
static struct x86_mem constant(struct x64 *c, unsigned size, uint64_t value)
{
    value |= size == FP_SINGLE ? value << 32 : 0;
    return x64_constant(c, value, value);
}

/* The signs of the lanes that there are. */
static struct x86_mem signs(struct x64 *c, const struct fp_shape *s)
{
    uint64_t sign = s->size == FP_SINGLE ? BIT64(31) | BIT64(63) : BIT64(63);
    uint64_t low = s->is_scalar && s->size == FP_SINGLE ? BIT64(31) : sign;

    return x64_constant(c, low, s->lanes << s->size == 16 ? sign : 0);
}

/* NE where a lane's biased exponent is not 1 .. last; FRSQRTE wants it positive. */
static enum x86_cc test_range(struct x64 *c, const struct fp_shape *s, unsigned x, int last,
                              const unsigned t[2])
{
    const struct format *f = &formats[s->size];

    if (s->op == FP_RECPE) {
        emit_vrm(c, X_VPAND, t[0], x, FP_CONST(ABS, s->size));
        x = t[0];
    }
    emit_vrm(c, f->sub, t[0], x, FP_CONST(NORMAL, s->size)); /* below 0 where the exponent is */
    emit_vrm(c, f->greater, t[1], t[0], constant(c, s->size, ((uint64_t)last << f->frac_bits) - 1));
    emit_vrr(c, X_VPOR, t[0], t[0], t[1]);
    emit_rm(c, fp_packed_test(s->size), t[0], signs(c, s));
    return CC_NE;
}

/* d = the table's bytes for the lanes of x; g: a general register. */
static void look_up(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned x, unsigned t,
                    unsigned g)
{
    const struct format *f = &formats[s->size];
    struct x86_mem entry =
        mem_index(REG_ST, g, 0, (int32_t)offsetof(struct a64_state, fp_estimate) - STATE_BIAS);

    entry.disp += s->op == FP_RSQRTE ? (int32_t)sizeof(((struct a64_state *)0)->fp_estimate[0]) : 0;
    emit_vri(c, f->srl, t, x, f->frac_bits - 8);
    emit_vrm(c, X_VPAND, t, t, constant(c, s->size, 511));
    emit_vrr(c, X_VPXOR, d, d, d);
    for (unsigned n = 0; n < s->lanes; n++) {
        emit_rri(c, f->get, t, g, n);
        emit_rm(c, X_MOVZX8_RM, g, entry);
        emit_vrri(c, f->put, d, d, g, n);
    }
    emit_vri(c, f->sll, d, d, f->frac_bits - 8);
}

/* t = the exponent, in place: max - 1 - exp, or half of 3 * (max / 2) - 1 - exp. */
static void make_exponent(struct x64 *c, const struct fp_shape *s, unsigned t, unsigned x,
                          unsigned u)
{
    const struct format *f = &formats[s->size];
    int from = s->op == FP_RECPE ? f->max - 1 : 3 * (f->max / 2) - 1;

    emit_vrm(c, X_VPAND, t, x, FP_CONST(INF, s->size));
    emit_rm(c, X_VMOVDQA_RM, u, constant(c, s->size, (uint64_t)from << f->frac_bits));
    emit_vrr(c, f->sub, t, u, t);
    if (s->op == FP_RSQRTE) {
        emit_vri(c, f->srl, t, t, 1);
        emit_vrm(c, X_VPAND, t, t, FP_CONST(INF, s->size));
    } else {
        emit_rm(c, X_VMOVDQA_RM, u, FP_CONST(ABS, s->size));
        emit_vrr(c, X_VPANDN, u, u, x); /* the sign */
        emit_vrr(c, X_VPOR, t, t, u);
    }
}

void fp_lower_estimate(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    int max = formats[s->size].max;
    struct x64_ool *o;
    unsigned g;

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 2);
    g = x64_scratch(c);
    r.d = x64_def(c);
    o = fp_repair_if(c, test_range(c, s, r.a, s->op == FP_RECPE ? max - 2 : max, r.t), i, HELPER_fp,
                     &r);
    look_up(c, s, r.d, r.a, r.t[0], g);
    make_exponent(c, s, r.t[0], r.a, r.t[1]);
    emit_vrr(c, X_VPOR, r.d, r.d, r.t[0]);
    if (s->lanes << s->size != 16) {
        fp_clear_above(c, r.d, r.d, s->lanes << s->size);
    }
    o->back = c->p;
}
