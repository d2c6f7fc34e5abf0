/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU inside the VM, for whatever runs as an engine: ring 0 with its GDT, IDT and TSS, ring 3
 * with its entries and exits. The real engine (platform.c) and the test engine stand on this.
 *
 * Ring 0 runs with interrupts off always and RFLAGS.AC on (the state that ring 3 shares with it
 * lies in user pages, which SMAP guards otherwise). Ring 3 runs with interrupts on. GS.base in ring
 * 0 points to the CPU's struct ring_cpu, in ring 3 it is ring 3's.
 */
#pragma once

#include "dbt/x64/rflags.h"
#include "exarch/abi.h"

#define RING_CODE0 0x08
#define RING_DATA0 0x10
#define RING_DATA3 0x1b
#define RING_CODE3 0x23
#define RING_TSS   0x28

#define RING3_RFLAGS (BIT64(1) | BIT64(9) | BIT64(18)) /* IF and AC */

/* What every exception and interrupt leaves on the stack (entry.S); the handler may change it. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 176, "entry.S pushes 22 words");

static inline bool trap_from_ring3(const struct trap_frame *frame)
{
    return frame->cs & 3;
}

struct ring_tss {
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap;
} __attribute__((packed, aligned(4)));

/* entry.S knows the offsets of the first five. */
struct ring_cpu {
    struct ring_cpu *self;
    uint64_t rsp0;        /* RSP that ring3_run left; copied to the TSS */
    uint64_t rsp3;        /* ring 3's, while a synchronous call is served */
    uint64_t sync_return; /* a SYSCALL that returns here is such a call; others leave ring 3 */
    uint64_t sync_flags;  /* RFLAGS that ring 3 gets beside its own when such a call returns */
    unsigned index;
    struct abi_vcpu *page; /* what this vCPU shares with root */
    void *owner;           /* the engine's own */
    uint64_t gdt[7];
    struct ring_tss tss __attribute__((aligned(16)));
};

/* Where ring 3 starts. */
struct ring3_start {
    uint64_t rip, rsp, rax, rdi, r14, r15;
};

/* --- supplied by the engine
 * ------------------------------------------------------------------------ */
_Noreturn void engine_main(const struct abi_boot *boot, unsigned vcpu);

/*
 * Any exception in either ring, and the event vector. Returning resumes the frame. #DB has a stack
 * of its own: where ring 3 executes SYSCALL with TF set, some CPUs (Bochs 2.7) trap at ring 0's
 * first instruction, where RSP and GS are still ring 3's. ring_cpu() is not to be used then.
 */
void trap_handle(struct trap_frame *frame);

/* A synchronous call of ring 3: EAX, EDX, RDI, RSI, R8 of the caller; the result goes to its RAX.
 */
uint64_t ring3_call(uint32_t eax, uint32_t edx, uint64_t rdi, uint64_t rsi, uint64_t r8);

/* --- given
 * ------------------------------------------------------------------------------------------ */
/* Sets this vCPU's segments, IDT, TSS and SYSCALL up. Once per vCPU, first of all. */
void ring_init(const struct abi_boot *boot, unsigned vcpu);

static inline struct ring_cpu *ring_cpu(void)
{
    struct ring_cpu *cpu;
    __asm__("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* Runs ring 3 until it executes SYSCALL (the result is its RAX) or ring3_leave is called. */
uint64_t ring3_run(const struct ring3_start *start);

/* From trap_handle or ring3_call: gives ring 3 up; ring3_run returns `value`. */
_Noreturn void ring3_leave(uint64_t value);

const char *trap_name(uint64_t vector);
