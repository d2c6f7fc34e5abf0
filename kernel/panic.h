/* SPDX-License-Identifier: BSD-2-Clause */
/* The end for our own bugs: registers, back trace, build id, on every console; then halt. */
#pragma once

struct trap_frame;

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same from a trap: the registers shown and the back trace are the frame's. */
_Noreturn void panic_frame(const struct trap_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* On in all builds: an assert that fails is a bug of ours, never of a guest's making. */
#define assert(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);                  \
        }                                                                                          \
    } while (0)
