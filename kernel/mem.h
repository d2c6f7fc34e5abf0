/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's memory: physical pages, small objects, and the windows through which root sees them.
 *
 * Virtual layout of root (4-level paging; kernel/x86/paging.c):
 *   ffff8000_00000000  direct map of all RAM (no-execute; the image's read-only parts read-only)
 *   ffffc000_00000000  device memory (mmio_map) and stacks with guard pages, given out upwards
 *   ffffffff_80000000  the image: text r-x, rodata r--, data rw-
 * Nothing is mapped in the lower half.
 *
 * All of it may be used on any CPU, with interrupts on or off; not from an NMI. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/addr.h"
#include "exarch/bits.h"
#include "exarch/err.h"

#ifdef EXARCH_UNIT
extern uint64_t fake_direct_base; /* unit tests put the machine's memory where they can */
#define DIRECT_BASE fake_direct_base
#else
#define DIRECT_BASE UINT64_C(0xffff800000000000)
#endif
#define DIRECT_SIZE (UINT64_C(1) << 46)
#define DEVICE_BASE UINT64_C(0xffffc00000000000)
#define IMAGE_BASE  UINT64_C(0xffffffff80000000)

/* --- physical pages ------------------------------------------------------------------------- */
/* Blocks are 2^order pages, aligned to their size; these orders are the hardware's page sizes. */
enum page_order { ORDER_4K = 0, ORDER_2M = 9, ORDER_1G = 18, PAGE_ORDERS };

struct boot_range;
/* Gives all RAM of a sane map (memmap_normalise) to the allocator, less the first page, which no
 * block may hold. `frames` has pages_frames_size() bytes of its own. Once, at boot. */
void pages_init(const struct boot_range *ranges, size_t count, uint8_t *frames);
/* Bytes of bookkeeping for such a map: one for each page frame up to its last RAM. */
size_t pages_frames_size(const struct boot_range *ranges, size_t count);
/* Adds RAM that has become free: boot data that nobody needs any more. */
void pages_add(uint64_t base, uint64_t size);

/* A zeroed block of 2^order pages, or HPA_NONE. */
hpa_t page_alloc(unsigned order);
/* The same, not zeroed: for memory that its owner fills or clears on its own. */
hpa_t page_alloc_raw(unsigned order);
/* A zeroed block wholly below `limit`: trampolines, devices with 32-bit DMA. */
hpa_t page_alloc_below(unsigned order, uint64_t limit);
void page_free(hpa_t block, unsigned order);

struct mem_stats {
    uint64_t total_pages; /* that the allocator was given */
    uint64_t free_pages;
    uint64_t free_blocks[PAGE_ORDERS]; /* by order */
    uint64_t allocs, frees, failures;
    uint64_t object_bytes; /* in live small objects, rounded up to their size class */
    uint64_t object_pages; /* that the object allocator holds */
};
void mem_stats(struct mem_stats *stats);

/* --- the direct map ------------------------------------------------------------------------- */
/* RAM only; device registers go through mmio_map. */
static inline void *hpa_to_ptr(hpa_t address)
{
    return (void *)(uintptr_t)(DIRECT_BASE + address.v);
}

/* The physical address behind a direct-map or image pointer (asserts that it is one). */
hpa_t ptr_to_hpa(const void *pointer);

/* A whole number of pages as a direct-map pointer, zeroed; NULL when there is no memory. */
void *page_alloc_ptr(unsigned order);
void page_free_ptr(void *pages, unsigned order);

/* --- small objects ------------------------------------------------------------------------------
 */
/* Zeroed, aligned to 16 bytes (to their size for powers of two up to 1024). More than 1 KiB is
 * rounded up to 2^n pages. NULL when there is no memory. */
void *kalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* The size must be the one that was asked for; NULL is allowed. */
void kfree(void *object, size_t size);

/* --- device memory and stacks ---------------------------------------------------------------- */
enum mmio_cache { MMIO_UNCACHED, MMIO_WRITE_COMBINING, MMIO_CACHED };

/* Device registers or tables at any physical address, rw-, for good or until mmio_unmap; NULL if
 * there is no memory, or no such address on this CPU. It needs no alignment. CACHED is for firmware
 * tables. */
void *mmio_map(hpa_t address, size_t size, enum mmio_cache cache);
void mmio_unmap(const volatile void *pointer, size_t size);

/* The top of a fresh stack of `size` bytes (whole pages) with an unmapped page below; NULL if there
 * is no memory. */
void *stack_alloc(size_t size);
