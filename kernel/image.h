/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the root image; linker.ld defines the symbols, all on page borders. */
#pragma once

extern const char image_start[]; /* here .boot, which is not mapped after boot */
extern const char image_text[], image_text_end[];
extern const char image_rodata[], image_rodata_end[];
extern const char image_data[], image_end[];
