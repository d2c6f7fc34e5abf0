/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the back end, turns it on on each core, switches FP state between vCPUs, runs entries. */
#include "kernel/virt/virt.h"

#include "kernel/cpu_local.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/virt/entry.h"
#include "kernel/virt/xsave.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define REGISTER_AT(name, offset)                                                                  \
    _Static_assert(offsetof(struct vcpu_regs, name) == (offset), "entry.h")
REGISTER_AT(rax, REG_RAX);
REGISTER_AT(rcx, REG_RCX);
REGISTER_AT(rdx, REG_RDX);
REGISTER_AT(rbx, REG_RBX);
REGISTER_AT(rbp, REG_RBP);
REGISTER_AT(rsi, REG_RSI);
REGISTER_AT(rdi, REG_RDI);
REGISTER_AT(r8, REG_R8);
REGISTER_AT(r9, REG_R9);
REGISTER_AT(r10, REG_R10);
REGISTER_AT(r11, REG_R11);
REGISTER_AT(r12, REG_R12);
REGISTER_AT(r13, REG_R13);
REGISTER_AT(r14, REG_R14);
REGISTER_AT(r15, REG_R15);

/* An entry never lasts longer, so that a lost exit (TESTBED.md 1.5) costs this at most. */
#define ENTRY_MAX_US 10000

/* How many exits of one instruction in a row, with nothing else between, are a loop. */
#define STUCK_LIMIT 100000u

/* What a core holds. */
struct virt_core {
    bool on;
    struct vcpu *loaded; /* whose registers, VMCS or VMCB are on this core */
};

const struct virt_ops *virt;
struct virt_features virt_features;

static struct virt_core cores[CPU_MAX];
static unsigned cores_on;

static const char *const cause_names[CAUSE_COUNT] = {
#define X(name, text) [CAUSE_##name] = text,
    VIRT_CAUSE_ROWS(X)
#undef X
};

const char *virt_cause_name(enum virt_cause cause)
{
    return cause_names[cause];
}

/* --- what all VMs get
 * ------------------------------------------------------------------------------ */
// clang-format off
static const struct {
    uint64_t feature;
    uint64_t cr4;
    unsigned leaf;
    unsigned reg; /* 1 EBX, 2 ECX */
    unsigned bit;
} feature_rows[] = {
    {ABI_FEATURE_XSAVE,    CR4_OSXSAVE,  1, 2, 26},
    {ABI_FEATURE_PCID,     CR4_PCIDE,    1, 2, 17},
    {ABI_FEATURE_FSGSBASE, CR4_FSGSBASE, 7, 1, 0},
    {ABI_FEATURE_SMEP,     CR4_SMEP,     7, 1, 7},
    {ABI_FEATURE_SMAP,     CR4_SMAP,     7, 1, 20},
    {ABI_FEATURE_UMIP,     CR4_UMIP,     7, 2, 2},
};
// clang-format on

static bool has_feature(unsigned row)
{
    struct cpuid r = cpuid(feature_rows[row].leaf, 0);
    return ((feature_rows[row].reg == 1 ? r.ebx : r.ecx) >> feature_rows[row].bit) & 1;
}

uint64_t virt_abi_features(void)
{
    uint64_t features = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(feature_rows); i++) {
        features |= has_feature(i) ? feature_rows[i].feature : 0;
    }
    return features;
}

uint64_t virt_guest_cr4(void)
{
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    for (unsigned i = 0; i < ARRAY_SIZE(feature_rows); i++) {
        cr4 |= has_feature(i) ? feature_rows[i].cr4 : 0;
    }
    return cr4;
}

/* --- start
 * ----------------------------------------------------------------------------------------- */
int virt_init(void)
{
    struct cpuid vendor = cpuid(0, 0);
    bool amd = vendor.ecx == 0x444d4163 /* cAMD */ || vendor.ecx == 0x656e6975 /* uine: Hygon */;
    const struct virt_ops *ops = amd ? &svm_ops : &vmx_ops;
    int error = xsave_init();
    if (!error) {
        error = ops->check(&virt_features);
    }
    if (error) {
        log_error(LOG_VIRT, "no VM can run on this machine");
        return error;
    }
    virt = ops;
    return 0;
}

void virt_core_on(void *unused)
{
    (void)unused;
    struct virt_core *core = &cores[cpu_index()];
    if (core->on) {
        return;
    }
    xsave_core_on();
    int error = virt->core_on();
    if (error) {
        log_error(LOG_VIRT, "CPU %u: %s stays off: %s", cpu_index(), virt->name, err_text(error));
        return;
    }
    core->on = true;
    __atomic_fetch_add(&cores_on, 1, __ATOMIC_RELAXED);
    log_info(LOG_VIRT, "CPU %u: %s on", cpu_index(), virt->name);
}

static void release_core(struct virt_core *core)
{
    if (core->loaded) {
        virt->vcpu_unload(core->loaded);
        xsave_save(core->loaded->xsave);
        core->loaded = NULL;
    }
}

void virt_core_off(void *unused)
{
    (void)unused;
    struct virt_core *core = &cores[cpu_index()];
    if (core->on) {
        release_core(core);
        virt->core_off();
        core->on = false;
        __atomic_fetch_sub(&cores_on, 1, __ATOMIC_RELAXED);
    }
}

unsigned virt_cores_on(void)
{
    return __atomic_load_n(&cores_on, __ATOMIC_RELAXED);
}

/* --- vCPUs
 * ----------------------------------------------------------------------------------------- */
int virt_vcpu_create(struct vcpu *vcpu)
{
    struct virt_core *core = &cores[cpu_index()];
    if (!core->on) {
        return -ERR_NODEV;
    }
    release_core(core);
    vcpu->xsave = xsave_alloc();
    if (!vcpu->xsave) {
        return -ERR_NOMEM;
    }
    return virt->vcpu_create(vcpu);
}

void virt_vcpu_destroy(struct vcpu *vcpu)
{
    struct virt_core *core = &cores[cpu_index()];
    if (core->loaded == vcpu) {
        release_core(core);
    }
    if (vcpu->backend) {
        virt->vcpu_destroy(vcpu);
    }
    if (vcpu->xsave) {
        xsave_free(vcpu->xsave);
        vcpu->xsave = NULL;
    }
}

static void load(struct vcpu *vcpu)
{
    struct virt_core *core = &cores[cpu_index()];
    if (core->loaded == vcpu) {
        return;
    }
    release_core(core);
    virt->vcpu_load(vcpu);
    xsave_restore(vcpu->xsave);
    core->loaded = vcpu;
}

/* Tells the engine about pending events, or asks for the moment when it can be told. */
static void deliver(struct vcpu *vcpu)
{
    if (vcpu->inject.valid) {
        virt->inject(vcpu, &vcpu->inject);
        vcpu->inject.valid = false;
        virt->want_window(vcpu, vcpu->event_wanted);
        return;
    }
    bool wanted = __atomic_load_n(&vcpu->event_wanted, __ATOMIC_ACQUIRE);
    if (wanted) {
        /* Cleared before the word is read: whoever sets bits later sets the flag again. */
        __atomic_store_n(&vcpu->event_wanted, false, __ATOMIC_SEQ_CST);
        uint64_t *pending = &vm_vcpu_page(vcpu->vm, vcpu->index)->pending;
        wanted = __atomic_load_n(pending, __ATOMIC_SEQ_CST) != 0;
    }
    if (wanted && virt->can_take_event(vcpu)) {
        virt->inject(vcpu, &(struct vcpu_event){.valid = true, .vector = ABI_VECTOR_EVENT});
        wanted = false;
    }
    if (wanted) {
        __atomic_store_n(&vcpu->event_wanted, true, __ATOMIC_SEQ_CST);
    }
    virt->want_window(vcpu, wanted);
}

/* Fires the engine's deadline when it has come; returns when the entry must end at the latest. */
static uint64_t check_deadline(struct vcpu *vcpu, uint64_t now, uint64_t slice_end)
{
    struct abi_vcpu *page = vm_vcpu_page(vcpu->vm, vcpu->index);
    uint64_t *word = &page->deadline;
    uint64_t deadline = __atomic_load_n(word, __ATOMIC_RELAXED);
    if (deadline <= now) {
        __atomic_compare_exchange_n(word, &deadline, ABI_NO_DEADLINE, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
        vcpu_post(vcpu, ABI_EVENT_TIMER);
        deadline = ABI_NO_DEADLINE;
    }
    uint64_t bound = MIN(deadline, now + time_tsc_from_us(ENTRY_MAX_US));
    uint64_t until = MIN(bound, slice_end);
    page->until = until; /* a word for the engine; nothing here reads it */
    return until;
}

/* Makes the APIC timer end the entry by `until`. One that comes earlier does no harm, and is kept:
 * its registers are slow to write. */
static void bound_entry(uint64_t until)
{
    uint64_t armed = cpu_self()->timer_deadline;
    if (armed > until || armed <= tsc_read()) {
        time_set_deadline(until);
    }
}

static void account(struct vcpu *vcpu, uint64_t now)
{
    uint64_t cycles = now - vcpu->exit_tsc;
    vcpu->exits[vcpu->cause].count++;
    vcpu->exits[vcpu->cause].cycles += cycles;
    if (vcpu->call < ABI_CALL_COUNT) {
        vcpu->calls[vcpu->call].count++;
        vcpu->calls[vcpu->call].cycles += cycles;
    }
    vcpu->exit_total++;
    vm_vcpu_page(vcpu->vm, vcpu->index)->exits = vcpu->exit_total;
}

/* A VM that exits at one instruction for ever makes no progress: stop it. */
static bool is_stuck(struct vcpu *vcpu)
{
    switch (vcpu->cause) {
    case CAUSE_INTERRUPT:
    case CAUSE_TIMER:
    case CAUSE_WINDOW: return false;
    case CAUSE_HYPERCALL: vcpu->stuck_count = 0; return false;
    default: break;
    }
    uint64_t rip = virt->rip(vcpu);
    if (rip != vcpu->stuck_rip) {
        vcpu->stuck_rip = rip;
        vcpu->stuck_count = 0;
    }
    return ++vcpu->stuck_count >= STUCK_LIMIT;
}

/* No emulator shows a missing invalidation: the generation does. */
static void flush_if_stale(struct vcpu *vcpu)
{
    const struct ptab *nested = vm_nested(vcpu->vm);
    if (ptab_is_stale(nested, vcpu->seen_generation)) {
        vcpu->seen_generation = __atomic_load_n(&nested->generation, __ATOMIC_ACQUIRE);
        virt->flush(vcpu);
    }
    assert(!ptab_is_stale(nested, vcpu->seen_generation));
}

static enum exit_answer enter_once(struct vcpu *vcpu, uint64_t slice_end)
{
    uint64_t until = check_deadline(vcpu, tsc_read(), slice_end);
    deliver(vcpu);
    flush_if_stale(vcpu);
    if (!virt_features.preemption_timer) {
        bound_entry(until);
    }
    vcpu->call = ABI_CALL_COUNT;
    if (virt->enter(vcpu, until)) {
        vcpu->cause = CAUSE_INVALID;
        vm_fault(vcpu, "the CPU refuses the vCPU's state");
        return EXIT_STOP;
    }
    enum exit_answer answer = virt->answer(vcpu);
    if (answer == EXIT_INJECT) {
        answer = EXIT_RESUME; /* deliver() finds it in vcpu->inject */
    }
    if (answer == EXIT_RESUME && is_stuck(vcpu)) {
        vm_fault(vcpu, "loops in exits (%s) at 0x%lx", virt_cause_name(vcpu->cause),
                 vcpu->stuck_rip);
        return EXIT_STOP;
    }
    return answer;
}

enum exit_answer virt_run(struct vcpu *vcpu, uint64_t slice_end)
{
    enum exit_answer answer = EXIT_RESUME;
    load(vcpu);
    while (answer == EXIT_RESUME) {
        if (vm_is_stopping(vcpu->vm)) {
            answer = EXIT_STOP;
            break;
        }
        answer = enter_once(vcpu, slice_end);
        uint64_t now = tsc_read();
        account(vcpu, now);
        if (answer == EXIT_RESUME && now >= slice_end) {
            answer = EXIT_YIELD;
        }
    }
    return answer;
}
