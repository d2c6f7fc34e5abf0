/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a VM's memory before its start: the engine's segments, the guest's files, the boot page. */
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/random.h"
#include "kernel/time.h"
#include "kernel/vm_priv.h"
#include "kernel/x86/cpu.h"

void vm_copy_in(struct vm *vm, uint64_t vpa, const void *from, uint64_t size)
{
    const uint8_t *bytes = from;
    while (size) {
        uint64_t part = MIN(size, VM_CHUNK - vpa % VM_CHUNK);
        memcpy(vm_pointer(vm, vpa, part), bytes, part);
        vpa += part;
        bytes += part;
        size -= part;
    }
}

static void load_files(struct vm *vm, const struct vm_config *config)
{
    uint64_t next = vm->layout.store.vpa;
    for (unsigned i = 0; i < ABI_FILE_COUNT; i++) {
        const struct vm_file *file = &config->files[i];
        if (file->data) {
            vm->layout.files[i] = (struct abi_area){next, file->size};
            vm_copy_in(vm, next, file->data, file->size);
            next += ALIGN_UP(file->size, PAGE_SIZE);
        }
    }
}

int vm_load(struct vm *vm, const struct vm_config *config)
{
    struct abi_boot *l = &vm->layout;
    for (unsigned i = 0; i < vm->image.count; i++) {
        const struct image_segment *s = &vm->image.segments[i];
        vm_copy_in(vm, s->vpa, (const uint8_t *)config->engine + s->offset, s->filled);
    }
    load_files(vm, config);
    l->magic = ABI_MAGIC;
    l->version = ABI_VERSION;
    l->vendor = virt->vendor;
    l->features = virt_abi_features();
    l->vcpus = vm->vcpu_count;
    l->tsc_hz = time_tsc_hz();
    l->xcr0 = virt_xcr0();
    string_copy(l->name, vm->name, sizeof(l->name));
    if (config->cmdline &&
        string_copy(l->cmdline, config->cmdline, sizeof(l->cmdline)) >= sizeof(l->cmdline)) {
        log_error(LOG_VM, "%s: its command line is longer than %zu bytes", vm->name,
                  sizeof(l->cmdline) - 1);
        return -ERR_RANGE;
    }
    random_fill(l->seed, sizeof(l->seed));
    vm_copy_in(vm, l->shared.vpa, l, sizeof(*l));
    return 0;
}
