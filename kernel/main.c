/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's start, from the first C instruction to the idle loop. */
#include <stdint.h>

#include "boot/boot_info.h"
#include "kernel/early_console.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/trap.h"

_Noreturn void root_start(enum boot_source source, uint64_t info, uint64_t image, uint64_t tsc);

_Noreturn void root_start(enum boot_source source, uint64_t info, uint64_t image, uint64_t tsc)
{
    gdt_load(smp_cpu(0));
    trap_init();
    trap_load();
    early_console_init();
    log_info(LOG_BOOT, "Exarch, build %s", build_id());
    log_info(LOG_BOOT, "source %d info 0x%lx image 0x%lx tsc 0x%lx", source, info, image, tsc);
    panic("nothing to do yet");
}
