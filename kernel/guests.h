/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guests that exarch.ini asks for: read, checked, made into VMs, started again after a reset.
 *
 *   [host]
 *   when_idle = poweroff       what follows the last guest's end: stay (default), poweroff, reboot
 *   [guest NAME]
 *   engine = FILE              another engine than the one built in
 *   kernel, initrd, dtb = FILE
 *   cmdline = TEXT
 *   memory = 256M              units K, M, G; a multiple of 2M
 *   engine_memory, code_cache = 64M    the engine's own; default by the guest's memory
 *   cpus = 1
 *   core = 0                   the core of its first CPU, the others follow
 *   restart = yes              after a reset it starts again (default), or no
 */
#pragma once

#include "boot/boot_info.h"

/* Starts them all; what is wrong with one is said with file and line, and the others still start.
 */
void guests_start(const struct boot_info *info);

/* How many are still there to run. */
unsigned guests_living(void);
