/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of VMs; see vm.h. */
#include "kernel/vm.h"

#include <stdarg.h>

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/virt/sched.h"
#include "kernel/vm_priv.h"
#include "kernel/x86/cpu.h"

#define DEFAULT_HEAP       MIB(64)
#define DEFAULT_HEAP_SHARE 16
#define DEFAULT_CODE_CACHE MIB(32)
#define TABLES_SHARE       256       /* of a VM's memory, at most: an entry of 8 bytes for 4 KiB */
#define AREA_MAX           BIT64(40) /* each: sums of areas never wrap */
#define LOG_BURST          64u
#define LOG_PER_SECOND     16u

static struct spinlock list_lock;
static struct vm *list;

static const char *const end_names[VM_END_COUNT] = {
    [VM_END_NONE] = "running",
    [VM_END_POWEROFF] = "switched itself off",
    [VM_END_RESET] = "reset",
    [VM_END_PANIC] = "its engine gave up",
    [VM_END_FAULT] = "was stopped",
    [VM_END_KILLED] = "was ended by the user",
    [VM_END_FILES] = "has files that do not start",
};

/* --- making
 * --------------------------------------------------------------------------------------- */
static int check_config(const struct vm_config *c)
{
    const char *why = NULL;
    if (!c->vcpus || c->vcpus > ABI_MAX_VCPUS) {
        why = "its number of CPUs is not 1 to 16";
    } else if (!c->ram || !IS_ALIGNED(c->ram | c->heap | c->code_cache, MIB(2)) ||
               c->ram > AREA_MAX || c->heap > AREA_MAX || c->code_cache > AREA_MAX) {
        why = "its memory, or its engine's, is not a multiple of 2 MiB up to 1 TiB";
    } else if (c->code_cache > VM_CODE_CACHE_MAX) {
        why = "its code cache is larger than 1 GiB";
    } else if (!virt) {
        why = "this machine has no virtualization";
    }
    if (why) {
        log_error(LOG_VM, "%s: %s", c->name, why);
    }
    return why ? -ERR_INVAL : 0;
}

static int make_vcpus(struct vm *vm, const struct vm_config *config)
{
    for (unsigned i = 0; i < config->vcpus; i++) {
        struct vcpu *vcpu = kalloc(sizeof(*vcpu));
        if (!vcpu) {
            return -ERR_NOMEM;
        }
        uint64_t stack = vm->layout.stacks.vpa + (i + 1) * (PAGE_SIZE + ABI_STACK_SIZE);
        vcpu->vm = vm;
        vcpu->index = i;
        vcpu->core = (config->first_core + i) % smp_cpu_count();
        vcpu->state = VCPU_NEW;
        vcpu->start_rip = vm->image.entry;
        vcpu->start_rsp = ABI_ENGINE_BASE + stack - 8; /* as after a call */
        vcpu->start_cr3 = vm->layout.cr3;
        vcpu->regs.rdi = ABI_DIRECT_BASE + vm->layout.shared.vpa;
        vcpu->regs.rsi = i;
        vm_vcpu_page(vm, i)->deadline = ABI_NO_DEADLINE;
        vm->vcpus[i] = vcpu;
    }
    return 0;
}

static void free_vm(struct vm *vm)
{
    for (unsigned i = 0; i < ABI_MAX_VCPUS; i++) {
        kfree(vm->vcpus[i], sizeof(struct vcpu));
    }
    if (vm->nested.root) {
        ptab_destroy(&vm->nested);
    }
    vm_memory_give(&vm->memory);
    kfree(vm, sizeof(*vm));
}

static uint64_t files_size(const struct vm_config *config)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < ABI_FILE_COUNT; i++) {
        size += config->files[i].data ? ALIGN_UP(config->files[i].size, PAGE_SIZE) : 0;
    }
    return size;
}

static struct vm_sizes sizes_of(const struct vm_config *config)
{
    uint64_t heap = config->heap
                        ? config->heap
                        : DEFAULT_HEAP + ALIGN_UP(config->ram / DEFAULT_HEAP_SHARE, MIB(2));
    uint64_t code = config->code_cache ? config->code_cache : DEFAULT_CODE_CACHE;
    return (struct vm_sizes){config->vcpus, heap, files_size(config), code, config->ram};
}

uint64_t vm_space(const struct vm_config *config)
{
    static struct abi_boot layout; /* on the boot CPU only, as all that makes VMs */
    const struct vm_sizes sizes = sizes_of(config);
    struct vm_image image;
    const char *why = NULL;
    if (vm_image_parse(config->engine, config->engine_size, &image, &why)) {
        return 0;
    }
    uint64_t space = vm_layout(&layout, &image, &sizes);
    return space + MIB(2) + space / TABLES_SHARE; /* nested tables, bookkeeping */
}

static int build(struct vm *vm, const struct vm_config *config)
{
    const char *why = NULL;
    int error = vm_image_parse(config->engine, config->engine_size, &vm->image, &why);
    if (error) {
        log_error(LOG_VM, "%s: its engine is no good: %s", vm->name, why);
        return error;
    }
    const struct vm_sizes sizes = sizes_of(config);
    uint64_t space = vm_layout(&vm->layout, &vm->image, &sizes);
    if (space > ABI_SLOT_SIZE) { /* of the engine's direct map */
        log_error(LOG_VM, "%s: wants %lu GiB with its engine's; a VM may have 512", vm->name,
                  space >> 30);
        return -ERR_INVAL;
    }
    error = vm_memory_take(&vm->memory, space, virt_features.guest_large_1g);
    if (error) {
        log_error(LOG_VM, "%s: wants %lu MiB with its engine's; there is not that much memory free",
                  vm->name, space >> 20);
        return error;
    }
    error = vm_build_tables(vm);
    if (!error) {
        error = vm_load(vm, config);
    }
    if (!error) {
        error = vm_map_nested(vm);
    }
    return error ? error : make_vcpus(vm, config);
}

int vm_create(const struct vm_config *config, struct vm **out)
{
    int error = check_config(config);
    if (error) {
        return error;
    }
    struct vm *vm = kalloc(sizeof(*vm));
    if (!vm) {
        return -ERR_NOMEM;
    }
    string_copy(vm->name, config->name, sizeof(vm->name));
    vm->vcpu_count = config->vcpus;
    vm->log_tokens = LOG_BURST;
    vm->owner = config->owner;
    vm->console_write = config->console_write;
    vm->console_read = config->console_read;
    vm->doorbell = config->doorbell;
    vm->ended = config->ended;
    error = build(vm, config);
    if (error) {
        log_error(LOG_VM, "%s: not started: %s", vm->name, err_text(error));
        free_vm(vm);
        return error;
    }
    *out = vm;
    return 0;
}

void vm_start(struct vm *vm)
{
    log_info(LOG_VM, "%s: %lu MiB, %u CPU(s); %lu x 1G, %lu x 2M, %lu x 4K pages in %s", vm->name,
             vm->layout.ram.size >> 20, vm->vcpu_count, vm->nested.leaves[3], vm->nested.leaves[2],
             vm->nested.leaves[1], vm->nested.format->name);
    vm->live = vm->vcpu_count;
    vm->start_tsc = tsc_read();
    uint64_t flags = spin_lock_irq(&list_lock);
    vm->next = list;
    list = vm;
    spin_unlock_irq(&list_lock, flags);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        sched_add(vm->vcpus[i]);
    }
}

/* --- ending
 * --------------------------------------------------------------------------------------- */
void vm_stop(struct vm *vm, enum vm_end why, uint64_t code)
{
    if (__atomic_exchange_n(&vm->stopping, true, __ATOMIC_SEQ_CST)) {
        return;
    }
    vm->end = why;
    vm->end_code = code;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        sched_wake(vm->vcpus[i]);
    }
}

void vm_stop_files(struct vm *vm, const char *text)
{
    string_copy(vm->end_text, text, sizeof(vm->end_text)); /* read when all vCPUs are gone */
    vm_stop(vm, VM_END_FILES, 0);
}

void vm_pause(struct vm *vm, bool pause)
{
    __atomic_store_n(&vm->paused, pause, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        sched_wake(vm->vcpus[i]);
    }
}

bool vm_is_paused(const struct vm *vm)
{
    return __atomic_load_n(&vm->paused, __ATOMIC_ACQUIRE);
}

void vm_fault(struct vcpu *vcpu, const char *format, ...)
{
    char text[160];
    va_list args;
    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    log_error(LOG_VM, "%s: vCPU %u %s; it is stopped", vcpu->vm->name, vcpu->index, text);
    const struct vcpu_regs *r = &vcpu->regs;
    log_error(LOG_VM, "  RAX %016lx RBX %016lx RCX %016lx RDX %016lx", r->rax, r->rbx, r->rcx,
              r->rdx);
    log_error(LOG_VM, "  RSI %016lx RDI %016lx RBP %016lx R8  %016lx", r->rsi, r->rdi, r->rbp,
              r->r8);
    log_error(LOG_VM, "  R9  %016lx R10 %016lx R11 %016lx R12 %016lx", r->r9, r->r10, r->r11,
              r->r12);
    log_error(LOG_VM, "  R13 %016lx R14 %016lx R15 %016lx", r->r13, r->r14, r->r15);
    virt->dump(vcpu);
    vm_stop(vcpu->vm, VM_END_FAULT, 0);
}

void vm_vcpu_gone(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    vm->end_tsc = tsc_read();
    if (__atomic_sub_fetch(&vm->live, 1, __ATOMIC_ACQ_REL) == 0) {
        sched_want_background(); /* the reaper */
    }
}

/* Takes one VM out of the list whose vCPUs are all gone; counts the others. */
static struct vm *take_dead(unsigned *living)
{
    struct vm *dead = NULL;
    *living = 0;
    uint64_t flags = spin_lock_irq(&list_lock);
    for (struct vm **link = &list; *link;) {
        struct vm *vm = *link;
        if (!dead && !__atomic_load_n(&vm->live, __ATOMIC_ACQUIRE)) {
            *link = vm->next;
            dead = vm;
            continue;
        }
        ++*living;
        link = &vm->next;
    }
    spin_unlock_irq(&list_lock, flags);
    return dead;
}

unsigned vm_reap(void)
{
    unsigned living = 0;
    struct vm *dead = NULL;
    while ((dead = take_dead(&living)) != NULL) {
        void (*ended)(void *, enum vm_end, const char *) = dead->ended;
        void *owner = dead->owner;
        enum vm_end why = dead->end;
        static char text[sizeof(dead->end_text)];
        memcpy(text, dead->end_text, sizeof(text));
        log_info(LOG_VM, "%s: %s (code %lu)", dead->name, end_names[why], dead->end_code);
        vm_console_drain(dead);
        if (why != VM_END_FILES) {
            vm_report(dead);
        }
        free_vm(dead);
        if (ended) {
            ended(owner, why, text);
        }
    }
    return living;
}

/* --- events and consoles
 * ---------------------------------------------------------------------------- */
void vcpu_post(struct vcpu *vcpu, uint64_t events)
{
    __atomic_fetch_or(&vm_vcpu_page(vcpu->vm, vcpu->index)->pending, events, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vcpu->event_wanted, true, __ATOMIC_SEQ_CST);
    sched_wake(vcpu);
}

void vm_post(struct vm *vm, uint64_t events)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        vcpu_post(vm->vcpus[i], events);
    }
}

/* How many of the ring's bytes the reader may take, whatever the VM wrote into the counters. */
static uint32_t ring_filled(const struct abi_ring *ring, uint32_t size)
{
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    return MIN(head - tail, size);
}

static void drain_locked(struct vm *vm)
{
    struct abi_ring *ring = &vm_shared_page(vm)->console_out;
    const char *bytes = vm_pointer(vm, vm->layout.console_out, ABI_CONSOLE_OUT_SIZE);
    uint32_t size = ABI_CONSOLE_OUT_SIZE;
    uint32_t filled = ring_filled(ring, size);
    bool was_full = filled == size;
    uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED); /* once: the VM writes it too */
    while (filled) {
        uint32_t at = tail % size;
        uint32_t part = MIN(filled, size - at);
        uint32_t taken = (uint32_t)vm->console_write(vm->owner, bytes + at, part);
        tail += taken;
        filled -= taken;
        __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
        if (taken < part) {
            break;
        }
    }
    if (was_full && filled < size) {
        vcpu_post(vm->vcpus[0], ABI_EVENT_CONSOLE); /* its writer may wait for room */
    }
}

void vm_console_drain(struct vm *vm)
{
    const struct abi_ring *ring = &vm_shared_page(vm)->console_out;
    if (!vm->console_write || !ring_filled(ring, ABI_CONSOLE_OUT_SIZE)) {
        return;
    }
    uint64_t flags = spin_lock_irq(&vm->console_lock);
    drain_locked(vm);
    spin_unlock_irq(&vm->console_lock, flags);
}

void vm_console_input(struct vm *vm)
{
    struct abi_ring *ring = &vm_shared_page(vm)->console_in;
    char *bytes = vm_pointer(vm, vm->layout.console_in, ABI_CONSOLE_IN_SIZE);
    uint32_t size = ABI_CONSOLE_IN_SIZE;
    size_t total = 0;
    uint64_t flags = spin_lock_irq(&vm->console_lock);
    uint32_t room = size - ring_filled(ring, size);
    uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
    while (room && vm->console_read) {
        uint32_t part = MIN(room, size - head % size);
        size_t got = vm->console_read(vm->owner, bytes + head % size, part);
        if (!got) {
            break;
        }
        head += (uint32_t)got;
        room -= (uint32_t)got;
        total += got;
        __atomic_store_n(&ring->head, head, __ATOMIC_RELEASE);
    }
    spin_unlock_irq(&vm->console_lock, flags);
    if (total) {
        vcpu_post(vm->vcpus[0], ABI_EVENT_CONSOLE);
    }
}

bool vm_ring(struct vm *vm)
{
    uint64_t bells = __atomic_exchange_n(&vm_shared_page(vm)->doorbells, 0, __ATOMIC_ACQ_REL);
    if (!vm->doorbell) {
        return false;
    }
    vm->doorbell(vm, bells);
    return true;
}

bool vm_log(struct vm *vm, unsigned level, const char *text)
{
    /* Several vCPUs may log at once; a line too many does no harm. */
    uint64_t now = tsc_read();
    uint64_t earned = (now - vm->log_refilled) * LOG_PER_SECOND / time_tsc_hz();
    if (earned) {
        vm->log_tokens = (unsigned)MIN(vm->log_tokens + earned, (uint64_t)LOG_BURST);
        vm->log_refilled = now;
    }
    if (!vm->log_tokens) {
        return false;
    }
    vm->log_tokens--;
    /* A VM's errors are not ours: they end at the level of warnings. */
    log_write(LOG_VM,
              level <= ABI_LOG_WARN   ? LOG_WARN
              : level == ABI_LOG_INFO ? LOG_INFO
                                      : LOG_DEBUG,
              "%s: %s", vm->name, text);
    return true;
}

/* --- parts
 * ---------------------------------------------------------------------------------------- */
void *vm_pointer(const struct vm *vm, uint64_t vpa, uint64_t size)
{
    if (size > VM_CHUNK || vpa >= vm->memory.size || vpa % VM_CHUNK + size > VM_CHUNK) {
        return NULL;
    }
    return hpa_to_ptr(vm_memory_at(&vm->memory, vpa));
}

struct abi_area vm_ram(const struct vm *vm)
{
    return vm->layout.ram;
}

const struct ptab *vm_nested(const struct vm *vm)
{
    return &vm->nested;
}

const char *vm_name(const struct vm *vm)
{
    return vm->name;
}

void *vm_owner(const struct vm *vm)
{
    return vm->owner;
}

bool vm_is_stopping(const struct vm *vm)
{
    return __atomic_load_n(&vm->stopping, __ATOMIC_ACQUIRE);
}

struct vcpu *vm_vcpu(const struct vm *vm, unsigned index)
{
    return index < vm->vcpu_count ? vm->vcpus[index] : NULL;
}

struct abi_vcpu *vm_vcpu_page(const struct vm *vm, unsigned index)
{
    return vm_pointer(vm, vm->layout.vcpu_pages + index * PAGE_SIZE, PAGE_SIZE);
}

struct abi_vm *vm_shared_page(const struct vm *vm)
{
    return vm_pointer(vm, vm->layout.vm_page, sizeof(struct abi_vm));
}
