/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm platform's parts: what its files give each other. */
#pragma once

#include "dbt/platform.h"
#include "dbt/platform/vm/ring.h"
#include "dbt/platform/vm/space.h"

/* A vCPU's windows (window.c): where they are, and which places are fit for use. */
#define VM_WINDOW_TABLES 2
struct vm_windows {
    uint64_t linear;                   /* of the first place */
    uint64_t *table[VM_WINDOW_TABLES]; /* page tables of the places, 2 MiB each */
    uint64_t fresh[VM_WINDOW_TABLES * PTAB_ENTRIES / 64];
    unsigned next;                           /* no word of fresh before it has a bit */
    uint16_t place[WINDOW_TABLES * WINDOWS]; /* of each window, + 1; 0: closed */
};

/* What the platform keeps for each vCPU, by its id. */
struct vm_vcpu {
    struct vcpu *vcpu;
    struct abi_vcpu *page;
    struct plat_view *view; /* the active one */
    uint64_t deadline;      /* the guest's, UINT64_MAX: none */
    uint64_t told;          /* the latest deadline that root may be waiting for */
    struct vm_windows windows;
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

/* --- events.c --- */
void vm_events_init(struct vcpu *vcpu, const struct abi_boot *boot);
/* Asks for an event in some microseconds: it came where translated code cannot be left. */
void vm_retry_soon(struct vm_vcpu *v);

/* --- run.c --- */
void vm_stubs_init(void); /* writes the stubs, fills plat_env() */

/* --- devices.c --- */
/* Connects the devices that root has put into the shared page to the machine's virtio slots. */
void vm_devices_init(struct vm *vm, const struct abi_boot *boot);
