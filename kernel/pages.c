/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical page allocator: a buddy system of blocks of 2^0 to 2^18 pages.
 *
 * Each page frame has a byte that says what starts there: a free block, an allocated block, or
 * nothing. Free blocks are linked through their own first bytes. Two zones keep the first 16 MiB,
 * which trampolines and old devices need, for last; blocks never merge across the border.
 *
 * Invariant: a free block's buddy of the same order is not free (or in the other zone).
 * One lock guards all of it; memory is cleared outside of it.
 */
#include "boot/boot_info.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/mem_priv.h"
#include "kernel/panic.h"

#define LOW_ZONE_PAGES (MIB(16) >> PAGE_SHIFT)

#define FRAME_FREE  0x80u
#define FRAME_USED  0x40u
#define FRAME_ORDER 0x1fu

enum zone { ZONE_LOW, ZONE_HIGH, ZONES };

struct block {
    struct block *next, *prev;
};

static struct spinlock lock;
static uint8_t *frames;
static uint64_t frame_count;
static struct block free_lists[ZONES][PAGE_ORDERS];
static struct mem_stats stats;

static enum zone zone_of(uint64_t frame)
{
    return frame < LOW_ZONE_PAGES ? ZONE_LOW : ZONE_HIGH;
}

static struct block *block_at(uint64_t frame)
{
    return hpa_to_ptr(hpa(frame << PAGE_SHIFT));
}

static uint64_t frame_of(const struct block *block)
{
    return ((uintptr_t)block - DIRECT_BASE) >> PAGE_SHIFT;
}

static void push(uint64_t frame, unsigned order)
{
    struct block *head = &free_lists[zone_of(frame)][order];
    struct block *block = block_at(frame);

    frames[frame] = (uint8_t)(FRAME_FREE | order);
    block->next = head->next;
    block->prev = head;
    head->next->prev = block;
    head->next = block;
    stats.free_blocks[order]++;
}

static void unlink(uint64_t frame, unsigned order)
{
    struct block *block = block_at(frame);

    frames[frame] = 0;
    block->next->prev = block->prev;
    block->prev->next = block->next;
    stats.free_blocks[order]--;
}

/* Puts a block back and joins it with its buddy as long as that is free. */
static void release(uint64_t frame, unsigned order)
{
    stats.free_pages += UINT64_C(1) << order;
    while (order < ORDER_1G) {
        uint64_t buddy = frame ^ UINT64_C(1) << order;
        if (buddy >= frame_count || frames[buddy] != (FRAME_FREE | order) ||
            zone_of(buddy) != zone_of(frame)) {
            break;
        }
        unlink(buddy, order);
        frames[frame] = 0;
        frame &= ~(UINT64_C(1) << order);
        order++;
    }
    push(frame, order);
}

/* Takes the free block at `frame` for `order`, giving the rest of it back. */
static void take(uint64_t frame, unsigned have, unsigned order)
{
    unlink(frame, have);
    while (have > order) {
        have--;
        push(frame + (UINT64_C(1) << have), have);
    }
    frames[frame] = (uint8_t)(FRAME_USED | order);
    stats.free_pages -= UINT64_C(1) << order;
}

static hpa_t alloc_locked(unsigned order)
{
    for (int zone = ZONE_HIGH; zone >= ZONE_LOW; zone--) {
        for (unsigned have = order; have < PAGE_ORDERS; have++) {
            struct block *head = &free_lists[zone][have];
            if (head->next != head) {
                uint64_t frame = frame_of(head->next);
                take(frame, have, order);
                return hpa(frame << PAGE_SHIFT);
            }
        }
    }
    return HPA_NONE;
}

static hpa_t alloc_below_locked(unsigned order, uint64_t limit)
{
    uint64_t end = limit >> PAGE_SHIFT;

    for (int zone = ZONE_LOW; zone < ZONES; zone++) {
        for (unsigned have = order; have < PAGE_ORDERS; have++) {
            struct block *head = &free_lists[zone][have];
            for (struct block *block = head->next; block != head; block = block->next) {
                uint64_t frame = frame_of(block);
                if (frame + (UINT64_C(1) << order) <= end) {
                    take(frame, have, order);
                    return hpa(frame << PAGE_SHIFT);
                }
            }
        }
    }
    return HPA_NONE;
}

static hpa_t alloc(unsigned order, uint64_t limit)
{
    if (order >= PAGE_ORDERS) {
        return HPA_NONE;
    }
    uint64_t flags = spin_lock_irq(&lock);
    hpa_t block = limit == UINT64_MAX ? alloc_locked(order) : alloc_below_locked(order, limit);
    if (hpa_valid(block)) {
        stats.allocs++;
    } else {
        stats.failures++;
    }
    spin_unlock_irq(&lock, flags);
    return block;
}

static hpa_t cleared(hpa_t block, unsigned order)
{
    if (hpa_valid(block)) {
        memset(hpa_to_ptr(block), 0, PAGE_SIZE << order);
    }
    return block;
}

hpa_t page_alloc_raw(unsigned order)
{
    return alloc(order, UINT64_MAX);
}

hpa_t page_alloc(unsigned order)
{
    return cleared(alloc(order, UINT64_MAX), order);
}

hpa_t page_alloc_below(unsigned order, uint64_t limit)
{
    return cleared(alloc(order, limit), order);
}

void page_free(hpa_t block, unsigned order)
{
    uint64_t frame = block.v >> PAGE_SHIFT;
    uint64_t flags = spin_lock_irq(&lock);

    /* A wrong order, a second free or an address never given out all end here. */
    assert(frame < frame_count && IS_ALIGNED(block.v, PAGE_SIZE) &&
           frames[frame] == (FRAME_USED | order));
    frames[frame] = 0;
    stats.frees++;
    release(frame, order);
    spin_unlock_irq(&lock, flags);
}

void *page_alloc_ptr(unsigned order)
{
    hpa_t block = page_alloc(order);

    return hpa_valid(block) ? hpa_to_ptr(block) : NULL;
}

void page_free_ptr(void *pages, unsigned order)
{
    page_free(hpa((uintptr_t)pages - DIRECT_BASE), order);
}

/* Cuts the range into the largest aligned blocks. */
void pages_add(uint64_t base, uint64_t size)
{
    uint64_t frame = MAX(ALIGN_UP(base, PAGE_SIZE) >> PAGE_SHIFT, UINT64_C(1));
    uint64_t end = (base + size) >> PAGE_SHIFT;
    uint64_t flags = spin_lock_irq(&lock);

    assert(end <= frame_count || frame >= end);
    while (frame < end) {
        unsigned order = ORDER_1G;
        while ((frame & ((UINT64_C(1) << order) - 1)) || frame + (UINT64_C(1) << order) > end ||
               zone_of(frame) != zone_of(frame + (UINT64_C(1) << order) - 1)) {
            order--;
        }
        stats.total_pages += UINT64_C(1) << order;
        release(frame, order);
        frame += UINT64_C(1) << order;
    }
    spin_unlock_irq(&lock, flags);
}

size_t pages_frames_size(const struct boot_range *ranges, size_t count)
{
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == BOOT_RAM || ranges[i].kind == BOOT_LOADER) {
            end = MAX(end, ranges[i].base + ranges[i].size);
        }
    }
    return end >> PAGE_SHIFT;
}

void pages_init(const struct boot_range *ranges, size_t count, uint8_t *frame_bytes)
{
    frames = frame_bytes;
    frame_count = pages_frames_size(ranges, count);
    memset(frames, 0, frame_count);
    stats = (struct mem_stats){0};
    for (unsigned zone = 0; zone < ZONES; zone++) {
        for (unsigned order = 0; order < PAGE_ORDERS; order++) {
            struct block *head = &free_lists[zone][order];
            head->next = head->prev = head;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == BOOT_RAM) {
            pages_add(ranges[i].base, ranges[i].size);
        }
    }
}

void pages_stats(struct mem_stats *out)
{
    uint64_t flags = spin_lock_irq(&lock);

    *out = stats;
    spin_unlock_irq(&lock, flags);
}
