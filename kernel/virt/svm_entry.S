/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SVM world switch. RAX, RSP, RIP, RFLAGS are the VMCB's, the other registers struct vcpu_regs'.
 * GIF is 0 around it; IF is 1 at VMRUN, since with V_INTR_MASKING the host's IF decides whether
 * physical interrupts end the run (APM 2 15.21.1). VMSAVE/VMLOAD carry FS, GS, TR, LDTR and the
 * SYSCALL MSRs, which VMRUN leaves alone.
 */
#include "kernel/virt/entry.inc"

        .text
        .global svm_run
        .type svm_run, @function
/* void svm_run(struct vcpu_regs *regs, uint64_t vmcb, uint64_t host_vmcb): physical addresses. */
svm_run:
        SWITCH_ENTER
        push    %rdx
        push    %rdi
        mov     %rsi, %rax
        LOAD_VCPU
        clgi
        sti
        vmload  %rax
        vmrun   %rax
        vmsave  %rax
        SAVE_VCPU
        mov     8(%rsp), %rax
        vmload  %rax
        cli
        stgi
        FORGET_VCPU
        SWITCH_LEAVE 16
        .size svm_run, . - svm_run

        .section .note.GNU-stack, "", @progbits
