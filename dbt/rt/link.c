/* SPDX-License-Identifier: BSD-2-Clause */
/* Links: direct branches of one block patched to lead into another one of the same page. */
#include "dbt/rt/block.h"

static struct rt_link *link_by_number(const struct rt_blocks *bs, uint32_t link)
{
    return &bs->block[link / X64_MAX_LINKS].meta->link[link % X64_MAX_LINKS];
}

/* Points the rel32 at offset `at` of the code cache to offset `to`; the store is aligned, so that
 * it is atomic. */
static void patch(struct rt_blocks *bs, uint32_t at, uint32_t to)
{
    int32_t *rel32 = (int32_t *)__builtin_assume_aligned(bs->code_rw + at, 4);
    __atomic_store_n(rel32, (int32_t)(to - (at + 4)), __ATOMIC_RELEASE);
}

/* Translated code says the numbers: any may come. */
static bool exists(const struct rt_blocks *bs, uint32_t number)
{
    uint32_t from = number / X64_MAX_LINKS;
    return from && from < bs->fresh && bs->block[from].meta &&
           number % X64_MAX_LINKS < bs->block[from].link_count;
}

bool blocks_link_target(const struct rt_blocks *bs, uint32_t number, unsigned *offset)
{
    if (!exists(bs, number)) {
        return false;
    }
    *offset = (unsigned)link_by_number(bs, number)->target;
    return true;
}

bool blocks_link_is_live(const struct rt_blocks *bs, uint32_t number)
{
    return exists(bs, number) && link_by_number(bs, number)->patch_live;
}

void blocks_link(struct rt_blocks *bs, uint32_t number, struct rt_block *to)
{
    if (!exists(bs, number)) {
        return;
    }
    struct rt_block *from = &bs->block[number / X64_MAX_LINKS];
    struct rt_link *link = link_by_number(bs, number);
    bool fits = !from->dead && !to->dead && !link->to && from->flags == to->flags &&
                to->pa == ALIGN_DOWN(from->pa, PAGE_SIZE) + (uint64_t)link->target;
    if (!fits) {
        return;
    }
    link->to = block_number(bs, to);
    link->next_in = to->in;
    to->in = number;
    patch(bs, from->host + link->patch, to->host);
    if (link->patch_live && to->entry_live) {
        patch(bs, from->host + link->patch_live, to->host + to->entry_live);
    }
}

/* Points the branch of a link of from back to its exit. */
static void restore(struct rt_blocks *bs, const struct rt_block *from, const struct rt_link *link)
{
    if (link->patch_live) {
        patch(bs, from->host + link->patch_live, from->host + link->stub_live);
    }
    patch(bs, from->host + link->patch, from->host + link->unlinked);
}

/* Takes link out of the list of those that lead to its target. */
static void forget(struct rt_blocks *bs, uint32_t number, struct rt_link *link)
{
    uint32_t *in = &bs->block[link->to].in;
    while (*in != number) {
        in = &link_by_number(bs, *in)->next_in;
    }
    *in = link->next_in;
    link->to = 0;
}

void blocks_unlink(struct rt_blocks *bs, struct rt_block *block)
{
    uint32_t number = block_number(bs, block);
    for (unsigned i = 0; i < block->link_count; i++) {
        struct rt_link *link = &block->meta->link[i];
        if (link->to) { /* a vCPU in its code must not go on to what is no longer known here */
            restore(bs, block, link);
            forget(bs, X64_MAX_LINKS * number + i, link);
        }
    }
    while (block->in) {
        struct rt_link *link = link_by_number(bs, block->in);
        const struct rt_block *from = &bs->block[block->in / X64_MAX_LINKS];
        restore(bs, from, link);
        forget(bs, block->in, link);
    }
}
