/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic that immediate and register forms share. */
#pragma once

#include "dbt/a64/tr.h"

/* operand1 + or - operand2, with NZCV set where flags. */
static inline ir_ref alu_add_sub(struct tr *t, bool sf, bool sub, bool flags, ir_ref operand1,
                                 ir_ref operand2)
{
    ir_ref result = op2(t, sub ? IR_SF(SUB, sf) : IR_SF(ADD, sf), operand1, operand2);

    if (flags) { /* right behind the result: the emitter makes one instruction of the two */
        enum ir_op nzcv = sub ? IR_SF(NZCV_SUB, sf) : IR_SF(NZCV_ADD, sf);
        ir_setf(&t->b, op2(t, nzcv, operand1, operand2));
    }
    return result;
}
