/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's own part of the linear space: its memory, and what it maps into its PML4 slot. The
 * slot's tables are shared by all views, so a mapping made here is in each of them.
 *
 * In the slot, from ABI_ENGINE_BASE: the image, shared pages and stacks as root left them. What
 * ring 3 may touch lies at random places behind these (README.md says why): the code cache with the
 * image's ring-3 part before it, read+execute, and what space_place puts there.
 */
#pragma once

#include "exarch/abi.h"
#include "kernel/lib/chacha20.h"
#include "mmu/ptab.h"

#define SPACE_RING3_TEXT (space.code_at - MIB(2))
#define SPACE_CODE       (space.code_at) /* for ring 3; ring 0 writes it by the direct map */

/* Where random places start in the slot. */
#define SPACE_HIDDEN (ABI_ENGINE_BASE + GIB(1))

/* Pages that views leave for tables of the engine's slot: each of ring 3's areas may need two PTs
 * and two PDs (hide.c), and there is always one that moves. */
#define SPACE_RESERVE 64

/* How much of the heap ring 3 shares, at most an eighth of it. */
#define SPACE_SHARED_MAX MIB(16)

struct space {
    const struct abi_boot *boot;
    uint64_t free; /* VPA of the heap's part that nobody has taken */
    uint64_t heap_end;
    uint64_t spare; /* given-back pages, linked through their first word; VPA, 0 ends */
    uint64_t spare_count;
    struct ptab tables;  /* root's tables, which the engine goes on with */
    uint64_t code_at;    /* linear, of the code cache */
    uint64_t code_shown; /* so much of it is mapped for ring 3 */
    uint64_t shared_vpa,
        shared_size;             /* memory for ring 3, mapped for it page by page as it is needed */
    uint64_t kept_at, kept_size; /* linear, kept free of places */
    struct chacha20_rng random;
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

/* The same for what can be done without: leaves what ring 3's own places need at worst (hide.c). */
uint64_t space_take_page_to_spare(void);

/* The next `size` bytes of the heap for good, page aligned; NULL when there are not so many. */
void *space_take(uint64_t size);

/* Gives whole pages of an area to those that space_take_page hands out. */
void space_add(struct abi_area area);

/* How ptab reaches those pages. */
extern const struct ptab_pages space_pages;

/* The page table of the 2 MiB at linear in the engine's slot, made if need be; its entries are the
 * caller's. NULL: no memory. */
uint64_t *space_table(uint64_t linear);

/*
 * Shows ring 3 the code cache up to `end`, in it, and hardly further: where it sees nothing, a
 * guest's access faults as it should. Once code_shown has grown, the caller drops what TLBs know
 * of it. Error: NOMEM, nothing has changed.
 */
int space_show_code(uint64_t end) MUST_CHECK;

/* The ring-3 address of a function or constant of the image's .ring3 part. */
uint64_t space_ring3_text(uint64_t linear);

/* A random page address in the slot, `align` aligned, from which on `size` bytes may be placed. */
uint64_t space_random_place(uint64_t size, uint64_t align);

/* Maps [vpa, + size) at a random place for ring 3; its linear address, 0: no memory for tables. */
uint64_t space_place(uint64_t vpa, uint64_t size, unsigned rights);

/* Keeps `size` bytes at a random place free of other places; its linear address. Once. */
uint64_t space_keep(uint64_t size);
