/* SPDX-License-Identifier: BSD-2-Clause */
/* From the guest PC to the block to run: the view, the fetch, the jump cache. */
#include "dbt/rt/fault.h"
#include "dbt/rt/internal.h"

#include "dbt/sys/sys.h"

static void reach_jump_cache(struct vcpu *vcpu)
{
    vcpu->st->jc = plat_reach(vcpu, vcpu->rt->jc->entry, sizeof(struct jc_entry) << JC_BITS, false);
}

void rt_shared_moved(struct vcpu *vcpu)
{
    struct rt_returns *returns = &vcpu->rt->returns;
    returns_move(returns, plat_reach(vcpu, returns->memory, RETURNS_SIZE, true));
    if (vcpu->rt->jc) {
        reach_jump_cache(vcpu);
    }
}

void rt_select(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    bool high = view_range(vcpu->st->pc);
    if (rt->view && !rt->context_changed && rt->view->key.high == high) {
        return;
    }
    rt->context_changed = false;
    rt->views.active = NULL;
    rt->view = view_select(&rt->views, vcpu, high, vcpu->ps.el);
    rt->views.active = rt->view;
    window_select(vcpu);
    struct rt_jc *jc = jc_select(rt, rt->view, vcpu->tr_flags);
    if (jc != rt->jc) { /* else it is the last one that was asked for */
        rt->jc = jc;
        reach_jump_cache(vcpu);
    }
    plat_view_activate(vcpu, rt->view->plat);
}

static bool abort_fetch(struct vcpu *vcpu, int status)
{
    vcpu->rt->stats.aborts++;
    exc_take(vcpu, EC_IABT_LOW, (uint32_t)status, vcpu->st->pc);
    return false;
}

bool rt_fetch(struct vcpu *vcpu, struct vmsa_result *translation)
{
    uint64_t pc = vcpu->st->pc;
    if (pc & 3) {
        exc_take(vcpu, EC_PC_ALIGN, 0, pc);
        return false;
    }
    int status = vmsa_translate(vcpu, pc, VMSA_FETCH, translation);
    if (status != VMSA_OK) {
        return abort_fetch(vcpu, status);
    }
    if (!vm_ram(vcpu->vm, ALIGN_DOWN(translation->pa, PAGE_SIZE), PAGE_SIZE)) {
        return abort_fetch(vcpu, VMSA_EXTERNAL);
    }
    while (!view_admit(vcpu->rt->view, vcpu, pc, translation, true)) {
        vcpu->rt->context_changed = true;
        rt_select(vcpu);
    }
    return true;
}

/* The slow half: walks the guest's tables, finds or makes the block, enters it in the jump cache.
 */
static uint64_t look_up_block(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    struct vmsa_result translation;
    rt->stats.lookup_misses++;
    if (!rt_fetch(vcpu, &translation)) {
        rt->link = 0;
        return 0;
    }
    struct rt_block *block = rt_block_at(vcpu, translation.pa);
    if (rt->link) {
        blocks_link(blocks, rt->link, block);
        rt->stats.links++;
    }
    uint64_t host = block_rx(blocks, block);
    jc_insert(rt->jc, vcpu->st->pc, host, translation.size);
    return host;
}

/*
 * The handler of a data abort has come back to the instruction: most often its page is there now.
 * What a TLB may fetch ahead is mapped here, which saves the fault that would ask for it.
 */
static void fill_aborted(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    const struct rt_abort *abort = &rt->abort;
    if (!abort->pending || abort->pc != vcpu->st->pc || abort->el != vcpu->ps.el) {
        return;
    }
    rt->abort.pending = false;
    if (view_covers(rt->view, abort->va)) {
        enum view_fill fill = view_fill(&rt->views, rt->view, vcpu, abort->va, abort->write);
        rt->stats.prefills += fill == VIEW_FILLED;
        rt->context_changed |= fill == VIEW_CHANGED;
        rt_select(vcpu);
    }
}

uint64_t rt_lookup(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct a64_state *st = vcpu->st;
    rt->stats.lookups++;
    rt_select(vcpu);
    fill_aborted(vcpu);
    uint64_t host = rt->link ? 0 : jc_find(rt->jc, st->pc);
    host = host ? host : look_up_block(vcpu);
    st->pc_page = ALIGN_DOWN(st->pc, PAGE_SIZE);
    rt->link = 0;
    return host;
}
