/* SPDX-License-Identifier: BSD-2-Clause */
/* Device memory, the exclusive monitor, pairs that are compared and swapped. */
#include "tests/guest/guest.h"

#define NORMAL_VA 0x0000008000000000ul
#define DEVICE_VA (NORMAL_VA + 4096) /* the next page */
#define ROUNDS    6                  /* until a translator has learnt what a site does */

#define PROBE(name, text)                                                                          \
    static __attribute__((noinline)) uint64_t name(uint64_t a, uint64_t b)                         \
    {                                                                                              \
        register uint64_t x0 __asm__("x0") = a;                                                    \
        register uint64_t x1 __asm__("x1") = b;                                                    \
        __asm__ volatile(".arch armv8.4-a+simd\n\t" text                                           \
                         : "+r"(x0), "+r"(x1)::"memory", "cc", "x2", "x3", "x4", "x5", "x6", "x7", \
                           "x8");                                                                  \
        return x0;                                                                                 \
    }
PROBE(read16, "ldrh w0, [x0]")
PROBE(read32, "ldr w0, [x0]")
PROBE(read64, "ldr x0, [x0]")
PROBE(read_signed, "ldrsw x0, [x0]")
PROBE(read_pair, "ldp x2, x0, [x0]")
PROBE(read_unpriv, "ldtr x0, [x0]")
PROBE(read_quad, "ldr q0, [x0]")
PROBE(read_bytes, "ld1 {v0.16b}, [x0]")
PROBE(read_words, "ld1 {v0.4s, v1.4s}, [x0]")
PROBE(read_lane, "ld1 {v0.h}[3], [x0]")
PROBE(write16, "strh w1, [x0]")
PROBE(write32, "str w1, [x0]")
PROBE(write64, "str x1, [x0]")
PROBE(write_zero, "str xzr, [x0]")
PROBE(write_pair, "stp x1, x1, [x0]")
PROBE(write_quad, "str q0, [x0]")
PROBE(write_words, "st2 {v0.4s, v1.4s}, [x0]")
PROBE(zero, "dc zva, x0")

static void set(uint64_t va, uint64_t entry)
{
    *table_entry(low_root, va, 3) = entry;
    tlb_flush();
}

/* --- Device memory (B2.5.2): QEMU 7.2 takes it for normal --- */
static const struct {
    const char *name;
    probe_fn run;
    unsigned alignment;
    bool write;
} accesses[] = {
    {"LDRH", read16, 2, false},       {"LDR W", read32, 4, false},
    {"LDR X", read64, 8, false},      {"LDRSW", read_signed, 4, false},
    {"LDP", read_pair, 8, false},     {"LDTR", read_unpriv, 8, false},
    {"LDR Q", read_quad, 16, false},  {"LD1 16B", read_bytes, 1, false},
    {"LD1 4S", read_words, 4, false}, {"LD1 lane", read_lane, 2, false},
    {"STRH", write16, 2, true},       {"STR W", write32, 4, true},
    {"STR X", write64, 8, true},      {"STR XZR", write_zero, 8, true},
    {"STP", write_pair, 8, true},     {"STR Q", write_quad, 16, true},
    {"ST2 4S", write_words, 4, true},
};

/* Whether an access at va faults as it must: never, or of alignment with FAR far. */
static bool is_right(unsigned i, uint64_t va, uint64_t far)
{
    uint64_t esr = 0x96000021 | (accesses[i].write ? 0x40 : 0);
    bool good = true;

    for (unsigned round = 0; round < ROUNDS; round++) {
        bool faulted = faults(accesses[i].run, va, 1, NULL);

        good &= faulted == !!far && (!far || (exc.esr == esr && exc.far == far));
    }
    return good;
}

static void test_device(uint64_t entry)
{
    for (unsigned i = 0; i < sizeof(accesses) / sizeof(*accesses); i++) {
        unsigned alignment = accesses[i].alignment;
        bool good = true;

        for (unsigned offset = 0; offset < 17; offset++) {
            uint64_t va = DEVICE_VA + 64 + offset;

            good &= is_right(i, va, offset % alignment ? va : 0);
        }
        check_arch(good, accesses[i].name);
        if (alignment > 1) {
            check_arch(is_right(i, DEVICE_VA - 1, DEVICE_VA), "from Normal memory into it");
        }
    }
    set(DEVICE_VA, entry | PTE_RO);
    check_arch(is_right(11, DEVICE_VA + 2, DEVICE_VA + 2), "alignment comes before permission");
    check_arch(faults(write32, DEVICE_VA, 1, NULL) && exc.esr == 0x9600004f,
               "which is still there");
    check_arch(faults(zero, DEVICE_VA, 1, NULL) && exc.esr == 0x96000061, "DC ZVA of read-only");
    set(DEVICE_VA, entry);
}

static void test_device_types(uint64_t page)
{
    static const uint8_t types[] = {0x00, 0x04, 0x08, 0x0c};
    uint64_t mair = mrs(mair_el1), entry = page | PTE_PAGE | PTE_EL0 | PTE_ATTR(3);

    for (unsigned i = 0; is_exarch() && i < 4; i++) {
        msr(mair_el1, mair | (uint64_t)types[i] << 24);
        set(DEVICE_VA, entry);
        say("arch type %lx (QEMU: no alignment faults in Device memory)\n", (uint64_t)types[i]);
        test_device(entry);
        bool good = true;
        for (unsigned round = 0; round < ROUNDS; round++) {
            good &= faults(zero, DEVICE_VA + 64, 0, NULL) && exc.esr == 0x96000061;
        }
        check_arch(good, "DC ZVA");
    }
    msr(mair_el1, mair | 0x44ul << 24);
    set(DEVICE_VA, entry);
    for (unsigned i = 0; i < sizeof(accesses) / sizeof(*accesses); i++) {
        check(is_right(i, DEVICE_VA + 33, 0), "Normal Non-cacheable memory has none");
    }
    check(!faults(zero, DEVICE_VA + 64, 0, NULL), "and can be zeroed");
    msr(mair_el1, mair);
    set(DEVICE_VA, page | PTE_PAGE | PTE_ATTR(ATTR_DEVICE));
}

/* --- exclusives (B2.12): X0 is the status --- */
PROBE(pass, "ldxr x2, [x0]; add x2, x2, x1; stxr w4, x2, [x0]; mov w0, w4")
PROBE(pass_ordered, "ldaxr w2, [x0]; add w2, w2, w1; stlxr w4, w2, [x0]; mov w0, w4")
PROBE(pass_byte, "ldxrb w2, [x0]; stxrb w4, w1, [x0]; mov w0, w4")
PROBE(pass_pair, "ldxp x2, x3, [x0]; stxp w4, x3, x2, [x0]; mov w0, w4")
PROBE(pass_words, "ldaxp w2, w3, [x0]; stlxp w4, w3, w2, [x0]; mov w0, w4")
PROBE(none, "clrex; stxr w4, x1, [x0]; mov w0, w4")
PROBE(twice, "ldxr x2, [x0]; stxr w3, x1, [x0]; stxr w4, x1, [x0]; mov w0, w4; add w0, w0, w3")
PROBE(cleared, "ldxr x2, [x0]; clrex; stxr w4, x1, [x0]; mov w0, w4")
PROBE(excepted, "ldxr x2, [x0]; svc #1; stxr w4, x1, [x0]; mov w0, w4")
PROBE(other_page, "ldxr x2, [x0]; add x3, x0, #4096; stxr w0, x1, [x3]")
PROBE(pair_cleared, "ldxp x2, x3, [x0]; clrex; stxp w4, x1, x1, [x0]; mov w0, w4")
PROBE(unmapped, "ldxr x2, [x0]; str xzr, [x1]; dsb ish; tlbi vmalle1; dsb ish; isb; stxr w4, x2, "
                "[x0]; mov w0, w4")
PROBE(read_only, "ldxr x2, [x0]; stxr w4, x2, [x0]; mov w0, w4")
PROBE(load_pair_exclusive, "ldxp x2, x3, [x0]; clrex")

static bool is_svc(struct frame *frame)
{
    return frame->esr >> 26 == 0x15;
}

static void test_exclusives(uint64_t va)
{
    volatile uint64_t *at = (volatile uint64_t *)va;

    at[0] = 10, at[1] = 20;
    check(pass(va, 5) == 0 && at[0] == 15, "LDXR, STXR");
    check(pass_ordered(va + 4, 3) == 0 && at[0] == 0x30000000ful, "LDAXR, STLXR of a word");
    check(pass_byte(va + 1, 0x77) == 0 && at[0] == 0x30000770ful, "of a byte");
    check(pass_pair(va, 0) == 0 && at[0] == 20 && at[1] == 0x30000770f, "LDXP, STXP of 128 bits");
    check(pass_words(va + 8, 0) == 0 && at[1] == 0x770f00000003, "LDAXP, STLXP of words");
    at[0] = 1;
    check(none(va, 2) == 1 && at[0] == 1, "STXR alone stores nothing");
    check(twice(va, 3) == 1 && at[0] == 3, "nor does a second one");
    check(cleared(va, 4) == 1 && at[0] == 3, "nor after CLREX");
    check(pair_cleared(va, 4) == 1 && at[0] == 3, "nor STXP");
    sync_hook = is_svc;
    check(excepted(va, 5) == 1 && at[0] == 3, "nor after an exception's return");
    sync_hook = NULL;
    check(other_page(va, 6) == 1 && at[512] == 0, "nor to another page");
    report("LDXP by 8", load_pair_exclusive, va + 8, 0);
}

static void test_exclusive_aborts(uint64_t va, uint64_t page)
{
    set(va, page | PTE_PAGE | PTE_RO);
    report("STXR to a read-only page", read_only, va, 0);
    if (is_exarch()) { /* D17.2.37: WnR is 0 only for what also reads */
        set(va, page | PTE_PAGE);
        check_arch(faults(unmapped, va, (uint64_t)table_entry(low_root, va, 3), NULL) &&
                       exc.esr == 0x96000047 && exc.far == va,
                   "STXR to a page that has gone is a write (QEMU: a read)");
    }
    set(va, page | PTE_PAGE);
}

/* --- compare and swap of pairs --- */
PROBE(casp_equal, "mov x8, x0; ldp x2, x3, [x8]; mov x4, #5; mov x5, #6; casp x2, x3, x4, x5, [x8];"
                  "mov x0, x2")
PROBE(casp_unequal, "mov x8, x0; mov x2, #5; mov x3, #7; mov x4, #8; mov x5, #9;"
                    "caspal x2, x3, x4, x5, [x8]; add x0, x2, x3, lsl #8")
PROBE(casp_words, "mov x8, x0; ldp w2, w3, [x8]; orr x2, x2, #1 << 40; mov w4, #1; mov w5, #2;"
                  "casp w2, w3, w4, w5, [x8]; mov x0, x2")
PROBE(casp_odd, ".inst 0x48217c04 /* casp x1, x2, x4, x5, [x0] */")
PROBE(casp_at, "mov x8, x0; casp x2, x3, x4, x5, [x8]")
PROBE(cas_words_at, "mov x8, x0; casp w2, w3, w4, w5, [x8]")
PROBE(ldapr, "ldapr x0, [x0]")
PROBE(ldaprh, "ldaprh w0, [x0]")

static void test_pairs(uint64_t va, uint64_t page)
{
    volatile uint64_t *at = (volatile uint64_t *)va;

    at[0] = 3, at[1] = 4;
    check(casp_equal(va, 0) == 3 && at[0] == 5 && at[1] == 6, "CASP that is equal");
    check(casp_unequal(va, 0) == 0x605 && at[0] == 5 && at[1] == 6, "CASPAL that is not");
    check(casp_words(va, 0) == 5 && at[0] == 0x200000001 && at[1] == 6,
          "CASP of words takes no upper halves");
    report("CASP of an odd register", casp_odd, va, 0);
    report("CASP by 8", casp_at, va + 8, 0);
    report("CASP of words by 4", cas_words_at, va + 4, 0);
    set(va, page | PTE_PAGE | PTE_RO);
    report("CASP of a read-only page", casp_at, va, 0);
    set(va, 0);
    report("CASP of nothing", casp_at, va, 0);
    set(va, page | PTE_PAGE);
    check(ldapr(va, 0) == 0x200000001 && ldaprh(va + 4, 0) == 2, "LDAPR");
    if (is_exarch()) {
        check_arch(faults(ldapr, va + 4, 0, NULL) && exc.esr == 0x96000021,
                   "LDAPR by 4 (QEMU has no alignment fault)");
    }
}

int main(void)
{
    uint64_t normal = (uint64_t)page_new(), device = (uint64_t)page_new();

    mmu_on();
    set(NORMAL_VA, normal | PTE_PAGE | PTE_EL0);
    test_device_types(device);
    test_exclusives(NORMAL_VA);
    test_exclusive_aborts(NORMAL_VA, normal);
    test_pairs(NORMAL_VA, normal);
    return 0;
}
