/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the VMX back end share; nobody else includes this. */
#pragma once

#include "kernel/panic.h"
#include "kernel/virt/virt.h"
#include "kernel/virt/vmx_fields.h"

enum {
    VMX_MSR_STAR,
    VMX_MSR_LSTAR,
    VMX_MSR_CSTAR,
    VMX_MSR_FMASK,
    VMX_MSR_KERNEL_GS,
    VMX_MSR_AUX,
    VMX_MSR_COUNT
};

struct vmx_vcpu {
    void *vmcs;
    bool launched;
    uint16_t vpid;
    uint32_t cpu_controls; /* as in the VMCS */
    uint32_t reason;       /* of the last exit, whole word */
    uint32_t vectoring;    /* VECTORING_EVENT of the last exit */
    uint64_t msr[VMX_MSR_COUNT];
    uint64_t cr2; /* no field of the VMCS */
};

static inline struct vmx_vcpu *vmx_of(const struct vcpu *vcpu)
{
    return vcpu->backend;
}

/* Reads a field of the current VMCS; 0 where this CPU has no such field (dumps read them all). */
static inline uint64_t vmcs_read(enum vmcs_field field)
{
    uint64_t value = 0;
    __asm__ volatile("vmread %1, %0" : "+r"(value) : "r"((uint64_t)field) : "cc");
    return value;
}

static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
    bool failed = false;
    __asm__ volatile("vmwrite %1, %2; setbe %0"
                     : "=qm"(failed)
                     : "r"(value), "r"((uint64_t)field)
                     : "cc");
    if (__builtin_expect(failed, 0)) {
        panic("VMWRITE of field 0x%x failed", (unsigned)field);
    }
}

/* vmx_exit.c */
enum exit_answer vmx_answer(struct vcpu *vcpu);
/* vmx_dump.c */
void vmx_dump(const struct vcpu *vcpu);
const char *vmx_exit_name(uint32_t reason);
const char *vmx_error_name(uint64_t number);
/* vmx_state.c: all of a fresh VMCS, which is the current one. */
void vmx_write_state(struct vcpu *vcpu);
