; SPDX-License-Identifier: BSD-2-Clause
; The 256 interrupt entries: each pushes its vector (and a 0 where the CPU pushes no error code),
; then all registers, so that the stack holds a struct trap_frame.

extern trap_dispatch
global trap_entries
global switch_stack

%define HAS_ERROR(n) ((n) == 8 || ((n) >= 10 && (n) <= 14) || (n) == 17 || (n) == 21 || \
                      (n) == 29 || (n) == 30)

section .text
bits 64

; Entry n is at trap_entries + 16 * n.
align 16
trap_entries:
%assign n 0
%rep 256
        align   16
    %if !HAS_ERROR(n)
        push    0
    %endif
        push    strict dword n
        jmp     strict near trap_common
    %assign n n + 1
%endrep

align 16
trap_common:
        push    rax
        push    rbx
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    rbp
        push    r8
        push    r9
        push    r10
        push    r11
        push    r12
        push    r13
        push    r14
        push    r15
        cld
        mov     rdi, rsp
        call    trap_dispatch           ; 22 words pushed on a 16-aligned stack: aligned
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rbp
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        pop     rbx
        pop     rax
        add     rsp, 16
        iretq

; void switch_stack(void *top, void (*function)(void)): runs function on the new stack for good.
switch_stack:
        mov     rsp, rdi
        xor     ebp, ebp
        push    rbp
        push    rbp
        mov     rbp, rsp
        call    rsi
        ud2
