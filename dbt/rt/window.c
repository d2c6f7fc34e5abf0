/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows: opened by misses of translated code, closed by TLBIs and changes of the regime. */
#include "dbt/rt/window.h"

#include "dbt/rt/helpers.h"
#include "dbt/rt/internal.h"

#define SCTLR_REGIME (SCTLR_M | SCTLR_WXN)

static void close_one(struct vcpu *vcpu, unsigned table, unsigned n)
{
    vcpu->st->window[table][n] = (struct window){.read = WINDOW_NONE, .write = WINDOW_NONE};
    vcpu->rt->windows[table].used &= ~BIT64(n);
    plat_window_close(vcpu, table * WINDOWS + n);
}

static void close_those(struct vcpu *vcpu, unsigned table, uint64_t which)
{
    for (which &= vcpu->rt->windows[table].used; which; which &= which - 1) {
        close_one(vcpu, table, (unsigned)__builtin_ctzll(which));
    }
}

void window_init(struct vcpu *vcpu)
{
    for (unsigned table = 0; table < WINDOW_TABLES; table++) {
        vcpu->rt->windows[table] = (struct rt_windows){.used = ~UINT64_C(0), .leaf = PAGE_SIZE};
        close_those(vcpu, table, ~UINT64_C(0));
    }
}

void window_close_all(struct vcpu *vcpu)
{
    for (unsigned table = 0; table < WINDOW_TABLES; table++) {
        close_those(vcpu, table, ~UINT64_C(0));
        vcpu->rt->windows[table].leaf = PAGE_SIZE;
    }
}

/* One TLBI takes a whole mapping away. Tags of addresses do not matter (TBI). */
void window_close_range(struct vcpu *vcpu, uint64_t va, uint64_t size)
{
    for (unsigned table = 0; table < WINDOW_TABLES; table++) {
        const struct rt_windows *w = &vcpu->rt->windows[table];
        uint64_t start = ALIGN_DOWN(va, w->leaf), length = ALIGN_UP(va + size, w->leaf) - start;
        for (uint64_t left = w->used; left; left &= left - 1) {
            unsigned n = (unsigned)__builtin_ctzll(left);
            if ((uint64_t)sign_extend(w->va[n], 56) - start < length) {
                close_one(vcpu, table, n);
            }
        }
    }
}

static bool is_regime(const struct rt_windows *w, const struct sysregs *sys)
{
    return w->ttbr[0] == sys->TTBR0_EL1 && w->ttbr[1] == sys->TTBR1_EL1 && w->tcr == sys->TCR_EL1 &&
           w->sctlr == (sys->SCTLR_EL1 & SCTLR_REGIME);
}

void window_select(struct vcpu *vcpu)
{
    const struct sysregs *sys = &vcpu->sys;
    for (unsigned table = 0; table < WINDOW_TABLES; table++) {
        struct rt_windows *w = &vcpu->rt->windows[table];
        if (!is_regime(w, sys)) {
            close_those(vcpu, table, ~UINT64_C(0));
            w->ttbr[0] = sys->TTBR0_EL1;
            w->ttbr[1] = sys->TTBR1_EL1;
            w->tcr = sys->TCR_EL1;
            w->sctlr = sys->SCTLR_EL1 & SCTLR_REGIME;
            w->leaf = PAGE_SIZE;
        }
    }
    if (vcpu->ps.pan) {
        close_those(vcpu, WINDOW_EL1, vcpu->rt->windows[WINDOW_EL1].user);
    }
}

/* What the page allows to a table's accesses. */
static struct window rights(const struct vmsa_result *t, unsigned table, uint64_t page)
{
    bool read = table == WINDOW_EL0 ? t->el0_read : t->el1_read;
    bool write = table == WINDOW_EL0 ? t->el0_write : t->el1_write;
    return (struct window){.read = read ? page : WINDOW_NONE, .write = write ? page : WINDOW_NONE};
}

bool window_open(struct vcpu *vcpu, uint64_t va, unsigned size, unsigned table, bool write)
{
    struct vmsa_result t;
    uint64_t page = ALIGN_DOWN(va, PAGE_SIZE);
    unsigned access = (write ? VMSA_WRITE : 0u) | (table == WINDOW_EL0 ? VMSA_UNPRIV : 0u);
    window_select(vcpu);
    if (va - page + size > PAGE_SIZE || (table == WINDOW_EL1 && vcpu->ps.el == 0) ||
        vmsa_translate(vcpu, va, access, &t) != VMSA_OK) {
        return false;
    }
    uint64_t pa = ALIGN_DOWN(t.pa, PAGE_SIZE);
    unsigned n = (unsigned)(va >> PAGE_SHIFT) % WINDOWS;
    struct window window = rights(&t, table, page);
    if (!vm_ram(vcpu->vm, pa, PAGE_SIZE) || t.aligned_only) {
        return false;
    }
    close_those(vcpu, table, BIT64(n));
    uint64_t at =
        plat_window_open(vcpu, table * WINDOWS + n, pa - RAM_BASE, window.write != WINDOW_NONE);
    if (!at) {
        return false;
    }
    window.addend = at - page;
    vcpu->st->window[table][n] = window;
    struct rt_windows *w = &vcpu->rt->windows[table];
    w->used |= BIT64(n);
    w->user = (w->user & ~BIT64(n)) | (t.el0_read || t.el0_write ? BIT64(n) : 0);
    w->va[n] = page;
    w->leaf = MAX(w->leaf, t.size);
    vcpu->rt->stats.windows++;
    return true;
}

uint64_t help_window(struct vcpu *vcpu, uint64_t va, uint64_t a1, uint64_t a2, uint32_t imm)
{
    (void)a1, (void)a2;
    unsigned size = imm & 0xff, table = imm >> 8 & 0xff;
    return size <= sizeof(v128) && table < WINDOW_TABLES &&
           window_open(vcpu, va, size, table, imm & BIT32(16));
}
