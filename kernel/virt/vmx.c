/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMX back end: VMXON, VMCS life, entries, event injection. SDM 3C chapters 24 to 28.
 * A VMCS is current on its own core only; vmx_load makes it so, and every vmcs_read/write relies on
 * it.
 */
#include "kernel/virt/vmx.h"

#include "kernel/cpu_local.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/virt/vmx_caps.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define INVEPT_SINGLE  1
#define INVEPT_ALL     2
#define INVVPID_SINGLE 1
#define INVVPID_ALL    2

int vmx_run(struct vcpu_regs *regs, bool launched);

static const uint32_t switched_msrs[VMX_MSR_COUNT] = {
    [VMX_MSR_STAR] = MSR_STAR,
    [VMX_MSR_LSTAR] = MSR_LSTAR,
    [VMX_MSR_CSTAR] = MSR_CSTAR,
    [VMX_MSR_FMASK] = MSR_SFMASK,
    [VMX_MSR_KERNEL_GS] = MSR_KERNEL_GS_BASE,
    [VMX_MSR_AUX] = MSR_TSC_AUX,
};

void *vmx_msr_bitmap;
static void *vmxon_region[CPU_MAX];
static uint16_t last_vpid;

/* --- single instructions ------------------------------------------------------------------------
 */
#define VMX_POINTER_INSTRUCTION(name)                                                              \
    static bool name##_page(const void *page)                                                      \
    {                                                                                              \
        uint64_t phys = ptr_to_hpa(page).v;                                                        \
        bool failed = false;                                                                       \
        __asm__ volatile(#name " %1; setbe %0" : "=qm"(failed) : "m"(phys) : "cc", "memory");      \
        return !failed;                                                                            \
    }
VMX_POINTER_INSTRUCTION(vmxon)
VMX_POINTER_INSTRUCTION(vmclear)
VMX_POINTER_INSTRUCTION(vmptrld)
#undef VMX_POINTER_INSTRUCTION

/* INVEPT and INVVPID: the descriptor's first word is an EPT pointer or a VPID, the rest is 0. */
#define VMX_INVALIDATION(name)                                                                     \
    static void name(uint64_t type, uint64_t tag)                                                  \
    {                                                                                              \
        const uint64_t descriptor[2] = {tag, 0};                                                   \
        bool failed = false;                                                                       \
        __asm__ volatile(#name " %1, %2; setbe %0"                                                 \
                         : "=qm"(failed)                                                           \
                         : "m"(descriptor), "r"(type)                                              \
                         : "cc", "memory");                                                        \
        assert(!failed);                                                                           \
    }
VMX_INVALIDATION(invept)
VMX_INVALIDATION(invvpid)
#undef VMX_INVALIDATION

/* --- cores --------------------------------------------------------------------------------------
 */
/* One bitmap for all VMs: everything exits but the MSRs that the ABI gives to the engine. */
static int make_msr_bitmap(void)
{
    static const uint32_t open[] = {MSR_STAR,    MSR_LSTAR,   MSR_CSTAR,          MSR_SFMASK,
                                    MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX};
    enum { READ_HIGH = 1024, WRITE_HIGH = 3072 }; /* SDM 3C 25.6.9 */
    uint8_t *map = page_alloc_ptr(ORDER_4K);
    if (!map) {
        return -ERR_NOMEM;
    }
    for (size_t i = 0; i < PAGE_SIZE; i++) {
        map[i] = 0xff;
    }
    for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
        uint32_t number = open[i] - 0xc0000000u;
        uint8_t keep = (uint8_t) ~(1u << number % 8);
        map[READ_HIGH + number / 8] &= keep;
        map[WRITE_HIGH + number / 8] &= keep;
    }
    vmx_msr_bitmap = map;
    return 0;
}

static int check(struct virt_features *features)
{
    int error = vmx_check(features);
    return error ? error : make_msr_bitmap();
}

static int allow_vmxon(void)
{
    uint64_t control = msr_read(MSR_FEATURE_CONTROL);
    if (!(control & FEATURE_CONTROL_LOCK)) {
        msr_write(MSR_FEATURE_CONTROL, control | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMXON);
        control = msr_read(MSR_FEATURE_CONTROL);
    }
    if (!(control & FEATURE_CONTROL_VMXON)) {
        log_error(LOG_VIRT, "VMX is disabled in the firmware on CPU %u", cpu_index());
        return -ERR_NODEV;
    }
    return 0;
}

static bool fits(uint64_t value, uint64_t fixed0, uint64_t fixed1)
{
    return !(fixed0 & ~value) && !(value & ~fixed1);
}

static int core_on(void)
{
    int error = allow_vmxon();
    if (error) {
        return error;
    }
    if (!vmxon_region[cpu_index()]) {
        uint32_t *page = page_alloc_ptr(ORDER_4K);
        if (!page) {
            return -ERR_NOMEM;
        }
        page[0] = vmx_caps.revision;
        vmxon_region[cpu_index()] = page;
    }
    cr0_write(cr0_read() | CR0_NE);
    cr4_write(cr4_read() | CR4_VMXE);
    if (!fits(cr0_read(), vmx_caps.cr0_fixed0, vmx_caps.cr0_fixed1) ||
        !fits(cr4_read(), vmx_caps.cr4_fixed0, vmx_caps.cr4_fixed1)) {
        log_error(LOG_VIRT, "VMX: CR0 0x%lx or CR4 0x%lx is not what VMXON wants", cr0_read(),
                  cr4_read());
        return -ERR_NODEV;
    }
    if (!vmxon_page(vmxon_region[cpu_index()])) {
        log_error(LOG_VIRT, "VMX: VMXON failed on CPU %u", cpu_index());
        return -ERR_NODEV;
    }
    /* Whatever ran here before us may have left translations under our tags. */
    invept(INVEPT_ALL, 0);
    if (vmx_caps.controls[GROUP_CPU2] & CPU2_VPID) {
        invvpid((vmx_caps.ept_vpid & VPID_CAP_ALL) ? INVVPID_ALL : INVVPID_SINGLE, 1);
    }
    return 0;
}

static void core_off(void)
{
    __asm__ volatile("vmxoff" ::: "cc", "memory");
    cr4_write(cr4_read() & ~CR4_VMXE);
}

/* --- vCPUs --------------------------------------------------------------------------------------
 */
static void load(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    bool fine = vmptrld_page(x->vmcs);
    assert(fine);
    cr2_write(x->cr2);
    for (unsigned i = 0; i < VMX_MSR_COUNT; i++) {
        if (i != VMX_MSR_AUX || virt_features.rdtscp) {
            msr_write(switched_msrs[i], x->msr[i]);
        }
    }
}

static void unload(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    x->cr2 = cr2_read();
    for (unsigned i = 0; i < VMX_MSR_COUNT; i++) {
        if (i != VMX_MSR_AUX || virt_features.rdtscp) {
            x->msr[i] = msr_read(switched_msrs[i]);
        }
    }
}

static int vcpu_create(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = kalloc(sizeof(*x));
    uint32_t *vmcs = page_alloc_ptr(ORDER_4K);
    if (!x || !vmcs) {
        kfree(x, sizeof(*x));
        if (vmcs) {
            page_free_ptr(vmcs, ORDER_4K);
        }
        return -ERR_NOMEM;
    }
    vmcs[0] = vmx_caps.revision;
    x->vmcs = vmcs;
    /*
     * 0 is root's. Numbers come round after 65535 vCPUs: the INVVPID below drops what an earlier
     * owner left, and a living one has other tables, which tag combined mappings too (SDM
     * 3C 29.4.1).
     */
    do {
        x->vpid = __atomic_add_fetch(&last_vpid, 1, __ATOMIC_RELAXED);
    } while (!x->vpid);
    vcpu->backend = x;
    bool fine = vmclear_page(vmcs);
    assert(fine);
    fine = vmptrld_page(vmcs);
    assert(fine);
    vmx_write_state(vcpu);
    if (vmx_caps.controls[GROUP_CPU2] & CPU2_VPID) {
        invvpid((vmx_caps.ept_vpid & VPID_CAP_SINGLE) ? INVVPID_SINGLE : INVVPID_ALL, x->vpid);
    }
    return 0;
}

static void vcpu_destroy(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    bool fine = vmclear_page(x->vmcs);
    assert(fine);
    page_free_ptr(x->vmcs, ORDER_4K);
    kfree(x, sizeof(*x));
    vcpu->backend = NULL;
}

static void flush(struct vcpu *vcpu)
{
    bool single = vmx_caps.ept_vpid & EPT_CAP_INVEPT_SINGLE;
    uint64_t pointer = ept_pointer(vm_nested(vcpu->vm), virt_features.accessed_dirty);
    invept(single ? INVEPT_SINGLE : INVEPT_ALL, single ? pointer : 0);
}

static int enter(struct vcpu *vcpu, uint64_t until)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    uint64_t now = tsc_read();
    if (virt_features.preemption_timer) {
        uint64_t ticks = until > now ? (until - now) >> vmx_caps.timer_shift : 0;
        vmcs_write(VMCS_PREEMPTION_TIMER, MIN(ticks, (uint64_t)UINT32_MAX));
    }
    int failed = vmx_run(&vcpu->regs, x->launched);
    vcpu->exit_tsc = tsc_read();
    vcpu->run_cycles += vcpu->exit_tsc - now;
    if (failed) {
        log_error(LOG_VIRT, "VMX: entry refused: %s",
                  vmx_error_name(vmcs_read(VMCS_INSTRUCTION_ERROR)));
        return -ERR_INVAL;
    }
    x->launched = true;
    x->reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
    x->vectoring = (uint32_t)vmcs_read(VMCS_VECTORING_EVENT);
    return 0;
}

static bool can_take_event(const struct vcpu *vcpu)
{
    (void)vcpu;
    return (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
           !(vmcs_read(VMCS_GUEST_BLOCKING) & (BLOCKING_STI | BLOCKING_MOV_SS));
}

static void inject(struct vcpu *vcpu, const struct vcpu_event *event)
{
    (void)vcpu;
    vmcs_write(VMCS_ENTRY_EVENT, FIELD(EVENT_VECTOR, event->vector) |
                                     FIELD(EVENT_TYPE, event->type) | EVENT_VALID |
                                     (event->has_code ? EVENT_HAS_CODE : 0));
    if (event->has_code) {
        vmcs_write(VMCS_ENTRY_ERROR_CODE, event->code);
    }
}

static void want_window(struct vcpu *vcpu, bool wanted)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    uint32_t controls =
        (x->cpu_controls & ~CPU_INTERRUPT_WINDOW) | (wanted ? CPU_INTERRUPT_WINDOW : 0);
    if (controls != x->cpu_controls) {
        x->cpu_controls = controls;
        vmcs_write(VMCS_CPU_CONTROLS, controls);
    }
}

static uint64_t rip(const struct vcpu *vcpu)
{
    (void)vcpu;
    return vmcs_read(VMCS_GUEST_RIP);
}

const struct virt_ops vmx_ops = {
    .name = "VMX",
    .vendor = ABI_VENDOR_INTEL,
    .nested = &ept_format,
    .check = check,
    .core_on = core_on,
    .core_off = core_off,
    .vcpu_create = vcpu_create,
    .vcpu_destroy = vcpu_destroy,
    .vcpu_load = load,
    .vcpu_unload = unload,
    .flush = flush,
    .enter = enter,
    .answer = vmx_answer,
    .can_take_event = can_take_event,
    .inject = inject,
    .want_window = want_window,
    .rip = rip,
    .dump = vmx_dump,
};
