/* SPDX-License-Identifier: BSD-2-Clause */
/* Start-up of a differential blob, entry into a sequence, and the ways out of it. */
#include "tests/diff/state.h"

        .altmacro                       // %n in a macro's argument is the number
        .macro  one op, file, n, base, offset, size
        \op     \file\n, [\base, #\offset + \n * \size]
        .endm
// op for the registers first to last of a file: x, 8 bytes each, or q, 16 bytes each.
        .macro  each op, file, first, last, base, offset, size
        .set    n, \first
        .rept   \last - \first + 1
        one     \op, \file, %n, \base, \offset, \size
        .set    n, n + 1
        .endr
        .endm

        .macro  load_system reg, offset
        ldr     x2, [x0, #\offset]
        msr     \reg, x2
        .endm
        .macro  save_system reg, offset
        mrs     x1, \reg
        str     x1, [x0, #\offset]
        .endm
        .macro  each_system op          // what a sequence may use and change
        \op     tpidr_el0, ST_TPIDR0
        \op     tpidr_el1, ST_TPIDR1
        \op     fpcr, ST_FPCR
        \op     fpsr, ST_FPSR
        .endm

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
        .set    SAVED_SIZE, 12 * 8      // X19 to X30
        .globl  run_sequence
run_sequence:
        sub     sp, sp, #SAVED_SIZE
        each    str, x, 19, 30, sp, -19 * 8, 8
        adrp    x3, saved_sp
        mov     x4, sp
        str     x4, [x3, :lo12:saved_sp]
        adrp    x3, current
        str     x0, [x3, :lo12:current]
        msr     elr_el1, x1
        msr     spsr_el1, x2
        each_system load_system
        ldr     x2, [x0, #ST_PAD]       // whether vector registers matter
        cbz     x2, 1f
        each    ldr, q, 0, 31, x0, ST_V, 16
1:      clrex
        ldr     x2, [x0, #ST_SP]
        mov     sp, x2
        msr     sp_el0, x2
        each    ldr, x, 2, 30, x0, 0, 8
        ldp     x0, x1, [x0]
        eret

// Saves X0-X30 with X0 from the scratch register TPIDRRO_EL0; leaves X0 = current, X1-X30 free.
        .macro  save_x
        msr     tpidrro_el0, x0
        adrp    x0, current
        ldr     x0, [x0, :lo12:current]
        each    str, x, 1, 30, x0, 0, 8
        mrs     x1, tpidrro_el0
        str     x1, [x0]
        .endm

// A sequence that runs to its end branches here.
        .globl  sequence_end
sequence_end:
        save_x
        mov     x1, sp
        str     x1, [x0, #ST_SP]
        save_system nzcv, ST_NZCV
        save_system daif, ST_DAIF
        mov     x1, #-1
        .irp    offset, ST_ESR, ST_ELR, ST_FAR, ST_SPSR
        str     x1, [x0, #\offset]
        .endr
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
        save_system esr_el1, ST_ESR
        save_system elr_el1, ST_ELR
        save_system far_el1, ST_FAR
        mrs     x1, spsr_el1
        bic     x1, x1, #0xc00          // BTYPE: QEMU's max has FEAT_BTI, we do not advertise it
        str     x1, [x0, #ST_SPSR]
        and     x2, x1, #0xf0000000
        str     x2, [x0, #ST_NZCV]
        and     x2, x1, #0x3c0
        str     x2, [x0, #ST_DAIF]
out:    msr     daifset, #15
        msr     spsel, #1
        each_system save_system
        ldr     x1, [x0, #ST_PAD]
        cbz     x1, 1f
        each    str, q, 0, 31, x0, ST_V, 16
        msr     fpcr, xzr
1:      adrp    x3, saved_sp
        ldr     x4, [x3, :lo12:saved_sp]
        mov     sp, x4
        each    ldr, x, 19, 30, sp, -19 * 8, 8
        add     sp, sp, #SAVED_SIZE
        ret

        .balign 2048
vectors:
        .macro  vector n
        .balign 128
        b       vector_\n
        .endm
        .macro  vector_code n
vector_\n:
        save_x
        mov     x1, #\n
        b       exception
        .endm
        .macro  each_vector op
        .set    number, 0
        .rept   16
        \op     %number
        .set    number, number + 1
        .endr
        .endm
        each_vector vector
        each_vector vector_code

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
