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

void rt_stats_log(const struct vcpu *vcpu)
{
    const struct rt_stats *stats = &vcpu->rt->stats;
    const struct rt_vm *vm = vcpu->vm->rt;
#define X(name, text) line(stats->name, text);
    RT_STAT_ROWS(X)
#undef X
    line(vm->blocks.drops, "blocks dropped");
    line(vm->blocks.evictions, "regions of the code cache taken again");
    line(vcpu->rt->views.created, "views made");
    line(vcpu->rt->views.dropped, "views given up");
    line(vm->heap.used, "bytes of heap used");
    line(vcpu->st->icount, "guest instructions (counted with --icount)");
}
