/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel/pages.c and kernel/objects.c on a fake machine of 3 GiB with holes: every block that is
 * given out is marked in a map of owners, so that overlaps, wrong zones and lost pages show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/boot_info.h"
#include "kernel/mem.h"
#include "tests/unit/fake_root.h"
#include "tests/xorshift.h"

#define MEMORY GIB(3)
#define TURNS  30000u
#define LIVE   400u

// clang-format off
static const struct boot_range ranges[] = {
    { 0,         0x9f000,              BOOT_RAM,      0 },
    { 0x9f000,   0x61000,              BOOT_RESERVED, 0 },
    { MIB(1),    MIB(99),              BOOT_RAM,      0 },
    { MIB(100),  MIB(2),               BOOT_LOADER,   0 },
    { MIB(102),  GIB(2) - MIB(103),    BOOT_RAM,      0 },
    { GIB(2),    GIB(1),               BOOT_RAM,      0 },
};
// clang-format on

static uint8_t *frames;
static uint8_t *owned; /* a byte for each page: given out */
static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

static bool is_ram(uint64_t address)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (ranges[i].kind == BOOT_RAM && address >= ranges[i].base &&
            address < ranges[i].base + ranges[i].size) {
            return address >= PAGE_SIZE;
        }
    }
    return false;
}

static int set_up(void **state)
{
    (void)state;
    frames = calloc(1, pages_frames_size(ranges, ARRAY_SIZE(ranges)));
    owned = calloc(1, MEMORY / PAGE_SIZE);
    pages_init(ranges, ARRAY_SIZE(ranges), frames);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(frames);
    free(owned);
    return 0;
}

static void own(hpa_t block, unsigned order, bool taken)
{
    assert_true(IS_ALIGNED(block.v, PAGE_SIZE << order));
    for (uint64_t page = 0; page < UINT64_C(1) << order; page++) {
        uint64_t address = block.v + page * PAGE_SIZE;
        assert_true(is_ram(address));
        assert_int_equal(owned[address / PAGE_SIZE], !taken);
        owned[address / PAGE_SIZE] = taken;
    }
}

static struct mem_stats now(void)
{
    struct mem_stats stats;

    mem_stats(&stats);
    uint64_t free_pages = 0;
    for (unsigned order = 0; order < PAGE_ORDERS; order++) {
        free_pages += stats.free_blocks[order] << order;
    }
    assert_int_equal(free_pages, stats.free_pages);
    return stats;
}

static void test_random(void **state)
{
    struct {
        hpa_t block;
        unsigned order;
    } live[LIVE];
    struct mem_stats before = now();
    unsigned count = 0;

    (void)state;
    assert_int_equal(before.total_pages, before.free_pages);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        unsigned order = next_random() % 10 ? (unsigned)(next_random() % 4)
                                            : (unsigned)(next_random() % PAGE_ORDERS);
        if (count < LIVE && next_random() % 2) {
            uint64_t limit = next_random() % 8 ? UINT64_MAX : MIB(1 + next_random() % 200);
            hpa_t block = limit == UINT64_MAX ? page_alloc_raw(order)
                          : order > 6         ? HPA_NONE
                                              : page_alloc_below(order, limit);
            if (hpa_valid(block)) {
                assert_true(block.v + (PAGE_SIZE << order) <= limit);
                own(block, order, true);
                live[count].block = block;
                live[count++].order = order;
            }
        } else if (count) {
            unsigned i = (unsigned)(next_random() % count);
            own(live[i].block, live[i].order, false);
            page_free(live[i].block, live[i].order);
            live[i] = live[--count];
        }
    }
    while (count) {
        count--;
        page_free(live[count].block, live[count].order);
    }
    struct mem_stats after = now();
    assert_int_equal(before.free_pages, after.free_pages);
    /* All has merged again. */
    assert_memory_equal(before.free_blocks, after.free_blocks, sizeof(before.free_blocks));
    assert_int_equal(after.allocs, after.frees);
}

static void test_zeroed(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 12; order++) {
        hpa_t dirty = page_alloc_raw(order);
        memset(hpa_to_ptr(dirty), 0x5a, PAGE_SIZE << order);
        page_free(dirty, order);
        hpa_t clean = page_alloc(order);
        assert_int_equal(clean.v, dirty.v);
        const uint8_t *bytes = hpa_to_ptr(clean);
        for (uint64_t i = 0; i < PAGE_SIZE << order; i++) {
            assert_int_equal(bytes[i], 0);
        }
        page_free(clean, order);
    }
}

static void test_to_the_last_page(void **state)
{
    uint64_t total = now().free_pages;
    uint64_t got = 0;

    (void)state;
    for (int order = ORDER_1G; order >= ORDER_4K; order--) {
        for (;;) {
            hpa_t block = page_alloc_raw((unsigned)order);
            if (!hpa_valid(block)) {
                break;
            }
            own(block, (unsigned)order, true);
            got += UINT64_C(1) << order;
        }
    }
    assert_int_equal(got, total);
    assert_int_equal(now().free_pages, 0);
    assert_false(hpa_valid(page_alloc(ORDER_4K)));
    assert_null(kalloc(16));
    assert_true(now().failures > 0);
    assert_false(hpa_valid(page_alloc(PAGE_ORDERS)));
}

static void test_low_memory_lasts(void **state)
{
    (void)state;
    /* Ordinary requests leave the first 16 MiB alone while there is other memory. */
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(page_alloc_raw(ORDER_4K).v >= MIB(16));
    }
    hpa_t low = page_alloc_below(ORDER_4K, MIB(1));
    assert_true(hpa_valid(low) && low.v && low.v < MIB(1));
    assert_false(hpa_valid(page_alloc_below(ORDER_4K, PAGE_SIZE)));
}

struct bad_free {
    hpa_t block;
    unsigned order;
};

static void do_free(void *argument)
{
    const struct bad_free *f = argument;

    page_free(f->block, f->order);
}

static void test_bad_frees(void **state)
{
    hpa_t block = page_alloc(2);
    struct bad_free wrong_order = {block, 1};
    struct bad_free inside = {hpa(block.v + PAGE_SIZE), 2};
    struct bad_free unaligned = {hpa(block.v + 8), 2};
    struct bad_free outside = {hpa(MEMORY * 4), 0};
    struct bad_free again = {block, 2};

    (void)state;
    assert_true(fake_panics(do_free, &wrong_order));
    assert_true(fake_panics(do_free, &inside));
    assert_true(fake_panics(do_free, &unaligned));
    assert_true(fake_panics(do_free, &outside));
    page_free(block, 2);
    assert_true(fake_panics(do_free, &again));
}

/* --- small objects
 * -------------------------------------------------------------------------------- */
static void test_objects(void **state)
{
    struct {
        uint8_t *at;
        size_t size;
        uint8_t mark;
    } live[LIVE];
    struct mem_stats before = now();
    unsigned count = 0;

    (void)state;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        if (count < LIVE && next_random() % 2) {
            size_t size = next_random() % 16 ? next_random() % 1100 : next_random() % 20000;
            uint8_t *at = kalloc(size);
            assert_non_null(at);
            assert_true(IS_ALIGNED((uintptr_t)at, 16));
            if (size && size <= 1024 && !(size & (size - 1))) {
                assert_true(IS_ALIGNED((uintptr_t)at, size));
            }
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(at[i], 0);
            }
            live[count].at = at;
            live[count].size = size;
            live[count].mark = (uint8_t)next_random();
            memset(at, live[count].mark, size);
            count++;
        } else if (count) {
            unsigned i = (unsigned)(next_random() % count);
            for (size_t b = 0; b < live[i].size; b++) {
                assert_int_equal(live[i].at[b], live[i].mark); /* nobody else wrote there */
            }
            kfree(live[i].at, live[i].size);
            live[i] = live[--count];
        }
    }
    while (count) {
        count--;
        kfree(live[count].at, live[count].size);
    }
    kfree(NULL, 100);
    struct mem_stats after = now();
    assert_int_equal(after.object_bytes, before.object_bytes);
    assert_int_equal(after.object_pages, before.object_pages);
    assert_int_equal(after.free_pages, before.free_pages);
}

struct bad_kfree {
    void *object;
    size_t size;
};

static void do_kfree(void *argument)
{
    const struct bad_kfree *f = argument;

    kfree(f->object, f->size);
}

static void test_bad_object_frees(void **state)
{
    char *object = kalloc(100);
    char *other = kalloc(100);
    struct bad_kfree wrong_size = {object, 40};
    struct bad_kfree inside = {object + 16, 100};
    struct bad_kfree again = {object, 100};

    (void)state;
    assert_true(fake_panics(do_kfree, &wrong_size));
    assert_true(fake_panics(do_kfree, &inside));
    kfree(object, 100);
    assert_true(fake_panics(do_kfree, &again));
    kfree(other, 100);
}

int main(void)
{
    // clang-format off
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zeroed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_to_the_last_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_low_memory_lasts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_frees, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_objects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_object_frees, set_up, tear_down),
    };
    // clang-format on

    fake_memory(MEMORY);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
