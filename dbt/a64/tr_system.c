/* SPDX-License-Identifier: BSD-2-Clause */
/* Exception generation, hints, barriers, PSTATE, system registers (Arm ARM C4.1.87, C5). */
/*
 * Most of it is the work of sys/, reached by sync helpers. Inlined are the registers that
 * translated code finds in its state and that need no check beyond the translation context: TPIDR*,
 * NZCV, FPCR (reading), CNTVCT_EL0, CurrentEL. A write that may change the translation context, or
 * let a pending interrupt in, ends the block.
 */
#include "dbt/a64/tr.h"

#include "dbt/rt/helpers.h"
#include "dbt/sys/idregs.h"
#include "dbt/sys/sysregs.h"

/* op0 (2 or 3), op1, CRn, CRm, op2 as they lie in bits 20..5 of the word. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    ((uint32_t)((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2)))

enum {
    R_NZCV = SYSREG(3, 3, 4, 2, 0),
    R_CTR_EL0 = SYSREG(3, 3, 0, 0, 1),
    R_DCZID_EL0 = SYSREG(3, 3, 0, 0, 7),
    R_DAIF = SYSREG(3, 3, 4, 2, 1),
    R_FPCR = SYSREG(3, 3, 4, 4, 0),
    R_FPSR = SYSREG(3, 3, 4, 4, 1),
    R_CURRENT_EL = SYSREG(3, 0, 4, 2, 2),
    R_CNTVCT_EL0 = SYSREG(3, 3, 14, 0, 2),
    R_SP_EL0 = SYSREG(3, 0, 4, 1, 0),
    R_SPSR_EL1 = SYSREG(3, 0, 4, 0, 0),
    R_ELR_EL1 = SYSREG(3, 0, 4, 0, 1),
    R_ESR_EL1 = SYSREG(3, 0, 5, 2, 0),
    R_FAR_EL1 = SYSREG(3, 0, 6, 0, 0),
    R_TPIDR_EL1 = SYSREG(3, 0, 13, 0, 4),
    R_TPIDR_EL0 = SYSREG(3, 3, 13, 0, 2),
    R_TPIDRRO_EL0 = SYSREG(3, 3, 13, 0, 3),
    SYS_DC_ZVA = SYSREG(1, 3, 7, 4, 1),
};

static uint32_t sysreg_of(const struct tr *t)
{
    return (uint32_t)bits(t->word, 20, 5);
}

static bool at_el1(const struct tr *t)
{
    return t->flags & TR_EL1;
}

/* --- exception generation --- */
TR(SVC, leave_next(t, EXIT_SVC, a->imm16))
TR(HVC, at_el1(t) ? leave_next(t, EXIT_HVC, a->imm16) : TR_UNDEF)
TR(SMC, at_el1(t) ? leave_here(t, EXIT_SMC, a->imm16) : TR_UNDEF)
TR(BRK, leave_here(t, EXIT_BRK, a->imm16))
TR(HLT, leave_here(t, EXIT_HLT, a->imm16))

enum tr_result tr_ERET(struct tr *t, const struct arg_ERET *a)
{
    (void)a;
    return at_el1(t) ? leave_here(t, EXIT_ERET, 0) : TR_UNDEF;
}

/* --- hints --- */
enum tr_result tr_NOP(struct tr *t, const struct arg_NOP *a)
{
    (void)t;
    (void)a;
    return TR_NEXT;
}

enum tr_result tr_HINT(struct tr *t, const struct arg_HINT *a)
{
    (void)t;
    (void)a;
    return TR_NEXT;
}

enum tr_result tr_YIELD(struct tr *t, const struct arg_YIELD *a)
{
    (void)a;
    return leave_next(t, EXIT_YIELD, 0);
}

static enum tr_result wait(struct tr *t, enum ir_exit reason, enum tr_flag not_trapped)
{
    if (at_el1(t) || (t->flags & not_trapped)) {
        return leave_next(t, reason, 0);
    }
    return leave_here(t, reason, 1);
}

enum tr_result tr_WFI(struct tr *t, const struct arg_WFI *a)
{
    (void)a;
    return wait(t, EXIT_WFI, TR_NTWI);
}

enum tr_result tr_WFE(struct tr *t, const struct arg_WFE *a)
{
    (void)a;
    return wait(t, EXIT_WFE, TR_NTWE);
}

static enum tr_result send_event(struct tr *t, bool to_all)
{
    ir_call_sync(&t->b, HELPER_send_event, to_all, IR_NONE, IR_NONE, IR_NONE);
    return TR_NEXT;
}

enum tr_result tr_SEV(struct tr *t, const struct arg_SEV *a)
{
    (void)a;
    return send_event(t, true);
}

enum tr_result tr_SEVL(struct tr *t, const struct arg_SEVL *a)
{
    (void)a;
    return send_event(t, false);
}

/* --- barriers --- */
enum tr_result tr_CLREX(struct tr *t, const struct arg_CLREX *a)
{
    (void)a;
    ir_op0(&t->b, IR_CLREX, 0);
    return TR_NEXT;
}

enum tr_result tr_DSB(struct tr *t, const struct arg_DSB *a)
{
    (void)a;
    ir_op0(&t->b, IR_FENCE, 0);
    return TR_NEXT;
}

/* CRm<1:0>: 01 orders loads, 10 stores, which TSO does by itself; 11 both, 00 is reserved. */
enum tr_result tr_DMB(struct tr *t, const struct arg_DMB *a)
{
    unsigned types = a->crm & 3;
    if (types != 1 && types != 2) {
        ir_op0(&t->b, IR_FENCE, 0);
    }
    return TR_NEXT;
}

/* What follows is looked up anew, as instructions may have changed and been invalidated. */
enum tr_result tr_ISB(struct tr *t, const struct arg_ISB *a)
{
    (void)a;
    ir_op0(&t->b, IR_JUMP, t->off + 4);
    return TR_END;
}

/* --- PSTATE --- */
enum tr_result tr_CFINV(struct tr *t, const struct arg_CFINV *a)
{
    (void)a;
    ir_ref nzcv = op1(t, IR_NZCV_PACK, ir_getf(&t->b));
    ir_setf(&t->b, op1(t, IR_NZCV_UNPACK, op2(t, IR_XOR32, nzcv, konst(t, false, NZCV_C))));
    return TR_NEXT;
}

/* ISS of a trapped MSR, MRS or SYS (Arm ARM D17.2.37, EC 0x18). */
static uint64_t systrap_iss(uint32_t word)
{
    return bits(word, 20, 19) << 20 | bits(word, 7, 5) << 17 | bits(word, 18, 16) << 14 |
           bits(word, 15, 12) << 10 | bits(word, 4, 0) << 5 | bits(word, 11, 8) << 1 |
           bit(word, 21);
}

/* Goes on after what may have changed PSTATE.D; a single-stepped block ends as for any context. */
static enum tr_result step_or_next(struct tr *t)
{
    return t->flags & TR_STEP ? leave_next(t, EXIT_CONTEXT, 0) : TR_NEXT;
}

static void msr_immediate(struct tr *t)
{
    uint32_t imm =
        (uint32_t)(bits(t->word, 18, 16) << 8 | bits(t->word, 11, 8) << 4 | bits(t->word, 7, 5));
    ir_call_sync(&t->b, HELPER_msr_imm, imm, IR_NONE, IR_NONE, IR_NONE);
}

static enum tr_result msr_context(struct tr *t)
{
    if (!at_el1(t)) {
        return TR_UNDEF;
    }
    msr_immediate(t);
    return leave_next(t, EXIT_CONTEXT, 0);
}

#define MSR_CONTEXT(name)                                                                          \
    enum tr_result tr_##name(struct tr *t, const struct arg_##name *a)                             \
    {                                                                                              \
        (void)a;                                                                                   \
        return msr_context(t);                                                                     \
    }
MSR_CONTEXT(MSR_UAO)
MSR_CONTEXT(MSR_PAN)
MSR_CONTEXT(MSR_SPSel)

static bool daif_trapped(const struct tr *t)
{
    return !at_el1(t) && !(t->flags & TR_UMA);
}

/* Where this lets an interrupt in, the helper itself leaves the block. */
static enum tr_result msr_daif(struct tr *t)
{
    if (daif_trapped(t)) {
        return leave_here(t, EXIT_SYSTRAP, systrap_iss(t->word));
    }
    msr_immediate(t);
    return step_or_next(t);
}

static ir_ref read_daif(struct tr *t)
{
    return ir_op0(&t->b, IR_LDS64, offsetof(struct a64_state, daif));
}

/* daif: bits 9..6, all others 0. Where it lets an interrupt in, the helper leaves the block. */
static enum tr_result write_daif(struct tr *t, ir_ref daif)
{
    ir_ref watch = ir_op0(&t->b, IR_LDS64, offsetof(struct a64_state, daif_watch));
    ir_emit(&t->b, IR_STS64, daif, IR_NONE, IR_NONE, offsetof(struct a64_state, daif), 0);
    ir_call_sync_if(&t->b, HELPER_daif_opened, op2(t, IR_ANDN64, watch, daif));
    return TR_NEXT;
}

enum tr_result tr_MSR_DAIFClr(struct tr *t, const struct arg_MSR_DAIFClr *a)
{
    (void)a;
    if (daif_trapped(t) || (t->flags & TR_STEP)) {
        return msr_daif(t);
    }
    ir_ref keep = konst(t, true, ~(bits(t->word, 11, 8) << 6));
    return write_daif(t, op2(t, IR_AND64, read_daif(t), keep));
}

/* More masks let nothing in, and where nothing is stepped they stop no stepping. */
enum tr_result tr_MSR_DAIFSet(struct tr *t, const struct arg_MSR_DAIFSet *a)
{
    (void)a;
    if (daif_trapped(t) || (t->flags & TR_STEP)) {
        return msr_daif(t);
    }
    ir_ref daif = read_daif(t);
    ir_ref more = op2(t, IR_OR64, daif, konst(t, true, bits(t->word, 11, 8) << 6));
    ir_emit(&t->b, IR_STS64, more, IR_NONE, IR_NONE, offsetof(struct a64_state, daif), 0);
    return TR_NEXT;
}

/* --- system instructions --- */
/*
 * DC ZVA: the first store is at the address as given, so that an abort reports it in FAR_EL1; the
 * rest lies in the same page. In Device memory it faults; with the MMU off sys/ does that.
 */
static enum tr_result zero_block(struct tr *t, unsigned rt)
{
    ir_ref address = get_x(t, true, rt);
    if (t->site != SITE_DIRECT || (t->flags & TR_ALIGN)) {
        ir_call_sync(&t->b, HELPER_dc_zva, 0, address, IR_NONE, IR_NONE);
        return TR_NEXT;
    }
    ir_ref zero = konst(t, true, 0);
    ir_ref block = op2(t, IR_AND64, address, konst(t, true, ~UINT64_C(63)));
    ir_ref quad = ir_op0(&t->b, IR_VZERO, 0);
    ir_emit(&t->b, IR_ST8, address, zero, IR_NONE, 0, IR_MEM_NORMAL);
    for (unsigned offset = 0; offset < 64; offset += 16) {
        ir_emit(&t->b, IR_ST128, block, quad, IR_NONE, offset, 0);
    }
    return TR_NEXT;
}

/* Cache operations on data change nothing that a block depends on; IC and TLBI do, AT does not. */
static bool sys_ends_block(const struct arg_SYS *a)
{
    bool dc = a->crn == 7 && (a->crm == 6 || a->crm >= 10);
    bool at = a->crn == 7 && (a->crm == 8 || a->crm == 9);
    return !dc && !at;
}

enum tr_result tr_SYS(struct tr *t, const struct arg_SYS *a)
{
    uint32_t sysreg = sysreg_of(t);
    if (sysreg == SYS_DC_ZVA && (at_el1(t) || (t->flags & TR_DZE))) {
        return zero_block(t, a->rt);
    }
    ir_call_sync(&t->b, HELPER_sys_insn, sysreg, get_x(t, true, a->rt), IR_NONE, IR_NONE);
    return sys_ends_block(a) ? leave_next(t, EXIT_CONTEXT, 0) : TR_NEXT;
}

enum tr_result tr_SYSL(struct tr *t, const struct arg_SYSL *a)
{
    ir_ref value = ir_call_sync(&t->b, HELPER_sysreg_read, sysreg_of(t), IR_NONE, IR_NONE, IR_NONE);
    set_x(t, true, a->rt, value);
    return TR_NEXT;
}

/* --- system registers --- */
/* Registers that lie in the state. */
static const struct {
    uint32_t sysreg;
    uint32_t offset;
    bool el0_read, el0_write;
    uint32_t unless; /* enum tr_flag: UNDEFINED there */
    uint64_t mask;   /* what a write changes; the rest is zero */
} in_state[] = {
    {R_TPIDR_EL0, offsetof(struct a64_state, tpidr_el0), true, true, 0, UINT64_MAX},
    {R_TPIDRRO_EL0, offsetof(struct a64_state, tpidrro_el0), true, false, 0, UINT64_MAX},
    {R_TPIDR_EL1, offsetof(struct a64_state, tpidr_el1), false, false, 0, UINT64_MAX},
    {R_SP_EL0, offsetof(struct a64_state, sp_el[0]), false, false, TR_SP_EL0, UINT64_MAX},
    {R_ELR_EL1, offsetof(struct a64_state, elr_el1), false, false, 0, UINT64_MAX},
    {R_SPSR_EL1, offsetof(struct a64_state, spsr_el1), false, false, 0, SPSR_MASK},
    {R_ESR_EL1, offsetof(struct a64_state, esr_el1), false, false, 0, UINT32_MAX},
    {R_FAR_EL1, offsetof(struct a64_state, far_el1), false, false, 0, UINT64_MAX},
};

/* Where sysreg lies in the state when this context may access it, and what a write changes; 0
 * where it does not. */
static uint32_t state_offset(const struct tr *t, uint32_t sysreg, bool write, uint64_t *mask)
{
    for (unsigned i = 0; i < ARRAY_SIZE(in_state); i++) {
        bool el0 = write ? in_state[i].el0_write : in_state[i].el0_read;
        if (in_state[i].sysreg == sysreg && (at_el1(t) || el0) &&
            !(t->flags & in_state[i].unless)) {
            *mask = in_state[i].mask;
            return in_state[i].offset;
        }
    }
    return 0;
}

static ir_ref read_constant(struct tr *t, uint32_t sysreg)
{
    if (sysreg == R_CURRENT_EL && at_el1(t)) {
        return konst(t, true, 1 << 2);
    }
    if (sysreg == R_CTR_EL0 && (t->flags & (TR_EL1 | TR_UCT))) {
        return konst(t, true, ID_CTR);
    }
    if (sysreg == R_DCZID_EL0) {
        bool prohibited = !(t->flags & (TR_EL1 | TR_DZE));
        return konst(t, true, (ID_ZVA_LOG2 - 2) | (prohibited ? BIT64(4) : 0));
    }
    return IR_NONE;
}

/* The value where it can be had inline, or IR_NONE. */
static ir_ref read_inline(struct tr *t, uint32_t sysreg)
{
    uint64_t mask;
    uint32_t offset = state_offset(t, sysreg, false, &mask);
    if (offset) {
        return ir_op0(&t->b, IR_LDS64, offset);
    }
    if (sysreg == R_DAIF && !daif_trapped(t)) {
        return read_daif(t);
    }
    if (sysreg == R_NZCV) {
        return op1(t, IR_ZEXT32, op1(t, IR_NZCV_PACK, ir_getf(&t->b)));
    }
    if (sysreg == R_FPCR) {
        return op1(t, IR_ZEXT32, ir_op0(&t->b, IR_LDS32, offsetof(struct a64_state, fpcr)));
    }
    if (sysreg == R_CNTVCT_EL0 && (at_el1(t) || (t->flags & TR_CNT_EL0))) {
        return ir_op0(&t->b, IR_CNTVCT, 0);
    }
    return read_constant(t, sysreg);
}

static bool fp_trapped(const struct tr *t, uint32_t sysreg)
{
    return (t->flags & TR_FP_TRAP) && (sysreg == R_FPCR || sysreg == R_FPSR);
}

enum tr_result tr_MRS(struct tr *t, const struct arg_MRS *a)
{
    uint32_t sysreg = sysreg_of(t);
    if (fp_trapped(t, sysreg)) {
        return leave_here(t, EXIT_FP_TRAP, 0);
    }
    ir_ref value = read_inline(t, sysreg);
    if (value == IR_NONE) {
        value = ir_call_sync(&t->b, HELPER_sysreg_read, sysreg, IR_NONE, IR_NONE, IR_NONE);
    }
    set_x(t, true, a->rt, value);
    return TR_NEXT;
}

/*
 * Registers whose value only MRS and exceptions use: after a write the block goes on. So it does
 * after DAIF, the GIC's and the timers', where the helper leaves the block when an interrupt is let
 * in.
 */
static bool is_plain(uint32_t sysreg)
{
    static const struct {
        uint16_t first, last;
    } plain[] = {
        {R_DAIF, R_DAIF},
        {SYSREG(3, 0, 4, 6, 0), SYSREG(3, 0, 4, 6, 0)},    /* ICC_PMR_EL1 */
        {SYSREG(3, 0, 5, 1, 0), SYSREG(3, 0, 5, 1, 1)},    /* AFSR0_EL1, AFSR1_EL1 */
        {SYSREG(3, 0, 7, 4, 0), SYSREG(3, 0, 7, 4, 0)},    /* PAR_EL1 */
        {SYSREG(3, 0, 12, 0, 0), SYSREG(3, 0, 12, 0, 0)},  /* VBAR_EL1 */
        {SYSREG(3, 0, 12, 8, 0), SYSREG(3, 0, 12, 12, 7)}, /* ICC_*_EL1 */
        {SYSREG(3, 0, 13, 0, 1), SYSREG(3, 0, 13, 0, 1)},  /* CONTEXTIDR_EL1 */
        {SYSREG(3, 3, 14, 2, 0), SYSREG(3, 3, 14, 3, 2)},  /* CNTP_*_EL0, CNTV_*_EL0 */
    };
    for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
        if (sysreg >= plain[i].first && sysreg <= plain[i].last) {
            return true;
        }
    }
    return false;
}

enum tr_result tr_MSR(struct tr *t, const struct arg_MSR *a)
{
    uint32_t sysreg = sysreg_of(t);
    uint64_t mask = 0;
    uint32_t offset = state_offset(t, sysreg, true, &mask);
    if (fp_trapped(t, sysreg)) {
        return leave_here(t, EXIT_FP_TRAP, 0);
    }
    ir_ref value = get_x(t, true, a->rt);
    if (offset) {
        value = mask == UINT64_MAX ? value : op2(t, IR_AND64, value, konst(t, true, mask));
        ir_emit(&t->b, IR_STS64, value, IR_NONE, IR_NONE, offset, 0);
        return TR_NEXT;
    }
    if (sysreg == R_DAIF && !daif_trapped(t) && !(t->flags & TR_STEP)) {
        return write_daif(t, op2(t, IR_AND64, value, konst(t, true, SPSR_DAIF)));
    }
    if (sysreg == R_NZCV) {
        ir_setf(&t->b, op1(t, IR_NZCV_UNPACK, op1(t, IR_TRUNC, value)));
        return TR_NEXT;
    }
    ir_call_sync(&t->b, HELPER_sysreg_write, sysreg, value, IR_NONE, IR_NONE);
    return is_plain(sysreg) ? step_or_next(t) : leave_next(t, EXIT_CONTEXT, 0);
}
