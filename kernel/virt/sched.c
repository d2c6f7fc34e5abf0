/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cores' schedulers. A core's list is changed under its lock; a vCPU in it is touched by its
 * core alone. A waiting vCPU needs no wake-up flag: the core looks at what it waits for each time
 * it chooses, and others kick the core after they changed that.
 */
#include "kernel/virt/sched.h"

#include "kernel/cpu_local.h"
#include "kernel/lib/spinlock.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"

struct sched_core {
    struct spinlock lock;
    struct vcpu *head; /* whose turn is next */
    struct vcpu *tail;
    unsigned count;
};

static struct sched_core cores[CPU_MAX];
static void (*background)(void);
static bool background_wanted; /* something came after it last looked */
static uint64_t background_at = UINT64_MAX;
static uint64_t background_period; /* TSC ticks; 0: it only follows interrupts */

static void append(struct sched_core *core, struct vcpu *vcpu)
{
    vcpu->next = NULL;
    if (core->tail) {
        core->tail->next = vcpu;
    } else {
        core->head = vcpu;
    }
    core->tail = vcpu;
}

static struct vcpu *take_head(struct sched_core *core)
{
    struct vcpu *vcpu = core->head;
    core->head = vcpu->next;
    if (!core->head) {
        core->tail = NULL;
    }
    return vcpu;
}

void sched_add(struct vcpu *vcpu)
{
    struct sched_core *core = &cores[vcpu->core];
    vcpu->ready_since = tsc_read();
    uint64_t flags = spin_lock_irq(&core->lock);
    append(core, vcpu);
    core->count++;
    spin_unlock_irq(&core->lock, flags);
    smp_kick(vcpu->core);
}

void sched_wake(struct vcpu *vcpu)
{
    if (vcpu->core != cpu_index()) {
        smp_kick(vcpu->core);
    }
}

static uint64_t deadline_of(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vm_vcpu_page(vcpu->vm, vcpu->index)->deadline, __ATOMIC_RELAXED);
}

static bool is_ready(const struct vcpu *vcpu, uint64_t now)
{
    const struct abi_vcpu *page = vm_vcpu_page(vcpu->vm, vcpu->index);
    if (vm_is_paused(vcpu->vm)) {
        return vm_is_stopping(vcpu->vm);
    }
    return vcpu->state != VCPU_WAITING || vm_is_stopping(vcpu->vm) ||
           __atomic_load_n(&page->pending, __ATOMIC_SEQ_CST) || deadline_of(vcpu) <= now;
}

/* The next ready vCPU, now last in its list; NULL when all wait. */
static struct vcpu *choose(struct sched_core *core, uint64_t now)
{
    struct vcpu *chosen = NULL;
    uint64_t flags = spin_lock_irq(&core->lock);
    for (unsigned i = 0; i < core->count && !chosen; i++) {
        struct vcpu *vcpu = take_head(core);
        append(core, vcpu);
        chosen = is_ready(vcpu, now) ? vcpu : NULL;
    }
    spin_unlock_irq(&core->lock, flags);
    return chosen;
}

static void drop(struct sched_core *core, const struct vcpu *gone)
{
    uint64_t flags = spin_lock_irq(&core->lock);
    unsigned count = core->count;
    for (unsigned i = 0; i < count; i++) {
        struct vcpu *vcpu = take_head(core);
        if (vcpu == gone) {
            core->count--;
        } else {
            append(core, vcpu);
        }
    }
    spin_unlock_irq(&core->lock, flags);
}

static void end_vcpu(struct sched_core *core, struct vcpu *vcpu)
{
    virt_vcpu_destroy(vcpu);
    drop(core, vcpu);
    vcpu->state = VCPU_GONE;
    vm_vcpu_gone(vcpu); /* the VM, and vcpu with it, may be gone now */
}

static void create_vcpu(struct vcpu *vcpu)
{
    int error = virt_vcpu_create(vcpu);
    if (error) {
        log_error(LOG_VM, "%s: vCPU %u cannot be made on CPU %u: %s", vm_name(vcpu->vm),
                  vcpu->index, vcpu->core, err_text(error));
        vm_stop(vcpu->vm, VM_END_FAULT, (uint64_t)error);
    }
    vcpu->state = VCPU_READY;
}

/* One turn; interrupts are off. */
static void run_turn(struct sched_core *core, struct vcpu *vcpu, uint64_t now)
{
    if (vcpu->state == VCPU_READY) {
        vm_vcpu_page(vcpu->vm, vcpu->index)->steal += now - vcpu->ready_since;
    }
    if (vcpu->state == VCPU_NEW) {
        create_vcpu(vcpu);
    }
    vcpu->state = VCPU_READY;
    enum exit_answer answer = EXIT_STOP;
    if (!vm_is_stopping(vcpu->vm)) {
        answer = virt_run(vcpu, now + time_tsc_from_us(SCHED_SLICE_US));
    }
    vm_console_drain(vcpu->vm);
    switch (answer) {
    case EXIT_STOP: end_vcpu(core, vcpu); break;
    case EXIT_WAIT: vcpu->state = VCPU_WAITING; break;
    default: vcpu->ready_since = tsc_read();
    }
}

bool sched_run_once(void)
{
    struct sched_core *core = &cores[cpu_index()];
    uint64_t now = tsc_read();
    struct vcpu *vcpu = choose(core, now);
    if (vcpu) {
        cpu_interrupts_off();
        run_turn(core, vcpu, now);
        cpu_interrupts_on();
    }
    return vcpu;
}

uint64_t sched_next_deadline(void)
{
    struct sched_core *core = &cores[cpu_index()];
    uint64_t next = ABI_NO_DEADLINE;
    uint64_t flags = spin_lock_irq(&core->lock);
    for (const struct vcpu *vcpu = core->head; vcpu; vcpu = vcpu->next) {
        uint64_t then = vm_is_paused(vcpu->vm) ? ABI_NO_DEADLINE : deadline_of(vcpu);
        next = MIN(next, is_ready(vcpu, 0) ? 0 : then);
    }
    spin_unlock_irq(&core->lock, flags);
    return next;
}

/* Halts until an interrupt; with interrupts off from the last look on, so that no kick is lost. */
static void idle(void)
{
    cpu_interrupts_off();
    uint64_t next = sched_next_deadline();
    if (cpu_index() == 0 && __atomic_load_n(&background_wanted, __ATOMIC_ACQUIRE)) {
        next = 0;
    } else if (cpu_index() == 0) {
        next = MIN(next, background_at);
        next = background_period ? MIN(next, tsc_read() + background_period) : next;
    }
    if (next <= tsc_read()) {
        cpu_interrupts_on();
        return;
    }
    time_set_deadline(next);
    cpu_interrupts_on_halt();
}

void sched_set_background(void (*function)(void), unsigned period_us)
{
    background = function;
    background_period = time_tsc_from_us(period_us);
}

void sched_background_at(uint64_t tsc)
{
    background_at = tsc;
}

void sched_want_background(void)
{
    __atomic_store_n(&background_wanted, true, __ATOMIC_RELEASE);
    if (cpu_index() != 0) {
        smp_kick(0);
    }
}

void sched_loop(void *unused)
{
    (void)unused;
    bool boot_cpu = cpu_index() == 0;
    for (;;) {
        if (boot_cpu && background) {
            __atomic_store_n(&background_wanted, false, __ATOMIC_SEQ_CST);
            background();
        }
        if (!sched_run_once()) {
            idle();
        }
    }
}
