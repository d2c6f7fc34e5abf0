/* SPDX-License-Identifier: BSD-2-Clause */
/* From the firmware's memory map to root's own memory: page tables, then the allocator. */
#include "kernel/mem_boot.h"

#include "boot/memmap.h"
#include "kernel/image.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"

#define LOADER_MAP_END GIB(4) /* the loader maps no more than this */

static struct boot_range map[2 * BOOT_RANGES_MAX];
static size_t map_count;

/* Pages for tables and bookkeeping before there is an allocator: upwards through one range. */
static struct {
    uint64_t base, next, end;
} early;

static hpa_t early_take_pages(uint64_t size)
{
    if (early.end - early.next < size) {
        panic("no room for root's own memory: %lu KiB asked for, %lu KiB left in the largest range",
              size >> 10, (early.end - early.next) >> 10);
    }
    hpa_t block = hpa(early.next);
    early.next += size;
    return block;
}

static hpa_t early_take_page(void)
{
    hpa_t page = early_take_pages(PAGE_SIZE);

    memset((void *)page.v, 0, PAGE_SIZE);
    return page;
}

static void early_choose(void)
{
    for (size_t i = 0; i < map_count; i++) {
        uint64_t start = MAX(map[i].base, MIB(1));
        uint64_t end = MIN(map[i].base + map[i].size, LOADER_MAP_END);
        if (map[i].kind == BOOT_RAM && end > start && end - start > early.end - early.base) {
            early.base = early.next = start;
            early.end = end;
        }
    }
    if (!early.end) {
        panic("the firmware's memory map has no usable RAM below 4 GiB");
    }
}

/* The image and the modules lie in RAM that E820 calls free. */
static void add_own_ranges(struct boot_info *info)
{
    bool room = boot_info_add_range(info, info->image_base, info->image_size, BOOT_LOADER);

    for (uint32_t i = 0; i < info->module_count; i++) {
        room = room &&
               boot_info_add_range(info, info->modules[i].base, info->modules[i].size, BOOT_LOADER);
    }
    if (!room) {
        panic("the firmware's memory map has more than %u ranges", BOOT_RANGES_MAX);
    }
}

static void normalise(const struct boot_info *info)
{
    map_count = memmap_normalise(info->ranges, info->range_count, map, ARRAY_SIZE(map));
}

/* Bookkeeping for all RAM would not fit below 4 GiB if there were this much. */
static void drop_beyond_direct_map(void)
{
    while (map_count && map[map_count - 1].base + map[map_count - 1].size > DIRECT_SIZE) {
        map_count--;
    }
}

void mem_boot(struct boot_info *info)
{
    add_own_ranges(info);
    normalise(info);
    drop_beyond_direct_map();
    early_choose();

    uint64_t frames_size = ALIGN_UP(pages_frames_size(map, map_count), PAGE_SIZE);
    hpa_t frames = early_take_pages(frames_size);
    paging_build(map, map_count, hpa(info->image_base), early_take_page);
    paging_load();

    if (!boot_info_add_range(info, early.base, early.next - early.base, BOOT_LOADER)) {
        panic("the firmware's memory map has more than %u ranges", BOOT_RANGES_MAX);
    }
    normalise(info);
    drop_beyond_direct_map();
    pages_init(map, map_count, hpa_to_ptr(frames));
    /* The way here (.boot) has been gone. */
    pages_add(info->image_base, (uint64_t)(image_text - image_start));
}

void mem_boot_report(void)
{
    struct mem_stats stats;

    for (size_t i = 0; i < map_count; i++) {
        log_debug(LOG_MEM, "%012lx-%012lx %s", map[i].base, map[i].base + map[i].size - 1,
                  memmap_kind_name((enum boot_memory)map[i].kind));
    }
    mem_stats(&stats);
    log_info(LOG_MEM, "%lu MiB RAM to give out, %lu KiB in page tables and bookkeeping",
             stats.total_pages >> (20 - PAGE_SHIFT), (early.next - early.base) >> 10);
}

hpa_t ptr_to_hpa(const void *pointer)
{
    uint64_t at = (uintptr_t)pointer;

    if (at >= (uintptr_t)image_text && at < (uintptr_t)image_end) {
        return hpa(at - (uintptr_t)image_start + boot_info_get()->image_base);
    }
    assert(at >= DIRECT_BASE && at < DIRECT_BASE + DIRECT_SIZE);
    return hpa(at - DIRECT_BASE);
}
