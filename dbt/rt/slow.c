/* SPDX-License-Identifier: BSD-2-Clause */
/* One guest instruction by the interpreter: accesses and checks that translated code cannot do. */
#include "dbt/a64/translate.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/internal.h"
#include "dbt/sys/sys.h"

/* Jump caches may still hold the old block, which works as it did; each is told when its turn
 * comes. */
void rt_learn_site(struct vcpu *vcpu, uint64_t pa, enum site_kind kind, uint64_t block_va)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    rt->stats.slow_sites += blocks_site_faulted(blocks, pa, kind);
    if (blocks_site_kind(blocks, pa) != SITE_DIRECT) {
        jc_forget(rt->jc, block_va);
    }
}

void rt_interpret_one(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct a64_state *st = vcpu->st;
    struct vmsa_result translation;
    enum ir_exit exit;
    bool stepping = vcpu->tr_flags & TR_STEP;
    rt->slow = false;
    rt->slow_kind = SITE_DIRECT;
    rt->stats.slow_insns++;
    rt_select(vcpu);
    if (!rt_fetch(vcpu, &translation) || (vcpu->debug && debug_breakpoint(vcpu))) {
        return;
    }
    st->pc_page = ALIGN_DOWN(st->pc, PAGE_SIZE);
    const struct ir_block *ir = rt_translate_one(vcpu, translation.pa);
    enum interp_result result = interp_run(vcpu, st, ir, &exit);
    st->pc = sys_branch_address(vcpu, st->pc);
    if (result == INTERP_EXIT) {
        if (rt->slow_kind != SITE_DIRECT) { /* at once the other way from its second time on */
            rt_learn_site(vcpu, translation.pa, rt->slow_kind, rt->slow_block);
        }
        exit = stepping && exit == EXIT_LOOKUP ? EXIT_STEP : exit; /* a branch */
    }
    rt->slow_access = false;
    st->icount -= (vcpu->tr_flags & TR_ICOUNT) && result == INTERP_UNWIND;
    if (result == INTERP_EXIT && exit != EXIT_LOOKUP) {
        rt->stats.exit[exit]++;
        sys_exit(vcpu, exit, st->exit_arg);
    }
}
