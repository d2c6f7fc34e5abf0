/* SPDX-License-Identifier: BSD-2-Clause */
/* What VMX can do on this machine, read once from the capability MSRs. */
#pragma once

#include "kernel/virt/virt.h"
#include "kernel/virt/vmx_controls.h"

struct vmx_caps {
    uint32_t revision;
    uint32_t controls[GROUP_COUNT];
    uint64_t cr0_fixed0, cr0_fixed1; /* bits that must be 1, bits that may be 1 */
    uint64_t cr4_fixed0, cr4_fixed1;
    uint64_t ept_vpid;
    unsigned timer_shift; /* the preemption timer counts TSC >> this */
};

extern struct vmx_caps vmx_caps;

/* Reads them; errors as virt_ops.check. */
int vmx_check(struct virt_features *features) MUST_CHECK;
