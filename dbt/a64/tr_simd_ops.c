/* SPDX-License-Identifier: BSD-2-Clause */
/* Lane arrangements that several translators share. */
#include "dbt/a64/tr_simd.h"

static ir_ref unzip(struct tr *t, enum ir_op op, enum ir_op op64, unsigned q, unsigned size,
                    ir_ref n, ir_ref m)
{
    if (size == 3) {
        return v_op(t, op64, 3, n, m);
    }
    if (!q) {
        n = m = v_op(t, IR_VZIP1, 3, n, m);
    }
    return v_op(t, op, size, n, m);
}

ir_ref v_evens(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    return unzip(t, IR_VUZP1, IR_VZIP1, q, size, n, m);
}

ir_ref v_odds(struct tr *t, unsigned q, unsigned size, ir_ref n, ir_ref m)
{
    return unzip(t, IR_VUZP2, IR_VZIP2, q, size, n, m);
}

ir_ref v_trn1(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return v_op(t, size == 3 ? IR_VZIP1 : IR_VTRN1, size, n, m);
}

ir_ref v_trn2(struct tr *t, unsigned size, ir_ref n, ir_ref m)
{
    return v_op(t, size == 3 ? IR_VZIP2 : IR_VTRN2, size, n, m);
}

ir_ref v_reduce(struct tr *t, enum ir_op op, unsigned size, unsigned lanes, ir_ref v)
{
    for (unsigned n = lanes / 2; n; n /= 2) {
        v = v_op(t, op, size, v, v_ext(t, v, v, n << size));
    }
    return v;
}
