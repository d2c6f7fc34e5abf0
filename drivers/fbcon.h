/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A text console on a linear frame buffer: 8x16 cells, the C0 controls that terminals share, and as
 * much of ECMA-48 as a shell's line editing uses (cursor moves, erase); colours and the rest are
 * swallowed. The frame buffer is only written, never read: on real machines reading it is slow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/err.h"

#define FBCON_CELL_WIDTH  8u
#define FBCON_CELL_HEIGHT 16u
#define FBCON_PARAMETERS  4u

struct fbcon_mode {
    uint32_t width, height; /* pixels */
    uint32_t pitch;         /* bytes a line */
    uint8_t bpp;            /* 15, 16, 24 or 32 */
    uint8_t red_shift, red_size, green_shift, green_size, blue_shift, blue_size;
};

struct fbcon {
    struct fbcon_mode mode;
    uint8_t *pixels; /* the frame buffer, mapped */
    uint32_t ink, paper;
    unsigned columns, rows;
    unsigned column, row;
    uint8_t *cells;    /* columns * rows: what should be seen */
    uint8_t *shown;    /* what has been drawn */
    bool wrap_pending; /* the last column is filled: the next character starts a line */
    unsigned escape;   /* where in an escape sequence we are */
    unsigned parameter_count;
    unsigned parameters[FBCON_PARAMETERS];
};

/* Clears the screen. `pixels` has pitch * height bytes. -ERR_INVAL for a mode that cannot be. */
MUST_CHECK int fbcon_init(struct fbcon *con, const struct fbcon_mode *mode, void *pixels);

/* Shows text; '\n' also returns to the first column. The caller's lock keeps writers apart. */
void fbcon_write(struct fbcon *con, const char *text, size_t size);
