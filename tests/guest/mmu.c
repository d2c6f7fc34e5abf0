/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation faults of every class and level, address sizes, disabled halves, tags, AT. */
#include "tests/guest/guest.h"

#define MASK_PA 0xff00fffffffff001ul
#define LOW_VA  0x0000700000000000ul
#define HIGH_VA 0xffff700000000000ul

static void all_accesses(const char *what, uint64_t va)
{
    say("-- %s\n", what);
    report("read", probe_read64, va, 0);
    report("write", probe_write64, va, 0);
    report("fetch", probe_call, va, 0);
    report("exclusive", probe_exclusive, va, 0);
    report("swap", probe_swap, va, 0);
    report("zva", probe_zero, va, 0);
}

static uint64_t *root_of(uint64_t va)
{
    return va >> 63 ? high_root : low_root;
}

/* Entry of va at level set to value for all accesses, then cleared. */
static void with_entry(const char *what, uint64_t va, unsigned level, uint64_t value)
{
    uint64_t *entry = table_entry(root_of(va), va, level);

    *entry = value;
    tlb_flush();
    say("level %lu: ", (uint64_t)level);
    all_accesses(what, va);
    *entry = 0;
    tlb_flush();
}

static void test_levels(uint64_t va)
{
    uint64_t page = (uint64_t)page_new();
    uint64_t too_far = 1ul << 47;

    for (unsigned level = 0; level < 4; level++) {
        with_entry("invalid", va, level, 0);
    }
    if (is_exarch()) {
        uint64_t *entry = table_entry(root_of(va), va, 0), was = *entry;

        *entry = 0x40000000 | PTE_BLOCK;
        tlb_flush();
        check_arch(faults(probe_read64, va, 0, NULL) && exc.esr == 0x96000004,
                   "no block at level 0 (QEMU takes one)");
        *entry = was;
        tlb_flush();
    }
    with_entry("reserved at the last level", va, 3, page | (PTE_PAGE & ~PTE_TABLE));
    msr(tcr_el1, (TCR_DEFAULT & ~(7ul << 32)) | 2ul << 32); /* IPS: 40 bits */
    tlb_flush();
    for (unsigned level = 0; level < 3; level++) {
        with_entry("table address too large", va, level, too_far | PTE_VALID | PTE_TABLE);
    }
    with_entry("block address too large", va, 1, too_far | PTE_BLOCK);
    with_entry("block address too large", va, 2, too_far | PTE_BLOCK);
    with_entry("page address too large", va, 3, too_far | PTE_PAGE);
    msr(tcr_el1, TCR_DEFAULT);
    tlb_flush();
    with_entry("access flag", va, 1, 0x40000000 | (PTE_BLOCK & ~PTE_AF));
    with_entry("access flag", va, 2, 0x40000000 | (PTE_BLOCK & ~PTE_AF));
    with_entry("access flag", va, 3, page | (PTE_PAGE & ~PTE_AF));
    with_entry("permission", va, 1, 0x40000000 | PTE_BLOCK | PTE_RO | PTE_PXN);
    with_entry("permission", va, 2, 0x40000000 | PTE_BLOCK | PTE_RO | PTE_PXN);
    with_entry("permission", va, 3, page | PTE_PAGE | PTE_RO | PTE_PXN);
}

/* Sizes of memory that the leaves give. */
static void test_sizes(uint64_t va)
{
    uint64_t *page = (uint64_t *)(void *)page_new();

    page[3] = 0x1234567890abcdef;
    *table_entry(root_of(va), va, 1) = 0x40000000 | PTE_BLOCK | PTE_PXN;
    tlb_flush();
    check(*(uint64_t *)(va + ((uint64_t)page & 0x3fffffff) + 24) == page[3], "1 GiB block");
    *table_entry(root_of(va), va, 1) = 0;
    tlb_flush();
    *table_entry(root_of(va), va, 2) = ((uint64_t)page & ~0x1ffffful) | PTE_BLOCK | PTE_PXN;
    tlb_flush();
    check(*(uint64_t *)(va + ((uint64_t)page & 0x1fffff) + 24) == page[3], "2 MiB block");
    *table_entry(root_of(va), va, 2) = 0;
    tlb_flush();
    for (unsigned i = 0; i < 16; i++) {
        *table_entry(root_of(va), va + 4096 * i, 3) =
            (((uint64_t)page & ~0xfffful) + 4096 * i) | PTE_PAGE | PTE_CONT | PTE_PXN;
    }
    tlb_flush();
    check(*(uint64_t *)(va + ((uint64_t)page & 0xffff) + 24) == page[3], "contiguous pages");
    for (unsigned i = 0; i < 16; i++) {
        *table_entry(root_of(va), va + 4096 * i, 3) = 0;
    }
    tlb_flush();
}

/* Accesses that start in one page and end in another. */
static void test_crossing(uint64_t va)
{
    *table_entry(root_of(va), va, 3) = (uint64_t)page_new() | PTE_PAGE;
    tlb_flush();
    report("read into a hole", probe_read64, va + 4092, 0);
    report("write into a hole", probe_write64, va + 4089, ~0ul);
    check(*(uint8_t *)(va + 4089) == 0, "a store that faults in its second page stores nothing");
    *table_entry(root_of(va), va + 4096, 3) = (uint64_t)page_new() | PTE_PAGE | PTE_RO;
    tlb_flush();
    report("write into read-only", probe_write64, va + 4095, ~0ul);
    check(*(uint8_t *)(va + 4095) == 0, "nor where that is read-only");
    report("read from a hole", probe_read64, va - 1, 0);
    *table_entry(root_of(va), va, 3) = 0;
    *table_entry(root_of(va), va + 4096, 3) = 0;
    tlb_flush();
}

static void test_ranges(void)
{
    static const uint64_t addresses[] = {0x0001000000000000, 0x00ff000000000000, 0xff00000000000000,
                                         0xfffe000000000000, 0x8000000000000000, 0x0080000000000000,
                                         0x5500000040000000};

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
        say("outside %lx\n", addresses[i]);
        report("read", probe_read64, addresses[i], 0);
        report("fetch", probe_call, addresses[i], 0);
    }
    msr(tcr_el1, TCR_DEFAULT | 1ul << 23); /* EPD1 */
    tlb_flush();
    all_accesses("EPD1", HIGH_VA);
    /* 39-bit high half: walks start at level 1 */
    msr(tcr_el1, (TCR_DEFAULT & ~(63ul << 16)) | 25ul << 16);
    tlb_flush();
    report("T1SZ 25, outside", probe_read64, 0xffffff7fc0000000, 0);
    report("T1SZ 25, level 1", probe_read64, 0xffffff8000000000, 0);
    high_root[0] = 0x40000000 | PTE_BLOCK | PTE_PXN;
    tlb_flush();
    check(*(uint64_t *)(0xffffff8000000000ul + 0x200000) == *(uint64_t *)0x40200000,
          "T1SZ 25, 1 GiB block in the first table");
    high_root[0] = 0;
    /* 34 bits: level 1 with 16 entries; 28 bits: level 2 */
    msr(tcr_el1, (TCR_DEFAULT & ~(63ul << 16)) | 30ul << 16);
    tlb_flush();
    report("T1SZ 30, level 1", probe_read64, 0xfffffffc00000000, 0);
    report("T1SZ 30, outside", probe_read64, 0xfffffffb00000000, 0);
    msr(tcr_el1, (TCR_DEFAULT & ~(63ul << 16)) | 36ul << 16);
    tlb_flush();
    report("T1SZ 36, level 2", probe_read64, 0xfffffffff0000000, 0);
    msr(tcr_el1, TCR_DEFAULT);
    tlb_flush();
}

/* TTBR0 and TCR at once: this program runs by them. */
static void set_low(uint64_t root, uint64_t tcr)
{
    uint64_t sctlr = mrs(sctlr_el1);

    msr(sctlr_el1, sctlr & ~1ul);
    isb();
    msr(ttbr0_el1, root);
    msr(tcr_el1, tcr);
    tlb_flush();
    msr(sctlr_el1, sctlr);
    isb();
}

/* Every size: where the walk starts, and the first address outside. */
static void test_all_sizes(void)
{
    for (uint64_t size = 16; size <= 39; size++) {
        uint64_t start = ~0ul << (64 - size);

        msr(tcr_el1, (TCR_DEFAULT & ~(63ul << 16)) | size << 16);
        tlb_flush();
        say("T1SZ %lu ", size);
        report("inside", probe_read64, start, 0);
        report("outside", probe_read64, start - 8, 0);
    }
    /* the identity map under TTBR0, from its own level 1 on: 2 GiB are the least that hold us */
    for (uint64_t size = 25; size <= 33; size++) {
        set_low(low_root[0] & 0xfffffffff000, (TCR_DEFAULT & ~63ul) | size);
        bool outside = faults(probe_read64, 1ul << (64 - size), 0, NULL) && exc.esr == 0x96000004;
        bool inside =
            faults(probe_read64, (1ul << (64 - size)) - 8, 0, NULL) && exc.esr == 0x96000005;
        check(outside && (inside || size == 33), "a size of the low half");
    }
    set_low((uint64_t)low_root, TCR_DEFAULT);
}

/* FEAT_E0PD: EL0's accesses to a half fault as if nothing were there. */
static void test_e0pd(void)
{
    for (unsigned half = 0; half < 2; half++) {
        uint64_t va = half ? HIGH_VA : LOW_VA;

        *table_entry(root_of(va), va, 3) = (uint64_t)page_new() | PTE_PAGE | PTE_EL0;
        for (unsigned on = 0; on < 2; on++) {
            msr(tcr_el1, TCR_DEFAULT | (uint64_t)on << (55 + half));
            tlb_flush();
            say("E0PD%lu %lu ", (uint64_t)half, (uint64_t)on);
            report("LDR", probe_read64, va, 0);
            report("LDTR", probe_unpriv_read, va, 0);
            report("STTR", probe_unpriv_write, va, 0);
        }
        msr(tcr_el1, TCR_DEFAULT);
        *table_entry(root_of(va), va, 3) = 0;
        tlb_flush();
    }
}

/* A tag is no part of PC (AArch64.BranchAddr): not for ADR, nor X30, nor ELR, nor FAR. */
static void test_tagged_code(uint32_t *page)
{
    static const uint32_t words[] = {
        0x10000000, /* adr x0, . */
        0xd65f03c0, /* ret */
        0xaa1e03e1, /* mov x1, x30 */
        0x94000003, /* bl .+12 */
        0xaa0103fe, /* mov x30, x1 */
        0xd65f03c0, /* ret */
        0xaa1e03e0, /* mov x0, x30 */
        0xd65f03c0, /* ret */
        0xd4200020, /* brk #1 */
        0xd65f03c0, /* ret */
    };
    uint64_t tag = 0x5aul << 56, high = HIGH_VA & ~(0xfful << 56), value = 0, after;

    put_code(page, words, 10, (uint64_t)page);
    *table_entry(low_root, LOW_VA, 3) = (uint64_t)page | PTE_PAGE;
    tlb_flush();
    for (unsigned round = 0; round < 4; round++) {
        check(probe_call(LOW_VA | tag, 0) == LOW_VA && probe_call(high | tag, 0) == HIGH_VA, "ADR");
        check(probe_call((LOW_VA + 8) | tag, 0) == LOW_VA + 16, "BL's X30");
    }
    faults(probe_call, (LOW_VA + 32) | tag, 0, NULL);
    say("BRK: elr %lx\n", exc.elr);
    faults(probe_call, (LOW_VA + 8192) | tag, 0, NULL);
    say("fetch: esr %lx elr %lx far %lx\n", exc.esr, exc.elr, exc.far);
    faults(probe_call, (LOW_VA + 2) | tag, 0, NULL);
    say("unaligned: esr %lx elr %lx far %lx\n", exc.esr, exc.elr, exc.far);
    __asm__ volatile("adr %0, 1f; orr %0, %0, %2; msr elr_el1, %0; msr spsr_el1, %3; eret;"
                     "1: adr %0, .; adr %1, 1b"
                     : "=&r"(value), "=r"(after)
                     : "r"(tag), "r"(0x3c5ul)
                     : "memory", "cc");
    check(value >> 56 == 0 && after == value, "ERET");
    *table_entry(low_root, LOW_VA, 3) = 0;
    tlb_flush();
}

static void test_tags(void)
{
    uint64_t page = (uint64_t)page_new();

    *(uint64_t *)page = 0x77;
    report("tag without TBI0", probe_read64, page | 0x5aul << 56, 0);
    msr(tcr_el1, TCR_DEFAULT | 1ul << 37 | 1ul << 38);
    tlb_flush();
    check(*(uint64_t *)(page | 0x5aul << 56) == 0x77, "TBI0 ignores the tag");
    *table_entry(high_root, HIGH_VA, 3) = page | PTE_PAGE;
    tlb_flush();
    check(*(uint64_t *)((HIGH_VA & ~(0xfful << 56)) | 0x12ul << 56) == 0x77,
          "TBI1 ignores the tag");
    report("fault with a tag", probe_read64, LOW_VA | 0xa5ul << 56, 0);
    report("high fault with a tag", probe_write64, ((HIGH_VA + 8192) & ~(0xfful << 56)) | 1ul << 56,
           0);
    test_tagged_code((uint32_t *)page);
    *table_entry(high_root, HIGH_VA, 3) = 0;
    msr(tcr_el1, TCR_DEFAULT);
    tlb_flush();
}

static uint64_t at(const char *what, uint64_t va)
{
    uint64_t par;

#define AT(op)                                                                                     \
    __asm__ volatile("at " #op ", %1; isb; mrs %0, par_el1" : "=r"(par) : "r"(va) : "memory");     \
    say("at " #op " %s: %lx\n", what, par & ~(par & 1 ? 0x200ul : 0x380ul));
    AT(s1e1r)
    AT(s1e1w)
    AT(s1e0r)
    AT(s1e0w)
#undef AT
#define AT(name, sys)                                                                              \
    __asm__ volatile("sys " sys ", %1; isb; mrs %0, par_el1" : "=r"(par) : "r"(va) : "memory");    \
    say("at " name " %s: %lx\n", what, par & ~(par & 1 ? 0x200ul : 0x380ul));
    AT("s1e1rp", "#0, c7, c9, #0")
    AT("s1e1wp", "#0, c7, c9, #1")
    return par;
}

static uint64_t read_par(uint64_t va)
{
    uint64_t par;

    __asm__ volatile("at s1e1r, %1; isb; mrs %0, par_el1" : "=r"(par) : "r"(va) : "memory");
    return par;
}

static void test_at(void)
{
    uint64_t page = 0x40400000;
    uint64_t *entry = table_entry(low_root, LOW_VA, 3);

    at("unmapped", LOW_VA);
    static const struct {
        const char *name;
        uint64_t bits;
    } rows[] = {
        {"read-write", PTE_PAGE},
        {"read-only", PTE_PAGE | PTE_RO},
        {"user", PTE_PAGE | PTE_EL0},
        {"user read-only", PTE_PAGE | PTE_EL0 | PTE_RO},
        {"no access flag", PTE_PAGE & ~PTE_AF},
        {"device", (PTE_PAGE & ~PTE_SH) | PTE_ATTR(ATTR_DEVICE)},
        {"non-cacheable", PTE_PAGE | PTE_ATTR(2)},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        *entry = page | rows[i].bits;
        tlb_flush();
        at(rows[i].name, LOW_VA);
        if (is_exarch() && i < 2) {
            check_arch((read_par(LOW_VA) >> 7 & 3) == 3, "PAR: inner shareable");
        } else if (is_exarch() && i > 4) {
            check_arch((read_par(LOW_VA) >> 7 & 3) == 2,
                       "PAR: Device and Non-cacheable are outer shareable (QEMU: as in the entry)");
        }
    }
    *entry = page | PTE_PAGE | PTE_EL0;
    tlb_flush();
    msr(s3_0_c4_c2_3, 1ul << 22); /* PAN */
    at("user, PAN", LOW_VA);
    msr(s3_0_c4_c2_3, 0);
    *entry = 0;
    tlb_flush();
    at("high", HIGH_VA);
    at("block", 0x40212345);
}

static uint64_t probe_at(uint64_t a, uint64_t b)
{
    (void)b;
    return read_par(a);
}

static void test_walk_abort(void)
{
    uint64_t *entry = table_entry(low_root, LOW_VA, 1);
    uint64_t was = *entry;

    *entry = 0x0b000000 | PTE_VALID | PTE_TABLE; /* no memory there */
    tlb_flush();
    exc_clear();
    faults(probe_read64, LOW_VA, 0, NULL);
    check(exc.count == 1 && (exc.esr & 0x3c) == 0x14, "a walk into nothing is an external abort");
    if (is_exarch()) {
        uint64_t par = read_par(0x40212345);
        check_arch(faults(probe_at, LOW_VA, 0, NULL) && exc.esr == 0x96000156 &&
                       mrs(par_el1) == par,
                   "of AT too, which leaves PAR (QEMU: PAR has it)");
    }
    *entry = was;
    tlb_flush();
    *table_entry(low_root, LOW_VA, 3) = 0x0b000000 | PTE_PAGE;
    tlb_flush();
    faults(probe_read64, LOW_VA, 0, NULL);
    check(exc.count == 1 && (exc.esr & 0x3f) == 0x10, "an access to nothing too");
    *table_entry(low_root, LOW_VA, 3) = 0;
    tlb_flush();
}

/* The table's own address, of the half that is not this program's. */
static void test_table_address(void)
{
    msr(tcr_el1, (TCR_DEFAULT & ~(7ul << 32)) | 2ul << 32); /* IPS: 40 bits */
    msr(ttbr1_el1, 1ul << 44);
    tlb_flush();
    all_accesses("TTBR1 too large", HIGH_VA);
    msr(ttbr1_el1, high_root);
    msr(tcr_el1, TCR_DEFAULT);
    tlb_flush();
}

/* Cache maintenance by address translates it: CM and WnR are set (D17.2.37). QEMU does nothing. */
static void test_cache_instructions(void)
{
    static const struct {
        const char *name;
        probe_fn run;
        bool writes; /* needs write permission */
    } rows[] = {
        {"DC CVAC", probe_clean, false},
        {"DC IVAC", probe_invalidate, true},
        {"IC IVAU", probe_icache, false},
    };
    uint64_t *entry = table_entry(low_root, LOW_VA, 3), page = (uint64_t)page_new();

    for (unsigned i = 0; is_exarch() && i < 3; i++) {
        *entry = 0;
        tlb_flush();
        check_arch(faults(rows[i].run, LOW_VA + 24, 0, NULL) && exc.esr == 0x96000147 &&
                       exc.far == LOW_VA + 24,
                   rows[i].name);
        *entry = page | PTE_PAGE | PTE_RO;
        tlb_flush();
        check_arch(faults(rows[i].run, LOW_VA + 24, 0, NULL) == rows[i].writes &&
                       (!rows[i].writes || exc.esr == 0x9600014f),
                   "of a read-only page");
        *entry = page | PTE_PAGE;
        tlb_flush();
        check_arch(!faults(rows[i].run, LOW_VA + 24, 0, NULL), "of a page");
    }
    *entry = 0;
    tlb_flush();
}

/* Memory is Device-nGnRnE (D8.2.7): QEMU lets everything through. */
static void test_off(void)
{
    uint64_t par;

    report("MMU off, read aligned", probe_read32, 0x40300004, 0);
    __asm__ volatile("at s1e1r, %1; isb; mrs %0, par_el1" : "=r"(par) : "r"(0x40345678ul));
    say("MMU off, at: %lx\n", par & MASK_PA);
    if (!is_exarch()) {
        return;
    }
    check_arch(faults(probe_read32, 0x40300001, 0, NULL) && exc.esr == 0x96000021,
               "MMU off: unaligned is an alignment fault (QEMU: allowed)");
    check_arch(faults(probe_zero, 0x40300000, 0, NULL) && exc.esr == 0x96000061,
               "MMU off: DC ZVA is an alignment fault (QEMU: allowed)");
    check_arch(faults(probe_read64, 1ul << 48, 0, NULL) && exc.esr == 0x96000000,
               "MMU off: an address of 49 bits is an address size fault (QEMU: external abort)");
    check_arch((par >> 7 & 3) == 2, "MMU off: AT says outer shareable (QEMU: not)");
}

int main(void)
{
    test_off();
    mmu_on();
    test_levels(LOW_VA);
    test_levels(HIGH_VA);
    test_sizes(LOW_VA);
    test_sizes(HIGH_VA);
    test_crossing(LOW_VA + 0x600000);
    test_crossing(HIGH_VA + 0x600000);
    test_ranges();
    test_all_sizes();
    test_e0pd();
    test_tags();
    test_at();
    test_walk_abort();
    test_table_address();
    test_cache_instructions();
    return 0;
}
