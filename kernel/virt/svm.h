/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the SVM back end share; nobody else includes this. */
#pragma once

#include "kernel/virt/svm_fields.h"
#include "kernel/virt/virt.h"

struct svm_vcpu {
    struct vmcb *vmcb;
    uint64_t tsc_aux;
};

/* CPUID 0x8000000a's EDX and the number of ASIDs, read once. */
struct svm_caps {
    uint32_t features;
    uint32_t asids;
};

extern struct svm_caps svm_caps;

static inline struct vmcb *vmcb_of(const struct vcpu *vcpu)
{
    return ((struct svm_vcpu *)vcpu->backend)->vmcb;
}

/* svm_exit.c */
enum exit_answer svm_answer(struct vcpu *vcpu);
void svm_dump(const struct vcpu *vcpu);
/* svm_state.c: all of a fresh VMCB. */
void svm_write_state(struct vcpu *vcpu, uint64_t iopm, uint64_t msrpm);
