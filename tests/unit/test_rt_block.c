/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks, links, sites and the code cache's regions: random histories against a flat model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/rt/block.h"

#define RAM   UINT64_C(0x40000000)
#define PAGES 64
#define STUBS 4096
#define CODE  MIB(2)
#define HEAP  MIB(24)
#define RX    UINT64_C(0x7f0000000000)

/* Offsets in each block. */
enum { PATCH = 4, PATCH_LIVE = 12, STUB_LIVE = 20, ENTRY_LIVE = 8 };

struct fixture {
    bool live; /* blocks to come have PATCH_LIVE and ENTRY_LIVE */
    struct heap heap;
    struct rt_blocks bs;
    uint8_t *code;
    void *memory;
    struct ir_block ir;
    struct x64_code out;
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->code = aligned_alloc(4096, CODE);
    f->memory = calloc(1, HEAP);
    heap_init(&f->heap, f->memory, HEAP);
    assert_true(blocks_init(&f->bs, &f->heap, RAM, PAGES * PAGE_SIZE, f->code, RX, CODE, STUBS));
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    free(f->code);
    free(f->memory);
    free(f);
    return 0;
}

/* A block of `size` bytes of "code" with one link to page offset target and a site each 16 bytes.
 */
static struct rt_block *add(struct fixture *f, uint64_t pa, uint32_t flags, uint32_t size,
                            int32_t target)
{
    struct rt_block *block;
    do {
        uint32_t capacity;
        block = blocks_begin(&f->bs, pa, flags, &capacity);
        assert_non_null(block);
        assert_true(capacity >= X64_MAX_BLOCK);
        memset(f->code + block->host, 0xcc, size);
        f->ir.guest_count = 4;
        f->out = (struct x64_code){
            .size = size, .link_count = 1, .site_count = 2, .loc_count = 3, .const_count = 1};
        f->out.link[0] = (struct x64_link){.patch = PATCH,
                                           .unlinked = size - 8,
                                           .target = target,
                                           .patch_live = f->live ? PATCH_LIVE : 0,
                                           .stub_live = f->live ? STUB_LIVE : 0};
        f->out.entry_live = f->live ? ENTRY_LIVE : 0;
        f->out.site[0] = (struct x64_site){.host = 16, .guest = 4, .boundary = 1};
        f->out.site[1] =
            (struct x64_site){.host = 16, .guest = 4, .loc = 1, .loc_count = 2, .plain = 1};
        f->out.consts[0] = pa;
        if (!blocks_commit(&f->bs, block, &f->ir, &f->out)) {
            block = NULL;
        }
    } while (!block);
    return block;
}

/* The offset in the code cache that the branch with its rel32 there leads to. */
static uint32_t branch_target(const struct fixture *f, const struct rt_block *block, uint32_t at)
{
    int32_t rel;
    memcpy(&rel, f->code + block->host + at, 4);
    return block->host + at + 4 + (uint32_t)rel;
}

static uint32_t link_target(const struct fixture *f, const struct rt_block *block)
{
    return branch_target(f, block, PATCH);
}

static void test_find_by_address_and_flags(void **state)
{
    struct fixture *f = *state;
    struct rt_block *a = add(f, RAM + 0x100, 1, 64, 0);
    struct rt_block *b = add(f, RAM + 0x100, 2, 64, 0);
    assert_ptr_equal(blocks_find(&f->bs, RAM + 0x100, 1), a);
    assert_ptr_equal(blocks_find(&f->bs, RAM + 0x100, 2), b);
    assert_null(blocks_find(&f->bs, RAM + 0x104, 1));
    assert_null(blocks_find(&f->bs, RAM + 0x100, 3));
    assert_ptr_equal(blocks_by_host(&f->bs, block_rx(&f->bs, b) + 63), b);
    assert_null(blocks_by_host(&f->bs, block_rx(&f->bs, b) + 64));
    assert_null(blocks_by_host(&f->bs, RX));
    assert_null(blocks_by_host(&f->bs, RX + CODE));
}

static void test_sites(void **state)
{
    struct fixture *f = *state;
    struct rt_block *a = add(f, RAM, 0, 64, 0);
    uint64_t rx = block_rx(&f->bs, a);
    /* an access that is its instruction's first code: a fault there is the access's */
    assert_int_equal(block_site(&f->bs, a, rx + 16, false)->plain, 1);
    assert_int_equal(block_site(&f->bs, a, rx + 16, true)->boundary, 1);
    assert_null(block_site(&f->bs, a, rx + 17, false));
    assert_int_equal(a->meta->consts[0], RAM);
}

static void test_links_only_what_fits(void **state)
{
    struct fixture *f = *state;
    struct rt_block *a = add(f, RAM, 0, 64, 0x80);
    struct rt_block *wrong_place = add(f, RAM + 0x84, 0, 64, 0);
    struct rt_block *wrong_page = add(f, RAM + 0x1080, 0, 64, 0);
    struct rt_block *wrong_flags = add(f, RAM + 0x80, 1, 64, 0);
    struct rt_block *b = add(f, RAM + 0x80, 0, 64, 0);
    uint32_t link = X64_MAX_LINKS * block_number(&f->bs, a);
    blocks_link(&f->bs, link, wrong_place);
    blocks_link(&f->bs, link, wrong_page);
    blocks_link(&f->bs, link, wrong_flags);
    blocks_link(&f->bs, link + 1, b); /* it has one link only */
    blocks_link(&f->bs, 0, b);
    blocks_link(&f->bs, UINT32_MAX, b);
    assert_int_equal(a->meta->link[0].to, 0);
    unsigned offset = 0;
    assert_false(blocks_link_target(&f->bs, link + 1, &offset));
    assert_false(blocks_link_target(&f->bs, 0, &offset));
    assert_false(blocks_link_target(&f->bs, UINT32_MAX, &offset));
    assert_true(blocks_link_target(&f->bs, link, &offset));
    assert_int_equal(offset, 0x80);
    blocks_link(&f->bs, link, b);
    assert_int_equal(link_target(f, a), b->host);
    blocks_drop(&f->bs, b);
    assert_int_equal(link_target(f, a), a->host + 56);
    assert_null(blocks_find(&f->bs, RAM + 0x80, 0));
    assert_ptr_equal(blocks_by_host(&f->bs, block_rx(&f->bs, b)), b); /* still known to faults */
    blocks_link(&f->bs, link, b);
    assert_int_equal(link_target(f, a), a->host + 56);
}

/* With NZCV in RFLAGS a link goes to where they may be, if there is such a place. */
static void test_live_links(void **state)
{
    struct fixture *f = *state;
    struct rt_block *plain = add(f, RAM + 0x80, 0, 64, 0);
    f->live = true;
    struct rt_block *a = add(f, RAM, 0, 64, 0x80), *c = add(f, RAM + 0x40, 0, 64, 0x100);
    struct rt_block *b = add(f, RAM + 0x100, 0, 64, 0);
    uint32_t from_a = X64_MAX_LINKS * block_number(&f->bs, a);
    uint32_t from_c = X64_MAX_LINKS * block_number(&f->bs, c);
    assert_true(blocks_link_is_live(&f->bs, from_a));
    assert_false(blocks_link_is_live(&f->bs, X64_MAX_LINKS * block_number(&f->bs, plain)));
    assert_false(blocks_link_is_live(&f->bs, UINT32_MAX));
    uint32_t before = branch_target(f, a, PATCH_LIVE);
    blocks_link(&f->bs, from_a, plain);
    assert_int_equal(link_target(f, a), plain->host);
    assert_int_equal(branch_target(f, a, PATCH_LIVE), before);
    blocks_link(&f->bs, from_c, b);
    assert_int_equal(branch_target(f, c, PATCH_LIVE), b->host + ENTRY_LIVE);
    blocks_drop(&f->bs, b);
    assert_int_equal(branch_target(f, c, PATCH_LIVE), c->host + STUB_LIVE);
    assert_int_equal(link_target(f, c), c->host + 56);
    blocks_drop(&f->bs, a);
    assert_int_equal(branch_target(f, a, PATCH_LIVE), a->host + STUB_LIVE);
}

static void test_dropping_a_linked_block_and_its_source(void **state)
{
    struct fixture *f = *state;
    struct rt_block *a = add(f, RAM, 0, 64, 0x80);
    struct rt_block *b = add(f, RAM + 0x80, 0, 64, 0x80); /* a loop */
    blocks_link(&f->bs, X64_MAX_LINKS * block_number(&f->bs, a), b);
    blocks_link(&f->bs, X64_MAX_LINKS * block_number(&f->bs, b), b);
    assert_int_equal(link_target(f, b), b->host);
    assert_true(blocks_drop_page(&f->bs, RAM + 0x800));
    assert_false(blocks_drop_page(&f->bs, RAM));
    assert_int_equal(link_target(f, a), a->host + 56);
    assert_int_equal(link_target(f, b), b->host + 56);
}

static void test_site_becomes_slow_the_second_time(void **state)
{
    struct fixture *f = *state;
    struct rt_block *before = add(f, RAM + 0x100, 0, 64, 0); /* 4 instructions: up to 0x10c */
    struct rt_block *with = add(f, RAM + 0x108, 0, 64, 0);
    struct rt_block *after = add(f, RAM + 0x114, 0, 64, 0);
    assert_false(blocks_site_faulted(&f->bs, RAM + 0x110, SITE_SLOW));
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x110), SITE_DIRECT);
    assert_true(blocks_site_faulted(&f->bs, RAM + 0x110, SITE_SLOW));
    assert_false(blocks_site_faulted(&f->bs, RAM + 0x110, SITE_SLOW));
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x110), SITE_SLOW);
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x114), SITE_DIRECT);
    assert_false(before->dead);
    assert_true(with->dead);
    assert_false(after->dead);
    assert_false(blocks_site_faulted(&f->bs, RAM + 0x120, SITE_WINDOW));
    assert_true(blocks_site_faulted(&f->bs, RAM + 0x120, SITE_WINDOW));
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x120), SITE_WINDOW);
    assert_true(blocks_site_faulted(&f->bs, RAM + 0x120, SITE_SLOW)); /* a device, this time */
    assert_false(blocks_site_faulted(&f->bs, RAM + 0x120, SITE_WINDOW));
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x120), SITE_SLOW);
    blocks_drop_page(&f->bs, RAM); /* new code, new sites */
    assert_int_equal(blocks_site_kind(&f->bs, RAM + 0x110), SITE_DIRECT);
}

/* Jump caches may still hold what learning has dropped. */
static void test_dropping_a_page_after_learning(void **state)
{
    struct fixture *f = *state;
    struct rt_block *only = add(f, RAM + 0x100, 0, 64, 0);
    assert_false(blocks_site_faulted(&f->bs, RAM + 0x108, SITE_SLOW));
    assert_true(blocks_site_faulted(&f->bs, RAM + 0x108, SITE_SLOW));
    assert_true(only->dead);
    assert_true(blocks_drop_page(&f->bs, RAM));
    assert_false(blocks_drop_page(&f->bs, RAM));
}

/* Everything that holds of all blocks whatever happened. */
static void check_all(struct fixture *f)
{
    for (unsigned r = 0; r < RT_REGIONS; r++) {
        for (uint32_t i = 0; i < f->bs.region[r].count; i++) {
            struct rt_block *block = &f->bs.block[f->bs.region[r].block[i]];
            assert_ptr_equal(blocks_by_host(&f->bs, block_rx(&f->bs, block)), block);
            uint32_t to = block->meta->link[0].to;
            uint32_t expected =
                to ? f->bs.block[to].host : block->host + block->meta->link[0].unlinked;
            assert_int_equal(link_target(f, block), expected);
            if (to) {
                assert_false(f->bs.block[to].dead);
                assert_false(block->dead);
            }
            if (!block->dead) {
                assert_ptr_equal(blocks_find(&f->bs, block->pa, block->flags), block);
            }
        }
    }
}

static void test_random_history_fills_the_cache_many_times(void **state)
{
    struct fixture *f = *state;
    srand(1);
    for (unsigned n = 0; n < 60000; n++) {
        uint64_t pa = RAM + (unsigned)rand() % (PAGES * 1024) * 4;
        struct rt_block *block = blocks_find(&f->bs, pa, 0);
        if (!block) {
            int32_t target = (int32_t)((unsigned)rand() % 1024 * 4);
            block = add(f, pa, 0, 64 + (unsigned)rand() % 400, target);
            struct rt_block *to =
                blocks_find(&f->bs, ALIGN_DOWN(pa, PAGE_SIZE) + (uint64_t)target, 0);
            memcpy(f->code + block->host + 4,
                   &(int32_t){(int32_t)block->meta->link[0].unlinked - 8}, 4);
            if (to) {
                blocks_link(&f->bs, X64_MAX_LINKS * block_number(&f->bs, block), to);
            }
        } else if (n % 3 == 0) {
            blocks_drop(&f->bs, block);
        } else if (n % 97 == 0) {
            blocks_drop_page(&f->bs, pa);
        }
        if (n % 500 == 0) {
            check_all(f);
        }
    }
    assert_true(f->bs.evictions > 4 * RT_REGIONS);
    blocks_drop_all(&f->bs);
    check_all(f);
    for (unsigned b = 0; b <= f->bs.hash_mask; b++) {
        assert_int_equal(f->bs.hash[b], 0);
    }
}

static void test_small_heap_evicts_instead_of_failing(void **state)
{
    struct fixture *f = *state;
    f->heap.size = f->heap.used + KIB(64);
    for (unsigned i = 0; i < 5000; i++) {
        add(f, RAM + (i % (PAGES * 1024)) * 4, 0, 64, 0);
    }
    assert_true(f->bs.evictions > 0);
}

static void test_heap_reuses_and_aligns(void **state)
{
    struct fixture *f = *state;
    for (size_t size = 1; size < 100000; size += size / 7 + 1) {
        uint8_t *a = heap_alloc(&f->heap, size), *b = heap_alloc(&f->heap, size);
        assert_true((uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0);
        assert_true(b - a >= (ptrdiff_t)size);
        heap_free(&f->heap, a, size);
        assert_ptr_equal(heap_alloc(&f->heap, size), a);
    }
    assert_null(heap_alloc(&f->heap, HEAP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_find_by_address_and_flags, make, unmake),
        cmocka_unit_test_setup_teardown(test_sites, make, unmake),
        cmocka_unit_test_setup_teardown(test_links_only_what_fits, make, unmake),
        cmocka_unit_test_setup_teardown(test_live_links, make, unmake),
        cmocka_unit_test_setup_teardown(test_dropping_a_linked_block_and_its_source, make, unmake),
        cmocka_unit_test_setup_teardown(test_site_becomes_slow_the_second_time, make, unmake),
        cmocka_unit_test_setup_teardown(test_dropping_a_page_after_learning, make, unmake),
        cmocka_unit_test_setup_teardown(test_random_history_fills_the_cache_many_times, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(test_small_heap_evicts_instead_of_failing, make, unmake),
        cmocka_unit_test_setup_teardown(test_heap_reuses_and_aligns, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
