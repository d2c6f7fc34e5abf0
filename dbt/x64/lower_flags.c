/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows that move flags or choose by them. */
#include "dbt/x64/x64.h"

/* The bits of the host form, and with PDEP and PEXT the order V C Z N of bits 0 to 3: Arm's. */
#define HOST_BITS (NZCV_HOST_N | NZCV_HOST_Z | NZCV_HOST_C | NZCV_HOST_V)

LOWER(NZCV_CONST)
{
}

LOWER(NZCV_PACK)
{
    unsigned flags = x64_use(c, 0), mask = x64_scratch(c), d = x64_def(c);

    emit_const(c, mask, HOST_BITS);
    emit_vrr(c, X_PEXT_RVM, d, flags, mask);
    emit_rri(c, X_RORX_RMI, d, d, 4); /* bits 3..0 to 31..28 */
}

LOWER(NZCV_UNPACK)
{
    unsigned x = x64_use(c, 0), mask = x64_scratch(c), d = x64_def(c);

    emit_const(c, mask, HOST_BITS);
    emit_rri(c, X_RORX_RMI, d, x, 28);
    emit_vrr(c, X_PDEP_RVM, d, d, mask);
}

LOWER(NZCV_SEL)
{
    unsigned yes, d;
    enum x86_cc cc;

    if (c->flags_ref == c->row || c->val[c->row].reg != X64_NONE ||
        c->val[c->row].spill != X64_NONE) {
        return; /* made by the comparison before it */
    }
    if (i->aux >= COND_AL) {
        x64_def_from(c, 1);
        return;
    }
    if (c->flags_ref == c->arg[1] && c->flags_ref != c->arg[0]) {
        x64_flags_to_gpr(c);
    }
    x64_flags_need(c, 0);
    yes = x64_use(c, 1);
    cc = x64_flags_cc(c, i->aux);
    d = x64_def(c);
    emit_const(c, d, nzcv_from_arm((uint32_t)i->imm));
    emit_cmov(c, cc, 0, d, yes);
}

/* CSET: 1 or 0. */
static bool select_bool(struct x64 *c, unsigned cond)
{
    uint64_t yes, no;
    unsigned d;

    if (!x64_const(c, 1, &yes) || !x64_const(c, 2, &no) || yes + no != 1 || yes > 1) {
        return false;
    }
    d = x64_def(c);
    emit_const(c, d, 0);
    emit_setcc(c, x64_flags_cc(c, yes ? cond : cond ^ 1), d);
    return true;
}

static void select(struct x64 *c, unsigned cond, unsigned w)
{
    enum x86_cc cc;

    if (cond >= COND_AL) {
        x64_def_from(c, 1);
        return;
    }
    x64_flags_need(c, 0);
    if (select_bool(c, cond)) {
        return;
    }
    cc = x64_flags_cc(c, cond);
    if (x64_dies(c, 1) && !x64_dies(c, 2)) {
        unsigned no = x64_use(c, 2);

        emit_cmov(c, cc ^ 1, w, x64_def_from(c, 1), no);
    } else {
        unsigned yes = x64_use(c, 1);

        emit_cmov(c, cc, w, x64_def_from(c, 2), yes);
    }
}

LOWER(SELECT32)
{
    select(c, i->aux, 0);
}

LOWER(SELECT64)
{
    select(c, i->aux, X_W);
}
