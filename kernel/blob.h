/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that the build embeds in root (ROOT_BLOBS += NAME:PATH in any module.mk): engine images. */
#pragma once

#include <stddef.h>

struct blob {
    const char *name;
    const void *data; /* 4096-aligned, read-only */
    size_t size;
};

/* The blob of that name, or NULL when this build has none. */
const struct blob *blob_find(const char *name);
