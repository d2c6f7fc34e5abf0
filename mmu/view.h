/* SPDX-License-Identifier: BSD-2-Clause */
/* Views: which host mapping of a guest range translated code runs on, and when it is filled or
 * emptied. */
/*
 * A view holds one guest range (low: TTBR0, high: TTBR1) as the code of one EL sees it in one
 * translation regime. It is a cache, filled by faults, and must never hold more than a TLB could:
 * what vmsa_translate grants and no TLBI has taken back. Two properties widen what one view serves:
 * it is bound to an ASID only once a non-global entry is in it, and to PAN being clear only once
 * a page that EL0 may access is in an EL1 view.
 *
 * Each vCPU has its set of views, bounded, the least recently used one given up first.
 */
#pragma once

#include "dbt/platform.h"
#include "mmu/vmsa.h"

#define VIEW_MAX      48
#define VIEW_ASID_ANY (-1)
#define VIEW_GIGAS    4 /* 1-GiB guest blocks that a view remembers one by one */

/* What a view was made for. */
struct view_key {
    uint64_t ttbr; /* table address; 0 with the MMU off */
    uint64_t tcr;
    uint32_t sctlr; /* the bits that decide translation */
    uint8_t high;
    uint8_t el;
};

struct view {
    struct plat_view *plat; /* NULL: not in use */
    struct view_key key;
    int asid;                  /* or VIEW_ASID_ANY: only global entries so far */
    bool has_global;           /* holds global entries */
    bool has_user;             /* EL1: holds pages that EL0 may access; for PAN clear only */
    uint8_t giga_count;        /* > VIEW_GIGAS: more than are listed */
    uint64_t giga[VIEW_GIGAS]; /* offsets of 1-GiB blocks of which parts are mapped */
    uint64_t serial;           /* differs for each life of the record */
    uint64_t used;             /* for the choice of whom to drop */
};

struct view_set {
    struct view view[VIEW_MAX];
    uint64_t clock;
    struct view *recent[2][2]; /* what view_select gave last, by EL and range */
    const struct view *active; /* never given up: of the vCPU's code */
    uint64_t created, dropped; /* for statistics */
};

/* The range that va lies in: true for the high one. Tags (TBI) do not matter: bit 55 decides. */
static inline bool view_range(uint64_t va)
{
    return bit(va, 55);
}

/* True when va, as it is, lies in the range of a view: the sixteen top bits are the sign. */
static inline bool view_covers(const struct view *view, uint64_t va)
{
    return va >> 48 == (view->key.high ? 0xffff : 0);
}

static inline uint64_t view_offset(uint64_t va)
{
    return va & MASK(47, 0);
}

/*
 * The view of the given range as EL el, vcpu's own, sees it in the current regime; made when there
 * is none. Never NULL. May give other views up.
 */
struct view *view_select(struct view_set *set, struct vcpu *vcpu, bool high, unsigned el);

/* True when view is still what view_select would give for its range. */
bool view_is_current(const struct view *view, const struct vcpu *vcpu);

/*
 * Records that a translation of vcpu's regime is about to be kept with view: a mapping or, fetch, a
 * jump cache entry. False when the view cannot hold it (it would have to be bound otherwise than it
 * is): the caller selects anew and tries again.
 */
bool view_admit(struct view *view, const struct vcpu *vcpu, uint64_t va,
                const struct vmsa_result *translation, bool fetch);

enum view_fill {
    VIEW_FILLED,   /* the access can be tried again */
    VIEW_FAULT,    /* the guest's tables refuse it */
    VIEW_UNMAPPED, /* no mapping can serve it: a device or Device memory, an engine slot, another
                      view's address */
    VIEW_CHANGED,  /* the view is no longer the one for vcpu: leave and select anew */
};

/* Maps what an access to va, in view's range, needs; and neighbours, where they are alike. */
enum view_fill view_fill(struct view_set *set, struct view *view, struct vcpu *vcpu, uint64_t va,
                         bool write);

/* True when the view is in use and holds what a TLBI may take away: with the MMU off there is no
 * TLB. */
bool view_is_translated(const struct view *view);

/* True when a TLBI by VA for asid (-1: any) concerns the view. */
bool view_concerns(const struct view *view, uint64_t va, int asid);

/* Drops [va, + size) of a view that it concerns, and all of the 1-GiB blocks that it touches. */
void view_drop_range(struct view *view, uint64_t va, uint64_t size);

/* Drops all that view holds; it stays usable. */
void view_clear(struct view *view);
