/* SPDX-License-Identifier: BSD-2-Clause */
/* Between gicv3.c and gicv3_mmio.c. */
#pragma once

#include "guestdev/machine.h"

#include "dbt/vcpu.h"

#define GICD_CTLR_GRP0 BIT32(0)
#define GICD_CTLR_GRP1 BIT32(1)
#define GICD_CTLR_ARE  BIT32(4)
#define GICD_CTLR_DS   BIT32(6)

#define GICR_WAKER_SLEEP  BIT32(1) /* ProcessorSleep */
#define GICR_WAKER_ASLEEP BIT32(2) /* ChildrenAsleep */

/* Five bits of priority: 32 levels, in the upper bits of the byte. */
#define GIC_PRIORITY_MASK 0xf8

/* GICD_IROUTER: an affinity; without 1 of N routing (TYPER.No1N) there is no IRM. */
#define GIC_ROUTE_MASK (MASK(39, 32) | MASK(23, 0))

/* The 32 interrupts from 32 * n on, as vCPU cpu sees them. */
static inline struct gic_word *gic_word(struct vm *vm, unsigned cpu, unsigned n)
{
    return n ? &vm->machine.gic.spi[n] : &vm->machine.gic_cpu[cpu].irqs;
}

static inline uint8_t *gic_priority(struct vm *vm, unsigned cpu, unsigned intid)
{
    return intid < 32 ? &vm->machine.gic_cpu[cpu].priority[intid]
                      : &vm->machine.gic.priority[intid];
}

static inline uint32_t gic_pending(const struct gic_word *word)
{
    return word->latch | (word->line & ~word->edge);
}

/* Recomputes what each vCPU is signalled; to be called after any change of state. */
void gic_update(struct vm *vm);
