/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vector rows mean. */
#include "dbt/fp/lane.h"
#include "dbt/fp/ops.h"
#include "dbt/ir/interp_rows.h"

INTERP(VZERO)
{
    r->v = (v128){{0, 0}};
}

INTERP(VCONST)
{
    r->v = (v128){{i->imm, i->imm}};
}

INTERP(VFROM64)
{
    r->v = (v128){{X(0), 0}};
}

INTERP(VPAIR64)
{
    r->v = (v128){{X(0), X(1)}};
}

INTERP_INT(VGET64, V(0).lane[i->imm])

INTERP(VSELECT)
{
    r->v = interp_cond(i->aux, F(0)) ? V(1) : V(2);
}

INTERP_INT(VGET, lane_get(&V(0), i->aux, (unsigned)i->imm))

INTERP(VINS)
{
    r->v = V(0);
    lane_set(&r->v, i->aux, (unsigned)i->imm, X(1));
}

/* --- bits --- */
#define INTERP_BITS(name, expression)                                                              \
    INTERP(name)                                                                                   \
    {                                                                                              \
        for (unsigned n = 0; n < 2; n++) {                                                         \
            r->v.lane[n] = (expression);                                                           \
        }                                                                                          \
    }
#define H(k) (V(k).lane[n])

INTERP_BITS(VAND, H(0) & H(1))
INTERP_BITS(VOR, H(0) | H(1))
INTERP_BITS(VXOR, H(0) ^ H(1))
INTERP_BITS(VANDN, H(0) & ~H(1))
INTERP_BITS(VBSL, (H(0) & H(1)) | (~H(0) & H(2)))

INTERP_BITS(VXOR3, H(0) ^ H(1) ^ H(2))
INTERP_BITS(VBCAX, H(0) ^ (H(1) & ~H(2)))

/* --- lanes: the expression gives lane n of the result, cut to the lane's width --- */
#define INTERP_LANES(name, expression)                                                             \
    INTERP(name)                                                                                   \
    {                                                                                              \
        const unsigned lanes = 16u >> i->aux;                                                      \
        for (unsigned n = 0; n < lanes; n++) {                                                     \
            lane_set(&r->v, i->aux, n, (uint64_t)(expression));                                    \
        }                                                                                          \
    }
#define UL(k, n) lane_get(&V(k), i->aux, n)
#define SL(k, n) lane_get_signed(&V(k), i->aux, n)

static uint64_t shift_left(uint64_t x, uint64_t n)
{
    return n > 63 ? 0 : x << n;
}

static uint64_t shift_right(uint64_t x, uint64_t n)
{
    return n > 63 ? 0 : x >> n;
}

static int64_t shift_right_signed(int64_t x, uint64_t n)
{
    return x >> (n > 63 ? 63 : n);
}

INTERP_LANES(VDUPX, X(0))
INTERP_LANES(VDUP, UL(0, (unsigned)i->imm))
INTERP_LANES(VLOW, n == 0 ? UL(0, 0) : 0)
INTERP(VINSV)
{
    r->v = V(0);
    lane_set(&r->v, i->aux, i->imm & 15, lane_get(&V(1), i->aux, (unsigned)i->imm >> 4));
}

INTERP_LANES(VADD, UL(0, n) + UL(1, n))
INTERP_LANES(VSUB, UL(0, n) - UL(1, n))
INTERP_LANES(VMUL, UL(0, n) * UL(1, n))
INTERP_LANES(VSMULL, (int64_t)(int32_t)UL(0, n) * (int32_t)UL(1, n))
INTERP_LANES(VUMULL, (uint64_t)(uint32_t)UL(0, n) * (uint32_t)UL(1, n))
INTERP_LANES(VCMPEQ, UL(0, n) == UL(1, n) ? UINT64_MAX : 0)
INTERP_LANES(VCMPGT, SL(0, n) > SL(1, n) ? UINT64_MAX : 0)
INTERP_LANES(VSMAX, SL(0, n) > SL(1, n) ? SL(0, n) : SL(1, n))
INTERP_LANES(VSMIN, SL(0, n) < SL(1, n) ? SL(0, n) : SL(1, n))
INTERP_LANES(VUMAX, UL(0, n) > UL(1, n) ? UL(0, n) : UL(1, n))
INTERP_LANES(VUMIN, UL(0, n) < UL(1, n) ? UL(0, n) : UL(1, n))
INTERP_LANES(VSHL, shift_left(UL(0, n), i->imm))
INTERP_LANES(VUSHR, shift_right(UL(0, n), i->imm))
INTERP_LANES(VSSHR, shift_right_signed(SL(0, n), i->imm))
INTERP_LANES(VZIP1, UL(n & 1, n >> 1))
INTERP_LANES(VZIP2, UL(n & 1, (n + lanes) >> 1))
INTERP_LANES(VUZP1, n < lanes / 2 ? UL(0, 2 * n) : UL(1, 2 * n - lanes))
INTERP_LANES(VUZP2, n < lanes / 2 ? UL(0, 2 * n + 1) : UL(1, 2 * n + 1 - lanes))
INTERP_LANES(VTRN1, UL(n & 1, n & ~1u))
INTERP_LANES(VTRN2, UL(n & 1, n | 1))
INTERP_LANES(VXTN, n < lanes / 2 ? UL(0, 2 * n) : 0)
INTERP_LANES(VROR, UL(0, n) >> i->imm | UL(0, n) << ((8u << i->aux) - i->imm))
INTERP_LANES(VREV, UL(0, n ^ ((1u << (i->imm - i->aux)) - 1)))

INTERP(VADDLP)
{
    for (unsigned n = 0; n < 8u >> i->aux; n++) {
        uint64_t sum = i->imm ? UL(0, 2 * n) + UL(0, 2 * n + 1)
                              : (uint64_t)SL(0, 2 * n) + (uint64_t)SL(0, 2 * n + 1);

        lane_set(&r->v, i->aux + 1u, n, sum);
    }
}

INTERP(VMULLH)
{
    for (unsigned n = 0; n < 4; n++) {
        unsigned from = n + (i->imm & 1 ? 4 : 0);
        uint64_t x = lane_get(&V(0), 1, from), y = lane_get(&V(1), 1, from);

        lane_set(&r->v, 2, n, i->imm & 2 ? x * y : (uint64_t)((int64_t)(int16_t)x * (int16_t)y));
    }
}

INTERP(VSUMB)
{
    r->v = (v128){{0, 0}};
    for (unsigned n = 0; n < 16; n++) {
        r->v.lane[n / 8] += lane_get(&V(0), 0, n);
    }
}

INTERP(VGATHER3)
{
    for (unsigned n = 0; n < 16; n++) {
        unsigned from = ir_gather3(i->imm, n);

        lane_set(&r->v, 0, n, from < 48 ? lane_get(&V(from / 16), 0, from % 16) : 0);
    }
}

INTERP(VEXT)
{
    for (unsigned n = 0; n < 16; n++) {
        unsigned from = n + (unsigned)i->imm;

        lane_set(&r->v, 0, n, lane_get(from < 16 ? &V(0) : &V(1), 0, from % 16));
    }
}

INTERP(VSXL)
{
    for (unsigned n = 0; n < 8u >> i->aux; n++) {
        lane_set(&r->v, i->aux + 1u, n, (uint64_t)SL(0, n));
    }
}

INTERP(VUXL)
{
    for (unsigned n = 0; n < 8u >> i->aux; n++) {
        lane_set(&r->v, i->aux + 1u, n, UL(0, n));
    }
}

INTERP(VTBL)
{
    for (unsigned n = 0; n < 16; n++) {
        uint64_t index = lane_get(&V(1), 0, n);

        lane_set(&r->v, 0, n, index < 16 ? lane_get(&V(0), 0, (unsigned)index) : 0);
    }
}

INTERP(VINT)
{
    help_simd(in->st, &r->v, &V(0), a[1] ? &V(1) : NULL, a[2] ? &V(2) : NULL, (uint32_t)i->imm);
}

INTERP(VINTQ)
{
    help_simd(in->st, &r->v, &V(0), a[1] ? &V(1) : NULL, a[2] ? &V(2) : NULL, (uint32_t)i->imm);
}

/* --- crypto --- */
#define INTERP_CRYPTO(name, op, b)                                                                 \
    INTERP(name)                                                                                   \
    {                                                                                              \
        help_crypto(in->st, &r->v, &V(0), b, NULL, CRYPTO_##op);                                   \
    }
INTERP_CRYPTO(VAESE, AESE, &V(1))
INTERP_CRYPTO(VAESD, AESD, &V(1))
INTERP_CRYPTO(VAESMC, AESMC, NULL)
INTERP_CRYPTO(VAESIMC, AESIMC, NULL)
INTERP_CRYPTO(VAESEMC, AESEMC, &V(1))
INTERP_CRYPTO(VAESDIMC, AESDIMC, &V(1))

INTERP(VPMULL64)
{
    help_crypto(in->st, &r->v, &V(0), &V(1), NULL, i->imm ? CRYPTO_PMULL64_HIGH : CRYPTO_PMULL64);
}

INTERP(VSHA)
{
    help_crypto(in->st, &r->v, &V(0), &V(1), a[2] ? &V(2) : NULL, (uint32_t)i->imm);
}

/* --- floating point --- */
INTERP(FP)
{
    help_fp(in->st, &r->v, &V(0), a[1] ? &V(1) : NULL, a[2] ? &V(2) : NULL, (uint32_t)i->imm);
}

INTERP(FIDC)
{
    (void)r;
    help_fp_idc(in->st, &V(0), (uint32_t)i->imm);
}

INTERP(FCVT)
{
    help_fp_cvt(in->st, &r->v, &V(0), 0, 0, (uint32_t)i->imm);
}

INTERP_INT(FTOI, help_fp_toi(in->st, &V(0), 0, 0, (uint32_t)i->imm))
INTERP_INT(FJS, help_fp_js(in->st, &V(0), 0, 0, 0))

INTERP(FFROMI)
{
    help_fp_fromi(in->st, &r->v, X(0), 0, 0, (uint32_t)i->imm);
}

INTERP_FLAGS(FCMP, (uint32_t)help_fp_cmp(in->st, &V(0), &V(1), 0, (uint32_t)i->imm))
