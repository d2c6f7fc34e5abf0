/* SPDX-License-Identifier: BSD-2-Clause */
/* What the vector rows mean. */
#include "dbt/ir/interp_rows.h"

INTERP(VZERO)
{
    r->v = (v128){{0, 0}};
}

INTERP(VCONST)
{
    r->v = (v128){{i->imm, i->imm}};
}

INTERP(VFROM64)
{
    r->v = (v128){{X(0), 0}};
}

INTERP(VPAIR64)
{
    r->v = (v128){{X(0), X(1)}};
}

INTERP_INT(VGET64, V(0).lane[i->imm])

INTERP(VSELECT)
{
    r->v = interp_cond(i->aux, F(0)) ? V(1) : V(2);
}
