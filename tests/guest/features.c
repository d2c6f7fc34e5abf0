/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ID registers say is there can be executed, what they do not say is UNDEFINED (D17.2). */
/*
 * The rule is the same on every implementation, so each says `ok` on its own terms: QEMU's `max`
 * has many of these, Exarch few.
 */
#include "tests/guest/guest.h"

#define PFR0  s3_0_c0_c4_0
#define PFR1  s3_0_c0_c4_1
#define DFR0  s3_0_c0_c5_0
#define ISAR0 s3_0_c0_c6_0
#define ISAR1 s3_0_c0_c6_1
#define ISAR2 s3_0_c0_c6_2
#define MMFR0 s3_0_c0_c7_0
#define MMFR1 s3_0_c0_c7_1
#define MMFR2 s3_0_c0_c7_2

/* X(ID register, field's lowest bit, least value, instruction, what it is); X0 and X1 are addresses
 * of memory. */
// clang-format off
#define FEATURES(X)                                     \
    X(ISAR0, 4,  1, 0x4e284800, "AESE")                 \
    X(ISAR0, 4,  2, 0x0ee0e000, "PMULL of doublewords") \
    X(ISAR0, 8,  1, 0x5e280800, "SHA1H")                \
    X(ISAR0, 12, 1, 0x5e282800, "SHA256SU0")            \
    X(ISAR0, 12, 2, 0xcec08000, "SHA512SU0")            \
    X(ISAR0, 16, 1, 0x1ac04042, "CRC32B")               \
    X(ISAR0, 20, 2, 0xb8220022, "LDADD")                \
    X(ISAR0, 28, 1, 0x6e808400, "SQRDMLAH")             \
    X(ISAR0, 32, 1, 0xce000000, "EOR3")                 \
    X(ISAR0, 36, 1, 0xce60c000, "SM3PARTW1")            \
    X(ISAR0, 40, 1, 0xcec08400, "SM4E")                 \
    X(ISAR0, 44, 1, 0x4e809400, "SDOT")                 \
    X(ISAR0, 48, 1, 0x4e20ec00, "FMLAL")                \
    X(ISAR0, 52, 1, 0xd500401f, "CFINV")                \
    X(ISAR0, 52, 2, 0xd500405f, "AXFLAG")               \
    X(ISAR0, 56, 1, 0xd508811f, "TLBI VMALLE1OS")       \
    X(ISAR0, 56, 2, 0xd508863f, "TLBI RVAE1")           \
    X(ISAR0, 60, 1, 0xd53b2402, "MRS RNDR")             \
    X(ISAR1, 0,  1, 0xd50b7c20, "DC CVAP")              \
    X(ISAR1, 0,  2, 0xd50b7d20, "DC CVADP")             \
    X(ISAR1, 12, 1, 0x1e7e0002, "FJCVTZS")              \
    X(ISAR1, 16, 1, 0x6e80e400, "FCADD")                \
    X(ISAR1, 20, 1, 0xb8bfc022, "LDAPR")                \
    X(ISAR1, 20, 2, 0x99400022, "LDAPUR")               \
    X(ISAR1, 32, 1, 0x1e284000, "FRINT32Z")             \
    X(ISAR1, 36, 1, 0xd50330ff, "SB")                   \
    X(ISAR1, 40, 1, 0xd50b7382, "CFP RCTX")             \
    X(ISAR1, 44, 1, 0x6e40fc00, "BFDOT")                \
    X(ISAR1, 52, 1, 0x4e80a400, "SMMLA")                \
    X(ISAR1, 56, 1, 0xd503323f, "DSB nXS")              \
    X(ISAR1, 60, 1, 0xf83fd024, "LD64B")                \
    X(ISAR2, 0,  2, 0xd503101f, "WFET")                 \
    X(ISAR2, 52, 1, 0xdac02042, "ABS")                  \
    X(PFR0,  48, 1, 0xd53b42a2, "MRS DIT")              \
    X(PFR0,  28, 1, 0xd5385302, "MRS ERRIDR")           \
    X(PFR0,  32, 1, 0x2598e000, "PTRUE of SVE")         \
    X(PFR0,  40, 1, 0xd538a502, "MRS MPAM1")            \
    X(PFR0,  44, 1, 0xd53bd202, "MRS AMCR")             \
    X(PFR1,  4,  2, 0xd53b42c2, "MRS SSBS")             \
    X(PFR1,  8,  1, 0xd53b42e2, "MRS TCO")              \
    X(PFR1,  24, 1, 0x04bf5822, "RDSVL of SME")         \
    X(DFR0,  8,  1, 0xd53b9c02, "MRS PMCR")             \
    X(DFR0,  8,  5, 0xd5389ec2, "MRS PMMIR")            \
    X(DFR0,  32, 1, 0xd53899e2, "MRS PMSIDR")           \
    X(DFR0,  40, 1, 0xd5381222, "MRS TRFCR")            \
    X(MMFR0, 60, 1, 0xd53be0a2, "MRS CNTPCTSS")         \
    X(MMFR1, 16, 1, 0xd538a4e2, "MRS LORID")            \
    X(MMFR1, 20, 1, 0xd5384262, "MRS PAN")              \
    X(MMFR1, 20, 2, 0xd5087900, "AT S1E1RP")            \
    X(MMFR2, 4,  1, 0xd5384282, "MRS UAO")
// clang-format on

#define PROBE(reg, shift, least, word, name)                                                       \
    static __attribute__((noinline)) uint64_t run_##word(uint64_t a, uint64_t b)                   \
    {                                                                                              \
        register uint64_t x0 __asm__("x0") = a;                                                    \
        register uint64_t x1 __asm__("x1") = b;                                                    \
        __asm__ volatile(".inst " #word                                                            \
                         : "+r"(x0), "+r"(x1)::"memory", "cc", "x2", "x4", "x5", "x6", "x7", "x8", \
                           "x9", "x10", "x11");                                                    \
        return x0;                                                                                 \
    }
FEATURES(PROBE)

#define READ(reg) mrs(reg)
#define CHECK(reg, shift, least, word, name)                                                       \
    check_feature((READ(reg) >> (shift)&15) >= (least), run_##word, name);

static uint64_t page;

static void check_feature(bool advertised, probe_fn run, const char *name)
{
    bool undefined = faults(run, page, page, NULL) && exc.esr >> 26 == 0;

    check(advertised == !undefined, name);
}

static uint64_t add_half(uint64_t a, uint64_t b)
{
    (void)a, (void)b;
    __asm__ volatile(".inst 0x1ee02800"); /* fadd h0, h0, h0 */
    return 0;
}

int main(void)
{
    page = (uint64_t)page_new();
    mmu_on();
    FEATURES(CHECK)
    /* signed fields: 0xf is none */
    check_feature((READ(PFR0) >> 16 & 15) == 1, add_half, "FADD of half precision");
    check((READ(PFR0) >> 16 & 15) == (READ(PFR0) >> 20 & 15), "FP and AdvSIMD say the same");
    return 0;
}
