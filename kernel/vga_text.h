/* SPDX-License-Identifier: BSD-2-Clause */
/* The log on a VGA text screen, as a BIOS leaves it. */
#pragma once

#include "boot/boot_info.h"

/* Shows the log there, what was logged so far too. */
void vga_text_init(const struct boot_framebuffer *screen);
