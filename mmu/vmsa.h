/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's MMU: VMSAv8-64 stage 1 at EL1&0, 4 KiB granule, 48-bit (Arm ARM D8). */
#pragma once

#include "exarch/bits.h"

struct vcpu;

enum vmsa_access {
    VMSA_WRITE = 1 << 0,
    VMSA_FETCH = 1 << 1,
    VMSA_UNPRIV = 1 << 2, /* check as EL0 although at EL1 (LDTR/STTR, AT S1E0*) */
    VMSA_PRIV = 1 << 3,   /* check as EL1 although at EL0 (AT S1E1*) */
    VMSA_NO_PAN = 1 << 4, /* PAN does not count (AT S1E1R/W) */
    VMSA_PAN = 1 << 5,    /* PAN counts whatever PSTATE says (AT S1E1RP/WP) */
};

struct vmsa_result {
    uint64_t pa;   /* of va itself */
    uint64_t size; /* of the mapping that the leaf gives, contiguous bit not counted: 4K, 2M, 1G;
                      MMU off: 1G */
    bool el0_read, el0_write, el1_read, el1_write; /* data permissions, PAN not counted */
    bool el0_exec, el1_exec;
    bool device;            /* device memory type */
    bool aligned_only;      /* Device memory by its attributes: unaligned accesses fault whatever
                               SCTLR_EL1.A says. With the MMU off every access is checked anyway. */
    bool global;            /* nG clear */
    uint8_t attr;           /* MAIR attribute byte, */
    uint8_t sh;             /* shareability: for PAR_EL1 */
    uint64_t leaf, leaf_at; /* the descriptor and its address; MMU off: 0 */
};

/* True when the page `pages` further than the one that t is of, under the same last-level table or
 * in the same block, is mapped by a descriptor that differs in nothing but its address. */
bool vmsa_is_alike(const struct vcpu *vcpu, const struct vmsa_result *t, int64_t pages);

/* Fault status codes (Arm ARM D17.2.37, ISS DFSC/IFSC), level in the low bits where it has one. */
enum vmsa_fault {
    VMSA_OK = -1,
    VMSA_ADDR_SIZE = 0x00,
    VMSA_TRANSLATION = 0x04,
    VMSA_ACCESS_FLAG = 0x08,
    VMSA_PERMISSION = 0x0c,
    VMSA_EXTERNAL = 0x10,
    VMSA_EXT_WALK = 0x14,
    VMSA_ALIGNMENT = 0x21,
    VMSA_TLB_CONFLICT = 0x30,
};

/* Whether vmsa_translate found memory, whatever the access may do there: *result is filled. */
static inline bool vmsa_found(int status)
{
    return status == VMSA_OK || (status & ~3) == VMSA_PERMISSION;
}

/*
 * Translates va (tag already significant: TBI is applied here) for an access of enum vmsa_access
 * bits at vcpu's current EL. Returns VMSA_OK and fills *result, or the fault's status code with its
 * level (*result is filled for a permission fault too). Reads guest page tables once each entry
 * (they are hostile and may change under us).
 */
int vmsa_translate(struct vcpu *vcpu, uint64_t va, unsigned access, struct vmsa_result *result);
