/* SPDX-License-Identifier: BSD-2-Clause */
/* See fake_root.h. */
#include "tests/unit/fake_root.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exarch/bits.h"
#include "kernel/panic.h"

uint64_t fake_direct_base;

#define PANICKED 42

static bool catching;

void fake_memory(uint64_t size)
{
    void *at = mmap(NULL, size + GIB(1), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        perror("mmap");
        abort();
    }
    fake_direct_base = ALIGN_UP((uintptr_t)at, GIB(1));
}

/* In a child, for a panic leaves locks taken. */
bool fake_panics(void (*function)(void *), void *argument)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        catching = true;
        function(argument);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        abort();
    }
    return WEXITSTATUS(status) == PANICKED;
}

void panic(const char *format, ...)
{
    va_list args;

    if (catching) {
        _exit(PANICKED);
    }
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}
