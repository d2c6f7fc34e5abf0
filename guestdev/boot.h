/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of the guest: kernel, initrd and device tree put into its RAM. Pure functions on memory. */
#pragma once

#include "exarch/bits.h"
#include "exarch/err.h"

struct vm;

struct boot_file {
    const void *data; /* NULL: none */
    size_t size;
};

struct boot_config {
    struct boot_file kernel; /* arm64 Image, the same in gzip or in an EFI zboot image, ELF64
                                (static, AArch64), else raw, which goes where QEMU puts it */
    struct boot_file initrd;
    struct boot_file dtb; /* used instead of the generated one; /chosen and /memory are filled in */
    const char *append;   /* the kernel's command line, or NULL */
    uint8_t seed[64];     /* random bytes for rng-seed and kaslr-seed */
};

struct boot_entry {
    uint64_t pc, x0; /* of the first vCPU, at EL1 with the MMU off */
};

/* Loads all of it into vm's RAM. Negative: *why gets one line that names what is wrong. */
MUST_CHECK int boot_load(struct vm *vm, const struct boot_config *config, struct boot_entry *entry,
                         const char **why);

/* Writes the device tree that boot_load would give the guest to buf; its size, or negative. */
MUST_CHECK int boot_device_tree(struct vm *vm, const struct boot_config *config, void *buf,
                                size_t size);
