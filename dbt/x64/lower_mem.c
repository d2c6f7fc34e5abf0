/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory: plain loads and stores, checks. */
/*
 * Addresses are formed by the platform's memory model (compile.h). The x86 instruction that touches
 * guest memory is a site: when it faults, nothing of the guest instruction has happened. What the
 * host cannot do in place (misaligned atomics, unprivileged accesses) goes through UD2 to the
 * interpreter.
 */
#include "dbt/x64/x64.h"

/* In the view, or in the second one where the platform has it and the access is unprivileged. */
static struct x86_mem view_address(struct x64 *c, int64_t imm, bool user)
{
    unsigned a = x64_use(c, 0), t = a, u, table = REG_BIAS;
    bool near = imm == (int32_t)imm;

    if (c->env->mem_model == MEM_BIAS && near) {
        return mem_index(a, REG_BIAS, 0, (int32_t)imm);
    }
    if (imm) {
        t = x64_scratch(c);
        if (near) {
            emit_rm(c, X_LEA_RM | X_W, t, mem_base(a, (int32_t)imm));
        } else {
            emit_const(c, t, (uint64_t)imm);
            emit_rm(c, X_LEA_RM | X_W, t, mem_index(t, a, 0, 0));
        }
    }
    if (c->env->mem_model == MEM_BIAS) {
        return mem_index(t, REG_BIAS, 0, 0);
    }
    u = x64_scratch(c);
    emit_const(c, u, 39);
    emit_vrr(c, X_SARX_RMV | X_W, u, u, t);
    if (user) {
        table = x64_scratch(c);
        emit_rm(c, X_MOV_RM | X_W, table, ST_FIELD(user_bias));
    }
    x64_site(c); /* an address out of range faults here */
    emit_rm(c, X_MOV_RM | X_W, u, mem_index(table, u, 3, 0));
    return mem_index(t, u, 0, 0);
}

struct x86_mem x64_guest_address(struct x64 *c, int64_t imm)
{
    return view_address(c, imm, false);
}

/* To the interpreter unless arg0 + disp is a multiple of size. Destroys RFLAGS. */
static void check_aligned(struct x64 *c, int64_t disp, unsigned size)
{
    unsigned a = x64_use(c, 0);

    if (disp & (size - 1)) {
        unsigned t = x64_scratch(c);

        emit_rm(c, X_LEA_RM, t, mem_base(a, (int32_t)(disp & (size - 1))));
        a = t;
    }
    emit_ri8(c, X_TEST8_MI8, a, size - 1);
    x64_check(c, CC_NE);
}

/* What aux asks for before the access; false when the access is the interpreter's altogether. */
static bool checks(struct x64 *c, const struct ir_insn *i, unsigned size)
{
    if ((i->aux & IR_MEM_UNPRIV) && c->env->mem_model == MEM_BIAS) {
        x64_site(c);
        emit_op(c, X_UD2);
        return false;
    }
    if ((i->aux & IR_MEM_ALIGN) && size > 1) {
        x64_flags_clobber(c);
        check_aligned(c, (int64_t)i->imm, size);
    }
    return true;
}

static void load(struct x64 *c, const struct ir_insn *i, x86_form form, unsigned size)
{
    bool direct = checks(c, i, size);
    struct x86_mem from;
    unsigned d;

    if (!direct) {
        x64_def(c);
        return;
    }
    from = view_address(c, (int64_t)i->imm, i->aux & IR_MEM_UNPRIV);
    d = x64_def_late(c);
    x64_site(c);
    emit_rm(c, form, d, from);
}

static void store(struct x64 *c, const struct ir_insn *i, x86_form form, unsigned size)
{
    struct x86_mem to;
    unsigned data;

    if (!checks(c, i, size)) {
        return;
    }
    to = view_address(c, (int64_t)i->imm, i->aux & IR_MEM_UNPRIV);
    data = x64_use(c, 1);
    x64_site(c);
    emit_rm(c, form, data, to);
}

/* A store of a constant needs no register for it. */
static void store_word(struct x64 *c, const struct ir_insn *i, unsigned w, unsigned size)
{
    struct x86_mem to;
    int32_t imm;

    if (!x64_imm32(c, 1, w, &imm)) {
        store(c, i, X_MOV_MR | w, size);
    } else if (checks(c, i, size)) {
        to = view_address(c, (int64_t)i->imm, i->aux & IR_MEM_UNPRIV);
        x64_site(c);
        emit_mi32(c, X_MOV_MI32 | w, to, imm);
    }
}

LOWER(LD8)
{
    load(c, i, X_MOVZX8_RM, 1);
}

LOWER(LD16)
{
    load(c, i, X_MOVZX16_RM, 2);
}

LOWER(LD32)
{
    load(c, i, X_MOV_RM, 4);
}

LOWER(LD64)
{
    load(c, i, X_MOV_RM | X_W, 8);
}

LOWER(LDS8_32)
{
    load(c, i, X_MOVSX8_RM, 1);
}

LOWER(LDS16_32)
{
    load(c, i, X_MOVSX16_RM, 2);
}

LOWER(LDS8_64)
{
    load(c, i, X_MOVSX8_RM | X_W, 1);
}

LOWER(LDS16_64)
{
    load(c, i, X_MOVSX16_RM | X_W, 2);
}

LOWER(LDS32_64)
{
    load(c, i, X_MOVSXD_RM, 4);
}

LOWER(LD128)
{
    load(c, i, X_VMOVDQU_RM, 16);
}

LOWER(ST8)
{
    store(c, i, X_MOV8_MR, 1);
}

LOWER(ST16)
{
    store(c, i, X_MOV16_MR, 2);
}

LOWER(ST32)
{
    store_word(c, i, 0, 4);
}

LOWER(ST64)
{
    store_word(c, i, X_W, 8);
}

LOWER(ST128)
{
    store(c, i, X_VMOVDQU_MR, 16);
}

LOWER(PREFETCH)
{
    if (c->env->mem_model == MEM_BIAS) { /* through a table it would cost more than it gains */
        emit_m(c, X_PREFETCHT0, x64_guest_address(c, (int64_t)i->imm));
    }
}

LOWER(CHECK_ALIGN)
{
    x64_flags_clobber(c);
    if ((i->aux & IR_CHECK_SIZE) > 1) {
        check_aligned(c, (int64_t)i->imm, i->aux & IR_CHECK_SIZE);
    }
}

LOWER(CHECK_SP)
{
    x64_flags_clobber(c);
    check_aligned(c, 0, 16);
}
