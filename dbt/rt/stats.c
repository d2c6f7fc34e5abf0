/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's figures as lines of the log. */
#include "dbt/rt/stats.h"

#include "dbt/rt/internal.h"

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

void rt_stats_log(const struct vcpu *vcpu)
{
    const struct rt_stats *stats = &vcpu->rt->stats;
    const struct rt_vm *vm = vcpu->vm->rt;
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
    line(vcpu->st->icount, "guest instructions (counted with --icount)");
}
