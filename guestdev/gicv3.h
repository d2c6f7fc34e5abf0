/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: one security state, affinity routing, no LPIs (Arm IHI 0069H). */
#pragma once

#include "exarch/bits.h"

struct vm;
struct vcpu;

#define GIC_INTIDS 256
#define GIC_WORDS  (GIC_INTIDS / 32)
#define GIC_SPI(n) (32 + (n))
#define GIC_PPI(n) (16 + (n))

/* 32 interrupts, a bit each. Pending is latch | (line & ~edge). */
struct gic_word {
    uint32_t group; /* 1: group 1 */
    uint32_t enable;
    uint32_t latch; /* edges seen, SGIs, and writes to ISPENDR */
    uint32_t line;  /* the wire as the device drives it */
    uint32_t edge;  /* 1: edge-triggered */
    uint32_t active;
};

enum { GIC_G0, GIC_G1, GIC_GROUPS };

struct gic_cpu {
    struct gic_word irqs; /* SGIs and PPIs */
    uint8_t priority[32];
    uint32_t waker;           /* GICR_WAKER */
    uint32_t apr[GIC_GROUPS]; /* active priorities, bit n: preemption level n */
    uint8_t bpr[GIC_GROUPS];
    bool enable[GIC_GROUPS];
    uint8_t pmr;
    bool cbpr;
    bool eoi_mode;
    bool signalled[GIC_GROUPS]; /* FIQ and IRQ as last told to the vCPU */
};

struct gic {
    uint32_t ctlr;
    struct gic_word spi[GIC_WORDS]; /* [0] is not used: it is each vCPU's */
    uint8_t priority[GIC_INTIDS];
    uint64_t route[GIC_INTIDS];
};

/* ICC_* registers by their role. */
enum gic_reg {
    GIC_REG_PMR,
    GIC_REG_IAR0,
    GIC_REG_IAR1,
    GIC_REG_EOIR0,
    GIC_REG_EOIR1,
    GIC_REG_HPPIR0,
    GIC_REG_HPPIR1,
    GIC_REG_BPR0,
    GIC_REG_BPR1,
    GIC_REG_AP0R0,
    GIC_REG_AP1R0,
    GIC_REG_DIR,
    GIC_REG_RPR,
    GIC_REG_SGI0R,
    GIC_REG_SGI1R,
    GIC_REG_ASGI1R,
    GIC_REG_CTLR,
    GIC_REG_SRE,
    GIC_REG_IGRPEN0,
    GIC_REG_IGRPEN1,
};

void gic_reset(struct vm *vm);

/* Drives the wire of an SPI, or of PPI intid of one vCPU, and tells the vCPUs that it concerns. */
void gic_set_spi(struct vm *vm, unsigned intid, bool level);
void gic_set_ppi(struct vm *vm, unsigned cpu, unsigned intid, bool level);

/* The CPU interface's system registers, for the vCPU that executes the access. */
uint64_t gic_reg_read(struct vcpu *vcpu, enum gic_reg reg);
void gic_reg_write(struct vcpu *vcpu, enum gic_reg reg, uint64_t value);

/* MMIO of distributor and redistributors; offsets from their bases. False: no such access. */
bool gicd_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value);
bool gicd_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value);
bool gicr_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value);
bool gicr_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value);
