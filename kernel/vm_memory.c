/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's memory. */
#include "kernel/vm_memory.h"

#include "kernel/mem.h"

#define CHUNK_GIANT_FIRST BIT64(0) /* this chunk begins a 1 GiB block */
#define CHUNK_GIANT_INNER BIT64(1) /* and this one lies inside of it */
#define CHUNK_ADDRESS     MASK(51, 21)
#define CHUNKS_PER_GIANT  (GIB(1) / VM_CHUNK)

static uint64_t chunk_count(const struct vm_memory *memory)
{
    return memory->size / VM_CHUNK;
}

static bool take_giant(struct vm_memory *memory, uint64_t first)
{
    bool fits =
        IS_ALIGNED(first, CHUNKS_PER_GIANT) && chunk_count(memory) - first >= CHUNKS_PER_GIANT;
    hpa_t block = fits ? page_alloc(ORDER_1G) : HPA_NONE;
    if (!hpa_valid(block)) {
        return false;
    }
    for (uint64_t i = 0; i < CHUNKS_PER_GIANT; i++) {
        memory->chunk[first + i] =
            (block.v + i * VM_CHUNK) | (i ? CHUNK_GIANT_INNER : CHUNK_GIANT_FIRST);
    }
    return true;
}

int vm_memory_take(struct vm_memory *memory, uint64_t size, bool giant)
{
    *memory = (struct vm_memory){.size = size};
    if (!size || !IS_ALIGNED(size, VM_CHUNK)) {
        return -ERR_INVAL;
    }
    memory->chunk = kalloc(chunk_count(memory) * sizeof(uint64_t));
    if (!memory->chunk) {
        return -ERR_NOMEM;
    }
    for (uint64_t i = 0; i < chunk_count(memory);) {
        if (giant && take_giant(memory, i)) {
            i += CHUNKS_PER_GIANT;
            continue;
        }
        hpa_t block = page_alloc(ORDER_2M);
        if (!hpa_valid(block)) {
            vm_memory_give(memory);
            return -ERR_NOMEM;
        }
        memory->chunk[i++] = block.v;
    }
    return 0;
}

void vm_memory_give(struct vm_memory *memory)
{
    if (!memory->chunk) {
        return;
    }
    for (uint64_t i = 0; i < chunk_count(memory); i++) {
        uint64_t word = memory->chunk[i];
        if (word && !(word & CHUNK_GIANT_INNER)) { /* physical address 0 is never given out */
            page_free(hpa(word & CHUNK_ADDRESS), (word & CHUNK_GIANT_FIRST) ? ORDER_1G : ORDER_2M);
        }
    }
    kfree(memory->chunk, chunk_count(memory) * sizeof(uint64_t));
    *memory = (struct vm_memory){0};
}

hpa_t vm_memory_at(const struct vm_memory *memory, uint64_t vpa)
{
    return hpa((memory->chunk[vpa / VM_CHUNK] & CHUNK_ADDRESS) + vpa % VM_CHUNK);
}

uint64_t vm_memory_run(const struct vm_memory *memory, uint64_t vpa, uint64_t limit)
{
    uint64_t size = VM_CHUNK - vpa % VM_CHUNK;
    uint64_t start = vm_memory_at(memory, vpa).v;
    while (size < limit && vpa + size < memory->size &&
           vm_memory_at(memory, vpa + size).v == start + size) {
        size += VM_CHUNK;
    }
    return MIN(size, limit);
}
