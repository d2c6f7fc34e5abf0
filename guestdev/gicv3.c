/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: which interrupt a vCPU gets, and its CPU interface (IHI 0069H, 4 and 12.2). */
/*
 * One security state (GICD_CTLR.DS): group 0 is signalled as FIQ, group 1 as IRQ. Everything here
 * runs under the machine's lock.
 */
#include "guestdev/gicv3_state.h"

#include "dbt/platform.h"
#include "dbt/sys/sys.h"

#define INTID_NONE    1023
#define PRIORITY_IDLE 0xff

/* ICC_BPR's least value: 5 priority bits of which at most all are group priority. */
#define BPR0_MIN 2u
#define BPR1_MIN 3u

#define CTLR_CBPR     BIT32(0)
#define CTLR_EOI_MODE BIT32(1)
/* PRIbits 4 (five bits), IDbits 0 (16 bits), A3V */
#define CTLR_FIXED (UINT32_C(4) << 8 | BIT32(15))

struct candidate {
    unsigned intid;
    uint8_t priority;
    unsigned group;
};

/* --- choosing
 * ---------------------------------------------------------------------------------------- */
static unsigned route_target(const struct vm *vm, uint64_t route)
{
    return route < vm->vcpu_count ? (unsigned)route : UINT32_MAX;
}

static bool is_group_enabled(const struct gic *gic, unsigned group)
{
    return gic->ctlr & (group == GIC_G1 ? GICD_CTLR_GRP1 : GICD_CTLR_GRP0);
}

/* The pending interrupt of highest priority for vCPU cpu; the lowest INTID among equals. */
static struct candidate highest_pending(struct vm *vm, unsigned cpu)
{
    const struct gic *gic = &vm->machine.gic;
    struct candidate best = {INTID_NONE, PRIORITY_IDLE, GIC_G1};

    for (unsigned n = 0; n < GIC_WORDS; n++) {
        const struct gic_word *word = gic_word(vm, cpu, n);
        uint32_t set = gic_pending(word) & word->enable & ~word->active;

        set &= (is_group_enabled(gic, GIC_G0) ? ~word->group : 0) |
               (is_group_enabled(gic, GIC_G1) ? word->group : 0);
        for (; set; set &= set - 1) {
            unsigned intid = n * 32 + (unsigned)__builtin_ctz(set);
            uint8_t priority = *gic_priority(vm, cpu, intid);

            if (priority < best.priority && (!n || route_target(vm, gic->route[intid]) == cpu)) {
                best = (struct candidate){intid, priority, bit(word->group, intid % 32)};
            }
        }
    }
    return best;
}

/* The binary point in force for a group (12.2.2, 4.8.3). */
static unsigned binary_point(const struct gic_cpu *cpu, unsigned group)
{
    if (group == GIC_G0 || cpu->cbpr) {
        return cpu->bpr[GIC_G0] + 1u;
    }
    return cpu->bpr[GIC_G1];
}

/* The part of a priority that decides on preemption. */
static uint8_t group_priority(const struct gic_cpu *cpu, unsigned group, uint8_t priority)
{
    return priority & (uint8_t)(0xffu << binary_point(cpu, group));
}

static uint8_t running_priority(const struct gic_cpu *cpu)
{
    uint32_t active = cpu->apr[GIC_G0] | cpu->apr[GIC_G1];

    return (uint8_t)(active ? (unsigned)__builtin_ctz(active) << 3 : PRIORITY_IDLE);
}

static bool can_signal(const struct gic_cpu *cpu, const struct candidate *c)
{
    if (c->intid == INTID_NONE || !cpu->enable[c->group] || c->priority >= cpu->pmr ||
        (cpu->waker & GICR_WAKER_ASLEEP)) {
        return false;
    }
    return group_priority(cpu, c->group, c->priority) < running_priority(cpu);
}

static void update_cpu(struct vm *vm, unsigned id)
{
    struct gic_cpu *cpu = &vm->machine.gic_cpu[id];
    struct vcpu *vcpu = vm->vcpu[id];
    struct candidate best = highest_pending(vm, id);
    bool signal = can_signal(cpu, &best);
    bool fiq = signal && best.group == GIC_G0, irq = signal && best.group == GIC_G1;
    bool raised = (fiq && !vcpu->fiq_line) || (irq && !vcpu->irq_line);

    vcpu->fiq_line = fiq;
    vcpu->irq_line = irq;
    sys_watch_update(vcpu);
    if (raised && vcpu != vm->machine.holder) {
        plat_kick(vcpu);
    }
}

void gic_update(struct vm *vm)
{
    for (unsigned id = 0; id < vm->vcpu_count; id++) {
        update_cpu(vm, id);
    }
}

/* --- wires
 * ------------------------------------------------------------------------------------------------
 */
/* Drives bit n of word; true when something changed. */
static bool set_line(struct gic_word *word, unsigned n, bool level)
{
    bool was = bit(word->line, n);

    word->line = (uint32_t)SET_FIELD(word->line, BIT32(n), level);
    if (level && !was && bit(word->edge, n)) {
        word->latch |= BIT32(n);
    }
    return was != level;
}

void gic_set_spi(struct vm *vm, unsigned intid, bool level)
{
    if (set_line(gic_word(vm, 0, intid / 32), intid % 32, level)) {
        gic_update(vm);
    }
}

void gic_set_ppi(struct vm *vm, unsigned cpu, unsigned intid, bool level)
{
    if (set_line(gic_word(vm, cpu, 0), intid, level)) {
        update_cpu(vm, cpu);
    }
}

void gic_reset(struct vm *vm)
{
    struct gic *gic = &vm->machine.gic;

    *gic = (struct gic){.ctlr = GICD_CTLR_ARE | GICD_CTLR_DS};
    for (unsigned id = 0; id < MACHINE_MAX_VCPUS; id++) {
        vm->machine.gic_cpu[id] = (struct gic_cpu){
            .irqs.edge = 0xffff, /* SGIs */
            .waker = GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP,
            .bpr = {BPR0_MIN, BPR1_MIN},
        };
    }
    gic_update(vm);
}

/* --- acknowledge, end, deactivate
 * --------------------------------------------------------------------------- */
/* The level of APR that a priority is active at: APR has a bit for each of the 32 levels. */
static uint32_t apr_bit(const struct gic_cpu *cpu, unsigned group, uint8_t priority)
{
    return BIT32(group_priority(cpu, group, priority) >> 3);
}

static uint64_t acknowledge(struct vm *vm, unsigned id, unsigned group)
{
    struct gic_cpu *cpu = &vm->machine.gic_cpu[id];
    struct candidate best = highest_pending(vm, id);

    if (!can_signal(cpu, &best) || best.group != group) {
        return INTID_NONE;
    }
    struct gic_word *word = gic_word(vm, id, best.intid / 32);
    word->active |= BIT32(best.intid % 32);
    word->latch &= ~BIT32(best.intid % 32);
    cpu->apr[group] |= apr_bit(cpu, group, best.priority);
    update_cpu(vm, id);
    return best.intid;
}

/* HPPIR: neither priorities nor the mask count, but the group's enable does. */
static uint64_t peek(struct vm *vm, unsigned id, unsigned group)
{
    struct candidate best = highest_pending(vm, id);
    bool seen = best.group == group && vm->machine.gic_cpu[id].enable[group];

    return seen ? best.intid : INTID_NONE;
}

static void deactivate(struct vm *vm, unsigned id, uint64_t intid)
{
    if (intid < GIC_INTIDS) {
        gic_word(vm, id, (unsigned)intid / 32)->active &= ~BIT32(intid % 32);
    }
}

/* Priority drop of the group's highest active priority; it must be the highest of both (4.8.4). */
static void end_of_interrupt(struct vm *vm, unsigned id, unsigned group, uint64_t intid)
{
    struct gic_cpu *cpu = &vm->machine.gic_cpu[id];
    uint32_t mine = cpu->apr[group], other = cpu->apr[group ^ 1];

    if (intid >= GIC_INTIDS || !mine || (other && __builtin_ctz(other) < __builtin_ctz(mine))) {
        return;
    }
    cpu->apr[group] &= mine - 1;
    if (!cpu->eoi_mode) {
        deactivate(vm, id, intid);
    }
    gic_update(vm);
}

/* --- SGIs
 * ---------------------------------------------------------------------------------------------------
 */
/*
 * ICC_SGI0R, SGI1R, ASGI1R: TargetList 15:0, Aff1 23:16, INTID 27:24, Aff2 39:32, IRM 40, RS 47:44,
 * Aff3 55:48. All vCPUs have Aff3, Aff2, Aff1 zero. With one security state SGI1R makes an SGI in
 * the group that the target has it in, the others only one of group 0 (8.1.10).
 */
static void generate_sgi(struct vm *vm, unsigned from, uint64_t value, bool either_group)
{
    unsigned intid = (unsigned)bits(value, 27, 24), first = 16 * (unsigned)bits(value, 47, 44);
    bool all = bit(value, 40), here = !(value & (MASK(55, 48) | MASK(39, 32) | MASK(23, 16)));

    for (unsigned id = 0; id < vm->vcpu_count; id++) {
        bool listed = here && id >= first && id < first + 16 && bit(value, id - first);
        struct gic_word *word = gic_word(vm, id, 0);

        if ((all ? id != from : listed) && (either_group || !bit(word->group, intid))) {
            word->latch |= BIT32(intid);
        }
    }
    gic_update(vm);
}

/* --- system registers
 * ------------------------------------------------------------------------------------------ */
static uint64_t read_locked(struct vm *vm, unsigned id, enum gic_reg reg)
{
    const struct gic_cpu *cpu = &vm->machine.gic_cpu[id];

    switch (reg) {
    case GIC_REG_PMR: return cpu->pmr;
    case GIC_REG_IAR0: return acknowledge(vm, id, GIC_G0);
    case GIC_REG_IAR1: return acknowledge(vm, id, GIC_G1);
    case GIC_REG_HPPIR0: return peek(vm, id, GIC_G0);
    case GIC_REG_HPPIR1: return peek(vm, id, GIC_G1);
    case GIC_REG_BPR0: return cpu->bpr[GIC_G0];
    case GIC_REG_BPR1: return cpu->cbpr ? MIN(cpu->bpr[GIC_G0] + 1u, 7u) : cpu->bpr[GIC_G1];
    case GIC_REG_AP0R0: return cpu->apr[GIC_G0];
    case GIC_REG_AP1R0: return cpu->apr[GIC_G1];
    case GIC_REG_RPR: return running_priority(cpu);
    case GIC_REG_CTLR:
        return CTLR_FIXED | (cpu->cbpr ? CTLR_CBPR : 0) | (cpu->eoi_mode ? CTLR_EOI_MODE : 0);
    case GIC_REG_SRE: return 7; /* SRE, DFB, DIB: the only way in */
    case GIC_REG_IGRPEN0: return cpu->enable[GIC_G0];
    case GIC_REG_IGRPEN1: return cpu->enable[GIC_G1];
    default: return 0;
    }
}

static void write_locked(struct vm *vm, unsigned id, enum gic_reg reg, uint64_t value)
{
    struct gic_cpu *cpu = &vm->machine.gic_cpu[id];

    switch (reg) {
    case GIC_REG_PMR: cpu->pmr = (uint8_t)value & GIC_PRIORITY_MASK; break;
    case GIC_REG_EOIR0: end_of_interrupt(vm, id, GIC_G0, value & 0xffffff); break;
    case GIC_REG_EOIR1: end_of_interrupt(vm, id, GIC_G1, value & 0xffffff); break;
    case GIC_REG_BPR0: cpu->bpr[GIC_G0] = (uint8_t)MAX((unsigned)value & 7, BPR0_MIN); break;
    case GIC_REG_BPR1:
        if (!cpu->cbpr) {
            cpu->bpr[GIC_G1] = (uint8_t)MAX((unsigned)value & 7, BPR1_MIN);
        }
        break;
    case GIC_REG_AP0R0: cpu->apr[GIC_G0] = (uint32_t)value; break;
    case GIC_REG_AP1R0: cpu->apr[GIC_G1] = (uint32_t)value; break;
    case GIC_REG_DIR:
        if (cpu->eoi_mode) {
            deactivate(vm, id, value & 0xffffff);
        }
        break;
    case GIC_REG_SGI1R: generate_sgi(vm, id, value, true); break;
    case GIC_REG_SGI0R:
    case GIC_REG_ASGI1R: generate_sgi(vm, id, value, false); break;
    case GIC_REG_CTLR:
        cpu->cbpr = value & CTLR_CBPR;
        cpu->eoi_mode = value & CTLR_EOI_MODE;
        break;
    case GIC_REG_IGRPEN0: cpu->enable[GIC_G0] = value & 1; break;
    case GIC_REG_IGRPEN1: cpu->enable[GIC_G1] = value & 1; break;
    default: break;
    }
    gic_update(vm);
}

uint64_t gic_reg_read(struct vcpu *vcpu, enum gic_reg reg)
{
    uint64_t value;

    machine_lock(vcpu->vm, vcpu);
    value = read_locked(vcpu->vm, vcpu->id, reg);
    machine_unlock(vcpu->vm);
    return value;
}

void gic_reg_write(struct vcpu *vcpu, enum gic_reg reg, uint64_t value)
{
    machine_lock(vcpu->vm, vcpu);
    write_locked(vcpu->vm, vcpu->id, reg, value);
    machine_unlock(vcpu->vm);
}
