/* SPDX-License-Identifier: BSD-2-Clause */
/* The test engine's own parts: checks that count, traps that are caught. */
#pragma once

#include "dbt/platform/vm/ring.h"

/* What the last trap left, when a probe or ring 3 raised it. */
struct caught {
    unsigned count;
    struct trap_frame frame;
    uint64_t cr2;
};
extern struct caught caught[ABI_MAX_VCPUS];

/* Value of ring3_run when a trap ended it. */
#define RAN_INTO_TRAP UINT64_C(0x7261700000000000)

extern const struct abi_boot *boot;

void check(bool fine, const char *name, uint64_t got, uint64_t want);
#define CHECK_EQUAL(name, got, want)                                                               \
    do {                                                                                           \
        uint64_t got_ = (uint64_t)(got);                                                           \
        uint64_t want_ = (uint64_t)(want);                                                         \
        check(got_ == want_, name, got_, want_);                                                   \
    } while (0)
#define CHECK(name, condition) check(condition, name, 0, 1)

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

uint64_t rdtsc(void);
struct abi_vcpu *my_page(void);
/* Events taken by the handler of ABI_VECTOR_EVENT since the last call. */
uint64_t events_seen(void);
/* What the event's handler does: go on, leave ring 3, or step so many instructions. */
enum on_event { ON_EVENT_RESUME, ON_EVENT_LEAVE, ON_EVENT_STEP };
extern enum on_event on_event[ABI_MAX_VCPUS];
extern unsigned steps_wanted[ABI_MAX_VCPUS];

/* Faulting accesses, in ring 0. */
uint64_t probe_read(const void *at);
void probe_write(void *at, uint64_t value);
void probe_call(const void *code);

/* The top of a vCPU's ring-3 stack; a page at shared_at that ring 3 may write, the first one of
 * space.shared_vpa. */
uint64_t ring3_stack(unsigned vcpu);
extern uint64_t shared_at;

/* Copies code into the code cache at `offset`; the address where ring 3 runs it once it is shown.
 */
uint64_t put_code(uint64_t offset, const uint8_t *code, const uint8_t *end);
/* Runs one of probe.S's pieces. */
#define RUN_CODE(name, rax, rdi) run_code(code_##name, code_##name##_end, rax, rdi)
uint64_t run_code(const uint8_t *code, const uint8_t *end, uint64_t rax, uint64_t rdi);

#define CODE_PIECE(name) extern const uint8_t code_##name[], code_##name##_end[]
CODE_PIECE(return );
CODE_PIECE(read);
CODE_PIECE(write);
CODE_PIECE(jump);
CODE_PIECE(loop);
CODE_PIECE(count);
CODE_PIECE(call);
CODE_PIECE(sync);
CODE_PIECE(step_out);
CODE_PIECE(shadow);
CODE_PIECE(shadow_vmcall);
CODE_PIECE(icebp);
CODE_PIECE(cli);
CODE_PIECE(hlt);
CODE_PIECE(cr3);
CODE_PIECE(wrmsr);
CODE_PIECE(in);
CODE_PIECE(vmcall);
CODE_PIECE(vmmcall);
CODE_PIECE(ud);
CODE_PIECE(div);
CODE_PIECE(fp);
CODE_PIECE(avx);

/* The groups. */
void test_memory(void);
void test_faults(void);
void test_fixed(void);
void test_ring3(void);
void test_hypercalls(void);
void test_events(void);
void test_smp(void);

/* Misbehaviour that root must end; none returns. */
_Noreturn void misbehave(const char *how);

/* Talks on the console until it is told to end. */
void echo(void);
