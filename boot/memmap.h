/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's memory map made sane: sorted, page aligned, no overlaps, no wrap, merged. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"

/* Physical addresses end here (SDM 3 4.1.4: MAXPHYADDR is at most 52). */
#define MEMMAP_LIMIT (UINT64_C(1) << 52)

/* At most BOOT_RANGES_MAX ranges `in` become at most `max` disjoint ones in `out`, sorted by
 * address; returns how many. Where ranges overlap the higher kind wins; RAM shrinks to whole pages,
 * all else grows to them. Kinds that are none count as reserved. When `out` is too small the upper
 * memory is left out: it is then nobody's. */
size_t memmap_normalise(const struct boot_range *in, size_t count, struct boot_range *out,
                        size_t max);

/* An E820 type (ACPI 6.4 table 15.4) as a kind. */
enum boot_memory memmap_kind_e820(uint32_t type);
/* A UEFI memory type and attributes (UEFI 2.10, 7.2.3) as a kind. */
enum boot_memory memmap_kind_efi(uint32_t type, uint64_t attributes);

/* Adds the descriptors of a UEFI memory map to info; false when some were left out: no room, or a
 * descriptor size that cannot be. */
bool memmap_add_efi(struct boot_info *info, const void *map, size_t size, size_t descriptor_size);

const char *memmap_kind_name(enum boot_memory kind);
