; SPDX-License-Identifier: BSD-2-Clause
; root_entry: where both ways of booting meet, in 64-bit mode at -2 GiB.
;   EDI enum boot_source, RSI physical address of its information, RDX where the image is,
;   RCX the TSC at hand-over; the low 4 GiB are mapped as they are; interrupts are off.

extern root_start
global root_entry

section .text
bits 64
root_entry:
        cli
        cld
        mov     rsp, first_stack_end
        xor     ebp, ebp                ; the back trace ends here
        push    rbp
        push    rbp
        mov     rbp, rsp
        call    root_start              ; does not return
.halt:  hlt
        jmp     .halt

; Only until root has its own page tables; then this CPU moves to a stack with a guard page.
section .bss nobits alloc noexec write align=16
first_stack:
        resb    16384
first_stack_end:
