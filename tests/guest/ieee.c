/* SPDX-License-Identifier: BSD-2-Clause */
/* IEEE 754-2008's corner cases as the standard and the Arm ARM define them; all halves converted.
 */
/*
 * A case is an instruction, FPCR, three operands in V0..V2, the result in V0 and FPSR's flags; the
 * list is for double and single precision alike. Sections are those of IEEE 754-2008.
 */
#include "tests/guest/guest.h"

enum { IOC = 1, DZC = 2, OFC = 4, UFC = 8, IXC = 16, IDC = 128 };
enum { RN = 0, RP = 1 << 22, RM = 2 << 22, RZ = 3 << 22, FZ = 1 << 24, DN = 1 << 25 };

struct outcome {
    uint64_t value;
    uint32_t flags;
};

typedef struct outcome operation(uint32_t fpcr, const uint64_t operand[3]);

#define OPERATION(name, code)                                                                      \
    static struct outcome name(uint32_t fpcr, const uint64_t operand[3])                           \
    {                                                                                              \
        uint64_t value, flags;                                                                     \
                                                                                                   \
        __asm__ volatile(                                                                          \
            "msr fpsr, xzr; msr fpcr, %2; fmov d0, %3; fmov d1, %4; fmov d2, %5\n" code            \
            "\nmrs %1, fpsr; msr fpcr, xzr; fmov %0, d0"                                           \
            : "=&r"(value), "=&r"(flags)                                                           \
            : "r"((uint64_t)fpcr), "r"(operand[0]), "r"(operand[1]), "r"(operand[2])               \
            : "v0", "v1", "v2", "x9", "cc");                                                       \
        return (struct outcome){value, (uint32_t)flags};                                           \
    }
/* The same in double and in single precision. */
#define BOTH(name, code_d, code_s) OPERATION(name##_d, code_d) OPERATION(name##_s, code_s)
#define BINARY(name)               BOTH(name, #name " d0, d0, d1", #name " s0, s0, s1")
#define UNARY(name)                BOTH(name, #name " d0, d0", #name " s0, s0")
#define TO_INT(name, reg)                                                                          \
    BOTH(name##_##reg, #name " " #reg "9, d0; fmov d0, x9", #name " " #reg "9, s0; fmov d0, x9")
#define COMPARE(name)                                                                              \
    BOTH(name, #name " d0, d1; mrs x9, nzcv; fmov d0, x9",                                         \
         #name " s0, s1; mrs x9, nzcv; fmov d0, x9")

BINARY(fadd)
BINARY(fsub)
BINARY(fmul)
BINARY(fdiv)
BINARY(fmax)
BINARY(fmin)
BINARY(fmaxnm)
BINARY(fminnm)
BINARY(fmulx)
BINARY(frecps)
BINARY(frsqrts)
UNARY(fsqrt)
UNARY(frintn)
UNARY(frinta)
UNARY(frintp)
UNARY(frintm)
UNARY(frintz)
UNARY(frintx)
UNARY(frinti)
BOTH(fmadd, "fmadd d0, d0, d1, d2", "fmadd s0, s0, s1, s2")
BOTH(fmsub, "fmsub d0, d0, d1, d2", "fmsub s0, s0, s1, s2")
COMPARE(fcmp)
COMPARE(fcmpe)
TO_INT(fcvtzs, w)
TO_INT(fcvtzs, x)
TO_INT(fcvtzu, w)
TO_INT(fcvtzu, x)
TO_INT(fcvtns, x)
TO_INT(fcvtas, x)
TO_INT(fcvtps, x)
TO_INT(fcvtms, x)
OPERATION(narrow, "fcvt s0, d0")
OPERATION(widen, "fcvt d0, s0")
OPERATION(to_half, "fcvt h0, d0")

// clang-format off
/* name                 double              single */
#define NUMBERS(X)                                                                                 \
    X(ZERO,             0,                  0)                                                     \
    X(DENORMAL,         1,                  1)                                                     \
    X(HALF_NORMAL,      0x0008000000000000, 0x00400000)                                            \
    X(LEAST_NORMAL,     0x0010000000000000, 0x00800000)                                            \
    X(HALF_ULP,         0x3ca0000000000000, 0x33800000) /* of 1 */                                 \
    X(HALF,             0x3fe0000000000000, 0x3f000000)                                            \
    X(BELOW_ONE,        0x3fefffffffffffff, 0x3f7fffff)                                            \
    X(ONE,              0x3ff0000000000000, 0x3f800000)                                            \
    X(ABOVE_ONE,        0x3ff0000000000001, 0x3f800001)                                            \
    X(TWICE_ABOVE,      0x3ff0000000000002, 0x3f800002)                                            \
    X(ONE_HALF_MORE,    0x3ff8000000000000, 0x3fc00000) /* 1.5 */                                  \
    X(TWO,              0x4000000000000000, 0x40000000)                                            \
    X(TWO_HALF,         0x4004000000000000, 0x40200000) /* 2.5 */                                  \
    X(THREE,            0x4008000000000000, 0x40400000)                                            \
    X(TWO_31,           0x41e0000000000000, 0x4f000000)                                            \
    X(TWO_32,           0x41f0000000000000, 0x4f800000)                                            \
    X(TWO_63,           0x43e0000000000000, 0x5f000000)                                            \
    X(TWO_64,           0x43f0000000000000, 0x5f800000)                                            \
    X(GREATEST,         0x7fefffffffffffff, 0x7f7fffff)                                            \
    X(INFINITE,         0x7ff0000000000000, 0x7f800000)                                            \
    X(SIGNALLING,       0x7ff0000000000123, 0x7f800123)                                            \
    X(QUIETED,          0x7ff8000000000123, 0x7fc00123)                                            \
    X(QUIET,            0x7ff8000000000456, 0x7fc00456)                                            \
    X(DEFAULT,          0x7ff8000000000000, 0x7fc00000)                                            \
    X(ABOVE_SQUARED,    0x3970000000000000, 0x28800000) /* the square of an ulp of 1 */            \
    X(SIGN,             0x8000000000000000, 0x80000000)
#define X(name, d, s) static const uint64_t D_##name = d, S_##name = s;
NUMBERS(X)
#undef X

/* P and M: a positive and a negative number of the precision; I: anything as it is. */
#define CASES(ROW, P, M)                                                                           \
    /* 6.1: infinities */                                                                          \
    ROW("inf + 1", fadd, RN, P(INFINITE), P(ONE), 0, P(INFINITE), 0)                               \
    ROW("inf - inf", fsub, RN, P(INFINITE), P(INFINITE), 0, P(DEFAULT), IOC)                       \
    ROW("-inf + inf", fadd, RM, M(INFINITE), P(INFINITE), 0, P(DEFAULT), IOC)                      \
    ROW("inf * -2", fmul, RN, P(INFINITE), M(TWO), 0, M(INFINITE), 0)                              \
    ROW("inf * 0", fmul, RN, P(INFINITE), P(ZERO), 0, P(DEFAULT), IOC)                             \
    ROW("1 / -inf", fdiv, RN, P(ONE), M(INFINITE), 0, M(ZERO), 0)                                  \
    ROW("inf / inf", fdiv, RN, P(INFINITE), P(INFINITE), 0, P(DEFAULT), IOC)                       \
    ROW("sqrt(inf)", fsqrt, RN, P(INFINITE), 0, 0, P(INFINITE), 0)                                 \
    ROW("sqrt(-inf)", fsqrt, RN, M(INFINITE), 0, 0, P(DEFAULT), IOC)                               \
    ROW("0 * inf by FMULX", fmulx, RN, P(ZERO), P(INFINITE), 0, P(TWO), 0)                         \
    ROW("-0 * inf by FMULX", fmulx, RN, M(ZERO), P(INFINITE), 0, M(TWO), 0)                        \
    ROW("FRECPS of 0 and inf", frecps, RN, P(ZERO), P(INFINITE), 0, P(TWO), 0)                     \
    ROW("FRSQRTS of 0 and inf", frsqrts, RN, P(INFINITE), P(ZERO), 0, P(ONE_HALF_MORE), 0)         \
    ROW("FRECPS of 1 and 1", frecps, RN, P(ONE), P(ONE), 0, P(ONE), 0)                             \
    ROW("FRSQRTS of 1 and 1", frsqrts, RN, P(ONE), P(ONE), 0, P(ONE), 0)                           \
    /* 6.2: NaNs */                                                                                \
    ROW("quiet + 1", fadd, RN, P(QUIET), P(ONE), 0, P(QUIET), 0)                                   \
    ROW("1 - quiet", fsub, RN, P(ONE), M(QUIET), 0, M(QUIET), 0)                                   \
    ROW("signalling * 1", fmul, RN, P(SIGNALLING), P(ONE), 0, P(QUIETED), IOC)                     \
    ROW("quiet + signalling", fadd, RN, P(QUIET), P(SIGNALLING), 0, P(QUIETED), IOC)               \
    ROW("quiet + quiet", fadd, RN, M(QUIETED), P(QUIET), 0, M(QUIETED), 0)                         \
    ROW("quiet + 1, default", fadd, DN, M(QUIET), P(ONE), 0, P(DEFAULT), 0)                        \
    ROW("signalling / 1, default", fdiv, DN, M(SIGNALLING), P(ONE), 0, P(DEFAULT), IOC)            \
    ROW("sqrt(signalling)", fsqrt, RN, P(SIGNALLING), 0, 0, P(QUIETED), IOC)                       \
    ROW("sqrt(-1)", fsqrt, RN, M(ONE), 0, 0, P(DEFAULT), IOC)                                      \
    ROW("inf * 0 + quiet", fmadd, RN, P(INFINITE), P(ZERO), P(QUIET), P(DEFAULT), IOC)             \
    ROW("quiet * 0 + 1", fmadd, RN, P(QUIET), P(ZERO), P(ONE), P(QUIET), 0)                        \
    ROW("inf * 1 - inf", fmadd, RN, P(INFINITE), P(ONE), M(INFINITE), P(DEFAULT), IOC)             \
    /* 6.3: the sign of zero */                                                                    \
    ROW("1 - 1", fsub, RN, P(ONE), P(ONE), 0, P(ZERO), 0)                                          \
    ROW("1 - 1 downwards", fsub, RM, P(ONE), P(ONE), 0, M(ZERO), 0)                                \
    ROW("0 + -0", fadd, RP, P(ZERO), M(ZERO), 0, P(ZERO), 0)                                       \
    ROW("0 + -0 downwards", fadd, RM, P(ZERO), M(ZERO), 0, M(ZERO), 0)                             \
    ROW("-0 + -0", fadd, RN, M(ZERO), M(ZERO), 0, M(ZERO), 0)                                      \
    ROW("sqrt(-0)", fsqrt, RN, M(ZERO), 0, 0, M(ZERO), 0)                                          \
    ROW("1 * 1 - 1", fmadd, RN, P(ONE), P(ONE), M(ONE), P(ZERO), 0)                                \
    ROW("1 * 1 - 1 downwards", fmadd, RM, P(ONE), P(ONE), M(ONE), M(ZERO), 0)                      \
    ROW("-0.5 to integral", frintn, RN, M(HALF), 0, 0, M(ZERO), 0)                                 \
    /* 4.3: roundings */                                                                           \
    ROW("1 + ulp / 2", fadd, RN, P(ONE), P(HALF_ULP), 0, P(ONE), IXC)                              \
    ROW("1 + ulp + ulp / 2", fadd, RN, P(ABOVE_ONE), P(HALF_ULP), 0, P(TWICE_ABOVE), IXC)          \
    ROW("1 + ulp / 2 upwards", fadd, RP, P(ONE), P(HALF_ULP), 0, P(ABOVE_ONE), IXC)                \
    ROW("-1 - ulp / 2 downwards", fsub, RM, M(ONE), P(HALF_ULP), 0, M(ABOVE_ONE), IXC)             \
    ROW("-1 - ulp / 2 upwards", fsub, RP, M(ONE), P(HALF_ULP), 0, M(ONE), IXC)                     \
    ROW("1 + ulp + ulp / 2 to zero", fadd, RZ, P(ABOVE_ONE), P(HALF_ULP), 0, P(ABOVE_ONE), IXC)    \
    ROW("fused, not rounded twice", fmsub, RN, P(ABOVE_ONE), P(ABOVE_ONE), P(TWICE_ABOVE),         \
        M(ABOVE_SQUARED), 0)                                                                       \
    /* 7.3: division by zero */                                                                    \
    ROW("1 / 0", fdiv, RN, P(ONE), P(ZERO), 0, P(INFINITE), DZC)                                   \
    ROW("1 / -0", fdiv, RN, P(ONE), M(ZERO), 0, M(INFINITE), DZC)                                  \
    ROW("0 / 0", fdiv, RN, P(ZERO), P(ZERO), 0, P(DEFAULT), IOC)                                   \
    ROW("inf / 0", fdiv, RN, P(INFINITE), P(ZERO), 0, P(INFINITE), 0)                              \
    /* 7.4: overflow */                                                                            \
    ROW("overflow", fadd, RN, P(GREATEST), P(GREATEST), 0, P(INFINITE), OFC | IXC)                 \
    ROW("overflow upwards", fmul, RP, P(GREATEST), P(TWO), 0, P(INFINITE), OFC | IXC)              \
    ROW("overflow downwards", fmul, RM, P(GREATEST), P(TWO), 0, P(GREATEST), OFC | IXC)            \
    ROW("overflow to zero", fmul, RZ, M(GREATEST), P(TWO), 0, M(GREATEST), OFC | IXC)              \
    ROW("negative overflow upwards", fmul, RP, M(GREATEST), P(TWO), 0, M(GREATEST), OFC | IXC)     \
    ROW("fused overflow", fmadd, RN, P(GREATEST), P(TWO), P(ONE), P(INFINITE), OFC | IXC)          \
    ROW("no overflow: fused", fmadd, RN, P(GREATEST), P(TWO), M(GREATEST), P(GREATEST), 0)         \
    /* 7.5: underflow, found before rounding */                                                    \
    ROW("exact denormal", fmul, RN, P(LEAST_NORMAL), P(HALF), 0, P(HALF_NORMAL), 0)                \
    ROW("rounded up to normal", fmul, RN, P(LEAST_NORMAL), P(BELOW_ONE), 0, P(LEAST_NORMAL),       \
        UFC | IXC)                                                                                 \
    ROW("denormal / 2", fmul, RN, P(DENORMAL), P(HALF), 0, P(ZERO), UFC | IXC)                     \
    ROW("denormal / 2 upwards", fmul, RP, P(DENORMAL), P(HALF), 0, P(DENORMAL), UFC | IXC)         \
    ROW("denormal * 1.5", fmul, RN, P(DENORMAL), P(ONE_HALF_MORE), 0, 2, UFC | IXC)                \
    ROW("fused, rounded up to normal", fmadd, RN, M(LEAST_NORMAL), P(ABOVE_SQUARED),               \
        P(LEAST_NORMAL), P(LEAST_NORMAL), UFC | IXC)                                               \
    ROW("the same negative", fmsub, RN, M(LEAST_NORMAL), P(ABOVE_SQUARED), M(LEAST_NORMAL),        \
        M(LEAST_NORMAL), UFC | IXC)                                                                \
    ROW("the same downwards", fmadd, RM, M(LEAST_NORMAL), P(ABOVE_SQUARED), P(LEAST_NORMAL),       \
        P(LEAST_NORMAL) - 1, UFC | IXC)                                                            \
    ROW("the same upwards", fmadd, RP, M(LEAST_NORMAL), P(ABOVE_SQUARED), P(LEAST_NORMAL),         \
        P(LEAST_NORMAL), UFC | IXC)                                                                \
    ROW("denormal - normal", fsub, RN, P(LEAST_NORMAL), P(HALF_NORMAL), 0, P(HALF_NORMAL), 0)      \
    /* FPCR.FZ: before rounding, without Inexact */                                                \
    ROW("flushed result", fmul, FZ, M(LEAST_NORMAL), P(HALF), 0, M(ZERO), UFC)                     \
    ROW("flushed before rounding", fmul, FZ, P(LEAST_NORMAL), P(BELOW_ONE), 0, P(ZERO), UFC)       \
    ROW("fused, flushed before rounding", fmadd, FZ, M(LEAST_NORMAL), P(ABOVE_SQUARED),            \
        P(LEAST_NORMAL), P(ZERO), UFC)                                                             \
    ROW("flushed operand", fadd, FZ, P(DENORMAL), P(ONE), 0, P(ONE), IDC)                          \
    ROW("flushed operands", fsub, FZ, P(HALF_NORMAL), P(DENORMAL), 0, P(ZERO), IDC)                \
    ROW("1 / flushed", fdiv, FZ, P(ONE), P(DENORMAL), 0, P(INFINITE), DZC | IDC)                   \
    ROW("greater of flushed ones", fmax, FZ, P(DENORMAL), M(DENORMAL), 0, P(ZERO), IDC)            \
    ROW("flushed, rounded upwards", frintp, FZ, P(DENORMAL), 0, 0, P(ZERO), IDC)                   \
    ROW("flushed equals 0", fcmp, FZ, P(DENORMAL), M(ZERO), 0, 0x60000000, IDC)                    \
    /* 5.3.1: extremes */                                                                          \
    ROW("max(-0, 0)", fmax, RN, M(ZERO), P(ZERO), 0, P(ZERO), 0)                                   \
    ROW("min(0, -0)", fmin, RN, P(ZERO), M(ZERO), 0, M(ZERO), 0)                                   \
    ROW("max(1, quiet)", fmax, RN, P(ONE), P(QUIET), 0, P(QUIET), 0)                               \
    ROW("maxNum(1, quiet)", fmaxnm, RN, P(ONE), P(QUIET), 0, P(ONE), 0)                            \
    ROW("minNum(quiet, -1)", fminnm, RN, P(QUIET), M(ONE), 0, M(ONE), 0)                           \
    ROW("maxNum(1, signalling)", fmaxnm, RN, P(ONE), P(SIGNALLING), 0, P(QUIETED), IOC)            \
    /* 5.11: comparisons */                                                                        \
    ROW("0 and -0", fcmp, RN, P(ZERO), M(ZERO), 0, 0x60000000, 0)                                  \
    ROW("-inf and inf", fcmp, RN, M(INFINITE), P(INFINITE), 0, 0x80000000, 0)                      \
    ROW("inf and greatest", fcmp, RN, P(INFINITE), P(GREATEST), 0, 0x20000000, 0)                  \
    ROW("quiet and quiet", fcmp, RN, P(QUIET), P(QUIET), 0, 0x30000000, 0)                         \
    ROW("1 and quiet, signalled", fcmpe, RN, P(ONE), P(QUIET), 0, 0x30000000, IOC)                 \
    ROW("1 and signalling", fcmp, RN, P(ONE), P(SIGNALLING), 0, 0x30000000, IOC)                   \
    /* 5.9: to integral numbers */                                                                 \
    ROW("2.5 to even", frintn, RN, P(TWO_HALF), 0, 0, P(TWO), 0)                                   \
    ROW("2.5 away", frinta, RN, P(TWO_HALF), 0, 0, P(THREE), 0)                                    \
    ROW("below 1/2 away", frinta, RN, P(BELOW_ONE) - P(ONE) + P(HALF), 0, 0, P(ZERO), 0)           \
    ROW("-2.5 up", frintp, RN, M(TWO_HALF), 0, 0, M(TWO), 0)                                       \
    ROW("-2.5 down", frintm, RN, M(TWO_HALF), 0, 0, M(THREE), 0)                                   \
    ROW("-2.5 to zero", frintz, RN, M(TWO_HALF), 0, 0, M(TWO), 0)                                  \
    ROW("2.5 by FPCR, inexact", frintx, RP, P(TWO_HALF), 0, 0, P(THREE), IXC)                      \
    ROW("2.5 by FPCR", frinti, RM, P(TWO_HALF), 0, 0, P(TWO), 0)                                   \
    ROW("inf to integral", frinta, RN, M(INFINITE), 0, 0, M(INFINITE), 0)                          \
    ROW("signalling to integral", frintz, RN, P(SIGNALLING), 0, 0, P(QUIETED), IOC)                \
    /* 5.8: to integers */                                                                         \
    ROW("2.5 to an integer, even", fcvtns_x, RN, P(TWO_HALF), 0, 0, 2, IXC)                        \
    ROW("2.5 to an integer, away", fcvtas_x, RN, P(TWO_HALF), 0, 0, 3, IXC)                        \
    ROW("below 1/2 to an integer, away", fcvtas_x, RN, P(BELOW_ONE) - P(ONE) + P(HALF), 0, 0, 0,   \
        IXC)                                                                                       \
    ROW("-2.5 to an integer, up", fcvtps_x, RN, M(TWO_HALF), 0, 0, -2ul, IXC)                      \
    ROW("-2.5 to an integer, down", fcvtms_x, RN, M(TWO_HALF), 0, 0, -3ul, IXC)                    \
    ROW("2^31 to 32 bits", fcvtzs_w, RN, P(TWO_31), 0, 0, 0x7fffffff, IOC)                         \
    ROW("-2^31 to 32 bits", fcvtzs_w, RN, M(TWO_31), 0, 0, 0x80000000, 0)                          \
    ROW("2^31 to 32 unsigned bits", fcvtzu_w, RN, P(TWO_31), 0, 0, 0x80000000, 0)                  \
    ROW("2^32 to 32 unsigned bits", fcvtzu_w, RN, P(TWO_32), 0, 0, 0xffffffff, IOC)                \
    ROW("-2^63 to 64 bits", fcvtzs_x, RN, M(TWO_63), 0, 0, 1ul << 63, 0)                           \
    ROW("2^63 to 64 bits", fcvtzs_x, RN, P(TWO_63), 0, 0, ~0ul >> 1, IOC)                          \
    ROW("2^63 to 64 unsigned bits", fcvtzu_x, RN, P(TWO_63), 0, 0, 1ul << 63, 0)                   \
    ROW("2^64 to 64 unsigned bits", fcvtzu_x, RN, P(TWO_64), 0, 0, ~0ul, IOC)                      \
    ROW("-1/2 to unsigned bits", fcvtzu_x, RN, M(HALF), 0, 0, 0, IXC)                              \
    ROW("-1 to unsigned bits", fcvtzu_x, RN, M(ONE), 0, 0, 0, IOC)                                 \
    ROW("a NaN to 64 bits", fcvtzs_x, RN, M(QUIET), 0, 0, 0, IOC)                                  \
    ROW("-inf to 32 bits", fcvtzs_w, RN, M(INFINITE), 0, 0, 0x80000000, IOC)

/* 5.4.2: between formats */
#define FORMATS(ROW)                                                                               \
    ROW("greatest double to single", narrow, RN, D_GREATEST, S_INFINITE, OFC | IXC)                \
    ROW("the same to zero", narrow, RZ, D_GREATEST, S_GREATEST, OFC | IXC)                         \
    ROW("least normal double to single", narrow, RN, D_LEAST_NORMAL, 0, UFC | IXC)                 \
    ROW("the same upwards", narrow, RP, D_LEAST_NORMAL, 1, UFC | IXC)                              \
    ROW("below the least normal single", narrow, RN, 0x380fffffffffffff, S_LEAST_NORMAL,           \
        UFC | IXC)                                                                                 \
    ROW("signalling double to single", narrow, RN, 0x7ff0000020000000, 0x7fc00001, IOC)            \
    ROW("quiet double to single", narrow, RN, 0xfff8000040000001, 0xffc00002, 0)                   \
    ROW("signalling single to double", widen, RN, S_SIGNALLING, 0x7ff8002460000000, IOC)           \
    ROW("denormal single to double", widen, RN, 1, 0x36a0000000000000, 0)                          \
    ROW("denormal single to double, flushed", widen, FZ, 1, 0, IDC)                                \
    ROW("double to half: not rounded twice", to_half, RN, 0x3ff0020000000001, 0x3c01, IXC)         \
    ROW("double to half: a tie", to_half, RN, 0x3ff0020000000000, 0x3c00, IXC)                     \
    ROW("65519.9 to half", to_half, RN, 0x40effdfffffffff0, 0x7bff, IXC)                           \
    ROW("65520 to half", to_half, RN, 0x40effe0000000000, 0x7c00, OFC | IXC)                       \
    ROW("2^-25 to half", to_half, RN, 0x3e60000000000000, 0, UFC | IXC)                            \
    ROW("more than 2^-25 to half", to_half, RN, 0x3e60000000000001, 1, UFC | IXC)
// clang-format on

struct test {
    const char *name;
    operation *apply;
    uint32_t fpcr;
    uint64_t operand[3], want;
    uint32_t flags;
};

static void run_test(const struct test *t, const char *precision)
{
    struct outcome got = t->apply(t->fpcr, t->operand);
    bool good = got.value == t->want && got.flags == t->flags;

    say("%s %s: %s\n", good ? "ok" : "FAIL", precision, t->name);
    if (!good) {
        say("  %lx, flags %lx; should be %lx, %lx\n", got.value, (uint64_t)got.flags, t->want,
            (uint64_t)t->flags);
    }
}

#define RUN(precision, ...)                                                                        \
    {                                                                                              \
        static const struct test test = {__VA_ARGS__};                                             \
        run_test(&test, precision);                                                                \
    }

static void test_doubles(void)
{
#define P(name) D_##name
#define M(name) (D_##name | D_SIGN)
#define ROW(name, op, fpcr, a, b, c, want, flags)                                                  \
    RUN("double", name, op##_d, fpcr, {a, b, c}, want, flags)
    CASES(ROW, P, M)
#undef ROW
#undef P
#undef M
}

static void test_singles(void)
{
#define P(name) S_##name
#define M(name) (S_##name | S_SIGN)
#define ROW(name, op, fpcr, a, b, c, want, flags)                                                  \
    RUN("single", name, op##_s, fpcr, {a, b, c}, want, flags)
    CASES(ROW, P, M)
#undef ROW
#undef P
#undef M
}

static void test_formats(void)
{
#define ROW(name, op, fpcr, a, want, flags) RUN("formats", name, op, fpcr, {a, 0, 0}, want, flags)
    FORMATS(ROW)
#undef ROW
}

int main(void);
int main(void)
{
    mmu_on();
    test_doubles();
    test_singles();
    test_formats();
    return 0;
}
