/* SPDX-License-Identifier: BSD-2-Clause */
/* Random operations on the GIC; after each all that can be seen of it is as on QEMU. */
/*
 * Nothing is taken: interrupts are masked, acknowledged and ended by hand, some out of order. SPIs
 * 40 to 45, SGIs 0 to 3 and PPI 20 are used, of both groups. The binary points stay at their least:
 * QEMU 7.2 applies a pending interrupt's to the running priority as well.
 */
#include "tests/guest/gic.h"
#include "tests/xorshift.h"

#define SEQUENCES 60
#define STEPS     60

#define RD       (GICR + SGI_FRAME)
#define SPI      40
#define SPIS     6
#define SPI_MASK 0x3f00u     /* in word 1 */
#define PRIVATE  0x0010000fu /* in word 0 */

static uint64_t seed = 0x9e3779b97f4a7c15ul;

static uint32_t below(uint32_t n)
{
    return (uint32_t)((xorshift64(&seed) >> 33) % n);
}

static uint32_t a_spi(void)
{
    return 1u << (SPI % 32 + below(SPIS));
}

static uint32_t a_private(void)
{
    static const uint8_t intids[] = {0, 1, 2, 3, 20};

    return 1u << intids[below(5)];
}

static uint8_t a_priority(void)
{
    return (uint8_t)(below(32) << 3);
}

/* --- operations: each gives what it wrote or read --- */
static uint64_t put(uint64_t reg, uint32_t value)
{
    REG32(reg) = value;
    return value;
}

#define SPI_OP(name, reg)                                                                          \
    static uint64_t name(void)                                                                     \
    {                                                                                              \
        return put(GICD + (reg), a_spi());                                                         \
    }
SPI_OP(enable_spi, 0x104)
SPI_OP(disable_spi, 0x184)
SPI_OP(pend_spi, 0x204)
SPI_OP(unpend_spi, 0x284)
SPI_OP(activate_spi, 0x304)
SPI_OP(deactivate_spi, 0x384)

static uint64_t group_spi(void)
{
    return put(GICD + 0x84, REG32(GICD + 0x84) ^ a_spi());
}

static uint64_t prioritize_spi(void)
{
    uint32_t intid = SPI + below(SPIS);
    uint8_t priority = a_priority();

    REG8(GICD + 0x400 + intid) = priority;
    return (uint64_t)intid << 8 | priority;
}

static uint64_t pend_private(void)
{
    return put(RD + 0x200, a_private());
}

static uint64_t switch_private(void)
{
    return put(RD + (below(2) ? 0x180 : 0x100), a_private());
}

static uint64_t switch_active(void)
{
    return put(RD + (below(2) ? 0x380 : 0x300), a_private());
}

static uint64_t group_private(void)
{
    return put(RD + 0x80, REG32(RD + 0x80) ^ a_private());
}

static uint64_t switch_groups(void)
{
    return put(GICD, below(2) ? 0x13 : 0x10 | below(4));
}

static uint64_t mask(void)
{
    uint64_t value = below(3) ? 0xf8 : a_priority();

    msr(s3_0_c4_c6_0, value);
    return value;
}

static uint64_t switch_group0(void)
{
    uint64_t value = below(4) != 0;

    msr(s3_0_c12_c12_6, value);
    return value;
}

static uint64_t switch_group1(void)
{
    uint64_t value = below(4) != 0;

    msr(s3_0_c12_c12_7, value);
    return value;
}

/* What has been acknowledged and not been ended, bit 12: of group 0. */
static uint64_t held[STEPS];
static unsigned holding;

static uint64_t hold(uint64_t intid, uint64_t group0)
{
    if (intid < 1020) {
        held[holding++] = intid | group0;
    }
    return intid;
}

static uint64_t acknowledge1(void)
{
    return hold(mrs(s3_0_c12_c12_0), 0);
}

static uint64_t acknowledge0(void)
{
    return hold(mrs(s3_0_c12_c8_0), 0x1000);
}

static uint64_t end(void)
{
    if (!holding) {
        return 0;
    }
    uint64_t intid = held[--holding];
    if (intid & 0x1000) {
        msr(s3_0_c12_c8_1, intid & 0xfff);
    } else {
        msr(s3_0_c12_c12_1, intid);
    }
    return intid;
}

static uint64_t deactivate(void)
{
    uint64_t intid = SPI + below(SPIS);

    msr(s3_0_c12_c11_1, intid);
    return intid;
}

/* EOImode changes what an end means: not while one is due. */
static uint64_t switch_eoi_mode(void)
{
    if (!holding) {
        msr(s3_0_c12_c12_4, below(2) << 1);
    }
    return mrs(s3_0_c12_c12_4) & 3;
}

/* QEMU 7.2 has none of group 0 by SGI1R. */
static uint64_t sgi1(void)
{
    uint64_t intid = below(4);

    if (REG32(RD + 0x80) >> intid & 1) {
        msr(s3_0_c12_c11_5, intid << 24 | 1);
    }
    return intid;
}

static uint64_t sgi0(void)
{
    uint64_t intid = below(4);

    msr(s3_0_c12_c11_7, intid << 24 | 1);
    return intid;
}

/* --- sequences --- */
static const struct {
    const char *name;
    uint64_t (*run)(void);
} ops[] = {
    {"enable", enable_spi},
    {"disable", disable_spi},
    {"pend", pend_spi},
    {"pend", pend_spi},
    {"pend", pend_spi},
    {"pend", pend_spi},
    {"unpend", unpend_spi},
    {"activate", activate_spi},
    {"deactivate", deactivate_spi},
    {"priority", prioritize_spi},
    {"group", group_spi},
    {"GICD_CTLR", switch_groups},
    {"PMR", mask},
    {"IGRPEN0", switch_group0},
    {"IGRPEN1", switch_group1},
    {"ICC_CTLR", switch_eoi_mode},
    {"IAR1", acknowledge1},
    {"IAR1", acknowledge1},
    {"IAR1", acknowledge1},
    {"IAR1", acknowledge1},
    {"IAR0", acknowledge0},
    {"IAR0", acknowledge0},
    {"EOIR", end},
    {"EOIR", end},
    {"EOIR", end},
    {"DIR", deactivate},
    {"SGI1R", sgi1},
    {"SGI0R", sgi0},
    {"pend private", pend_private},
    {"enable private", switch_private},
    {"activate private", switch_active},
    {"group private", group_private},
};

static void reset_distributor(void)
{
    REG32(GICD) = 0x10;
    for (uint64_t reg = 0x180; reg <= 0x380; reg += 0x100) { /* enables, pending, active */
        REG32(GICD + reg + 4) = ~0u;
        REG32(RD + reg) = ~0u;
    }
    for (unsigned i = 0; i < SPIS; i++) {
        REG8(GICD + 0x400 + SPI + i) = a_priority();
        REG64(GICD + 0x6000 + 8ul * (SPI + i)) = 0;
    }
    for (unsigned i = 0; i < 5; i++) {
        REG8(RD + 0x400 + (i < 4 ? i : 20)) = a_priority();
    }
    REG32(GICD + 0xc08) = 0;
    REG32(GICD + 0x84) = ~0u;
    REG32(RD + 0x80) = ~0u;
    REG32(GICD + 0x104) = SPI_MASK;
    REG32(RD + 0x100) = PRIVATE;
    REG32(GICD) = 0x13;
}

static void reset(void)
{
    msr(s3_0_c12_c8_4, 0); /* AP0R0, AP1R0 */
    msr(s3_0_c12_c9_0, 0);
    reset_distributor();
    msr(s3_0_c4_c6_0, 0xf8);
    msr(s3_0_c12_c12_4, 0);
    msr(s3_0_c12_c12_6, 1);
    msr(s3_0_c12_c12_7, 1);
    isb();
    holding = 0;
}

static void show(void)
{
    say(" | HPPIR %lu %lu RPR %lx APR %lx %lx ISR %lx", mrs(s3_0_c12_c8_2), mrs(s3_0_c12_c12_2),
        mrs(s3_0_c12_c11_3), mrs(s3_0_c12_c8_4), mrs(s3_0_c12_c9_0), mrs(isr_el1));
    say(" pending %lx %lx active %lx %lx", (uint64_t)REG32(GICD + 0x204),
        (uint64_t)REG32(RD + 0x200) & PRIVATE, (uint64_t)REG32(GICD + 0x304),
        (uint64_t)REG32(RD + 0x300) & PRIVATE);
    say(" enabled %lx %lx\n", (uint64_t)REG32(GICD + 0x104), (uint64_t)REG32(RD + 0x100));
}

int main(void)
{
    gic_on();
    for (unsigned sequence = 0; sequence < SEQUENCES; sequence++) {
        reset();
        say("sequence %lu\n", (uint64_t)sequence);
        for (unsigned step = 0; step < STEPS; step++) {
            unsigned i = below(sizeof(ops) / sizeof(*ops));

            say("%s %lx", ops[i].name, ops[i].run());
            isb();
            dsb();
            show();
        }
    }
    return 0;
}
