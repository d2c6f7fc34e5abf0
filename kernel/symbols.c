/* SPDX-License-Identifier: BSD-2-Clause */
/* Function names for back traces. tools/mksymbols makes the table from the first link's symbols; it
 * lies behind all code, so that the second link moves no function. */
#include "kernel/symbols.h"

#include <stddef.h>

#include "exarch/bits.h"
#include "kernel/lib/string.h"

struct symbol {
    uint32_t offset; /* from image_start */
    uint32_t name;   /* into symbol_names */
};

struct note {
    uint32_t name_size, size, type;
    uint8_t data[];
};

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];
extern const char image_start[], image_text[], image_text_end[];
extern const struct note build_id_note;
extern const char build_id_note_end[];

const char *symbol_lookup(uint64_t address, uint64_t *offset)
{
    uint32_t low = 0;
    uint32_t high = symbol_count;

    if (address < (uintptr_t)image_text || address >= (uintptr_t)image_text_end) {
        return NULL;
    }
    uint64_t wanted = address - (uintptr_t)image_start;
    /* Invariant: the answer, the last row at or below `wanted`, is in [low - 1, high). */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (symbol_table[middle].offset <= wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (!low) {
        return NULL;
    }
    *offset = wanted - symbol_table[low - 1].offset;
    return symbol_names + symbol_table[low - 1].name;
}

const char *build_id(void)
{
    static const char digits[] = "0123456789abcdef";
    static char text[2 * 32 + 1];
    const uint8_t *id = build_id_note.data + ALIGN_UP(build_id_note.name_size, 4);
    uint32_t size = MIN(build_id_note.size, (uint32_t)sizeof(text) / 2);

    for (uint32_t i = 0; i < size; i++) {
        text[2 * i] = digits[id[i] >> 4];
        text[2 * i + 1] = digits[id[i] & 15];
    }
    return text;
}
