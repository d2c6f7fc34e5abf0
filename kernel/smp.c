/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs: a table that only grows, at boot; starting one; calling a function on one; idling.
 *
 * A call goes through the target's mailbox, which one lock guards. Whoever waits, for the lock or
 * for the answer, serves its own mailbox meanwhile: two CPUs that call each other with interrupts
 * off both get on.
 */
#include "kernel/smp.h"

#include "kernel/irq.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/cpu_features.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/trap.h"

#define STACK_SIZE       KIB(32)
#define TRAP_STACK_SIZE  KIB(8)
#define START_WAIT_US    1000000u
#define START_POLL_US    100u
#define REAL_MODE_LIMIT  MIB(1)
#define TRAMPOLINE_BLOCK 0xf00u
#define TRAMPOLINE_LONG  0x80u
#define TRAMPOLINE_GDT   0xc0u
#define TRAMPOLINE_SEL   0x08u

/* What boot/trampoline.asm reads, at offset 0xf00 of its page. */
struct trampoline_block {
    uint64_t cr3;
    uint32_t far_offset;
    uint16_t far_selector;
    uint16_t pad0;
    uint16_t gdt_limit;
    uint16_t gdt_base[2];
    uint16_t pad1;
    uint64_t stack;
    uint64_t cpu;
    uint64_t entry;
};
_Static_assert(sizeof(struct trampoline_block) == 48, "trampoline.asm has these offsets");

struct mailbox {
    smp_call_fn *function; /* not NULL: to be run */
    void *argument;
};

struct work {
    smp_call_fn *function;
    void *argument;
};

extern const char trampoline_start[], trampoline_end[];

static struct cpu boot_cpu;
static struct cpu *cpus[CPU_MAX] = {&boot_cpu};
static unsigned count = 1;
static const struct smp_ipi_ops *ipi;
static struct mailbox mailboxes[CPU_MAX];
static struct work works[CPU_MAX];
static bool call_lock;

/* The stacks that hardware switches to, so that even a broken stack gets its report. */
static bool give_stacks(struct cpu *cpu)
{
    cpu->stack_top = stack_alloc(STACK_SIZE);
    for (unsigned ist = IST_NMI; ist < IST_END; ist++) {
        void *top = stack_alloc(TRAP_STACK_SIZE);
        if (!top) {
            return false;
        }
        cpu->tss.ist[ist - 1] = (uintptr_t)top;
    }
    return cpu->stack_top;
}

/* Until there is memory for real ones: a fault before that is our bug, and wants its report. */
void smp_prepare_boot_cpu(void)
{
    static uint8_t stack[4096] __attribute__((aligned(16)));

    for (unsigned ist = IST_NMI; ist < IST_END; ist++) {
        boot_cpu.tss.ist[ist - 1] = (uintptr_t)(stack + sizeof(stack));
    }
    gdt_load(&boot_cpu);
}

void *smp_init_boot_cpu(void)
{
    if (!give_stacks(&boot_cpu)) {
        panic("no memory for stacks");
    }
    boot_cpu.online = true;
    return boot_cpu.stack_top;
}

unsigned smp_cpu_count(void)
{
    return __atomic_load_n(&count, __ATOMIC_ACQUIRE);
}

struct cpu *smp_cpu(unsigned index)
{
    assert(index < smp_cpu_count());
    return cpus[index];
}

/* --- calls --------------------------------------------------------------------------------------
 */
static void serve_mailbox(void *context)
{
    struct mailbox *box = &mailboxes[cpu_index()];
    smp_call_fn *function = __atomic_load_n(&box->function, __ATOMIC_ACQUIRE);

    (void)context;
    if (function) {
        function(box->argument);
        __atomic_store_n(&box->function, NULL, __ATOMIC_RELEASE);
    }
}

static void kicked(void *context)
{
    (void)context; /* leaving HLT or the guest was all */
}

void smp_set_ipi_ops(const struct smp_ipi_ops *ops)
{
    ipi = ops;
    boot_cpu.apic_id = ops->this_apic_id();
    irq_vector_set(IRQ_VECTOR_CALL, "call", serve_mailbox, NULL);
    irq_vector_set(IRQ_VECTOR_KICK, "kick", kicked, NULL);
}

void smp_call(unsigned index, smp_call_fn *function, void *argument)
{
    struct mailbox *box = &mailboxes[index];
    uint64_t flags = cpu_interrupts_save();

    assert(index < smp_cpu_count());
    if (index == cpu_index()) {
        function(argument);
        cpu_interrupts_restore(flags);
        return;
    }
    while (__atomic_exchange_n(&call_lock, true, __ATOMIC_ACQUIRE)) {
        serve_mailbox(NULL);
        cpu_pause();
    }
    box->argument = argument;
    __atomic_store_n(&box->function, function, __ATOMIC_RELEASE);
    ipi->send(cpus[index]->apic_id, IRQ_VECTOR_CALL);
    while (__atomic_load_n(&box->function, __ATOMIC_ACQUIRE)) {
        cpu_pause(); /* holding the lock: nobody calls this CPU now */
    }
    __atomic_store_n(&call_lock, false, __ATOMIC_RELEASE);
    cpu_interrupts_restore(flags);
}

void smp_call_all(smp_call_fn *function, void *argument)
{
    for (unsigned i = 0; i < smp_cpu_count(); i++) {
        smp_call(i, function, argument);
    }
}

void smp_kick(unsigned index)
{
    if (index != cpu_index()) {
        ipi->send(smp_cpu(index)->apic_id, IRQ_VECTOR_KICK);
    }
}

/* --- stopping -----------------------------------------------------------------------------------
 */
static struct cpu *last_running; /* NULL: all run */

void smp_stop_others(void)
{
    struct cpu *nobody = NULL;

    /* Only the first that asks goes on. */
    __atomic_compare_exchange_n(&last_running, &nobody, cpu_self(), false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
    for (unsigned i = 0; ipi && i < count; i++) {
        if (cpus[i] != cpu_self()) {
            ipi->send_nmi(cpus[i]->apic_id);
        }
    }
}

bool smp_must_stop(void)
{
    struct cpu *last = __atomic_load_n(&last_running, __ATOMIC_ACQUIRE);

    return last && last != cpu_self();
}

/* --- work ---------------------------------------------------------------------------------------
 */
void smp_set_work(unsigned index, smp_call_fn *function, void *argument)
{
    assert(index < smp_cpu_count() && !works[index].function);
    works[index].argument = argument;
    __atomic_store_n(&works[index].function, function, __ATOMIC_RELEASE);
    smp_kick(index);
}

void smp_idle(void)
{
    struct work *work = &works[cpu_index()];

    for (;;) {
        cpu_interrupts_off();
        smp_call_fn *function = __atomic_load_n(&work->function, __ATOMIC_ACQUIRE);
        if (!function) {
            cpu_interrupts_on_halt();
            continue;
        }
        void *argument = work->argument;
        __atomic_store_n(&work->function, NULL, __ATOMIC_RELEASE);
        cpu_interrupts_on();
        function(argument);
    }
}

/* --- starting -----------------------------------------------------------------------------------
 */
static _Noreturn void start_here(struct cpu *cpu)
{
    gdt_load(cpu);
    trap_load();
    paging_load();
    cpu_features_enable();
    ipi->init_this_cpu();
    __atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
    smp_idle();
}

static void fill_trampoline(hpa_t page, hpa_t cr3, struct cpu *cpu)
{
    char *at = hpa_to_ptr(page);
    uint32_t gdt = (uint32_t)page.v + TRAMPOLINE_GDT;

    memcpy(at, trampoline_start, (size_t)(trampoline_end - trampoline_start));
    const struct trampoline_block block = {
        .cr3 = cr3.v,
        .far_offset = (uint32_t)page.v + TRAMPOLINE_LONG,
        .far_selector = TRAMPOLINE_SEL,
        .gdt_limit = 15,
        .gdt_base = {(uint16_t)gdt, (uint16_t)(gdt >> 16)},
        .stack = (uintptr_t)cpu->stack_top,
        .cpu = (uintptr_t)cpu,
        .entry = (uintptr_t)start_here,
    };
    memcpy(at + TRAMPOLINE_BLOCK, &block, sizeof(block));
}

static int wake(struct cpu *cpu, hpa_t page)
{
    ipi->send_init(cpu->apic_id);
    ipi->delay_us(10000);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        ipi->send_startup(cpu->apic_id, (unsigned)(page.v >> PAGE_SHIFT));
        ipi->delay_us(200);
    }
    for (unsigned us = 0; us < START_WAIT_US; us += START_POLL_US) {
        if (__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
            return 0;
        }
        ipi->delay_us(START_POLL_US);
    }
    return -ERR_TIMEOUT;
}

static int start_through(struct cpu *cpu, hpa_t page)
{
    hpa_t cr3;
    int error = paging_trampoline_begin(page, &cr3);

    if (error) {
        return error;
    }
    fill_trampoline(page, cr3, cpu);
    error = wake(cpu, page);
    if (!error) {
        paging_trampoline_end();
    }
    return error;
}

int smp_start(uint32_t apic_id)
{
    assert(ipi && count < CPU_MAX + 1);
    if (count == CPU_MAX) {
        return -ERR_RANGE;
    }
    struct cpu *cpu = kalloc(sizeof(*cpu));
    hpa_t page = page_alloc_below(ORDER_4K, REAL_MODE_LIMIT);
    if (!cpu || !hpa_valid(page) || !give_stacks(cpu)) {
        return -ERR_NOMEM; /* at boot, for good: what was taken stays taken */
    }
    cpu->index = count;
    cpu->apic_id = apic_id;
    int error = start_through(cpu, page);
    if (error) {
        /* It may still wake up: its page, tables and stacks must stay as they are. */
        log_error(LOG_CPU, "the CPU with APIC id %u does not start: %s", apic_id, err_text(error));
        return error;
    }
    page_free(page, ORDER_4K);
    cpus[count] = cpu;
    __atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
    return 0;
}
