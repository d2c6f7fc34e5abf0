/* SPDX-License-Identifier: BSD-2-Clause */
/* Views: selection, filling, invalidation; see view.h for what a view may hold. */
#include "mmu/view.h"

#include "dbt/vcpu.h"

#define AROUND     16 /* pages of the aligned group that one fault may map */
#define SCTLR_VIEW (SCTLR_M | SCTLR_WXN)
#define BLOCK_SIZE MIB(2)
#define GIGA_SIZE  GIB(1)

static bool key_equal(const struct view_key *a, const struct view_key *b)
{
    return a->ttbr == b->ttbr && a->tcr == b->tcr && a->sctlr == b->sctlr && a->high == b->high &&
           a->el == b->el;
}

static struct view_key key_of(const struct vcpu *vcpu, bool high, unsigned el)
{
    const struct sysregs *sys = &vcpu->sys;
    struct view_key key = {.high = high, .el = (uint8_t)el, .sctlr = sys->SCTLR_EL1 & SCTLR_VIEW};
    if (sys->SCTLR_EL1 & SCTLR_M) {
        key.tcr = sys->TCR_EL1;
        key.ttbr = (high ? sys->TTBR1_EL1 : sys->TTBR0_EL1) & TTBR_BADDR;
    }
    return key;
}

static int asid_of(const struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t ttbr = sys->TCR_EL1 & TCR_A1 ? sys->TTBR1_EL1 : sys->TTBR0_EL1;
    uint64_t asid = GET_FIELD(ttbr, TTBR_ASID);
    return (int)(sys->TCR_EL1 & TCR_AS ? asid : asid & 0xff);
}

static bool fits(const struct view *view, const struct vcpu *vcpu, const struct view_key *key)
{
    return view->plat && key_equal(&view->key, key) &&
           (view->asid == VIEW_ASID_ANY || view->asid == asid_of(vcpu)) &&
           !(view->has_user && vcpu->ps.pan); /* EL1 views alone have has_user */
}

bool view_is_current(const struct view *view, const struct vcpu *vcpu)
{
    struct view_key key = key_of(vcpu, view->key.high, view->key.el);
    return fits(view, vcpu, &key);
}

/* --- the set --- */

static void forget(struct view *view)
{
    view->asid = VIEW_ASID_ANY;
    view->has_global = false;
    view->has_user = false;
    view->giga_count = 0;
}

/* Destroys the view not used for longest, but for the active one; false when there is no other. */
static bool drop_oldest(struct view_set *set)
{
    struct view *oldest = NULL;
    for (struct view *view = set->view; view < set->view + VIEW_MAX; view++) {
        if (view->plat && view != set->active && (!oldest || view->used < oldest->used)) {
            oldest = view;
        }
    }
    if (oldest) {
        plat_view_destroy(oldest->plat);
        oldest->plat = NULL;
        set->dropped++;
    }
    return oldest != NULL;
}

static struct view *free_record(struct view_set *set)
{
    for (;;) {
        for (struct view *view = set->view; view < set->view + VIEW_MAX; view++) {
            if (!view->plat) {
                return view;
            }
        }
        drop_oldest(set);
    }
}

static struct view *make(struct view_set *set, const struct view_key *key)
{
    struct view *view = free_record(set);
    struct plat_view *plat;
    while (!(plat = plat_view_create(key->high))) {
        if (!drop_oldest(set)) {
            plat_log(PLAT_ERROR, "no resources for a single view");
            plat_end(PLAT_END_FAILURE, 1);
        }
    }
    *view = (struct view){.plat = plat, .key = *key, .serial = ++set->created};
    forget(view);
    return view;
}

static struct view *find(struct view_set *set, const struct vcpu *vcpu, const struct view_key *key)
{
    for (struct view *view = set->view; view < set->view + VIEW_MAX; view++) {
        if (fits(view, vcpu, key)) {
            return view;
        }
    }
    return make(set, key);
}

struct view *view_select(struct view_set *set, struct vcpu *vcpu, bool high, unsigned el)
{
    struct view_key key = key_of(vcpu, high, el);
    struct view **recent = &set->recent[el][high];
    if (!*recent || !fits(*recent, vcpu, &key)) {
        *recent = find(set, vcpu, &key);
    }
    (*recent)->used = ++set->clock;
    return *recent;
}

/* --- filling --- */

static void note_giga(struct view *view, uint64_t va)
{
    uint64_t giga = ALIGN_DOWN(view_offset(va), GIGA_SIZE);
    for (unsigned i = 0; i < view->giga_count && i < VIEW_GIGAS; i++) {
        if (view->giga[i] == giga) {
            return;
        }
    }
    if (view->giga_count < VIEW_GIGAS) {
        view->giga[view->giga_count] = giga;
    }
    view->giga_count = (uint8_t)MIN(view->giga_count + 1, VIEW_GIGAS + 1);
}

bool view_admit(struct view *view, const struct vcpu *vcpu, uint64_t va,
                const struct vmsa_result *translation, bool fetch)
{
    bool user = !fetch && view->key.el == 1 && (translation->el0_read || translation->el0_write);
    if (!view_is_current(view, vcpu) || (user && vcpu->ps.pan)) {
        return false;
    }
    if (!translation->global) {
        view->asid = asid_of(vcpu);
    }
    view->has_global |= translation->global;
    view->has_user |= user;
    if (translation->size >= GIGA_SIZE) {
        note_giga(view, va);
    }
    return true;
}

static bool readable(const struct view *view, const struct vmsa_result *t)
{
    return view->key.el ? t->el1_read : t->el0_read;
}

static bool writable(const struct view *view, const struct vmsa_result *t)
{
    return view->key.el ? t->el1_write : t->el0_write;
}

/* True when the page that lies `pages` beside t's, in its group, can share its mapping. */
static bool alike(const struct vcpu *vcpu, const struct vmsa_result *t, int64_t pages)
{
    return vmsa_is_alike(vcpu, t, pages) &&
           vm_ram(vcpu->vm, t->pa + (uint64_t)pages * PAGE_SIZE, PAGE_SIZE);
}

/* Grows [*from, *to), in pages from va's, over neighbours within its aligned group. */
static void look_around(const struct vcpu *vcpu, uint64_t va, const struct vmsa_result *t,
                        int64_t *from, int64_t *to)
{
    int64_t low = -(int64_t)((va >> PAGE_SHIFT) % AROUND), high = low + AROUND;
    while (*to < high && alike(vcpu, t, *to)) {
        ++*to;
    }
    while (*from > low && alike(vcpu, t, *from - 1)) {
        --*from;
    }
}

static enum plat_map map(struct view *view, struct vcpu *vcpu, uint64_t va,
                         const struct vmsa_result *t)
{
    uint64_t block = ALIGN_DOWN(t->pa, BLOCK_SIZE);
    if (t->size >= BLOCK_SIZE && vm_ram(vcpu->vm, block, BLOCK_SIZE)) {
        return plat_view_map(view->plat, ALIGN_DOWN(view_offset(va), BLOCK_SIZE), block - RAM_BASE,
                             BLOCK_SIZE, writable(view, t));
    }
    int64_t from = 0, to = 1;
    look_around(vcpu, va, t, &from, &to);
    uint64_t before = (uint64_t)-from * PAGE_SIZE;
    return plat_view_map(view->plat, view_offset(va - before), t->pa - before - RAM_BASE,
                         (uint64_t)(to - from) * PAGE_SIZE, writable(view, t));
}

enum view_fill view_fill(struct view_set *set, struct view *view, struct vcpu *vcpu, uint64_t va,
                         bool write)
{
    struct vmsa_result t;
    va = ALIGN_DOWN(va, PAGE_SIZE);
    if (vmsa_translate(vcpu, va, write ? VMSA_WRITE : 0, &t) != VMSA_OK) {
        return VIEW_FAULT;
    }
    /* x86 has no write-only pages and no alignment checks: both go the slow way too. */
    if (!vm_ram(vcpu->vm, t.pa, PAGE_SIZE) || !readable(view, &t) || t.aligned_only ||
        !view_covers(view, va)) {
        return VIEW_UNMAPPED;
    }
    if (!view_admit(view, vcpu, va, &t, false)) {
        return VIEW_CHANGED;
    }
    enum plat_map result;
    while ((result = map(view, vcpu, va, &t)) == PLAT_MAP_FULL) {
        if (!drop_oldest(set)) {
            plat_view_clear(view->plat);
            result = map(view, vcpu, va, &t);
            break;
        }
    }
    return result == PLAT_MAPPED ? VIEW_FILLED : VIEW_UNMAPPED;
}

/* --- invalidation --- */

bool view_is_translated(const struct view *view)
{
    return view->plat && (view->key.sctlr & SCTLR_M);
}

bool view_concerns(const struct view *view, uint64_t va, int asid)
{
    return view_is_translated(view) && view->key.high == view_range(va) &&
           (asid < 0 || view->has_global || view->asid == asid);
}

/* True when the 1-GiB block at offset was mapped in parts that one TLBI must take away together. */
static bool in_giga(const struct view *view, uint64_t offset)
{
    bool found = view->giga_count > VIEW_GIGAS;
    for (unsigned i = 0; i < view->giga_count && i < VIEW_GIGAS; i++) {
        found |= view->giga[i] == ALIGN_DOWN(offset, GIGA_SIZE);
    }
    return found;
}

void view_drop_range(struct view *view, uint64_t va, uint64_t size)
{
    uint64_t start = view_offset(va), end = start + size;
    if (in_giga(view, start)) {
        start = ALIGN_DOWN(start, GIGA_SIZE);
    }
    if (in_giga(view, end - 1)) {
        end = ALIGN_UP(end, GIGA_SIZE);
    }
    plat_view_unmap(view->plat, start, end - start);
}

void view_clear(struct view *view)
{
    plat_view_clear(view->plat);
    forget(view);
}
