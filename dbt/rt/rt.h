/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime: translations, dispatch, and what system code must tell it. */
#pragma once

#include "dbt/vcpu.h"

/* Sets up code cache, views, tables for vm from plat_memory(); false when the heap is too small. */
bool rt_vm_init(struct vm *vm);
bool rt_vcpu_init(struct vcpu *vcpu);

/* Runs vcpu until the VM ends (plat_end does not return). */
_Noreturn void rt_loop(struct vcpu *vcpu);

/* --- called by sys/ --- */
/* The translation regime of vcpu changed (TTBRx, TCR, SCTLR.M, EL, PAN...; sys/context.h has
 * computed tr_flags): the next entry selects its view and jump cache anew. Cheap. */
void rt_context_changed(struct vcpu *vcpu);

/* TLB maintenance, this vCPU: exactly what the instruction names. asid < 0: all; va ranges in
 * bytes. Drops mappings in views, jump-cache entries and cached walks. */
void rt_tlbi_all(struct vcpu *vcpu);
void rt_tlbi_asid(struct vcpu *vcpu, unsigned asid);
void rt_tlbi_va(struct vcpu *vcpu, uint64_t va, uint64_t size,
                int asid); /* asid -1: any, global ones too */

/* Instruction cache maintenance by guest PA (IC IVAU) or all of it (IC IALLU). */
void rt_icache_invalidate_pa(struct vm *vm, uint64_t pa, uint64_t size);
void rt_icache_invalidate_all(struct vm *vm);
