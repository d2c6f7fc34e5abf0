/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local APIC, SDM 3 chapter 10. A register has one number for both ways: MSR 0x800 + n, or n * 16
 * bytes into the memory page. Only the interrupt command differs: one 64-bit MSR with a 32-bit
 * destination, or two 32-bit registers with 8 bits of destination and a busy bit.
 */
#include "drivers/apic.h"

#include "drivers/machine.h"
#include "exarch/bits.h"

#define AREA "irq"

#define MSR_APIC_BASE    0x1bu
#define APIC_BASE_X2     BIT64(10)
#define APIC_BASE_ENABLE BIT64(11)
#define APIC_BASE_ADDR   MASK(51, 12)
#define MSR_X2APIC       0x800u
#define MSR_TSC_DEADLINE 0x6e0u

enum apic_register {
    APIC_ID = 0x02,
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_EOI = 0x0b,
    APIC_LDR = 0x0d,
    APIC_DFR = 0x0e,
    APIC_SVR = 0x0f,
    APIC_ESR = 0x28,
    APIC_LVT_CMCI = 0x2f,
    APIC_ICR = 0x30,
    APIC_ICR_HIGH = 0x31,
    APIC_LVT_TIMER = 0x32,
    APIC_LVT_THERMAL = 0x33,
    APIC_LVT_PERF = 0x34,
    APIC_LVT_LINT0 = 0x35,
    APIC_LVT_LINT1 = 0x36,
    APIC_LVT_ERROR = 0x37,
    APIC_TIMER_INITIAL = 0x38,
    APIC_TIMER_CURRENT = 0x39,
    APIC_TIMER_DIVIDE = 0x3e
};

#define SVR_ENABLE     BIT32(8)
#define LVT_MASKED     BIT32(16)
#define LVT_NMI        (UINT32_C(4) << 8)
#define LVT_DEADLINE   (UINT32_C(2) << 17)
#define DIVIDE_BY_16   UINT32_C(3)
#define ICR_BUSY       BIT32(12)
#define ICR_ASSERT     BIT32(14)
#define ICR_LEVEL      BIT32(15)
#define ICR_NMI        (UINT32_C(4) << 8)
#define ICR_INIT       (UINT32_C(5) << 8)
#define ICR_STARTUP    (UINT32_C(6) << 8)
#define VERSION_LVTS   MASK(23, 16)
#define ICR_POLLS_MAX  1000000u
#define TIMER_MEASURES 3u

struct apic_ops {
    const char *name;
    uint32_t (*read)(enum apic_register reg);
    void (*write)(enum apic_register reg, uint32_t value);
    void (*command)(uint32_t destination, uint32_t command);
    uint32_t (*id)(void);
};

static uint8_t *window; /* the memory page; NULL with x2APIC */
static const struct apic_ops *ops;
static struct apic_vectors vectors;
static bool timer_deadline;
static uint64_t timer_hz;
static uint64_t timer_tsc_hz;

/* --- through memory -----------------------------------------------------------------------------
 */

static uint32_t memory_read(enum apic_register reg)
{
    return reg_read32(window + reg * 16u);
}

static void memory_write(enum apic_register reg, uint32_t value)
{
    reg_write32(window + reg * 16u, value);
}

static void memory_wait(void)
{
    for (unsigned n = 0; n < ICR_POLLS_MAX && (memory_read(APIC_ICR) & ICR_BUSY) != 0; n++) {
        machine_pause();
    }
}

static void memory_command(uint32_t destination, uint32_t command)
{
    memory_wait();
    memory_write(APIC_ICR_HIGH, destination << 24);
    memory_write(APIC_ICR, command);
    memory_wait();
}

static uint32_t memory_id(void)
{
    return memory_read(APIC_ID) >> 24;
}

/* --- through MSRs -------------------------------------------------------------------------------
 */

static uint32_t msr_read(enum apic_register reg)
{
    return (uint32_t)machine_msr_read(MSR_X2APIC + reg);
}

static void msr_write(enum apic_register reg, uint32_t value)
{
    machine_msr_write(MSR_X2APIC + reg, value);
}

/* WRMSR to the x2APIC is not ordered after earlier stores (10.12.3), nor after uncached ones
 * (10.5.4.1): what the receiver is meant to see has to be out first. */
static void fence(void)
{
    __asm__ volatile("mfence; lfence" ::: "memory");
}

static void msr_command(uint32_t destination, uint32_t command)
{
    fence();
    machine_msr_write(MSR_X2APIC + APIC_ICR, (uint64_t)destination << 32 | command);
}

static uint32_t msr_id(void)
{
    return msr_read(APIC_ID);
}

static const struct apic_ops memory_ops = {"xAPIC", memory_read, memory_write, memory_command,
                                           memory_id};
static const struct apic_ops msr_ops = {"x2APIC", msr_read, msr_write, msr_command, msr_id};

/* --- set-up -------------------------------------------------------------------------------------
 */

int apic_init(hpa_t base, struct apic_vectors given)
{
    struct machine_cpuid leaf1 = machine_cpuid(1, 0);
    uint64_t msr = machine_msr_read(MSR_APIC_BASE);
    vectors = given;
    if (!bit(leaf1.edx, 9) && !bit(msr, 10)) {
        machine_log(AREA, MACHINE_ERROR, "this CPU has no local APIC, or the firmware disabled it");
        return -ERR_NODEV;
    }
    if (bit(leaf1.ecx, 21)) {
        ops = &msr_ops;
    } else {
        hpa_t address = base.v != 0 ? base : hpa(msr & APIC_BASE_ADDR);
        window = machine_map(address, PAGE_SIZE, MACHINE_DEVICE);
        if (window == NULL) {
            return -ERR_NOMEM;
        }
        ops = &memory_ops;
    }
    apic_init_this_cpu();
    machine_log(AREA, MACHINE_INFO, "local APIC %u, %s, version 0x%x", apic_id(), ops->name,
                ops->read(APIC_VERSION) & 0xff);
    return 0;
}

/*
 * LINT0 and LINT1 stay as the firmware set them up only in kind: LINT0 (the 8259) is masked, LINT1
 * is the NMI pin. The counters of an LVT that is not there must not be touched: the version says
 * how many.
 */
void apic_init_this_cpu(void)
{
    uint64_t base = machine_msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    if (ops == &msr_ops && (base & APIC_BASE_X2) == 0) {
        machine_msr_write(MSR_APIC_BASE, base); /* off to x2 must pass through xAPIC (10.12.5) */
        base |= APIC_BASE_X2;
    }
    machine_msr_write(MSR_APIC_BASE, base);

    unsigned lvt_last = (unsigned)GET_FIELD(ops->read(APIC_VERSION), VERSION_LVTS);
    if (ops == &memory_ops) {
        ops->write(APIC_DFR, UINT32_MAX); /* flat; nobody uses logical destinations */
        ops->write(APIC_LDR, 0);
    }
    ops->write(APIC_TPR, 0);
    ops->write(APIC_LVT_TIMER, LVT_MASKED | vectors.timer);
    ops->write(APIC_LVT_LINT0, LVT_MASKED);
    ops->write(APIC_LVT_LINT1, LVT_NMI);
    if (lvt_last >= 4) {
        ops->write(APIC_LVT_PERF, LVT_MASKED);
    }
    if (lvt_last >= 5) {
        ops->write(APIC_LVT_THERMAL, LVT_MASKED);
    }
    if (lvt_last >= 6) {
        ops->write(APIC_LVT_CMCI, LVT_MASKED);
    }
    ops->write(APIC_SVR, SVR_ENABLE | vectors.spurious);
    ops->write(APIC_ESR, 0);
    ops->write(APIC_LVT_ERROR, vectors.error);
    ops->write(APIC_EOI, 0); /* whatever the firmware left in service */
}

bool apic_is_x2apic(void)
{
    return ops == &msr_ops;
}

uint32_t apic_id(void)
{
    return ops->id();
}

void apic_eoi(void)
{
    ops->write(APIC_EOI, 0);
}

/* --- interprocessor interrupts ------------------------------------------------------------------
 */

void apic_send(uint32_t destination, unsigned vector)
{
    ops->command(destination, ICR_ASSERT | vector);
}

void apic_send_nmi(uint32_t destination)
{
    ops->command(destination, ICR_ASSERT | ICR_NMI);
}

void apic_send_init(uint32_t destination)
{
    ops->command(destination, ICR_LEVEL | ICR_ASSERT | ICR_INIT);
    if (ops == &memory_ops) {
        ops->command(destination, ICR_LEVEL | ICR_INIT); /* de-assert: only old APICs need it */
    }
}

void apic_send_startup(uint32_t destination, unsigned page)
{
    ops->command(destination, ICR_ASSERT | ICR_STARTUP | page);
}

uint32_t apic_take_errors(void)
{
    static const char *const names[8] = {
        "send checksum",          "receive checksum", "send accept",
        "receive accept",         "redirectable IPI", "send illegal vector",
        "receive illegal vector", "illegal register"};
    ops->write(APIC_ESR, 0); /* latches what happened since the last write */
    uint32_t errors = ops->read(APIC_ESR) & 0xff;
    for (unsigned n = 0; n < 8; n++) {
        if (bit(errors, n)) {
            machine_log(AREA, MACHINE_WARN, "local APIC %u: %s error", apic_id(), names[n]);
        }
    }
    return errors;
}

/* --- timer --------------------------------------------------------------------------------------
 */

/* Counts per second over some 5 ms of TSC time. */
static uint64_t measure(uint64_t tsc_hz)
{
    uint64_t span = tsc_hz / 200;
    ops->write(APIC_TIMER_INITIAL, UINT32_MAX);
    uint64_t begin = machine_tsc();
    uint32_t first = ops->read(APIC_TIMER_CURRENT);
    while (machine_tsc() - begin < span) {
        machine_pause();
    }
    uint32_t last = ops->read(APIC_TIMER_CURRENT);
    uint64_t ticks = machine_tsc() - begin;
    ops->write(APIC_TIMER_INITIAL, 0);
    return ticks != 0 ? (uint64_t)(first - last) * tsc_hz / ticks : 0;
}

int apic_timer_init(uint64_t tsc_hz)
{
    timer_tsc_hz = tsc_hz;
    timer_deadline = bit(machine_cpuid(1, 0).ecx, 24);
    if (timer_deadline) {
        machine_log("time", MACHINE_INFO, "timer: TSC deadline");
        return 0;
    }
    ops->write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
    ops->write(APIC_LVT_TIMER, LVT_MASKED | vectors.timer);
    timer_hz = 0;
    for (unsigned n = 0; n < TIMER_MEASURES; n++) {
        timer_hz =
            MAX(timer_hz, measure(tsc_hz)); /* what disturbs a measurement makes it smaller */
    }
    if (timer_hz == 0) {
        machine_log("time", MACHINE_ERROR, "the local APIC's timer does not count");
        return -ERR_NODEV;
    }
    machine_log("time", MACHINE_INFO, "timer: local APIC, %lu counts per second", timer_hz);
    return 0;
}

void apic_timer_set(uint64_t deadline)
{
    if (timer_deadline) {
        ops->write(APIC_LVT_TIMER, LVT_DEADLINE | vectors.timer);
        fence();
        machine_msr_write(MSR_TSC_DEADLINE, MAX(deadline, UINT64_C(1))); /* 0 would disarm */
        return;
    }
    uint64_t now = machine_tsc();
    uint64_t ticks = deadline > now ? deadline - now : 0;
    /* A quarter of the counter's reach at most: then the product below stays in 64 bits. */
    ticks = MIN(ticks, timer_tsc_hz / timer_hz * (UINT32_MAX / 4) + timer_tsc_hz / 4);
    uint64_t counts =
        ticks > BIT64(32) ? ticks / timer_tsc_hz * timer_hz : ticks * timer_hz / timer_tsc_hz;
    ops->write(APIC_LVT_TIMER, vectors.timer);
    ops->write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
    ops->write(APIC_TIMER_INITIAL, (uint32_t)MAX(MIN(counts, (uint64_t)UINT32_MAX), UINT64_C(1)));
}

void apic_timer_stop(void)
{
    ops->write(APIC_LVT_TIMER, LVT_MASKED | vectors.timer);
    if (timer_deadline) {
        machine_msr_write(MSR_TSC_DEADLINE, 0);
    } else {
        ops->write(APIC_TIMER_INITIAL, 0);
    }
}

bool apic_timer_is_deadline(void)
{
    return timer_deadline;
}

uint64_t apic_timer_hz(void)
{
    return timer_hz;
}
