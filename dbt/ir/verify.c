/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks a block of IR: types, order, one END, the ranges of imm and aux. */
#include "dbt/ir/ir.h"

#include "dbt/rt/helpers.h"
#include "dbt/state.h"

static const char *check_arg(const struct ir_block *block, unsigned at, unsigned k)
{
    ir_ref ref = block->insn[at].arg[k];
    unsigned want = ir_rows[block->insn[at].op].arg[k];
    unsigned have;

    if (want == IR_VOID) {
        return ref == IR_NONE ? NULL : "an argument too many";
    }
    if (ref == IR_NONE) {
        return want == IR_ANY ? NULL : "an argument is missing";
    }
    if (ref >= at) {
        return "an argument is used before its definition";
    }
    have = ir_rows[block->insn[ref].op].result;
    if (want == IR_ANY) {
        return have == IR_I32 || have == IR_I64 || have == IR_V128 ? NULL
                                                                   : "not a helper's argument";
    }
    return have == want ? NULL : "an argument has the wrong type";
}

static bool power_of_two_to(uint64_t n, unsigned most)
{
    return n && !(n & (n - 1)) && n <= most;
}

static bool field_fits(const struct ir_insn *i, unsigned width)
{
    return i->aux >= 1 && i->imm < width && i->imm + i->aux <= width;
}

/* A field of its own: not one that has a row (GETX, GETF, GETV). */
static bool state_fits(const struct ir_insn *i, unsigned size)
{
    return i->imm % size == 0 && i->imm >= offsetof(struct a64_state, pc_page) &&
           i->imm + size <= offsetof(struct a64_state, v) &&
           i->imm != offsetof(struct a64_state, nzcv);
}

static bool offset_fits(int64_t offset)
{
    return offset >= INT32_MIN && offset <= INT32_MAX && offset % 4 == 0;
}

static bool atomic_fits(uint64_t imm)
{
    return power_of_two_to(imm & 0xff, 8) && imm >> 8 <= IR_ATOMIC_SWP;
}

/* Whether imm and aux are what the row's comment in ops.inc allows. */
static bool ranges_hold(const struct ir_insn *i)
{
    switch (i->op) {
    case IR_COUNT: return i->imm <= INT16_MAX;
    case IR_INSN: return i->imm < PAGE_SIZE && i->imm % 4 == 0;
    case IR_GETX:
    case IR_SETX: return i->imm < SLOT_COUNT;
    case IR_GETV:
    case IR_SETV: return i->imm < 32;
    case IR_LDS32:
    case IR_STS32: return state_fits(i, 4);
    case IR_LDS64:
    case IR_STS64: return state_fits(i, 8);
    case IR_EXTR32: return i->imm < 32;
    case IR_EXTR64: return i->imm < 64;
    case IR_UBFX32:
    case IR_SBFX32:
    case IR_BFI32: return field_fits(i, 32);
    case IR_UBFX64:
    case IR_SBFX64:
    case IR_BFI64: return field_fits(i, 64);
    case IR_CRC32:
    case IR_CRC32C: return power_of_two_to(i->aux, 8);
    case IR_VGET64:
    case IR_VPMULL64: return i->imm < 2;
    case IR_VROR: return i->imm > 0 && i->imm < 8u << i->aux;
    case IR_VGATHER3: return i->imm < 3 << 4;
    case IR_NZCV_SEL:
    case IR_SELECT32:
    case IR_SELECT64:
    case IR_VSELECT: return i->aux < 16;
    case IR_LDX:
    case IR_STX:
    case IR_CAS: return power_of_two_to(i->imm, 8);
    case IR_ATOMIC: return atomic_fits(i->imm);
    case IR_CALL_SYNC:
        return IR_CALL_HELPER(i->imm) < HELPER_COUNT && i->aux <= (i->arg[0] != IR_NONE);
    case IR_CALL_I64:
    case IR_CALL_V128: return IR_CALL_HELPER(i->imm) < HELPER_COUNT;
    case IR_PCREL: return (int64_t)i->imm == sign_extend(i->imm, 33);
    case IR_JUMP: return offset_fits((int64_t)i->imm);
    case IR_BRCOND:
        return i->aux < 16 && offset_fits(IR_TAKEN(i->imm)) && offset_fits(IR_NEXT(i->imm));
    case IR_BRZ32:
    case IR_BRZ64:
        return i->aux < 2 && offset_fits(IR_TAKEN(i->imm)) && offset_fits(IR_NEXT(i->imm));
    case IR_BRBIT:
        return i->aux < 128 && offset_fits(IR_TAKEN(i->imm)) && offset_fits(IR_NEXT(i->imm));
    case IR_BRIND: return i->aux <= IR_IND_RET;
    case IR_EXIT:
    case IR_EXIT_NEXT: return i->aux < EXIT_COUNT;
    default: return true;
    }
}

/* A branch that is not the block's last row; the block goes on where it is not taken. */
static bool is_side_exit(const struct ir_insn *i)
{
    return ir_is_two_way(i->op) && !(i->op == IR_BRCOND && i->aux >= COND_AL) &&
           (i + 1)->op == IR_INSN && (int64_t)(i + 1)->imm == IR_NEXT(i->imm);
}

static const char *check_insn(const struct ir_block *block, unsigned at)
{
    const struct ir_insn *i = &block->insn[at];
    const char *flaw = NULL;

    if (i->op >= IR_OP_COUNT) {
        return "no such row";
    }
    for (unsigned k = 0; k < 3 && !flaw; k++) {
        flaw = check_arg(block, at, k);
    }
    if (flaw) {
        return flaw;
    }
    if (at + 1 == block->count && !(ir_rows[i->op].effects & IR_E_END)) {
        return "the last row is no END";
    }
    if (at + 1 < block->count && (ir_rows[i->op].effects & IR_E_END) && !is_side_exit(i)) {
        return "the END is not the last row";
    }
    return ranges_hold(i) ? NULL : "imm or aux is out of range";
}

const char *ir_verify(const struct ir_block *block, unsigned *where)
{
    *where = 0;
    if (block->count < 2 || block->count > IR_MAX_INSNS) {
        return "bad number of rows";
    }
    if (block->insn[0].op != IR_INSN || block->insn[0].imm != block->start) {
        return "the block does not open with its first INSN";
    }
    for (unsigned at = 0; at < block->count; at++) {
        const char *flaw = check_insn(block, at);

        if (flaw) {
            *where = at;
            return flaw;
        }
    }
    return NULL;
}
