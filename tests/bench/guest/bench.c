/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the workloads that its arguments name (all without arguments) and prints one TSV row each.
 */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int wanted(const char *name, int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return 1;
        }
    }
    return argc == 1;
}

static void run_table(const struct workload *table, size_t count, int argc, char **argv)
{
    for (size_t i = 0; i < count; i++) {
        if (!wanted(table[i].name, argc, argv)) {
            continue;
        }
        table[i].run(table[i].rounds / 16 + 1); /* translations, caches, page tables */
        uint64_t start = nanoseconds();
        uint64_t sum = table[i].run(table[i].rounds);
        uint64_t spent = nanoseconds() - start;
        printf("BENCH\t%s\t%" PRIu64 "\t%016" PRIx64 "\n", table[i].name, spent, sum);
        fflush(stdout);
    }
}

/* As the first process of a machine: what the workloads need of the system. */
static void become_init(void)
{
    mkdir("/proc", 0755);
    if (mount("proc", "/proc", "proc", 0, NULL)) {
        perror("mount /proc");
    }
    puts("BENCH-BOOTED");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int init = getpid() == 1;

    if (init) {
        become_init();
        argc = 1; /* the kernel's words are not workloads */
    }
    run_table(cpu_workloads, cpu_workload_count, argc, argv);
    run_table(fp_workloads, fp_workload_count, argc, argv);
    run_table(simd_workloads, simd_workload_count, argc, argv);
    run_table(os_workloads, os_workload_count, argc, argv);
    if (init) {
        puts("BENCH-END");
        fflush(stdout);
        reboot(RB_POWER_OFF);
    }
    return 0;
}
