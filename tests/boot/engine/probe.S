/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses that may fault: main.c's handler goes on at probe_fault when one does. */

        .text
        .global probe_read, probe_write, probe_call, probe_start, probe_end, probe_fault
probe_start:
/* uint64_t probe_read(const void *at) */
probe_read:
        mov     (%rdi), %rax
        ret
/* void probe_write(void *at, uint64_t value) */
probe_write:
        mov     %rsi, (%rdi)
        ret
/* void probe_call(const void *code): jumps there; the return address stays on the stack */
probe_call:
        jmp     *%rdi
/* Instructions that are not the VM's (fixed.c): arguments in RDI and RSI, 0 when it did not fault. */
        .macro PROBE name, code:vararg
        .global probe_\name
probe_\name:
        mov     %rdi, %rcx
        mov     %rsi, %rax
        xor     %edx, %edx
        \code
        xor     %eax, %eax
        ret
        .endm
        PROBE   write_cr8, mov %rdi, %cr8
        PROBE   read_cr8, mov %cr8, %rax
        PROBE   write_cr0, mov %rdi, %cr0
        PROBE   write_cr4, mov %rdi, %cr4
        PROBE   write_dr7, mov %rdi, %db7
        PROBE   read_dr7, mov %db7, %rax
        PROBE   wrmsr, wrmsr
        PROBE   rdmsr, rdmsr
        PROBE   rdpmc, rdpmc
        PROBE   invd, invd
        PROBE   wbinvd, wbinvd
        PROBE   monitor, monitor
        PROBE   mwait, mwait
        PROBE   rsm, rsm
        PROBE   vmxoff, vmxoff
        PROBE   vmread, vmread %rax, %rdx
        PROBE   vmlaunch, vmlaunch
        PROBE   vmrun, vmrun %rax
        PROBE   vmload, vmload %rax
        PROBE   vmsave, vmsave %rax
        PROBE   stgi, stgi
        PROBE   clgi, clgi
        PROBE   skinit, skinit %eax
        PROBE   invlpga, invlpga %rax, %ecx
        .global probe_xsetbv
/* XCR0 = RDI */
probe_xsetbv:
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     %edi, %eax
        xsetbv
        xor     %eax, %eax
        ret
probe_end:
/* Where a faulting probe goes on: its return address is on top of the stack. */
probe_fault:
        mov     $-1, %rax
        ret

/* Pieces of ring-3 code that the tests copy into the code cache; position independent. */
        .section .rodata
        .global code_return, code_return_end, code_read, code_read_end, code_write, code_write_end
        .global code_loop, code_loop_end, code_call, code_call_end, code_sync, code_sync_end
        .global code_cli, code_cli_end, code_hlt, code_hlt_end, code_cr3, code_cr3_end
        .global code_wrmsr, code_wrmsr_end, code_in, code_in_end, code_vmcall, code_vmcall_end
        .global code_vmmcall, code_vmmcall_end, code_fp, code_fp_end, code_avx, code_avx_end
        .global code_jump, code_jump_end, code_count, code_count_end, code_ud, code_ud_end
        .global code_div, code_div_end, code_step_out, code_step_out_end
        .global code_shadow, code_shadow_end, code_shadow_vmcall, code_shadow_vmcall_end
        .global code_icebp, code_icebp_end

/* RAX = RDI + 1 */
code_return:
        lea     1(%rdi), %rax
        syscall
code_return_end:
code_read:
        mov     (%rdi), %rax
        syscall
code_read_end:
code_write:
        mov     %rax, (%rdi)
        syscall
code_write_end:
code_jump:
        jmp     *%rdi
code_jump_end:
/* Counts in RAX for ever. */
code_loop:
1:      inc     %rax
        jmp     1b
code_loop_end:
/* Counts RDI down, RAX up. */
code_count:
1:      inc     %rax
        dec     %rdi
        jnz     1b
        syscall
code_count_end:
code_call:
        push    %rdi
        call    1f
        add     %rcx, %rax
        syscall
1:      pop     %rdx
        pop     %rcx
        mov     $100, %eax
        jmp     *%rdx
code_call_end:
/* A synchronous call (R14: the stub), twice, then out with RAX. */
code_sync:
        mov     $5, %eax
        mov     $7, %edx
        mov     $11, %esi
        mov     $13, %r8d
        call    *%r14
        mov     %rax, %rdi
        mov     $5, %eax
        mov     $7, %edx
        mov     $11, %esi
        mov     $13, %r8d
        call    *%r14
        syscall
code_sync_end:
/* SYSCALL with TF set. */
code_step_out:
        pushf
        orl     $0x100, (%rsp)
        popf
        syscall
code_step_out_end:
/* With TF set, an instruction that exits in the shadow of one that loads SS. */
        .macro  shadow name, instruction:vararg
code_\name:
        mov     %ss, %edi
        pushf
        orl     $0x100, (%rsp)
        popf
        mov     %edi, %ss
        \instruction
        nop
        syscall
code_\name\()_end:
        .endm
        shadow  shadow, cpuid
        shadow  shadow_vmcall, vmcall
code_icebp:
        .byte   0xf1
        syscall
code_icebp_end:
code_cli:
        cli
        syscall
code_cli_end:
code_hlt:
        hlt
        syscall
code_hlt_end:
code_cr3:
        mov     %rax, %cr3
        syscall
code_cr3_end:
code_wrmsr:
        mov     $0xc0000082, %ecx
        wrmsr
        syscall
code_wrmsr_end:
code_in:
        in      $0x80, %al
        syscall
code_in_end:
code_vmcall:
        mov     $9, %eax
        vmcall
        syscall
code_vmcall_end:
code_vmmcall:
        mov     $9, %eax
        vmmcall
        syscall
code_vmmcall_end:
code_ud:
        ud2
code_ud_end:
code_div:
        xor     %ecx, %ecx
        xor     %edx, %edx
        div     %rcx
        syscall
code_div_end:
/* XMM0 = RDI, then RAX = XMM0: proves that registers stay over exits when RAX sets a loop count. */
code_fp:
        movq    %rdi, %xmm7
1:      dec     %rax
        jnz     1b
        movq    %xmm7, %rax
        syscall
code_fp_end:
code_avx:
        vmovq   %rdi, %xmm7
        vinserti128 $1, %xmm7, %ymm7, %ymm7
1:      dec     %rax
        jnz     1b
        vextracti128 $1, %ymm7, %xmm7
        vmovq   %xmm7, %rax
        syscall
code_avx_end:

        .section .note.GNU-stack, "", @progbits
