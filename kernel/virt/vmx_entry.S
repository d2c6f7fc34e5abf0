/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMX world switch: host registers on the stack, the vCPU's in struct vcpu_regs (virt.h). */
#include "kernel/virt/entry.inc"

#define VMCS_HOST_RSP 0x6c14 /* SDM 3D appendix B, table B-17; vmx_fields.h */

        .text
        .global vmx_run
        .type vmx_run, @function
/* int vmx_run(struct vcpu_regs *regs, bool launched): 0 after an exit, 1 when the entry failed. */
vmx_run:
        SWITCH_ENTER
        push    %rdi
        mov     $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        jbe     1f
        test    %sil, %sil
        mov     REG_RAX(%rdi), %rax
        LOAD_VCPU
        jnz     2f
        vmlaunch
        jmp     1f
2:      vmresume
1:      mov     $1, %eax
        jmp     vmx_leave

        .global vmx_exit_entry
        .type vmx_exit_entry, @function
/* HOST_RIP: RSP is as it was at the vmwrite above. */
vmx_exit_entry:
        SAVE_VCPU rax=1
        xor     %eax, %eax
        FORGET_VCPU
vmx_leave:
        SWITCH_LEAVE 8
        .size vmx_run, . - vmx_run

        .section .note.GNU-stack, "", @progbits
