/* SPDX-License-Identifier: BSD-2-Clause */
/* The log on the screen, whichever kind the firmware left. */
#pragma once

#include <stddef.h>

#include "boot/boot_info.h"

/* Shows the log there, what was logged so far too. Says so when there is no screen. */
void screen_init(const struct boot_framebuffer *screen);

/* Guests' text on the frame buffer, where there is one; takes it all. */
size_t screen_write(const char *text, size_t size);
