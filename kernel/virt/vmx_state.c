/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fresh VMCS holds: lists of (field, value), and the host's state as this core has it. */
#include "kernel/cpu_local.h"
#include "kernel/mem.h"
#include "kernel/virt/vmx.h"
#include "kernel/virt/vmx_caps.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"
#include "kernel/x86/trap.h"

/* Segment rights, SDM 3C table 25-2. */
#define RIGHTS_CODE_64  0xa09bu
#define RIGHTS_DATA     0xc093u
#define RIGHTS_TSS_BUSY 0x008bu
#define RIGHTS_UNUSABLE 0x10000u

#define PAT_RESET UINT64_C(0x0007040600070406)

struct field_value {
    enum vmcs_field field;
    uint64_t value;
};

void vmx_exit_entry(void);
extern void *vmx_msr_bitmap; /* vmx.c */

// clang-format off
static const struct field_value guest_rows[] = {
    {VMCS_GUEST_CS_SELECTOR,   8},
    {VMCS_GUEST_SS_SELECTOR,   0x10},
    {VMCS_GUEST_DS_SELECTOR,   0x10},
    {VMCS_GUEST_ES_SELECTOR,   0x10},
    {VMCS_GUEST_FS_SELECTOR,   0x10},
    {VMCS_GUEST_GS_SELECTOR,   0x10},
    {VMCS_GUEST_LDTR_SELECTOR, 0},
    {VMCS_GUEST_TR_SELECTOR,   0x18},
    {VMCS_GUEST_CS_LIMIT,      0xffffffff},
    {VMCS_GUEST_SS_LIMIT,      0xffffffff},
    {VMCS_GUEST_DS_LIMIT,      0xffffffff},
    {VMCS_GUEST_ES_LIMIT,      0xffffffff},
    {VMCS_GUEST_FS_LIMIT,      0xffffffff},
    {VMCS_GUEST_GS_LIMIT,      0xffffffff},
    {VMCS_GUEST_LDTR_LIMIT,    0},
    {VMCS_GUEST_TR_LIMIT,      0x67},
    {VMCS_GUEST_GDTR_LIMIT,    0},
    {VMCS_GUEST_IDTR_LIMIT,    0},
    {VMCS_GUEST_CS_RIGHTS,     RIGHTS_CODE_64},
    {VMCS_GUEST_SS_RIGHTS,     RIGHTS_DATA},
    {VMCS_GUEST_DS_RIGHTS,     RIGHTS_DATA},
    {VMCS_GUEST_ES_RIGHTS,     RIGHTS_DATA},
    {VMCS_GUEST_FS_RIGHTS,     RIGHTS_DATA},
    {VMCS_GUEST_GS_RIGHTS,     RIGHTS_DATA},
    {VMCS_GUEST_LDTR_RIGHTS,   RIGHTS_UNUSABLE},
    {VMCS_GUEST_TR_RIGHTS,     RIGHTS_TSS_BUSY},
    {VMCS_GUEST_CS_BASE,       0},
    {VMCS_GUEST_SS_BASE,       0},
    {VMCS_GUEST_DS_BASE,       0},
    {VMCS_GUEST_ES_BASE,       0},
    {VMCS_GUEST_FS_BASE,       0},
    {VMCS_GUEST_GS_BASE,       0},
    {VMCS_GUEST_LDTR_BASE,     0},
    {VMCS_GUEST_TR_BASE,       0},
    {VMCS_GUEST_GDTR_BASE,     0},
    {VMCS_GUEST_IDTR_BASE,     0},
    {VMCS_GUEST_BLOCKING,      0},
    {VMCS_GUEST_ACTIVITY,      0},
    {VMCS_GUEST_PENDING_DEBUG, 0},
    {VMCS_GUEST_SYSENTER_CS,   0},
    {VMCS_GUEST_SYSENTER_ESP,  0},
    {VMCS_GUEST_SYSENTER_EIP,  0},
    {VMCS_GUEST_DEBUGCTL,      0},
    {VMCS_GUEST_DR7,           0x400},
    {VMCS_GUEST_RFLAGS,        2},
    {VMCS_GUEST_PAT,           PAT_RESET},
    {VMCS_GUEST_EFER,          EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE},
    {VMCS_LINK_POINTER,        UINT64_MAX},
    {VMCS_FAULT_CODE_MASK,     0},
    {VMCS_FAULT_CODE_MATCH,    0},
    {VMCS_CR3_TARGETS,         0},
    {VMCS_EXIT_MSR_STORES,     0},
    {VMCS_EXIT_MSR_LOADS,      0},
    {VMCS_ENTRY_MSR_LOADS,     0},
    {VMCS_ENTRY_EVENT,         0},
    {VMCS_EXCEPTION_BITMAP,    VIRT_INTERCEPTED_EXCEPTIONS},
    /* Root uses neither SYSENTER nor other segments than its own. */
    {VMCS_HOST_SYSENTER_CS,    0},
    {VMCS_HOST_SYSENTER_ESP,   0},
    {VMCS_HOST_SYSENTER_EIP,   0},
    {VMCS_HOST_CS_SELECTOR,    SEL_CODE},
    {VMCS_HOST_SS_SELECTOR,    SEL_DATA},
    {VMCS_HOST_DS_SELECTOR,    0},
    {VMCS_HOST_ES_SELECTOR,    0},
    {VMCS_HOST_FS_SELECTOR,    0},
    {VMCS_HOST_GS_SELECTOR,    0},
    {VMCS_HOST_TR_SELECTOR,    SEL_TSS},
};
// clang-format on

static void write_controls(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    const uint32_t *controls = vmx_caps.controls;
    x->cpu_controls = controls[GROUP_CPU];
    vmcs_write(VMCS_PIN_CONTROLS, controls[GROUP_PIN]);
    vmcs_write(VMCS_CPU_CONTROLS, controls[GROUP_CPU]);
    vmcs_write(VMCS_CPU2_CONTROLS, controls[GROUP_CPU2]);
    vmcs_write(VMCS_EXIT_CONTROLS, controls[GROUP_EXIT]);
    vmcs_write(VMCS_ENTRY_CONTROLS, controls[GROUP_ENTRY]);
    vmcs_write(VMCS_MSR_BITMAP, ptr_to_hpa(vmx_msr_bitmap).v);
    vmcs_write(VMCS_EPT_POINTER, ept_pointer(vm_nested(vcpu->vm), virt_features.accessed_dirty));
    if (controls[GROUP_CPU2] & CPU2_VPID) {
        vmcs_write(VMCS_VPID, x->vpid);
    }
}

static void write_host(void)
{
    struct cpu *cpu = cpu_self();
    vmcs_write(VMCS_HOST_CR0, cr0_read());
    vmcs_write(VMCS_HOST_CR3, cr3_read());
    vmcs_write(VMCS_HOST_CR4, cr4_read());
    vmcs_write(VMCS_HOST_PAT, msr_read(MSR_PAT));
    vmcs_write(VMCS_HOST_EFER, msr_read(MSR_EFER));
    vmcs_write(VMCS_HOST_FS_BASE, 0);
    vmcs_write(VMCS_HOST_GS_BASE, (uint64_t)cpu);
    vmcs_write(VMCS_HOST_TR_BASE, (uint64_t)&cpu->tss);
    vmcs_write(VMCS_HOST_GDTR_BASE, (uint64_t)&cpu->gdt);
    vmcs_write(VMCS_HOST_IDTR_BASE, trap_idt_base());
    vmcs_write(VMCS_HOST_RIP, (uint64_t)vmx_exit_entry);
}

static void write_start(struct vcpu *vcpu)
{
    uint64_t cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    uint64_t cr4 = virt_guest_cr4();
    vmcs_write(VMCS_GUEST_CR0, cr0 | vmx_caps.cr0_fixed0);
    vmcs_write(VMCS_CR0_SHADOW, cr0);
    vmcs_write(VMCS_CR0_MASK, ~UINT64_C(0));
    vmcs_write(VMCS_GUEST_CR4, cr4 | vmx_caps.cr4_fixed0);
    vmcs_write(VMCS_CR4_SHADOW, cr4);
    vmcs_write(VMCS_CR4_MASK, ~UINT64_C(0));
    vmcs_write(VMCS_GUEST_CR3, vcpu->start_cr3);
    vmcs_write(VMCS_GUEST_RSP, vcpu->start_rsp);
    vmcs_write(VMCS_GUEST_RIP, vcpu->start_rip);
}

void vmx_write_state(struct vcpu *vcpu)
{
    for (size_t i = 0; i < ARRAY_SIZE(guest_rows); i++) {
        vmcs_write(guest_rows[i].field, guest_rows[i].value);
    }
    write_controls(vcpu);
    write_host();
    write_start(vcpu);
}
