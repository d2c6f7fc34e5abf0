/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's own page tables: one set for all CPUs, nothing writable and executable, lower half empty.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/addr.h"
#include "exarch/err.h"
#include "mmu/ptab.h"

struct boot_range;

/* Builds the tables: all RAM and ACPI tables of the map in the direct map, the image at its address
 * with the rights of its parts. `take` gives zeroed pages below 4 GiB, seen through the loader's
 * identity map. Panics when it runs out. */
void paging_build(const struct boot_range *map, size_t count, hpa_t image, hpa_t (*take)(void));

/* Switches this CPU to root's tables; the first time ends the loader's identity map, and from then
 * on table pages come from the page allocator. */
void paging_load(void);

/* What CR3 holds while root runs. */
hpa_t paging_root(void);

/* Maps whole pages; the rights are PTAB_R, PTAB_W, PTAB_X, never the last two together. */
int paging_map(hva_t at, hpa_t physical, size_t size, unsigned rights,
               enum ptab_memory memory) MUST_CHECK;
/* Unmaps them and forgets them on this CPU. Other CPUs may still see them: an address must not be
 * given out again (kernel/windows.c never does). */
void paging_unmap(hva_t at, size_t size);

/* Tables (below 4 GiB) for a CPU that starts: `page` as it is, read+execute, and root's upper half.
 * They go away with paging_trampoline_end; one at a time. */
int paging_trampoline_begin(hpa_t page, hpa_t *root) MUST_CHECK;
void paging_trampoline_end(void);

/* Whether this CPU's tables map the byte: a walk from CR3, for code that follows wild pointers. */
bool paging_is_mapped(uint64_t address);

/* Walks every entry and panics on a page that is writable and executable, a user page, or anything
 * in the lower half; logs what there is. */
void paging_audit(void);
