/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where ring 3 finds the memory that it may write: at random pages of the engine's slot.
 *
 * A guest access that falls exactly there would touch the engine's page instead of faulting, and no
 * check that costs nothing can tell. So few pages are mapped at a time (the state, the return
 * stack, the jump caches last used), each area at a place of its own among 2^27, and after
 * MOVE_AFTER guest accesses that faulted in the slot all of them move: each probe is as good a
 * guess as the first. Probes beyond a budget that grows with time are slowed down. See README.md
 * for what is left.
 *
 * A place is not used for anything else before no TLB knows it any more.
 */
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/vm.h"
#include "dbt/rt/fault.h"
#include "dbt/vcpu.h"

#define MOVE_AFTER    4
#define CREDIT_MAX    16u
#define CREDITS_A_SEC 10
#define DELAYS_A_SEC  100 /* a probe without credit takes 1 / DELAYS_A_SEC seconds */
#define MOVES_A_LINE  256

static void forget_stale(struct vm_hidden *hidden)
{
    vm_views_flush();
    ptab_release(&space.tables);
    hidden->stale_count = 0;
}

static void take_away(struct vm_hidden *hidden, struct vm_area *area)
{
    if (!area->memory) {
        return;
    }
    if (ptab_unmap(&space.tables, area->at, area->size)) { /* of 4K pages: nothing to split */
        __builtin_trap();
    }
    hidden->stale[hidden->stale_count++] = (struct vm_place){area->at, area->size};
    area->memory = NULL;
    if (hidden->stale_count == VM_STALE_PLACES) {
        forget_stale(hidden);
    }
}

static bool is_stale(const struct vm_hidden *hidden, uint64_t at, uint64_t size)
{
    bool found = false;
    for (unsigned i = 0; i < hidden->stale_count; i++) {
        const struct vm_place *place = &hidden->stale[i];
        found |= at < place->at + place->size && place->at < at + size;
    }
    return found;
}

/* Maps area->memory at a new place; false: no memory for the tables. */
static bool put(struct vm_hidden *hidden, struct vm_area *area)
{
    uint64_t vpa = (uint64_t)area->memory - ABI_DIRECT_BASE;
    int error;
    do {
        area->at = space_random_place(area->size, PAGE_SIZE);
        error = is_stale(hidden, area->at, area->size)
                    ? -ERR_EXIST
                    : ptab_map(&space.tables, area->at, vpa, area->size, PTAB_R | PTAB_W | PTAB_U,
                               PTAB_WB);
    } while (error == -ERR_EXIST);
    return !error;
}

/* The same; without memory for tables, what is not pinned and what waits for a flush goes. */
static void put_or_make_room(struct vm_hidden *hidden, struct vm_area *area)
{
    if (put(hidden, area)) {
        return;
    }
    for (struct vm_area *other = hidden->area; other < hidden->area + VM_AREAS; other++) {
        if (other != area && !other->pinned) {
            take_away(hidden, other);
        }
    }
    forget_stale(hidden);
    if (!put(hidden, area)) {
        plat_log(PLAT_ERROR, "no page tables for what ring 3 writes");
        plat_end(PLAT_END_FAILURE, 1);
    }
}

static struct vm_area *find(struct vm_hidden *hidden, const void *memory)
{
    struct vm_area *area = hidden->area;
    while (area < hidden->area + VM_AREAS && area->memory != memory) {
        area++;
    }
    return area < hidden->area + VM_AREAS ? area : NULL;
}

/* A free record, or else the one not used for longest. */
static struct vm_area *choose(struct vm_hidden *hidden)
{
    struct vm_area *best = NULL;
    for (struct vm_area *area = hidden->area; area < hidden->area + VM_AREAS; area++) {
        bool better = !best || (best->memory && (!area->memory || area->used < best->used));
        if (!(area->memory && area->pinned) && better) {
            best = area;
        }
    }
    return best;
}

uint64_t plat_reach(struct vcpu *vcpu, const void *memory, uint64_t size, bool pinned)
{
    struct vm_hidden *hidden = &vm_vcpu(vcpu)->hidden;
    struct vm_area *area = find(hidden, memory);
    if (!area) {
        area = choose(hidden);
        take_away(hidden, area);
        *area =
            (struct vm_area){.memory = memory, .size = ALIGN_UP(size, PAGE_SIZE), .pinned = pinned};
        put_or_make_room(hidden, area);
    }
    area->used = ++hidden->clock;
    return area->at;
}

/* --- probes --- */
void vm_hidden_probe(struct vm_vcpu *v)
{
    v->hidden.probes++;
}

static void move(struct vm_vcpu *v)
{
    struct vm_hidden *hidden = &v->hidden;
    for (struct vm_area *area = hidden->area; area < hidden->area + VM_AREAS; area++) {
        struct vm_area old = *area;
        take_away(hidden, area);
        if (old.memory && old.pinned) {
            area->memory = old.memory;
            put_or_make_room(hidden, area);
        }
    }
    forget_stale(hidden);
    rt_shared_moved(v->vcpu);
    if (hidden->moves++ % MOVES_A_LINE == 0) {
        plat_log(PLAT_WARN, "the guest touches the engine's addresses: moved %lu times",
                 (unsigned long)hidden->moves);
    }
}

static void pay(struct vm_hidden *hidden)
{
    uint64_t now = plat_counter(), hz = plat_counter_hz();
    uint64_t earned = MIN((now - hidden->credit_time) / (hz / CREDITS_A_SEC), (uint64_t)CREDIT_MAX);
    if (earned) {
        hidden->credit = MIN(hidden->credit + (unsigned)earned, CREDIT_MAX);
        hidden->credit_time = now;
    }
    if (hidden->credit) {
        hidden->credit--;
        return;
    }
    for (uint64_t until = now + hz / DELAYS_A_SEC; plat_counter() < until;) {
        hypercall(ABI_CALL_YIELD, 0, 0, 0, NULL);
    }
}

void vm_hidden_turn(struct vm_vcpu *v)
{
    if (v->hidden.probes) {
        pay(&v->hidden);
    }
    if (v->hidden.probes >= MOVE_AFTER) {
        v->hidden.probes = 0;
        move(v);
    }
}
