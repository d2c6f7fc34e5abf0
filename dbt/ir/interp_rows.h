/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the interpreter: one function per row, interp_NAME, whose body is the row's meaning. */
/*
 * A row without its function does not link. The value of an I32 row may have anything in its upper
 * half, so readers of I32 arguments use W(); flags are in Arm form (bits 31..28).
 */
#pragma once

#include "dbt/ir/interp.h"
#include "dbt/ir/ir.h"
#include "dbt/state.h"

union ir_value {
    uint64_t i;
    uint32_t flags;
    v128 v;
};

struct interp {
    struct vcpu *vcpu;
    struct a64_state *st;
    const struct ir_block *block;
    enum ir_exit exit; /* valid when done */
    bool done;         /* an END row has run */
    bool unwound;      /* an access or a helper took an exception */
};

/* Runs row i with the values of its arguments a[0..2] (NULL where it has none), result to *r. */
typedef void interp_fn(struct interp *in, const struct ir_insn *i, const union ir_value *const a[3],
                       union ir_value *r);

#define IR_OP(name, res, a0, a1, a2, effects) interp_fn interp_##name;
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP

extern interp_fn *const interp_fns[IR_OP_COUNT];

/* Opens the definition of a row's function. */
#define INTERP(name)                                                                               \
    void interp_##name(__attribute__((unused)) struct interp *in,                                  \
                       __attribute__((unused)) const struct ir_insn *i,                            \
                       __attribute__((unused)) const union ir_value *const a[3],                   \
                       __attribute__((unused)) union ir_value *r)

/* The arguments in the row's types. */
#define X(n) (a[n]->i)
#define W(n) ((uint32_t)a[n]->i)
#define F(n) (a[n]->flags)
#define V(n) (a[n]->v)

/* A row whose result is one expression. */
#define INTERP_INT(name, expression)                                                               \
    INTERP(name)                                                                                   \
    {                                                                                              \
        r->i = (uint64_t)(expression);                                                             \
    }
#define INTERP_FLAGS(name, expression)                                                             \
    INTERP(name)                                                                                   \
    {                                                                                              \
        r->flags = (expression);                                                                   \
    }

/* Whether condition cond holds for flags in Arm form (C1.2.4, ConditionHolds). */
bool interp_cond(unsigned cond, uint32_t nzcv);
