/* SPDX-License-Identifier: BSD-2-Clause */
/* PL031: seconds since 1970, an alarm on a match. */
#include "guestdev/machine.h"

#include "dbt/platform.h"
#include "dbt/vcpu.h"

enum {
    RTC_DR = 0x00,
    RTC_MR = 0x04,
    RTC_LR = 0x08,
    RTC_CR = 0x0c,
    RTC_IMSC = 0x10,
    RTC_RIS = 0x14,
    RTC_MIS = 0x18,
    RTC_ICR = 0x1c,
    RTC_ID = 0xfe0,
};

/* RTCPeriphID0-3, RTCPCellID0-3 */
static const uint8_t identification[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static struct pl031 *rtc_of(struct vm *vm)
{
    return &vm->machine.rtc;
}

static uint32_t now(const struct pl031 *rtc)
{
    return (uint32_t)plat_wall_seconds() + rtc->offset;
}

static void set_wire(struct vm *vm)
{
    const struct pl031 *rtc = rtc_of(vm);

    gic_set_spi(vm, GIC_SPI(MACHINE_SPI_RTC), rtc->raw && rtc->mask);
}

void pl031_reset(struct vm *vm)
{
    *rtc_of(vm) = (struct pl031){.due = UINT64_MAX};
}

uint64_t pl031_update(struct vm *vm)
{
    struct pl031 *rtc = rtc_of(vm);
    uint64_t wall = plat_wall_seconds();

    if (wall < rtc->due) {
        return rtc->due == UINT64_MAX ? UINT64_MAX : rtc->due - wall;
    }
    rtc->due = UINT64_MAX;
    rtc->raw = true;
    set_wire(vm);
    return UINT64_MAX;
}

/* The counter will come to the match, be it once around: vCPU 0 looks at it with its timers
 * (machine_events). */
static void arm(struct vm *vm)
{
    struct pl031 *rtc = rtc_of(vm);

    rtc->due = plat_wall_seconds() + (uint32_t)(rtc->match - now(rtc));
    plat_kick(vm->vcpu[0]);
}

bool pl031_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct pl031 *rtc = rtc_of(vm);

    if (size > 4) {
        return false;
    }
    switch (offset & ~UINT64_C(3)) {
    case RTC_DR: *value = now(rtc); break;
    case RTC_MR: *value = rtc->match; break;
    case RTC_LR: *value = rtc->load; break;
    case RTC_CR: *value = 1; break;
    case RTC_IMSC: *value = rtc->mask; break;
    case RTC_RIS: *value = rtc->raw; break;
    case RTC_MIS: *value = rtc->raw && rtc->mask; break;
    default:
        *value = offset >= RTC_ID && offset < 0x1000 ? identification[(offset - RTC_ID) >> 2] : 0;
    }
    *value >>= (offset & 3) * 8;
    return true;
}

bool pl031_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    struct pl031 *rtc = rtc_of(vm);

    if (size > 4) {
        return false;
    }
    switch (offset) {
    case RTC_MR:
        rtc->match = (uint32_t)value;
        arm(vm);
        break;
    case RTC_LR:
        rtc->load = (uint32_t)value;
        rtc->offset += rtc->load - now(rtc);
        arm(vm);
        break;
    case RTC_IMSC: rtc->mask = value & 1; break;
    case RTC_ICR: rtc->raw = rtc->raw && !(value & 1); break;
    default: break;
    }
    set_wire(vm);
    return true;
}
