/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads exarch.ini: `[section name]`, `key = value`, comment lines that start with `;` or `#`, and
 * comments behind a value, after white space and `;`. What a line means is its reader's business;
 * this only takes lines apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define INI_SECTION_MAX 64u
#define INI_KEY_MAX     32u
#define INI_VALUE_MAX   2048u

struct ini_entry {
    unsigned line; /* from 1 */
    char
        section[INI_SECTION_MAX]; /* as between the brackets, spaces trimmed; "" before the first */
    char key[INI_KEY_MAX];        /* "" for the section's own line */
    char value[INI_VALUE_MAX];
};

struct ini_reader {
    /* Each section line and each key, in the file's order; false ends the reading. */
    bool (*entry)(void *context, const struct ini_entry *entry);
    /* A line that is neither: what is wrong with it, and whether it was to begin a section: what
     * follows belongs to none. Reading goes on. */
    void (*broken)(void *context, unsigned line, bool section, const char *why);
    void *context;
};

/* Reads `size` bytes of text; `entry` is the caller's room (it is large). Any bytes are safe. True
 * when nothing was broken and nobody ended the reading. */
bool ini_read(const char *text, size_t size, const struct ini_reader *reader,
              struct ini_entry *entry);
