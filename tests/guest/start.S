/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry, vectors, and the single instructions that tests make fault. */

    .section .text.start, "ax"
    .globl _start
_start:
    ldr     x0, =stack_top
    mov     sp, x0
    ldr     x0, =vectors
    msr     vbar_el1, x0
    mov     x0, #(3 << 20)          /* CPACR_EL1.FPEN */
    msr     cpacr_el1, x0
    isb
    ldr     x0, =bss_start
    ldr     x1, =bss_end
1:  cmp     x0, x1
    b.hs    2f
    str     xzr, [x0], #8
    b       1b
2:  bl      main
    bl      guest_off

/* struct frame: x0..x30, the interrupted SP where it is SP_EL0, elr, spsr, esr, far, vector, sp_el0 */
    .macro vector number
    .balign 128
    sub     sp, sp, #320
    stp     x0, x1, [sp, #0]
    mov     x0, #\number
    b       vector_common
    .endm

    .text
    .balign 2048
    .globl vectors
vectors:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector \number
    .endr

vector_common:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x1, elr_el1
    stp     x30, x1, [sp, #240]
    mrs     x1, spsr_el1
    mrs     x2, esr_el1
    stp     x1, x2, [sp, #256]
    mrs     x1, far_el1
    stp     x1, x0, [sp, #272]
    mrs     x1, sp_el0
    str     x1, [sp, #288]
    mov     x0, sp
    bl      guest_exception
    ldr     x1, [sp, #288]
    msr     sp_el0, x1
    ldr     x1, [sp, #256]
    msr     spsr_el1, x1
    ldp     x30, x1, [sp, #240]
    msr     elr_el1, x1
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #320
    eret

/* probe_NAME(address, value): one instruction that may fault; the result is x0. */
    .macro probe name, insn:vararg
    .balign 16
    .globl probe_\name
probe_\name:
    \insn
    ret
    .endm

    probe read8, ldrb w0, [x0]
    probe read16, ldrh w0, [x0]
    probe read32, ldr w0, [x0]
    probe read64, ldr x0, [x0]
    probe write8, strb w1, [x0]
    probe write32, str w1, [x0]
    probe write64, str x1, [x0]
    probe unpriv_read, ldtr x0, [x0]
    probe unpriv_write, sttr x1, [x0]
    probe acquire, ldar x0, [x0]
    probe exclusive, ldxr x0, [x0]
    probe swap, swp x1, x0, [x0]
    probe compare, cas x1, x1, [x0]
    probe zero, dc zva, x0
    probe clean, dc cvac, x0
    probe invalidate, dc ivac, x0
    probe icache, ic ivau, x0
    probe pair, ldp x1, x2, [x0]

/* probe_call(address): branches there; the code returns by RET, a fault returns to the caller. */
    .globl probe_call
probe_call:
    stp     x29, x30, [sp, #-16]!
    blr     x0
    ldp     x29, x30, [sp], #16
    ret

/*
 * guest_el0(pc, sp, arg, spsr): to EL0; comes back by guest_el0_return with the value that it gets.
 * Callee-saved registers are kept in el0_context.
 */
    .globl guest_el0
guest_el0:
    ldr     x4, =el0_context
    stp     x19, x20, [x4, #0]
    stp     x21, x22, [x4, #16]
    stp     x23, x24, [x4, #32]
    stp     x25, x26, [x4, #48]
    stp     x27, x28, [x4, #64]
    stp     x29, x30, [x4, #80]
    mov     x5, sp
    str     x5, [x4, #96]
    msr     elr_el1, x0
    msr     sp_el0, x1
    msr     spsr_el1, x3
    mov     x0, x2
    eret

    .globl guest_el0_return
guest_el0_return:
    ldr     x4, =el0_context
    ldp     x19, x20, [x4, #0]
    ldp     x21, x22, [x4, #16]
    ldp     x23, x24, [x4, #32]
    ldp     x25, x26, [x4, #48]
    ldp     x27, x28, [x4, #64]
    ldp     x29, x30, [x4, #80]
    ldr     x5, [x4, #96]
    mov     sp, x5
    ret

    .bss
    .balign 16
el0_context:
    .skip   112
