/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's first instruction, its trap stubs, the ways into ring 3 and out of it. See ring.h. */

#define CPU_RSP0        8
#define CPU_RSP3        16
#define CPU_SYNC_RETURN 24
#define CPU_SYNC_FLAGS  32

#define START_RIP 0
#define START_RSP 8
#define START_RAX 16
#define START_RDI 24
#define START_R14 32
#define START_R15 40

#define RING3_RFLAGS 0x40202
#define FRAME_CS     24 /* behind vector, error, RIP */

        .section .text.entry, "ax"
        .global engine_entry
        .type engine_entry, @function
/* RDI: struct abi_boot, RSI: the vCPU's index; RSP as after a call. */
engine_entry:
        xor     %ebp, %ebp
        jmp     engine_main

        .text
/* --- traps ---------------------------------------------------------------------------------------- */
        .global trap_stubs
/* 256 stubs of 16 bytes. Vectors 8, 10-14, 17, 21, 29, 30 push an error code by themselves. */
        .balign 16
trap_stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     (vector != 8) && ((vector < 10) || (vector > 14)) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
        push    $0
        .endif
        push    $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

        .balign 16
trap_common:
        testb   $3, FRAME_CS(%rsp)
        jz      1f
        swapgs
1:      push    %rax
        push    %rbx
        push    %rcx
        push    %rdx
        push    %rsi
        push    %rdi
        push    %rbp
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        xor     %ebp, %ebp
        call    trap_handle
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rbp
        pop     %rdi
        pop     %rsi
        pop     %rdx
        pop     %rcx
        pop     %rbx
        pop     %rax
        testb   $3, FRAME_CS(%rsp)
        jz      2f
        swapgs
2:      add     $16, %rsp
        iretq

/* --- ring 3 ----------------------------------------------------------------------------------------- */
        .global ring3_run
        .type ring3_run, @function
/* uint64_t ring3_run(const struct ring3_start *start) */
ring3_run:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $8, %rsp                /* 16-byte aligned now: traps and calls start from here */
        mov     %rsp, %gs:CPU_RSP0
        mov     %gs:0, %rax
        mov     %rsp, ring_cpu_tss_rsp0(%rax)
        mov     START_RIP(%rdi), %rcx
        mov     START_RSP(%rdi), %rsi
        mov     START_RAX(%rdi), %rax
        mov     START_R14(%rdi), %r14
        mov     START_R15(%rdi), %r15
        mov     START_RDI(%rdi), %rdi
        /* Nothing of ring 0's goes along. */
        xor     %ebx, %ebx
        xor     %edx, %edx
        xor     %ebp, %ebp
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r12d, %r12d
        xor     %r13d, %r13d
        mov     $RING3_RFLAGS, %r11d
        swapgs
        mov     %rsi, %rsp
        xor     %esi, %esi
        sysretq

        .global ring3_syscall
/* LSTAR: RCX return address, R11 RFLAGS, RSP ring 3's. Interrupts are off by FMASK. */
ring3_syscall:
        swapgs
        mov     %rsp, %gs:CPU_RSP3
        mov     %gs:CPU_RSP0, %rsp
        cmp     %rcx, %gs:CPU_SYNC_RETURN
        jne     ring3_out
        push    %gs:CPU_RSP3
        push    %rcx
        push    %r11
        sub     $8, %rsp
        mov     %rdi, %r9
        mov     %rsi, %rcx
        mov     %eax, %edi
        mov     %edx, %esi
        mov     %r9, %rdx
        call    ring3_call
        add     $8, %rsp
        pop     %r11
        or      %gs:CPU_SYNC_FLAGS, %r11
        pop     %rcx
        swapgs
        pop     %rsp
        sysretq
ring3_out:
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size ring3_run, . - ring3_run

        .global ring3_leave
        .type ring3_leave, @function
ring3_leave:
        mov     %rdi, %rax
        mov     %gs:CPU_RSP0, %rsp
        jmp     ring3_out

        .section .note.GNU-stack, "", @progbits
