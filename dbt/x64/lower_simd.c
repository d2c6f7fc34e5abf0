/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves between the register files, constants, selection of vectors. */
#include "dbt/x64/x64.h"

LOWER(VZERO)
{
    unsigned d = x64_def(c);

    emit_vrr(c, X_VPXOR, d, d, d);
}

LOWER(VCONST)
{
    unsigned d = x64_def(c);

    if (i->imm == UINT64_MAX) {
        emit_vrr(c, X_VPCMPEQD, d, d, d);
    } else {
        emit_rm(c, X_VMOVDQA_RM, d, x64_constant(c, i->imm, i->imm));
    }
}

LOWER(VFROM64)
{
    unsigned x = x64_use(c, 0);

    emit_rr(c, X_VMOVQ_RM, x64_def(c), x);
}

LOWER(VPAIR64)
{
    unsigned low = x64_use(c, 0), high = x64_use(c, 1), d = x64_def(c);

    emit_rr(c, X_VMOVQ_RM, d, low);
    emit_vrri(c, X_VPINSRQ, d, d, high, 1);
}

LOWER(VGET64)
{
    unsigned x = x64_use(c, 0), d = x64_def(c);

    if (i->imm) {
        emit_rri(c, X_VPEXTRQ, x, d, 1);
    } else {
        emit_rr(c, X_VMOVQ_MR, x, d);
    }
}

LOWER(VSELECT)
{
    unsigned yes, d;
    uint8_t *skip;

    if (i->aux >= COND_AL) {
        x64_def_from(c, 1);
        return;
    }
    x64_flags_need(c, 0);
    yes = x64_use(c, 1);
    d = x64_def_from(c, 2);
    skip = emit_jcc8(c, x64_flags_cc(c, i->aux ^ 1));
    emit_rr(c, X_VMOVDQA_RM, d, yes);
    emit_bind8(c, skip);
}
