/* SPDX-License-Identifier: BSD-2-Clause */
/* BOOTX64.EFI's parts: messages, files, what the firmware knows, the embedded root image. */
#pragma once

#include <efi.h>
#include <efilib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"

/* Everything that root sees before it has its own page tables lies below this. */
#define LOW_MEMORY_END UINT64_C(0x100000000)

/* The one boot_info, in memory below LOW_MEMORY_END; NULL until app_init. */
extern struct boot_info *app_info;

/* --- app.c: output and memory -------------------------------------------------------------------
 */
/* A line on the firmware's consoles. */
void app_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and root will log it as a warning. */
void app_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What ends the boot: on the firmware's consoles, and on COM1, where root would have said it. */
void app_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whole pages as loader data, zeroed, below LOW_MEMORY_END if `low`, aligned to `align` (a power of
 * two, at least 4096); 0 when there are none. */
uint64_t app_alloc(size_t size, size_t align, bool low);
/* An EFI status in words. */
const char *app_status(EFI_STATUS status);

/* --- files.c
 * ---------------------------------------------------------------------------------------- */
/* Reads exarch.ini and all files that it names from the volume that we came from. What is missing
 * or broken is said, and left out. */
void files_load(EFI_HANDLE image);

/* --- firmware.c ---------------------------------------------------------------------------------
 */
/* ACPI's root pointer, the CPUs, the frame buffer. */
void firmware_ask(void);
/* Leaves boot services: the final memory map goes into app_info. False: we are still in them. */
bool firmware_leave(EFI_HANDLE image);

/* --- image.c
 * -------------------------------------------------------------------------------------- */
struct image {
    uint64_t base;  /* physical */
    uint64_t entry; /* virtual */
    uint64_t cr3;
    uint64_t stub; /* a page for the last instructions */
};

/* Puts the embedded root image into memory and makes the page tables to enter it with. */
bool image_load(struct image *image);

/* --- handover.asm
 * --------------------------------------------------------------------------------- */
extern const uint8_t handover_start[], handover_end[];
typedef void __attribute__((sysv_abi)) handover_fn(uint64_t source, uint64_t info, uint64_t base,
                                                   uint64_t tsc, uint64_t cr3, uint64_t entry);
