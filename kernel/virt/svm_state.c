/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fresh VMCB holds. */
#include "kernel/virt/svm.h"
#include "kernel/vm.h"
#include "kernel/x86/regs.h"

/* Segment rights in the VMCB's form: descriptor bits 55:52, 47:40. */
#define RIGHTS_CODE_64  0x0a9b
#define RIGHTS_DATA     0x0c93
#define RIGHTS_TSS_BUSY 0x008b

#define PAT_RESET UINT64_C(0x0007040600070406)
#define DR6_RESET UINT64_C(0xffff0ff0)
#define DR7_RESET UINT64_C(0x400)

static void write_intercepts(struct vmcb *v)
{
    v->intercept_cr_read = BIT32(8);
    v->intercept_cr_write = BIT32(0) | BIT32(4) | BIT32(8);
    v->intercept_dr_read = UINT16_MAX;
    v->intercept_dr_write = UINT16_MAX;
    v->intercept_exceptions = VIRT_INTERCEPTED_EXCEPTIONS;
    v->intercept_misc1 = MISC1_INTR | MISC1_NMI | MISC1_SMI | MISC1_INIT | MISC1_RDPMC |
                         MISC1_CPUID | MISC1_RSM | MISC1_INVD | MISC1_HLT | MISC1_INVLPGA |
                         MISC1_IO | MISC1_MSR | MISC1_TASK | MISC1_SHUTDOWN;
    v->intercept_misc2 = MISC2_VMRUN | MISC2_VMMCALL | MISC2_VMLOAD | MISC2_VMSAVE | MISC2_STGI |
                         MISC2_CLGI | MISC2_SKINIT | MISC2_WBINVD | MISC2_MONITOR | MISC2_MWAIT |
                         MISC2_MWAIT_ARMED | MISC2_XSETBV;
}

static void write_segments(struct vmcb *v)
{
    const struct vmcb_segment data = {0x10, RIGHTS_DATA, UINT32_MAX, 0};
    v->cs = (struct vmcb_segment){0x08, RIGHTS_CODE_64, UINT32_MAX, 0};
    v->ss = data;
    v->ds = data;
    v->es = data;
    v->fs = data;
    v->gs = data;
    v->tr = (struct vmcb_segment){0x18, RIGHTS_TSS_BUSY, 0x67, 0};
}

void svm_write_state(struct vcpu *vcpu, uint64_t iopm, uint64_t msrpm)
{
    struct vmcb *v = vmcb_of(vcpu);
    write_intercepts(v);
    write_segments(v);
    v->iopm_base = iopm;
    v->msrpm_base = msrpm;
    v->v_intr = V_INTR_MASKING;
    v->nested_control = NESTED_PAGING;
    v->nested_cr3 = vm_nested(vcpu->vm)->root;
    v->tlb_control = TLB_FLUSH_ALL;
    v->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME;
    v->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
    v->cr3 = vcpu->start_cr3;
    v->cr4 = virt_guest_cr4();
    v->pat = PAT_RESET;
    v->dr6 = DR6_RESET;
    v->dr7 = DR7_RESET;
    v->rflags = 2;
    v->rip = vcpu->start_rip;
    v->rsp = vcpu->start_rsp;
}
