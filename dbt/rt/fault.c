/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults and events in translated code: mend them there, or leave with the exact guest state. */
#include "dbt/rt/fault.h"

#include "dbt/rt/internal.h"
#include "dbt/rt/mem.h"
#include "dbt/x64/rflags.h"

#define REFILLS_OFTEN 4 /* mappings of one page for one site that count as a use of a window */

/* The VA of block, which is running. */
static uint64_t start_of(const struct vcpu *vcpu, const struct rt_block *block)
{
    return vcpu->st->pc_page + block->pa % PAGE_SIZE;
}

/* The site where translated code has stopped, and its block; NULL: neither, or no site. */
static const struct x64_site *site_at(const struct vcpu *vcpu, const struct x64_regs *regs,
                                      const struct rt_block **block)
{
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    *block = blocks_by_host(blocks, regs->rip);
    return *block ? block_site(blocks, *block, regs->rip, false) : NULL;
}

/* Leaves at a site: the guest state becomes what it was before the site's instruction. */
static enum rt_action leave_at(struct vcpu *vcpu, const struct rt_block *block,
                               const struct x64_site *site, const struct x64_regs *regs)
{
    const struct rt_meta *meta = block->meta;
    unsigned done = (site->guest - (unsigned)(block->pa & (PAGE_SIZE - 1))) / 4;
    bool counted = (block->flags & TR_ICOUNT) && (done || !site->boundary);
    vcpu->st->icount -= counted ? block->guest_count - done : 0;
    x64_recover(site, meta->loc, meta->consts, regs, vcpu->st);
    return RT_LEAVE;
}

/* A fault where the emitter has promised none: a bug of ours. */
_Noreturn static void lost(struct vcpu *vcpu, const struct rt_block *block,
                           const struct x64_regs *regs, const struct plat_fault *fault)
{
    if (block) {
        plat_log(PLAT_ERROR, "block of pa %#lx flags %#x, %u bytes, at its byte %#lx",
                 (unsigned long)block->pa, block->flags, block->size,
                 (unsigned long)(regs->rip - block_rx(&vcpu->vm->rt->blocks, block)));
    }
    plat_log(PLAT_ERROR, "fault of kind %d (offset %#lx) at %#lx, which is no site", fault->kind,
             (unsigned long)fault->offset, (unsigned long)regs->rip);
    plat_end(PLAT_END_FAILURE, 1);
}

/* An event, or a step on the way to a boundary: leaves when rip is one. */
static enum rt_action leave_at_boundary(struct vcpu *vcpu, const struct x64_regs *regs)
{
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    const struct rt_block *block = blocks_by_host(blocks, regs->rip);
    if (!block) {
        return RT_STEP; /* in a stub: it soon leaves, or is back in a block */
    }
    if (regs->rip == block_rx(blocks, block)) {
        vcpu->st->pc = start_of(vcpu, block);
        return RT_LEAVE;
    }
    const struct x64_site *site = block_site(blocks, block, regs->rip, true);
    if (!site) {
        vcpu->rt->stats.steps++;
        return RT_STEP;
    }
    return leave_at(vcpu, block, site, regs);
}

enum rt_action rt_interrupt(struct vcpu *vcpu, const struct x64_regs *regs)
{
    vcpu->rt->stats.interrupts++;
    return leave_at_boundary(vcpu, regs);
}

/* The VA of a fault at offset in the active view. */
static uint64_t fault_va(const struct view *view, uint64_t offset)
{
    return view->key.high ? offset | MASK(63, 48) : offset;
}

/* Whether an access that faults at va surely has no fault at a lower address: where it may cross
 * into va's page, x86 does not say which page's fault comes first. */
static bool is_lowest(struct vcpu *vcpu, uint64_t va, unsigned access)
{
    struct vmsa_result t;
    return va % PAGE_SIZE || vmsa_translate(vcpu, va - 1, access, &t) == VMSA_OK;
}

/* The abort of a load or store whose page the guest's tables refuse; false: the interpreter's. */
static bool take_abort(struct vcpu *vcpu, const struct rt_block *block, const struct x64_site *site,
                       const struct x64_regs *regs, uint64_t va, bool write)
{
    struct vmsa_result t = {0};
    unsigned access = write ? VMSA_WRITE : 0;
    int status = vmsa_translate(vcpu, va, access, &t);
    if (!site->plain || status == VMSA_OK || t.aligned_only || !is_lowest(vcpu, va, access)) {
        return false;
    }
    leave_at(vcpu, block, site, regs);
    mem_abort(vcpu, va, status, write);
    return true;
}

/*
 * Whether a mapping for this site is hardly made when it is taken away again: code is patched
 * through one page of the fixmap, each new process touches its stack. A window costs a call then,
 * and no mapping.
 */
static bool is_refilled_often(struct rt_vcpu *rt, uint64_t rip, uint64_t va)
{
    struct rt_refill *refill = &rt->refill[rip % RT_REFILLS];
    uint64_t page = ALIGN_DOWN(va, PAGE_SIZE);
    if (refill->rip != rip || refill->page != page) {
        *refill = (struct rt_refill){.rip = rip, .page = page};
    }
    return ++refill->count % REFILLS_OFTEN == 0;
}

/* A page was mapped. Where an event has the code stepped it still is: nothing else looks for it. */
static enum rt_action go_on(const struct x64_regs *regs)
{
    return regs->rflags & RFLAGS_TF ? RT_STEP : RT_RESUME;
}

/* Leaves the site, and has its access go by a window from the second time on. */
static enum rt_action leave_and_learn(struct vcpu *vcpu, const struct x64_regs *regs)
{
    const struct rt_block *block;
    const struct x64_site *site = site_at(vcpu, regs, &block);
    if (!site || !site->plain) {
        return go_on(regs);
    }
    uint64_t pa = ALIGN_DOWN(block->pa, PAGE_SIZE) + site->guest;
    leave_at(vcpu, block, site, regs);
    rt_learn_site(vcpu, pa, SITE_WINDOW, start_of(vcpu, block));
    return RT_LEAVE;
}

enum rt_action rt_fault(struct vcpu *vcpu, const struct x64_regs *regs,
                        const struct plat_fault *fault)
{
    struct rt_vcpu *rt = vcpu->rt;
    if (fault->kind == PLAT_FAULT_STEP) {
        return leave_at_boundary(vcpu, regs);
    }
    rt->stats.page_faults += fault->kind == PLAT_FAULT_PAGE;
    rt->stats.range_faults += fault->kind == PLAT_FAULT_RANGE;
    rt->stats.check_faults += fault->kind == PLAT_FAULT_CHECK;
    uint64_t va = fault_va(rt->view, fault->offset);
    enum view_fill fill = VIEW_UNMAPPED;
    if (fault->kind == PLAT_FAULT_PAGE) {
        fill = view_fill(&rt->views, rt->view, vcpu, va, fault->write);
    }
    if (fill == VIEW_FILLED) {
        rt->stats.fills++;
        return is_refilled_often(rt, regs->rip, va) ? leave_and_learn(vcpu, regs) : go_on(regs);
    }
    const struct rt_block *block;
    const struct x64_site *site = site_at(vcpu, regs, &block);
    if (!site) {
        lost(vcpu, block, regs, fault);
    }
    if (fill == VIEW_FAULT && take_abort(vcpu, block, site, regs, va, fault->write)) {
        return RT_LEAVE;
    }
    rt->slow_access = true;
    rt->slow = true;
    rt->slow_block = start_of(vcpu, block);
    return leave_at(vcpu, block, site, regs);
}
