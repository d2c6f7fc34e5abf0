/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of IR rows, made from ops.inc and ops_simd.inc. */
#include "dbt/ir/ir.h"

#define VOID  IR_VOID
#define I32   IR_I32
#define I64   IR_I64
#define V128  IR_V128
#define FLAGS IR_FLAGS
#define ANY   IR_ANY
#define MEM   IR_E_MEM
#define ST    IR_E_ST
#define STATE IR_E_STATE
#define SYNC  IR_E_SYNC
#define END   IR_E_END

const struct ir_row ir_rows[IR_OP_COUNT] = {
#define IR_OP(name, res, a, b, c, effects) {#name, res, {a, b, c}, effects},
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP
};
