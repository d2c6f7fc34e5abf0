/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm platform's parts: what its files give each other. */
#pragma once

#include "dbt/platform.h"
#include "dbt/platform/vm/ring.h"
#include "dbt/platform/vm/space.h"

/* A vCPU's windows (window.c): where they are, and which places are fit for use. */
#define VM_WINDOW_TABLES 2
#define VM_WINDOWS_SIZE  (VM_WINDOW_TABLES * MIB(2))
struct vm_windows {
    uint64_t linear;                   /* of the first place */
    uint64_t *table[VM_WINDOW_TABLES]; /* page tables of the places, 2 MiB each */
    uint64_t fresh[VM_WINDOW_TABLES * PTAB_ENTRIES / 64];
    unsigned next;                           /* no word of fresh before it has a bit */
    uint16_t place[WINDOW_TABLES * WINDOWS]; /* of each window, + 1; 0: closed */
};

/* What ring 3 may write of a vCPU's, each at a random place (hide.c). */
#define VM_AREAS        8
#define VM_STALE_PLACES 32
struct vm_hidden {
    struct vm_area {
        const void *memory; /* of the shared part; NULL: none */
        uint64_t at;        /* linear, for ring 3 */
        uint64_t size;
        uint64_t used;
        bool pinned;
    } area[VM_AREAS]; /* the first one is the state */
    struct vm_place {
        uint64_t at, size;
    } stale[VM_STALE_PLACES]; /* places given up that a TLB may still know */
    unsigned stale_count;
    uint64_t clock;
    unsigned probes;      /* guest accesses into the slot that faulted, since the last move */
    unsigned credit;      /* how many more are free of a delay */
    uint64_t credit_time; /* TSC, when it was last given */
    uint64_t moves;
};

/* What the platform keeps for each vCPU, by its id. */
struct vm_vcpu {
    struct vcpu *vcpu;
    struct abi_vcpu *page;
    struct plat_view *view; /* the active one */
    uint64_t deadline;      /* UINT64_MAX: none */
    struct vm_windows windows;
    struct vm_hidden hidden;
};

struct vm_vcpu *vm_vcpu(const struct vcpu *vcpu);

/* --- view.c --- */
void vm_views_init(void);
/* Loads the view's root where it is not loaded yet. */
void vm_view_enter(struct plat_view *view);
/* What a fault at linear address addr is to the view: its offset. */
uint64_t vm_view_offset(uint64_t addr);

/* All views' translations are dropped: the loaded one's now, the others' before they are used. */
void vm_views_flush(void);

/* --- window.c --- */
/* Places of a new vCPU's windows from address linear on; false: no memory for the tables. */
bool vm_windows_init(struct vm_vcpu *v, uint64_t linear);

/* --- hide.c --- */
/* A guest access has faulted in the engine's slot. */
void vm_hidden_probe(struct vm_vcpu *v);
/* Outside translated code: moves what was probed too often. */
void vm_hidden_turn(struct vm_vcpu *v);

/* --- events.c --- */
void vm_events_init(struct vcpu *vcpu, const struct abi_boot *boot);

/* --- run.c --- */
void vm_stubs_init(void); /* writes the stubs, fills plat_env() */

/* --- devices.c --- */
/* Connects the devices that root has put into the shared page to the machine's virtio slots. */
void vm_devices_init(struct vm *vm, const struct abi_boot *boot);
