/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flattened device trees: the reader, and the copy with changes.
 *
 * The reader trusts nothing: fdt_open walks the whole structure block once, so that the later walks
 * cannot leave it.
 */
#include "kernel/lib/fdt.h"

#include "exarch/bits.h"
#include "kernel/lib/fdt_format.h"

#include "kernel/lib/string.h"

uint32_t fdt_cell(const void *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return __builtin_bswap32(value);
}

struct token {
    uint32_t kind;
    const char *name; /* of the node or property */
    const uint8_t *data;
    uint32_t length;
};

/* The length of the string at `at`, which must end before `end`; -ERR_FORMAT when it does not. */
static int64_t bounded_length(const struct fdt *f, uint32_t at, uint32_t end)
{
    for (uint32_t n = at; n < end; n++) {
        if (f->blob[n] == 0) {
            return n - at;
        }
    }
    return -ERR_FORMAT;
}

/* Reads the token at *at and moves past it and the NOPs before it. */
static int next_token(const struct fdt *f, uint32_t *at, struct token *t)
{
    do {
        if (*at > f->structure_end || f->structure_end - *at < 4) {
            return -ERR_FORMAT;
        }
        t->kind = fdt_cell(f->blob + *at);
        *at += 4;
    } while (t->kind == FDT_NOP);

    uint32_t left = f->structure_end - *at;
    if (t->kind == FDT_BEGIN_NODE) {
        int64_t length = bounded_length(f, *at, f->structure_end);
        if (length < 0) {
            return -ERR_FORMAT;
        }
        t->name = (const char *)f->blob + *at;
        *at += ALIGN_UP((uint32_t)length + 1, 4u);
    } else if (t->kind == FDT_PROP) {
        if (left < 8) {
            return -ERR_FORMAT;
        }
        t->length = fdt_cell(f->blob + *at);
        uint32_t name = fdt_cell(f->blob + *at + 4);
        if (t->length > left - 8 || name >= f->strings_end - f->strings ||
            bounded_length(f, f->strings + name, f->strings_end) < 0) {
            return -ERR_FORMAT;
        }
        t->name = (const char *)f->blob + f->strings + name;
        t->data = f->blob + *at + 8;
        *at += 8 + ALIGN_UP(t->length, 4u);
    } else if (t->kind != FDT_END_NODE && t->kind != FDT_END) {
        return -ERR_FORMAT;
    }
    return 0;
}

/* One root, nodes closed, properties before children, END at depth 0. */
static int check_structure(const struct fdt *f)
{
    uint32_t at = f->structure;
    unsigned depth = 0;
    bool children_seen = false;
    bool root_seen = false;
    for (;;) {
        struct token t = {0};
        if (next_token(f, &at, &t) < 0) {
            return -ERR_FORMAT;
        }
        switch (t.kind) {
        case FDT_BEGIN_NODE:
            if (depth == FDT_MAX_DEPTH || (depth == 0 && root_seen)) {
                return -ERR_FORMAT;
            }
            root_seen = true;
            children_seen = false;
            depth++;
            break;
        case FDT_END_NODE:
            if (depth == 0) {
                return -ERR_FORMAT;
            }
            children_seen = true;
            depth--;
            break;
        case FDT_PROP:
            if (depth == 0 || children_seen) {
                return -ERR_FORMAT;
            }
            break;
        default: return depth == 0 && root_seen ? 0 : -ERR_FORMAT;
        }
    }
}

/* The reservations end with an empty one inside the blob. */
static int check_reserve(const struct fdt *f)
{
    static const uint8_t empty[16];
    for (uint32_t at = f->reserve; at <= f->size && f->size - at >= 16; at += 16) {
        if (memcmp(f->blob + at, empty, sizeof(empty)) == 0) {
            return 0;
        }
    }
    return -ERR_FORMAT;
}

static int set_block(const struct fdt *f, uint32_t at, uint32_t size, uint32_t *begin,
                     uint32_t *end)
{
    if (at < FDT_HEADER_SIZE || at > f->size || size > f->size - at) {
        return -ERR_FORMAT;
    }
    *begin = at;
    *end = at + size;
    return 0;
}

int fdt_open(struct fdt *f, const void *blob, size_t size)
{
    const uint8_t *p = blob;
    *f = (struct fdt){.blob = p};
    if (size < FDT_HEADER_SIZE || fdt_cell(p + FDT_H_MAGIC) != FDT_MAGIC ||
        fdt_cell(p + FDT_H_TOTALSIZE) > size || fdt_cell(p + FDT_H_TOTALSIZE) < FDT_HEADER_SIZE ||
        fdt_cell(p + FDT_H_VERSION) < FDT_VERSION || fdt_cell(p + FDT_H_COMPATIBLE) > FDT_VERSION) {
        return -ERR_FORMAT;
    }
    f->size = fdt_cell(p + FDT_H_TOTALSIZE);
    f->reserve = fdt_cell(p + FDT_H_RESERVE);
    if (set_block(f, fdt_cell(p + FDT_H_STRUCT), fdt_cell(p + FDT_H_STRUCT_SIZE), &f->structure,
                  &f->structure_end) < 0 ||
        set_block(f, fdt_cell(p + FDT_H_STRINGS), fdt_cell(p + FDT_H_STRINGS_SIZE), &f->strings,
                  &f->strings_end) < 0 ||
        f->reserve < FDT_HEADER_SIZE || check_reserve(f) < 0) {
        return -ERR_FORMAT;
    }
    return check_structure(f);
}

/* The length of a path's part, up to the next '/' or the end. */
static size_t part_length(const char *path)
{
    size_t length = 0;
    while (path[length] != 0 && path[length] != '/') {
        length++;
    }
    return length;
}

/* Is `part` (length bytes of a path) this node's name, with or without its unit address? */
static bool name_matches(const char *name, const char *part, size_t length)
{
    if (strncmp(name, part, length) != 0) {
        return false;
    }
    return name[length] == 0 || (name[length] == '@' && memchr(part, '@', length) == NULL);
}

int64_t fdt_find(const struct fdt *f, const char *path)
{
    uint32_t at = f->structure;
    unsigned depth = 0;   /* of the token at hand; the root is 1 */
    unsigned matched = 0; /* how many nodes of the path lead here */
    struct token t = {0};
    while (next_token(f, &at, &t) == 0 && t.kind != FDT_END) {
        if (t.kind == FDT_END_NODE) {
            depth--;
            if (depth < matched) {
                return -ERR_NOENT; /* a node of the path ended without the next part in it */
            }
        } else if (t.kind == FDT_BEGIN_NODE) {
            depth++;
            const char *end = path + part_length(path);
            if (depth != matched + 1 || !name_matches(t.name, path, (size_t)(end - path))) {
                continue;
            }
            matched++;
            if (end[0] == 0 || end[1] == 0) {
                return at;
            }
            path = end + 1;
        }
    }
    return -ERR_NOENT;
}

const void *fdt_get(const struct fdt *f, int64_t node, const char *name, uint32_t *length)
{
    uint32_t at = (uint32_t)node;
    struct token t = {0};
    if (node < f->structure || node > f->structure_end) {
        return NULL;
    }
    while (next_token(f, &at, &t) == 0 && t.kind == FDT_PROP) {
        if (strcmp(t.name, name) == 0) {
            *length = t.length;
            return t.data;
        }
    }
    return NULL;
}

/* --- copy with changes --------------------------------------------------------------------------
 */

struct copy {
    struct fdt_writer *w;
    const struct fdt_change *changes;
    size_t count;
    char path[FDT_PATH_MAX];
    size_t path_length[FDT_MAX_DEPTH + 1]; /* of the node at each depth; the root's is 0 */
    unsigned depth;
    bool props_open; /* still among a node's own properties */
};

/* Does a change's path name the node at c->path? Part by part, as fdt_find does. */
static bool path_matches(const struct copy *c, const char *want)
{
    const char *have = c->path;
    while (*have == '/' && *want == '/') {
        have++;
        want++;
        size_t length = part_length(want);
        size_t have_length = part_length(have);
        char part[FDT_PATH_MAX];
        memcpy(part, have, have_length);
        part[have_length] = 0;
        if (!name_matches(part, want, length)) {
            return false;
        }
        have += have_length;
        want += length;
    }
    return *have == 0 && (*want == 0 || (want[0] == '/' && want[1] == 0));
}

static bool is_changed(const struct copy *c, const char *name)
{
    for (size_t n = 0; n < c->count; n++) {
        if (strcmp(c->changes[n].name, name) == 0 && path_matches(c, c->changes[n].path)) {
            return true;
        }
    }
    return false;
}

/* At the end of a node's own properties: those that the changes give it. */
static void close_props(struct copy *c)
{
    if (!c->props_open) {
        return;
    }
    c->props_open = false;
    for (size_t n = 0; n < c->count; n++) {
        const struct fdt_change *change = &c->changes[n];
        if (change->data != NULL && path_matches(c, change->path)) {
            fdt_prop(c->w, change->name, change->data, change->length);
        }
    }
}

static int enter(struct copy *c, const char *name)
{
    size_t at = c->path_length[c->depth];
    size_t length = strlen(name);
    if (c->depth != 0) {
        if (at + 1 + length + 1 > sizeof(c->path)) {
            return -ERR_RANGE;
        }
        c->path[at] = '/';
        memcpy(c->path + at + 1, name, length + 1);
        at += 1 + length;
    }
    c->depth++;
    c->path_length[c->depth] = at;
    c->props_open = true;
    fdt_begin_node(c->w, name);
    return 0;
}

static void leave(struct copy *c)
{
    close_props(c);
    c->depth--;
    c->path[c->path_length[c->depth]] = 0;
    fdt_end_node(c->w);
}

/* The change names a node right below the root that f has not, and no earlier change did. */
static bool needs_node(const struct copy *c, const struct fdt *f, size_t index)
{
    const struct fdt_change *change = &c->changes[index];
    if (change->data == NULL || change->path[0] != '/' || change->path[1] == 0 ||
        strchr(change->path + 1, '/') != NULL || fdt_find(f, change->path) >= 0) {
        return false;
    }
    for (size_t n = 0; n < index; n++) {
        if (c->changes[n].data != NULL && strcmp(c->changes[n].path, change->path) == 0) {
            return false;
        }
    }
    return true;
}

static int add_missing_nodes(struct copy *c, const struct fdt *f)
{
    for (size_t n = 0; n < c->count; n++) {
        if (needs_node(c, f, n)) {
            int error = enter(c, c->changes[n].path + 1);
            if (error < 0) {
                return error;
            }
            leave(c);
        }
    }
    return 0;
}

static void copy_reservations(struct fdt_writer *w, const struct fdt *f)
{
    for (uint32_t at = f->reserve;; at += 16) {
        uint64_t address = (uint64_t)fdt_cell(f->blob + at) << 32 | fdt_cell(f->blob + at + 4);
        uint64_t size = (uint64_t)fdt_cell(f->blob + at + 8) << 32 | fdt_cell(f->blob + at + 12);
        if (address == 0 && size == 0) {
            return;
        }
        fdt_reserve(w, address, size);
    }
}

int fdt_copy(struct fdt_writer *w, const struct fdt *f, const struct fdt_change *changes,
             size_t count)
{
    struct copy c = {.w = w, .changes = changes, .count = count};
    struct token t = {0};
    uint32_t at = f->structure;
    copy_reservations(w, f);
    while (next_token(f, &at, &t) == 0 && t.kind != FDT_END) {
        int error = 0;
        if (t.kind == FDT_PROP) {
            if (!is_changed(&c, t.name)) {
                fdt_prop(w, t.name, t.data, t.length);
            }
            continue;
        }
        close_props(&c);
        if (t.kind == FDT_BEGIN_NODE) {
            error = enter(&c, t.name);
        } else {
            error = c.depth == 1 ? add_missing_nodes(&c, f) : 0;
            leave(&c);
        }
        if (error < 0) {
            return error;
        }
    }
    return w->error;
}
