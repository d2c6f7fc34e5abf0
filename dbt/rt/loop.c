/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's start and its loop: events, interrupts, look-up, run, exit. */
#include "dbt/a64/translate.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/internal.h"
#include "dbt/sys/sys.h"
#include "kernel/lib/string.h"

void *rt_shared_alloc(struct rt_vm *rt, uint64_t size)
{
    size = ALIGN_UP(size, PAGE_SIZE);
    if (size > rt->shared_size - rt->shared_used) {
        return NULL;
    }
    void *memory = rt->shared + rt->shared_used;
    rt->shared_used += size;
    return memory;
}

bool rt_vm_init(struct vm *vm)
{
    const struct plat_memory *memory = plat_memory();
    struct heap heap;
    heap_init(&heap, memory->heap, memory->heap_size);
    struct rt_vm *rt = heap_alloc_table(&heap, sizeof(*rt), 64);
    if (!rt) {
        return false;
    }
    *rt =
        (struct rt_vm){.heap = heap, .shared = memory->shared, .shared_size = memory->shared_size};
    vm->rt = rt;
    vm->ram = memory->ram;
    vm->ram_size = memory->ram_size;
    return blocks_init(&rt->blocks, &rt->heap, RAM_BASE, memory->ram_size, memory->code_rw,
                       memory->code_rx, memory->code_size, PLAT_STUB_SIZE);
}

bool rt_vcpu_init(struct vcpu *vcpu)
{
    struct rt_vm *vm = vcpu->vm->rt;
    vcpu->rt = heap_alloc_table(&vm->heap, sizeof(*vcpu->rt), 64);
    vcpu->st = rt_shared_alloc(vm, sizeof(*vcpu->st));
    void *returns = rt_shared_alloc(vm, RETURNS_SIZE);
    if (!vcpu->rt || !vcpu->st || !returns || !jc_init(vcpu->rt, vm)) {
        return false;
    }
    plat_reach(vcpu, vcpu->st, sizeof(*vcpu->st), true);
    returns_init(&vcpu->rt->returns, vcpu->st, returns,
                 plat_reach(vcpu, returns, RETURNS_SIZE, true), plat_env()->lookup);
    window_init(vcpu);
    return true;
}

/* --- running --- */

static uint32_t run_translated(struct vcpu *vcpu, uint64_t host)
{
    vcpu->rt->stats.entries++;
    vcpu->st->unwind = 0; /* whatever was taken so far, the code to come is its handler's */
    return plat_run(vcpu, host, returns_stack(&vcpu->rt->returns));
}

static uint32_t run_interpreted(struct vcpu *vcpu, const struct ir_block *ir)
{
    enum ir_exit exit;
    return interp_run(vcpu, vcpu->st, ir, &exit) == INTERP_UNWIND ? EXIT_LOOKUP : exit;
}

/* Left by an exit that can be linked: to where it leads. */
static void leave_by_link(struct vcpu *vcpu, uint32_t link)
{
    unsigned offset;
    if (blocks_link_target(&vcpu->vm->rt->blocks, link, &offset)) {
        vcpu->st->pc = vcpu->st->pc_page + offset;
        vcpu->rt->link = link;
    }
}

static void run_block(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    uint64_t host = rt_lookup(vcpu);
    if (!host) {
        return;
    }
    const struct rt_block *block =
        vcpu->vm->interpret ? blocks_by_host(&vcpu->vm->rt->blocks, host) : NULL;
    uint32_t exit = block ? run_interpreted(vcpu, block->meta->ir) : run_translated(vcpu, host);
    uint32_t reason = exit & 0xff;
    if (reason >= EXIT_COUNT) {
        plat_log(PLAT_ERROR, "translated code leaves for reason %u", reason);
        plat_end(PLAT_END_FAILURE, 1);
    }
    rt->stats.exit[reason]++;
    if (reason != EXIT_LOOKUP) {
        sys_exit(vcpu, (enum ir_exit)reason, vcpu->st->exit_arg);
    } else if (exit >> 8) {
        leave_by_link(vcpu, (exit >> 8) - 1);
    } else {
        vcpu->st->pc = sys_branch_address(vcpu, vcpu->st->pc);
    }
}

/* Sleeps while vcpu is off or waits; events are then handled like any others. */
static bool asleep(struct vcpu *vcpu)
{
    if (vcpu->halted && (vcpu->irq_line || vcpu->fiq_line || vcpu->serror_pending)) {
        vcpu->halted = false; /* WFI ends whatever PSTATE masks (Arm ARM D1.16) */
    }
    if (!vcpu->halted && !vcpu->off) {
        return false;
    }
    struct rt_stats *stats = &vcpu->rt->stats;
    stats->waits++;
    stats->wait_time -= plat_counter();
    plat_wait(vcpu);
    stats->wait_time += plat_counter();
    return true;
}

void rt_step(struct vcpu *vcpu)
{
    struct rt_vcpu *rt = vcpu->rt;
    unsigned events = plat_take_events(vcpu);
    vcpu->st->unwind = 0;
    if (events) {
        sys_events(vcpu, events);
    }
    if (asleep(vcpu)) {
        return;
    }
    if (rt->slow) { /* before an interrupt: what faulted makes progress */
        rt_interpret_one(vcpu);
    } else {
        if (exc_take_interrupt(vcpu)) {
            rt->link = 0;
        }
        if ((vcpu->tr_flags & TR_STEP) || vcpu->debug) {
            rt_interpret_one(vcpu);
        } else {
            run_block(vcpu);
        }
    }
}

void rt_loop(struct vcpu *vcpu)
{
    for (;;) {
        rt_step(vcpu);
    }
}
