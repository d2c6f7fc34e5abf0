/* SPDX-License-Identifier: BSD-2-Clause */
/* Translations: by guest physical address, by host address, by page; their links; the code cache.
 */
/*
 * A block is the translation of the guest code at one physical address under one set of tr_flags.
 * It has a number (0: none) that names it in all tables. A block that is dropped (its guest code
 * may have changed, or it is to be translated anew) is found no more by address, nothing links to
 * it, no jump cache holds it; its code and records stay until its region of the code cache is taken
 * again, because a vCPU may still be running through it.
 *
 * The code cache is a ring of regions: when one is full the next one's blocks are thrown away and
 * it is filled. This happens outside translated code only.
 */
#pragma once

#include "dbt/a64/translate.h"
#include "dbt/rt/heap.h"
#include "dbt/x64/compile.h"

/* A direct branch out of a block. Link number: X64_MAX_LINKS * its block's number + its index;
 * those of block 0 are none. */
struct rt_link {
    uint32_t to;      /* block that it leads to, 0: its own exit */
    uint32_t next_in; /* next link that leads to the same block */
    uint32_t patch;   /* as struct x64_link */
    uint32_t unlinked;
    uint32_t patch_live, stub_live;
    int32_t target;
};

/* What is kept of struct x64_code (or of the IR, when it is interpreted): one heap block. */
struct rt_meta {
    uint32_t size; /* of all of it, in bytes */
    uint16_t site_count, loc_count, const_count;
    const struct x64_site *site;
    const struct x64_loc *loc;
    const uint64_t *consts;
    struct rt_link *link;
    const struct ir_block *ir; /* interpreted: the block's IR; no sites then */
};

struct rt_block {
    uint64_t pa;         /* of the first guest instruction */
    uint32_t flags;      /* enum tr_flag it was translated for */
    uint32_t host;       /* offset in the code cache */
    uint32_t size;       /* bytes of code */
    uint32_t entry_live; /* as struct x64_code */
    uint16_t guest_count;
    uint8_t link_count;
    bool dead;   /* dropped */
    uint32_t in; /* first link that leads here */
    uint32_t hash_next;
    uint32_t page_next;
    struct rt_meta *meta;
};

/* A guest page that has or had translations. */
struct rt_page {
    uint32_t first;    /* block */
    bool stale;        /* what learning has dropped may still be in jump caches */
    uint32_t seen[32]; /* instructions whose access faulted once in a way that a mapping does not
                          mend, */
    uint32_t window[32], slow[32]; /* and those that are SITE_WINDOW, SITE_SLOW */
};

struct rt_region {
    uint32_t used;  /* bytes of code */
    uint32_t count; /* blocks, ascending by host */
    uint32_t *block;
};

#define RT_REGIONS 8

struct rt_blocks {
    struct heap *heap;
    uint8_t *code_rw;
    uint64_t code_rx;
    uint32_t code_start; /* the platform's stubs lie before it */
    uint32_t region_size;
    uint32_t region_blocks; /* capacity of rt_region.block */
    unsigned current;
    struct rt_region region[RT_REGIONS];

    struct rt_block *block; /* by number */
    uint32_t capacity, fresh,
        free; /* numbers from fresh on were never used; free: list by hash_next */
    uint32_t *hash;
    uint32_t hash_mask;
    struct rt_page **page; /* by (PA - ram_base) >> 12 */
    uint64_t ram_base, page_count;
    uint64_t drops;     /* blocks dropped so far */
    uint64_t evictions; /* regions taken again */
};

/* Lays the tables out for RAM [ram_base, + ram_size) and the given code cache; false: heap too
 * small. */
bool blocks_init(struct rt_blocks *bs, struct heap *heap, uint64_t ram_base, uint64_t ram_size,
                 uint8_t *code_rw, uint64_t code_rx, uint64_t code_size, uint64_t code_start);

/* The live block of the code at pa under flags, or NULL. */
struct rt_block *blocks_find(struct rt_blocks *bs, uint64_t pa, uint32_t flags);

/*
 * Makes room for a new block of up to X64_MAX_BLOCK bytes: returns it with number, pa, flags and
 * host set, *capacity bytes usable. May throw away a whole region's blocks. The page's record
 * exists after it. NULL only when the heap is too small for anything.
 */
struct rt_block *blocks_begin(struct rt_blocks *bs, uint64_t pa, uint32_t flags,
                              uint32_t *capacity);

/* Records what was compiled into the block: it is found from now on. False: no heap; the block is
 * gone, a region has been thrown away, and the caller starts again. */
bool blocks_commit(struct rt_blocks *bs, struct rt_block *block, const struct ir_block *ir,
                   const struct x64_code *code);

/* Gives a block that was begun back. */
void blocks_abandon(struct rt_blocks *bs, struct rt_block *block);

/* Like blocks_commit for a block that is interpreted: keeps the IR. */
bool blocks_commit_ir(struct rt_blocks *bs, struct rt_block *block, const struct ir_block *ir);

/* The block (dead or alive) whose code holds host address rip, or NULL. */
struct rt_block *blocks_by_host(struct rt_blocks *bs, uint64_t rip);

/* The site at host address rip: a boundary when asked for, else the access where it is one, too.
 * NULL: none. */
const struct x64_site *block_site(const struct rt_blocks *bs, const struct rt_block *block,
                                  uint64_t rip, bool boundary);

/* The executable address of block's code, and block's number. */
static inline uint64_t block_rx(const struct rt_blocks *bs, const struct rt_block *block)
{
    return bs->code_rx + block->host;
}

static inline uint32_t block_number(const struct rt_blocks *bs, const struct rt_block *block)
{
    return (uint32_t)(block - bs->block);
}

/* The page offset that link number `link` is for; false: there is no such link. */
bool blocks_link_target(const struct rt_blocks *bs, uint32_t link, unsigned *offset);

/* Whether it could go to an entry_live. */
bool blocks_link_is_live(const struct rt_blocks *bs, uint32_t link);

/* Makes link number `link` lead to block `to` where both are alive and it is its target. */
void blocks_link(struct rt_blocks *bs, uint32_t link, struct rt_block *to);

/* Takes all links of block away, in both directions. */
void blocks_unlink(struct rt_blocks *bs, struct rt_block *block);

/*
 * Drops one block, all blocks of a page (and what is known of its sites), all blocks. The
 * caller clears the jump caches.
 */
void blocks_drop(struct rt_blocks *bs, struct rt_block *block);
/* False: nothing may run of the page. */
bool blocks_drop_page(struct rt_blocks *bs, uint64_t pa);
void blocks_drop_all(struct rt_blocks *bs);

/* How the access site of the instruction at pa is to be translated. */
enum site_kind blocks_site_kind(const struct rt_blocks *bs, uint64_t pa);

/* The access at pa needed what `kind` has: the second time the site becomes of that kind, the
 * blocks with that instruction are dropped, and true is returned. A site that is slow stays so. */
bool blocks_site_faulted(struct rt_blocks *bs, uint64_t pa, enum site_kind kind);
