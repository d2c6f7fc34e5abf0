/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory maps: kinds of E820 and UEFI, and the sweep that makes a map sane. */
#include "boot/memmap.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define EFI_MEMORY_WB BIT64(3)

/* UEFI 2.10 table 7.10 has the types in this order. */
enum efi_memory_type {
    EFI_RESERVED,
    EFI_LOADER_CODE,
    EFI_LOADER_DATA,
    EFI_BOOT_CODE,
    EFI_BOOT_DATA,
    EFI_RUNTIME_CODE,
    EFI_RUNTIME_DATA,
    EFI_CONVENTIONAL,
    EFI_UNUSABLE,
    EFI_ACPI_RECLAIM,
    EFI_ACPI_NVS,
    EFI_MMIO,
    EFI_MMIO_PORTS,
    EFI_PAL,
    EFI_PERSISTENT,
};

struct efi_descriptor {
    uint32_t type;
    uint32_t pad;
    uint64_t physical;
    uint64_t virtual;
    uint64_t pages;
    uint64_t attributes;
};
_Static_assert(sizeof(struct efi_descriptor) == 40, "UEFI 2.10, 7.2.3");

struct span {
    uint64_t start, end;
    uint32_t kind;
};

static struct span spans[BOOT_RANGES_MAX];
static uint64_t borders[2 * BOOT_RANGES_MAX];

enum boot_memory memmap_kind_e820(uint32_t type)
{
    static const enum boot_memory kinds[] = {BOOT_RESERVED,    BOOT_RAM,      BOOT_RESERVED,
                                             BOOT_ACPI_TABLES, BOOT_ACPI_NVS, BOOT_BAD};

    return type < ARRAY_SIZE(kinds) ? kinds[type] : BOOT_RESERVED;
}

enum boot_memory memmap_kind_efi(uint32_t type, uint64_t attributes)
{
    switch (type) {
    case EFI_LOADER_CODE:
    case EFI_LOADER_DATA: return BOOT_LOADER;
    case EFI_BOOT_CODE:
    case EFI_BOOT_DATA:
    case EFI_CONVENTIONAL: return attributes & EFI_MEMORY_WB ? BOOT_RAM : BOOT_RESERVED;
    case EFI_UNUSABLE: return BOOT_BAD;
    case EFI_ACPI_RECLAIM: return BOOT_ACPI_TABLES;
    case EFI_ACPI_NVS: return BOOT_ACPI_NVS;
    case EFI_MMIO:
    case EFI_MMIO_PORTS: return BOOT_MMIO;
    default: return BOOT_RESERVED;
    }
}

bool memmap_add_efi(struct boot_info *info, const void *map, size_t size, size_t descriptor_size)
{
    if (descriptor_size < sizeof(struct efi_descriptor)) {
        return false;
    }
    for (size_t at = 0; at + descriptor_size <= size; at += descriptor_size) {
        struct efi_descriptor d;
        memcpy(&d, (const char *)map + at, sizeof(d));
        /* More pages than there are addresses: to the end, where the sweep cuts it. */
        uint64_t bytes = d.pages > MEMMAP_LIMIT / PAGE_SIZE ? MEMMAP_LIMIT : d.pages * PAGE_SIZE;
        if (!boot_info_add_range(info, d.physical, bytes, memmap_kind_efi(d.type, d.attributes))) {
            return false;
        }
    }
    return true;
}

const char *memmap_kind_name(enum boot_memory kind)
{
    static const char *const names[BOOT_MEMORY_KINDS] = {
        [BOOT_RAM] = "RAM",
        [BOOT_LOADER] = "boot data",
        [BOOT_ACPI_TABLES] = "ACPI tables",
        [BOOT_ACPI_NVS] = "ACPI NVS",
        [BOOT_RESERVED] = "reserved",
        [BOOT_MMIO] = "devices",
        [BOOT_BAD] = "defective",
    };

    return (unsigned)kind < BOOT_MEMORY_KINDS ? names[kind] : "unknown";
}

/* The range as whole pages below the limit; false when nothing is left of it. */
static bool to_span(const struct boot_range *range, struct span *span)
{
    uint64_t start = MIN(range->base, MEMMAP_LIMIT);
    uint64_t end = start + MIN(range->size, MEMMAP_LIMIT - start);

    span->kind = range->kind < BOOT_MEMORY_KINDS ? range->kind : BOOT_RESERVED;
    if (start == end) {
        return false;
    }
    if (span->kind == BOOT_RAM) {
        span->start = ALIGN_UP(start, PAGE_SIZE);
        span->end = ALIGN_DOWN(end, PAGE_SIZE);
    } else {
        span->start = ALIGN_DOWN(start, PAGE_SIZE);
        span->end = ALIGN_UP(end, PAGE_SIZE);
    }
    return span->start < span->end;
}

/* Firmware's maps are nearly sorted, where insertion is quickest. */
static void insert_border(size_t count, uint64_t border)
{
    while (count && borders[count - 1] > border) {
        borders[count] = borders[count - 1];
        count--;
    }
    borders[count] = border;
}

/* The highest kind that covers [start, end), which no border cuts; -1: none. */
static int kind_at(size_t count, uint64_t start, uint64_t end)
{
    int kind = -1;

    for (size_t i = 0; i < count; i++) {
        if (spans[i].start <= start && spans[i].end >= end) {
            kind = MAX(kind, (int)spans[i].kind);
        }
    }
    return kind;
}

size_t memmap_normalise(const struct boot_range *in, size_t count, struct boot_range *out,
                        size_t max)
{
    size_t used = 0;
    size_t made = 0;

    for (size_t i = 0; i < MIN(count, (size_t)BOOT_RANGES_MAX); i++) {
        if (to_span(&in[i], &spans[used])) {
            insert_border(2 * used, spans[used].start);
            insert_border(2 * used + 1, spans[used].end);
            used++;
        }
    }
    for (size_t b = 0; b + 1 < 2 * used; b++) {
        uint64_t start = borders[b];
        uint64_t end = borders[b + 1];
        int kind = start < end ? kind_at(used, start, end) : -1;
        if (kind < 0) {
            continue;
        }
        struct boot_range *last = made ? &out[made - 1] : NULL;
        if (last && last->base + last->size == start && last->kind == (uint32_t)kind) {
            last->size += end - start;
        } else if (made < max) {
            out[made++] = (struct boot_range){start, end - start, (uint32_t)kind, 0};
        } else {
            break;
        }
    }
    return made;
}
