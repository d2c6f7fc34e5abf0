/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's memory: blocks of 2 MiB and, where they fit, 1 GiB, taken whole and given back whole. */
#pragma once

#include "exarch/addr.h"
#include "exarch/bits.h"
#include "exarch/err.h"

#define VM_CHUNK MIB(2)

struct vm_memory {
    uint64_t size;   /* bytes, a multiple of VM_CHUNK */
    uint64_t *chunk; /* per 2 MiB: host physical address | VM_CHUNK_* */
};

/* Takes `size` bytes, zeroed. `giant`: try 1 GiB blocks too. Errors: INVAL, NOMEM. */
int vm_memory_take(struct vm_memory *memory, uint64_t size, bool giant) MUST_CHECK;
void vm_memory_give(struct vm_memory *memory);

/* The host physical address behind a VPA below size. */
hpa_t vm_memory_at(const struct vm_memory *memory, uint64_t vpa);

/* The bytes from vpa on that are contiguous in host memory, up to `limit`. */
uint64_t vm_memory_run(const struct vm_memory *memory, uint64_t vpa, uint64_t limit);
