/* SPDX-License-Identifier: BSD-2-Clause */
/* mmu/vmsa.c on fake guest memory: faults by class and level, all permissions, sizes, random walks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/sys/sys.h"
#include "mmu/vmsa.h"
#include "tests/xorshift.h"

#define RAM_SIZE MIB(2)

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));
static struct vm vm;
static struct vcpu vcpu;
static unsigned pages_used;

#define VALID  BIT64(0)
#define TABLE  BIT64(1)
#define AP_EL0 BIT64(6)
#define AP_RO  BIT64(7)
#define AF     BIT64(10)
#define NG     BIT64(11)
#define PXN    BIT64(53)
#define UXN    BIT64(54)
#define PAGE   (VALID | TABLE | AF)
#define BLOCK  (VALID | AF)
#define TARGET (RAM_BASE + MIB(1))

static uint64_t page_new(void)
{
    uint64_t offset = PAGE_SIZE * pages_used++;

    assert_true(offset < RAM_SIZE);
    memset(ram + offset, 0, PAGE_SIZE);
    return RAM_BASE + offset;
}

static uint64_t *entry_at(uint64_t table, uint64_t index)
{
    return (uint64_t *)(void *)(ram + (table - RAM_BASE) + 8 * index);
}

/* The entry of va at level; the walk starts at `start` with `width` bits of address. */
static uint64_t *entry_of(uint64_t root, uint64_t va, unsigned start, unsigned width,
                          unsigned level)
{
    uint64_t table = root;

    va &= MASK(width - 1, 0);
    for (unsigned at = start;; at++) {
        uint64_t *entry =
            entry_at(table, at == start ? va >> (39 - 9 * at) : (va >> (39 - 9 * at) & 511));

        if (at == level) {
            return entry;
        }
        if ((*entry & 3) != 3) {
            *entry = page_new() | VALID | TABLE;
        }
        table = *entry & MASK(47, 12);
    }
}

static void setup_half(unsigned t0sz, unsigned t1sz)
{
    pages_used = 0;
    memset(&vcpu, 0, sizeof(vcpu));
    vm = (struct vm){.ram = ram, .ram_size = RAM_SIZE, .vcpu_count = 1};
    vcpu.vm = &vm;
    vcpu.ps.el = 1;
    vcpu.sys.SCTLR_EL1 = SCTLR_M;
    vcpu.sys.TCR_EL1 = t0sz | (uint64_t)t1sz << 16 | FIELD(TCR_IPS, 5);
    vcpu.sys.TTBR0_EL1 = page_new();
    vcpu.sys.TTBR1_EL1 = page_new();
    vcpu.sys.MAIR_EL1 = 0x00000000004404ff;
}

static int setup(void **state)
{
    (void)state;
    setup_half(16, 16);
    return 0;
}

static int translate(uint64_t va, unsigned access, struct vmsa_result *r)
{
    memset(r, 0, sizeof(*r));
    return vmsa_translate(&vcpu, va, access, r);
}

static uint64_t *low(uint64_t va, unsigned level)
{
    return entry_of(vcpu.sys.TTBR0_EL1, va, 0, 48, level);
}

/* --- classes and levels --------------------------------------------------------------------------
 */
#define VA UINT64_C(0x123456789000)

static void test_translation_levels(void **state)
{
    struct vmsa_result r;

    (void)state;
    for (unsigned level = 0; level < 4; level++) {
        *low(VA, level) = 0;
        assert_int_equal(translate(VA, 0, &r), VMSA_TRANSLATION | level);
        assert_int_equal(translate(VA, VMSA_WRITE, &r), VMSA_TRANSLATION | level);
        assert_int_equal(translate(VA, VMSA_FETCH, &r), VMSA_TRANSLATION | level);
    }
    setup(NULL);
    *low(VA, 0) = TARGET | BLOCK;
    assert_int_equal(translate(VA, 0, &r), VMSA_TRANSLATION | 0);
    *low(VA, 0) = 0;
    *low(VA, 3) = TARGET | (PAGE & ~TABLE);
    assert_int_equal(translate(VA, 0, &r), VMSA_TRANSLATION | 3);
}

static void test_address_size(void **state)
{
    struct vmsa_result r;
    static const unsigned widths[] = {32, 36, 40, 42, 44, 48};

    (void)state;
    for (unsigned ips = 0; ips < 5; ips++) {
        for (unsigned level = 0; level < 4; level++) {
            setup(NULL);
            vcpu.sys.TCR_EL1 = SET_FIELD(vcpu.sys.TCR_EL1, TCR_IPS, ips);
            *low(VA, level) = BIT64(widths[ips]) | (level == 3 ? PAGE : VALID | TABLE);
            assert_int_equal(translate(VA, 0, &r), VMSA_ADDR_SIZE | level);
            if (level == 1 || level == 2) {
                *low(VA, level) = BIT64(widths[ips]) | BLOCK;
                assert_int_equal(translate(VA, 0, &r), VMSA_ADDR_SIZE | level);
            }
        }
        setup(NULL);
        vcpu.sys.TCR_EL1 = SET_FIELD(vcpu.sys.TCR_EL1, TCR_IPS, ips);
        vcpu.sys.TTBR0_EL1 |= BIT64(widths[ips]);
        assert_int_equal(translate(VA, 0, &r), VMSA_ADDR_SIZE | 0);
    }
}

static void test_access_flag(void **state)
{
    struct vmsa_result r;

    (void)state;
    for (unsigned level = 1; level < 4; level++) {
        setup(NULL);
        *low(VA, level) = (level == 3 ? PAGE : BLOCK) & ~AF;
        assert_int_equal(translate(VA, 0, &r), VMSA_ACCESS_FLAG | level);
        *low(VA, level) |= AP_RO; /* before the permission fault */
        assert_int_equal(translate(VA, VMSA_WRITE, &r), VMSA_ACCESS_FLAG | level);
        *low(VA, level) |= AF;
        assert_int_equal(translate(VA, VMSA_WRITE, &r), VMSA_PERMISSION | level);
        assert_int_equal(translate(VA, 0, &r), VMSA_OK);
        assert_int_equal(r.size, level == 1 ? GIB(1) : level == 2 ? MIB(2) : PAGE_SIZE);
        assert_int_equal(r.pa, VA & (r.size - 1));
    }
}

/* Neighbours are alike when their descriptors say the same but for the address. */
static void test_alike(void **state)
{
    struct vmsa_result r;
    uint64_t page = VA & ~(uint64_t)0xffff, here = TARGET | PAGE;

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        *low(page + i * PAGE_SIZE, 3) = here + i * PAGE_SIZE;
    }
    assert_int_equal(translate(page + 5 * PAGE_SIZE, 0, &r), VMSA_OK);
    for (int64_t i = -5; i < 11; i++) {
        uint64_t *entry = low(page + (uint64_t)(i + 5) * PAGE_SIZE, 3);
        static const uint64_t others[] = {VALID, AF, AP_RO, AP_EL0, NG, PXN, PAGE_SIZE};

        assert_true(vmsa_is_alike(&vcpu, &r, i));
        for (unsigned k = 0; i && k < ARRAY_SIZE(others); k++) {
            *entry ^= others[k];
            assert_false(vmsa_is_alike(&vcpu, &r, i));
            *entry ^= others[k];
        }
    }
    /* where TCR_EL1.IPS ends the next page's address is an error, which is not mapped */
    for (unsigned ips = 0; ips < 2; ips++) {
        vcpu.sys.TCR_EL1 = SET_FIELD(vcpu.sys.TCR_EL1, TCR_IPS, ips);
        for (unsigned i = 0; i < 16; i++) {
            *low(page + i * PAGE_SIZE, 3) = (BIT64(32) | PAGE) + i * PAGE_SIZE - 6 * PAGE_SIZE;
        }
        assert_int_equal(translate(page + 5 * PAGE_SIZE, 0, &r), VMSA_OK);
        assert_true(vmsa_is_alike(&vcpu, &r, -1));
        assert_int_equal(vmsa_is_alike(&vcpu, &r, 1), ips);
    }
    *low(VA, 2) = BLOCK;
    assert_int_equal(translate(VA, 0, &r), VMSA_OK);
    assert_true(vmsa_is_alike(&vcpu, &r, 1));
}

static void test_walk_abort(void **state)
{
    struct vmsa_result r;

    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        setup(NULL);
        *low(VA, level) = UINT64_C(0x7000000000) | VALID | TABLE;
        assert_int_equal(translate(VA, 0, &r), VMSA_EXT_WALK | (level + 1));
    }
    setup(NULL);
    vcpu.sys.TTBR0_EL1 = RAM_BASE + RAM_SIZE;
    assert_int_equal(translate(VA, 0, &r), VMSA_EXT_WALK | 0);
    /* where the page's descriptor is the last word of RAM, and just behind it */
    vcpu.sys.TTBR0_EL1 = RAM_BASE + RAM_SIZE - PAGE_SIZE;
    *entry_at(vcpu.sys.TTBR0_EL1, 511) = 0;
    assert_int_equal(translate(MASK(47, 39), 0, &r), VMSA_TRANSLATION | 0);
}

static void test_controls(void **state)
{
    struct vmsa_result r;

    (void)state;
    *low(VA, 3) = TARGET | PAGE | AP_EL0;
    assert_int_equal(translate(VA, 0, &r), VMSA_OK);
    vcpu.sys.TCR_EL1 |= TCR_EPD0;
    assert_int_equal(translate(VA, 0, &r), VMSA_TRANSLATION | 0);
    vcpu.sys.TCR_EL1 ^= TCR_EPD0 | TCR_E0PD0;
    assert_int_equal(translate(VA, 0, &r), VMSA_OK);
    assert_int_equal(translate(VA, VMSA_UNPRIV, &r), VMSA_TRANSLATION | 0);
    vcpu.ps.el = 0;
    assert_int_equal(translate(VA, 0, &r), VMSA_TRANSLATION | 0);
    assert_int_equal(translate(VA, VMSA_PRIV, &r), VMSA_OK);
    vcpu.ps.el = 1;
    vcpu.sys.TCR_EL1 ^= TCR_E0PD0;
    assert_int_equal(translate(VA | UINT64_C(0x5a) << 56, 0, &r), VMSA_TRANSLATION | 0);
    vcpu.sys.TCR_EL1 |= TCR_TBI0;
    assert_int_equal(translate(VA | UINT64_C(0x5a) << 56, 0, &r), VMSA_OK);
    assert_int_equal(r.pa, TARGET);
    /* bit 55 chooses the half, tag or not */
    assert_int_equal(translate(VA | BIT64(55), 0, &r), VMSA_TRANSLATION | 0);
    vcpu.sys.TCR_EL1 |= TCR_TBI1;
    assert_int_equal(translate(~MASK(47, 0) & ~MASK(63, 56), 0, &r), VMSA_TRANSLATION | 0);
    *entry_of(vcpu.sys.TTBR1_EL1, 0, 0, 48, 3) = TARGET | PAGE | NG;
    assert_int_equal(translate(MASK(55, 48), 0, &r), VMSA_OK);
    assert_false(r.global);
}

static void test_off(void **state)
{
    struct vmsa_result r;

    (void)state;
    vcpu.sys.SCTLR_EL1 = 0;
    assert_int_equal(translate(VA, VMSA_WRITE, &r), VMSA_OK);
    assert_int_equal(r.pa, VA);
    assert_true(r.device && !r.aligned_only && r.el0_write && r.el1_exec);
    assert_int_equal(translate(BIT64(48), 0, &r), VMSA_ADDR_SIZE | 0);
    assert_int_equal(translate(BIT64(63), 0, &r), VMSA_ADDR_SIZE | 0);
    vcpu.sys.TCR_EL1 |= TCR_TBI0;
    assert_int_equal(translate(UINT64_C(0x33) << 56 | 64, 0, &r), VMSA_OK);
    assert_int_equal(r.pa, 64);
}

static void test_memory_types(void **state)
{
    struct vmsa_result r;

    (void)state;
    *low(VA, 3) = TARGET | PAGE | FIELD(MASK(9, 8), 3);
    translate(VA, 0, &r);
    assert_int_equal(r.attr, 0xff);
    assert_int_equal(r.sh, 3);
    assert_true(!r.device && !r.aligned_only && r.global);
    *low(VA, 3) |= FIELD(MASK(4, 2), 1);
    translate(VA, 0, &r);
    assert_int_equal(r.attr, 0x04);
    assert_true(r.device && r.aligned_only);
    *low(VA, 3) |= FIELD(MASK(4, 2), 2);
    translate(VA, 0, &r);
    assert_true(r.device); /* index 3: 0x00 */
}

/* --- permissions: the manual's tables D8-34 to D8-36, written out
 * ---------------------------------- */
struct rights {
    const char *el1, *el0;
};

/* By AP[2:1] after the tables' APTable has been taken away: data rights. */
static const struct rights data_rights[4] = {{"rw", ""}, {"rw", "rw"}, {"r", ""}, {"r", "r"}};

static bool may_execute(const struct rights *rights, bool el0, bool xn, bool wxn)
{
    const char *mine = el0 ? rights->el0 : rights->el1;

    if (xn || (!el0 && strchr(rights->el0, 'w'))) {
        return false;
    }
    return !(wxn && strchr(mine, 'w'));
}

static bool expected(unsigned ap, bool pxn, bool uxn, unsigned apt, bool pxnt, bool uxnt, bool wxn,
                     bool pan, bool el0, unsigned access)
{
    unsigned effective = (ap & ~(apt & 1)) | (apt & 2);
    const struct rights *rights = &data_rights[effective];
    const char *mine = el0 ? rights->el0 : rights->el1;

    if (access == VMSA_FETCH) {
        return may_execute(rights, el0, el0 ? uxn || uxnt : pxn || pxnt, wxn);
    }
    if (!el0 && pan && *rights->el0) {
        return false;
    }
    return strchr(mine, access == VMSA_WRITE ? 'w' : 'r') != NULL;
}

static void test_permissions(void **state)
{
    static const unsigned accesses[3] = {0, VMSA_WRITE, VMSA_FETCH};
    unsigned rows = 0;

    (void)state;
    for (unsigned n = 0; n < 1 << 13; n++) {
        unsigned ap = n & 3, apt = n >> 2 & 3, who = n >> 11 & 3;
        bool pxn = bit(n, 4), uxn = bit(n, 5), pxnt = bit(n, 6), uxnt = bit(n, 7);
        bool wxn = bit(n, 8), pan = bit(n, 9), last = bit(n, 10);
        struct vmsa_result r;

        if (who == 3) {
            continue;
        }
        setup(NULL);
        uint64_t *leaf = low(VA, last ? 3 : 2);
        *leaf =
            (last ? TARGET | PAGE : BLOCK) | (uint64_t)ap << 6 | (pxn ? PXN : 0) | (uxn ? UXN : 0);
        /* the table bits of any level count */
        *low(VA, rows % (last ? 3 : 2)) |=
            (uint64_t)apt << 61 | (uint64_t)uxnt << 60 | (uint64_t)pxnt << 59;
        vcpu.sys.SCTLR_EL1 |= wxn ? SCTLR_WXN : 0;
        vcpu.ps.pan = pan;
        vcpu.ps.el = who != 0 ? (who == 1 ? 0 : 1) : 1;
        for (unsigned a = 0; a < 3; a++) {
            bool el0 = who != 0;
            int status = translate(VA, accesses[a] | (who == 2 ? VMSA_UNPRIV : 0), &r);
            bool good = expected(ap, pxn, uxn, apt, pxnt, uxnt, wxn, pan, el0, accesses[a]);

            assert_int_equal(status, good ? VMSA_OK : (int)(VMSA_PERMISSION | (last ? 3u : 2u)));
            rows++;
        }
    }
    assert_int_equal(rows, 3 * 3 * (1 << 11));
}

/* --- sizes of the halves, random addresses
 * ----------------------------------------------------------- */
static uint64_t random_64(void)
{
    static uint64_t seed = 0x9e3779b97f4a7c15;

    return xorshift64(&seed);
}

static void test_sizes(void **state)
{
    (void)state;
    for (unsigned size = 16; size <= 39; size++) {
        unsigned width = 64 - size, start = width > 39 ? 0 : width > 30 ? 1 : width > 21 ? 2 : 3;

        for (unsigned round = 0; round < 200; round++) {
            bool high = round & 1;
            unsigned level = 1 + (unsigned)(random_64() % 3);
            uint64_t low_bits = random_64() & MASK(width - 1, 0);
            uint64_t va = high ? low_bits | ~MASK(width - 1, 0) : low_bits;
            struct vmsa_result r;

            level = level < start ? start : level;
            setup_half(high ? 16 : size, high ? size : 16);
            uint64_t root = high ? vcpu.sys.TTBR1_EL1 : vcpu.sys.TTBR0_EL1;
            uint64_t span = PAGE_SIZE << (9 * (3 - level));
            uint64_t pa = random_64() & MASK(47, 0) & ~(span - 1);
            *entry_of(root, va, start, width, level) = pa | (level == 3 ? PAGE : BLOCK);
            assert_int_equal(translate(va, 0, &r), VMSA_OK);
            assert_int_equal(r.size, span);
            assert_int_equal(r.pa, pa + (va & (span - 1)));
            /* just outside of the range */
            assert_int_equal(translate(va ^ BIT64(width), 0, &r), VMSA_TRANSLATION | 0);
            /* a neighbour is not mapped, whatever level says so */
            assert_int_equal(translate(va ^ span, 0, &r) & ~3,
                             width > 12 + 9 * (3 - level) ? VMSA_TRANSLATION : 0);
        }
    }
    for (unsigned bad = 0; bad < 64; bad++) {
        struct vmsa_result r;

        if (bad < 16 || bad > 39) {
            setup_half(bad, 16);
            assert_int_equal(translate(0, 0, &r), VMSA_TRANSLATION | 0);
        }
    }
}

/* Hostile tables: random words everywhere; no access outside of RAM (ASan), a sane answer. */
static void test_hostile(void **state)
{
    (void)state;
    setup(NULL);
    for (unsigned i = 0; i < RAM_SIZE / 8; i++) {
        uint64_t word = random_64();
        /* mostly pointing into RAM, so that walks go deep */
        *entry_at(RAM_BASE, i) = word & 12 ? (RAM_BASE + (word & (RAM_SIZE - 1) & ~MASK(11, 0))) |
                                                 (word & 3) | (word & ~MASK(47, 0)) | AF
                                           : word;
    }
    for (unsigned i = 0; i < 200000; i++) {
        struct vmsa_result r;
        vcpu.sys.TCR_EL1 = random_64();
        vcpu.sys.TTBR0_EL1 = RAM_BASE + (random_64() & (2 * RAM_SIZE - 1));
        vcpu.sys.TTBR1_EL1 = random_64() & 15 ? vcpu.sys.TTBR0_EL1 : random_64();
        vcpu.ps.el = random_64() & 1;
        uint64_t va = random_64() & 1 ? random_64() & MASK(47, 0) : random_64() | ~MASK(47, 0);
        int status = translate(va, (unsigned)random_64() & 63, &r);
        assert_true(status == VMSA_OK || (status >= 0 && status < 0x18));
        if (status == VMSA_OK) {
            assert_true(r.pa < BIT64(48));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_translation_levels, setup),
        cmocka_unit_test_setup(test_address_size, setup),
        cmocka_unit_test_setup(test_access_flag, setup),
        cmocka_unit_test_setup(test_walk_abort, setup),
        cmocka_unit_test_setup(test_controls, setup),
        cmocka_unit_test_setup(test_off, setup),
        cmocka_unit_test_setup(test_memory_types, setup),
        cmocka_unit_test_setup(test_permissions, setup),
        cmocka_unit_test_setup(test_sizes, setup),
        cmocka_unit_test_setup(test_alike, setup),
        cmocka_unit_test_setup(test_hostile, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
