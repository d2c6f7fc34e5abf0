/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector lanes rearranged, and moved from and to general registers. */
#include "dbt/x64/simd.h"

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
    unsigned a = x64_use(c, 0), d = x64_def_late(c);

    switch (i->aux) {
    case 3: emit_rr(c, X_VMOVQ_X, d, a); break;
    case 2: emit_vrri(c, X_VINSERTPS, d, a, a, 0x0e); break;
    default: emit_vrm(c, X_VPAND, d, a, x64_constant(c, i->aux ? 0xffff : 0xff, 0)); break;
    }
}

/* --- one lane into another vector --- */
/* d = a with the quadword `to` replaced by b's `from`. */
static void insert_quad(struct x64 *c, unsigned d, unsigned a, unsigned b, unsigned to,
                        unsigned from)
{
    if (to == from) {
        emit_vrri(c, X_VPBLENDW, d, a, b, to ? 0xf0 : 0x0f);
    } else if (to) {
        emit_vrr(c, X_VPUNPCKLQDQ, d, a, b);
    } else {
        emit_vrr(c, X_VPUNPCKHQDQ, d, b, a);
    }
}

LOWER(VINSV)
{
    unsigned to = i->imm & 15, from = (unsigned)i->imm >> 4, a = x64_use(c, 0), b = x64_use(c, 1);
    unsigned t, d;

    if (i->aux == 3) {
        insert_quad(c, x64_def_late(c), a, b, to, from);
        return;
    }
    if (i->aux == 2) {
        emit_vrri(c, X_VINSERTPS, x64_def_late(c), a, b, from << 6 | to << 4);
        return;
    }
    t = b;
    if (to != from || i->aux == 0) {
        t = x64_scratch_xmm(c);
        emit_vri(c, to > from ? X_VPSLLDQ : X_VPSRLDQ, t, b,
                 (to > from ? to - from : from - to) << i->aux);
    }
    d = x64_def(c);
    if (i->aux == 1) {
        emit_vrri(c, X_VPBLENDW, d, a, t, 1u << to);
    } else {
        uint64_t byte = UINT64_C(0xff) << to % 8 * 8, low = to < 8 ? byte : 0,
                 high = to < 8 ? 0 : byte;

        emit_vrm(c, X_VPAND, t, t, x64_constant(c, low, high));
        emit_vrm(c, X_VPAND, d, a, x64_constant(c, ~low, ~high));
        emit_vrr(c, X_VPOR, d, d, t);
    }
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

/* VPSHUFB's indices of even or odd lanes (odd: 1) in the low half, and in the high one when both.
 */
static struct x86_mem unzip_order(struct x64 *c, unsigned size, unsigned odd, bool both)
{
    uint64_t order = 0;

    for (unsigned n = 0; n < 8; n++) {
        unsigned lane = 2 * (n >> size) + odd;

        order |= (uint64_t)((lane << size) + (n & ((1u << size) - 1))) << 8 * n;
    }
    return x64_constant(c, order, both ? order : 0x8080808080808080);
}

/* Even lanes without their odd neighbours, or odd ones moved down; packing then saturates nothing.
 */
static void keep_lanes(struct x64 *c, unsigned size, unsigned odd, unsigned d, unsigned a)
{
    if (odd) {
        simd_shr(c, size + 1, false, d, a, 8u << size);
    } else {
        emit_vrm(c, X_VPAND, d, a, simd_const(c, size + 1, MASK((8u << size) - 1, 0)));
    }
}

static void unzip(struct x64 *c, unsigned size, unsigned odd)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t, d;

    if (size == 2) {
        emit_vrri(c, X_VSHUFPS, x64_def_late(c), a, b, odd ? 0xdd : 0x88);
    } else if (a == b) {
        emit_vrm(c, X_VPSHUFB, x64_def_late(c), a, unzip_order(c, size, odd, true));
    } else {
        t = x64_scratch_xmm(c);
        d = x64_def(c);
        keep_lanes(c, size, odd, d, a);
        keep_lanes(c, size, odd, t, b);
        emit_vrr(c, size == 0 ? X_VPACKUSWB : X_VPACKUSDW, d, d, t);
    }
}

LOWER(VUZP1)
{
    unzip(c, i->aux, 0);
}

LOWER(VUZP2)
{
    unzip(c, i->aux, 1);
}

LOWER(VXTN)
{
    unsigned a = x64_use(c, 0);

    emit_vrm(c, X_VPSHUFB, x64_def_late(c), a, unzip_order(c, i->aux, 0, false));
}

/* One of the arguments moves by a lane to where the other's lanes are not wanted. */
static void transpose(struct x64 *c, unsigned size, bool odd)
{
    unsigned a = x64_use(c, 0), b = x64_use(c, 1), t = x64_scratch_xmm(c), d = x64_def(c),
             bits = 8u << size;

    if (odd) {
        simd_shr(c, size + 1, false, t, a, bits);
        a = t;
    } else {
        simd_shl(c, size + 1, t, b, bits);
        b = t;
    }
    if (size) {
        emit_vrri(c, X_VPBLENDW, d, a, b, size == 1 ? 0xaa : 0xcc);
    } else {
        emit_vrm(c, X_VPAND, d, odd ? b : a, simd_const(c, 1, odd ? 0xff00 : 0x00ff));
        emit_vrr(c, X_VPOR, d, d, t);
    }
}

LOWER(VTRN1)
{
    transpose(c, i->aux, false);
}

LOWER(VTRN2)
{
    transpose(c, i->aux, true);
}

/* --- three registers --- */
static struct x86_mem gather_order(struct x64 *c, uint64_t imm, unsigned k)
{
    uint64_t half[2] = {0, 0};

    for (unsigned n = 0; n < 16; n++) {
        unsigned from = ir_gather3(imm, n);

        half[n / 8] |= (uint64_t)(from / 16 == k ? from % 16 : 0x80) << n % 8 * 8;
    }
    return x64_constant(c, half[0], half[1]);
}

LOWER(VGATHER3)
{
    unsigned t = x64_scratch_xmm(c), d = X64_NONE, v[3];

    for (unsigned k = 0; k < 3; k++) {
        v[k] = x64_use(c, k);
    }
    d = x64_def(c);
    for (unsigned k = 0; k < 3; k++) {
        emit_vrm(c, X_VPSHUFB, k ? t : d, v[k], gather_order(c, i->imm, k));
        if (k) {
            emit_vrr(c, X_VPOR, d, d, t);
        }
    }
}

LOWER(VEXT)
{
    unsigned low = x64_use(c, 0), high = x64_use(c, 1);

    emit_vrri(c, X_VPALIGNR, x64_def_late(c), high, low, (unsigned)i->imm);
}

LOWER(VREV)
{
    unsigned a = x64_use(c, 0), mask = (1u << i->imm) - 1 - ((1u << i->aux) - 1);
    uint64_t order = 0;

    if (i->aux == 2) {
        emit_rri(c, X_VPSHUFD, x64_def_late(c), a, 0xb1);
        return;
    }
    for (unsigned n = 0; n < 8; n++) { /* the lane's number within its group changes all bits */
        order |= (uint64_t)(n ^ mask) << 8 * n;
    }
    emit_vrm(c, X_VPSHUFB, x64_def_late(c), a, x64_constant(c, order, order + 0x0808080808080808));
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
    unsigned table = x64_use(c, 0), index = x64_use(c, 1), d = x64_def(c);

    emit_vrm(c, X_VPADDUSB, d, index, simd_const(c, 0, 0x70));
    emit_vrr(c, X_VPSHUFB, d, table, d);
}
