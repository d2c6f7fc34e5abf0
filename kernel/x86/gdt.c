/* SPDX-License-Identifier: BSD-2-Clause */
/* Each CPU's GDT and TSS (SDM 3, chapters 3.4 and 8.7). */
#include "kernel/x86/gdt.h"

#include "kernel/cpu_local.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define SEGMENT_CODE64                                                                             \
    UINT64_C(0x00af9b000000ffff) /* present, ring 0, execute/read, accessed, L                     \
                                  */
#define SEGMENT_DATA      UINT64_C(0x00cf93000000ffff) /* present, ring 0, read/write, accessed */
#define SEGMENT_TSS_READY UINT64_C(0x0000890000000000) /* present, available 64-bit TSS */

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static void fill(struct gdt *gdt, const struct tss *tss)
{
    uint64_t base = (uintptr_t)tss;
    uint64_t limit = sizeof(*tss) - 1;

    gdt->entry[SEL_NULL / 8] = 0;
    gdt->entry[SEL_CODE / 8] = SEGMENT_CODE64;
    gdt->entry[SEL_DATA / 8] = SEGMENT_DATA;
    gdt->entry[SEL_TSS / 8] =
        SEGMENT_TSS_READY | limit | (base & MASK(23, 0)) << 16 | bits(base, 31, 24) << 56;
    gdt->entry[SEL_TSS / 8 + 1] = base >> 32;
}

void gdt_load(struct cpu *cpu)
{
    struct table_pointer pointer = {sizeof(cpu->gdt) - 1, (uintptr_t)&cpu->gdt};

    cpu->tss.io_bitmap = sizeof(cpu->tss); /* beyond the limit: none */
    fill(&cpu->gdt, &cpu->tss);
    __asm__ volatile("lgdt %0" ::"m"(pointer));
    __asm__ volatile("pushq %q0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SEL_CODE)
                     : "rax", "memory");
    __asm__ volatile(
        "movw %w0, %%ds; movw %w0, %%es; movw %w0, %%ss; movw %w1, %%fs; movw %w1, %%gs" ::"r"(
            SEL_DATA),
        "r"(SEL_NULL)
        : "memory");
    __asm__ volatile("ltr %w0" ::"r"(SEL_TSS) : "memory");
    cpu->self = cpu;
    msr_write(MSR_GS_BASE, (uintptr_t)cpu);
}
