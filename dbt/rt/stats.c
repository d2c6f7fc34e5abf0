/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's figures as lines of the log. */
#include "dbt/rt/stats.h"

#include "dbt/a64/translate.h"
#include "dbt/rt/internal.h"
#include "dbt/sys/sys.h"

static void line(uint64_t value, const char *text)
{
    if (value) {
        plat_log(PLAT_INFO, "%14lu %s", (unsigned long)value, text);
    }
}

static const char *const exit_name[EXIT_COUNT] = {
    [EXIT_LOOKUP] = "look-up",
    [EXIT_UNDEF] = "undefined",
    [EXIT_SVC] = "SVC",
    [EXIT_HVC] = "HVC",
    [EXIT_SMC] = "SMC",
    [EXIT_BRK] = "BRK",
    [EXIT_HLT] = "HLT",
    [EXIT_ERET] = "ERET",
    [EXIT_WFI] = "WFI",
    [EXIT_WFE] = "WFE",
    [EXIT_YIELD] = "YIELD",
    [EXIT_CONTEXT] = "context",
    [EXIT_FP_TRAP] = "FP trap",
    [EXIT_PC_ALIGN] = "PC alignment",
    [EXIT_ILLEGAL] = "illegal state",
    [EXIT_STEP] = "software step",
    [EXIT_SYSTRAP] = "system trap",
};

static void lines(const uint64_t *value, const char *const *name, unsigned count, const char *what)
{
    for (unsigned i = 0; i < count; i++) {
        if (value[i]) {
            plat_log(PLAT_INFO, "%14lu %s %s", (unsigned long)value[i], what, name[i]);
        }
    }
}

/* --- guest instructions --- */
static void set_counting(struct vcpu *vcpu, bool on)
{
    if (!on == !(vcpu->tr_flags & TR_ICOUNT)) {
        return;
    }
    vcpu->tr_flags ^= TR_ICOUNT;
    vcpu->rt->link = 0; /* names an exit of a block of the other kind */
    sys_context_update(vcpu);
}

void rt_stats_count(struct vcpu *vcpu)
{
    set_counting(vcpu, true);
    vcpu->rt->count = (struct rt_count){.counter = plat_counter(),
                                        .insns = vcpu->st->icount,
                                        .wait_time = vcpu->rt->stats.wait_time};
}

static unsigned long micros(uint64_t ticks)
{
    return (unsigned long)(ticks / (plat_counter_hz() / 1000000));
}

static void log_speed(struct vcpu *vcpu)
{
    const struct rt_count *from = &vcpu->rt->count;
    uint64_t ticks = plat_counter() - from->counter;
    uint64_t asleep = MIN(vcpu->rt->stats.wait_time - from->wait_time, ticks);
    uint64_t insns = vcpu->st->icount - from->insns;
    uint64_t tenths = insns * 10 / MAX(micros(ticks - asleep), 1ul);

    if (vcpu->tr_flags & TR_ICOUNT) {
        plat_log(PLAT_INFO, "%14lu guest instructions in %lu ms, of these %lu ms asleep",
                 (unsigned long)insns, micros(ticks) / 1000, micros(asleep) / 1000);
        plat_log(PLAT_INFO, "%12lu.%lu MIPS while it ran", (unsigned long)tenths / 10,
                 (unsigned long)tenths % 10);
    }
    set_counting(vcpu, false);
}

void rt_stats_log(struct vcpu *vcpu)
{
    const struct rt_stats *stats = &vcpu->rt->stats;
    const struct rt_vm *vm = vcpu->vm->rt;
    log_speed(vcpu); /* first: it takes a while to say the rest */
#define X(name, text) line(stats->name, text);
    RT_STAT_ROWS(X)
#undef X
    lines(stats->exit, exit_name, EXIT_COUNT, "exits:");
    lines(stats->helper, help_name, HELPER_COUNT, "calls of");
    line(vm->blocks.drops, "blocks dropped");
    line(vm->blocks.evictions, "regions of the code cache taken again");
    line(vcpu->rt->views.created, "views made");
    line(vcpu->rt->views.dropped, "views given up");
    line(vm->heap.used, "bytes of heap used");
}
