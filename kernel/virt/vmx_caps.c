/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the VMX capability MSRs (SDM 3D appendix A) and says in plain words what is missing. */
#include "kernel/virt/vmx_caps.h"

#include "kernel/log.h"
#include "kernel/virt/vmx_fields.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define CPUID_1_ECX_VMX               BIT32(5)
#define CPUID_7_EDX_ARCH_CAPABILITIES BIT32(29)
#define MSR_ARCH_CAPABILITIES         0x10a
#define ARCH_CAP_PSCHANGE_MC_NO       BIT64(6)
#define MEMORY_TYPE_WB                6

struct vmx_caps vmx_caps;

static bool firmware_allows(void)
{
    uint64_t control = msr_read(MSR_FEATURE_CONTROL);
    bool refused = (control & FEATURE_CONTROL_LOCK) && !(control & FEATURE_CONTROL_VMXON);
    if (refused) {
        log_error(LOG_VIRT,
                  "VMX is disabled in the firmware: turn \"Intel Virtualization Technology\" "
                  "(VT-x) on in its set-up and power-cycle the machine");
    }
    return !refused;
}

static int read_controls(void)
{
    static const uint32_t msrs[GROUP_COUNT] = {MSR_VMX_PIN, MSR_VMX_CPU, MSR_VMX_CPU2, MSR_VMX_EXIT,
                                               MSR_VMX_ENTRY};
    bool have_true = msr_read(MSR_VMX_BASIC) & BASIC_TRUE;
    int error = 0;
    for (unsigned group = 0; group < GROUP_COUNT && !error; group++) {
        bool use_true = have_true && group != GROUP_CPU2;
        uint64_t capability = msr_read(use_true ? MSR_VMX_TRUE(msrs[group]) : msrs[group]);
        error = vmx_combine(group, capability, &vmx_caps.controls[group]);
    }
    return error;
}

/* The EPT features that we cannot do without. */
static int check_ept(void)
{
    // clang-format off
    static const struct {
        uint64_t bits;
        const char *name;
    } needs[] = {
        {EPT_CAP_WALK_4, "four-level EPT"},
        {EPT_CAP_WB,     "write-back EPT"},
        {EPT_CAP_INVEPT, "INVEPT"},
    };
    // clang-format on
    uint64_t caps = vmx_caps.ept_vpid;
    for (unsigned i = 0; i < ARRAY_SIZE(needs); i++) {
        if (!(caps & needs[i].bits)) {
            log_error(LOG_VIRT, "VMX: this CPU has no %s", needs[i].name);
            return -ERR_NODEV;
        }
    }
    if (!(caps & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL))) {
        log_error(LOG_VIRT, "VMX: this CPU's INVEPT has no type that we know");
        return -ERR_NODEV;
    }
    return 0;
}

static void drop_vpid_without_invvpid(void)
{
    uint64_t need = VPID_CAP_INVVPID;
    bool any = vmx_caps.ept_vpid & (VPID_CAP_SINGLE | VPID_CAP_ALL);
    if (!any || !(vmx_caps.ept_vpid & need)) {
        vmx_caps.controls[GROUP_CPU2] &= ~CPU2_VPID;
    }
}

/*
 * Whether a page that a VM executes may be larger than 4 KiB: it can change that page's size in its
 * own tables under an instruction TLB's eyes, and a CPU with this erratum then raises a machine
 * check, which is root's (CVE-2018-12207, INTEL-SA-00210).
 */
static bool survives_page_size_changes(void)
{
    bool tells = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).edx & CPUID_7_EDX_ARCH_CAPABILITIES);
    return tells && (msr_read(MSR_ARCH_CAPABILITIES) & ARCH_CAP_PSCHANGE_MC_NO);
}

static void report(const struct virt_features *features)
{
    uint32_t cpu2 = vmx_caps.controls[GROUP_CPU2];
    log_info(
        LOG_VIRT,
        "VMX: revision 0x%x, EPT 4K%s%s%s, VPID %s, preemption timer %s (TSC/%u), unrestricted "
        "guest %s",
        vmx_caps.revision, (vmx_caps.ept_vpid & EPT_CAP_2M) ? " 2M" : "",
        features->guest_large_1g ? " 1G" : "", features->accessed_dirty ? " A/D" : "",
        (cpu2 & CPU2_VPID) ? "yes" : "no", features->preemption_timer ? "yes" : "no",
        1u << vmx_caps.timer_shift, (cpu2 & CPU2_UNRESTRICTED) ? "yes" : "no");
}

int vmx_check(struct virt_features *features)
{
    if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX)) {
        log_error(LOG_VIRT, "VMX: this CPU has none, or a hypervisor below us hides it");
        return -ERR_NODEV;
    }
    if (!firmware_allows()) {
        return -ERR_NODEV;
    }
    uint64_t basic = msr_read(MSR_VMX_BASIC);
    if (GET_FIELD(basic, BASIC_TYPE) != MEMORY_TYPE_WB ||
        GET_FIELD(basic, BASIC_SIZE) > PAGE_SIZE) {
        log_error(LOG_VIRT, "VMX: this CPU wants its VMCS in a way we do not know (0x%lx)", basic);
        return -ERR_NODEV;
    }
    vmx_caps.revision = (uint32_t)GET_FIELD(basic, BASIC_REVISION);
    vmx_caps.cr0_fixed0 = msr_read(MSR_VMX_CR0_FIXED0);
    vmx_caps.cr0_fixed1 = msr_read(MSR_VMX_CR0_FIXED1);
    vmx_caps.cr4_fixed0 = msr_read(MSR_VMX_CR4_FIXED0);
    vmx_caps.cr4_fixed1 = msr_read(MSR_VMX_CR4_FIXED1);
    vmx_caps.timer_shift = (unsigned)GET_FIELD(msr_read(MSR_VMX_MISC), MISC_TIMER_SHIFT);
    int error = read_controls();
    if (error) {
        return error;
    }
    vmx_caps.ept_vpid = msr_read(MSR_VMX_EPT_VPID);
    error = check_ept();
    if (error) {
        return error;
    }
    drop_vpid_without_invvpid();
    uint32_t cpu2 = vmx_caps.controls[GROUP_CPU2];
    *features = (struct virt_features){
        .guest_large_2m = vmx_caps.ept_vpid & EPT_CAP_2M,
        .guest_large_1g = vmx_caps.ept_vpid & EPT_CAP_1G,
        .guest_large_code = survives_page_size_changes(),
        .accessed_dirty = vmx_caps.ept_vpid & EPT_CAP_AD,
        .invpcid = cpu2 & CPU2_INVPCID,
        .rdtscp = cpu2 & CPU2_RDTSCP,
        .preemption_timer = vmx_caps.controls[GROUP_PIN] & PIN_PREEMPTION_TIMER,
    };
    report(features);
    return 0;
}
