/* SPDX-License-Identifier: BSD-2-Clause */
/* The IDT and what answers it: the exception table, NMI handlers, interrupts, or panic. */
#include "kernel/x86/trap.h"

#include <stdbool.h>

#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/gdt.h"
#include "kernel/x86/regs.h"

#define GATE_INTERRUPT UINT64_C(0x8e00) /* present, ring 0, 64-bit interrupt gate: IF off */
#define ENTRY_SIZE     16
#define EXCEPTIONS     32

struct gate {
    uint64_t low, high;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

/* An instruction that may fault, and where to go on if it does. */
struct extable_row {
    uint64_t fault, fixup;
};

extern const char trap_entries[];
extern const struct extable_row extable_start[], extable_end[];

void trap_dispatch(struct trap_frame *frame);

static struct gate idt[256] __attribute__((aligned(16)));
static trap_nmi_fn *nmi_handler;

static struct gate gate(uint64_t entry, unsigned ist)
{
    return (struct gate){
        .low = (entry & MASK(15, 0)) | (uint64_t)SEL_CODE << 16 | (uint64_t)ist << 32 |
               GATE_INTERRUPT << 32 | bits(entry, 31, 16) << 48,
        .high = entry >> 32,
    };
}

static unsigned stack_of(unsigned vector)
{
    switch (vector) {
    case VEC_NMI: return IST_NMI;
    case VEC_DF: return IST_DF;
    case VEC_MC: return IST_MC;
    default: return 0;
    }
}

void trap_init(void)
{
    for (unsigned v = 0; v < ARRAY_SIZE(idt); v++) {
        idt[v] = gate((uintptr_t)trap_entries + v * ENTRY_SIZE, stack_of(v));
    }
}

void trap_load(void)
{
    struct table_pointer pointer = {sizeof(idt) - 1, trap_idt_base()};

    __asm__ volatile("lidt %0" ::"m"(pointer));
}

uint64_t trap_idt_base(void)
{
    return (uintptr_t)idt;
}

void trap_set_nmi(trap_nmi_fn *handler)
{
    nmi_handler = handler;
}

const char *trap_name(unsigned vector)
{
    static const char *const names[EXCEPTIONS] = {
        [VEC_DE] = "#DE", [VEC_DB] = "#DB", [VEC_NMI] = "NMI", [VEC_BP] = "#BP", [VEC_OF] = "#OF",
        [VEC_BR] = "#BR", [VEC_UD] = "#UD", [VEC_NM] = "#NM",  [VEC_DF] = "#DF", [VEC_TS] = "#TS",
        [VEC_NP] = "#NP", [VEC_SS] = "#SS", [VEC_GP] = "#GP",  [VEC_PF] = "#PF", [VEC_MF] = "#MF",
        [VEC_AC] = "#AC", [VEC_MC] = "#MC", [VEC_XM] = "#XM",  [VEC_VE] = "#VE", [VEC_CP] = "#CP",
    };

    return vector < EXCEPTIONS && names[vector] ? names[vector] : "trap";
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct extable_row *row = extable_start; row < extable_end; row++) {
        if (row->fault == frame->rip) {
            frame->rip = row->fixup;
            return true;
        }
    }
    return false;
}

void trap_dispatch(struct trap_frame *frame)
{
    unsigned vector = (unsigned)frame->vector;

    if (vector >= EXCEPTIONS) {
        irq_dispatch(vector);
        return;
    }
    if (vector == VEC_NMI && smp_must_stop()) {
        for (;;) {
            cpu_halt();
        }
    }
    if (vector == VEC_NMI && nmi_handler && nmi_handler()) {
        return;
    }
    if (vector == VEC_GP && fix_up(frame)) {
        return;
    }
    if (vector == VEC_PF) {
        panic_frame(frame, "#PF at 0x%lx: %s %s page", cr2_read(),
                    frame->error & 16  ? "execute"
                    : frame->error & 2 ? "write"
                                       : "read",
                    frame->error & 1 ? "of a protected" : "of an absent");
    }
    panic_frame(frame, "%s (vector %u, error 0x%lx)", trap_name(vector), vector, frame->error);
}

bool msr_read_safe(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;
    bool ok = true;

    __asm__ volatile("1: rdmsr\n"
                     "   jmp 3f\n"
                     "2: movb $0, %0\n"
                     "3:\n"
                     "   .pushsection .extable, \"a\"\n"
                     "   .quad 1b, 2b\n"
                     "   .popsection"
                     : "+r"(ok), "+a"(low), "+d"(high)
                     : "c"(msr)
                     : "memory");
    *value = (uint64_t)high << 32 | low;
    return ok;
}

bool msr_write_safe(uint32_t msr, uint64_t value)
{
    bool ok = true;

    __asm__ volatile("1: wrmsr\n"
                     "   jmp 3f\n"
                     "2: movb $0, %0\n"
                     "3:\n"
                     "   .pushsection .extable, \"a\"\n"
                     "   .quad 1b, 2b\n"
                     "   .popsection"
                     : "+r"(ok)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return ok;
}
