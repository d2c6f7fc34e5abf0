/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic timers: conditions, wires, and the platform's deadline (Arm ARM D11.2). */
#include "guestdev/machine.h"

#include "dbt/platform.h"
#include "dbt/vcpu.h"

#define CTL_ENABLE  BIT32(0)
#define CTL_IMASK   BIT32(1)
#define CTL_ISTATUS BIT32(2)

static const uint8_t ppis[TIMER_COUNT] = {
    [TIMER_PHYS] = GIC_PPI(MACHINE_PPI_PTIMER),
    [TIMER_VIRT] = GIC_PPI(MACHINE_PPI_VTIMER),
};

static struct timer *timer_of(const struct vcpu *vcpu, enum timer_id id)
{
    return &vcpu->vm->machine.timer[vcpu->id][id];
}

/* floor(numerator * 2^64 / denominator) for numerator < denominator, without the C library's
 * 128-bit division. */
static uint64_t scale_64(uint64_t numerator, uint64_t denominator)
{
    uint64_t quotient = 0;

    for (unsigned i = 0; i < 64; i++) {
        bool carry = bit(numerator, 63);

        numerator <<= 1;
        quotient <<= 1;
        if (carry || numerator >= denominator) {
            numerator -= denominator;
            quotient |= 1;
        }
    }
    return quotient;
}

void timer_init(struct vcpu *vcpu, uint64_t host_base)
{
    vcpu->st->cnt_mult = scale_64(MACHINE_COUNTER_HZ, plat_counter_hz());
    vcpu->st->cnt_base = 0 - host_base;
    vcpu->st->cntvoff = 0;
}

static uint64_t host_to_guest(const struct vcpu *vcpu, uint64_t host)
{
    unsigned __int128 product = (unsigned __int128)(host + vcpu->st->cnt_base) * vcpu->st->cnt_mult;

    return (uint64_t)(product >> 64);
}

uint64_t timer_counter(const struct vcpu *vcpu)
{
    return host_to_guest(vcpu, plat_counter());
}

/* A deadline further away than this is asked for again when it comes: about 9 hours. */
#define FAR_TICKS (UINT64_C(1) << 41)

/* The host counter at which `ticks` more guest ticks have passed, not too early by rounding. */
static uint64_t host_deadline(uint64_t host_now, uint64_t ticks)
{
    uint64_t each = (plat_counter_hz() << 20) / MACHINE_COUNTER_HZ + 1;

    ticks = MIN(ticks, FAR_TICKS);
    return host_now + (uint64_t)(((unsigned __int128)ticks * each) >> 20) + 1;
}

static bool condition(const struct timer *timer, uint64_t now)
{
    return (timer->ctl & CTL_ENABLE) && now >= timer->cval;
}

void timer_update(struct vcpu *vcpu)
{
    uint64_t host_now = plat_counter(), now = host_to_guest(vcpu, host_now), next = UINT64_MAX;

    for (enum timer_id id = 0; id < TIMER_COUNT; id++) {
        const struct timer *timer = timer_of(vcpu, id);
        bool met = condition(timer, now);

        gic_set_ppi(vcpu->vm, vcpu->id, ppis[id], met && !(timer->ctl & CTL_IMASK));
        if (!met && (timer->ctl & CTL_ENABLE) && !(timer->ctl & CTL_IMASK)) {
            next = MIN(next, timer->cval - now);
        }
    }
    if (vcpu->id == 0) {
        uint64_t alarm = pl031_update(vcpu->vm);

        next = MIN(next, alarm < FAR_TICKS / MACHINE_COUNTER_HZ ? alarm * MACHINE_COUNTER_HZ
                         : alarm != UINT64_MAX                  ? FAR_TICKS
                                                                : UINT64_MAX);
    }
    plat_set_deadline(vcpu, next == UINT64_MAX ? UINT64_MAX : host_deadline(host_now, next));
}

static void update_locked(struct vcpu *vcpu)
{
    machine_lock(vcpu->vm, vcpu);
    timer_update(vcpu);
    machine_unlock(vcpu->vm);
}

void timer_reset(struct vcpu *vcpu)
{
    for (enum timer_id id = 0; id < TIMER_COUNT; id++) {
        *timer_of(vcpu, id) = (struct timer){0};
    }
    update_locked(vcpu);
}

/* ISTATUS is the condition's, IMASK aside; with the timer disabled it is UNKNOWN: zero here. */
uint64_t timer_read_ctl(struct vcpu *vcpu, enum timer_id id)
{
    const struct timer *timer = timer_of(vcpu, id);

    return timer->ctl | (condition(timer, timer_counter(vcpu)) ? CTL_ISTATUS : 0);
}

uint64_t timer_read_cval(const struct vcpu *vcpu, enum timer_id id)
{
    return timer_of(vcpu, id)->cval;
}

void timer_write_ctl(struct vcpu *vcpu, enum timer_id id, uint64_t value)
{
    timer_of(vcpu, id)->ctl = value & (CTL_ENABLE | CTL_IMASK);
    update_locked(vcpu);
}

void timer_write_cval(struct vcpu *vcpu, enum timer_id id, uint64_t value)
{
    timer_of(vcpu, id)->cval = value;
    update_locked(vcpu);
}
