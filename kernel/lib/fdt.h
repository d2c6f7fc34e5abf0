/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flattened device trees (Devicetree Specification 0.4, chapter 5): a sequential writer, a checked
 * reader, and a copy that changes or adds properties on the way.
 */
#pragma once

#include "exarch/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDT_MAX_DEPTH   16
#define FDT_STRINGS_MAX 4096
#define FDT_PATH_MAX    256

/*
 * Builds a tree into the caller's buffer. Errors stick: every call after the first failure does
 * nothing, and fdt_writer_finish returns it. Order: init, reservations, root node ("") and all
 * below it, properties of a node before its children, finish.
 */
struct fdt_writer {
    uint8_t *buffer;
    size_t size;
    size_t used;
    size_t struct_at; /* 0 until the first node is begun */
    unsigned depth;
    int error;
    size_t strings_used;
    char strings[FDT_STRINGS_MAX];
};

void fdt_writer_init(struct fdt_writer *w, void *buffer, size_t size);
void fdt_reserve(struct fdt_writer *w, uint64_t address, uint64_t size);
void fdt_begin_node(struct fdt_writer *w, const char *name);
void fdt_end_node(struct fdt_writer *w);
void fdt_prop(struct fdt_writer *w, const char *name, const void *data, size_t length);
void fdt_prop_empty(struct fdt_writer *w, const char *name);
void fdt_prop_u32(struct fdt_writer *w, const char *name, uint32_t value);
void fdt_prop_u64(struct fdt_writer *w, const char *name, uint64_t value);
void fdt_prop_string(struct fdt_writer *w, const char *name, const char *text);
void fdt_prop_cells(struct fdt_writer *w, const char *name, const uint32_t *cells, size_t count);

/* fdt_prop_cells with the cells in the call. */
#define FDT_PROP_CELLS(w, name, ...)                                                               \
    fdt_prop_cells(w, name, (const uint32_t[]){__VA_ARGS__},                                       \
                   sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* The blob's size in bytes, or a negative error. */
MUST_CHECK int64_t fdt_writer_finish(struct fdt_writer *w);

/* A blob that fdt_open has checked from end to end; it must not change while it is read. */
struct fdt {
    const uint8_t *blob;
    uint32_t size; /* totalsize, at most what the caller had */
    uint32_t reserve;
    uint32_t structure;
    uint32_t structure_end;
    uint32_t strings;
    uint32_t strings_end;
};

/* Checks header, block bounds, nesting, names and terminators; -ERR_FORMAT when anything is off. */
MUST_CHECK int fdt_open(struct fdt *f, const void *blob, size_t size);

/* The node of an absolute path ("/chosen"; a part without @ matches any unit address), or
 * -ERR_NOENT. */
MUST_CHECK int64_t fdt_find(const struct fdt *f, const char *path);

/* A property of the node at `node`; NULL when it is not there. */
const void *fdt_get(const struct fdt *f, int64_t node, const char *name, uint32_t *length);

/* The big-endian cell at p, which need not be aligned. */
uint32_t fdt_cell(const void *p);

/* What fdt_copy changes: data NULL removes the property. Nodes are named by path as in fdt_find. */
struct fdt_change {
    const char *path;
    const char *name;
    const void *data;
    size_t length;
};

/*
 * Writes f's reservations and tree to w with the changes made. A node directly below the root that
 * a change names and f lacks is added. The caller finishes w.
 */
MUST_CHECK int fdt_copy(struct fdt_writer *w, const struct fdt *f, const struct fdt_change *changes,
                        size_t count);
