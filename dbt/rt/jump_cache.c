/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool of jump caches of a vCPU. */
#include "dbt/rt/internal.h"

#define JC_ENTRIES (1u << JC_BITS)

bool jc_init(struct rt_vcpu *rt, struct rt_vm *vm)
{
    for (unsigned i = 0; i < JC_POOL; i++) {
        rt->jcs[i].entry = rt_shared_alloc(vm, sizeof(struct jc_entry) * JC_ENTRIES);
        if (!rt->jcs[i].entry) {
            return false;
        }
    }
    return true;
}

void jc_clear(struct rt_jc *jc)
{
    for (unsigned i = 0; i < JC_ENTRIES; i++) {
        jc->entry[i] = (struct jc_entry){.va = JC_EMPTY(i)};
    }
    jc->leaf = PAGE_SIZE;
}

struct rt_jc *jc_select(struct rt_vcpu *rt, const struct view *view, uint32_t flags)
{
    struct rt_jc *jc = NULL, *oldest = rt->jcs;
    for (unsigned i = 0; i < JC_POOL && !jc; i++) {
        struct rt_jc *candidate = &rt->jcs[i];
        if (candidate->serial == view->serial && candidate->flags == flags) {
            jc = candidate;
        } else if (candidate->used < oldest->used) {
            oldest = candidate;
        }
    }
    if (!jc || jc->epoch != rt->jc_epoch) {
        jc = jc ? jc : oldest;
        jc->serial = view->serial;
        jc->flags = flags;
        jc->epoch = rt->jc_epoch;
        jc_clear(jc);
    }
    jc->used = ++rt->jc_clock;
    return jc;
}

static struct jc_entry *entry_of(const struct rt_jc *jc, uint64_t va)
{
    return &jc->entry[jc_offset(va) / sizeof(struct jc_entry)];
}

uint64_t jc_find(const struct rt_jc *jc, uint64_t va)
{
    const struct jc_entry *entry = entry_of(jc, va);
    return entry->va == va ? entry->host : 0;
}

void jc_forget(struct rt_jc *jc, uint64_t va)
{
    struct jc_entry *entry = entry_of(jc, va);
    if (entry->va == va) {
        entry->va = JC_EMPTY(entry - jc->entry);
    }
}

void jc_insert(struct rt_jc *jc, uint64_t va, uint64_t host, uint64_t leaf)
{
    struct jc_entry *entry = entry_of(jc, va);
    entry->va = JC_EMPTY(entry - jc->entry); /* never a VA with another's code, whoever looks meanwhile */
    __atomic_store_n(&entry->host, host, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->va, va, __ATOMIC_RELEASE);
    jc->leaf = MAX(jc->leaf, leaf);
}

void jc_clear_view(struct rt_vcpu *rt, const struct view *view)
{
    for (unsigned i = 0; i < JC_POOL; i++) {
        if (rt->jcs[i].serial == view->serial) {
            jc_clear(&rt->jcs[i]);
        }
    }
}

void jc_clear_all(struct rt_vcpu *rt)
{
    rt->jc_epoch++;
    if (rt->jc) {
        jc_clear(rt->jc);
        rt->jc->epoch = rt->jc_epoch;
    }
}

/* One TLBI takes a whole mapping away, so that all entries that may stem from it go. */
static void drop_range(struct rt_jc *jc, uint64_t va, uint64_t size)
{
    uint64_t start = ALIGN_DOWN(va, jc->leaf), length = ALIGN_UP(va + size, jc->leaf) - start;
    for (unsigned i = 0; i < JC_ENTRIES; i++) {
        if (jc->entry[i].va - start < length) {
            jc->entry[i].va = JC_EMPTY(i);
        }
    }
}

void jc_drop_range(struct rt_vcpu *rt, const struct view *view, uint64_t va, uint64_t size)
{
    for (unsigned i = 0; i < JC_POOL; i++) {
        if (rt->jcs[i].serial == view->serial) {
            drop_range(&rt->jcs[i], va, size);
        }
    }
}
