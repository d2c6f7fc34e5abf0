/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of kernel/vm*.c share. */
#pragma once

#include "kernel/lib/spinlock.h"
#include "kernel/vm.h"
#include "kernel/vm_image.h"
#include "kernel/vm_memory.h"

#define VM_NAME_MAX 32

struct vm {
    struct vm *next; /* in the list of all */
    char name[VM_NAME_MAX];
    struct vm_memory memory;
    struct ptab nested;
    struct abi_boot layout; /* root's own copy of what it told the engine */
    struct vm_image image;

    unsigned vcpu_count;
    struct vcpu *vcpus[ABI_MAX_VCPUS];
    unsigned live; /* vCPUs that are not gone; atomic */

    bool stopping; /* set once, from any core */
    bool paused;   /* by the monitor; atomic */
    enum vm_end end;
    uint64_t end_code;
    char end_text[ABI_LOG_MAX + 1];
    uint64_t start_tsc;
    uint64_t end_tsc;

    struct spinlock console_lock;
    unsigned log_tokens;
    uint64_t log_refilled; /* TSC */

    void *owner;
    size_t (*console_write)(void *owner, const char *data, size_t size);
    size_t (*console_read)(void *owner, char *data, size_t size);
    void (*doorbell)(struct vm *vm, uint64_t bells);
    void (*ended)(void *owner, enum vm_end why, const char *text);
};

/* vm_tables.c: the nested tables over the VM's memory, and the first page tables inside. */
int vm_map_nested(struct vm *vm) MUST_CHECK;
int vm_build_tables(struct vm *vm) MUST_CHECK;

/* vm_load.c: segments, files and the boot page into the VM's memory. */
int vm_load(struct vm *vm, const struct vm_config *config) MUST_CHECK;

/* Copies into the VM's memory; the range is known to be in it. */
void vm_copy_in(struct vm *vm, uint64_t vpa, const void *from, uint64_t size);
