/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's heap: tables made at start from its end, blocks in size classes from its beginning.
 */
#pragma once

#include "exarch/bits.h"

#define HEAP_CLASSES 128

struct heap {
    uint8_t *base;
    size_t size; /* less the tables */
    size_t used; /* bytes that blocks take, free lists included */
    void *free[HEAP_CLASSES];
};

void heap_init(struct heap *heap, void *base, size_t size);

/* size bytes, 16-byte aligned, contents undefined; NULL when there is no room. */
void *heap_alloc(struct heap *heap, size_t size);

/*
 * The same, aligned to align (a power of two) and as the area was at heap_init (zero), for
 * tables made at start: it is never given back, and not touched by heap_reset.
 */
void *heap_alloc_table(struct heap *heap, size_t size, size_t align);

/* Gives back all blocks at once, which also mends what the size classes have fragmented. */
void heap_reset(struct heap *heap);

/* Gives back what heap_alloc(size) gave. */
void heap_free(struct heap *heap, void *block, size_t size);
