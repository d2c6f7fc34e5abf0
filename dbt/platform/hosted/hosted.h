/* SPDX-License-Identifier: BSD-2-Clause */
/* The hosted platform's parts: what its files give each other. */
#pragma once

#include <signal.h>
#include <time.h>

#include "dbt/platform.h"

#define HOSTED_MAX_VCPUS 16

/* What the platform keeps for each vCPU, by its id. */
struct hosted_vcpu {
    unsigned pending;     /* enum plat_event; also the futex that plat_wait sleeps on */
    bool running;         /* in plat_run: an event must make translated code leave */
    uint64_t deadline;    /* counter value; UINT64_MAX: none */
    uint64_t armed;       /* what the host's timer is set to, at most the deadline */
    timer_t timer, retry; /* SIGALRM for the deadline, SIGUSR2 to look again */
    pid_t thread;
    struct plat_view *view; /* the active one */
};

/* The record of a vCPU, and the calling thread's vCPU (NULL on other threads). */
struct hosted_vcpu *hosted_vcpu(const struct vcpu *vcpu);
struct vcpu *hosted_current(void);

/* --- memory.c --- */
void hosted_memory_init(uint64_t ram_size, uint64_t code_size);
int hosted_ram_fd(void);

/* --- run.c --- */
/* Writes the stubs, fills plat_env(); of the host's optional features those in the mask are used.
 */
void hosted_stubs_init(uint32_t features);
void hosted_thread_init(
    struct vcpu *vcpu); /* the calling thread becomes vcpu's: stack and handlers of signals */

/* --- view.c --- */
/* What the fault at host address addr is to the view: true and *offset for a page of it. */
bool hosted_view_offset(const struct plat_view *view, uint64_t addr, uint64_t *offset);

/* --- events.c --- */
void hosted_counter_init(void);
void hosted_timers_init(struct vcpu *vcpu);
void hosted_post(struct vcpu *vcpu, unsigned events); /* from the vCPU's thread or another one */
void hosted_timer_expired(struct hosted_vcpu *hv);    /* on SIGALRM, which only hv->timer brings */
void hosted_retry_soon(struct hosted_vcpu *hv);       /* asks for a SIGUSR2 */

/* --- console.c --- */
void hosted_console_init(struct vcpu *vcpu); /* terminal to raw mode; input goes to vcpu */
void hosted_console_restore(void);

/* --- trace.c --- */
/* What is asked for by --trace: "insn", "ir", "x86" or "all", with commas, and pa=FROM-TO. False:
 * not understood. */
bool hosted_trace_set(const char *text);
