/* SPDX-License-Identifier: BSD-2-Clause */
/* The interpreter's loop, and what the rows for state, calls and ends mean. */
#include "dbt/ir/interp.h"

#include "dbt/ir/interp_rows.h"
#include "dbt/rt/fault.h"
#include "dbt/rt/helpers.h"

interp_fn *const interp_fns[IR_OP_COUNT] = {
#define IR_OP(name, res, a0, a1, a2, effects) interp_##name,
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP
};

enum interp_result interp_run(struct vcpu *vcpu, struct a64_state *st, const struct ir_block *block,
                              enum ir_exit *exit)
{
    union ir_value value[IR_MAX_INSNS];
    struct interp in = {.vcpu = vcpu, .st = st, .block = block};

    for (unsigned n = 0; !in.done; n++) {
        const struct ir_insn *i = &block->insn[n];
        const union ir_value *arg[3];

        for (unsigned k = 0; k < 3; k++) {
            arg[k] = i->arg[k] == IR_NONE ? NULL : &value[i->arg[k]];
        }
        interp_fns[i->op](&in, i, arg, &value[n]);
        if (in.unwound) {
            return INTERP_UNWIND;
        }
    }
    *exit = in.exit;
    return INTERP_EXIT;
}

/* --- guest state --- */
INTERP(INSN)
{
    in->st->pc = in->st->pc_page + i->imm;
}

INTERP_INT(PCREL, in->st->pc_page + i->imm)
INTERP_INT(GETX, in->st->x[i->imm])

INTERP(SETX)
{
    in->st->x[i->imm] = X(0);
}

INTERP(GETV)
{
    r->v = in->st->v[i->imm];
}

INTERP(SETV)
{
    in->st->v[i->imm] = V(0);
}

INTERP_FLAGS(GETF, nzcv_to_arm(in->st->nzcv))

INTERP(SETF)
{
    in->st->nzcv = nzcv_from_arm(F(0));
}

static void *field(struct interp *in, const struct ir_insn *i)
{
    return (char *)in->st + i->imm;
}

INTERP_INT(LDS32, *(const uint32_t *)field(in, i))
INTERP_INT(LDS64, *(const uint64_t *)field(in, i))

INTERP(STS32)
{
    *(uint32_t *)field(in, i) = W(0);
}

INTERP(STS64)
{
    *(uint64_t *)field(in, i) = X(0);
}

INTERP(CNTVCT)
{
    const struct a64_state *st = in->st;
    uint64_t ticks = __builtin_ia32_rdtsc() + st->cnt_base;

    r->i = (uint64_t)((unsigned __int128)ticks * st->cnt_mult >> 64) - st->cntvoff;
}

/* --- calls --- */
static enum ir_type arg_type(const struct interp *in, const struct ir_insn *i, unsigned n)
{
    return ir_rows[in->block->insn[i->arg[n]].op].result;
}

/* Argument n as a helper gets it: zero extended, a vector by its address, 0 where there is none. */
static uint64_t call_arg(const struct interp *in, const struct ir_insn *i,
                         const union ir_value *const a[3], unsigned n)
{
    if (!a[n]) {
        return 0;
    }
    switch (arg_type(in, i, n)) {
    case IR_V128: return (uintptr_t)&a[n]->v;
    case IR_I32: return W(n);
    default: return X(n);
    }
}

INTERP(CALL_SYNC)
{
    if (i->aux && !X(0)) {
        return;
    }
    in->st->unwind = 0;
    r->i = rt_call_sync(in->vcpu, IR_CALL_HELPER(i->imm), call_arg(in, i, a, 0),
                        call_arg(in, i, a, 1), call_arg(in, i, a, 2), IR_CALL_VALUE(i->imm));
    in->unwound = in->st->unwind != 0;
}

typedef uint64_t pure_i64_fn(struct a64_state *, uint64_t, uint64_t, uint64_t, uint32_t);
typedef void pure_v128_fn(struct a64_state *, v128 *, uint64_t, uint64_t, uint64_t, uint32_t);

INTERP(CALL_I64)
{
    pure_i64_fn *fn = (pure_i64_fn *)help_pure[IR_CALL_HELPER(i->imm)];

    r->i = fn(in->st, call_arg(in, i, a, 0), call_arg(in, i, a, 1), call_arg(in, i, a, 2),
              IR_CALL_VALUE(i->imm));
}

INTERP(CALL_V128)
{
    pure_v128_fn *fn = (pure_v128_fn *)help_pure[IR_CALL_HELPER(i->imm)];

    fn(in->st, &r->v, call_arg(in, i, a, 0), call_arg(in, i, a, 1), call_arg(in, i, a, 2),
       IR_CALL_VALUE(i->imm));
}

/* --- ends --- */
static void go(struct interp *in, uint64_t pc)
{
    in->st->pc = pc;
    in->exit = EXIT_LOOKUP;
    in->done = true;
}

static void go_if(struct interp *in, const struct ir_insn *i, bool taken)
{
    bool is_end = i == &in->block->insn[in->block->count - 1];

    if (!taken && !is_end) {
        return;
    }
    go(in, in->st->pc_page + (taken ? IR_TAKEN(i->imm) : IR_NEXT(i->imm)));
}

static void leave(struct interp *in, const struct ir_insn *i, uint64_t pc)
{
    in->st->pc = pc;
    in->st->exit_arg = i->imm;
    in->exit = (enum ir_exit)i->aux;
    in->done = true;
}

INTERP(JUMP)
{
    go(in, in->st->pc_page + i->imm);
}

INTERP(BRCOND)
{
    go_if(in, i, interp_cond(i->aux, F(0)));
}

INTERP(BRZ32)
{
    go_if(in, i, (W(0) == 0) != (i->aux & 1));
}

INTERP(BRZ64)
{
    go_if(in, i, (X(0) == 0) != (i->aux & 1));
}

INTERP(BRBIT)
{
    go_if(in, i, bit(X(0), i->aux & 63) == !!(i->aux & 64));
}

INTERP(BRIND)
{
    go(in, X(0));
}

INTERP(EXIT)
{
    leave(in, i, in->st->pc);
}

INTERP(EXIT_NEXT)
{
    leave(in, i, in->st->pc + 4);
}
