/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector lanes rearranged, and moved from and to general registers. */
#include "dbt/x64/x64.h"

LOWER(VGET)
{
    static const x86_form forms[] = {X_VPEXTRB, X_VPEXTRW, X_VPEXTRD, X_VPEXTRQ};
    unsigned a = x64_use(c, 0), d = x64_def(c);

    if (i->aux >= 2 && i->imm == 0) {
        emit_rr(c, i->aux == 2 ? X_VMOVD_MR : X_VMOVQ_MR, a, d);
    } else {
        emit_rri(c, forms[i->aux], a, d, (unsigned)i->imm);
    }
}

LOWER(VINS)
{
    static const x86_form forms[] = {X_VPINSRB, X_VPINSRW, X_VPINSRD, X_VPINSRQ};
    unsigned a = x64_use(c, 0), x = x64_use(c, 1);

    emit_vrri(c, forms[i->aux], x64_def_late(c), a, x, (unsigned)i->imm);
}

static const x86_form broadcasts[] = {X_VPBROADCASTB, X_VPBROADCASTW, X_VPBROADCASTD,
                                      X_VPBROADCASTQ};

LOWER(VDUPX)
{
    unsigned x = x64_use(c, 0), d = x64_def(c);

    emit_rr(c, i->aux == 3 ? X_VMOVQ_RM : X_VMOVD_RM, d, x);
    emit_rr(c, broadcasts[i->aux], d, d);
}

LOWER(VDUP)
{
    unsigned a = x64_use(c, 0), d = x64_def_late(c), n = (unsigned)i->imm;

    if (n == 0) {
        emit_rr(c, broadcasts[i->aux], d, a);
    } else if (i->aux >= 2) {
        emit_rri(c, X_VPSHUFD, d, a, i->aux == 2 ? n * 0x55 : 0xee);
    } else {
        emit_vri(c, X_VPSRLDQ, d, a, n << i->aux);
        emit_rr(c, broadcasts[i->aux], d, d);
    }
}

LOWER(VLOW)
{
    unsigned a = x64_use(c, 0), d;

    if (i->aux == 3) {
        emit_rr(c, X_VMOVQ_X, x64_def_late(c), a);
        return;
    }
    d = x64_def(c);
    emit_vrr(c, X_VPXOR, d, d, d);
    emit_vrri(c, X_VPBLENDW, d, d, a, i->aux == 2 ? 3 : 1);
}

static void binary(struct x64 *c, x86_form form)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1);

    emit_vrr(c, form, x64_def_late(c), a, b);
}

LOWER(VZIP1)
{
    static const x86_form forms[] = {X_VPUNPCKLBW, X_VPUNPCKLWD, X_VPUNPCKLDQ, X_VPUNPCKLQDQ};

    binary(c, forms[i->aux]);
}

LOWER(VZIP2)
{
    static const x86_form forms[] = {X_VPUNPCKHBW, X_VPUNPCKHWD, X_VPUNPCKHDQ, X_VPUNPCKHQDQ};

    binary(c, forms[i->aux]);
}

/* The odd lanes are cleared by two shifts, so that packing saturates nothing. */
static void pack_even(struct x64 *c, x86_form left, x86_form right, x86_form pack, unsigned bits)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t = x64_scratch_xmm(c), d = x64_def(c);

    emit_vri(c, left, d, a, bits);
    emit_vri(c, right, d, d, bits);
    if (a == b) {
        emit_vrr(c, pack, d, d, d);
        return;
    }
    emit_vri(c, left, t, b, bits);
    emit_vri(c, right, t, t, bits);
    emit_vrr(c, pack, d, d, t);
}

LOWER(VUZP1)
{
    unsigned a, b;

    if (i->aux == 0) {
        pack_even(c, X_VPSLLW, X_VPSRLW, X_VPACKUSWB, 8);
    } else if (i->aux == 1) {
        pack_even(c, X_VPSLLD, X_VPSRLD, X_VPACKUSDW, 16);
    } else {
        a = x64_use(c, 0);
        b = x64_use(c, 1);
        emit_vrri(c, X_VSHUFPS, x64_def_late(c), a, b, 0x88);
    }
}

LOWER(VEXT)
{
    unsigned low = x64_use(c, 0), high = x64_use(c, 1);

    emit_vrri(c, X_VPALIGNR, x64_def_late(c), high, low, (unsigned)i->imm);
}

/* Halfwords of each word (0xb1) or doubleword (0x1b) in reverse order. */
static void swap_halfwords(struct x64 *c, unsigned d, unsigned a, unsigned order)
{
    emit_rri(c, X_VPSHUFLW, d, a, order);
    emit_rri(c, X_VPSHUFHW, d, d, order);
}

LOWER(VREV)
{
    unsigned a = x64_use(c, 0), order = i->imm == 3 ? 0x1b : 0xb1, t, d;

    if (i->aux == 2) {
        emit_rri(c, X_VPSHUFD, x64_def_late(c), a, 0xb1);
    } else if (i->aux == 1) {
        swap_halfwords(c, x64_def_late(c), a, order);
    } else {
        t = x64_scratch_xmm(c);
        d = x64_def(c);
        emit_vri(c, X_VPSLLW, t, a, 8);
        emit_vri(c, X_VPSRLW, d, a, 8);
        emit_vrr(c, X_VPOR, d, d, t);
        if (i->imm > 1) {
            swap_halfwords(c, d, d, order);
        }
    }
}

static void unary(struct x64 *c, x86_form form)
{
    unsigned a = x64_use(c, 0);

    emit_rr(c, form, x64_def_late(c), a);
}

LOWER(VSXL)
{
    static const x86_form forms[] = {X_VPMOVSXBW, X_VPMOVSXWD, X_VPMOVSXDQ};

    unary(c, forms[i->aux]);
}

LOWER(VUXL)
{
    static const x86_form forms[] = {X_VPMOVZXBW, X_VPMOVZXWD, X_VPMOVZXDQ};

    unary(c, forms[i->aux]);
}

/* VPSHUFB gives 0 where an index has bit 7: saturating addition of 0x70 sets it from 16 on. */
LOWER(VTBL)
{
    unsigned table = x64_use(c, 0), index = x64_use(c, 1), t = x64_scratch(c), d = x64_def(c);

    emit_const(c, t, 0x70707070);
    emit_rr(c, X_VMOVD_RM, d, t);
    emit_rr(c, X_VPBROADCASTD, d, d);
    emit_vrr(c, X_VPADDUSB, d, d, index);
    emit_vrr(c, X_VPSHUFB, d, table, d);
}
