/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's ELF image, checked (abi.h says what it must be), and where all in a VM lies. */
#pragma once

#include "exarch/abi.h"
#include "exarch/err.h"

struct image_segment {
    uint64_t vpa;    /* page aligned */
    uint64_t size;   /* whole pages */
    uint64_t offset; /* in the file */
    uint64_t filled; /* bytes that come from the file */
    unsigned rights; /* enum ptab_right */
};

struct vm_image {
    struct image_segment segments[ABI_IMAGE_SEGMENTS];
    unsigned count;
    uint64_t size; /* of all, from VPA 0, whole pages */
    uint64_t entry;
};

/* Checks the file and reads its segments. `why` gets the complaint. Errors: FORMAT. */
int vm_image_parse(const void *file, uint64_t size, struct vm_image *image,
                   const char **why) MUST_CHECK;

struct vm_sizes {
    unsigned vcpus;
    uint64_t heap, store, code, ram; /* bytes; store is for the files */
};

/*
 * Fills boot's areas and page addresses; the result is the size of the VM's physical space.
 * Code and ram are multiples of 2 MiB; the heap gets what alignment leaves.
 */
uint64_t vm_layout(struct abi_boot *boot, const struct vm_image *image,
                   const struct vm_sizes *sizes);
