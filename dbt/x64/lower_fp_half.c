/* SPDX-License-Identifier: BSD-2-Clause */
/* Conversions between formats; half precision by way of single. */
#include "dbt/x64/lower_fp.h"

bool fp_lower_half(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s)
{
    (void)c;
    (void)i;
    (void)s;
    return false;
}
/* --- between formats --- */
static void widen(struct x64 *c, const struct ir_insn *i, unsigned lanes, unsigned first)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};
    struct fp_shape s = {.size = FP_DOUBLE, .lanes = lanes, .is_scalar = lanes == 1};

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 1);
    r.d = x64_def(c);
    if (lanes == 1) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, X_VCVTSS2SD, r.d, r.d, r.a);
    } else if (first) {
        emit_rri(c, X_VPSHUFD, r.d, r.a, 0xee);
        emit_rr(c, X_VCVTPS2PD, r.d, r.d);
    } else {
        emit_rr(c, X_VCVTPS2PD, r.d, r.a);
    }
    fp_repair_if(c, fp_test_nan(c, &s, r.d, r.t[0]), i, HELPER_fp_cvt, &r);
}

static void narrow(struct x64 *c, const struct ir_insn *i, unsigned lanes)
{
    struct fp_regs r = {.b = X64_NONE, .c = X64_NONE};

    r.a = x64_use(c, 0);
    fp_temporaries(c, &r, 2);
    r.d = x64_def(c);
    if (lanes == 1) {
        emit_vrr(c, X_VPXOR, r.d, r.d, r.d);
        emit_vrr(c, X_VCVTSD2SS, r.d, r.d, r.a);
    } else {
        emit_rr(c, X_VCVTPD2PS, r.d, r.a);
    }
    fp_repair_if(c, fp_test_tiny(c, FP_SINGLE, r.d, r.t), i, HELPER_fp_cvt, &r);
}

LOWER(FCVT)
{
    unsigned from = i->imm & 3, to = i->imm >> 2 & 3, lanes = i->imm >> 4 & 15;
    bool odd = i->imm >> 12 & 1;

    if (from == FP_HALF || to == FP_HALF || odd) {
        fp_call_instead(c, i, HELPER_fp_cvt);
        return;
    }
    x64_flags_clobber(c);
    if (from < to) {
        widen(c, i, lanes, i->imm >> 8 & 15);
    } else {
        narrow(c, i, lanes);
    }
}
