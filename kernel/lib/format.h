/* SPDX-License-Identifier: BSD-2-Clause */
/* printf's formats for freestanding code: %s %c %d %i %u %x %X %p %%, with l, ll, z, h, hh, width,
 * precision (strings and digits), `*`, and the flags `0`, `-`, `+`, ` `, `#`. No floating point. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* As in C17 7.21.6.5: writes at most size bytes with the end, returns the untruncated length. */
int format_buffer(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int format_buffer_va(char *to, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
