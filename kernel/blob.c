/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks embedded files up in the table that tools/mkblobs makes. */
#include "kernel/blob.h"

#include <stdint.h>

#include "kernel/lib/string.h"

extern const struct blob blob_table[];
extern const uint32_t blob_count;

const struct blob *blob_find(const char *name)
{
    for (uint32_t i = 0; i < blob_count; i++) {
        if (!strcmp(blob_table[i].name, name)) {
            return &blob_table[i];
        }
    }
    return NULL;
}
