/* SPDX-License-Identifier: BSD-2-Clause */
/* Translations: look-up, records, drops; the code cache's regions. Links are in link.c. */
#include "dbt/rt/block.h"

#include "kernel/lib/string.h"

#define CODE_ALIGN 16
/* Heap for tables: one block record for so many bytes of code, one hash bucket for two records. */
#define BYTES_PER_BLOCK 192
/* What X64_EXIT has room for. */
#define MAX_BLOCKS ((UINT32_C(1) << 24) / X64_MAX_LINKS - 1)

static uint32_t *bucket(struct rt_blocks *bs, uint64_t pa, uint32_t flags)
{
    uint64_t key = (pa >> 2 ^ (uint64_t)flags << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return &bs->hash[key >> 32 & bs->hash_mask];
}

bool blocks_init(struct rt_blocks *bs, struct heap *heap, uint64_t ram_base, uint64_t ram_size,
                 uint8_t *code_rw, uint64_t code_rx, uint64_t code_size, uint64_t code_start)
{
    *bs = (struct rt_blocks){.heap = heap,
                             .code_rw = code_rw,
                             .code_rx = code_rx,
                             .code_start = (uint32_t)code_start,
                             .ram_base = ram_base,
                             .page_count = ram_size >> PAGE_SHIFT};
    bs->region_size = (uint32_t)ALIGN_DOWN((code_size - code_start) / RT_REGIONS, PAGE_SIZE);
    bs->region_blocks = MIN(bs->region_size / BYTES_PER_BLOCK, MAX_BLOCKS / RT_REGIONS - 1);
    bs->capacity = bs->region_blocks * RT_REGIONS + 1;
    bs->fresh = 1;
    uint32_t buckets = UINT32_C(1) << (31 - __builtin_clz(bs->capacity));
    bs->hash_mask = buckets - 1;
    bs->hash = heap_alloc_table(heap, sizeof(*bs->hash) * buckets, 64);
    bs->block = heap_alloc_table(heap, sizeof(*bs->block) * bs->capacity, 64);
    bs->page = heap_alloc_table(heap, sizeof(*bs->page) * bs->page_count, 64);
    for (unsigned i = 0; i < RT_REGIONS; i++) {
        bs->region[i].block =
            heap_alloc_table(heap, sizeof(*bs->region[i].block) * bs->region_blocks, 64);
        if (!bs->region[i].block) {
            return false;
        }
    }
    return bs->hash && bs->block && bs->page && bs->region_size >= 2 * X64_MAX_BLOCK;
}

static uint32_t region_base(const struct rt_blocks *bs, unsigned region)
{
    return bs->code_start + region * bs->region_size;
}

static struct rt_page *page_of(const struct rt_blocks *bs, uint64_t pa)
{
    uint64_t index = (pa - bs->ram_base) >> PAGE_SHIFT;
    return index < bs->page_count ? bs->page[index] : NULL;
}

struct rt_block *blocks_find(struct rt_blocks *bs, uint64_t pa, uint32_t flags)
{
    for (uint32_t n = *bucket(bs, pa, flags); n; n = bs->block[n].hash_next) {
        if (bs->block[n].pa == pa && bs->block[n].flags == flags) {
            return &bs->block[n];
        }
    }
    return NULL;
}

/* --- making blocks --- */

void blocks_abandon(struct rt_blocks *bs, struct rt_block *block)
{
    block->hash_next = bs->free;
    bs->free = block_number(bs, block);
}

static void empty_region(struct rt_blocks *bs, unsigned index)
{
    struct rt_region *region = &bs->region[index];
    bs->evictions += region->count != 0;
    for (uint32_t i = 0; i < region->count; i++) {
        struct rt_block *block = &bs->block[region->block[i]];
        blocks_drop(bs, block);
        if (block->meta) {
            heap_free(bs->heap, block->meta, block->meta->size);
            block->meta = NULL;
        }
        blocks_abandon(bs, block);
    }
    region->count = 0;
    region->used = 0;
}

static void next_region(struct rt_blocks *bs)
{
    bs->current = (bs->current + 1) % RT_REGIONS;
    empty_region(bs, bs->current);
}

/* A heap block; throws regions away, all of them in the end, until there is room. */
static void *alloc_or_evict(struct rt_blocks *bs, size_t size, bool *evicted)
{
    void *memory = heap_alloc(bs->heap, size);
    for (unsigned i = 0; !memory && i < RT_REGIONS; i++) {
        next_region(bs);
        *evicted = true;
        memory = heap_alloc(bs->heap, size);
    }
    if (!memory) { /* what is left are page records, and the size classes' fragments */
        memset(bs->page, 0, sizeof(*bs->page) * bs->page_count);
        heap_reset(bs->heap);
        memory = heap_alloc(bs->heap, size);
    }
    return memory;
}

static bool make_page(struct rt_blocks *bs, uint64_t pa)
{
    struct rt_page **page = &bs->page[(pa - bs->ram_base) >> PAGE_SHIFT];
    bool evicted;
    if (!*page && (*page = alloc_or_evict(bs, sizeof(**page), &evicted))) {
        memset(*page, 0, sizeof(**page));
    }
    return *page != NULL;
}

struct rt_block *blocks_begin(struct rt_blocks *bs, uint64_t pa, uint32_t flags, uint32_t *capacity)
{
    if (!make_page(bs, pa)) {
        return NULL;
    }
    struct rt_region *region = &bs->region[bs->current];
    if (bs->region_size - region->used < X64_MAX_BLOCK || region->count == bs->region_blocks) {
        next_region(bs);
        region = &bs->region[bs->current];
    }
    uint32_t number = bs->free;
    if (number) {
        bs->free = bs->block[number].hash_next;
    } else {
        number = bs->fresh++; /* capacity is what all regions can hold */
    }
    bs->block[number] = (struct rt_block){.pa = pa,
                                          .flags = flags,
                                          .host = region_base(bs, bs->current) + region->used,
                                          .dead = true};
    *capacity = bs->region_size - region->used;
    return &bs->block[number];
}

/* Enters a finished block in the tables. */
static void publish(struct rt_blocks *bs, struct rt_block *block)
{
    struct rt_region *region = &bs->region[bs->current];
    uint32_t number = block_number(bs, block);
    region->used += (uint32_t)ALIGN_UP(block->size, CODE_ALIGN);
    region->block[region->count++] = number;
    uint32_t *head = bucket(bs, block->pa, block->flags);
    block->hash_next = *head;
    *head = number;
    struct rt_page *page = page_of(bs, block->pa);
    block->page_next = page->first;
    page->first = number;
    block->dead = false;
}

static struct rt_meta *alloc_meta(struct rt_blocks *bs, struct rt_block *block, size_t tail)
{
    bool evicted = false;
    size_t size = sizeof(struct rt_meta) + tail;
    struct rt_meta *meta = alloc_or_evict(bs, size, &evicted);
    if (meta && evicted) { /* perhaps this block's own room: its code is lost */
        heap_free(bs->heap, meta, size);
        meta = NULL;
    }
    if (!meta) {
        blocks_abandon(bs, block);
        return NULL;
    }
    *meta = (struct rt_meta){.size = (uint32_t)size};
    return meta;
}

bool blocks_commit(struct rt_blocks *bs, struct rt_block *block, const struct ir_block *ir,
                   const struct x64_code *code)
{
    size_t consts = sizeof(code->consts[0]) * code->const_count;
    size_t sites = sizeof(code->site[0]) * code->site_count;
    size_t locs = sizeof(code->loc[0]) * code->loc_count;
    size_t links = sizeof(*((struct rt_meta *)NULL)->link) * code->link_count;
    struct rt_meta *meta = alloc_meta(bs, block, consts + links + sites + locs);
    if (!meta) {
        return false;
    }
    uint8_t *tail = (uint8_t *)(meta + 1);
    meta->site_count = code->site_count;
    meta->loc_count = code->loc_count;
    meta->const_count = code->const_count;
    meta->consts = memcpy(tail, code->consts, consts);
    meta->link = (struct rt_link *)(void *)(tail + consts);
    meta->site = memcpy(tail + consts + links, code->site, sites);
    meta->loc = memcpy(tail + consts + links + sites, code->loc, locs);
    block->meta = meta;
    block->size = code->size;
    block->entry_live = code->entry_live;
    block->guest_count = ir->guest_count;
    block->link_count = (uint8_t)code->link_count;
    for (unsigned i = 0; i < code->link_count; i++) {
        meta->link[i] = (struct rt_link){.patch = code->link[i].patch,
                                         .unlinked = code->link[i].unlinked,
                                         .patch_live = code->link[i].patch_live,
                                         .stub_live = code->link[i].stub_live,
                                         .target = code->link[i].target};
    }
    publish(bs, block);
    return true;
}

bool blocks_commit_ir(struct rt_blocks *bs, struct rt_block *block, const struct ir_block *ir)
{
    size_t size = offsetof(struct ir_block, insn) + sizeof(ir->insn[0]) * ir->count;
    struct rt_meta *meta = alloc_meta(bs, block, size);
    if (!meta) {
        return false;
    }
    meta->ir = memcpy(meta + 1, ir, size);
    block->meta = meta;
    block->size = CODE_ALIGN; /* a place in the code cache that names it by host address */
    block->guest_count = ir->guest_count;
    publish(bs, block);
    return true;
}

/* --- by host address --- */

struct rt_block *blocks_by_host(struct rt_blocks *bs, uint64_t rip)
{
    uint64_t offset = rip - bs->code_rx - bs->code_start;
    if (offset >= (uint64_t)bs->region_size * RT_REGIONS) {
        return NULL;
    }
    const struct rt_region *region = &bs->region[offset / bs->region_size];
    uint32_t host = (uint32_t)(rip - bs->code_rx);
    uint32_t low = 0, high = region->count; /* the last block that starts at or below host */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bs->block[region->block[middle]].host <= host) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct rt_block *block = low ? &bs->block[region->block[low - 1]] : NULL;
    return block && host - block->host < block->size ? block : NULL;
}

const struct x64_site *block_site(const struct rt_blocks *bs, const struct rt_block *block,
                                  uint64_t rip, bool boundary)
{
    uint32_t offset = (uint32_t)(rip - block_rx(bs, block));
    const struct rt_meta *meta = block->meta;
    unsigned low = 0, high = meta->site_count; /* the first site at offset or behind */
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (meta->site[middle].host < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct x64_site *found = NULL;
    for (; low < meta->site_count && meta->site[low].host == offset; low++) {
        const struct x64_site *site = &meta->site[low];
        bool fits = boundary ? site->boundary : !site->boundary || !found || found->boundary;
        found = fits ? site : found;
    }
    return found;
}

/* --- dropping --- */

/* Takes number out of the list that starts at *head and goes on by the field at `next`. */
static void unchain(struct rt_blocks *bs, uint32_t *head, uint32_t number, size_t next)
{
    while (*head != number) {
        head = (void *)((uint8_t *)&bs->block[*head] + next);
    }
    *head = *(uint32_t *)(void *)((uint8_t *)&bs->block[number] + next);
}

void blocks_drop(struct rt_blocks *bs, struct rt_block *block)
{
    if (block->dead) {
        return;
    }
    uint32_t number = block_number(bs, block);
    blocks_unlink(bs, block);
    unchain(bs, bucket(bs, block->pa, block->flags), number, offsetof(struct rt_block, hash_next));
    unchain(bs, &page_of(bs, block->pa)->first, number, offsetof(struct rt_block, page_next));
    block->dead = true;
    bs->drops++;
}

bool blocks_drop_page(struct rt_blocks *bs, uint64_t pa)
{
    struct rt_page *page = page_of(bs, pa);
    if (!page || (!page->first && !page->stale)) {
        return false;
    }
    page->stale = false;
    while (page->first) {
        blocks_drop(bs, &bs->block[page->first]);
    }
    memset(page->seen, 0, sizeof(page->seen));
    memset(page->window, 0, sizeof(page->window));
    memset(page->slow, 0, sizeof(page->slow));
    return true;
}

void blocks_drop_all(struct rt_blocks *bs)
{
    for (unsigned i = 0; i < RT_REGIONS; i++) {
        for (uint32_t k = 0; k < bs->region[i].count; k++) {
            blocks_drop(bs, &bs->block[bs->region[i].block[k]]);
        }
    }
}

/* --- access sites --- */

static bool bitmap_test(const uint32_t *map, unsigned n)
{
    return map[n / 32] & BIT32(n % 32);
}

/* The number in its page of the instruction at pa. */
static unsigned word_index(uint64_t pa)
{
    return (unsigned)(pa % PAGE_SIZE) / 4;
}

enum site_kind blocks_site_kind(const struct rt_blocks *bs, uint64_t pa)
{
    const struct rt_page *page = page_of(bs, pa);
    unsigned n = word_index(pa);
    if (!page) {
        return SITE_DIRECT;
    }
    return bitmap_test(page->slow, n)     ? SITE_SLOW
           : bitmap_test(page->window, n) ? SITE_WINDOW
                                          : SITE_DIRECT;
}

/* Drops the blocks of page that hold the instruction at pa. */
static void drop_around(struct rt_blocks *bs, struct rt_page *page, uint64_t pa)
{
    for (uint32_t n = page->first, next; n; n = next) {
        struct rt_block *block = &bs->block[n];
        next = block->page_next;
        if (pa - block->pa < block->guest_count * UINT64_C(4)) {
            blocks_drop(bs, block);
            page->stale = true;
        }
    }
}

bool blocks_site_faulted(struct rt_blocks *bs, uint64_t pa, enum site_kind kind)
{
    struct rt_page *page = page_of(bs, pa);
    unsigned n = word_index(pa);
    if (!page || blocks_site_kind(bs, pa) >= kind) {
        return false;
    }
    if (!bitmap_test(page->seen, n)) {
        page->seen[n / 32] |= BIT32(n % 32);
        return false;
    }
    uint32_t *map = kind == SITE_SLOW ? page->slow : page->window;
    map[n / 32] |= BIT32(n % 32);
    drop_around(bs, page, pa);
    return true;
}
