/* SPDX-License-Identifier: BSD-2-Clause */
/* Exclusives and atomics: the monitor in struct a64_state, the locked instructions. */
/*
 * STX is CMPXCHG of the value that LDX saw. Every access is checked for alignment first (B2.5.2);
 * the x86 instruction that touches memory is a site at which nothing of the guest instruction has
 * happened.
 */
#include "dbt/x64/x64.h"

static void check_aligned(struct x64 *c, unsigned size)
{
    if (size > 1) {
        emit_ri8(c, X_TEST8_MI8, x64_use(c, 0), size - 1);
        x64_check(c, CC_NE);
    }
}

static x86_form load_form(unsigned size)
{
    return size == 1   ? X_MOVZX8_RM
           : size == 2 ? X_MOVZX16_RM
           : size == 4 ? X_MOV_RM
                       : X_MOV_RM | X_W;
}

static x86_form sized(unsigned size, x86_form f8, x86_form f16, x86_form f32)
{
    return size == 1 ? f8 : size == 2 ? f16 : size == 4 ? f32 : f32 | X_W;
}

static x86_form cmpxchg_form(unsigned size)
{
    return sized(size, X_CMPXCHG8_MR, X_CMPXCHG16_MR, X_CMPXCHG_MR);
}

/* reg's low bytes zero extended. */
static void zero_extend(struct x64 *c, unsigned reg, unsigned size)
{
    if (size < 8) {
        emit_rr(c, load_form(size), reg, reg);
    }
}

/* --- exclusives --- */
static void set_monitor(struct x64 *c, unsigned address, unsigned size)
{
    emit_rm(c, X_MOV_MR | X_W, address, ST_FIELD(excl_addr));
    emit_mi32(c, X_MOV_MI32 | X_W, ST_FIELD(excl_size), (int32_t)size);
}

LOWER(LDX)
{
    unsigned size = (unsigned)i->imm, d;
    struct x86_mem from;

    x64_flags_clobber(c);
    check_aligned(c, size);
    from = x64_guest_address(c, 0);
    d = x64_def(c);
    x64_site(c);
    emit_rm(c, load_form(size), d, from);
    emit_rm(c, X_MOV_MR | X_W, d, ST_FIELD(excl_val[0]));
    set_monitor(c, x64_use(c, 0), size);
}

LOWER(LDX128)
{
    struct x86_mem from;
    unsigned d;

    x64_flags_clobber(c);
    check_aligned(c, 16);
    from = x64_guest_address(c, 0);
    d = x64_def(c);
    x64_site(c);
    emit_rm(c, X_VMOVDQA_RM, d, from); /* aligned: one access on every host with AVX */
    emit_rm(c, X_VMOVDQU_MR, d, ST_FIELD(excl_val[0]));
    set_monitor(c, x64_use(c, 0), 16);
}

/* Out of line: the monitor was not for this access. reg[0] is the result. */
static void fail_exclusive(struct x64 *c, const struct x64_ool *o)
{
    emit_const(c, o->reg[0], 1);
    emit_mi32(c, X_MOV_MI32 | X_W, ST_FIELD(excl_addr), -1);
    emit_jmp_back(c, o->back);
}

/* What both widths do around their CMPXCHG. d: the status register. */
struct exclusive_store {
    struct x64_ool *other_address, *other_size;
    unsigned d;
};

static struct exclusive_store begin_exclusive(struct x64 *c, unsigned size)
{
    unsigned a = x64_use(c, 0);
    struct exclusive_store s = {.d = x64_def(c)};

    emit_rm(c, X_CMP_RM | X_W, a, ST_FIELD(excl_addr));
    s.other_address = x64_ool(c, fail_exclusive, emit_jcc(c, CC_NE));
    emit_mi(c, X_CMP_MI | X_W, ST_FIELD(excl_size), (int32_t)size);
    s.other_size = x64_ool(c, fail_exclusive, emit_jcc(c, CC_NE));
    s.other_address->reg[0] = s.other_size->reg[0] = (uint8_t)s.d;
    return s;
}

static void end_exclusive(struct x64 *c, const struct exclusive_store *s)
{
    emit_const(c, s->d, 0);
    emit_setcc(c, CC_NE, s->d);
    emit_mi32(c, X_MOV_MI32 | X_W, ST_FIELD(excl_addr), -1);
    s->other_address->back = s->other_size->back = c->p;
}

LOWER(STX)
{
    unsigned size = (unsigned)i->imm, data;
    struct exclusive_store s;
    struct x86_mem to;

    x64_flags_clobber(c);
    x64_take(c, RAX);
    data = x64_use(c, 1);
    to = x64_guest_address(c, 0);
    s = begin_exclusive(c, size);
    emit_rm(c, X_MOV_RM | X_W, RAX, ST_FIELD(excl_val[0]));
    x64_site(c);
    emit_rm(c, cmpxchg_form(size), data, to);
    end_exclusive(c, &s);
}

/* The operands of CMPXCHG16B beside memory. */
static void take_pairs(struct x64 *c)
{
    x64_take(c, RAX);
    x64_take(c, RDX);
    x64_take(c, RBX);
    x64_take(c, RCX);
}

static void split(struct x64 *c, unsigned low, unsigned high, unsigned xmm)
{
    emit_rr(c, X_VMOVQ_MR, xmm, low);
    emit_rri(c, X_VPEXTRQ, xmm, high, 1);
}

LOWER(STX128)
{
    struct exclusive_store s;
    struct x86_mem to;

    x64_flags_clobber(c);
    take_pairs(c);
    split(c, RBX, RCX, x64_use(c, 1));
    to = x64_guest_address(c, 0);
    s = begin_exclusive(c, 16);
    emit_rm(c, X_MOV_RM | X_W, RAX, ST_FIELD(excl_val[0]));
    emit_rm(c, X_MOV_RM | X_W, RDX, ST_FIELD(excl_val[1]));
    x64_site(c);
    emit_m(c, X_CMPXCHG16B, to);
    end_exclusive(c, &s);
}

/* --- compare and swap --- */
LOWER(CAS)
{
    unsigned size = (unsigned)i->imm, desired;
    struct x86_mem at;

    x64_flags_clobber(c);
    x64_copy_to(c, 1, RAX);
    check_aligned(c, size);
    at = x64_guest_address(c, 0);
    desired = x64_use(c, 2);
    x64_site(c);
    emit_rm(c, cmpxchg_form(size), desired, at);
    zero_extend(c, RAX, size);
    x64_def_in(c, RAX);
}

LOWER(CAS128)
{
    struct x86_mem at;
    unsigned d;

    x64_flags_clobber(c);
    take_pairs(c);
    check_aligned(c, 16);
    split(c, RAX, RDX, x64_use(c, 1));
    split(c, RBX, RCX, x64_use(c, 2));
    at = x64_guest_address(c, 0);
    d = x64_def(c);
    x64_site(c);
    emit_m(c, X_CMPXCHG16B, at);
    emit_rr(c, X_VMOVQ_RM, d, RAX);
    emit_vrri(c, X_VPINSRQ, d, d, RDX, 1);
}

/* --- read-modify-write --- */
/* XADD and XCHG give the old value in the operand's register. */
static void exchange(struct x64 *c, unsigned size, x86_form form)
{
    struct x86_mem at;
    unsigned d;

    check_aligned(c, size);
    at = x64_guest_address(c, 0);
    d = x64_def_from(c, 1);
    x64_site(c);
    emit_rm(c, form, d, at);
    if (size < 4) {
        zero_extend(c, d, size);
    }
}

static bool is_signed(enum ir_atomic op)
{
    return op == IR_ATOMIC_SMAX || op == IR_ATOMIC_SMIN;
}

/* reg = from's low bytes, extended as op compares them. */
static void extend(struct x64 *c, enum ir_atomic op, unsigned size, unsigned reg, unsigned from)
{
    if (size == 8) {
        emit_mov(c, reg, from);
    } else if (!is_signed(op)) {
        emit_rr(c, load_form(size), reg, from);
    } else {
        emit_rr(c,
                size == 1   ? X_MOVSX8_RM | X_W
                : size == 2 ? X_MOVSX16_RM | X_W
                            : X_MOVSXD_RM,
                reg, from);
    }
}

/* t = what op makes of the old value in RAX and the operand y; z is free, and y extended in it. */
static void combine(struct x64 *c, enum ir_atomic op, unsigned size, unsigned t, unsigned y,
                    unsigned z)
{
    static const uint8_t keep_operand[] = {[IR_ATOMIC_SMAX] = CC_L,
                                           [IR_ATOMIC_SMIN] = CC_G,
                                           [IR_ATOMIC_UMAX] = CC_B,
                                           [IR_ATOMIC_UMIN] = CC_A};

    switch (op) {
    case IR_ATOMIC_CLR: emit_vrr(c, X_ANDN_RVM | X_W, t, y, RAX); break;
    case IR_ATOMIC_EOR:
        emit_mov(c, t, RAX);
        emit_rr(c, X_XOR_RM | X_W, t, y);
        break;
    case IR_ATOMIC_SET:
        emit_mov(c, t, RAX);
        emit_rr(c, X_OR_RM | X_W, t, y);
        break;
    default:
        extend(c, op, size, t, RAX);
        emit_rr(c, X_CMP_RM | X_W, t, z);
        emit_cmov(c, (enum x86_cc)keep_operand[op], X_W, t, z);
        break;
    }
}

static void update_by_loop(struct x64 *c, unsigned size, enum ir_atomic op)
{
    unsigned y, t, z;
    struct x86_mem at;
    const uint8_t *again;

    x64_take(c, RAX);
    check_aligned(c, size);
    at = x64_guest_address(c, 0);
    y = x64_use(c, 1);
    t = x64_scratch(c);
    z = x64_scratch(c);
    extend(c, op, size, z, y);
    x64_site(c);
    emit_rm(c, load_form(size), RAX, at);
    again = c->p;
    combine(c, op, size, t, y, z);
    x64_site(c);
    emit_rm(c, cmpxchg_form(size), t, at);
    emit_jcc_back(c, CC_NE, again);
    x64_def_in(c, RAX);
}

/* Bits changed in memory whose old value nobody wants: STSET, STCLR, STEOR. */
static void update_in_place(struct x64 *c, unsigned size, enum ir_atomic op)
{
    struct x86_mem at;
    x86_form form;
    unsigned y;

    check_aligned(c, size);
    at = x64_guest_address(c, 0);
    if (op == IR_ATOMIC_CLR) {
        y = x64_copy(c, 1);
        emit_r(c, X_NOT_M | X_W, y);
        form = sized(size, X_LOCK_AND8, X_LOCK_AND16, X_LOCK_AND);
    } else {
        y = x64_use(c, 1);
        form = op == IR_ATOMIC_SET ? sized(size, X_LOCK_OR8, X_LOCK_OR16, X_LOCK_OR)
                                   : sized(size, X_LOCK_XOR8, X_LOCK_XOR16, X_LOCK_XOR);
    }
    x64_site(c);
    emit_rm(c, form, y, at);
}

LOWER(ATOMIC)
{
    unsigned size = (unsigned)(i->imm & 0xff);
    enum ir_atomic op = (enum ir_atomic)(i->imm >> 8);

    x64_flags_clobber(c);
    if (op == IR_ATOMIC_ADD) {
        exchange(c, size, sized(size, X_XADD8_MR, X_XADD16_MR, X_XADD_MR));
    } else if (op == IR_ATOMIC_SWP) {
        exchange(c, size, sized(size, X_XCHG8_MR, X_XCHG16_MR, X_XCHG_MR));
    } else if (x64_result_unused(c) && op >= IR_ATOMIC_CLR && op <= IR_ATOMIC_SET) {
        update_in_place(c, size, op);
    } else {
        update_by_loop(c, size, op);
    }
}
