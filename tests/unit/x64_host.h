/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs compiled blocks in a unit test: stubs, guest memory with guard pages, faults recovered by
 * site. */
#pragma once

#include "dbt/x64/compile.h"

/* Guest memory of compiled code lies at FAKE_BASE too (fake_rt.h), with this host view of it. */
extern uint8_t *host_memory;

enum host_stop {
    HOST_EXIT,   /* by env->exit */
    HOST_FAULT,  /* at a site; st is recovered */
    HOST_UNWIND, /* a sync helper unwound */
    HOST_LOST,   /* a fault at no site, or outside the code: the code is wrong */
};

struct host_run {
    enum host_stop stop;
    uint32_t eax;       /* HOST_EXIT */
    uint64_t jumped_to; /* HOST_EXIT by way of a jump-cache entry: set by host_found */
};

/* Maps memory and code space; once. */
void host_init(void);

/* Takes the signals of faults; at the start of each test, since cmocka takes them before it. */
void host_catch(void);

/* The environment of compiled code; mem_model and shake are the test's. With shake, optional
 * features of the host are left out at random. */
struct x64_env host_env(enum x64_mem_model model, uint32_t shake);

/* The place for code, executable. */
extern uint8_t *host_code;
#define HOST_CODE_SIZE 262144

/* The address of a stub for jump-cache entries: leaves with EAX = HOST_FOUND. */
uint64_t host_found(void);
#define HOST_FOUND 0xf00du

/* Called at each boundary site that a run comes to, when set; the code is single-stepped then. */
typedef void host_boundary_fn(const struct x64_site *site, const struct x64_regs *regs);
extern host_boundary_fn *host_on_boundary;

/* Runs the code from its start, or from its entry_live with st->nzcv in RFLAGS. */
struct host_run host_run(const struct x64_env *env, const struct x64_code *code,
                         struct a64_state *st, bool live);
