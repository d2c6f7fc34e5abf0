/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference clocks: IA-PC HPET 1.0a, ACPI 4.8.3.3 (PM timer), 8254 data sheet. All are slow to
 * read; they serve only to measure the TSC.
 */
#include "drivers/clock.h"

#include "drivers/acpi_tables.h"
#include "drivers/machine.h"
#include "exarch/bits.h"

#define AREA "time"

#define PM_TIMER_HZ UINT64_C(3579545)
#define PIT_HZ      UINT64_C(1193182)
#define FEMTO       UINT64_C(1000000000000000)

#define MEASURES        5u
#define MEASURE_PER_SEC 200u /* one measurement takes 1/200 s */
#define READ_TRIES      5u
#define STUCK_READS     1000000u

/* --- HPET ---------------------------------------------------------------------------------------
 */

enum hpet_register { HPET_CAPABILITIES = 0x00, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0 };

#define HPET_SIZE         0x400
#define HPET_CAP_PERIOD   MASK(63, 32) /* femtoseconds */
#define HPET_CAP_64BIT    BIT64(13)
#define HPET_ENABLE       BIT64(0)
#define HPET_LEGACY_ROUTE BIT64(1)
#define HPET_PERIOD_MAX   UINT64_C(100000000) /* 2.3.9.1 */

static uint8_t *hpet;

/* The low word only: a 64-bit counter may be read in two halves by a 32-bit bus (2.4.7). */
static uint64_t hpet_read(void)
{
    return reg_read32(hpet + HPET_COUNTER);
}

static int hpet_init(const struct acpi_info *info, struct clock_source *source)
{
    if (info->hpet.v == 0) {
        return -ERR_NODEV;
    }
    hpet = machine_map(info->hpet, HPET_SIZE, MACHINE_DEVICE);
    if (hpet == NULL) {
        return -ERR_NOMEM;
    }
    uint64_t period = GET_FIELD(reg_read64(hpet + HPET_CAPABILITIES), HPET_CAP_PERIOD);
    if (period == 0 || period > HPET_PERIOD_MAX) {
        machine_log(AREA, MACHINE_WARN, "HPET at 0x%lx: period of %lu fs makes no sense; not used",
                    info->hpet.v, period);
        return -ERR_NODEV;
    }
    uint64_t config = reg_read64(hpet + HPET_CONFIG) & ~HPET_LEGACY_ROUTE;
    reg_write64(hpet + HPET_CONFIG, config | HPET_ENABLE);
    *source = (struct clock_source){
        .name = "HPET", .hz = FEMTO / period, .mask = UINT32_MAX, .read = hpet_read};
    return 0;
}

/* --- ACPI PM timer ------------------------------------------------------------------------------
 */

static struct acpi_register pm_timer;
static uint8_t *pm_window;

static uint64_t pm_read(void)
{
    return pm_timer.space == ACPI_SPACE_IO ? io_read32((uint16_t)pm_timer.address)
                                           : reg_read32(pm_window);
}

static int pm_init(const struct acpi_info *info, struct clock_source *source)
{
    pm_timer = info->pm_timer;
    if (pm_timer.bits == 0) {
        return -ERR_NODEV;
    }
    if (pm_timer.space == ACPI_SPACE_MEMORY) {
        pm_window = machine_map(hpa(pm_timer.address), 4, MACHINE_DEVICE);
        if (pm_window == NULL) {
            return -ERR_NOMEM;
        }
    }
    *source = (struct clock_source){.name = "ACPI PM timer",
                                    .hz = PM_TIMER_HZ,
                                    .mask = info->pm_timer_32bit ? UINT32_MAX : MASK(23, 0),
                                    .read = pm_read};
    return 0;
}

/* --- 8254, channel 2: the speaker's, with the speaker off ---------------------------------------
 */

enum pit_port { PIT_CHANNEL2 = 0x42, PIT_COMMAND = 0x43, PIT_GATE = 0x61 };

/* It counts down; the complement counts up. */
static uint64_t pit_read(void)
{
    io_write8(PIT_COMMAND, 0x80); /* latch channel 2 */
    uint8_t low = io_read8(PIT_CHANNEL2);
    uint8_t high = io_read8(PIT_CHANNEL2);
    return ~(uint64_t)(low | high << 8) & 0xffff;
}

static int pit_init(const struct acpi_info *info, struct clock_source *source)
{
    (void)info;
    io_write8(PIT_GATE, (uint8_t)((io_read8(PIT_GATE) & ~3u) | 1)); /* gate on, speaker off */
    io_write8(PIT_COMMAND, 0xb4); /* channel 2, both bytes, mode 2 */
    io_write8(PIT_CHANNEL2, 0);
    io_write8(PIT_CHANNEL2, 0); /* 65536 */
    *source = (struct clock_source){.name = "8254", .hz = PIT_HZ, .mask = 0xffff, .read = pit_read};
    return 0;
}

/* --- the choice ---------------------------------------------------------------------------------
 */

static struct clock_source chosen;

static bool counts(const struct clock_source *source)
{
    uint64_t first = source->read();
    for (unsigned n = 0; n < STUCK_READS; n++) {
        if (source->read() != first) {
            return true;
        }
    }
    machine_log(AREA, MACHINE_WARN, "%s does not count; not used", source->name);
    return false;
}

int clock_init(const struct acpi_info *info)
{
    static int (*const inits[])(const struct acpi_info *,
                                struct clock_source *) = {hpet_init, pm_init, pit_init};
    for (unsigned n = 0; n < ARRAY_SIZE(inits); n++) {
        struct clock_source source;
        if (inits[n](info, &source) == 0 && counts(&source)) {
            chosen = source;
            return 0;
        }
    }
    machine_log(AREA, MACHINE_ERROR, "no clock to measure the TSC with");
    return -ERR_NODEV;
}

const struct clock_source *clock_source(void)
{
    return &chosen;
}

/* --- the TSC ------------------------------------------------------------------------------------
 */

struct sample {
    uint64_t tsc;
    uint64_t clock;
};

/* Both counters at one moment: of several tries the one whose reading of the clock took least. */
static struct sample take_sample(void)
{
    struct sample best = {0};
    uint64_t best_width = UINT64_MAX;
    for (unsigned n = 0; n < READ_TRIES; n++) {
        uint64_t before = machine_tsc();
        uint64_t clock = chosen.read();
        uint64_t width = machine_tsc() - before;
        if (width < best_width) {
            best_width = width;
            best = (struct sample){.tsc = before + width / 2, .clock = clock};
        }
    }
    return best;
}

static uint64_t measure_once(void)
{
    uint64_t span = chosen.hz / MEASURE_PER_SEC;
    struct sample first = take_sample();
    while (((chosen.read() - first.clock) & chosen.mask) < span) {
        machine_pause();
    }
    struct sample last = take_sample();
    uint64_t clocks = (last.clock - first.clock) & chosen.mask;
    return (last.tsc - first.tsc) * chosen.hz / clocks;
}

/* The rate by CPUID's leaf 0x15 (crystal and ratio), else 0x16 (MHz of the base clock); 0: silent.
 */
static uint64_t cpuid_hz(void)
{
    uint32_t last = machine_cpuid(0, 0).eax;
    if (last >= 0x15) {
        struct machine_cpuid ratio = machine_cpuid(0x15, 0);
        if (ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0) {
            return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
        }
    }
    return last >= 0x16 ? (uint64_t)(machine_cpuid(0x16, 0).eax & 0xffff) * 1000000 : 0;
}

uint64_t clock_measure_tsc(void)
{
    uint64_t rates[MEASURES];
    for (unsigned n = 0; n < MEASURES; n++) {
        uint64_t rate = measure_once();
        unsigned at = n;
        for (; at > 0 && rates[at - 1] > rate; at--) {
            rates[at] = rates[at - 1];
        }
        rates[at] = rate;
    }
    uint64_t hz = rates[MEASURES / 2];
    bool invariant =
        machine_cpuid(0x80000000, 0).eax >= 0x80000007 && bit(machine_cpuid(0x80000007, 0).edx, 8);
    uint64_t told = cpuid_hz();
    machine_log(AREA, MACHINE_INFO, "TSC %lu.%03lu MHz by the %s (spread %lu ppm), %s",
                hz / 1000000, hz / 1000 % 1000, chosen.name,
                (rates[MEASURES - 1] - rates[0]) * 1000000 / MAX(hz, UINT64_C(1)),
                invariant ? "invariant" : "not called invariant by CPUID");
    if (told != 0 && (told > hz + hz / 50 || told < hz - hz / 50)) {
        machine_log(AREA, MACHINE_WARN, "CPUID says that the TSC runs at %lu MHz", told / 1000000);
    }
    return hz;
}
