/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest state, calls of helpers, time. */
#include "dbt/x64/x64.h"

LOWER(INSN)
{
    if (!x64_locs_left(c)) {
        x64_write_back(c);
    }
    c->guest = (unsigned)i->imm;
    if (c->nzcv_lost) {
        return; /* interrupts are taken a little later */
    }
    x64_locate(c);
    x64_add_site(c, c->guest, c->loc, c->loc_count, true);
}

LOWER(PCREL)
{
}

LOWER(GETX)
{
    x64_read(c, (unsigned)i->imm, (ir_ref)c->row);
}

LOWER(SETX)
{
    x64_bind(c, (unsigned)i->imm, c->arg[0]);
}

LOWER(GETV)
{
    x64_read(c, LOC_SLOT_V + (unsigned)i->imm, (ir_ref)c->row);
}

LOWER(SETV)
{
    x64_bind(c, LOC_SLOT_V + (unsigned)i->imm, c->arg[0]);
}

LOWER(GETF)
{
    x64_read(c, LOC_SLOT_NZCV, (ir_ref)c->row);
}

LOWER(SETF)
{
    x64_bind(c, LOC_SLOT_NZCV, c->arg[0]);
    c->nzcv_lost = false;
}

LOWER(LDS32)
{
    emit_rm(c, X_MOV_RM, x64_def(c), x64_state(i->imm));
}

LOWER(LDS64)
{
    emit_rm(c, X_MOV_RM | X_W, x64_def(c), x64_state(i->imm));
}

static void store_field(struct x64 *c, const struct ir_insn *i, unsigned w)
{
    int32_t imm;

    if (x64_imm32(c, 0, w, &imm)) {
        emit_mi32(c, X_MOV_MI32 | w, x64_state(i->imm), imm);
    } else {
        emit_rm(c, X_MOV_MR | w, x64_use(c, 0), x64_state(i->imm));
    }
}

LOWER(STS32)
{
    store_field(c, i, 0);
}

LOWER(STS64)
{
    store_field(c, i, X_W);
}

LOWER(COUNT)
{
    x64_flags_clobber(c);
    emit_mi32(c, X_ADD_MI | X_W, ST_FIELD(icount), (int32_t)i->imm);
}

LOWER(CNTVCT)
{
    x64_flags_clobber(c);
    x64_take(c, RAX);
    x64_take(c, RDX);
    emit_op(c, X_RDTSC);
    emit_ri8(c, X_SHL_MI8 | X_W, RDX, 32);
    emit_rr(c, X_OR_RM | X_W, RAX, RDX);
    emit_rm(c, X_ADD_RM | X_W, RAX, ST_FIELD(cnt_base));
    emit_m(c, X_MUL_M | X_W, ST_FIELD(cnt_mult));
    emit_rm(c, X_SUB_RM | X_W, RDX, ST_FIELD(cntvoff));
    x64_def_in(c, RDX);
}

/* --- calls
 * ------------------------------------------------------------------------------------------------
 */
static enum ir_type declared_type(const struct x64 *c, const struct ir_insn *i, unsigned k)
{
    return (enum ir_type)ir_rows[c->block->insn[i->arg[k]].op].result;
}

/* Argument k in reg as a helper takes it: an I32 zero extended, a vector by the address of its
 * copy. */
static void pass(struct x64 *c, const struct ir_insn *i, unsigned k, unsigned reg)
{
    enum ir_type type;

    if (i->arg[k] == IR_NONE) {
        x64_take(c, reg);
        emit_const(c, reg, 0);
        return;
    }
    type = declared_type(c, i, k);
    if (type == IR_V128) {
        struct x86_mem copy = x64_state(offsetof(struct a64_state, vtmp) + k * sizeof(v128));

        x64_take(c, reg);
        emit_rm(c, X_VMOVDQA_MR, x64_use(c, k), copy);
        emit_rm(c, X_LEA_RM | X_W, reg, copy);
        return;
    }
    x64_copy_to(c, k, reg);
    if (type == IR_I32 && ir_rows[c->block->insn[c->arg[k]].op].result == IR_I64) {
        emit_rr(c, X_MOV_RM, reg, reg);
    }
}

/* st.pc = the guest instruction's address, by way of reg. */
static void store_pc(struct x64 *c, unsigned reg)
{
    emit_rm(c, X_MOV_RM | X_W, reg, ST_FIELD(pc_page));
    emit_rm(c, X_LEA_RM | X_W, reg, mem_base(reg, (int32_t)c->guest));
    emit_rm(c, X_MOV_MR | X_W, reg, ST_FIELD(pc));
}

LOWER(CALL_SYNC)
{
    static const uint8_t in[3] = {RDI, RSI, R8};
    uint8_t *skip = NULL;

    x64_flags_clobber(c);
    x64_write_back(c);
    for (unsigned k = 0; k < 3; k++) {
        pass(c, i, k, in[k]);
    }
    x64_take(c, RAX);
    x64_take(c, RDX);
    x64_forget(c);
    if (i->aux) {
        emit_rr(c, X_TEST_MR | X_W, RDI, RDI);
        skip = emit_jcc8(c, CC_E);
    }
    store_pc(c, RAX);
    emit_const(c, RAX, IR_CALL_HELPER(i->imm));
    emit_const(c, RDX, IR_CALL_VALUE(i->imm));
    emit_call_to(c, c->env->call_sync);
    if (skip) {
        emit_bind8(c, skip);
    }
    x64_def_in(c, RAX);
}

/* The registers of the System V ABI after those that the call itself needs. */
static void call_pure(struct x64 *c, const struct ir_insn *i, const uint8_t *in, unsigned imm_reg)
{
    x64_flags_clobber(c);
    for (unsigned k = 0; k < 3; k++) {
        pass(c, i, k, in[k]);
    }
    x64_take(c, imm_reg);
    emit_const(c, imm_reg, IR_CALL_VALUE(i->imm));
    if (in[0] != RSI) {
        x64_take(c, RSI);
        emit_rm(c, X_LEA_RM | X_W, RSI, ST_FIELD(vtmp[3]));
    }
    x64_evict(c, CALL_CLOBBERS);
    emit_rm(c, X_LEA_RM | X_W, RDI, x64_state(0));
    emit_call_to(c, c->env->pure[IR_CALL_HELPER(i->imm)]);
}

LOWER(CALL_I64)
{
    static const uint8_t in[3] = {RSI, RDX, RCX};

    call_pure(c, i, in, R8);
    if (!(c->scratch >> RAX & 1)) {
        x64_take(c, RAX);
    }
    x64_def_in(c, RAX);
}

LOWER(CALL_V128)
{
    static const uint8_t in[3] = {RDX, RCX, R8};

    call_pure(c, i, in, R9);
    emit_rm(c, X_VMOVDQA_RM, x64_def(c), ST_FIELD(vtmp[3]));
}

/* --- the same out of line, where the allocator is not to be asked --- */
static void push_registers(struct x64 *c, uint32_t regs)
{
    for (uint32_t left = regs; left; left &= left - 1) {
        emit_o(c, X_PUSH_O, (unsigned)__builtin_ctz(left));
    }
    if (__builtin_popcount(regs) & 1) {
        emit_o(c, X_PUSH_O, RAX); /* RSP stays a multiple of 16 */
    }
}

static void pop_registers(struct x64 *c, uint32_t regs)
{
    if (__builtin_popcount(regs) & 1) {
        emit_o(c, X_POP_O, RDI);
    }
    while (regs) {
        unsigned reg = 31u - (unsigned)__builtin_clz(regs);

        emit_o(c, X_POP_O, reg);
        regs &= ~(1u << reg);
    }
}

void x64_ool_call(struct x64 *c, const struct x64_ool *o, unsigned helper, uint32_t imm,
                  const uint8_t arg[3], unsigned d)
{
    static const uint8_t in[3] = {RDX, RCX, R8};
    uint32_t saved = o->live & CALL_CLOBBERS;

    push_registers(c, saved);
    for (unsigned k = 0; k < 3; k++) {
        struct x86_mem copy = x64_state(offsetof(struct a64_state, vtmp) + k * sizeof(v128));

        if (arg[k] == X64_NONE) {
            emit_const(c, in[k], 0);
        } else {
            emit_rm(c, X_VMOVDQA_MR, arg[k], copy);
            emit_rm(c, X_LEA_RM | X_W, in[k], copy);
        }
    }
    emit_rm(c, X_LEA_RM | X_W, RDI, x64_state(0));
    emit_rm(c, X_LEA_RM | X_W, RSI, ST_FIELD(vtmp[3]));
    emit_const(c, R9, imm);
    emit_call_to(c, c->env->pure[helper]);
    pop_registers(c, saved);
    emit_rm(c, X_VMOVDQA_RM, d, ST_FIELD(vtmp[3]));
}

/* Moves the XMM registers to or from the stack, RFLAGS kept. */
static void stack_vectors(struct x64 *c, uint32_t regs, bool save)
{
    int32_t size = 16 * __builtin_popcount(regs), at = 0;

    if (save && size) {
        emit_rm(c, X_LEA_RM | X_W, RSP, mem_base(RSP, -size));
    }
    for (uint32_t left = regs; left; left &= left - 1, at += 16) {
        emit_rm(c, save ? X_VMOVDQU_MR : X_VMOVDQU_RM, (unsigned)__builtin_ctz(left),
                mem_base(RSP, at));
    }
    if (!save && size) {
        emit_rm(c, X_LEA_RM | X_W, RSP, mem_base(RSP, size));
    }
}

void x64_ool_sync(struct x64 *c, const struct x64_ool *o, unsigned helper, uint32_t imm, unsigned a)
{
    uint32_t vectors = (o->live & XMM_MASK) >> XMM_FIRST, general = o->live & GPR_MASK;

    push_registers(c, general);
    stack_vectors(c, vectors, true);
    emit_mov(c, RDI, a);
    emit_const(c, RAX, helper);
    emit_const(c, RDX, imm);
    emit_call_to(c, c->env->call_sync);
    emit_rr(c, X_TEST_MR, RAX, RAX);
    stack_vectors(c, vectors, false);
    pop_registers(c, general);
}

LOWER(FENCE)
{
    x64_flags_clobber(c);
    emit_mi8(c, X_LOCK_OR_MI8, ST_FIELD(pc), 0);
}

LOWER(CLREX)
{
    emit_mi32(c, X_MOV_MI32 | X_W, ST_FIELD(excl_addr), -1);
}
