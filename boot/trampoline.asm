; SPDX-License-Identifier: BSD-2-Clause
; Where another CPU starts (SDM 3 chapter 9.4.4): real mode at the start of a page below 1 MiB, then
; straight to 64-bit mode. kernel/smp.c copies this to the page and fills the block at its end in;
; the page is mapped read+execute, and nothing here writes to it.

global trampoline_start
global trampoline_end

MSR_EFER        equ 0xc0000080

; struct trampoline_block of kernel/smp.c
block           equ 0xf00
block_cr3       equ block + 0           ; tables with this page as it is, and root's upper half
block_far       equ block + 8           ; far pointer to long_mode
block_gdt       equ block + 16          ; limit and base for LGDT
block_stack     equ block + 24
block_cpu       equ block + 32
block_entry     equ block + 40
LONG_MODE       equ 0x80                ; offset of long_mode, as kernel/smp.c has it
GDT             equ 0xc0

section .rodata
align 16
trampoline_start:
bits 16
        cli
        cld
        mov     ax, cs
        mov     ds, ax
        movzx   ebx, ax
        shl     ebx, 4                  ; this page
        mov     eax, 1 << 5             ; PAE
        mov     cr4, eax
        mov     eax, [block_cr3]
        mov     cr3, eax
        mov     ecx, MSR_EFER
        rdmsr
        or      eax, 1 << 8 | 1 << 11   ; LME, NXE
        wrmsr
        o32 lgdt [block_gdt]
        mov     eax, 0x80010001         ; PG, WP, PE: real mode to long mode in one step
        mov     cr0, eax
        jmp     far dword [block_far]

        times LONG_MODE - ($ - trampoline_start) db 0xcc
bits 64
        xor     eax, eax
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     rsp, [rbx + block_stack]
        mov     rdi, [rbx + block_cpu]
        mov     rax, [rbx + block_entry]
        xor     ebp, ebp
        push    rbp                     ; the back trace ends here; RSP as after a call
        jmp     rax

        times GDT - ($ - trampoline_start) db 0xcc
        dq 0
        dq 0x00af9b000000ffff           ; 64-bit code, accessed
trampoline_end:
