/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and interrupts of root itself. Root has no user mode: every frame is ring 0's. */
#pragma once

#include <stdint.h>

/* As trap_entry.asm pushes it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "trap_entry.asm pushes 22 words");

/* Builds the IDT, once. */
void trap_init(void);
/* Loads it on this CPU. */
void trap_load(void);
/* Where the IDT is, for the host state of a VMCS. */
uint64_t trap_idt_base(void);

/* An NMI handler that a module adds; true means that it was its NMI. */
typedef _Bool trap_nmi_fn(void);
void trap_set_nmi(trap_nmi_fn *handler);

/* "#PF" and so on. */
const char *trap_name(unsigned vector);

/* Goes on with `function` on the stack below `top`, for good; function must not return. */
_Noreturn void switch_stack(void *top, void (*function)(void));
