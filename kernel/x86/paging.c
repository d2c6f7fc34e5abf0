/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's own page tables (SDM 3 chapter 4.5). */
#include "kernel/x86/paging.h"

#include "kernel/mem.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define LEVELS 4

/* Until root's own tables are loaded, physical memory is seen through the loader's identity map. */
static uint64_t window;

static const uint64_t *table_at(uint64_t physical)
{
    return (const uint64_t *)(window + physical);
}

bool paging_is_mapped(uint64_t address)
{
    const uint64_t *table = table_at(cr3_read() & PTE_ADDRESS);

    if ((uint64_t)sign_extend(address, 48) != address) {
        return false;
    }
    for (unsigned level = LEVELS; level >= 1; level--) {
        uint64_t entry = table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        if (!(entry & PTE_PRESENT)) {
            return false;
        }
        if (level == 1 || (entry & PTE_LARGE)) {
            return true;
        }
        table = table_at(entry & PTE_ADDRESS);
    }
    return false;
}
