/* SPDX-License-Identifier: BSD-2-Clause */
/* The exact arithmetic of dbt/fp against the host's own floating-point unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <immintrin.h>

#include "dbt/fp/fp.h"
#include "tests/xorshift.h"

#define ROUNDS 400000

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
    return xorshift64(&seed);
}

static uint64_t frac_mask(unsigned size)
{
    return MASK(size == FP_DOUBLE ? 51 : size == FP_SINGLE ? 22 : 9, 0);
}

static uint64_t exp_mask(unsigned size)
{
    return MASK((8u << size) - 2, 0) & ~frac_mask(size);
}

/* A special number, or random bits, or a neighbour of `near`. */
static uint64_t operand(unsigned size, uint64_t near)
{
    uint64_t f = frac_mask(size), e = exp_mask(size), r = next(), low = (f + 1) & e;
    const uint64_t special[] = {0,
                                1,
                                2,
                                f,
                                low,
                                low + 1,
                                e,
                                e - 1,
                                e | 1,
                                e | (f + 1) >> 1,
                                e | f,
                                e >> 1,
                                (e >> 1) + 1,
                                (e >> 1 & e) - 1,
                                r & f,
                                e | (r & f)};

    r >>= 8;
    switch (next() % 8) {
    case 0:
    case 1: r = special[r % ARRAY_SIZE(special)] ^ (r >> 20 & 1 ? fp_sign_bit(size) : 0); break;
    case 2: r = near + r % 5 - 2; break;
    case 3: r = near ^ fp_sign_bit(size) ^ (r & 7); break;
    case 4: r = (near & e) | (r & (f | fp_sign_bit(size))); break;
    case 5: r = (r & ~e) | ((r % 64 * low + (e >> 1)) & e); break;
    default: r = next(); break;
    }
    return r & MASK((8u << size) - 1, 0);
}

static bool is_nan(unsigned size, uint64_t a)
{
    return (a & ~fp_sign_bit(size)) > exp_mask(size);
}

static bool is_snan(unsigned size, uint64_t a)
{
    return is_nan(size, a) && !(a & (frac_mask(size) + 1) >> 1);
}

/* The NaN that the operands in this order give, or the default NaN. */
static uint64_t nan_of(unsigned size, const uint64_t *ops, unsigned count)
{
    uint64_t quiet = (frac_mask(size) + 1) >> 1;

    for (unsigned n = 0; n < count; n++) {
        if (is_snan(size, ops[n])) {
            return ops[n] | quiet;
        }
    }
    for (unsigned n = 0; n < count; n++) {
        if (is_nan(size, ops[n])) {
            return ops[n];
        }
    }
    return exp_mask(size) | quiet;
}

/* --- the host --- */
enum host_op { H_ADD, H_SUB, H_MUL, H_DIV, H_SQRT, H_FMA, H_COUNT };

#define HOST(type, asm_type, suffix, bits)                                                         \
    __attribute__((target("fma"))) static uint64_t host_##suffix(enum host_op op, uint64_t x,      \
                                                                 uint64_t y, uint64_t z)           \
    {                                                                                              \
        union {                                                                                    \
            type f;                                                                                \
            bits i;                                                                                \
        } a = {.i = (bits)x}, b = {.i = (bits)y}, c = {.i = (bits)z};                              \
        switch (op) {                                                                              \
        case H_ADD: __asm__ volatile("adds" #suffix " %1, %0" : "+x"(a.f) : "x"(b.f)); break;      \
        case H_SUB: __asm__ volatile("subs" #suffix " %1, %0" : "+x"(a.f) : "x"(b.f)); break;      \
        case H_MUL: __asm__ volatile("muls" #suffix " %1, %0" : "+x"(a.f) : "x"(b.f)); break;      \
        case H_DIV: __asm__ volatile("divs" #suffix " %1, %0" : "+x"(a.f) : "x"(b.f)); break;      \
        case H_SQRT: __asm__ volatile("sqrts" #suffix " %0, %0" : "+x"(a.f)); break;               \
        default:                                                                                   \
            __asm__ volatile("vfmadd231s" #suffix " %2, %1, %0" : "+x"(a.f) : "x"(b.f), "x"(c.f)); \
            break;                                                                                 \
        }                                                                                          \
        return a.i;                                                                                \
    }
HOST(double, "", d, uint64_t)
HOST(float, "", s, uint32_t)

static const uint8_t host_rounding[4] = {0, 2, 1, 3};

static void set_mxcsr(enum fp_rounding r)
{
    _mm_setcsr(0x1f80u | (unsigned)host_rounding[r] << 13);
}

static uint32_t host_flags(void)
{
    uint32_t m = _mm_getcsr();

    return (m & 1 ? FPSR_IOC : 0) | (m & 4 ? FPSR_DZC : 0) | (m & 8 ? FPSR_OFC : 0) |
           (m & 16 ? FPSR_UFC : 0) | (m & 32 ? FPSR_IXC : 0);
}

static uint64_t ours(struct fp_ctx *ctx, unsigned size, enum host_op op, uint64_t a, uint64_t b,
                     uint64_t c)
{
    switch (op) {
    case H_ADD: return fp_add(ctx, size, a, b);
    case H_SUB: return fp_sub(ctx, size, a, b);
    case H_MUL: return fp_mul(ctx, size, a, b);
    case H_DIV: return fp_div(ctx, size, a, b);
    case H_SQRT: return fp_sqrt(ctx, size, a);
    default: return fp_muladd(ctx, size, a, b, c);
    }
}

/* 0 * infinity + quiet NaN: Arm says Invalid and default NaN, the host propagates. */
static bool is_arm_only_invalid(unsigned size, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t s = ~fp_sign_bit(size), inf = exp_mask(size);

    return is_nan(size, a) && !is_snan(size, a) &&
           (((b & s) == 0 && (c & s) == inf) || ((b & s) == inf && (c & s) == 0));
}

static void check(unsigned size, enum host_op op, enum fp_rounding r)
{
    uint64_t a = operand(size, next()), b = operand(size, a), c = operand(size, b);
    uint64_t ops[3] = {a, b, c}, want, got;
    struct fp_ctx ctx = {.fpcr = (uint32_t)r << 22};
    uint32_t flags;

    got = ours(&ctx, size, op, a, b, c);
    set_mxcsr(r);
    want = size == FP_DOUBLE ? host_d(op, a, b, c) : host_s(op, a, b, c);
    flags = host_flags();
    _mm_setcsr(0x1f80);
    if (op == H_FMA && is_arm_only_invalid(size, a, b, c)) {
        want = nan_of(size, ops, 0);
        flags |= FPSR_IOC;
    } else if (is_nan(size, want)) {
        want = nan_of(size, ops, op == H_SQRT ? 1 : op == H_FMA ? 3 : 2);
    }
    if ((want & ~fp_sign_bit(size)) == frac_mask(size) + 1) {
        /* The host finds tininess after rounding, Arm before. */
        flags |= ctx.fpsr & FPSR_UFC;
    }
    if (got != want || ctx.fpsr != flags) {
        fail_msg("size %u op %d mode %d: %lx %lx %lx: %lx flags %x, host %lx flags %x", size, op, r,
                 a, b, c, got, ctx.fpsr, want, flags);
    }
}

static void arithmetic_is_the_hosts(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ROUNDS; n++) {
        for (enum host_op op = H_ADD; op < H_COUNT; op++) {
            check(FP_SINGLE, op, (enum fp_rounding)(n & 3));
            check(FP_DOUBLE, op, (enum fp_rounding)(n & 3));
        }
    }
}

/* Half-precision sums and products are exact in double: one rounding is left. */
static void half_is_exact(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ROUNDS; n++) {
        struct fp_ctx c1 = {.fpcr = (n & 3u) << 22}, c2 = c1, quiet = {0};
        uint64_t a = operand(FP_HALF, next()), b = operand(FP_HALF, a), wide, x, y;
        enum host_op op = (enum host_op)(n >> 2 & 3);

        if (op == H_DIV || is_nan(FP_HALF, a) || is_nan(FP_HALF, b)) {
            continue;
        }
        x = fp_convert(&quiet, FP_HALF, FP_DOUBLE, a, FP_TIEEVEN);
        y = fp_convert(&quiet, FP_HALF, FP_DOUBLE, b, FP_TIEEVEN);
        wide = ours(&c2, FP_DOUBLE, op, x, y, 0);
        wide = fp_convert(&c2, FP_DOUBLE, FP_HALF, wide, (enum fp_rounding)(n & 3));
        assert_int_equal(ours(&c1, FP_HALF, op, a, b, 0), wide);
        assert_int_equal(c1.fpsr, c2.fpsr);
    }
}

/* --- conversions of half precision: every operand --- */
__attribute__((target("f16c"))) static uint32_t host_half_to_single(uint16_t a)
{
    return (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(_mm_cvtph_ps(_mm_cvtsi32_si128(a))));
}

__attribute__((target("f16c"))) static uint16_t host_single_to_half(uint32_t a)
{
    __m128 x = _mm_castsi128_ps(_mm_cvtsi32_si128((int)a));

    return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(x, 4)); /* by MXCSR */
}

static void narrow_like_the_host(uint32_t single, enum fp_rounding r)
{
    struct fp_ctx ctx = {.fpcr = (uint32_t)r << 22};
    uint64_t got = fp_convert(&ctx, FP_SINGLE, FP_HALF, single, r);
    uint32_t flags;
    uint16_t want;

    set_mxcsr(r);
    want = host_single_to_half(single);
    flags = host_flags();
    _mm_setcsr(0x1f80);
    if ((want & 0x7fff) == 0x400) {
        flags |= ctx.fpsr & FPSR_UFC;
    }
    if (got != want || flags != ctx.fpsr) {
        fail_msg("%x mode %d: %lx flags %x, host %x flags %x", single, r, got, ctx.fpsr, want,
                 flags);
    }
}

static void half_sweep(void **state)
{
    (void)state;
    for (uint32_t a = 0; a <= UINT16_MAX; a++) {
        struct fp_ctx ctx = {0};
        uint32_t single = host_half_to_single((uint16_t)a);

        assert_int_equal(fp_convert(&ctx, FP_HALF, FP_SINGLE, a, FP_TIEEVEN), single);
        assert_int_equal(!!ctx.fpsr, is_snan(FP_HALF, a));
        for (unsigned r = 0; r < 4; r++) {
            for (int d = -2; d <= 2; d++) {
                narrow_like_the_host(single + (uint32_t)d, (enum fp_rounding)r);
                narrow_like_the_host(single + 0x1000 + (uint32_t)d, (enum fp_rounding)r);
            }
            narrow_like_the_host((uint32_t)next(), (enum fp_rounding)r);
        }
    }
}

/* Alternative half precision has no infinities: exponent 31 is one more binade (A1.4.2). */
static void alternative_half_sweep(void **state)
{
    (void)state;
    for (uint32_t a = 0; a <= UINT16_MAX; a++) {
        struct fp_ctx ctx = {.fpcr = FPCR_AHP}, plain = {0};
        uint64_t single = fp_convert(&ctx, FP_HALF, FP_SINGLE, a, FP_TIEEVEN), want;

        /* The same digits with the exponent one lower, doubled. */
        want = fp_convert(&plain, FP_HALF, FP_SINGLE, (a & 0x7c00) == 0x7c00 ? a - 0x400 : a,
                          FP_TIEEVEN);
        assert_int_equal(single, (a & 0x7c00) == 0x7c00 ? want + 0x800000 : want);
        assert_int_equal(fp_convert(&ctx, FP_SINGLE, FP_HALF, single, FP_TIEEVEN), a);
        assert_int_equal(ctx.fpsr, 0);
    }
}

/* --- conversions to and from integers, and between single and double --- */
static void integers_are_the_hosts(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ROUNDS; n++) {
        enum fp_rounding r = (enum fp_rounding)(n & 3);
        struct fp_ctx ctx = {.fpcr = (uint32_t)r << 22};
        union {
            double f;
            uint64_t i;
        } a = {.i = operand(FP_DOUBLE, n & 4 ? UINT64_C(0x43d0000000000000) : next())}, back;
        int64_t want;
        uint64_t got = fp_to_fixed(&ctx, FP_DOUBLE, a.i, 0, false, r, 64);
        uint32_t flags;

        set_mxcsr(r);
        __asm__ volatile("cvtsd2si %1, %0" : "=r"(want) : "x"(a.f));
        flags = host_flags();
        if (flags & FPSR_IOC) {
            want = is_nan(FP_DOUBLE, a.i) ? 0 : a.i >> 63 ? INT64_MIN : INT64_MAX;
        }
        assert_int_equal(got, want);
        assert_int_equal(ctx.fpsr, flags);
        ctx.fpsr = 0;
        set_mxcsr(r);
        __asm__ volatile("cvtsi2sdq %1, %0" : "=x"(back.f) : "r"(a.i));
        flags = host_flags();
        _mm_setcsr(0x1f80);
        assert_int_equal(fp_from_fixed(&ctx, FP_DOUBLE, a.i, 0, false, r), back.i);
        assert_int_equal(ctx.fpsr, flags);
    }
}

static void formats_are_the_hosts(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ROUNDS; n++) {
        enum fp_rounding r = (enum fp_rounding)(n & 3);
        struct fp_ctx ctx = {.fpcr = (uint32_t)r << 22};
        uint64_t a = operand(FP_DOUBLE, (next() % 300 + 880) << 52), got;
        __m128d x = _mm_castsi128_pd(_mm_cvtsi64_si128((long long)a));
        __m128 y = _mm_setzero_ps();
        uint32_t flags, want;

        got = fp_convert(&ctx, FP_DOUBLE, FP_SINGLE, a, r);
        set_mxcsr(r);
        __asm__ volatile("cvtsd2ss %1, %0" : "+x"(y) : "x"(x));
        flags = host_flags();
        want = (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(y));
        flags |= (want << 1 == 0x1000000) ? ctx.fpsr & FPSR_UFC : 0;
        assert_int_equal(got, want);
        assert_int_equal(ctx.fpsr, flags);
        ctx.fpsr = 0;
        __asm__ volatile("cvtss2sd %1, %0" : "=x"(x) : "x"(y));
        _mm_setcsr(0x1f80);
        assert_int_equal(fp_convert(&ctx, FP_SINGLE, FP_DOUBLE, want, r),
                         _mm_cvtsi128_si64(_mm_castpd_si128(x)));
    }
}

__attribute__((target("sse4.1"))) static uint64_t host_round(uint64_t a, enum fp_rounding r)
{
    __m128d x = _mm_castsi128_pd(_mm_cvtsi64_si128((long long)a));

    set_mxcsr(r);
    x = _mm_round_pd(x, 4);
    return (uint64_t)_mm_cvtsi128_si64(_mm_castpd_si128(x));
}

static void rounding_is_the_hosts(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ROUNDS; n++) {
        enum fp_rounding r = (enum fp_rounding)(n & 3);
        struct fp_ctx ctx = {.fpcr = 0};
        uint64_t a = operand(FP_DOUBLE, (next() % 60 + 1020) << 52);
        uint64_t got = fp_round_int(&ctx, FP_DOUBLE, a, r, true), want = host_round(a, r);

        assert_int_equal(got, want);
        assert_int_equal(ctx.fpsr, host_flags());
        _mm_setcsr(0x1f80);
    }
}

/* --- values from the Arm ARM's text --- */
static void flushing(void **state)
{
    struct fp_ctx ctx = {.fpcr = FPCR_FZ};

    (void)state;
    assert_int_equal(fp_add(&ctx, FP_SINGLE, 1, 0x80000001), 0);
    assert_int_equal(ctx.fpsr, FPSR_IDC);
    ctx.fpsr = 0;
    /* the least normal halved: flushed before rounding, Underflow alone */
    assert_int_equal(fp_mul(&ctx, FP_SINGLE, 0x80800000, 0x3f000000), 0x80000000);
    assert_int_equal(ctx.fpsr, FPSR_UFC);
    ctx = (struct fp_ctx){.fpcr = FPCR_FZ16};
    assert_int_equal(fp_add(&ctx, FP_HALF, 1, 0x3c00), 0x3c00);
    assert_int_equal(ctx.fpsr, 0);
    assert_int_equal(fp_convert(&ctx, FP_HALF, FP_SINGLE, 1, FP_TIEEVEN), 0x33800000);
}

static void tininess_is_before_rounding(void **state)
{
    struct fp_ctx ctx = {.fpcr = 0};

    (void)state;
    /* the greatest denormal and a bit more rounds to the least normal: tiny all the same */
    assert_int_equal(fp_mul(&ctx, FP_SINGLE, 0x00ffffff, 0x3f000000), 0x00800000);
    assert_int_equal(ctx.fpsr, FPSR_UFC | FPSR_IXC);
}

static void javascript(void **state)
{
    static const struct {
        uint64_t a;
        uint32_t result;
        bool z;
        uint32_t flags;
    } rows[] = {
        {0, 0, true, 0},
        {UINT64_C(0x8000000000000000), 0, false, 0},
        {UINT64_C(0x3ff0000000000000), 1, true, 0},
        {UINT64_C(0xbff8000000000000), UINT32_MAX, false, FPSR_IXC},
        {UINT64_C(0x41e0000000000000), 0x80000000, false, FPSR_IOC},
        {UINT64_C(0xc1e0000000000000), 0x80000000, true, 0},
        {UINT64_C(0x41f0000000100000), 1, false, FPSR_IOC},
        {UINT64_C(0x7ff0000000000000), 0, false, FPSR_IOC},
        {UINT64_C(0x4410000000000001), 0x4000, false, FPSR_IOC},
    };

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        struct fp_ctx ctx = {0};
        bool z;

        assert_int_equal(fp_to_js(&ctx, rows[n].a, &z), rows[n].result);
        assert_int_equal(z, rows[n].z);
        assert_int_equal(ctx.fpsr, rows[n].flags);
    }
}

/* What QEMU 7.2 does otherwise (tests/diff/recipes.py). */
static void where_qemu_is_wrong(void **state)
{
    struct fp_ctx ctx = {.fpcr = FPCR_FZ};
    bool z = true;

    (void)state;
    /* a denormal flushed to zero was not zero: FPToFixedJS clears Z */
    assert_int_equal(fp_to_js(&ctx, 1, &z), 0);
    assert_false(z);
    assert_int_equal(ctx.fpsr, FPSR_IDC);
    /* FCVTZS Hd, Hn, #4 of -11.875: 16 bits, nothing above */
    assert_int_equal(fp_to_fixed(&ctx, FP_HALF, 0xc9f0, 4, false, FP_ZERO, 16), 0xff42);
}

/* Each estimate is within 1/256 of the truth, and the step of Newton improves it. */
static void estimates(void **state)
{
    struct fp_ctx ctx = {0};

    (void)state;
    for (unsigned n = 0; n < 10000; n++) {
        union {
            double f;
            uint64_t i;
        } a = {.i = UINT64_C(0x3ff) << 52 | next() >> 12}, r, s;

        a.f *= n & 1 ? 1 : 2;
        r.i = fp_recip_estimate(&ctx, FP_DOUBLE, a.i);
        s.i = fp_rsqrt_estimate(&ctx, FP_DOUBLE, a.i);
        assert_true(r.f * a.f > 1 - 1 / 256. && r.f * a.f < 1 + 1 / 256.);
        assert_true(s.f * s.f * a.f > 1 - 1 / 128. && s.f * s.f * a.f < 1 + 1 / 128.);
    }
    assert_int_equal(fp_recip_estimate(&ctx, FP_SINGLE, 0x3f800000), 0x3f7f8000);
    assert_int_equal(fp_rsqrt_estimate(&ctx, FP_SINGLE, 0x3f800000), 0x3f7f8000);
    assert_int_equal(fp_urecpe(0x80000000), 0xff800000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_is_the_hosts),
        cmocka_unit_test(half_is_exact),
        cmocka_unit_test(half_sweep),
        cmocka_unit_test(alternative_half_sweep),
        cmocka_unit_test(integers_are_the_hosts),
        cmocka_unit_test(formats_are_the_hosts),
        cmocka_unit_test(rounding_is_the_hosts),
        cmocka_unit_test(flushing),
        cmocka_unit_test(tininess_is_before_rounding),
        cmocka_unit_test(javascript),
        cmocka_unit_test(where_qemu_is_wrong),
        cmocka_unit_test(estimates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
