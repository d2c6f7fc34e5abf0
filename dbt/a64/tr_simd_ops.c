/* SPDX-License-Identifier: BSD-2-Clause */
/* Lane arrangements that several translators share. */
#include "dbt/a64/tr_simd.h"

/* Odd lanes of each pair brought to the even places. */
static ir_ref odds_down(struct tr *t, unsigned size, ir_ref v)
{
    return v_shift(t, IR_VUSHR, size + 1, v, 8u << size);
}

static ir_ref even_lanes(struct tr *t, unsigned size)
{
    static const uint64_t even[] = {MASK(7, 0), MASK(15, 0), MASK(31, 0)};
    return v_const(t, size + 1, even[size]);
}

ir_ref v_evens(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    if (size == 3) {
        return v_op(t, IR_VZIP1, 3, n, m);
    }
    if (!q) {
        n = m = v_op(t, IR_VZIP1, 3, n, m);
    }
    return v_op(t, IR_VUZP1, size, n, m);
}

ir_ref v_odds(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    if (size == 3) {
        return v_op(t, IR_VZIP2, 3, n, m);
    }
    if (!q) {
        n = m = odds_down(t, size, v_op(t, IR_VZIP1, 3, n, m));
    } else {
        n = odds_down(t, size, n);
        m = odds_down(t, size, m);
    }
    return v_op(t, IR_VUZP1, size, n, m);
}

ir_ref v_trn1(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    if (size == 3) {
        return v_op(t, IR_VZIP1, 3, n, m);
    }
    m = v_shift(t, IR_VSHL, size + 1, m, 8u << size);
    return op3(t, IR_VBSL, even_lanes(t, size), n, m);
}

ir_ref v_trn2(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    if (size == 3) {
        return v_op(t, IR_VZIP2, 3, n, m);
    }
    return op3(t, IR_VBSL, even_lanes(t, size), odds_down(t, size, n), m);
}

ir_ref v_reduce(struct tr *t, enum ir_op op, unsigned size, unsigned lanes, ir_ref v)
{
    for (unsigned n = lanes / 2; n; n /= 2) {
        v = v_op(t, op, size, v, v_ext(t, v, v, n << size));
    }
    return v;
}
