/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime's own state, of the VM and of each vCPU, and what its files give each other. */
#pragma once

#include "dbt/rt/block.h"
#include "dbt/rt/jump_cache.h"
#include "dbt/rt/returns.h"
#include "dbt/rt/rt.h"
#include "dbt/rt/stats.h"
#include "dbt/rt/window.h"
#include "mmu/view.h"

#define JC_POOL 64

/* What is cleared or searched of a jump cache at a time. */
#define JC_LINE  16u
#define JC_LINES ((1u << JC_BITS) / JC_LINE)

/* A jump cache: for one view (by its serial number) and one set of tr_flags. */
struct rt_jc {
    struct jc_entry *entry; /* shared memory: translated code probes it, and could write it */
    uint64_t serial;        /* 0: not in use */
    uint32_t flags;
    uint64_t used;
    uint64_t epoch;                     /* rt_vcpu.jc_epoch when it was cleared last */
    uint64_t filter[4];                 /* by a hash of va >> 21: where entries can be */
    uint64_t used_lines[JC_LINES / 64]; /* the lines in which they can be */
    uint64_t leaf; /* size of the largest guest mapping that an entry came from */
};

/* The last data abort: its page is mapped when its instruction is tried again. */
struct rt_abort {
    uint64_t va, pc;
    uint8_t el;
    bool write, pending;
};

/* The last faults of access sites that a mapping has mended, by the site's address. */
#define RT_REFILLS 64
struct rt_refill {
    uint64_t rip, page; /* the site, the VA of the page that it wanted */
    unsigned count;     /* times in a row */
};

struct rt_vm {
    struct heap heap;
    struct rt_blocks blocks;
    uint8_t *shared; /* plat_memory()->shared, handed out from its start */
    uint64_t shared_used, shared_size;
};

struct rt_vcpu {
    struct view_set views;
    struct view *view; /* that translated code is to run on, with */
    struct rt_jc *jc;
    struct rt_jc jcs[JC_POOL];
    struct rt_windows windows[WINDOW_TABLES];
    struct rt_jc *jc_recent[2][2]; /* what jc_select gave last, by the view's EL and range */
    uint64_t jc_clock;
    uint64_t
        jc_epoch; /* raised when all caches are to be cleared: each one is when its turn comes */
    struct rt_returns returns;
    bool context_changed;
    struct rt_abort abort;
    struct rt_refill refill[RT_REFILLS];
    uint32_t link;            /* the exit that the next look-up is to be linked to, 0: none */
    bool slow;                /* the instruction at st->pc is to be interpreted */
    bool slow_access;         /* its accesses are to be learnt from */
    uint64_t slow_block;      /* VA of the block that it was in */
    enum site_kind slow_kind; /* what the interpreted instruction's accesses need */
    struct ir_block ir;       /* scratch of translate.c */
    struct x64_code code;
    struct rt_stats stats;
    struct rt_count count;
};

/* size bytes of memory that translated code may access, zeroed, page aligned; NULL: none left. */
void *rt_shared_alloc(struct rt_vm *rt, uint64_t size);

/* --- jump_cache.c --- */
bool jc_init(struct rt_vcpu *rt, struct rt_vm *vm);

/* The cache for view under flags; emptied when it was another one's. */
struct rt_jc *jc_select(struct rt_vcpu *rt, const struct view *view, uint32_t flags);
uint64_t jc_find(const struct rt_jc *jc, uint64_t va); /* 0: not there */
void jc_insert(struct rt_jc *jc, uint64_t va, uint64_t host, uint64_t leaf);
void jc_forget(struct rt_jc *jc, uint64_t va);
void jc_clear(struct rt_jc *jc);
void jc_clear_view(struct rt_vcpu *rt, const struct view *view);
void jc_clear_all(struct rt_vcpu *rt); /* rt->jc at once */
void jc_drop_range(struct rt_vcpu *rt, const struct view *view, uint64_t va, uint64_t size);

/* --- translate.c --- */
/* The block of the code at pa, translated when it is not known yet. */
struct rt_block *rt_block_at(struct vcpu *vcpu, uint64_t pa);

/* Translates the one instruction at pa into rt->ir. */
const struct ir_block *rt_translate_one(struct vcpu *vcpu, uint64_t pa);

/* --- lookup.c --- */
/* Selects view and jump cache for st->pc where that is due. */
void rt_select(struct vcpu *vcpu);

/* Translates st->pc for a fetch and admits it to the current view. False: an abort has been taken.
 */
bool rt_fetch(struct vcpu *vcpu, struct vmsa_result *translation);

/* The executable address of the block at st->pc, st->pc_page set; 0: an abort has been taken. */
uint64_t rt_lookup(struct vcpu *vcpu);

/* --- loop.c --- */
/* One turn of rt_loop: at most one entry into translated code. */
void rt_step(struct vcpu *vcpu);

/* --- slow.c --- */
/* Interprets the one instruction at st->pc; st is exact before and after. */
void rt_interpret_one(struct vcpu *vcpu);

/* The access at pa, in the block at block_va, needed what `kind` has: once more, and its site is of
 * that kind. */
void rt_learn_site(struct vcpu *vcpu, uint64_t pa, enum site_kind kind, uint64_t block_va);
