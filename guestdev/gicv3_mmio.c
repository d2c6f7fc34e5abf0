/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: the registers of distributor and redistributors (IHI 0069H, 12.9 to 12.11). */
/*
 * Registers that are reserved or not implemented read as zero and ignore writes; so do accesses of
 * a size that a register does not have (12.1.3 leaves that open).
 */
#include "guestdev/gicv3_state.h"

enum {
    GICD_CTLR = 0x0000,
    GICD_TYPER = 0x0004,
    GICD_IIDR = 0x0008,
    GICD_IROUTER = 0x6000,
    GIC_IGROUPR = 0x0080,
    GIC_ISENABLER = 0x0100,
    GIC_ICENABLER = 0x0180,
    GIC_ISPENDR = 0x0200,
    GIC_ICPENDR = 0x0280,
    GIC_ISACTIVER = 0x0300,
    GIC_ICACTIVER = 0x0380,
    GIC_IPRIORITYR = 0x0400,
    GIC_IPRIORITYR_END = 0x0800,
    GIC_ICFGR = 0x0c00,
    GIC_ICFGR_END = 0x0d00,
    GIC_ID = 0xffd0,
    GICR_IIDR = 0x0004,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    GICR_SGI_FRAME = 0x10000,
};

/* ITLinesNumber 4:0, IDbits 23:19 (16 bits), A3V 24, No1N 25 */
#define TYPER_VALUE ((uint32_t)(GIC_WORDS - 1) | UINT32_C(15) << 19 | BIT32(24) | BIT32(25))

#define IIDR_ARM UINT32_C(0x43b)

/* PIDR4-7, PIDR0-3 (PIDR2: GICv3), CIDR0-3; PIDR0 is 0x92 in a distributor, 0x93 in a redistributor
 */
static const uint8_t identification[12] = {0x44, 0x00, 0x00, 0x00, 0x92, 0xb4,
                                           0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static uint32_t read_id(uint64_t offset, bool redistributor)
{
    unsigned n = (unsigned)(offset - GIC_ID) / 4;

    return identification[n] + (redistributor && n == 4);
}

/* --- what distributor and redistributor have alike: 32 interrupts a register
 * ------------------------------ */
static uint32_t read_config(const struct gic_word *word, unsigned half)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 16; i++) {
        value |= (uint32_t)bit(word->edge, half * 16 + i) << (2 * i + 1);
    }
    return value;
}

static void write_config(struct gic_word *word, unsigned half, uint32_t value)
{
    for (unsigned i = 0; i < 16; i++) {
        word->edge = (uint32_t)SET_FIELD(word->edge, BIT32(half * 16 + i), bit(value, 2 * i + 1));
    }
}

static uint32_t read_priorities(struct vm *vm, unsigned cpu, unsigned intid, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size && intid + i < GIC_INTIDS; i++) {
        value |= (uint32_t)*gic_priority(vm, cpu, intid + i) << (8 * i);
    }
    return value;
}

static void write_priorities(struct vm *vm, unsigned cpu, unsigned intid, unsigned size,
                             uint32_t value)
{
    for (unsigned i = 0; i < size && intid + i < GIC_INTIDS; i++) {
        *gic_priority(vm, cpu, intid + i) = (uint8_t)(value >> (8 * i)) & GIC_PRIORITY_MASK;
    }
}

/* Register number n of a bank of 32-bit registers, one for each 32 interrupts. */
static uint32_t read_bank(const struct gic_word *word, uint64_t bank)
{
    switch (bank) {
    case GIC_IGROUPR: return word->group;
    case GIC_ISENABLER:
    case GIC_ICENABLER: return word->enable;
    case GIC_ISPENDR:
    case GIC_ICPENDR: return gic_pending(word);
    case GIC_ISACTIVER:
    case GIC_ICACTIVER: return word->active;
    default: return 0;
    }
}

static void write_bank(struct gic_word *word, uint64_t bank, uint32_t value)
{
    switch (bank) {
    case GIC_IGROUPR: word->group = value; break;
    case GIC_ISENABLER: word->enable |= value; break;
    case GIC_ICENABLER: word->enable &= ~value; break;
    case GIC_ISPENDR: word->latch |= value; break;
    case GIC_ICPENDR: word->latch &= ~value; break;
    case GIC_ISACTIVER: word->active |= value; break;
    case GIC_ICACTIVER: word->active &= ~value; break;
    default: break;
    }
}

/* The registers from IGROUPR to ICFGR; first and last: the words that this frame has. */
static uint32_t read_common(struct vm *vm, unsigned cpu, uint64_t offset, unsigned size,
                            unsigned first, unsigned last)
{
    unsigned n;

    if (offset >= GIC_IPRIORITYR && offset < GIC_IPRIORITYR_END && size <= 4) {
        n = (unsigned)(offset - GIC_IPRIORITYR);
        return n / 32 >= first && n / 32 <= last ? read_priorities(vm, cpu, n, size) : 0;
    }
    if (size != 4) {
        return 0;
    }
    if (offset >= GIC_ICFGR && offset < GIC_ICFGR_END) {
        n = (unsigned)(offset - GIC_ICFGR) / 4;
        return n / 2 >= first && n / 2 <= last ? read_config(gic_word(vm, cpu, n / 2), n % 2) : 0;
    }
    n = (unsigned)(offset & 0x7f) / 4;
    return n >= first && n <= last ? read_bank(gic_word(vm, cpu, n), offset & ~UINT64_C(0x7f)) : 0;
}

static void write_common(struct vm *vm, unsigned cpu, uint64_t offset, unsigned size,
                         uint32_t value, unsigned first, unsigned last)
{
    unsigned n;

    if (offset >= GIC_IPRIORITYR && offset < GIC_IPRIORITYR_END && size <= 4) {
        n = (unsigned)(offset - GIC_IPRIORITYR);
        if (n / 32 >= first && n / 32 <= last) {
            write_priorities(vm, cpu, n, size, value);
        }
    } else if (size == 4 && offset >= GIC_ICFGR && offset < GIC_ICFGR_END) {
        n = (unsigned)(offset - GIC_ICFGR) / 4;
        if (n && n / 2 >= first && n / 2 <= last) { /* SGIs are always edge-triggered */
            write_config(gic_word(vm, cpu, n / 2), n % 2, value);
        }
    } else if (size == 4) {
        n = (unsigned)(offset & 0x7f) / 4;
        if (n >= first && n <= last) {
            write_bank(gic_word(vm, cpu, n), offset & ~UINT64_C(0x7f), value);
        }
    }
}

/* --- distributor
 * ---------------------------------------------------------------------------------------------- */
/* The route register that an access is to; NULL: none. */
static uint64_t *route_register(struct gic *gic, uint64_t offset)
{
    uint64_t intid = (offset - GICD_IROUTER) / 8;

    return offset >= GICD_IROUTER && intid >= 32 && intid < GIC_INTIDS ? &gic->route[intid] : NULL;
}

bool gicd_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    struct gic *gic = &vm->machine.gic;
    const uint64_t *route = route_register(gic, offset);

    if (route && size >= 4) {
        *value = size == 8 ? *route : (uint32_t)(*route >> (8 * (offset & 4)));
    } else if (offset >= GIC_ID) {
        *value = size == 4 ? read_id(offset, false) : 0;
    } else if (offset >= GIC_IGROUPR) {
        *value = read_common(vm, 0, offset, size, 1, GIC_WORDS - 1);
    } else if (size == 4) {
        *value = offset == GICD_CTLR    ? gic->ctlr
                 : offset == GICD_TYPER ? TYPER_VALUE
                 : offset == GICD_IIDR  ? IIDR_ARM
                                        : 0;
    }
    return true;
}

bool gicd_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    struct gic *gic = &vm->machine.gic;
    uint64_t *route = route_register(gic, offset);

    if (route && size >= 4) {
        uint64_t mask = size == 8 ? UINT64_MAX : offset & 4 ? MASK(63, 32) : MASK(31, 0);

        *route = SET_FIELD(*route, mask, value) & GIC_ROUTE_MASK;
    } else if (offset >= GIC_IGROUPR && offset < GIC_ID) {
        write_common(vm, 0, offset, size, (uint32_t)value, 1, GIC_WORDS - 1);
    } else if (size == 4 && offset == GICD_CTLR) {
        gic->ctlr =
            GICD_CTLR_ARE | GICD_CTLR_DS | ((uint32_t)value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1));
    }
    gic_update(vm);
    return true;
}

/* --- redistributors: two 64 KiB frames for each vCPU
 * ------------------------------------------------------------ */
/* Affinity 63:32, Processor_Number 23:8, Last 4. */
static uint64_t redistributor_type(const struct vm *vm, unsigned cpu)
{
    return (uint64_t)cpu << 32 | (uint64_t)cpu << 8 | (cpu + 1 == vm->vcpu_count ? BIT64(4) : 0);
}

bool gicr_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    unsigned cpu = (unsigned)(offset / MACHINE_GICR_EACH);

    offset %= MACHINE_GICR_EACH;
    if (cpu >= vm->vcpu_count) {
        return false;
    }
    if (offset >= GICR_SGI_FRAME + GIC_IGROUPR) {
        *value = offset < GICR_SGI_FRAME + GIC_ID
                     ? read_common(vm, cpu, offset - GICR_SGI_FRAME, size, 0, 0)
                     : 0;
    } else if ((offset & ~UINT64_C(4)) == GICR_TYPER && size >= 4) {
        *value = redistributor_type(vm, cpu) >> (8 * (offset & 4));
        *value = size == 4 ? (uint32_t)*value : *value;
    } else if (size == 4) {
        *value = offset == GICR_IIDR                           ? IIDR_ARM
                 : offset == GICR_WAKER                        ? vm->machine.gic_cpu[cpu].waker
                 : offset >= GIC_ID && offset < GICR_SGI_FRAME ? read_id(offset, true)
                                                               : 0;
    }
    return true;
}

bool gicr_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    unsigned cpu = (unsigned)(offset / MACHINE_GICR_EACH);

    offset %= MACHINE_GICR_EACH;
    if (cpu >= vm->vcpu_count) {
        return false;
    }
    if (offset >= GICR_SGI_FRAME + GIC_IGROUPR) {
        write_common(vm, cpu, offset - GICR_SGI_FRAME, size, (uint32_t)value, 0, 0);
    } else if (offset == GICR_WAKER && size == 4) {
        bool sleep = value & GICR_WAKER_SLEEP;

        vm->machine.gic_cpu[cpu].waker = sleep ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
    }
    gic_update(vm);
    return true;
}
