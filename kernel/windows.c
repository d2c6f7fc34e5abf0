/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses above DEVICE_BASE: windows on device memory, and stacks with guard pages. They are
 * given out upwards and never again (46 bits of them), so that a stale translation can do no harm.
 */
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"

static uint64_t next_address = DEVICE_BASE;

/* `size` bytes of addresses with an unmapped page before them, placed so that large pages fit where
 * they would for `physical`. */
static uint64_t reserve(size_t size, uint64_t physical)
{
    uint64_t unit = size >= MIB(2) ? MIB(2) : PAGE_SIZE;
    uint64_t at =
        __atomic_fetch_add(&next_address, ALIGN_UP(size, unit) + 2 * unit, __ATOMIC_RELAXED);

    return ALIGN_UP(at + PAGE_SIZE, unit) + (physical & (unit - 1));
}

/* The first address that this CPU cannot name: firmware's tables may hold any. */
static uint64_t physical_end(void)
{
    uint32_t width = cpuid(0x80000000, 0).eax >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
    return BIT64(width);
}

void *mmio_map(hpa_t address, size_t size, enum mmio_cache cache)
{
    static const enum ptab_memory memory[] = {
        [MMIO_UNCACHED] = PTAB_UC, [MMIO_WRITE_COMBINING] = PTAB_WC, [MMIO_CACHED] = PTAB_WB};
    uint64_t start = ALIGN_DOWN(address.v, PAGE_SIZE);
    uint64_t end = ALIGN_UP(address.v + size, PAGE_SIZE);

    if (!size || end <= start || end > physical_end()) {
        return NULL;
    }
    uint64_t at = reserve(end - start, start);
    if (paging_map(hva(at), hpa(start), end - start, PTAB_R | PTAB_W, memory[cache])) {
        return NULL;
    }
    return (void *)(at + (address.v - start));
}

void mmio_unmap(const volatile void *pointer, size_t size)
{
    uint64_t start = ALIGN_DOWN((uintptr_t)pointer, PAGE_SIZE);
    uint64_t end = ALIGN_UP((uintptr_t)pointer + size, PAGE_SIZE);

    assert(start > DEVICE_BASE && end <= next_address);
    paging_unmap(hva(start), end - start);
}

void *stack_alloc(size_t size)
{
    uint64_t at = reserve(size, 0);

    assert(size && IS_ALIGNED(size, PAGE_SIZE));
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE) {
        hpa_t page = page_alloc(ORDER_4K);
        if (!hpa_valid(page) ||
            paging_map(hva(at + offset), page, PAGE_SIZE, PTAB_R | PTAB_W, PTAB_WB)) {
            return NULL; /* at boot alone, and then nothing goes on: no need to undo */
        }
    }
    return (void *)(at + size);
}
