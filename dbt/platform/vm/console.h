/* SPDX-License-Identifier: BSD-2-Clause */
/* The console rings and the log, from the engine's side. */
#pragma once

#include <stdarg.h>

#include "exarch/abi.h"

void console_init(const struct abi_boot *boot);

/* Bytes taken; fewer than size when the ring is full (an event tells when there is room). */
size_t console_write(const void *data, size_t size);

/* Bytes got, 0 when none. */
size_t console_read(void *data, size_t size);

/* Asks root to take what is in the ring now. */
void console_flush(void);

/* A line in root's log. */
void console_log(enum abi_log level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Ends the VM: the kernel, initrd or device tree that it was given cannot be started. */
_Noreturn void console_stop_files(const char *why);
