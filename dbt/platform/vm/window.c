/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Windows of translated code onto guest RAM: pages of the engine's slot, in all views.
 *
 * A vCPU has many more places than windows. A place that was given up is not used again before all
 * views have dropped their translations, which happens when no other place is left: so opening a
 * window writes one page-table entry that no TLB knows, and no window costs an INVLPG.
 */
#include "dbt/platform/vm/vm.h"
#include "dbt/vcpu.h"

#define PTE_PRESENT BIT64(0)
#define PTE_WRITE   BIT64(1)
#define PTE_USER    BIT64(2)
#define PTE_NX      BIT64(63)

#define PLACES (VM_WINDOW_TABLES * PTAB_ENTRIES)
#define WORDS  (PLACES / 64)
_Static_assert(sizeof(((struct vm_windows *)NULL)->fresh) * 8 == PLACES, "a bit for each place");
_Static_assert(PLACES > WINDOW_TABLES * WINDOWS, "some place is always free");

bool vm_windows_init(struct vm_vcpu *v, uint64_t linear)
{
    struct vm_windows *w = &v->windows;
    *w = (struct vm_windows){.linear = linear};
    for (unsigned i = 0; i < VM_WINDOW_TABLES; i++) {
        w->table[i] = space_table(linear + i * MIB(2));
        if (!w->table[i]) {
            return false;
        }
    }
    for (unsigned i = 0; i < WORDS; i++) {
        w->fresh[i] = ~UINT64_C(0);
    }
    return true;
}

static uint64_t *entry_at(struct vm_windows *w, unsigned place)
{
    return &w->table[place / PTAB_ENTRIES][place % PTAB_ENTRIES];
}

/* All places that no window has are fresh when no TLB knows them. */
static void refresh(struct vm_windows *w)
{
    vm_views_flush();
    for (unsigned place = 0; place < PLACES; place++) {
        if (!*entry_at(w, place)) {
            w->fresh[place / 64] |= BIT64(place % 64);
        }
    }
    w->next = 0;
}

static unsigned take_place(struct vm_windows *w)
{
    for (;; refresh(w)) {
        for (; w->next < WORDS; w->next++) {
            uint64_t *word = &w->fresh[w->next];
            if (*word) {
                unsigned place = w->next * 64 + (unsigned)__builtin_ctzll(*word);
                *word &= *word - 1;
                return place;
            }
        }
    }
}

uint64_t plat_window_open(struct vcpu *vcpu, unsigned n, uint64_t ram_offset, bool writable)
{
    struct vm_windows *w = &vm_vcpu(vcpu)->windows;
    unsigned place = take_place(w);
    uint64_t entry = (space.boot->ram.vpa + ram_offset) | PTE_PRESENT | PTE_USER | PTE_NX;
    __atomic_store_n(entry_at(w, place), entry | (writable ? PTE_WRITE : 0), __ATOMIC_RELEASE);
    w->place[n] = (uint16_t)(place + 1);
    return w->linear + place * PAGE_SIZE;
}

void plat_window_close(struct vcpu *vcpu, unsigned n)
{
    struct vm_windows *w = &vm_vcpu(vcpu)->windows;
    if (w->place[n]) {
        __atomic_store_n(entry_at(w, w->place[n] - 1u), 0, __ATOMIC_RELEASE);
        w->place[n] = 0;
    }
}
