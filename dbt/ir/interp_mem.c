/* SPDX-License-Identifier: BSD-2-Clause */
/* What the memory rows mean: every access goes by mem_access and mem_cas (dbt/rt/mem.h). */
#include "dbt/ir/interp_rows.h"
#include "dbt/rt/mem.h"

static void load(struct interp *in, const struct ir_insn *i, uint64_t va, v128 *to, unsigned bytes,
                 unsigned flags)
{
    *to = (v128){{0, 0}};
    in->unwound =
        !mem_access(in->vcpu, va + i->imm, to, bytes, MEM_READ | mem_flags(i->aux, bytes) | flags);
}

static uint64_t load_int(struct interp *in, const struct ir_insn *i, uint64_t va, unsigned bytes)
{
    v128 value;

    load(in, i, va, &value, bytes, 0);
    return value.lane[0];
}

static void store(struct interp *in, const struct ir_insn *i, uint64_t va, v128 value,
                  unsigned bytes)
{
    in->unwound =
        !mem_access(in->vcpu, va + i->imm, &value, bytes, MEM_WRITE | mem_flags(i->aux, bytes));
}

INTERP_INT(LD8, load_int(in, i, X(0), 1))
INTERP_INT(LD16, load_int(in, i, X(0), 2))
INTERP_INT(LD32, load_int(in, i, X(0), 4))
INTERP_INT(LD64, load_int(in, i, X(0), 8))
INTERP_INT(LDS8_32, (uint32_t)sign_extend(load_int(in, i, X(0), 1), 8))
INTERP_INT(LDS16_32, (uint32_t)sign_extend(load_int(in, i, X(0), 2), 16))
INTERP_INT(LDS8_64, sign_extend(load_int(in, i, X(0), 1), 8))
INTERP_INT(LDS16_64, sign_extend(load_int(in, i, X(0), 2), 16))
INTERP_INT(LDS32_64, sign_extend(load_int(in, i, X(0), 4), 32))

#define INTERP_VECTOR(size, bytes)                                                                 \
    INTERP(LD##size)                                                                               \
    {                                                                                              \
        load(in, i, X(0), &r->v, bytes, 0);                                                        \
    }                                                                                              \
    INTERP(ST##size)                                                                               \
    {                                                                                              \
        store(in, i, X(0), V(1), bytes);                                                           \
    }
INTERP_VECTOR(V32, 4)
INTERP_VECTOR(V64, 8)
INTERP_VECTOR(128, 16)

#define INTERP_STORE(name, bytes)                                                                  \
    INTERP(name)                                                                                   \
    {                                                                                              \
        store(in, i, X(0), (v128){{X(1), 0}}, bytes);                                              \
    }
INTERP_STORE(ST8, 1)
INTERP_STORE(ST16, 2)
INTERP_STORE(ST32, 4)
INTERP_STORE(ST64, 8)

/* --- exclusives: a local monitor that holds what the load saw (B2.12) --- */
static void load_exclusive(struct interp *in, uint64_t va, v128 *to, unsigned bytes)
{
    struct a64_state *st = in->st;

    *to = (v128){{0, 0}};
    if (!mem_access(in->vcpu, va, to, bytes, MEM_READ | MEM_ALIGNED)) {
        in->unwound = true;
        return;
    }
    st->excl_addr = va;
    st->excl_size = bytes;
    st->excl_val[0] = to->lane[0];
    st->excl_val[1] = to->lane[1];
}

/* 0: stored, 1: the monitor was not for this address and size, or memory has changed. */
static uint64_t store_exclusive(struct interp *in, uint64_t va, v128 value, unsigned bytes)
{
    struct a64_state *st = in->st;
    v128 expected = {{st->excl_val[0], st->excl_val[1]}};
    v128 old = {{0, 0}};
    bool same = st->excl_addr == va && st->excl_size == bytes;

    if (same && !mem_cas(in->vcpu, va, &expected, &value, &old, bytes)) {
        in->unwound = true;
        return 0;
    }
    st->excl_addr = EXCL_NONE;
    return !same || old.lane[0] != expected.lane[0] || old.lane[1] != expected.lane[1];
}

INTERP(LDX)
{
    v128 value;

    load_exclusive(in, X(0), &value, (unsigned)i->imm);
    r->i = value.lane[0];
}

INTERP(LDX128)
{
    load_exclusive(in, X(0), &r->v, 16);
}

INTERP_INT(STX, store_exclusive(in, X(0), (v128){{X(1), 0}}, (unsigned)i->imm))
INTERP_INT(STX128, store_exclusive(in, X(0), V(1), 16))

INTERP(COUNT)
{
    in->st->icount += i->imm;
}

INTERP(CLREX)
{
    in->st->excl_addr = EXCL_NONE;
}

/* --- atomics --- */
#define MEM_RMW (MEM_READ | MEM_ALIGNED | MEM_ATOMIC)

static v128 compare_and_swap(struct interp *in, uint64_t va, v128 expected, v128 desired,
                             unsigned bytes)
{
    v128 old = {{0, 0}};

    in->unwound = !mem_access(in->vcpu, va, &old, bytes, MEM_RMW) ||
                  !mem_cas(in->vcpu, va, &expected, &desired, &old, bytes);
    return old;
}

static uint64_t low_bytes(uint64_t value, unsigned bytes)
{
    return value & MASK(bytes * 8 - 1, 0);
}

INTERP_INT(CAS, compare_and_swap(in, X(0), (v128){{low_bytes(X(1), (unsigned)i->imm), 0}},
                                 (v128){{X(2), 0}}, (unsigned)i->imm)
                    .lane[0])

INTERP(CAS128)
{
    r->v = compare_and_swap(in, X(0), V(1), V(2), 16);
}

static uint64_t atomic_result(enum ir_atomic op, uint64_t old, uint64_t operand, unsigned bytes)
{
    uint64_t y = low_bytes(operand, bytes);
    int64_t s_old = sign_extend(old, bytes * 8);
    int64_t s_y = sign_extend(y, bytes * 8);

    switch (op) {
    case IR_ATOMIC_ADD: return old + y;
    case IR_ATOMIC_CLR: return old & ~y;
    case IR_ATOMIC_EOR: return old ^ y;
    case IR_ATOMIC_SET: return old | y;
    case IR_ATOMIC_SMAX: return s_old > s_y ? old : y;
    case IR_ATOMIC_SMIN: return s_old < s_y ? old : y;
    case IR_ATOMIC_UMAX: return old > y ? old : y;
    case IR_ATOMIC_UMIN: return old < y ? old : y;
    case IR_ATOMIC_SWP: return y;
    }
    return old;
}

INTERP(ATOMIC)
{
    unsigned bytes = (unsigned)(i->imm & 0xff);
    enum ir_atomic op = (enum ir_atomic)(i->imm >> 8);
    uint64_t seen, old = 0;

    in->unwound = !mem_access(in->vcpu, X(0), &old, bytes, MEM_RMW);
    do {
        uint64_t desired = atomic_result(op, old, X(1), bytes);

        seen = old;
        old = 0;
        if (in->unwound || !mem_cas(in->vcpu, X(0), &seen, &desired, &old, bytes)) {
            in->unwound = true;
            return;
        }
    } while (old != seen);
    r->i = old;
}

INTERP(PREFETCH)
{
}

INTERP(FENCE)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

INTERP(CHECK_SP)
{
    if (X(0) & 15) {
        mem_sp_fault(in->vcpu);
        in->unwound = true;
    }
}
