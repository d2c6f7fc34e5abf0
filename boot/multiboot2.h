/* SPDX-License-Identifier: BSD-2-Clause */
/* GRUB's multiboot2 information as a struct boot_info. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot_info.h"

/* Reads the tags at `mbi`, of which at most `limit` bytes may be touched, into the zeroed `info`
 * (magic and source too). False when it has no memory map or is no multiboot2 information; what was
 * wrong in part is in info->messages. An RSDP copy in a tag is copied to `rsdp` (36 bytes), and
 * *rsdp_found says so. */
bool multiboot2_read(const void *mbi, size_t limit, struct boot_info *info, uint8_t rsdp[36],
                     bool *rsdp_found);
