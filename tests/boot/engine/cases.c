/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of memory, faults, ring 3, hypercalls, events. */
#include "dbt/platform/vm/console.h"
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/space.h"
#include "exarch/err.h"
#include "kernel/lib/string.h"
#include "tests/boot/engine/engine.h"

#define VEC_DE 0
#define VEC_DB 1
#define VEC_UD 6
#define VEC_GP 13
#define VEC_PF 14

/* Page-fault error code bits, SDM 3A figure 4-12. */
#define PF_P 1u
#define PF_W 2u
#define PF_U 4u
#define PF_I 16u

static struct caught *mine(void)
{
    return &caught[ring_cpu()->index];
}

static bool has_cpuid7_ebx(unsigned n)
{
    uint32_t a = 7, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> n & 1;
}

/* --- memory
 * --------------------------------------------------------------------------------------- */
static bool all_zero(const uint64_t *words, uint64_t bytes)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < bytes / 8; i += 64) {
        sum |= words[i];
    }
    return !sum;
}

void test_memory(void)
{
    volatile uint64_t *first = space_pointer(boot->ram.vpa);
    volatile uint64_t *last = space_pointer(boot->ram.vpa + boot->ram.size - 8);
    CHECK_EQUAL("boot page: magic", boot->magic, ABI_MAGIC);
    CHECK_EQUAL("boot page: version", boot->version, ABI_VERSION);
    CHECK("boot page: RAM is 2M aligned", boot->ram.size && IS_ALIGNED(boot->ram.vpa, MIB(2)));
    CHECK("boot page: TSC rate", boot->tsc_hz > 1000000);
    CHECK("RAM is zeroed", all_zero(space_pointer(boot->ram.vpa), boot->ram.size));
    *first = 0x1122334455667788;
    *last = 0x99aabbccddeeff00;
    CHECK_EQUAL("first word of RAM", *first, 0x1122334455667788);
    CHECK_EQUAL("last word of RAM", *last, 0x99aabbccddeeff00);
    probe_write(space_pointer(boot->shared.vpa), 0);
    CHECK_EQUAL("the boot page is read-only", mine()->frame.error, PF_P | PF_W);
    probe_write(space_pointer(boot->image.vpa), 0);
    CHECK_EQUAL("the image's text is read-only", mine()->frame.error, PF_P | PF_W);
}

/* --- faults
 * ----------------------------------------------------------------------------------------- */
void test_faults(void)
{
    enum { FAULTS = 1000 };
    const uint8_t *nowhere = (const uint8_t *)UINT64_C(0x123456789000);
    unsigned before = mine()->count;
    uint64_t exits = my_page()->exits;
    for (unsigned i = 0; i < FAULTS; i++) {
        probe_read(nowhere + i);
    }
    CHECK_EQUAL("page faults in ring 0 reach the engine", mine()->count - before, FAULTS);
    CHECK_EQUAL("with vector #PF", mine()->frame.vector, VEC_PF);
    CHECK_EQUAL("with the address in CR2", mine()->cr2, (uint64_t)nowhere + FAULTS - 1);
    CHECK_EQUAL("with error code 0", mine()->frame.error, 0);
    CHECK("without exits", my_page()->exits - exits < FAULTS / 10);
    probe_read((const void *)UINT64_C(0x8000000000000000));
    CHECK_EQUAL("a non-canonical address is #GP", mine()->frame.vector, VEC_GP);
    probe_call(space_pointer(boot->ram.vpa));
    CHECK_EQUAL("RAM is not executable in ring 0", mine()->frame.error, PF_P | PF_I);
}

/* --- ring 3
 * ----------------------------------------------------------------------------------------- */
static void expect_trap(const char *name, uint64_t result, uint64_t vector, uint64_t error)
{
    CHECK_EQUAL(name, result, RAN_INTO_TRAP | vector);
    CHECK_EQUAL("  its error code", mine()->frame.error, error);
    CHECK("  from ring 3", trap_from_ring3(&mine()->frame));
}

static void test_code_cache(void)
{
    CHECK_EQUAL("ring 3 runs code of the cache", RUN_CODE(return, 0, 41), 42);
    CHECK_EQUAL("rewritten through the other alias", RUN_CODE(count, 5, 10), 15);
    CHECK_EQUAL("ring 3 has a stack", RUN_CODE(call, 0, 23), 123);
    RUN_CODE(write, 0x5a5a, shared_at);
    CHECK_EQUAL("memory shared by both rings", *(uint64_t *)space_pointer(space.shared_vpa),
                0x5a5a);
}

static void test_confinement(void)
{
    uint64_t data = ABI_DIRECT_BASE + boot->ram.vpa;
    expect_trap("ring 3 cannot read the direct map", RUN_CODE(read, 0, data), VEC_PF, PF_P | PF_U);
    expect_trap("ring 3 cannot read the image", RUN_CODE(read, 0, ABI_ENGINE_BASE), VEC_PF,
                PF_P | PF_U);
    expect_trap("ring 3 cannot write the code cache", RUN_CODE(write, 0, SPACE_CODE), VEC_PF,
                PF_P | PF_W | PF_U);
    expect_trap("ring 3 cannot execute shared memory", RUN_CODE(jump, 0, shared_at), VEC_PF,
                PF_P | PF_U | PF_I);
    expect_trap("ring 3 cannot execute ring 0's text", RUN_CODE(jump, 0, (uint64_t)&engine_main),
                VEC_PF, PF_P | PF_U | PF_I);
    if (has_cpuid7_ebx(7)) {
        probe_call((const void *)SPACE_CODE);
        CHECK_EQUAL("SMEP: ring 0 cannot execute the code cache", mine()->frame.error, PF_P | PF_I);
    }
}

static int show_code(uint64_t end)
{
    int error = space_show_code(end);
    uint64_t cr3;
    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(cr3)::"memory");
    return error;
}

/* Ring 3 sees as much of the code cache as was shown, but for the rest of a step. */
static void test_shown_code(void)
{
    enum { STEP = KIB(64) };
    uint64_t at = SPACE_CODE + MIB(1), last = boot->code.size - PAGE_SIZE;
    expect_trap("ring 3 cannot read code that is not shown", RUN_CODE(read, 0, at), VEC_PF,
                PF_P | PF_U);
    put_code(MIB(1), code_return, code_return_end);
    CHECK_EQUAL("more code is shown", show_code(MIB(1) + 1), 0);
    CHECK_EQUAL("and run", RUN_CODE(jump, 0, at), at + 1);
    expect_trap("but not the step behind it", RUN_CODE(read, 0, at + STEP), VEC_PF, PF_P | PF_U);
    put_code(last, code_return, code_return_end);
    CHECK_EQUAL("all of it is shown", show_code(boot->code.size), 0);
    CHECK_EQUAL("and run", RUN_CODE(jump, 0, SPACE_CODE + last), SPACE_CODE + last + 1);
    CHECK_EQUAL("with what was shown before", RUN_CODE(jump, 0, at), at + 1);
    CHECK_EQUAL("showing less changes nothing", show_code(MIB(1)), 0);
    CHECK_EQUAL("nor hides anything", RUN_CODE(jump, 0, SPACE_CODE + last), SPACE_CODE + last + 1);
}

static void test_privilege(void)
{
    expect_trap("ring 3: CLI", RUN_CODE(cli, 0, 0), VEC_GP, 0);
    expect_trap("ring 3: HLT", RUN_CODE(hlt, 0, 0), VEC_GP, 0);
    expect_trap("ring 3: MOV to CR3", RUN_CODE(cr3, 0, 0), VEC_GP, 0);
    expect_trap("ring 3: WRMSR", RUN_CODE(wrmsr, 0, 0), VEC_GP, 0);
    expect_trap("ring 3: IN", RUN_CODE(in, 0, 0), VEC_GP, 0);
    expect_trap("ring 3: UD2", RUN_CODE(ud, 0, 0), VEC_UD, 0);
    expect_trap("ring 3: division by zero", RUN_CODE(div, 0, 0), VEC_DE, 0);
    if (boot->vendor == ABI_VENDOR_INTEL) {
        expect_trap("ring 3: VMCALL", RUN_CODE(vmcall, 0, 0), VEC_UD, 0);
    } else {
        expect_trap("ring 3: VMMCALL", RUN_CODE(vmmcall, 0, 0), VEC_UD, 0);
    }
}

static void test_sync_call(void)
{
    struct ring_cpu *cpu = ring_cpu();
    static const uint8_t stub[] = {0x0f, 0x05, 0xc3}; /* syscall; ret */
    uint64_t stub_at = put_code(KIB(8), stub, stub + sizeof(stub));
    struct ring3_start start = {
        .rip = put_code(0, code_sync, code_sync_end),
        .rsp = ring3_stack(0),
        .rdi = 3,
        .r14 = stub_at,
    };
    cpu->sync_return = stub_at + 2;
    uint64_t once = ring3_call(5, 7, 3, 11, 13);
    CHECK_EQUAL("synchronous calls return to ring 3", ring3_run(&start),
                ring3_call(5, 7, once, 11, 13));
    cpu->sync_flags = RFLAGS_TF;
    CHECK_EQUAL("or step from there", ring3_run(&start), RAN_INTO_TRAP | VEC_DB);
    CHECK("with the call's result", caught[0].frame.rax == once);
    cpu->sync_flags = 0;
    cpu->sync_return = 0;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQUAL("TF at SYSCALL does ring 0 no harm", RUN_CODE(step_out, 5 + i, 0), 5 + i);
    }
}

void test_ring3(void)
{
    test_code_cache();
    test_confinement();
    test_shown_code();
    test_privilege();
    test_sync_call();
}

/* --- hypercalls
 * ------------------------------------------------------------------------------------ */
void test_hypercalls(void)
{
    uint64_t tsc = 0, tsc2 = 0;
    CHECK_EQUAL("NOP", hypercall(ABI_CALL_NOP, 0, 0, 0, NULL), 0);
    CHECK_EQUAL("an unknown number", hypercall(ABI_CALL_COUNT, 0, 0, 0, NULL), -ERR_NOENT);
    CHECK_EQUAL("a huge number", hypercall(UINT64_MAX, 0, 0, 0, NULL), -ERR_NOENT);
    CHECK_EQUAL("LOG beyond memory",
                hypercall(ABI_CALL_LOG, ABI_LOG_INFO, UINT64_MAX - 10, 8, NULL), -ERR_INVAL);
    CHECK_EQUAL("LOG too long", hypercall(ABI_CALL_LOG, ABI_LOG_INFO, 0, ABI_LOG_MAX + 1, NULL),
                -ERR_INVAL);
    CHECK_EQUAL("LOG of an unknown level", hypercall(ABI_CALL_LOG, ABI_LOG_COUNT, 0, 1, NULL),
                -ERR_INVAL);
    CHECK_EQUAL("STOP with a bad reason", hypercall(ABI_CALL_STOP, ABI_STOP_COUNT, 0, 0, NULL),
                -ERR_INVAL);
    CHECK_EQUAL("KICK of no vCPU", hypercall(ABI_CALL_KICK, boot->vcpus, 0, 0, NULL), -ERR_INVAL);
    CHECK_EQUAL("DOORBELL without devices", hypercall(ABI_CALL_DOORBELL, 0, 0, 0, NULL),
                -ERR_NODEV);
    int64_t ns = hypercall(ABI_CALL_TIME, 0, 0, 0, &tsc);
    int64_t ns2 = hypercall(ABI_CALL_TIME, 0, 0, 0, &tsc2);
    CHECK("TIME is after 2020", ns > INT64_C(1577836800) * 1000000000);
    CHECK("TIME goes on", ns2 >= ns && tsc2 > tsc);
    /* The pointer of a text that crosses two chunks is refused, not followed. */
    CHECK_EQUAL("LOG across a chunk's end",
                hypercall(ABI_CALL_LOG, ABI_LOG_INFO, boot->ram.vpa + MIB(2) - 4, 8, NULL),
                -ERR_INVAL);
    char byte = 0;
    CHECK_EQUAL("no console input", console_read(&byte, 1), 0);
}

/* --- events
 * ------------------------------------------------------------------------------------------ */
static void set_deadline(uint64_t ticks)
{
    my_page()->deadline = rdtsc() + ticks;
    hypercall(ABI_CALL_DEADLINE, 0, 0, 0, NULL);
}

static void test_deadline(void)
{
    uint64_t ms = boot->tsc_hz / 1000;
    on_event[0] = ON_EVENT_LEAVE;
    events_seen();
    uint64_t start = rdtsc();
    set_deadline(5 * ms);
    CHECK_EQUAL("a deadline ends a loop in ring 3", RUN_CODE(loop, 0, 0),
                RAN_INTO_TRAP | ABI_VECTOR_EVENT);
    uint64_t took = rdtsc() - start;
    check(took >= 5 * ms && took < 5000 * ms, "in time", took / ms, 5);
    CHECK_EQUAL("with the timer's bit", events_seen(), ABI_EVENT_TIMER);
    CHECK_EQUAL("the deadline is spent", my_page()->deadline, ABI_NO_DEADLINE);
    CHECK("interrupts were on", caught[0].frame.rflags & BIT64(9));
    /* On a loaded host the deadline may pass before the emulator has come to the loop. */
    for (unsigned round = 0; round < 20 && caught[0].frame.rax <= 1000; round++) {
        set_deadline(60 * ms);
        RUN_CODE(loop, 0, 0);
        events_seen();
    }
    CHECK("the loop has run", caught[0].frame.rax > 1000);
    set_deadline(0);
    CHECK_EQUAL("a deadline in the past fires at once", RUN_CODE(loop, 0, 0),
                RAN_INTO_TRAP | ABI_VECTOR_EVENT);
    events_seen();
}

/* Root looks at the word by `until` at the latest: a deadline after that comes without a call. */
static void test_deadline_without_call(void)
{
    uint64_t ms = boot->tsc_hz / 1000;
    hypercall(ABI_CALL_NOP, 0, 0, 0, NULL);
    uint64_t now = rdtsc(), until = my_page()->until;
    check(until < now + 11 * ms, "root says when it looks next", until - now, 10 * ms);
    uint64_t deadline = MAX(until, now) + 30 * ms;
    my_page()->deadline = deadline;
    CHECK_EQUAL("a deadline after that needs no call", RUN_CODE(loop, 0, 0),
                RAN_INTO_TRAP | ABI_VECTOR_EVENT);
    check(rdtsc() >= deadline, "and comes in time", rdtsc(), deadline);
    CHECK_EQUAL("with the timer's bit, too", events_seen(), ABI_EVENT_TIMER);
}

static void test_wait(void)
{
    uint64_t ms = boot->tsc_hz / 1000;
    uint64_t start = rdtsc();
    set_deadline(30 * ms);
    CHECK_EQUAL("WAIT", hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL), 0);
    uint64_t took = rdtsc() - start;
    check(took >= 30 * ms && took < 5000 * ms, "sleeps until the deadline", took / ms, 30);
    CHECK_EQUAL("and finds its bit", __atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST),
                ABI_EVENT_TIMER);
    set_deadline(10 * ms);
    __asm__ volatile("hlt");
    CHECK_EQUAL("HLT waits too", __atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST),
                ABI_EVENT_TIMER);
    CHECK_EQUAL("KICK of oneself", hypercall(ABI_CALL_KICK, 0, 0, 0, NULL), 0);
    CHECK_EQUAL("is pending", my_page()->pending, ABI_EVENT_KICK);
    CHECK_EQUAL("WAIT returns at once then", hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL), 0);
    CHECK_EQUAL("the event comes at the first instruction of ring 3", RUN_CODE(loop, 7, 0),
                RAN_INTO_TRAP | ABI_VECTOR_EVENT);
    CHECK("before the loop has run for long", caught[0].frame.rax < 1000);
    CHECK_EQUAL("with the kick's bit", events_seen(), ABI_EVENT_KICK);
    CHECK_EQUAL("YIELD", hypercall(ABI_CALL_YIELD, 0, 0, 0, NULL), 0);
}

static void test_preemption(void)
{
    uint64_t exits = my_page()->exits;
    uint64_t ms = boot->tsc_hz / 1000;
    uint64_t count = 0;

    /* The TSC runs on while an emulator's host does something else: some rounds may have fewer. */
    for (unsigned round = 0; round < 20 && count < 5; round++) {
        set_deadline(60 * ms);
        RUN_CODE(loop, 0, 0);
        events_seen();
        count = my_page()->exits - exits;
        exits = my_page()->exits;
    }
    check(count >= 5, "a loop is preempted at least each 10 ms", count, 5);
}

static void test_step(void)
{
    enum { STEPS = 1000 };
    on_event[0] = ON_EVENT_STEP;
    set_deadline(boot->tsc_hz / 500);
    CHECK_EQUAL("TF set by the event's handler", RUN_CODE(loop, 0, 0), RAN_INTO_TRAP | VEC_DB);
    CHECK("stops one instruction later in the loop",
          caught[0].frame.rip - SPACE_CODE < 8 && caught[0].frame.rflags & RFLAGS_TF);
    events_seen();
    steps_wanted[0] = STEPS;
    set_deadline(0); /* fires at the first instruction: RAX counts each second step */
    uint64_t exits = my_page()->exits;
    CHECK_EQUAL("many steps", RUN_CODE(loop, 0, 0), RAN_INTO_TRAP | VEC_DB);
    check(caught[0].frame.rax >= STEPS / 2, "each of one instruction", caught[0].frame.rax,
          STEPS / 2);
    CHECK("without exits", my_page()->exits - exits < STEPS / 10);
    events_seen();
    on_event[0] = ON_EVENT_LEAVE;
}

/* Exits while a step is due, in a shadow: an entry checks that its state can be (SDM 3C 27.3.1.5).
 * Bochs 2.7 hangs at any SVM exit of an instruction with TF set, QEMU 7.2 has no ICEBP. */
static void test_step_over_exits(void)
{
    for (unsigned i = 0; i < 3 && boot->vendor == ABI_VENDOR_INTEL; i++) {
        CHECK_EQUAL("CPUID in a shadow is stepped", RUN_CODE(shadow, 0, 0), RAN_INTO_TRAP | VEC_DB);
        CHECK_EQUAL("VMCALL there is undefined", RUN_CODE(shadow_vmcall, 0, 0),
                    RAN_INTO_TRAP | VEC_UD);
        CHECK_EQUAL("ICEBP is #DB", RUN_CODE(icebp, 0, 0), RAN_INTO_TRAP | VEC_DB);
    }
}

/* FP state stays over exits and other VMs' turns. */
static void test_fp(void)
{
    on_event[0] = ON_EVENT_RESUME;
    uint64_t loops = boot->tsc_hz / 20;
    CHECK_EQUAL("XMM registers stay", RUN_CODE(fp, loops, 0x123456789abcdef0), 0x123456789abcdef0);
    if (boot->xcr0 & BIT64(2)) {
        CHECK_EQUAL("YMM registers stay", RUN_CODE(avx, loops, 0xfedcba9876543210),
                    0xfedcba9876543210);
    }
}

void test_events(void)
{
    test_deadline();
    test_deadline_without_call();
    test_wait();
    test_preemption();
    test_step();
    test_step_over_exits();
    test_fp();
}

/* --- several vCPUs
 * ------------------------------------------------------------------------------------ */
void test_smp(void)
{
    on_event[0] = ON_EVENT_LEAVE;
    for (unsigned i = 1; i < boot->vcpus; i++) {
        uint64_t deadline = rdtsc() + boot->tsc_hz * 2;
        events_seen();
        CHECK_EQUAL("KICK of another vCPU", hypercall(ABI_CALL_KICK, i, 0, 0, NULL), 0);
        uint64_t events = 0;
        while (!(events & ABI_EVENT_KICK) && rdtsc() < deadline) {
            set_deadline(boot->tsc_hz / 10);
            hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL);
            events |= __atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST);
        }
        CHECK_EQUAL("it kicks back", events & ABI_EVENT_KICK, ABI_EVENT_KICK);
    }
}
