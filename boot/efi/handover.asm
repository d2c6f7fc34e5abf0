; SPDX-License-Identifier: BSD-2-Clause
; The last instructions before root: copied to a page below 4 GiB, for the application itself may lie
; where the new tables map nothing. RDI, RSI, RDX, RCX are root_entry's already.

global handover_start
global handover_end

section .rodata
bits 64
handover_start:
        cli
        mov     cr3, r8
        jmp     r9
handover_end:
