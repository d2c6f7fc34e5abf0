/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up of a differential blob, entry into a sequence, and the ways out of it. */
#include "tests/diff/state.h"

        .section .text.start, "ax"
        .globl  _start
_start: adrp    x0, stack_top
        add     x0, x0, :lo12:stack_top
        mov     sp, x0
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        mov     x0, #(3 << 20)          // CPACR_EL1.FPEN: nothing trapped
        msr     cpacr_el1, x0
        // An identity map of two 1 GiB blocks, devices and RAM: unaligned accesses need Normal memory.
        adrp    x0, l1_table
        msr     ttbr0_el1, x0
        ldr     x1, =0x00000000ff440c00 // MAIR: 0 = 00 nGnRnE, 1 = 0c, 2 = 44, 3 = ff write-back
        msr     mair_el1, x1
        ldr     x1, =0x0000000500803519 // TCR: T0SZ 25, WB WA, inner shareable, 4K, EPD1, 48-bit PA
        msr     tcr_el1, x1
        dsb     sy
        isb
        tlbi    vmalle1
        dsb     sy
        isb
        ldr     x1, =0x30d0591d         // SCTLR: RES1, SPAN, I, C, SA, SA0, M; no A
        msr     sctlr_el1, x1
        isb
        bl      main
        mov     x0, #8                  // PSCI SYSTEM_OFF
        movk    x0, #0x8400, lsl #16
        hvc     #0
1:      wfi
        b       1b

        .ltorg

// void run_sequence(struct state *, uint64_t code, uint32_t spsr): runs code from the state
// and leaves in it the state at the end.
        .globl  run_sequence
run_sequence:
        stp     x19, x20, [sp, #-96]!
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        adrp    x3, saved_sp
        mov     x4, sp
        str     x4, [x3, :lo12:saved_sp]
        adrp    x3, current
        str     x0, [x3, :lo12:current]
        msr     elr_el1, x1
        msr     spsr_el1, x2
        ldr     x2, [x0, #ST_TPIDR0]
        msr     tpidr_el0, x2
        ldr     x2, [x0, #ST_TPIDR1]
        msr     tpidr_el1, x2
        ldr     x2, [x0, #ST_FPCR]
        msr     fpcr, x2
        ldr     x2, [x0, #ST_FPSR]
        msr     fpsr, x2
        ldr     x2, [x0, #ST_PAD]       // whether vector registers matter
        cbz     x2, 1f
        add     x2, x0, #ST_V
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        ldr     q\n, [x2, #\n * 16]
        .endr
1:      clrex
        ldr     x2, [x0, #ST_SP]
        mov     sp, x2
        msr     sp_el0, x2
        .irp    n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        ldr     x\n, [x0, #\n * 8]
        .endr
        ldp     x0, x1, [x0]
        eret

// Saves X0-X30 with X0 from the scratch register TPIDRRO_EL0; leaves X0 = current, X1-X30 free.
        .macro  save_x
        msr     tpidrro_el0, x0
        adrp    x0, current
        ldr     x0, [x0, :lo12:current]
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
        str     x\n, [x0, #\n * 8]
        .endr
        mrs     x1, tpidrro_el0
        str     x1, [x0]
        .endm

// A sequence that runs to its end branches here.
        .globl  sequence_end
sequence_end:
        save_x
        mov     x1, sp
        str     x1, [x0, #ST_SP]
        mrs     x1, nzcv
        str     x1, [x0, #ST_NZCV]
        mrs     x1, daif
        str     x1, [x0, #ST_DAIF]
        mov     x1, #-1
        str     x1, [x0, #ST_ESR]
        str     x1, [x0, #ST_ELR]
        str     x1, [x0, #ST_FAR]
        str     x1, [x0, #ST_SPSR]
        mov     x1, #SEQ_DONE
        str     x1, [x0, #ST_VECTOR]
        b       out

// Exceptions: X1 is the vector's number.
exception:
        str     x1, [x0, #ST_VECTOR]
        cmp     x1, #8                  // from EL0 on, or not
        mov     x1, sp
        mrs     x2, sp_el0
        csel    x1, x1, x2, lo
        str     x1, [x0, #ST_SP]
        mrs     x1, esr_el1
        str     x1, [x0, #ST_ESR]
        mrs     x1, elr_el1
        str     x1, [x0, #ST_ELR]
        mrs     x1, far_el1
        str     x1, [x0, #ST_FAR]
        mrs     x1, spsr_el1
        bic     x1, x1, #0xc00          // BTYPE: QEMU's max has FEAT_BTI, we do not advertise it
        str     x1, [x0, #ST_SPSR]
        and     x2, x1, #0xf0000000
        str     x2, [x0, #ST_NZCV]
        and     x2, x1, #0x3c0
        str     x2, [x0, #ST_DAIF]
out:    msr     daifset, #15
        msr     spsel, #1
        mrs     x1, tpidr_el0
        str     x1, [x0, #ST_TPIDR0]
        mrs     x1, tpidr_el1
        str     x1, [x0, #ST_TPIDR1]
        mrs     x1, fpcr
        str     x1, [x0, #ST_FPCR]
        mrs     x1, fpsr
        str     x1, [x0, #ST_FPSR]
        ldr     x1, [x0, #ST_PAD]
        cbz     x1, 1f
        add     x2, x0, #ST_V
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        str     q\n, [x2, #\n * 16]
        .endr
        msr     fpcr, xzr
1:      adrp    x3, saved_sp
        ldr     x4, [x3, :lo12:saved_sp]
        mov     sp, x4
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     x19, x20, [sp], #96
        ret

        .balign 2048
vectors:
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        .balign 128
        b       vector_\n
        .endr
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
vector_\n:
        save_x
        mov     x1, #\n
        b       exception
        .endr

        .data
        .balign 4096
l1_table:
        .quad   0x0060000000000401      // 0: MAIR 0, AF, XN
        .quad   0x004000004000070d      // 1 GiB: MAIR 3, AF, inner shareable, UXN
        .quad   0x002000004000074d      // 2 GiB: RAM again, EL0 may read, write, execute; PXN
        .fill   509, 8, 0
current:
        .quad   0
saved_sp:
        .quad   0

        .bss
        .balign 16
        .space  16384
stack_top:
