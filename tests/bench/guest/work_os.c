/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of the system: calls, faults, switches, processes, signals. */
#include "bench.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t system_calls(uint64_t rounds)
{
    uint64_t ok = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        ok += syscall(SYS_getppid) >= 0;
    }
    return ok;
}

/* First touch of anonymous pages, 1024 a round. */
static uint64_t page_faults(uint64_t rounds)
{
    const size_t size = 1024 * 4096;
    uint64_t sum = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        volatile char *p =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            abort();
        }
        madvise((void *)p, size, MADV_NOHUGEPAGE);
        for (size_t at = 0; at < size; at += 4096) {
            p[at] = 1;
            sum += (uint64_t)p[at];
        }
        munmap((void *)p, size);
    }
    return sum;
}

/* A byte there and back through two pipes between two processes. */
static uint64_t context_switches(uint64_t rounds)
{
    int there[2], back[2];
    char byte = 1;

    if (pipe(there) || pipe(back)) {
        abort();
    }
    pid_t child = fork();
    if (child == 0) {
        for (uint64_t i = 0; i < rounds; i++) {
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    for (uint64_t i = 0; i < rounds; i++) {
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
            abort();
        }
    }
    int status = 1;
    waitpid(child, &status, 0);
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
    return (uint64_t)status;
}

static uint64_t fork_wait(uint64_t rounds)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit((int)(i & 0x3f));
        }
        int status = 0;
        waitpid(child, &status, 0);
        sum += (uint64_t)WEXITSTATUS(status);
    }
    return sum;
}

/* fork and exec of this program with a workload that does not exist: start-up and exit. */
static uint64_t fork_exec(uint64_t rounds)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "bench", "none", (char *)NULL);
            _exit(99);
        }
        int status = 0;
        waitpid(child, &status, 0);
        sum += (uint64_t)WEXITSTATUS(status);
    }
    return sum;
}

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
    (void)number;
    signals_seen++;
}

static uint64_t signals(uint64_t rounds)
{
    signals_seen = 0;
    signal(SIGUSR1, on_signal);
    for (uint64_t i = 0; i < rounds; i++) {
        raise(SIGUSR1);
    }
    return (uint64_t)signals_seen;
}

const struct workload os_workloads[] = {
    {"system-calls", system_calls, 400000},
    {"page-faults", page_faults, 40},
    {"context-switches", context_switches, 20000},
    {"fork", fork_wait, 400},
    {"fork-exec", fork_exec, 150},
    {"signals", signals, 100000},
};
const size_t os_workload_count = sizeof(os_workloads) / sizeof(os_workloads[0]);
