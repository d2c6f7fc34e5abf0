/* SPDX-License-Identifier: BSD-2-Clause */
/* The benchmark programs: each does a fixed amount of work and returns a checksum of its result. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Runs `rounds` rounds; the result depends on all of the work, so that none of it is dropped, and
 * is the same on every machine. */
typedef uint64_t (*bench_fn)(uint64_t rounds);

struct workload {
    const char *name;
    bench_fn run;
    uint64_t rounds; /* sized for about a second under qemu-system-aarch64 on a 3 GHz core */
};

extern const struct workload cpu_workloads[];
extern const size_t cpu_workload_count;
extern const struct workload fp_workloads[];
extern const size_t fp_workload_count;
extern const struct workload simd_workloads[];
extern const size_t simd_workload_count;
extern const struct workload os_workloads[];
extern const size_t os_workload_count;
