/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a linear frame buffer. Scrolling moves cells and redraws those that changed; it goes by
 * an eighth of the screen at once, as redrawing is what costs. Pixels leave in words of 64 bits
 * where their size allows.
 */
#include "drivers/fbcon.h"

#include "drivers/machine.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

#include "drivers/font_8x16.h"

#define INK_LEVEL   0xc0u
#define TAB         8u
#define SCROLL_PART 8u

enum escape_state { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_CSI, ESCAPE_CHARSET };

/* --- pixels -------------------------------------------------------------------------------------
 */

static uint32_t channel(unsigned level, unsigned shift, unsigned size)
{
    return size != 0 ? (level >> (8 - size)) << shift : 0;
}

/* Eight pixels of one row of a character, in memory's order. */
static void make_row(const struct fbcon *con, unsigned bits, unsigned bytes, uint8_t *row)
{
    for (unsigned x = 0; x < FBCON_CELL_WIDTH; x++) {
        uint32_t colour = (bits & 0x80u >> x) != 0 ? con->ink : con->paper;
        memcpy(row + x * bytes, &colour, bytes);
    }
}

static void draw_cell(const struct fbcon *con, unsigned column, unsigned row, uint8_t code,
                      bool inverse)
{
    unsigned bytes = (con->mode.bpp + 7u) / 8;
    unsigned words =
        FBCON_CELL_WIDTH * bytes / 8; /* eight pixels are as many words as a pixel bytes */
    uint64_t pixels[4];
    uint8_t *line = con->pixels + (size_t)row * FBCON_CELL_HEIGHT * con->mode.pitch +
                    (size_t)column * FBCON_CELL_WIDTH * bytes;
    for (unsigned y = 0; y < FBCON_CELL_HEIGHT; y++, line += con->mode.pitch) {
        make_row(con, font_8x16[code][y] ^ (inverse ? 0xffu : 0), bytes, (uint8_t *)pixels);
        for (unsigned n = 0; n < words; n++) {
            reg_write64(line + 8 * n, pixels[n]);
        }
    }
}

/* Draws what differs from what is there, and the cursor. */
static void refresh(struct fbcon *con)
{
    for (unsigned row = 0; row < con->rows; row++) {
        for (unsigned column = 0; column < con->columns; column++) {
            size_t at = (size_t)row * con->columns + column;
            if (con->cells[at] != con->shown[at]) {
                draw_cell(con, column, row, con->cells[at], false);
                con->shown[at] = con->cells[at];
            }
        }
    }
    size_t at = (size_t)con->row * con->columns + con->column;
    draw_cell(con, con->column, con->row, con->cells[at], true);
    con->shown[at] = (uint8_t)~con->cells[at]; /* to be drawn anew when the cursor leaves */
}

/* --- text ---------------------------------------------------------------------------------------
 */

static void clear(struct fbcon *con, size_t from, size_t to)
{
    memset(con->cells + from, ' ', to - from);
}

static void line_feed(struct fbcon *con)
{
    size_t all = (size_t)con->columns * con->rows;
    con->wrap_pending = false;
    if (con->row + 1 < con->rows) {
        con->row++;
        return;
    }
    unsigned lines = MAX(con->rows / SCROLL_PART, 1u);
    size_t away = (size_t)con->columns * lines;
    memmove(con->cells, con->cells + away, all - away);
    clear(con, all - away, all);
    con->row -= lines - 1;
}

static void put_character(struct fbcon *con, uint8_t code)
{
    if (con->wrap_pending) {
        con->column = 0;
        line_feed(con);
    }
    con->cells[(size_t)con->row * con->columns + con->column] = code;
    con->wrap_pending = con->column + 1 == con->columns;
    con->column += !con->wrap_pending;
}

static void control(struct fbcon *con, uint8_t code)
{
    switch (code) {
    case '\n':
        con->column = 0;
        line_feed(con);
        return;
    case '\r': con->column = 0; break;
    case '\b': con->column -= con->column > 0; break;
    case '\t': con->column = MIN(ALIGN_UP(con->column + 1, TAB), con->columns - 1); break;
    case 0x1b: con->escape = ESCAPE_SEEN; return;
    default: return;
    }
    con->wrap_pending = false;
}

/* --- control sequences (ECMA-48 8.3) ------------------------------------------------------------
 */

static void erase(struct fbcon *con, size_t begin, size_t end, unsigned kind)
{
    size_t cursor = (size_t)con->row * con->columns + con->column;
    if (kind <= 2) {
        clear(con, kind == 0 ? cursor : begin, kind == 1 ? cursor + 1 : end);
    }
}

static void move_to(struct fbcon *con, unsigned row, unsigned column)
{
    con->row = MIN(row, con->rows - 1);
    con->column = MIN(column, con->columns - 1);
    con->wrap_pending = false;
}

static void sequence(struct fbcon *con, uint8_t final)
{
    const unsigned *p = con->parameters;
    unsigned by = MAX(p[0], 1u);
    size_t line = (size_t)con->row * con->columns;
    switch (final) {
    case 'A': move_to(con, con->row - MIN(by, con->row), con->column); break;
    case 'B': move_to(con, con->row + by, con->column); break;
    case 'C': move_to(con, con->row, con->column + by); break;
    case 'D': move_to(con, con->row, con->column - MIN(by, con->column)); break;
    case 'G': move_to(con, con->row, by - 1); break;
    case 'H':
    case 'f': move_to(con, by - 1, MAX(p[1], 1u) - 1); break;
    case 'J': erase(con, 0, (size_t)con->columns * con->rows, p[0]); break;
    case 'K': erase(con, line, line + con->columns, p[0]); break;
    default: break; /* colours and modes */
    }
}

static void escape(struct fbcon *con, uint8_t code)
{
    if (con->escape == ESCAPE_CHARSET) {
        con->escape = ESCAPE_NONE;
        return;
    }
    if (con->escape == ESCAPE_SEEN) {
        con->escape = code == '[' ? ESCAPE_CSI : code < 0x30 ? ESCAPE_CHARSET : ESCAPE_NONE;
        con->parameter_count = 0;
        memset(con->parameters, 0, sizeof(con->parameters));
        return;
    }
    unsigned *value = &con->parameters[MIN(con->parameter_count, FBCON_PARAMETERS - 1)];
    if (code >= '0' && code <= '9') {
        *value = MIN(*value * 10 + (code - '0'), 9999u);
    } else if (code == ';') {
        con->parameter_count++;
    } else if (code >= 0x40) {
        con->escape = ESCAPE_NONE;
        sequence(con, code);
    }
}

/* --- interface ----------------------------------------------------------------------------------
 */

static bool mode_is_sane(const struct fbcon_mode *mode)
{
    unsigned bytes = (mode->bpp + 7u) / 8;
    return mode->bpp >= 15 && mode->bpp <= 32 && mode->width >= FBCON_CELL_WIDTH * 2 &&
           mode->height >= FBCON_CELL_HEIGHT && mode->width <= 16384 && mode->height <= 16384 &&
           mode->pitch / bytes >= mode->width && mode->red_size <= 8 && mode->green_size <= 8 &&
           mode->blue_size <= 8 && mode->red_shift + mode->red_size <= 32 &&
           mode->green_shift + mode->green_size <= 32 && mode->blue_shift + mode->blue_size <= 32;
}

int fbcon_init(struct fbcon *con, const struct fbcon_mode *mode, void *pixels)
{
    memset(con, 0, sizeof(*con));
    if (!mode_is_sane(mode)) {
        return -ERR_INVAL;
    }
    con->mode = *mode;
    con->pixels = pixels;
    con->columns = mode->width / FBCON_CELL_WIDTH;
    con->rows = mode->height / FBCON_CELL_HEIGHT;
    con->ink = channel(INK_LEVEL, mode->red_shift, mode->red_size) |
               channel(INK_LEVEL, mode->green_shift, mode->green_size) |
               channel(INK_LEVEL, mode->blue_shift, mode->blue_size);
    size_t cells = (size_t)con->columns * con->rows;
    con->cells = machine_alloc(cells);
    con->shown = machine_alloc(cells);
    if (con->cells == NULL || con->shown == NULL) {
        return -ERR_NOMEM;
    }
    clear(con, 0, cells); /* `shown` is all 0, which no cell is: everything gets drawn */
    refresh(con);
    return 0;
}

void fbcon_write(struct fbcon *con, const char *text, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        uint8_t code = (uint8_t)text[n];
        if (code < 0x20) {
            con->escape = ESCAPE_NONE;
            control(con, code);
        } else if (con->escape != ESCAPE_NONE) {
            escape(con, code);
        } else {
            put_character(con, code);
        }
    }
    refresh(con);
}
