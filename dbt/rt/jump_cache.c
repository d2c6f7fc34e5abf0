/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool of jump caches of a vCPU. */
#include "dbt/rt/internal.h"

#include "kernel/lib/string.h"

#define JC_ENTRIES   (1u << JC_BITS)
#define FILTER_SHIFT 21
#define PAGE_LINES   (PAGE_SIZE / 4 / JC_LINE) /* jc_offset puts a page's entries in so many */

bool jc_init(struct rt_vcpu *rt, struct rt_vm *vm)
{
    for (unsigned i = 0; i < JC_POOL; i++) {
        rt->jcs[i].entry = rt_shared_alloc(vm, sizeof(struct jc_entry) * JC_ENTRIES);
        if (!rt->jcs[i].entry) {
            return false;
        }
        memset(rt->jcs[i].used_lines, 0xff, sizeof(rt->jcs[i].used_lines));
    }
    return true;
}

/* Drops the entries of lines from..from + count, multiples of 64, that lie in [start, + length). */
static void drop_in_lines(struct rt_jc *jc, unsigned from, unsigned count, uint64_t start,
                          uint64_t length)
{
    for (unsigned word = from / 64; word < (from + count) / 64; word++) {
        for (uint64_t left = jc->used_lines[word]; left; left &= left - 1) {
            unsigned line = word * 64 + (unsigned)__builtin_ctzll(left);
            for (unsigned i = line * JC_LINE; i < (line + 1) * JC_LINE; i++) {
                if (jc->entry[i].va - start < length) {
                    jc->entry[i].va = JC_EMPTY(i);
                }
            }
        }
    }
}

void jc_clear(struct rt_jc *jc)
{
    drop_in_lines(jc, 0, JC_LINES, 0, UINT64_MAX);
    jc->leaf = PAGE_SIZE;
    memset(jc->filter, 0, sizeof(jc->filter));
    memset(jc->used_lines, 0, sizeof(jc->used_lines));
}

static bool serves(const struct rt_jc *jc, const struct view *view, uint32_t flags)
{
    return jc && jc->serial == view->serial && jc->flags == flags;
}

/* The view's cache, or the one not used for longest. */
static struct rt_jc *find(struct rt_vcpu *rt, const struct view *view, uint32_t flags)
{
    struct rt_jc *oldest = rt->jcs;
    for (unsigned i = 0; i < JC_POOL; i++) {
        struct rt_jc *jc = &rt->jcs[i];
        if (serves(jc, view, flags)) {
            return jc;
        }
        oldest = jc->used < oldest->used ? jc : oldest;
    }
    return oldest;
}

struct rt_jc *jc_select(struct rt_vcpu *rt, const struct view *view, uint32_t flags)
{
    struct rt_jc **recent = &rt->jc_recent[view->key.el][view->key.high];
    if (!serves(*recent, view, flags)) {
        *recent = find(rt, view, flags);
    }
    struct rt_jc *jc = *recent;
    if (jc != rt->jc) {
        returns_drop(&rt->returns);
    }
    if (!serves(jc, view, flags) || jc->epoch != rt->jc_epoch) {
        returns_drop(&rt->returns);
        jc->serial = view->serial;
        jc->flags = flags;
        jc->epoch = rt->jc_epoch;
        jc_clear(jc);
    }
    jc->used = ++rt->jc_clock;
    return jc;
}

static unsigned index_of(uint64_t va)
{
    return jc_offset(va) / (unsigned)sizeof(struct jc_entry);
}

static struct jc_entry *entry_of(const struct rt_jc *jc, uint64_t va)
{
    return &jc->entry[index_of(va)];
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

/* Which bit of the filter stands for the 2 MiB that va lies in. */
static unsigned filter_bit(uint64_t va)
{
    return (unsigned)(va >> FILTER_SHIFT) * 0x9e3779b1u >> 24;
}

/* False: no entry lies in [start, + length). */
static bool may_hold(const struct rt_jc *jc, uint64_t start, uint64_t length)
{
    uint64_t first = start >> FILTER_SHIFT, last = (start + length - 1) >> FILTER_SHIFT;
    bool found = last - first > 2;
    for (uint64_t at = first; !found && at <= last; at++) {
        unsigned n = filter_bit(at << FILTER_SHIFT);
        found = jc->filter[n / 64] & BIT64(n % 64);
    }
    return found;
}

void jc_insert(struct rt_jc *jc, uint64_t va, uint64_t host, uint64_t leaf)
{
    struct jc_entry *entry = entry_of(jc, va);
    entry->va =
        JC_EMPTY(entry - jc->entry); /* never a VA with another's code, whoever looks meanwhile */
    __atomic_store_n(&entry->host, host, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->va, va, __ATOMIC_RELEASE);
    jc->leaf = MAX(jc->leaf, leaf);
    jc->filter[filter_bit(va) / 64] |= BIT64(filter_bit(va) % 64);
    unsigned line = (unsigned)(entry - jc->entry) / JC_LINE;
    jc->used_lines[line / 64] |= BIT64(line % 64);
}

/* What is predicted of returns goes where jump-cache entries of the current view do. */
static void drop_returns(struct rt_vcpu *rt, const struct view *view)
{
    if (rt->jc && rt->jc->serial == view->serial) {
        returns_drop(&rt->returns);
    }
}

void jc_clear_view(struct rt_vcpu *rt, const struct view *view)
{
    drop_returns(rt, view);
    for (unsigned i = 0; i < JC_POOL; i++) {
        if (rt->jcs[i].serial == view->serial) {
            jc_clear(&rt->jcs[i]);
        }
    }
}

void jc_clear_all(struct rt_vcpu *rt)
{
    rt->jc_epoch++;
    returns_drop(&rt->returns);
    if (rt->jc) {
        jc_clear(rt->jc);
        rt->jc->epoch = rt->jc_epoch;
    }
}

/* One TLBI takes a whole mapping away, so that all entries that may stem from it go. */
static void drop_range(struct rt_jc *jc, uint64_t va, uint64_t size)
{
    uint64_t start = ALIGN_DOWN(va, jc->leaf), length = ALIGN_UP(va + size, jc->leaf) - start;
    if (!may_hold(jc, start, length)) {
        return;
    }
    bool page = length == PAGE_SIZE;
    unsigned first = page ? ALIGN_DOWN(index_of(start) / JC_LINE, PAGE_LINES) : 0;
    drop_in_lines(jc, first, page ? PAGE_LINES : JC_LINES, start, length);
}

void jc_drop_range(struct rt_vcpu *rt, const struct view *view, uint64_t va, uint64_t size)
{
    drop_returns(rt, view);
    for (unsigned i = 0; i < JC_POOL; i++) {
        if (rt->jcs[i].serial == view->serial) {
            drop_range(&rt->jcs[i], va, size);
        }
    }
}
