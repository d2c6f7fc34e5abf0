/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's physical space as hardware maps it: what EPT (ept.c) and NPT (npt.c) have in common. */
#pragma once

#include "mmu/ptab.h"

/* Why the hardware left the VM: an access that its nested tables do not allow. */
struct nested_fault {
    uint64_t vpa;
    uint64_t linear;
    bool linear_valid;
    bool in_walk;    /* the access was the walk of the VM's own page tables */
    unsigned access; /* enum ptab_right: what was tried */
    unsigned had;    /* what the nested tables allow there; 0: not mapped */
};

extern const struct ptab_format ept_format;
extern const struct ptab_format npt_format;

/*
 * The EPT pointer for the VMCS: write-back walks, four levels, accessed and dirty bits when the CPU
 * has them. SDM 3C 25.6.11.
 */
uint64_t ept_pointer(const struct ptab *pt, bool accessed_dirty);

/* Reads the exit qualification of an EPT violation (SDM 3C 28.2.1, table 28-7). */
struct nested_fault ept_fault(uint64_t qualification, uint64_t vpa, uint64_t linear);

/* Reads EXITINFO1 and EXITINFO2 of a nested page fault (APM 2 15.25.6). */
struct nested_fault npt_fault(uint64_t info1, uint64_t vpa);
