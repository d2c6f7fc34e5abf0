/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine in its VM: its start, its memory, its console and log, its end. */
#include <stdarg.h>

#include "dbt/platform/features.h"
#include "dbt/platform/vm/console.h"
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/vm.h"
#include "dbt/rt/rt.h"
#include "dbt/rt/stats.h"
#include "dbt/sys/sys.h"
#include "guestdev/boot.h"
#include "guestdev/timer.h"
#include "kernel/lib/string.h"

/* The part of the heap that is kept for page tables: a page each 2 MiB that many views map. */
#define TABLES_SHARE 4
#define TABLES_MIN   MIB(4)

static struct plat_memory memory;
static struct vm vm;
static struct vcpu vcpus[1]; /* guests have one vCPU in this version */

const struct plat_memory *plat_memory(void)
{
    return &memory;
}

static void vm_memory_init(const struct abi_boot *boot)
{
    uint64_t left = space.heap_end - space.free;
    uint64_t tables = MAX(left / TABLES_SHARE, TABLES_MIN);
    uint64_t heap = left > tables ? ALIGN_DOWN(left - tables, PAGE_SIZE) : 0;
    memory = (struct plat_memory){
        .ram = space_pointer(boot->ram.vpa),
        .ram_size = boot->ram.size,
        .heap = space_take(heap),
        .heap_size = heap,
        .code_rw = space_pointer(boot->code.vpa),
        .code_rx = SPACE_CODE,
        .code_size = boot->code.size,
        .shared = space_pointer(space.shared_vpa),
        .shared_size = space.shared_size,
    };
}

/* --- console, log, end --- */
size_t plat_console_write(const void *data, size_t size)
{
    return console_write(data, size);
}

size_t plat_console_read(void *data, size_t size)
{
    return console_read(data, size);
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    static const enum abi_log levels[] = {[PLAT_ERROR] = ABI_LOG_ERROR,
                                          [PLAT_WARN] = ABI_LOG_WARN,
                                          [PLAT_INFO] = ABI_LOG_INFO,
                                          [PLAT_DEBUG] = ABI_LOG_DEBUG};
    va_list args;
    va_start(args, format);
    console_log(levels[level], format, args);
    va_end(args);
}

/* Root has no place for traces of translations; the hosted runner shows them. */
void plat_trace_block(const struct vcpu *vcpu, uint64_t pa, const struct ir_block *ir,
                      const struct x64_code *code)
{
    (void)vcpu;
    (void)pa;
    (void)ir;
    (void)code;
}

void plat_end(enum plat_end end, int status)
{
    static const enum abi_stop stops[] = {[PLAT_END_OFF] = ABI_STOP_POWEROFF,
                                          [PLAT_END_RESET] = ABI_STOP_RESET,
                                          [PLAT_END_FAILURE] = ABI_STOP_PANIC};
    console_flush();
    if (vcpus[0].rt && end == PLAT_END_FAILURE) { /* else the monitor's `stats` shows them */
        rt_stats_log(&vcpus[0]);
    }
    hypercall_stop(stops[end], (uint64_t)status);
}

static _Noreturn void give_up(const char *why)
{
    plat_log(PLAT_ERROR, "%s", why);
    plat_end(PLAT_END_FAILURE, 1);
}

/* --- the machine --- */
static struct boot_file file_of(const struct abi_boot *boot, enum abi_file file)
{
    const struct abi_area *area = &boot->files[file];
    return (struct boot_file){.data = area->size ? space_pointer(area->vpa) : NULL,
                              .size = area->size};
}

static void make_machine(const struct abi_boot *boot)
{
    vm.vcpu_count = ARRAY_SIZE(vcpus);
    if (!memory.heap || !rt_vm_init(&vm)) {
        give_up("the engine's heap is too small");
    }
    uint64_t windows = space_keep(vm.vcpu_count * VM_WINDOWS_SIZE);
    for (unsigned i = 0; i < vm.vcpu_count; i++) {
        vcpus[i] = (struct vcpu){.vm = &vm, .id = i, .off = i != 0};
        vm.vcpu[i] = &vcpus[i];
        vm_events_init(&vcpus[i], boot);
        if (!vm_windows_init(vm_vcpu(&vcpus[i]), windows + i * VM_WINDOWS_SIZE) ||
            !rt_vcpu_init(&vcpus[i])) {
            give_up("the engine's heap is too small");
        }
        timer_init(&vcpus[i], plat_counter());
    }
    vm_devices_init(&vm, boot);
}

static void load_guest(const struct abi_boot *boot)
{
    struct boot_config config = {.kernel = file_of(boot, ABI_FILE_KERNEL),
                                 .initrd = file_of(boot, ABI_FILE_INITRD),
                                 .dtb = file_of(boot, ABI_FILE_DTB),
                                 .append = boot->cmdline[0] ? boot->cmdline : NULL};
    struct boot_entry entry;
    const char *why = "";
    memcpy(config.seed, boot->seed, sizeof(config.seed));
    if (!config.kernel.data) {
        console_stop_files("the kernel's file is empty");
    }
    if (boot_load(&vm, &config, &entry, &why) < 0) {
        console_stop_files(why);
    }
    space_add(boot->store); /* the files have been read */
    machine_reset(&vm);
    sys_vcpu_reset(&vcpus[0], entry.pc, entry.x0);
}

_Noreturn void engine_main(const struct abi_boot *boot, unsigned vcpu)
{
    ring_init(boot, vcpu);
    while (vcpu >= ARRAY_SIZE(vcpus)) {
        hypercall_init(boot);
        hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL); /* more vCPUs than this version runs */
    }
    hypercall_init(boot);
    console_init(boot);
    if (space_init(boot)) {
        give_up("the engine's memory cannot be mapped");
    }
    if (!features_are_enough()) {
        give_up("this CPU is older than x86-64-v3");
    }
    if (boot->tsc_hz <= MACHINE_COUNTER_HZ) { /* timer_init scales down */
        give_up("the TSC is slower than the guest's counter");
    }
    vm_memory_init(boot);
    vm_stubs_init();
    vm_views_init();
    ring_cpu()->owner = vm_vcpu(&vcpus[0]);
    make_machine(boot);
    load_guest(boot);
    rt_loop(&vcpus[0]);
}
