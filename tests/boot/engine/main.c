/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test engine: what a VM offers, exercised from inside (include/exarch/abi.h). Its command line
 * says what it does: "tests" runs all groups, "bench" measures calls, "spin" is a bystander that
 * works while others are stopped, anything else is a misbehaviour by its name.
 */
#include "tests/boot/engine/engine.h"

#include <stdarg.h>

#include "dbt/platform/vm/console.h"
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/space.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define VECTOR_DB 1
#define VECTOR_DF 8

struct caught caught[ABI_MAX_VCPUS];
enum on_event on_event[ABI_MAX_VCPUS];
unsigned steps_wanted[ABI_MAX_VCPUS];
const struct abi_boot *boot;

static uint64_t seen[ABI_MAX_VCPUS];
static unsigned passed, failed;
static bool started;

extern const uint8_t probe_start[], probe_end[], probe_fault[];

void say(const char *format, ...)
{
    char line[200];
    va_list args;
    va_start(args, format);
    int length = format_buffer_va(line, sizeof(line) - 2, format, args);
    va_end(args);
    size_t size = MIN((size_t)length, sizeof(line) - 3);
    line[size++] = '\r';
    line[size++] = '\n';
    for (size_t done = 0; done < size;) {
        done += console_write(line + done, size - done);
    }
    console_flush();
}

void check(bool fine, const char *name, uint64_t got, uint64_t want)
{
    if (fine) {
        passed++;
        say("%s: ok: %s", boot->name, name);
    } else {
        failed++;
        say("%s: FAILED: %s: got 0x%lx, want 0x%lx", boot->name, name, got, want);
    }
}

uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

struct abi_vcpu *my_page(void)
{
    return ring_cpu()->page;
}

uint64_t events_seen(void)
{
    unsigned cpu = ring_cpu()->index;
    uint64_t bits = seen[cpu];
    seen[cpu] = 0;
    return bits;
}

static void handle_event(struct trap_frame *frame)
{
    unsigned cpu = ring_cpu()->index;
    seen[cpu] |= __atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST);
    if (on_event[cpu] == ON_EVENT_STEP) {
        frame->rflags |= RFLAGS_TF;
    } else if (on_event[cpu] == ON_EVENT_LEAVE && trap_from_ring3(frame)) {
        caught[cpu].frame = *frame;
        ring3_leave(RAN_INTO_TRAP | ABI_VECTOR_EVENT);
    }
}

static _Noreturn void die(const struct trap_frame *frame, uint64_t cr2)
{
    say("%s: FAILED: %s in ring %lu at 0x%lx, error 0x%lx, CR2 0x%lx", boot->name,
        trap_name(frame->vector), frame->cs & 3, frame->rip, frame->error, cr2);
    hypercall_stop(ABI_STOP_PANIC, frame->vector);
}

void trap_handle(struct trap_frame *frame)
{
    uint64_t cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    if (frame->vector == VECTOR_DB && !trap_from_ring3(frame)) {
        frame->rflags &= ~RFLAGS_TF; /* ring.h */
        return;
    }
    if (frame->vector == ABI_VECTOR_EVENT) {
        handle_event(frame);
        return;
    }
    unsigned cpu = ring_cpu()->index;
    if (frame->vector == VECTOR_DB && steps_wanted[cpu] && --steps_wanted[cpu]) {
        return; /* TF is still set */
    }
    struct caught *c = &caught[cpu];
    *c = (struct caught){c->count + 1, *frame, cr2};
    if (trap_from_ring3(frame)) {
        ring3_leave(RAN_INTO_TRAP | frame->vector);
    }
    bool in_probe = frame->rip >= (uint64_t)probe_start && frame->rip < (uint64_t)probe_end;
    /* probe_call's target is anywhere: the fault is the fetch itself. */
    bool in_call = frame->vector == 14 && frame->rip == cr2;
    if (!in_probe && !in_call) {
        die(frame, cr2);
    }
    frame->rip = (uint64_t)probe_fault;
}

uint64_t ring3_call(uint32_t eax, uint32_t edx, uint64_t rdi, uint64_t rsi, uint64_t r8)
{
    return ((((uint64_t)eax * 31 + edx) * 31 + rdi) * 31 + rsi) * 31 + r8;
}

/* --- ring 3's memory --- */
uint64_t shared_at;
static uint64_t stacks[ABI_MAX_VCPUS];
#define STACK_SIZE KIB(16)

uint64_t ring3_stack(unsigned vcpu)
{
    return stacks[vcpu];
}

static bool place_memory(void)
{
    const unsigned rights = PTAB_R | PTAB_W | PTAB_U;
    shared_at = space_place(space.shared_vpa, PAGE_SIZE, rights);
    bool done = shared_at;
    for (unsigned i = 0; i < boot->vcpus && done; i++) {
        uint64_t vpa = space.shared_vpa + PAGE_SIZE + i * STACK_SIZE;
        uint64_t at = space_place(vpa, STACK_SIZE, rights);
        stacks[i] = at + STACK_SIZE;
        done = at;
    }
    return done;
}

uint64_t put_code(uint64_t offset, const uint8_t *code, const uint8_t *end)
{
    memcpy(space_pointer(boot->code.vpa + offset), code, (size_t)(end - code));
    return SPACE_CODE + offset;
}

uint64_t run_code(const uint8_t *code, const uint8_t *end, uint64_t rax, uint64_t rdi)
{
    unsigned cpu = ring_cpu()->index;
    struct ring3_start start = {
        .rip = put_code(cpu * PAGE_SIZE, code, end),
        .rsp = ring3_stack(cpu),
        .rax = rax,
        .rdi = rdi,
    };
    return ring3_run(&start);
}

/* Round trips of the cheapest call, in TSC ticks. */
static void bench(void)
{
    enum { CALLS = 20000 };
    uint64_t start = rdtsc();
    for (unsigned i = 0; i < CALLS; i++) {
        hypercall(ABI_CALL_NOP, 0, 0, 0, NULL);
    }
    uint64_t ticks = rdtsc() - start;
    uint64_t each = ticks / CALLS;
    say("%s: %u hypercalls, %lu ticks each, %lu a second", boot->name, CALLS, each,
        boot->tsc_hz / (each ? each : 1));
    hypercall_stop(ABI_STOP_POWEROFF, 0);
}

/* Works for some time beside VMs that are stopped; ends by itself. */
static void spin(void)
{
    uint64_t slice = boot->tsc_hz / 20, mine = 0x5ec2e7, cr2;
    on_event[0] = ON_EVENT_LEAVE;
    for (unsigned i = 0; i < 20; i++) {
        __asm__ volatile("mov %0, %%cr2" ::"r"(mine));
        my_page()->deadline = rdtsc() + slice;
        hypercall(ABI_CALL_DEADLINE, 0, 0, 0, NULL);
        uint64_t end = RUN_CODE(loop, 0, 0);
        CHECK_EQUAL("the bystander's loop ended by its deadline", end,
                    RAN_INTO_TRAP | ABI_VECTOR_EVENT);
        __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
        CHECK_EQUAL("with its own CR2", cr2, mine);
    }
    say("%s: %u passed, %u failed", boot->name, passed, failed);
    hypercall_stop(ABI_STOP_POWEROFF, failed);
}

static void run_tests(void)
{
    test_memory();
    test_faults();
    test_fixed();
    test_ring3();
    test_hypercalls();
    test_events();
    test_smp();
    say("%s: %u passed, %u failed", boot->name, passed, failed);
    hypercall_stop(failed ? ABI_STOP_PANIC : ABI_STOP_POWEROFF, failed);
}

/* Other vCPUs sleep, wake by a kick, and kick back. */
static _Noreturn void second_vcpu(void)
{
    for (;;) {
        hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL);
        uint64_t events = __atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST);
        if (events & ABI_EVENT_KICK) {
            hypercall(ABI_CALL_KICK, 0, 0, 0, NULL);
        }
    }
}

_Noreturn void engine_main(const struct abi_boot *info, unsigned vcpu)
{
    ring_init(info, vcpu);
    if (vcpu) {
        while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) {
            __asm__ volatile("pause");
        }
        second_vcpu();
    }
    boot = info;
    hypercall_init(boot);
    console_init(boot);
    if (space_init(boot) || space_show_code(PAGE_SIZE * (boot->vcpus + 1)) || !place_memory()) {
        hypercall_stop(ABI_STOP_PANIC, 1);
    }
    __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    say("%s: test engine, \"%s\"", boot->name, boot->cmdline);
    if (!strcmp(boot->cmdline, "tests")) {
        run_tests();
    } else if (!strcmp(boot->cmdline, "bench")) {
        bench();
    } else if (!strcmp(boot->cmdline, "spin")) {
        spin();
    } else if (!strcmp(boot->cmdline, "echo")) {
        echo();
    }
    misbehave(boot->cmdline);
}
