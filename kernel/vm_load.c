/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a VM's memory before its start: the engine's segments, the guest's files, the boot page. */
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/time.h"
#include "kernel/vm_priv.h"
#include "kernel/x86/cpu.h"

#define CPUID_1_ECX_RDRAND BIT32(30)
#define RDRAND_TRIES       10

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

static int load_files(struct vm *vm, const struct vm_config *config)
{
    struct abi_boot *l = &vm->layout;
    uint64_t end = l->ram.vpa + l->ram.size;
    for (unsigned i = 0; i < ABI_FILE_COUNT; i++) {
        const struct vm_file *file = &config->files[i];
        uint64_t room = end - l->ram.vpa;
        if (!file->data) {
            continue;
        }
        if (file->size > room || ALIGN_UP(file->size, PAGE_SIZE) > room) {
            log_error(LOG_VM, "%s: its files do not fit into %lu MiB of memory", vm->name,
                      l->ram.size >> 20);
            return -ERR_RANGE;
        }
        end -= ALIGN_UP(file->size, PAGE_SIZE);
        l->files[i] = (struct abi_area){end, file->size};
        vm_copy_in(vm, end, file->data, file->size);
    }
    return 0;
}

static bool random_word(uint64_t *word)
{
    bool fine = false;
    if (cpuid(1, 0).ecx & CPUID_1_ECX_RDRAND) {
        for (unsigned i = 0; i < RDRAND_TRIES && !fine; i++) {
            __asm__ volatile("rdrand %0; setc %1" : "=r"(*word), "=qm"(fine)::"cc");
        }
    }
    return fine;
}

/* Without RDRAND the seed is only as good as the TSC's jitter: better than all zeros, and said. */
static void fill_seed(struct vm *vm)
{
    uint64_t mix = tsc_read();
    bool weak = false;
    for (unsigned i = 0; i < sizeof(vm->layout.seed); i += 8) {
        uint64_t word = 0;
        if (!random_word(&word)) {
            mix = (mix ^ tsc_read()) * UINT64_C(0x9e3779b97f4a7c15);
            word = mix ^ mix >> 29;
            weak = true;
        }
        memcpy(&vm->layout.seed[i], &word, sizeof(word));
    }
    if (weak) {
        log_warn(LOG_VM, "%s: no RDRAND, its random seed is weak", vm->name);
    }
}

int vm_load(struct vm *vm, const struct vm_config *config)
{
    struct abi_boot *l = &vm->layout;
    for (unsigned i = 0; i < vm->image.count; i++) {
        const struct image_segment *s = &vm->image.segments[i];
        vm_copy_in(vm, s->vpa, (const uint8_t *)config->engine + s->offset, s->filled);
    }
    int error = load_files(vm, config);
    if (error) {
        return error;
    }
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
    fill_seed(vm);
    vm_copy_in(vm, l->shared.vpa, l, sizeof(*l));
    return 0;
}
