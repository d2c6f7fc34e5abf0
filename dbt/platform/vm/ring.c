/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments, IDT, TSS and SYSCALL of a vCPU inside the VM. SDM 3A chapters 3, 6, 8; 5.8.8. */
#include "dbt/platform/vm/ring.h"

#define GDT_CODE0 UINT64_C(0x00af9b000000ffff)
#define GDT_DATA0 UINT64_C(0x00cf93000000ffff)
#define GDT_DATA3 UINT64_C(0x00cff3000000ffff)
#define GDT_CODE3 UINT64_C(0x00affb000000ffff)
#define GDT_TSS   UINT64_C(0x0000890000000000)

#define GATE_INTERRUPT UINT64_C(0x8e) /* present, DPL 0, 64-bit interrupt gate */
#define STUB_SIZE      16

#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_FMASK          0xc0000084u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

/* SYSCALL clears IF, TF, DF, NT; AC stays as ring 3 had it, which is 1. */
#define FMASK_VALUE (BIT64(8) | BIT64(9) | BIT64(10) | BIT64(14))
#define RFLAGS_AC   BIT64(18)

#define VECTOR_DB      1
#define VECTOR_DF      8
#define VECTORS        256
#define IST_STACK_SIZE 8192

_Static_assert(offsetof(struct ring_cpu, rsp0) == 8, "entry.S");
_Static_assert(offsetof(struct ring_cpu, rsp3) == 16, "entry.S");
_Static_assert(offsetof(struct ring_cpu, sync_return) == 24, "entry.S");
_Static_assert(offsetof(struct ring_cpu, sync_flags) == 32, "entry.S");

/* entry.S writes the TSS's RSP0 through this symbol's value. */
__asm__(".global ring_cpu_tss_rsp0");
__attribute__((used)) static void define_offsets(void)
{
    __asm__ volatile(".set ring_cpu_tss_rsp0, %c0"
                     :
                     : "i"(offsetof(struct ring_cpu, tss) + offsetof(struct ring_tss, rsp0)));
}

struct gate {
    uint64_t low, high;
};

struct descriptor_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const uint8_t trap_stubs[];
void ring3_syscall(void);

static struct ring_cpu cpus[ABI_MAX_VCPUS];
static uint8_t ist_stacks[ABI_MAX_VCPUS][2][IST_STACK_SIZE] __attribute__((aligned(16)));
static struct gate idt[VECTORS];

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Every vCPU writes the same words: no order between them is needed. */
static void fill_idt(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint64_t stub = (uint64_t)trap_stubs + i * STUB_SIZE;
        uint64_t ist = i == VECTOR_DF ? 1 : i == VECTOR_DB ? 2 : 0;
        idt[i].low = (stub & 0xffff) | (uint64_t)RING_CODE0 << 16 | ist << 32 |
                     GATE_INTERRUPT << 40 | (stub >> 16 & 0xffff) << 48;
        idt[i].high = stub >> 32;
    }
}

static void fill_gdt(struct ring_cpu *cpu)
{
    uint64_t tss = (uint64_t)&cpu->tss;
    cpu->gdt[RING_CODE0 / 8] = GDT_CODE0;
    cpu->gdt[RING_DATA0 / 8] = GDT_DATA0;
    cpu->gdt[RING_DATA3 / 8] = GDT_DATA3;
    cpu->gdt[RING_CODE3 / 8] = GDT_CODE3;
    cpu->gdt[RING_TSS / 8] =
        GDT_TSS | (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[RING_TSS / 8 + 1] = tss >> 32;
}

static void load_tables(struct ring_cpu *cpu)
{
    struct descriptor_pointer gdtr = {sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt};
    struct descriptor_pointer idtr = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %2\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %3, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "lldt %%ax\n\t"
                     "movl %4, %%eax\n\t"
                     "ltr %%ax\n\t"
                     "lidt %1"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(RING_CODE0), "i"(RING_DATA0), "i"(RING_TSS)
                     : "rax", "memory");
}

void ring_init(const struct abi_boot *boot, unsigned vcpu)
{
    struct ring_cpu *cpu = &cpus[vcpu];
    *cpu = (struct ring_cpu){.self = cpu, .index = vcpu};
    cpu->page = (struct abi_vcpu *)(ABI_DIRECT_BASE + boot->vcpu_pages + vcpu * PAGE_SIZE);
    cpu->tss.ist[0] = (uint64_t)&ist_stacks[vcpu][0][IST_STACK_SIZE];
    cpu->tss.ist[1] = (uint64_t)&ist_stacks[vcpu][1][IST_STACK_SIZE];
    cpu->tss.io_bitmap = sizeof(cpu->tss);
    fill_gdt(cpu);
    fill_idt();
    load_tables(cpu);
    wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    wrmsr(MSR_STAR, (uint64_t)(RING_DATA3 - 8) << 48 | (uint64_t)RING_CODE0 << 32);
    wrmsr(MSR_LSTAR, (uint64_t)ring3_syscall);
    wrmsr(MSR_FMASK, FMASK_VALUE);
    __asm__ volatile("pushfq; orq %0, (%%rsp); popfq" ::"r"(RFLAGS_AC) : "cc", "memory");
}

const char *trap_name(uint64_t vector)
{
    static const char *const names[32] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",   "#TS",
        "#NP", "#SS", "#GP", "#PF", "15",  "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
    };
    return vector < 22 ? names[vector] : vector == ABI_VECTOR_EVENT ? "event" : "unexpected vector";
}
