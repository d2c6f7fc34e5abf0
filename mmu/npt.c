/* SPDX-License-Identifier: BSD-2-Clause */
/* AMD's nested page tables: the entry format and faults. APM 2 15.25. */
#include "mmu/nested.h"

#define NPF_PRESENT BIT64(0)
#define NPF_WRITE   BIT64(1)
#define NPF_FETCH   BIT64(4)
#define NPF_WALK    BIT64(33) /* in the walk of the VM's own tables; bit 32: the access itself */

// clang-format off
/* Nested walks are user accesses (APM 2 15.25.5): U is always set. */
const struct ptab_format npt_format = {
    .name        = "NPT",
    .right_set   = {BIT64(0), BIT64(1), 0, 0},
    .right_clear = {0, 0, BIT64(63), 0},
    .present     = BIT64(0),
    .leaf        = BIT64(2),
    .table       = MASK(2, 0),
    .memory      = {0, BIT64(4) | BIT64(3), BIT64(3)},
    .accessed    = BIT64(5),
    .dirty       = BIT64(6),
};
// clang-format on

struct nested_fault npt_fault(uint64_t info1, uint64_t vpa)
{
    unsigned access = (info1 & NPF_FETCH) ? PTAB_X : (info1 & NPF_WRITE) ? PTAB_W : PTAB_R;
    /* NPT says only that something was mapped; what it allowed is all but what was tried. */
    unsigned all = PTAB_R | PTAB_W | PTAB_X;
    return (struct nested_fault){
        .vpa = vpa,
        .in_walk = info1 & NPF_WALK,
        .access = access,
        .had = (info1 & NPF_PRESENT) ? all & ~access : 0,
    };
}
