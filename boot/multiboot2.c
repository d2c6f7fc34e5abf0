/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiboot2 information, specification 2.0 chapter 3.6. Each tag is checked against its own size
 * and the whole's before it is read: a loader's mistake must not become our fault. */
#include "boot/multiboot2.h"

#include "boot/memmap.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

struct tag {
    uint32_t type;
    uint32_t size;
};

struct module_tag {
    struct tag tag;
    uint32_t start, end;
    char name[];
};

struct e820_entry {
    uint64_t base, size;
    uint32_t type, pad;
};

struct e820_tag {
    struct tag tag;
    uint32_t entry_size, version;
};

struct efi_map_tag {
    struct tag tag;
    uint32_t descriptor_size, version;
};

struct framebuffer_tag {
    struct tag tag;
    uint64_t base;
    uint32_t pitch, width, height;
    uint8_t bpp, type;
    uint16_t pad;
    uint8_t red_shift, red_size, green_shift, green_size, blue_shift, blue_size;
};

#define FRAMEBUFFER_RGB      1
#define FRAMEBUFFER_TEXT     2
#define FRAMEBUFFER_SIZE     31 /* up to the reserved field; GRUB's text mode tag ends there */
#define FRAMEBUFFER_RGB_SIZE 38

struct reader {
    struct boot_info *info;
    uint8_t *rsdp;
    size_t rsdp_size; /* copied; 0: none yet */
    const struct e820_tag *e820;
    const struct efi_map_tag *efi_map;
};

/* The text at the tag's end, when it ends inside the tag. */
static const char *text_of(const struct tag *tag, size_t header)
{
    const char *text = (const char *)tag + header;

    return tag->size > header && memchr(text, 0, tag->size - header) ? text : NULL;
}

static void read_cmdline(struct reader *r, const struct tag *tag)
{
    const char *text = text_of(tag, sizeof(*tag));

    if (text && string_copy(r->info->cmdline, text, BOOT_CMDLINE_MAX) >= BOOT_CMDLINE_MAX) {
        boot_info_add_message(r->info, "the command line is too long and was cut");
    }
}

static void read_module(struct reader *r, const struct tag *tag)
{
    const struct module_tag *m = (const struct module_tag *)tag;
    const char *name = text_of(tag, sizeof(*m));

    if (!name || m->end < m->start) {
        boot_info_add_message(r->info, "a module's tag is broken; left out");
        return;
    }
    if (!boot_info_add_module(r->info, name, m->start, m->end - m->start)) {
        boot_info_add_message(r->info, "too many modules, or a name that is too long");
    }
}

static void read_e820(struct reader *r, const struct tag *tag)
{
    r->e820 = (const struct e820_tag *)tag;
}

static void read_efi_map(struct reader *r, const struct tag *tag)
{
    r->efi_map = (const struct efi_map_tag *)tag;
}

static void read_framebuffer(struct reader *r, const struct tag *tag)
{
    const struct framebuffer_tag *f = (const void *)tag;

    if (f->type == FRAMEBUFFER_TEXT) {
        r->info->framebuffer = (struct boot_framebuffer){.base = f->base,
                                                         .pitch = f->pitch,
                                                         .width = f->width,
                                                         .height = f->height,
                                                         .bpp = f->bpp,
                                                         .text = true};
        return;
    }
    if (f->type != FRAMEBUFFER_RGB || tag->size < FRAMEBUFFER_RGB_SIZE) {
        return; /* a palette: no use to us */
    }
    r->info->framebuffer = (struct boot_framebuffer){
        .base = f->base,
        .pitch = f->pitch,
        .width = f->width,
        .height = f->height,
        .bpp = f->bpp,
        .red_shift = f->red_shift,
        .red_size = f->red_size,
        .green_shift = f->green_shift,
        .green_size = f->green_size,
        .blue_shift = f->blue_shift,
        .blue_size = f->blue_size,
    };
}

static void read_efi_system_table(struct reader *r, const struct tag *tag)
{
    memcpy(&r->info->efi_system_table, tag + 1, 8);
}

/* The newer copy (ACPI 2.0, 36 bytes) replaces an older one (20 bytes). */
static void read_rsdp(struct reader *r, const struct tag *tag)
{
    size_t size = MIN(tag->size - sizeof(*tag), (size_t)36);

    if (size > r->rsdp_size) {
        memcpy(r->rsdp, tag + 1, size);
        r->rsdp_size = size;
    }
}

// clang-format off
static const struct {
    uint32_t type;
    uint32_t least; /* bytes, or the tag is broken */
    void (*read)(struct reader *, const struct tag *);
} readers[] = {
    {  1,  9, read_cmdline },
    {  3, sizeof(struct module_tag) + 1, read_module },
    {  6, sizeof(struct e820_tag), read_e820 },
    {  8, FRAMEBUFFER_SIZE, read_framebuffer },
    { 12, 16, read_efi_system_table },
    { 14, 28, read_rsdp },
    { 15, 44, read_rsdp },
    { 17, sizeof(struct efi_map_tag), read_efi_map },
};
// clang-format on

static void read_tag(struct reader *r, const struct tag *tag)
{
    for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
        if (readers[i].type != tag->type) {
            continue;
        }
        if (tag->size >= readers[i].least) {
            readers[i].read(r, tag);
        } else {
            boot_info_add_message(r->info, "a multiboot2 tag is too short; left out");
        }
        return;
    }
}

static bool add_e820(struct boot_info *info, const struct e820_tag *map)
{
    struct e820_entry e;

    if (map->entry_size < sizeof(e) - sizeof(e.pad)) {
        return false;
    }
    for (size_t at = sizeof(*map); at + map->entry_size <= map->tag.size; at += map->entry_size) {
        memcpy(&e, (const char *)map + at, sizeof(e) - sizeof(e.pad));
        if (!boot_info_add_range(info, e.base, e.size, memmap_kind_e820(e.type))) {
            return false;
        }
    }
    return true;
}

/* UEFI's map says more (which memory is the loader's, which the runtime's): it is preferred. */
static void add_memory(struct reader *r)
{
    bool whole = true;

    if (r->efi_map) {
        whole = memmap_add_efi(r->info, r->efi_map + 1, r->efi_map->tag.size - sizeof(*r->efi_map),
                               r->efi_map->descriptor_size);
    }
    if (r->e820 && !r->info->range_count) {
        whole = add_e820(r->info, r->e820) && whole;
    }
    if (!whole) {
        boot_info_add_message(r->info, "the memory map is broken or too long; some is not used");
    }
}

bool multiboot2_read(const void *mbi, size_t limit, struct boot_info *info, uint8_t rsdp[36],
                     bool *rsdp_found)
{
    const char *base = mbi;
    struct reader r = {.info = info, .rsdp = rsdp};
    uint32_t total;

    info->magic = BOOT_INFO_MAGIC;
    info->size = sizeof(*info);
    info->source = BOOT_MULTIBOOT2;
    memcpy(&total, base, sizeof(total));
    if (total < 16 || total > limit) {
        return false;
    }
    for (size_t at = 8; at + sizeof(struct tag) <= total;) {
        const struct tag *tag = (const void *)(base + at);
        if (tag->size < sizeof(*tag) || tag->size > total - at) {
            boot_info_add_message(info, "the multiboot2 tags are broken; the rest is left out");
            break;
        }
        if (tag->type == 0) {
            break;
        }
        read_tag(&r, tag);
        at += ALIGN_UP((size_t)tag->size, 8);
    }
    add_memory(&r);
    *rsdp_found = r.rsdp_size != 0;
    return info->range_count != 0;
}
