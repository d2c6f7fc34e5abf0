/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel's extended page tables: the entry format, the pointer, violations. SDM 3C chapter 29. */
#include "mmu/nested.h"

#define EPTP_WALK_WB      UINT64_C(6)
#define EPTP_LEVELS       MASK(5, 3)
#define EPTP_ACCESSED     BIT64(6)
#define EPT_TYPE          MASK(5, 3)
#define EPT_IGNORE_PAT    BIT64(6)
#define EPT_TYPE_UC       0
#define EPT_TYPE_WC       1
#define EPT_TYPE_WB       6
#define QUAL_ACCESS       MASK(2, 0)
#define QUAL_HAD          MASK(5, 3)
#define QUAL_LINEAR_VALID BIT64(7)
#define QUAL_FINAL        BIT64(8) /* the access itself, not the walk to it */

// clang-format off
/* The memory type is ours alone: a VM's PAT must not make uncached aliases of RAM. */
const struct ptab_format ept_format = {
    .name        = "EPT",
    .right_set   = {BIT64(0), BIT64(1), BIT64(2), 0},
    .right_clear = {0, 0, 0, 0},
    .present     = MASK(2, 0),
    .leaf        = EPT_IGNORE_PAT,
    .table       = MASK(2, 0),
    .memory      = {FIELD(EPT_TYPE, EPT_TYPE_WB), FIELD(EPT_TYPE, EPT_TYPE_UC),
                    FIELD(EPT_TYPE, EPT_TYPE_WC)},
    .accessed    = BIT64(8),
    .dirty       = BIT64(9),
};
// clang-format on

uint64_t ept_pointer(const struct ptab *pt, bool accessed_dirty)
{
    return pt->root | EPTP_WALK_WB | FIELD(EPTP_LEVELS, PTAB_LEVELS - 1) |
           (accessed_dirty ? EPTP_ACCESSED : 0);
}

struct nested_fault ept_fault(uint64_t qualification, uint64_t vpa, uint64_t linear)
{
    bool valid = qualification & QUAL_LINEAR_VALID;
    /* Bits 0-2 and 3-5 are read, write, execute, as are PTAB_R, PTAB_W, PTAB_X. */
    return (struct nested_fault){
        .vpa = vpa,
        .linear = valid ? linear : 0,
        .linear_valid = valid,
        .in_walk = valid && !(qualification & QUAL_FINAL),
        .access = (unsigned)GET_FIELD(qualification, QUAL_ACCESS),
        .had = (unsigned)GET_FIELD(qualification, QUAL_HAD),
    };
}
