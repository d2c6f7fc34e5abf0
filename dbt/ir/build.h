/* SPDX-License-Identifier: BSD-2-Clause */
/* The IR builder: one typed function per row shape; constants are folded and shared as they are
 * made. */
#pragma once

#include "dbt/ir/ir.h"

struct ir_builder {
    struct ir_block *block;
    /* private to build.c: forwarding of SETX/SETV/SETF to later GETs of the block, shared constants
     */
    ir_ref x[32];
    ir_ref v[32];
    ir_ref flags;
    ir_ref constant[8]; /* the latest constants made, in a ring */
    unsigned next_constant;
};

/* Starts an empty block whose first guest instruction lies at page offset start. */
void ir_begin(struct ir_builder *b, struct ir_block *block, unsigned start);

/* Appends any row as it is; the shorter forms below are preferred. Folds pure rows of constants. */
ir_ref ir_emit(struct ir_builder *b, enum ir_op op, ir_ref a0, ir_ref a1, ir_ref a2, uint64_t imm,
               unsigned aux);

/* True, and *value set, where ref is a constant (CONST32: zero extended). */
bool ir_is_const(const struct ir_builder *b, ir_ref ref, uint64_t *value);

ir_ref ir_const32(struct ir_builder *b, uint32_t value);
ir_ref ir_const64(struct ir_builder *b, uint64_t value);
ir_ref ir_getx(struct ir_builder *b, unsigned slot); /* 0..30 or SLOT_SP; never XZR */
void ir_setx(struct ir_builder *b, unsigned slot, ir_ref value);
ir_ref ir_getv(struct ir_builder *b, unsigned n);
void ir_setv(struct ir_builder *b, unsigned n, ir_ref value);
ir_ref ir_getf(struct ir_builder *b);
void ir_setf(struct ir_builder *b, ir_ref flags);

static inline ir_ref ir_op0(struct ir_builder *b, enum ir_op op, uint64_t imm)
{
    return ir_emit(b, op, IR_NONE, IR_NONE, IR_NONE, imm, 0);
}

static inline ir_ref ir_op1(struct ir_builder *b, enum ir_op op, ir_ref a)
{
    return ir_emit(b, op, a, IR_NONE, IR_NONE, 0, 0);
}

static inline ir_ref ir_op2(struct ir_builder *b, enum ir_op op, ir_ref a, ir_ref c)
{
    return ir_emit(b, op, a, c, IR_NONE, 0, 0);
}

static inline ir_ref ir_op3(struct ir_builder *b, enum ir_op op, ir_ref a, ir_ref c, ir_ref d)
{
    return ir_emit(b, op, a, c, d, 0, 0);
}

/* Many rows come in a pair NAME32, NAME64 that stand side by side: picks by sf. */
#define IR_SF(name, sf) ((sf) ? IR_##name##64 : IR_##name##32)

/* ir_call_sync of a helper without result where cond (I64) is not 0 only. */
void ir_call_sync_if(struct ir_builder *b, unsigned helper, ir_ref cond);

/* Calls (imm is the helper's immediate; unused arguments IR_NONE). After a sync call every GETX is
 * read anew. */
ir_ref ir_call_sync(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                    ir_ref a2);
ir_ref ir_call_i64(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                   ir_ref a2);
ir_ref ir_call_v128(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                    ir_ref a2);
