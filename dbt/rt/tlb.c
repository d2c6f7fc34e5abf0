/* SPDX-License-Identifier: BSD-2-Clause */
/* What guest TLB and instruction cache maintenance takes away. */
#include "dbt/rt/internal.h"

void rt_context_changed(struct vcpu *vcpu)
{
    vcpu->rt->context_changed = true;
    vcpu->rt->stats.context++;
}

static void clear(struct rt_vcpu *rt, struct view *view)
{
    view_clear(view);
    jc_clear_view(rt, view);
}

void rt_tlbi_all(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    rt->stats.tlbi++;
    window_close_all(vcpu);
    for (struct view *view = rt->views.view; view < rt->views.view + VIEW_MAX; view++) {
        if (view_is_translated(view)) {
            clear(rt, view);
        }
    }
}

void rt_tlbi_asid(struct vcpu *vcpu, unsigned asid)
{
    struct rt_vcpu *rt = vcpu->rt;
    rt->stats.tlbi++;
    window_close_all(vcpu);
    for (struct view *view = rt->views.view; view < rt->views.view + VIEW_MAX; view++) {
        if (view_is_translated(view) && view->asid == (int)asid) {
            clear(rt, view);
        }
    }
}

void rt_tlbi_va(struct vcpu *vcpu, uint64_t va, uint64_t size, int asid)
{
    struct rt_vcpu *rt = vcpu->rt;
    rt->stats.tlbi++;
    window_close_range(vcpu, va, size);
    for (struct view *view = rt->views.view; view < rt->views.view + VIEW_MAX; view++) {
        if (view_concerns(view, va, asid)) {
            view_drop_range(view, va, size);
            jc_drop_range(rt, view, va, size);
        }
    }
}

/* All vCPUs' jump caches may hold code that is no longer known. */
static void forget_code(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        jc_clear_all(vm->vcpu[i]->rt);
    }
}

void rt_icache_invalidate_pa(struct vm *vm, uint64_t pa, uint64_t size)
{
    bool dropped = false;
    for (uint64_t page = ALIGN_DOWN(pa, PAGE_SIZE); page < pa + size; page += PAGE_SIZE) {
        dropped |= blocks_drop_page(&vm->rt->blocks, page);
    }
    if (dropped) {
        vm->vcpu[0]->rt->stats.icache++;
        forget_code(vm);
    }
}

void rt_icache_invalidate_all(struct vm *vm)
{
    blocks_drop_all(&vm->rt->blocks);
    forget_code(vm);
}
