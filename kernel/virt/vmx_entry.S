/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMX world switch: host registers on the stack, the vCPU's in struct vcpu_regs (virt.h). */

#define REG_RAX 0
#define REG_RCX 8
#define REG_RDX 16
#define REG_RBX 24
#define REG_RBP 32
#define REG_RSI 40
#define REG_RDI 48
#define REG_R8  56
#define REG_R9  64
#define REG_R10 72
#define REG_R11 80
#define REG_R12 88
#define REG_R13 96
#define REG_R14 104
#define REG_R15 112

#define VMCS_HOST_RSP 0x6c14

        .text
        .global vmx_run
        .type vmx_run, @function
/* int vmx_run(struct vcpu_regs *regs, bool launched): 0 after an exit, 1 when the entry failed. */
vmx_run:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rdi
        mov     $VMCS_HOST_RSP, %eax
        vmwrite %rsp, %rax
        jbe     1f
        test    %sil, %sil
        mov     REG_RAX(%rdi), %rax
        mov     REG_RCX(%rdi), %rcx
        mov     REG_RDX(%rdi), %rdx
        mov     REG_RBX(%rdi), %rbx
        mov     REG_RBP(%rdi), %rbp
        mov     REG_RSI(%rdi), %rsi
        mov     REG_R8(%rdi), %r8
        mov     REG_R9(%rdi), %r9
        mov     REG_R10(%rdi), %r10
        mov     REG_R11(%rdi), %r11
        mov     REG_R12(%rdi), %r12
        mov     REG_R13(%rdi), %r13
        mov     REG_R14(%rdi), %r14
        mov     REG_R15(%rdi), %r15
        mov     REG_RDI(%rdi), %rdi
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
        push    %rdi
        mov     8(%rsp), %rdi
        mov     %rax, REG_RAX(%rdi)
        mov     %rcx, REG_RCX(%rdi)
        mov     %rdx, REG_RDX(%rdi)
        mov     %rbx, REG_RBX(%rdi)
        mov     %rbp, REG_RBP(%rdi)
        mov     %rsi, REG_RSI(%rdi)
        mov     %r8, REG_R8(%rdi)
        mov     %r9, REG_R9(%rdi)
        mov     %r10, REG_R10(%rdi)
        mov     %r11, REG_R11(%rdi)
        mov     %r12, REG_R12(%rdi)
        mov     %r13, REG_R13(%rdi)
        mov     %r14, REG_R14(%rdi)
        mov     %r15, REG_R15(%rdi)
        pop     %rax
        mov     %rax, REG_RDI(%rdi)
        xor     %eax, %eax
        /* What the VM left in registers must not steer our speculation. */
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
vmx_leave:
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size vmx_run, . - vmx_run

        .section .note.GNU-stack, "", @progbits
