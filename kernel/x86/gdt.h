/* SPDX-License-Identifier: BSD-2-Clause */
/* Each CPU's GDT and TSS: flat segments, and stacks of their own for NMI, #DF and #MC. */
#pragma once

#include <stdint.h>

struct cpu;

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[0] is IST1 */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct tss) == 0x68, "SDM 3 figure 8-11");

/* Null, code, data, and the TSS in two slots; the selectors are in regs.h. */
struct gdt {
    uint64_t entry[5];
};

enum ist { IST_NMI = 1, IST_DF, IST_MC, IST_END };

/* Loads the CPU's own GDT, TSS and segments, and points GS.base at `cpu`. */
void gdt_load(struct cpu *cpu);
