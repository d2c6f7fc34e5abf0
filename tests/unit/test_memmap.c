/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot/memmap.c and boot/multiboot2.c: broken memory maps against a model that decides page by
 * page, and multiboot2 information that lies about its sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/memmap.h"
#include "boot/multiboot2.h"
#include "exarch/bits.h"
#include "tests/xorshift.h"

#define PAGES  64u /* of the model's little machine */
#define ROUNDS 20000u
#define FUZZED 20000u

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

/* The kind of page n by the contract's words: the highest kind that touches it; RAM only when it
 * covers all of it. -1: none. */
static int model_kind(const struct boot_range *in, size_t count, uint64_t page)
{
    unsigned __int128 start = (unsigned __int128)page * PAGE_SIZE;
    unsigned __int128 end = start + PAGE_SIZE;
    int kind = -1;

    for (size_t i = 0; i < count; i++) {
        unsigned __int128 from = in[i].base;
        unsigned __int128 to = from + in[i].size;
        int this = in[i].kind < BOOT_MEMORY_KINDS ? (int)in[i].kind : BOOT_RESERVED;
        bool touches = from < end && to > start && in[i].size;
        bool covers = from <= start && to >= end;
        if (this == BOOT_RAM ? covers : touches) {
            kind = MAX(kind, this);
        }
    }
    return kind;
}

static void check_sane(const struct boot_range *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].size > 0);
        assert_true(IS_ALIGNED(out[i].base | out[i].size, PAGE_SIZE));
        assert_true(out[i].base + out[i].size <= MEMMAP_LIMIT);
        assert_true(out[i].kind < BOOT_MEMORY_KINDS);
        if (i) {
            uint64_t last_end = out[i - 1].base + out[i - 1].size;
            assert_true(last_end <= out[i].base);
            assert_true(last_end < out[i].base || out[i - 1].kind != out[i].kind);
        }
    }
}

static int kind_in(const struct boot_range *out, size_t count, uint64_t page)
{
    for (size_t i = 0; i < count; i++) {
        if (page * PAGE_SIZE >= out[i].base && page * PAGE_SIZE < out[i].base + out[i].size) {
            return (int)out[i].kind;
        }
    }
    return -1;
}

static struct boot_range random_range(void)
{
    struct boot_range r = {.kind = (uint32_t)(next_random() % (BOOT_MEMORY_KINDS + 1))};

    r.base = next_random() % (PAGES * PAGE_SIZE);
    r.size = next_random() % (16 * PAGE_SIZE);
    if (next_random() % 2) {
        r.base = ALIGN_DOWN(r.base, PAGE_SIZE);
        r.size = ALIGN_DOWN(r.size, PAGE_SIZE);
    }
    switch (next_random() % 16) {
    case 0: r.size = 0; break;
    case 1: r.size = UINT64_MAX - (next_random() % 3) * PAGE_SIZE; break; /* wraps */
    case 2: r.base = UINT64_MAX - next_random() % (4 * PAGE_SIZE); break;
    case 3: r.kind = (uint32_t)next_random(); break;
    default: break;
    }
    return r;
}

static void test_random_maps(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct boot_range in[12], out[2 * ARRAY_SIZE(in)];
        size_t count = next_random() % (ARRAY_SIZE(in) + 1);
        for (size_t i = 0; i < count; i++) {
            in[i] = random_range();
        }
        size_t made = memmap_normalise(in, count, out, ARRAY_SIZE(out));
        check_sane(out, made);
        for (uint64_t page = 0; page < PAGES + 20; page++) {
            assert_int_equal(kind_in(out, made, page), model_kind(in, count, page));
        }
    }
}

static void test_no_room(void **state)
{
    struct boot_range in[8], out[8];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(in); i++) {
        in[i] = (struct boot_range){MIB(2 * (7 - i)), MIB(1), BOOT_RAM, 0};
    }
    assert_int_equal(memmap_normalise(in, 8, out, 8), 8);
    assert_int_equal(memmap_normalise(in, 8, out, 3), 3);
    check_sane(out, 3);
    assert_int_equal(out[2].base, MIB(4)); /* the lower memory is what is kept */
}

static void test_efi_map(void **state)
{
    static struct boot_info info;
    /* Descriptors of 48 bytes, as firmware makes them, so that nobody counts on 40. */
    struct {
        uint32_t type, pad;
        uint64_t physical, virtual, pages, attributes, more;
    } map[] = {
        {7, 0, 0x1000, 0, 16, 8, 0},           /* conventional */
        {7, 0, 0x100000, 0, 16, 0, 0},         /* conventional, but not cacheable */
        {4, 0, 0x200000, 0, UINT64_MAX, 8, 0}, /* as many pages as can be written down */
        {9, 0, 0x300000, 0, 1, 15, 0},         /* ACPI tables */
        {99, 0, 0x301000, 0, 1, 15, 0},        /* nobody knows */
    };

    (void)state;
    memset(&info, 0, sizeof(info));
    assert_true(memmap_add_efi(&info, map, sizeof(map), sizeof(map[0])));
    assert_int_equal(info.range_count, 5);
    assert_int_equal(info.ranges[0].kind, BOOT_RAM);
    assert_int_equal(info.ranges[0].size, 16 * PAGE_SIZE);
    assert_int_equal(info.ranges[1].kind, BOOT_RESERVED);
    assert_int_equal(info.ranges[2].size, MEMMAP_LIMIT);
    assert_int_equal(info.ranges[3].kind, BOOT_ACPI_TABLES);
    assert_int_equal(info.ranges[4].kind, BOOT_RESERVED);
    assert_false(memmap_add_efi(&info, map, sizeof(map), 16));
    assert_false(memmap_add_efi(&info, map, sizeof(map), 0));
    info.range_count = BOOT_RANGES_MAX - 2;
    assert_false(memmap_add_efi(&info, map, sizeof(map), sizeof(map[0])));
    assert_int_equal(info.range_count, BOOT_RANGES_MAX);
}

/* --- multiboot2
 * ----------------------------------------------------------------------------------- */
struct mbi {
    uint8_t bytes[2048];
    uint32_t used;
};

static void mbi_start(struct mbi *m)
{
    memset(m, 0, sizeof(*m));
    m->used = 8;
}

static void mbi_tag(struct mbi *m, uint32_t type, const void *data, uint32_t size)
{
    uint32_t header[2] = {type, size + 8};

    memcpy(m->bytes + m->used, header, 8);
    memcpy(m->bytes + m->used + 8, data, size);
    m->used += ALIGN_UP(size + 8, 8u);
}

static void mbi_end(struct mbi *m)
{
    mbi_tag(m, 0, "", 0);
    memcpy(m->bytes, &m->used, 4);
}

static void make_mbi(struct mbi *m)
{
    struct {
        uint32_t entry_size, version;
        struct {
            uint64_t base, size;
            uint32_t type, pad;
        } entries[3];
    } e820 = {
        24, 0, {{0, 0x9fc00, 1, 0}, {0x100000, 0x1ff00000, 1, 0}, {0xfffc0000, 0x40000, 2, 0}}};
    struct {
        uint32_t start, end;
        char name[12];
    } module = {0x400000, 0x400123, "boot/vmlinuz"};
    uint8_t rsdp[36] = "RSD PTR ";

    mbi_start(m);
    mbi_tag(m, 1, "quiet loud", 11);
    memcpy(module.name, "a/b", 4);
    mbi_tag(m, 3, &module, 12);
    mbi_tag(m, 6, &e820, sizeof(e820));
    mbi_tag(m, 14, rsdp, 20);
    mbi_tag(m, 15, rsdp, 36);
    mbi_end(m);
}

static bool read_mbi(const struct mbi *m, struct boot_info *info, bool *rsdp_found)
{
    uint8_t rsdp[36];
    /* A copy of just the right size: whoever reads beyond it, is seen by ASan. */
    uint8_t *exact = malloc(m->used);

    memcpy(exact, m->bytes, m->used);
    memset(info, 0, sizeof(*info));
    bool ok = multiboot2_read(exact, m->used, info, rsdp, rsdp_found);
    free(exact);
    return ok;
}

static void test_multiboot2(void **state)
{
    static struct boot_info info;
    struct mbi m;
    bool rsdp_found;

    (void)state;
    make_mbi(&m);
    assert_true(read_mbi(&m, &info, &rsdp_found));
    assert_true(boot_info_check(&info));
    assert_true(rsdp_found);
    assert_string_equal(info.cmdline, "quiet loud");
    assert_string_equal(info.messages, "");
    assert_int_equal(info.module_count, 1);
    assert_string_equal(info.modules[0].name, "a/b");
    assert_int_equal(info.modules[0].size, 0x123);
    assert_ptr_equal(boot_module_find(&info, "a/b"), &info.modules[0]);
    assert_null(boot_module_find(&info, "a/c"));
    assert_int_equal(info.range_count, 3);
    assert_int_equal(info.ranges[1].base, 0x100000);
    assert_int_equal(info.ranges[2].kind, BOOT_RESERVED);
}

static void test_multiboot2_without_map(void **state)
{
    static struct boot_info info;
    struct mbi m;
    bool rsdp_found;

    (void)state;
    mbi_start(&m);
    mbi_end(&m);
    assert_false(read_mbi(&m, &info, &rsdp_found));
    assert_false(rsdp_found);
}

/* Words overwritten at random: no crash, no read outside, and what comes out is within bounds. */
static void test_multiboot2_broken(void **state)
{
    static const uint32_t nasty[] = {0, 1, 7, 8, 9, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
    static struct boot_info info;
    static struct boot_range out[2 * BOOT_RANGES_MAX];

    (void)state;
    for (unsigned round = 0; round < FUZZED; round++) {
        struct mbi m;
        bool rsdp_found;
        make_mbi(&m);
        for (unsigned n = next_random() % 4 + 1; n; n--) {
            uint32_t value = next_random() % 2 ? nasty[next_random() % ARRAY_SIZE(nasty)]
                                               : (uint32_t)next_random();
            memcpy(m.bytes + 4 * (next_random() % (m.used / 4)), &value, 4);
        }
        read_mbi(&m, &info, &rsdp_found);
        assert_true(info.range_count <= BOOT_RANGES_MAX && info.module_count <= BOOT_MODULES_MAX);
        assert_true(strnlen(info.messages, BOOT_MESSAGES_MAX) < BOOT_MESSAGES_MAX);
        check_sane(out, memmap_normalise(info.ranges, info.range_count, out, ARRAY_SIZE(out)));
    }
}

static void test_boot_info_limits(void **state)
{
    static struct boot_info info = {.magic = BOOT_INFO_MAGIC, .size = sizeof(info)};

    (void)state;
    info.module_count = info.range_count = info.cpu_count = UINT32_MAX;
    memset(info.cmdline, 'x', sizeof(info.cmdline));
    assert_true(boot_info_check(&info));
    assert_int_equal(info.module_count, BOOT_MODULES_MAX);
    assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_MAX - 1);
    info.size--;
    assert_false(boot_info_check(&info));
    memset(info.messages, 0, sizeof(info.messages));
    for (unsigned i = 0; i < 200; i++) {
        boot_info_add_message(&info, "a line of some twenty bytes");
    }
    assert_true(strnlen(info.messages, BOOT_MESSAGES_MAX) < BOOT_MESSAGES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_maps),       cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_efi_map),           cmocka_unit_test(test_multiboot2),
        cmocka_unit_test(test_multiboot2_broken), cmocka_unit_test(test_multiboot2_without_map),
        cmocka_unit_test(test_boot_info_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
