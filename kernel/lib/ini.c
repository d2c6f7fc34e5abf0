/* SPDX-License-Identifier: BSD-2-Clause */
/* INI lines taken apart; see ini.h. */
#include "kernel/lib/ini.h"

#include "kernel/lib/string.h"

struct piece {
    const char *start, *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece p)
{
    while (p.start < p.end && is_space(*p.start)) {
        p.start++;
    }
    while (p.start < p.end && is_space(p.end[-1])) {
        p.end--;
    }
    return p;
}

/* False when it does not fit, or holds a byte that is no text. */
static bool keep(char *to, size_t size, struct piece p)
{
    size_t length = (size_t)(p.end - p.start);

    if (length >= size || memchr(p.start, 0, length)) {
        return false;
    }
    memcpy(to, p.start, length);
    to[length] = '\0';
    return true;
}

static const char *take_section(struct piece p, struct ini_entry *entry)
{
    if (p.end[-1] != ']') {
        return "the section's line has no ']' at its end";
    }
    entry->key[0] = entry->value[0] = '\0';
    if (!keep(entry->section, sizeof(entry->section),
              trim((struct piece){p.start + 1, p.end - 1}))) {
        return "the section's name is too long";
    }
    return NULL;
}

/* Without the comment that white space and a ';' begin. */
static struct piece without_comment(struct piece p)
{
    for (const char *c = p.start; c < p.end; c++) {
        if (*c == ';' && (c == p.start || is_space(c[-1]))) {
            return (struct piece){p.start, c};
        }
    }
    return p;
}

static const char *take_key(struct piece p, struct ini_entry *entry)
{
    const char *equals = memchr(p.start, '=', (size_t)(p.end - p.start));

    if (!equals) {
        return "expected [section] or key = value";
    }
    struct piece key = trim((struct piece){p.start, equals});
    if (key.start == key.end) {
        return "there is no key before the '='";
    }
    if (!keep(entry->key, sizeof(entry->key), key)) {
        return "the key is too long";
    }
    struct piece value = without_comment((struct piece){equals + 1, p.end});
    if (!keep(entry->value, sizeof(entry->value), trim(value))) {
        return "the value is too long";
    }
    return NULL;
}

bool ini_read(const char *text, size_t size, const struct ini_reader *reader,
              struct ini_entry *entry)
{
    const char *end = text + size;
    bool fine = true;

    memset(entry, 0, sizeof(*entry));
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct piece p = trim((struct piece){text, newline ? newline : end});
        entry->line++;
        text = newline ? newline + 1 : end;
        if (p.start == p.end || *p.start == ';' || *p.start == '#') {
            continue;
        }
        const char *why = *p.start == '[' ? take_section(p, entry) : take_key(p, entry);
        if (why) {
            reader->broken(reader->context, entry->line, why);
            fine = false;
        } else if (!reader->entry(reader->context, entry)) {
            return false;
        }
    }
    return fine;
}
