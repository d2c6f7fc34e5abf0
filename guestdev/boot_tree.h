/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's device tree: the machine as it is, or a given one with its start-up data filled in.
 */
#pragma once

#include "exarch/bits.h"
#include "exarch/err.h"

#define TREE_SEED_SIZE 64

struct tree_config {
    uint64_t ram_size;
    unsigned vcpus;
    const char *append;                /* NULL: none; a given tree keeps its own */
    uint64_t initrd_start, initrd_end; /* guest PAs; 0, 0: none */
    const uint8_t *seed;               /* TREE_SEED_SIZE random bytes */
    const void *given;                 /* a tree to use instead of ours, or NULL */
    size_t given_size;
};

/* Writes the tree to buf; its size, or a negative error. */
MUST_CHECK int64_t boot_tree_write(const struct tree_config *config, void *buf, size_t size);
