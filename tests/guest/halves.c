/* SPDX-License-Identifier: BSD-2-Clause */
/* Every 16-bit value through every conversion, rounding and estimate, in every mode of FPCR. */
/*
 * A line is an instruction in a mode and the hash over all its results, each with the FPSR that it
 * left. Eight values go through vector forms at once, one through those with a general register;
 * what makes halves of wider numbers gets each half's exact value, its neighbours and the middle to
 * the next half.
 */
#include "tests/guest/guest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct lanes {
    uint64_t lane[2];
} __attribute__((aligned(16)));

typedef void (*convert_fn)(const struct lanes *in, struct lanes *out);

enum { FZ16 = 1 << 19, FZ = 1 << 24, DN = 1 << 25, AHP = 1 << 26 };
static const uint32_t extras[] = {0, FZ16, AHP, AHP | FZ16, FZ, DN};

/* Q0 = insn of Q1; TO_X: the instruction writes X9. */
#define CONVERT(name, insn)                                                                        \
    static void name(const struct lanes *in, struct lanes *out)                                    \
    {                                                                                              \
        __asm__ volatile(".arch_extension fp16\n"                                                  \
                         "ldr   q1, [%0]\n"                                                        \
                         "movi  v0.2d, #0\n" insn "\n"                                             \
                         "str   q0, [%1]"                                                          \
                         :                                                                         \
                         : "r"(in), "r"(out)                                                       \
                         : "x9", "memory");                                                        \
    }
#define TO_X(name, insn) CONVERT(name, insn "\nfmov d0, x9")

#define ROUNDINGS(X) X(n) X(p) X(m) X(z) X(a)
#define TO_INTEGERS(r)                                                                             \
    CONVERT(cvt##r##s, "fcvt" #r "s v0.8h, v1.8h")                                                 \
    CONVERT(cvt##r##u, "fcvt" #r "u v0.8h, v1.8h")                                                 \
    CONVERT(rint##r, "frint" #r " v0.8h, v1.8h")                                                   \
    TO_X(cvt##r##s_w, "fcvt" #r "s w9, h1")                                                        \
    TO_X(cvt##r##u_w, "fcvt" #r "u w9, h1")                                                        \
    TO_X(cvt##r##s_x, "fcvt" #r "s x9, h1")                                                        \
    TO_X(cvt##r##u_x, "fcvt" #r "u x9, h1")
ROUNDINGS(TO_INTEGERS)
TO_X(fixed_s_w, "fcvtzs w9, h1, #7")
TO_X(fixed_u_w, "fcvtzu w9, h1, #32")
TO_X(fixed_s_x, "fcvtzs x9, h1, #40")
TO_X(fixed_u_x, "fcvtzu x9, h1, #64")

CONVERT(fixed_s, "fcvtzs v0.8h, v1.8h, #3")
CONVERT(fixed_u, "fcvtzu v0.8h, v1.8h, #16")
CONVERT(from_s, "scvtf v0.8h, v1.8h")
CONVERT(from_u, "ucvtf v0.8h, v1.8h")
CONVERT(from_fixed_s, "scvtf v0.8h, v1.8h, #15")
CONVERT(from_fixed_u, "ucvtf v0.8h, v1.8h, #9")
CONVERT(rintx, "frintx v0.8h, v1.8h")
CONVERT(rinti, "frinti v0.8h, v1.8h")
CONVERT(root, "fsqrt v0.8h, v1.8h")
CONVERT(estimate, "frecpe v0.8h, v1.8h")
CONVERT(root_estimate, "frsqrte v0.8h, v1.8h")
CONVERT(widen_low, "fcvtl v0.4s, v1.4h")
CONVERT(widen_high, "fcvtl2 v0.4s, v1.8h")

CONVERT(exponent, "frecpx h0, h1")
CONVERT(to_single, "fcvt s0, h1")
CONVERT(to_double, "fcvt d0, h1")

CONVERT(fixed_s_scalar, "fcvtzs h0, h1, #3")

CONVERT(narrow, "fcvtn v0.4h, v1.4s")
CONVERT(single_to_half, "fcvt h0, s1")
CONVERT(double_to_half, "fcvt h0, d1")

struct op {
    const char *name;
    convert_fn run;
};

#define OP(f)                                                                                      \
    {                                                                                              \
#f, f                                                                                      \
    }
#define VECTOR_ROUNDING(r) OP(cvt##r##s), OP(cvt##r##u), OP(rint##r),
#define SCALAR_ROUNDING(r) OP(cvt##r##s_w), OP(cvt##r##u_w), OP(cvt##r##s_x), OP(cvt##r##u_x),

// clang-format off
static const struct op vector_ops[] = {
    ROUNDINGS(VECTOR_ROUNDING)
    OP(fixed_s), OP(fixed_u), OP(from_s), OP(from_u), OP(from_fixed_s), OP(from_fixed_u),
    OP(rintx), OP(rinti), OP(root), OP(estimate), OP(root_estimate), OP(widen_low), OP(widen_high),
};
static const struct op scalar_ops[] = {
    ROUNDINGS(SCALAR_ROUNDING)
    OP(fixed_s_w), OP(fixed_u_w), OP(fixed_s_x), OP(fixed_u_x),
    OP(exponent), OP(to_single), OP(to_double),
};
// clang-format on

static uint64_t mix(uint64_t h, uint64_t value)
{
    h = (h ^ value) * 0x9fb21c651e98df25;
    return h ^ h >> 29;
}

/* One instruction from a clear FPSR; its result and the FPSR go into the hash. */
static uint64_t apply(convert_fn run, const struct lanes *in, uint64_t h)
{
    struct lanes out;

    msr(fpsr, 0);
    run(in, &out);
    return mix(mix(mix(h, out.lane[0]), out.lane[1]), mrs(fpsr));
}

static uint64_t all_vectors(convert_fn run)
{
    uint64_t h = 0;

    for (uint64_t a = 0; a < 65536; a += 8) {
        struct lanes in = {{a * 0x0001000100010001 + 0x0003000200010000,
                            a * 0x0001000100010001 + 0x0007000600050004}};

        h = apply(run, &in, h);
    }
    return h;
}

static uint64_t all_scalars(convert_fn run)
{
    uint64_t h = 0;

    for (uint64_t a = 0; a < 65536; a++) {
        struct lanes in = {{a, 0}};

        h = apply(run, &in, h);
    }
    return h;
}

/* The half as a wider number, by an instruction that is itself swept, in the plain mode. */
static uint64_t widened(convert_fn widen, uint64_t a)
{
    struct lanes in = {{a, 0}}, out;

    msr(fpcr, 0);
    widen(&in, &out);
    return out.lane[0];
}

/* Each half's value, the middle to the next one, and what lies right behind both. */
static uint64_t all_wider(uint32_t fpcr, convert_fn run, convert_fn widen, uint64_t half_ulp)
{
    uint64_t h = 0;

    for (uint64_t a = 0; a < 65536; a++) {
        uint64_t exact = widened(widen, a);
        msr(fpcr, fpcr);
        for (unsigned i = 0; i < 4; i++) {
            struct lanes in = {{exact + (i & 1) + (i & 2 ? half_ulp : 0), 0}};

            h = apply(run, &in, h);
        }
    }
    return h;
}

/* The same, four single-precision numbers at once. */
static uint64_t all_narrow(uint32_t fpcr)
{
    uint64_t h = 0;

    for (uint64_t a = 0; a < 65536; a++) {
        uint64_t exact = widened(to_single, a), both = exact << 32 | exact;
        struct lanes in = {{both + 1, both + 0x0000100100001000}};

        msr(fpcr, fpcr);
        h = apply(narrow, &in, h);
    }
    return h;
}

static void show(const char *name, uint32_t fpcr, uint64_t hash)
{
    say("%s in mode %lx: %lx\n", name, (uint64_t)fpcr, hash);
}

static void in_mode(uint32_t fpcr)
{
    msr(fpcr, fpcr);
    for (unsigned i = 0; i < COUNT(vector_ops); i++) {
        show(vector_ops[i].name, fpcr, all_vectors(vector_ops[i].run));
    }
    show("narrow", fpcr, all_narrow(fpcr));
    show("single_to_half", fpcr, all_wider(fpcr, single_to_half, to_single, 0x1000));
    show("double_to_half", fpcr, all_wider(fpcr, double_to_half, to_double, 1ul << 41));
}

/* These have their rounding in the instruction, or need none: FPCR's is a different one each time.
 */
static void scalars_in_mode(uint32_t fpcr)
{
    msr(fpcr, fpcr);
    for (unsigned i = 0; i < COUNT(scalar_ops); i++) {
        show(scalar_ops[i].name, fpcr, all_scalars(scalar_ops[i].run));
    }
}

/* C7.2.116: the scalar form is the vector form's first lane, and the rest of the register is zero.
 */
static bool scalar_is_first_lane(void)
{
    for (uint64_t a = 0; a < 65536; a++) {
        struct lanes in = {{a, 0}}, vector, scalar;

        fixed_s(&in, &vector);
        fixed_s_scalar(&in, &scalar);
        if (scalar.lane[0] != vector.lane[0] || scalar.lane[1]) {
            return false;
        }
    }
    return true;
}

int main(void)
{
    msr(cpacr_el1, 3 << 20);
    isb();
    mmu_on();
    for (uint32_t e = 0; e < COUNT(extras); e++) {
        for (uint32_t rounding = 0; rounding < 4; rounding++) {
            in_mode(extras[e] | rounding << 22);
        }
        scalars_in_mode(extras[e] | (e & 3) << 22);
    }
    msr(fpcr, 0);
    check_arch(scalar_is_first_lane(),
               "FCVTZS Hd, Hn, #3 of every half (QEMU: its sign in 32 bits)");
    return 0;
}
