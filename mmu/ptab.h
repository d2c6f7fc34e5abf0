/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page-table builder for all four-level, 512-entry formats: EPT, NPT, and the x86-64 tables
 * that an engine starts on. A format is const data (struct ptab_format); the builder picks the
 * largest page that fits, splits where a part changes, and drops tables that get empty.
 *
 * Stale translations: every change that takes something away (unmap, fewer rights, a split) raises
 * `generation`. Whoever runs on the tables remembers the generation that it last invalidated for
 * and must not enter with an older one (ptab_is_stale). Table pages that fall out of use wait in a
 * list until the owner says that everybody has invalidated (ptab_release): a CPU may walk them till
 * then. SDM 3A 4.10.4 (paging-structure caches), 3C 29.4.3 (EPT), APM 2 15.25.7 (NPT).
 */
#pragma once

#include "exarch/bits.h"
#include "exarch/err.h"

#define PTAB_LEVELS  4
#define PTAB_ENTRIES 512

enum ptab_right { PTAB_R = 1, PTAB_W = 2, PTAB_X = 4, PTAB_U = 8 };
#define PTAB_RIGHT_COUNT 4

/* WC in x86 tables needs PAT entry 1 set to it (kernel/x86/cpu_features.c). */
enum ptab_memory { PTAB_WB, PTAB_UC, PTAB_WC, PTAB_MEMORY_COUNT };

struct ptab_format {
    const char *name;
    uint64_t right_set[PTAB_RIGHT_COUNT];   /* bits set when the right is granted */
    uint64_t right_clear[PTAB_RIGHT_COUNT]; /* bits set when it is refused */
    uint64_t present;                       /* an entry with none of these bits is empty */
    uint64_t leaf;                          /* set in every leaf */
    uint64_t table;                         /* the whole of a table entry but its address */
    uint64_t memory[PTAB_MEMORY_COUNT];     /* memory type bits of a leaf */
    uint64_t accessed;
    uint64_t dirty;
};

/* Where table pages come from. `phys` is what entries hold; 0 is no page. */
struct ptab_pages {
    uint64_t (*take)(void *arg); /* a zeroed page or 0 */
    void (*give)(void *arg, uint64_t phys);
    uint64_t *(*view)(void *arg, uint64_t phys); /* the page as the builder reads and writes it */
    void *arg;
};

struct ptab {
    const struct ptab_format *format;
    struct ptab_pages pages;
    unsigned max_leaf; /* 1: 4K only, 2: 2M too, 3: 1G too */
    uint64_t root;
    uint64_t generation;
    uint64_t limbo; /* table pages out of use, linked through their entry 0 (not present) */
    uint64_t tables;
    uint64_t leaves[PTAB_LEVELS]; /* [1] 4K, [2] 2M, [3] 1G leaves in place */
};

struct ptab_leaf {
    uint64_t phys; /* of the byte asked for */
    unsigned level;
    unsigned rights;
    bool accessed;
    bool dirty;
};

/* Bytes by what the hardware has noted in the leaves. */
struct ptab_usage {
    uint64_t mapped;
    uint64_t accessed;
    uint64_t dirty;
};

extern const struct ptab_format ptab_x86_format;

static inline uint64_t ptab_level_size(unsigned level)
{
    return UINT64_C(1) << (PAGE_SHIFT + 9 * (level - 1));
}

/* Makes an empty root. Error: NOMEM. */
int ptab_init(struct ptab *pt, const struct ptab_format *format, const struct ptab_pages *pages,
              unsigned max_leaf) MUST_CHECK;

/* Gives all tables back; nothing may run on them any more. */
void ptab_destroy(struct ptab *pt);

/*
 * Maps [addr, addr + size) to phys, page aligned all; rights must hold PTAB_R (no format here has
 * write-only pages, and execute-only ones exist in EPT alone). Errors: INVAL, EXIST when any of it
 * is mapped, NOMEM; after an error nothing of it is mapped.
 */
int ptab_map(struct ptab *pt, uint64_t addr, uint64_t phys, uint64_t size, unsigned rights,
             enum ptab_memory memory) MUST_CHECK;

/* Unmaps what is mapped there. Errors: INVAL, NOMEM (for a split; nothing is changed then). */
int ptab_unmap(struct ptab *pt, uint64_t addr, uint64_t size) MUST_CHECK;

/* Changes the rights of what is mapped there. Errors as ptab_unmap. */
int ptab_protect(struct ptab *pt, uint64_t addr, uint64_t size, unsigned rights) MUST_CHECK;

/* What maps addr. Error: NOENT. */
int ptab_lookup(const struct ptab *pt, uint64_t addr, struct ptab_leaf *leaf) MUST_CHECK;

/* Sums the leaves up by their accessed and dirty bits. */
struct ptab_usage ptab_count_usage(const struct ptab *pt);

/* True when someone who last invalidated at generation `seen` must do so again before an entry. */
static inline bool ptab_is_stale(const struct ptab *pt, uint64_t seen)
{
    return seen != __atomic_load_n(&pt->generation, __ATOMIC_ACQUIRE);
}

/* Everybody has invalidated: frees the table pages that fell out of use. */
void ptab_release(struct ptab *pt);
