/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flattened device trees: the writer.
 *
 * The blob is header, memory reservations, structure block, strings block, in this order. The
 * strings are kept in the writer until the end, as the structure's size is not known before.
 */
#include "kernel/lib/fdt.h"

#include "exarch/bits.h"
#include "kernel/lib/fdt_format.h"

#include "kernel/lib/string.h"

static void fail(struct fdt_writer *w, int error)
{
    if (w->error == 0) {
        w->error = -error;
    }
}

/* Room for `length` bytes at the end, zero filled up to the next cell; NULL after an error. */
static uint8_t *take(struct fdt_writer *w, size_t length)
{
    size_t padded = ALIGN_UP(length, (size_t)4);
    if (w->error != 0) {
        return NULL;
    }
    if (padded < length || padded > w->size - w->used) {
        fail(w, ERR_NOMEM);
        return NULL;
    }
    uint8_t *room = w->buffer + w->used;
    memset(room, 0, padded);
    w->used += padded;
    return room;
}

static void put_bytes(struct fdt_writer *w, const void *data, size_t length)
{
    uint8_t *room = take(w, length);
    if (room != NULL && length != 0) {
        memcpy(room, data, length);
    }
}

static void put_cell(struct fdt_writer *w, uint32_t value)
{
    uint32_t cell = __builtin_bswap32(value);
    put_bytes(w, &cell, sizeof(cell));
}

/* The offset of a property name in the strings block; each name is kept once. */
static uint32_t string_offset(struct fdt_writer *w, const char *name)
{
    size_t length = strlen(name) + 1;
    for (size_t at = 0; at < w->strings_used; at += strlen(w->strings + at) + 1) {
        if (strcmp(w->strings + at, name) == 0) {
            return (uint32_t)at;
        }
    }
    if (length > sizeof(w->strings) - w->strings_used) {
        fail(w, ERR_NOMEM);
        return 0;
    }
    size_t offset = w->strings_used;
    memcpy(w->strings + offset, name, length);
    w->strings_used += length;
    return (uint32_t)offset;
}

void fdt_writer_init(struct fdt_writer *w, void *buffer, size_t size)
{
    *w = (struct fdt_writer){.buffer = buffer, .size = size};
    (void)take(w, FDT_HEADER_SIZE);
}

void fdt_reserve(struct fdt_writer *w, uint64_t address, uint64_t size)
{
    if (w->struct_at != 0) {
        fail(w, ERR_INVAL);
        return;
    }
    uint64_t entry[2] = {__builtin_bswap64(address), __builtin_bswap64(size)};
    put_bytes(w, entry, sizeof(entry));
}

void fdt_begin_node(struct fdt_writer *w, const char *name)
{
    if (w->struct_at == 0) {
        (void)take(w, 16); /* the reservations end with an empty one */
        w->struct_at = w->used;
    } else if (w->depth == 0) {
        fail(w, ERR_INVAL); /* a second root */
    }
    if (w->depth == FDT_MAX_DEPTH) {
        fail(w, ERR_RANGE);
    }
    put_cell(w, FDT_BEGIN_NODE);
    put_bytes(w, name, strlen(name) + 1);
    w->depth++;
}

void fdt_end_node(struct fdt_writer *w)
{
    if (w->depth == 0) {
        fail(w, ERR_INVAL);
        return;
    }
    put_cell(w, FDT_END_NODE);
    w->depth--;
}

void fdt_prop(struct fdt_writer *w, const char *name, const void *data, size_t length)
{
    if (w->depth == 0) {
        fail(w, ERR_INVAL);
        return;
    }
    put_cell(w, FDT_PROP);
    put_cell(w, (uint32_t)length);
    put_cell(w, string_offset(w, name));
    put_bytes(w, data, length);
}

void fdt_prop_empty(struct fdt_writer *w, const char *name)
{
    fdt_prop(w, name, NULL, 0);
}

void fdt_prop_u32(struct fdt_writer *w, const char *name, uint32_t value)
{
    fdt_prop_cells(w, name, &value, 1);
}

void fdt_prop_u64(struct fdt_writer *w, const char *name, uint64_t value)
{
    FDT_PROP_CELLS(w, name, (uint32_t)(value >> 32), (uint32_t)value);
}

void fdt_prop_string(struct fdt_writer *w, const char *name, const char *text)
{
    fdt_prop(w, name, text, strlen(text) + 1);
}

void fdt_prop_cells(struct fdt_writer *w, const char *name, const uint32_t *cells, size_t count)
{
    fdt_prop(w, name, NULL, 0);
    if (w->error == 0) {
        uint32_t length = __builtin_bswap32((uint32_t)(count * sizeof(uint32_t)));
        memcpy(w->buffer + w->used - 8, &length, sizeof(length));
    }
    for (size_t n = 0; n < count; n++) {
        put_cell(w, cells[n]);
    }
}

int64_t fdt_writer_finish(struct fdt_writer *w)
{
    if (w->struct_at == 0 || w->depth != 0) {
        fail(w, ERR_INVAL);
    }
    put_cell(w, FDT_END);
    size_t strings_at = w->used;
    put_bytes(w, w->strings, w->strings_used);
    if (w->error != 0) {
        return w->error;
    }
    const uint32_t header[] = {
        FDT_MAGIC,
        (uint32_t)w->used,
        (uint32_t)w->struct_at,
        (uint32_t)strings_at,
        FDT_HEADER_SIZE,
        FDT_VERSION,
        FDT_COMPATIBLE,
        0,
        (uint32_t)w->strings_used,
        (uint32_t)(strings_at - w->struct_at),
    };
    for (size_t n = 0; n < ARRAY_SIZE(header); n++) {
        uint32_t cell = __builtin_bswap32(header[n]);
        memcpy(w->buffer + 4 * n, &cell, sizeof(cell));
    }
    return (int64_t)w->used;
}
