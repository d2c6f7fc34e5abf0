/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm platform's parts: what its files give each other. */
#pragma once

#include "dbt/platform.h"
#include "dbt/platform/vm/ring.h"
#include "dbt/platform/vm/space.h"

/* What the platform keeps for each vCPU, by its id. */
struct vm_vcpu {
    struct vcpu *vcpu;
    struct abi_vcpu *page;
    struct plat_view *view; /* the active one */
    uint64_t deadline;      /* the guest's, UINT64_MAX: none */
    uint64_t told;          /* the latest deadline that root may be waiting for */
};

struct vm_vcpu *vm_vcpu(const struct vcpu *vcpu);

/* --- view.c --- */
void vm_views_init(void);
/* Loads the view's root where it is not loaded yet. */
void vm_view_enter(struct plat_view *view);
/* What a fault at linear address addr is to the view: its offset. */
uint64_t vm_view_offset(uint64_t addr);

/* --- events.c --- */
void vm_events_init(struct vcpu *vcpu, const struct abi_boot *boot);
/* Asks for an event in some microseconds: it came where translated code cannot be left. */
void vm_retry_soon(struct vm_vcpu *v);

/* --- run.c --- */
void vm_stubs_init(void); /* writes the stubs, fills plat_env() */

/* --- devices.c --- */
/* Connects the devices that root has put into the shared page to the machine's virtio slots. */
void vm_devices_init(struct vm *vm, const struct abi_boot *boot);
