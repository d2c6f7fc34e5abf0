/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point lane operations of the translators. */
#include "dbt/a64/tr_simd.h"

ir_ref fp3(struct tr *t, enum fp_op op, unsigned size, unsigned lanes, ir_ref a, ir_ref b, ir_ref c)
{
    return ir_call_v128(&t->b, HELPER_fp, FP_IMM(op, size, lanes, FP_AUX_MODE, 0), a, b, c);
}

ir_ref fp1(struct tr *t, enum fp_op op, unsigned size, unsigned lanes, unsigned aux, unsigned fbits,
           ir_ref a)
{
    return ir_call_v128(&t->b, HELPER_fp, FP_IMM(op, size, lanes, aux, fbits), a, IR_NONE, IR_NONE);
}

ir_ref fp_cvt(struct tr *t, unsigned from, unsigned to, unsigned lanes, unsigned first, bool odd,
              ir_ref a)
{
    return ir_call_v128(&t->b, HELPER_fp_cvt, FP_CVT_IMM(from, to, lanes, first, odd), a, IR_NONE,
                        IR_NONE);
}
