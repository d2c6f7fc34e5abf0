/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's start, from the first C instruction to the idle loop. */
#include <stdint.h>

#include "boot/boot_info.h"
#include "boot/multiboot2.h"
#include "kernel/early_console.h"
#include "kernel/guests.h"
#include "kernel/image.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/mem_boot.h"
#include "kernel/panic.h"
#include "kernel/platform.h"
#include "kernel/screen.h"
#include "kernel/selftest.h"
#include "kernel/serial.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/time.h"
#include "kernel/virt/sched.h"
#include "kernel/virt/virt.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/cpu_features.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/trap.h"

#define SERIAL_POLL_US 1000   /* a 16-byte FIFO fills in 1.4 ms at 115200 baud */
#define MBI_MAX        MIB(1) /* GRUB's information is some kilobytes; a size beyond is nonsense */

_Noreturn void root_start(enum boot_source source, uint64_t info, uint64_t image, uint64_t tsc);

static struct boot_info boot_info;
static uint8_t rsdp_copy[36];

const struct boot_info *boot_info_get(void)
{
    return &boot_info;
}

/* The loader's word on the machine, copied to root's own memory. */
static void take_boot_info(enum boot_source source, uint64_t info)
{
    if (source == BOOT_EFI) {
        memcpy(&boot_info, (const void *)info, sizeof(boot_info));
        if (!boot_info_check(&boot_info)) {
            panic("BOOTX64.EFI and this image are of different builds");
        }
        return;
    }
    bool rsdp_found = false;
    if (!multiboot2_read((const void *)info, MBI_MAX, &boot_info, rsdp_copy, &rsdp_found)) {
        panic("the boot loader gave no memory map");
    }
    if (rsdp_found) {
        boot_info.rsdp = (uint64_t)((const char *)rsdp_copy - image_start);
    }
}

static void report_boot(void)
{
    static const char *const sources[] = {[BOOT_MULTIBOOT2] = "multiboot2", [BOOT_EFI] = "UEFI"};
    const struct boot_framebuffer *fb = &boot_info.framebuffer;
    char *line = boot_info.messages;

    log_info(LOG_BOOT, "by %s%s, image at 0x%lx, RSDP at 0x%lx",
             sources[boot_info.source == BOOT_EFI], boot_info.efi_system_table ? " on UEFI" : "",
             boot_info.image_base, boot_info.rsdp);
    if (fb->base) {
        log_info(LOG_BOOT, "%s %ux%u, %u bits at 0x%lx", fb->text ? "text screen" : "frame buffer",
                 fb->width, fb->height, fb->bpp, fb->base);
    }
    if (boot_info.cmdline[0]) {
        log_info(LOG_BOOT, "command line: %s", boot_info.cmdline);
    }
    for (uint32_t i = 0; i < boot_info.module_count; i++) {
        log_info(LOG_BOOT, "file %s, %lu KiB", boot_info.modules[i].name,
                 (boot_info.modules[i].size + 1023) >> 10);
    }
    while (*line) {
        char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) : strlen(line);
        log_warn(LOG_BOOT, "%.*s", (int)length, line);
        line += length + (end ? 1 : 0);
    }
}

/* Virtualization on every CPU, then console, monitor and guests. A machine without virtualization
 * has the monitor all the same. */
static _Noreturn void run_guests(void)
{
    if (virt_init() == 0) {
        smp_call_all(virt_core_on, NULL);
        for (unsigned i = 1; i < smp_cpu_count(); i++) {
            smp_set_work(i, sched_loop, NULL);
        }
    }
    sched_set_background(guests_background, serial_is_polled() ? SERIAL_POLL_US : 0);
    guests_init(&boot_info);
    sched_loop(NULL);
    panic("the scheduler came back");
}

/* On a stack with a guard page, in root's own page tables. */
static void root_main(void)
{
    screen_init(&boot_info.framebuffer);
    report_boot();
    cpu_features_report();
    mem_boot_report();
    platform_init();
    platform_start_cpus();
    paging_audit();
    uint64_t ticks = tsc_read() - boot_info.handover_tsc;
    log_info(LOG_BOOT, "root is up after %lu us, %lu TSC ticks from the firmware's hand-over",
             time_ns_from_tsc(ticks) / 1000, ticks);
    selftest(boot_info.cmdline);
    run_guests();
}

_Noreturn void root_start(enum boot_source source, uint64_t info, uint64_t image, uint64_t tsc)
{
    smp_prepare_boot_cpu();
    trap_init();
    trap_load();
    early_console_init();
    log_info(LOG_BOOT, "Exarch, build %s", build_id());
    take_boot_info(source, info);
    boot_info.image_base = image;
    boot_info.image_size = (uint64_t)(image_end - image_start);
    boot_info.handover_tsc = tsc;
    if (source == BOOT_MULTIBOOT2 && boot_info.rsdp) {
        boot_info.rsdp += image;
    }
    cpu_features_enable();
    mem_boot(&boot_info);
    switch_stack(smp_init_boot_cpu(), root_main);
}
