/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual machines: made from a configuration, run by their vCPUs on the cores that they are pinned
 * to, ended by themselves, by the monitor or by what they did wrong. Memory is taken whole at the
 * start and given back at the end; a VM's end never touches another one.
 *
 * Locks: vm.c's list lock, never held while a VM runs. `stopping` is set once, from any core.
 */
#pragma once

#include "exarch/abi.h"
#include "kernel/virt/virt.h"

/* Translations reach each other by 32-bit distances. */
#define VM_CODE_CACHE_MAX GIB(1)

struct vm;

enum vm_end {
    VM_END_NONE,
    VM_END_POWEROFF, /* its own wish */
    VM_END_RESET,    /* wants to start again */
    VM_END_PANIC,    /* its engine gave up */
    VM_END_FAULT,    /* did what no VM may; root stopped it */
    VM_END_KILLED,   /* the monitor's wish */
    VM_END_FILES,    /* its kernel, initrd or dtb cannot be started */
    VM_END_COUNT
};

struct vm_file {
    const void *data; /* must stay there until vm_create returns; NULL: no such file */
    uint64_t size;
};

struct vm_config {
    const char *name;
    const char *cmdline;
    const void *engine; /* the engine's ELF */
    uint64_t engine_size;
    struct vm_file files[ABI_FILE_COUNT];
    uint64_t ram;        /* bytes, a multiple of 2 MiB */
    uint64_t heap;       /* 0: the default, 64 MiB + ram / 16 */
    uint64_t code_cache; /* 0: the default, 32 MiB */
    unsigned vcpus;
    unsigned first_core; /* vCPU n runs on core (first_core + n) mod cores */
    void *owner;         /* for the callbacks */
    /* The VM's console output: the bytes taken, fewer than size when there is no room. */
    size_t (*console_write)(void *owner, const char *data, size_t size);
    /* The bytes got for its input, 0 when none. */
    size_t (*console_read)(void *owner, char *data, size_t size);
    /* Doorbells that the engine rang (a bit per device). NULL: there are no devices. */
    void (*doorbell)(struct vm *vm, uint64_t bells);
    /* Its end, in the reaper's context, memory already given back. `text` says why where it is
     * VM_END_FILES, else it is empty. */
    void (*ended)(void *owner, enum vm_end why, const char *text);
};

/* Takes memory, loads the engine, makes the vCPUs; *vm is not running yet. The log says what was
 * wrong. Errors: INVAL, FORMAT, RANGE, NOMEM. */
int vm_create(const struct vm_config *config, struct vm **vm) MUST_CHECK;

/* The memory that such a VM takes in all, in bytes; 0: its engine is no good. */
uint64_t vm_space(const struct vm_config *config);

/* Sends the vCPUs to their cores. */
void vm_start(struct vm *vm);

/* Ends it; the first caller's reason counts. Any core, any time. */
void vm_stop(struct vm *vm, enum vm_end why, uint64_t code);

/* Ends it because of its files; the text is kept for `ended`. */
void vm_stop_files(struct vm *vm, const char *text);

/* The same for what no VM may do: says what, with the back end's dump. On the vCPU's own core. */
void vm_fault(struct vcpu *vcpu, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Lets its vCPUs stand still, or go on. Any core, any time. */
void vm_pause(struct vm *vm, bool pause);
bool vm_is_paused(const struct vm *vm);

/* Gives back VMs whose vCPUs are all gone, calls `ended`. On the boot CPU. Returns how many live.
 */
unsigned vm_reap(void);

/* Sets event bits for a vCPU and makes it look. Any core. */
void vcpu_post(struct vcpu *vcpu, uint64_t events);

/* Posts to all vCPUs of the VM. */
void vm_post(struct vm *vm, uint64_t events);

/* Bytes for the VM's console have come: fetches them by console_read, tells the VM. Any core. */
void vm_console_input(struct vm *vm);

/* Takes what the VM has written; on the vCPU's core or, when it is not running, anywhere. */
void vm_console_drain(struct vm *vm);

/* size bytes at a VPA of the VM's memory, as root sees them; NULL when they are not all in it or
 * cross a 2 MiB border. */
void *vm_pointer(const struct vm *vm, uint64_t vpa, uint64_t size);

/* Where the guest's RAM begins (VPA) and its size. */
struct abi_area vm_ram(const struct vm *vm);

const struct ptab *vm_nested(const struct vm *vm);
const char *vm_name(const struct vm *vm);
void *vm_owner(const struct vm *vm);
bool vm_is_stopping(const struct vm *vm);
struct vcpu *vm_vcpu(const struct vm *vm, unsigned index); /* NULL: no such vCPU */
struct abi_vcpu *vm_vcpu_page(const struct vm *vm, unsigned index);
struct abi_vm *vm_shared_page(const struct vm *vm);

/* For hypercalls: rings the VM's doorbells. False when it has no devices. */
bool vm_ring(struct vm *vm);

/* A line of the engine's in the log; false when the VM has spent its lines. */
bool vm_log(struct vm *vm, unsigned level, const char *text);

/* A vCPU's back-end part is gone (sched.c). */
void vm_vcpu_gone(struct vcpu *vcpu);

/* Exits by cause with cycles, memory, run time: the monitor's `stats`, and a VM's end. */
void vm_report(const struct vm *vm);
