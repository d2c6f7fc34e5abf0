/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's heap: tables made at start from its end, blocks in size classes from its beginning.
 */
#include "dbt/rt/heap.h"

#define GRANULE    16
#define FINE_STEPS 16 /* classes of one granule each, then four to each doubling */

/* The class of size; *rounded gets the bytes that all of the class have. */
static unsigned class_of(size_t size, size_t *rounded)
{
    size_t granules = (size + GRANULE - 1) / GRANULE;
    if (granules <= FINE_STEPS) {
        granules = granules ? granules : 1;
        *rounded = granules * GRANULE;
        return (unsigned)granules - 1;
    }
    unsigned log = 63 - (unsigned)__builtin_clzll(granules - 1);
    size_t step = (size_t)1 << (log - 2);
    size_t steps = (granules + step - 1) / step; /* 5..8 */
    *rounded = steps * step * GRANULE;
    return FINE_STEPS + (log - 4) * 4 + (unsigned)steps - 5;
}

void heap_init(struct heap *heap, void *base, size_t size)
{
    *heap = (struct heap){.base = base, .size = size};
}

void *heap_alloc(struct heap *heap, size_t size)
{
    size_t rounded;
    unsigned class = class_of(size, &rounded);
    if (class >= HEAP_CLASSES) {
        return NULL;
    }
    void **free = heap->free[class];
    if (free) {
        heap->free[class] = *free;
        return free;
    }
    if (rounded > heap->size - heap->used) {
        return NULL;
    }
    heap->used += rounded;
    return heap->base + heap->used - rounded;
}

void *heap_alloc_table(struct heap *heap, size_t size, size_t align)
{
    uintptr_t start = (uintptr_t)heap->base, end = start + heap->size;
    if (size > heap->size - heap->used) {
        return NULL;
    }
    end = ALIGN_DOWN(end - size, align);
    if (end < start + heap->used) {
        return NULL;
    }
    heap->size = end - start;
    return (void *)end;
}

void heap_reset(struct heap *heap)
{
    heap->used = 0;
    for (unsigned i = 0; i < HEAP_CLASSES; i++) {
        heap->free[i] = NULL;
    }
}

void heap_free(struct heap *heap, void *block, size_t size)
{
    size_t rounded;
    unsigned class = class_of(size, &rounded);
    *(void **)block = heap->free[class];
    heap->free[class] = block;
}
