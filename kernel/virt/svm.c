/* SPDX-License-Identifier: BSD-2-Clause */
/* The SVM back end: EFER.SVME, VMCB life, entries, event injection. APM 2 chapter 15. */
#include "kernel/virt/svm.h"

#include "kernel/cpu_local.h"
#include "kernel/lib/spinlock.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define CPUID_EXT      0x80000001u
#define CPUID_EXT_SVM  BIT32(2)
#define CPUID_RDTSCP   BIT32(27)
#define CPUID_1G_PAGES BIT32(26)
#define CPUID_SVM      0x8000000au

#define IOPM_ORDER  2 /* 12 KiB, of four pages */
#define MSRPM_ORDER 1
#define ASID_LIMIT  4096u

void svm_run(struct vcpu_regs *regs, uint64_t vmcb, uint64_t host_vmcb);

struct svm_core {
    void *save_area; /* the CPU's own, for VMRUN */
    void *host_vmcb; /* root's FS, GS, TR, LDTR and SYSCALL MSRs, for VMLOAD */
};

struct svm_caps svm_caps;
static struct svm_core cores[CPU_MAX];
static void *iopm;
static void *msrpm;

static struct spinlock asid_lock;
static uint64_t asids_used[ASID_LIMIT / 64];

/* --- start --------------------------------------------------------------------------------------
 */
static bool firmware_allows(void)
{
    bool refused = msr_read(MSR_VM_CR) & VM_CR_SVMDIS;
    if (refused) {
        log_error(LOG_VIRT,
                  "SVM is disabled in the firmware: turn \"SVM Mode\" (AMD-V) on in its set-up%s",
                  (svm_caps.features & SVM_LOCK) ? ""
                                                 : " (this old CPU cannot be unlocked otherwise)");
    }
    return !refused;
}

static int make_maps(void)
{
    static const uint32_t open[] = {MSR_STAR,    MSR_LSTAR,   MSR_CSTAR,          MSR_SFMASK,
                                    MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_TSC_AUX};
    enum { HIGH_MSRS = 0x800 }; /* two bits each from 0xc0000000 on: APM 2 15.11 */
    uint8_t *io = page_alloc_ptr(IOPM_ORDER);
    uint8_t *msr = page_alloc_ptr(MSRPM_ORDER);
    if (!io || !msr) {
        return -ERR_NOMEM;
    }
    for (size_t i = 0; i < PAGE_SIZE << IOPM_ORDER; i++) {
        io[i] = 0xff;
    }
    for (size_t i = 0; i < PAGE_SIZE << MSRPM_ORDER; i++) {
        msr[i] = 0xff;
    }
    for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
        uint32_t at = (open[i] - 0xc0000000u) * 2;
        msr[HIGH_MSRS + at / 8] &= (uint8_t) ~(3u << at % 8);
    }
    iopm = io;
    msrpm = msr;
    asids_used[0] = 1; /* 0 is the host's */
    return 0;
}

static int check(struct virt_features *features)
{
    if (!(cpuid(CPUID_EXT, 0).ecx & CPUID_EXT_SVM)) {
        log_error(LOG_VIRT, "SVM: this CPU has none, or a hypervisor below us hides it");
        return -ERR_NODEV;
    }
    struct cpuid leaf = cpuid(CPUID_SVM, 0);
    svm_caps = (struct svm_caps){.features = leaf.edx, .asids = MIN(leaf.ebx, ASID_LIMIT)};
    if (!firmware_allows()) {
        return -ERR_NODEV;
    }
    if (!(svm_caps.features & SVM_NPT) || svm_caps.asids < 2) {
        log_error(LOG_VIRT, "SVM: this CPU has no nested paging, or no ASIDs");
        return -ERR_NODEV;
    }
    uint32_t edx = cpuid(CPUID_EXT, 0).edx;
    *features = (struct virt_features){
        .guest_large_2m = true,
        .guest_large_1g = edx & CPUID_1G_PAGES,
        .guest_large_code = true,
        .accessed_dirty = true,
        .invpcid = true,
        .rdtscp = edx & CPUID_RDTSCP,
        .preemption_timer = false,
    };
    log_info(LOG_VIRT,
             "SVM: NPT 4K 2M%s, %u ASIDs, next RIP %s, flush by ASID %s, decode assists %s",
             features->guest_large_1g ? " 1G" : "", leaf.ebx,
             (svm_caps.features & SVM_NRIP) ? "yes" : "no",
             (svm_caps.features & SVM_FLUSH_ASID) ? "yes" : "no",
             (svm_caps.features & SVM_DECODE) ? "yes" : "no");
    return make_maps();
}

static int core_on(void)
{
    struct svm_core *core = &cores[cpu_index()];
    if (msr_read(MSR_VM_CR) & VM_CR_SVMDIS) {
        log_error(LOG_VIRT, "SVM is disabled in the firmware on CPU %u", cpu_index());
        return -ERR_NODEV;
    }
    if (!core->save_area) {
        core->save_area = page_alloc_ptr(ORDER_4K);
        core->host_vmcb = page_alloc_ptr(ORDER_4K);
    }
    if (!core->save_area || !core->host_vmcb) {
        return -ERR_NOMEM;
    }
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME);
    msr_write(MSR_DEBUGCTL, 0); /* VMRUN leaves it alone: BTF would reach the VM */
    msr_write(MSR_VM_HSAVE_PA, ptr_to_hpa(core->save_area).v);
    __asm__ volatile("vmsave %0" ::"a"(ptr_to_hpa(core->host_vmcb).v) : "memory");
    return 0;
}

static void core_off(void)
{
    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~EFER_SVME);
}

/* --- vCPUs --------------------------------------------------------------------------------------
 */
static uint32_t take_asid(void)
{
    uint32_t asid = 0;
    uint64_t flags = spin_lock_irq(&asid_lock);
    for (uint32_t i = 1; i < svm_caps.asids && !asid; i++) {
        if (!(asids_used[i / 64] & BIT64(i % 64))) {
            asids_used[i / 64] |= BIT64(i % 64);
            asid = i;
        }
    }
    spin_unlock_irq(&asid_lock, flags);
    return asid;
}

static void give_asid(uint32_t asid)
{
    uint64_t flags = spin_lock_irq(&asid_lock);
    asids_used[asid / 64] &= ~BIT64(asid % 64);
    spin_unlock_irq(&asid_lock, flags);
}

static int vcpu_create(struct vcpu *vcpu)
{
    struct svm_vcpu *s = kalloc(sizeof(*s));
    struct vmcb *vmcb = page_alloc_ptr(ORDER_4K);
    uint32_t asid = s && vmcb ? take_asid() : 0;
    if (!asid) {
        kfree(s, sizeof(*s));
        if (vmcb) {
            page_free_ptr(vmcb, ORDER_4K);
        }
        return -ERR_NOMEM;
    }
    s->vmcb = vmcb;
    vmcb->asid = asid;
    vcpu->backend = s;
    svm_write_state(vcpu, ptr_to_hpa(iopm).v, ptr_to_hpa(msrpm).v);
    return 0;
}

static void vcpu_destroy(struct vcpu *vcpu)
{
    struct svm_vcpu *s = vcpu->backend;
    give_asid(s->vmcb->asid);
    page_free_ptr(s->vmcb, ORDER_4K);
    kfree(s, sizeof(*s));
    vcpu->backend = NULL;
}

/* VMLOAD and VMSAVE in svm_run do the rest; VMRUN loads CR2, but not in Bochs 2.7. */
static void load(struct vcpu *vcpu)
{
    cr2_write(vmcb_of(vcpu)->cr2);
    if (virt_features.rdtscp) {
        msr_write(MSR_TSC_AUX, ((struct svm_vcpu *)vcpu->backend)->tsc_aux);
    }
}

static void unload(struct vcpu *vcpu)
{
    if (virt_features.rdtscp) {
        ((struct svm_vcpu *)vcpu->backend)->tsc_aux = msr_read(MSR_TSC_AUX);
    }
}

static void flush(struct vcpu *vcpu)
{
    bool by_asid = svm_caps.features & SVM_FLUSH_ASID;
    vmcb_of(vcpu)->tlb_control = by_asid ? TLB_FLUSH_ASID : TLB_FLUSH_ALL;
}

static int enter(struct vcpu *vcpu, uint64_t until)
{
    (void)until; /* the APIC timer, set by virt_run, ends the entry */
    struct vmcb *v = vmcb_of(vcpu);
    uint64_t now = tsc_read();
    v->rax = vcpu->regs.rax;
    svm_run(&vcpu->regs, ptr_to_hpa(v).v, ptr_to_hpa(cores[cpu_index()].host_vmcb).v);
    vcpu->regs.rax = v->rax;
    vcpu->exit_tsc = tsc_read();
    vcpu->run_cycles += vcpu->exit_tsc - now;
    v->tlb_control = TLB_KEEP;
    v->event_inject = 0;
    return v->exit_code == EXIT_CODE_INVALID ? -ERR_INVAL : 0;
}

static bool can_take_event(const struct vcpu *vcpu)
{
    const struct vmcb *v = vmcb_of(vcpu);
    return (v->rflags & RFLAGS_IF) && !(v->interrupt_shadow & SHADOW_ACTIVE);
}

static void inject(struct vcpu *vcpu, const struct vcpu_event *event)
{
    vmcb_of(vcpu)->event_inject = FIELD(SVM_EVENT_VECTOR, event->vector) |
                                  FIELD(SVM_EVENT_TYPE, event->type) | SVM_EVENT_VALID |
                                  (event->has_code ? SVM_EVENT_HAS_CODE : 0) |
                                  FIELD(SVM_EVENT_CODE, event->code);
}

/* The CPU delivers the vector itself when IF becomes 1: no exit. It clears V_IRQ when it has. */
static void want_window(struct vcpu *vcpu, bool wanted)
{
    struct vmcb *v = vmcb_of(vcpu);
    v->v_intr = V_INTR_MASKING;
    if (wanted) {
        v->v_intr |=
            V_IRQ | V_IGNORE_TPR | FIELD(V_VECTOR, ABI_VECTOR_EVENT) | FIELD(V_PRIORITY, 15);
    }
}

static uint64_t rip(const struct vcpu *vcpu)
{
    return vmcb_of(vcpu)->rip;
}

const struct virt_ops svm_ops = {
    .name = "SVM",
    .vendor = ABI_VENDOR_AMD,
    .nested = &npt_format,
    .check = check,
    .core_on = core_on,
    .core_off = core_off,
    .vcpu_create = vcpu_create,
    .vcpu_destroy = vcpu_destroy,
    .vcpu_load = load,
    .vcpu_unload = unload,
    .flush = flush,
    .enter = enter,
    .answer = svm_answer,
    .can_take_event = can_take_event,
    .inject = inject,
    .want_window = want_window,
    .rip = rip,
    .dump = svm_dump,
};
