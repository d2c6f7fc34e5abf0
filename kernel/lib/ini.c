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

/* NULL, or why not: it does not fit, or holds a byte that is no text. */
static const char *keep(char *to, size_t size, struct piece p, const char *too_long)
{
    size_t length = (size_t)(p.end - p.start);

    if (memchr(p.start, 0, length)) {
        return "a byte is 0; expected text in UTF-8";
    }
    if (length >= size) {
        return too_long;
    }
    memcpy(to, p.start, length);
    to[length] = '\0';
    return NULL;
}

_Static_assert(INI_SECTION_MAX == 64 && INI_KEY_MAX == 32 && INI_VALUE_MAX == 2048, "words below");

static const char *take_section(struct piece p, struct ini_entry *entry)
{
    if (p.end[-1] != ']') {
        return "expected a ']' at the end of the section's line";
    }
    entry->key[0] = entry->value[0] = '\0';
    return keep(entry->section, sizeof(entry->section),
                trim((struct piece){p.start + 1, p.end - 1}),
                "the section's name is too long; expected at most 63 characters");
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
    struct piece value = without_comment((struct piece){equals + 1, p.end});
    if (key.start == key.end) {
        return "expected a key before the '='";
    }
    const char *why = keep(entry->key, sizeof(entry->key), key,
                           "the key is too long; expected at most 31 characters");
    return why ? why
               : keep(entry->value, sizeof(entry->value), trim(value),
                      "the value is too long; expected at most 2047 characters");
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
        bool section = *p.start == '[';
        const char *why = section ? take_section(p, entry) : take_key(p, entry);
        if (why) {
            reader->broken(reader->context, entry->line, section, why);
            fine = false;
        } else if (!reader->entry(reader->context, entry)) {
            return false;
        }
    }
    return fine;
}
