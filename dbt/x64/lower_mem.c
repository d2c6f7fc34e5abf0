/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory: plain loads and stores, checks. */
/*
 * Addresses are formed by the platform's memory model (compile.h), or by a window (state.h). The
 * x86 instruction that touches guest memory is a site: when it faults, nothing of the guest
 * instruction has happened. What the host cannot do in place (misaligned atomics, no window) goes
 * through UD2 to the interpreter.
 */
#include "dbt/rt/helpers.h"
#include "dbt/rt/window.h"
#include "dbt/x64/x64.h"

/* arg0 + imm in a register of its own; nothing is emitted where imm is 0. */
static unsigned address(struct x64 *c, unsigned a, int64_t imm)
{
    unsigned t = a;

    if (imm) {
        t = x64_scratch(c);
        if (imm == (int32_t)imm) {
            emit_rm(c, X_LEA_RM | X_W, t, mem_base(a, (int32_t)imm));
        } else {
            emit_const(c, t, (uint64_t)imm);
            emit_rm(c, X_LEA_RM | X_W, t, mem_index(t, a, 0, 0));
        }
    }
    return t;
}

struct x86_mem x64_guest_address(struct x64 *c, int64_t imm)
{
    bool slots = c->env->mem_model == MEM_SLOTS;
    int64_t reach = slots ? MEM_SLOT_GUARD / 2 : INT32_MAX;
    unsigned t = x64_use(c, 0), u = REG_BIAS;
    int32_t disp = 0;

    if (imm <= reach && imm >= -reach) {
        disp = (int32_t)imm;
    } else {
        t = address(c, t, imm);
    }
    if (slots) {
        u = x64_scratch(c);
        emit_vrr(c, X_SARX_RMV | X_W, u, REG_BIAS, t);
        x64_site(c); /* an address out of range faults here */
        emit_rm(c, X_MOV_RM | X_W, u, mem_index(REG_BIAS, u, 3, -MEM_SLOT_SHIFT));
    }
    return mem_index(t, u, 0, disp);
}

/* --- windows --- */
/* Out of line: the access at reg[0] by imm (WINDOW_IMM) has no window. */
static void open_window(struct x64 *c, const struct x64_ool *o)
{
    x64_ool_sync(c, o, HELPER_window, (uint32_t)o->imm, o->reg[0]);
    emit_jcc_back(c, CC_NE, o->back);
    x64_add_site(c, o->guest, o->loc, o->loc_count, false);
    emit_op(c, X_UD2);
}

/*
 * Guest address arg0 + imm by its window; RFLAGS are lost. The entry is named by the first byte's
 * page and compared with the last byte's, so that accesses that cross pages miss.
 */
static struct x86_mem window_address(struct x64 *c, const struct ir_insn *i, unsigned size,
                                     bool write)
{
    unsigned table = i->aux & IR_MEM_UNPRIV ? WINDOW_EL0 : WINDOW_EL1;
    size_t base = offsetof(struct a64_state, window) + table * WINDOWS * sizeof(struct window);
    size_t tag = write ? offsetof(struct window, write) : offsetof(struct window, read);
    unsigned t = address(c, x64_use(c, 0), (int64_t)i->imm), page = x64_scratch(c);
    struct x86_mem entry = mem_index(REG_ST, x64_scratch(c), 0, (int32_t)base - STATE_BIAS);
    const uint8_t *again;
    struct x64_ool *o;

    _Static_assert(sizeof(struct window) == 32, "va >> 12 is brought to a multiple of it");
    x64_locate(c);
    again = c->p;
    emit_rri(c, X_RORX_RMI | X_W, entry.index, t, PAGE_SHIFT - 5);
    emit_rm(c, X_LEA_RM | X_W, page, mem_base(t, (int32_t)size - 1));
    emit_ri(c, X_AND_MI, entry.index, (int32_t)((WINDOWS - 1) << 5));
    emit_ri(c, X_AND_MI | X_W, page, -(int32_t)PAGE_SIZE);
    entry.disp += (int32_t)tag;
    emit_rm(c, X_CMP_RM | X_W, page, entry);
    o = x64_ool(c, open_window, emit_jcc(c, CC_NE));
    o->imm = WINDOW_IMM(size, table, write);
    o->reg[0] = (uint8_t)t;
    o->loc = c->loc;
    o->loc_count = c->loc_count;
    o->back = again;
    entry.disp += (int32_t)(offsetof(struct window, addend) - tag);
    emit_rm(c, X_MOV_RM | X_W, page, entry);
    return mem_index(t, page, 0, 0);
}

/* To the interpreter unless arg0 + disp is a multiple of alignment. Destroys RFLAGS. */
static void check_aligned(struct x64 *c, int64_t disp, unsigned alignment)
{
    unsigned a = x64_use(c, 0);

    if (disp & (alignment - 1)) {
        unsigned t = x64_scratch(c);

        emit_rm(c, X_LEA_RM, t, mem_base(a, (int32_t)(disp & (alignment - 1))));
        a = t;
    }
    emit_ri8(c, X_TEST8_MI8, a, alignment - 1);
    x64_check(c, CC_NE);
}

/* Checks what aux asks for; the operand of the access. */
static struct x86_mem operand(struct x64 *c, const struct ir_insn *i, unsigned size, bool write)
{
    unsigned alignment = ir_mem_alignment(i->aux, size);
    bool aligned = (i->aux & IR_MEM_ALIGN) && alignment > 1;

    if (aligned || (i->aux & IR_MEM_WINDOW)) {
        x64_flags_clobber(c);
    }
    if (aligned) {
        check_aligned(c, (int64_t)i->imm, alignment);
    }
    return i->aux & IR_MEM_WINDOW ? window_address(c, i, size, write)
                                  : x64_guest_address(c, (int64_t)i->imm);
}

/* The access itself comes next. */
static void access_site(struct x64 *c, const struct ir_insn *i)
{
    x64_site(c);
    c->code->site[c->code->site_count - 1].plain = !(i->aux & IR_MEM_WINDOW);
}

static void load(struct x64 *c, const struct ir_insn *i, x86_form form, unsigned size)
{
    struct x86_mem from = operand(c, i, size, false);
    unsigned d = x64_def_late(c);

    access_site(c, i);
    emit_rm(c, form, d, from);
}

static void store(struct x64 *c, const struct ir_insn *i, x86_form form, unsigned size)
{
    struct x86_mem to = operand(c, i, size, true);
    unsigned data = x64_use(c, 1);

    access_site(c, i);
    emit_rm(c, form, data, to);
}

/* A store of a constant needs no register for it. */
static void store_word(struct x64 *c, const struct ir_insn *i, unsigned w, unsigned size)
{
    struct x86_mem to;
    int32_t imm;

    if (!x64_imm32(c, 1, w, &imm)) {
        store(c, i, X_MOV_MR | w, size);
    } else {
        to = operand(c, i, size, true);
        access_site(c, i);
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

LOWER(LDV32)
{
    load(c, i, X_VMOVD_RM, 4);
}

LOWER(LDV64)
{
    load(c, i, X_VMOVQ_X, 8);
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

LOWER(STV32)
{
    store(c, i, X_VMOVD_MR, 4);
}

LOWER(STV64)
{
    store(c, i, X_VMOVQ_MR, 8);
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

LOWER(CHECK_SP)
{
    x64_flags_clobber(c);
    check_aligned(c, 0, 16);
}
