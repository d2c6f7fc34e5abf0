/* SPDX-License-Identifier: BSD-2-Clause */
/* A platform and runtime of variables: what device and system tests stand on. */
#pragma once

#include "dbt/platform.h"
#include "dbt/vcpu.h"

#define FAKE_HZ  UINT64_C(1000000000)
#define FAKE_RAM MIB(8)

struct fake_plat {
    uint64_t counter, hz, wall;
    uint64_t deadline; /* as last asked for by any vCPU */
    unsigned kicks[MACHINE_MAX_VCPUS];
    char out[4096];            /* what the UART has sent */
    size_t out_used, out_room; /* bytes that it may still send */
    const char *in;            /* what the UART is to receive */
    size_t in_left;
    unsigned ends; /* calls of plat_end; it returns by longjmp to fake_end when that is set */
    enum plat_end last_end;
    unsigned context_changes, tlbi_all, tlbi_asid, tlbi_va, icache;
};
extern struct fake_plat fake_plat;
extern struct vm fake_vm;
#define FAKE_VCPU0 (fake_vm.vcpu[0])

/* A machine of vcpus vCPUs, FAKE_RAM of zeroed RAM, all devices and vCPUs reset. */
void fake_machine_make(unsigned vcpus);

/* A test's set-up: one vCPU. */
int fake_one_cpu(void **state);

/* Device accesses that must be answered. */
uint64_t fake_read(uint64_t pa, unsigned size);
void fake_write(uint64_t pa, unsigned size, uint64_t value);

/* Runs f(arg); true when it came back, false when it ended in plat_end. */
bool fake_runs(void (*f)(void *arg), void *arg);
