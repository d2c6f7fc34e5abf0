/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's own part of the linear space: its memory, and what it maps into its PML4 slot. The
 * slot's tables are shared by all views, so a mapping made here is in each of them.
 *
 * In the slot, from ABI_ENGINE_BASE: the image, shared pages and stacks as root left them; and at
 *   SPACE_RING3_TEXT  the image's ring-3 part again, for ring 3, read+execute
 *   SPACE_CODE        the code cache, for ring 3, read+execute (its writable alias: direct map)
 *   SPACE_SHARED      memory that ring 0 and ring 3 read and write, no-execute
 *   SPACE_STACKS      ring 3's stacks, a guard page below each
 *   SPACE_WINDOWS     windows onto guest RAM (window.c)
 */
#pragma once

#include "mmu/ptab.h"

#include "exarch/abi.h"

#define SPACE_RING3_TEXT (ABI_ENGINE_BASE + GIB(1))
#define SPACE_CODE       (ABI_ENGINE_BASE + GIB(2))
#define SPACE_SHARED     (ABI_ENGINE_BASE + GIB(64))
#define SPACE_STACKS     (ABI_ENGINE_BASE + GIB(96))

#define SPACE_WINDOWS (ABI_ENGINE_BASE + GIB(112))

#define SPACE_STACK_SIZE KIB(16)

/* How much of the heap ring 3 shares, at most an eighth of it. */
#define SPACE_SHARED_MAX MIB(16)

struct space {
    const struct abi_boot *boot;
    uint64_t free; /* VPA of the heap's part that nobody has taken */
    uint64_t heap_end;
    uint64_t spare;     /* given-back pages, linked through their first word; VPA, 0 ends */
    struct ptab tables; /* root's tables, which the engine goes on with */
    uint64_t shared_size;
};

extern struct space space;

/* Takes over root's tables and makes the mappings above. Once, on the first vCPU. */
int space_init(const struct abi_boot *boot) MUST_CHECK;

static inline void *space_pointer(uint64_t vpa)
{
    return (void *)(ABI_DIRECT_BASE + vpa);
}

/* A zeroed page (VPA), 0 when the heap is spent; for page tables. */
uint64_t space_take_page(void);
void space_give_page(uint64_t vpa);

/* The next `size` bytes of the heap for good, page aligned; NULL when there are not so many. */
void *space_take(uint64_t size);

/* Gives whole pages of an area to those that space_take_page hands out. */
void space_add(struct abi_area area);

/* How ptab reaches those pages. */
extern const struct ptab_pages space_pages;

/* The page table of the 2 MiB at linear in the engine's slot, made if need be; its entries are the
 * caller's. NULL: no memory. */
uint64_t *space_table(uint64_t linear);

/* The ring-3 address of a function or constant of the image's .ring3 part. */
uint64_t space_ring3_text(uint64_t linear);

/* The top of a vCPU's ring-3 stack. */
uint64_t space_ring3_stack(unsigned vcpu);
