/* SPDX-License-Identifier: BSD-2-Clause */
/* VGA text cells: a character and its colours each; new lines come in at the bottom. */
#include "kernel/vga_text.h"

#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"

#define LIGHT_GREY UINT16_C(0x0700)
#define TAB        8u

static uint16_t *cells;
static unsigned columns, rows, column;

static void scroll(void)
{
    memmove(cells, cells + columns, (size_t)(rows - 1) * columns * sizeof(*cells));
    for (unsigned i = 0; i < columns; i++) {
        cells[(rows - 1) * columns + i] = LIGHT_GREY | ' ';
    }
    column = 0;
}

static void put(char c)
{
    if (c == '\n' || column == columns) {
        scroll();
    }
    switch (c) {
    case '\n': break;
    case '\r': column = 0; break;
    case '\b': column -= column ? 1 : 0; break;
    case '\t': column = MIN(ALIGN_UP(column + 1, TAB), columns); break;
    default: cells[(rows - 1) * columns + column++] = LIGHT_GREY | (uint8_t)c; break;
    }
}

static void write(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    for (size_t i = 0; i < length; i++) {
        put(text[i]);
    }
}

void vga_text_init(const struct boot_framebuffer *screen)
{
    static struct log_sink sink = {.name = "VGA text", .write = write};

    if (!screen->width || !screen->height || screen->width > 256 || screen->height > 128) {
        return;
    }
    columns = screen->width;
    rows = screen->height;
    cells = mmio_map(hpa(screen->base), (size_t)rows * columns * sizeof(*cells), MMIO_UNCACHED);
    if (cells) {
        scroll();
        log_add_sink(&sink);
    }
}
