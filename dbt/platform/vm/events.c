/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, deadlines and events, by the pages shared with root and its calls. */
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/vm.h"
#include "dbt/rt/stats.h"
#include "dbt/vcpu.h"

static struct vm_vcpu vcpus[ABI_MAX_VCPUS];
static uint64_t counter_hz;
static uint64_t wall_ns;  /* since 1970, when the counter was */
static uint64_t wall_tsc; /* this */

struct vm_vcpu *vm_vcpu(const struct vcpu *vcpu)
{
    return &vcpus[vcpu->id];
}

void vm_events_init(struct vcpu *vcpu, const struct abi_boot *boot)
{
    struct vm_vcpu *v = vm_vcpu(vcpu);
    *v = (struct vm_vcpu){.vcpu = vcpu,
                          .page = space_pointer(boot->vcpu_pages + vcpu->id * PAGE_SIZE),
                          .deadline = UINT64_MAX};
    counter_hz = boot->tsc_hz;
    wall_ns = (uint64_t)hypercall(ABI_CALL_TIME, 0, 0, 0, &wall_tsc);
}

/* --- time --- */
uint64_t plat_counter(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

uint64_t plat_counter_hz(void)
{
    return counter_hz;
}

uint64_t plat_wall_seconds(void)
{
    return wall_ns / 1000000000 + (plat_counter() - wall_tsc) / counter_hz;
}

/* --- deadlines --- */
/* Root reads the word at each exit; a call is worth it only when the next one may come too late. */
void plat_set_deadline(struct vcpu *vcpu, uint64_t at)
{
    struct vm_vcpu *v = vm_vcpu(vcpu);
    v->deadline = at;
    __atomic_store_n(&v->page->deadline, at, __ATOMIC_SEQ_CST);
    if (at < __atomic_load_n(&v->page->until, __ATOMIC_RELAXED)) {
        hypercall(ABI_CALL_DEADLINE, 0, 0, 0, NULL);
    }
}

/* The bit may be an earlier deadline's, which was replaced meanwhile. */
static unsigned timer_fired(struct vm_vcpu *v)
{
    if (v->deadline > plat_counter()) {
        return 0;
    }
    v->deadline = UINT64_MAX;
    return PLAT_EVENT_TIMER;
}

/* --- events --- */
unsigned plat_take_events(struct vcpu *vcpu)
{
    // clang-format off
    static const struct {
        unsigned from, to;
    } rows[] = {
        {ABI_EVENT_CONSOLE, PLAT_EVENT_CONSOLE},
        {ABI_EVENT_DEVICE,  PLAT_EVENT_QUEUE},
        {ABI_EVENT_KICK,    PLAT_EVENT_KICK},
        {ABI_EVENT_STOP,    PLAT_EVENT_STOP},
    };
    // clang-format on
    struct vm_vcpu *v = vm_vcpu(vcpu);
    vm_hidden_turn(v);
    if (!__atomic_load_n(&v->page->pending, __ATOMIC_RELAXED)) {
        return 0;
    }
    uint64_t bits = __atomic_exchange_n(&v->page->pending, 0, __ATOMIC_SEQ_CST);
    unsigned events = (bits & ABI_EVENT_TIMER) ? timer_fired(v) : 0;
    if (bits & ABI_EVENT_COUNT) {
        rt_stats_count(vcpu);
    }
    if (bits & ABI_EVENT_STATS) {
        rt_stats_log(vcpu);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        events |= (bits & rows[i].from) ? rows[i].to : 0;
    }
    return events;
}

void plat_wait(struct vcpu *vcpu)
{
    (void)vcpu;
    hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL);
}

void plat_kick(struct vcpu *vcpu)
{
    hypercall(ABI_CALL_KICK, vcpu->id, 0, 0, NULL);
}
