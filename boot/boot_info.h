/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware told us, in one form for both ways of booting. The EFI application fills it in
 * low memory and passes its address; boot/multiboot2.c fills root's own copy. Strings and counts
 * come from outside: boot_info_check() cuts them to size before anything reads them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BOOT_INFO_MAGIC   UINT64_C(0x3168637261784548) /* "HExarch1" */
#define BOOT_RANGES_MAX   1024u
#define BOOT_MODULES_MAX  32u
#define BOOT_NAME_MAX     64u
#define BOOT_CMDLINE_MAX  1024u
#define BOOT_MESSAGES_MAX 1024u
#define BOOT_CPUS_MAX     64u

enum boot_source { BOOT_MULTIBOOT2, BOOT_EFI };

/* Kinds of memory, the more careful ones later: where ranges overlap, the higher kind wins. */
enum boot_memory {
    BOOT_RAM,         /* free to use */
    BOOT_LOADER,      /* RAM that holds boot data (modules, boot_info, image): used, then free */
    BOOT_ACPI_TABLES, /* RAM with ACPI tables */
    BOOT_ACPI_NVS,
    BOOT_RESERVED,
    BOOT_MMIO,
    BOOT_BAD,
    BOOT_MEMORY_KINDS
};

struct boot_range {
    uint64_t base;
    uint64_t size;
    uint32_t kind; /* enum boot_memory */
    uint32_t pad;
};

/* A file. Its name is its path as exarch.ini writes it; with GRUB that is the module's command
 * line. exarch.ini itself is the module "exarch.ini". */
struct boot_module {
    uint64_t base;
    uint64_t size;
    char name[BOOT_NAME_MAX];
};

struct boot_framebuffer {
    uint64_t base; /* 0: none */
    uint32_t pitch, width, height;
    uint8_t bpp;
    uint8_t red_shift, red_size, green_shift, green_size, blue_shift, blue_size;
    bool text; /* VGA text cells, width and height in characters */
};

struct boot_info {
    uint64_t magic;
    uint32_t
        size; /* of this struct: an EFI application and a root image of different builds differ */
    uint32_t source;     /* enum boot_source */
    uint64_t image_base; /* physical, where the root image was loaded */
    uint64_t image_size;
    uint64_t rsdp;         /* physical address of ACPI's root pointer, 0: none */
    uint64_t handover_tsc; /* at the loader's last, or root's first, instruction */
    uint64_t efi_system_table;
    struct boot_framebuffer framebuffer;
    char cmdline[BOOT_CMDLINE_MAX];
    char messages[BOOT_MESSAGES_MAX]; /* what went wrong before root could log; lines */
    uint32_t module_count;
    uint32_t range_count;
    uint32_t cpu_count; /* as UEFI counts them, for machines without ACPI tables; 0: unknown */
    uint32_t apic_ids[BOOT_CPUS_MAX];
    struct boot_module modules[BOOT_MODULES_MAX];
    struct boot_range ranges[BOOT_RANGES_MAX]; /* as the firmware gave them, in its order */
};

/* True when `info` is usable; cuts counts and strings to what the struct holds. */
bool boot_info_check(struct boot_info *info);

/* The module of that name, or NULL. */
const struct boot_module *boot_module_find(const struct boot_info *info, const char *name);

/* Adds one range of the firmware's map; false, and nothing done, when the struct is full. */
bool boot_info_add_range(struct boot_info *info, uint64_t base, uint64_t size, uint32_t kind);

/* Adds a file; false when there is no room, or none for all of its name (cut then). */
bool boot_info_add_module(struct boot_info *info, const char *name, uint64_t base, uint64_t size);

/* Adds a line that root will log as a warning; cut when there is no room. */
void boot_info_add_message(struct boot_info *info, const char *text);
