/* SPDX-License-Identifier: BSD-2-Clause */
/* Appends rows to a block; what can be known at once is folded at once. */
/*
 * Order of the rules for a pure row: constants to the right of a commutative operation; all
 * arguments constant: the interpreter computes the result; an identity (x + 0, x & x...); a chain
 * of width changes. Then the row is made.
 */
#include "dbt/ir/build.h"

#include "dbt/ir/interp_rows.h"

void ir_begin(struct ir_builder *b, struct ir_block *block, unsigned start)
{
    block->count = 0;
    block->guest_count = 0;
    block->start = (uint16_t)start;
    b->block = block;
    b->next_constant = 0;
    __builtin_memset(b->x, 0xff, sizeof(b->x));
    __builtin_memset(b->v, 0xff, sizeof(b->v));
    __builtin_memset(b->constant, 0xff, sizeof(b->constant));
    b->flags = IR_NONE;
}

/* Makes a row behind the last one, where it is lost unless it is kept at once. */
static struct ir_insn *put(struct ir_builder *b, enum ir_op op, const ir_ref arg[3], uint64_t imm,
                           unsigned aux)
{
    struct ir_block *block = b->block;
    struct ir_insn *row = &block->insn[block->count];

    if (block->count >= IR_MAX_INSNS) {
        __builtin_trap(); /* the translator keeps IR_INSN_SLACK free: our bug */
    }
    row->op = (uint16_t)op;
    row->aux = (uint8_t)aux;
    __builtin_memcpy(row->arg, arg, sizeof(row->arg));
    row->imm = imm;
    return row;
}

static ir_ref keep(struct ir_builder *b)
{
    return b->block->count++;
}

static const struct ir_insn *row_of(const struct ir_builder *b, ir_ref ref)
{
    return &b->block->insn[ref];
}

static bool is_const_row(unsigned op)
{
    return op == IR_CONST32 || op == IR_CONST64 || op == IR_NZCV_CONST;
}

bool ir_is_const(const struct ir_builder *b, ir_ref ref, uint64_t *value)
{
    const struct ir_insn *row;

    if (ref == IR_NONE) {
        return false;
    }
    row = row_of(b, ref);
    if (row->op != IR_CONST32 && row->op != IR_CONST64) {
        return false;
    }
    *value = row->op == IR_CONST32 ? (uint32_t)row->imm : row->imm;
    return true;
}

static ir_ref make_const(struct ir_builder *b, enum ir_op op, uint64_t value)
{
    static const ir_ref none[3] = {IR_NONE, IR_NONE, IR_NONE};
    ir_ref *slot;

    for (unsigned n = 0; n < ARRAY_SIZE(b->constant); n++) {
        ir_ref ref = b->constant[n];

        if (ref != IR_NONE && row_of(b, ref)->imm == value && row_of(b, ref)->op == op) {
            return ref;
        }
    }
    put(b, op, none, value, 0);
    slot = &b->constant[b->next_constant++ % ARRAY_SIZE(b->constant)];
    *slot = keep(b);
    return *slot;
}

ir_ref ir_const32(struct ir_builder *b, uint32_t value)
{
    return make_const(b, IR_CONST32, value);
}

ir_ref ir_const64(struct ir_builder *b, uint64_t value)
{
    return make_const(b, IR_CONST64, value);
}

/* --- folding --- */
static bool is_commutative(unsigned op)
{
    switch (op) {
    case IR_ADD32:
    case IR_ADD64:
    case IR_AND32:
    case IR_AND64:
    case IR_OR32:
    case IR_OR64:
    case IR_XOR32:
    case IR_XOR64:
    case IR_MUL32:
    case IR_MUL64:
    case IR_NZCV_ADD32:
    case IR_NZCV_ADD64:
    case IR_ADC32:
    case IR_ADC64:
    case IR_NZCV_ADC32:
    case IR_NZCV_ADC64: return true;
    default: return false;
    }
}

/* The constant that row has when all its arguments are constants, its first is; or IR_NONE. */
static ir_ref fold_constants(struct ir_builder *b, const struct ir_insn *row)
{
    static const enum ir_op const_of[] = {
        [IR_I32] = IR_CONST32, [IR_I64] = IR_CONST64, [IR_FLAGS] = IR_NZCV_CONST};
    unsigned type = ir_rows[row->op].result;
    union ir_value value[3], result;
    const union ir_value *arg[3];

    if (type == IR_V128) {
        return IR_NONE;
    }
    for (unsigned k = 0; k < 3; k++) {
        const struct ir_insn *from;

        if (row->arg[k] == IR_NONE) {
            continue;
        }
        from = row_of(b, row->arg[k]);
        if (!is_const_row(from->op)) {
            return IR_NONE;
        }
        interp_fns[from->op](NULL, from, NULL, &value[k]);
        arg[k] = &value[k];
    }
    interp_fns[row->op](NULL, row, arg, &result);
    return make_const(b, const_of[type], type == IR_FLAGS ? result.flags : result.i);
}

/* What a row with a constant second argument comes to: its first argument (KEEPS) or the constant
 * (WINS). */
enum identity {
    ZERO_KEEPS = 1 << 0,
    ZERO_WINS = 1 << 1,
    ONE_KEEPS = 1 << 2,
    ONES_KEEP = 1 << 3,
    ONES_WIN = 1 << 4,
};
#define BOTH(name, rules) [IR_##name##32] = (rules), [IR_##name##64] = (rules)
static const uint8_t identities[IR_OP_COUNT] = {
    BOTH(ADD, ZERO_KEEPS),
    BOTH(SUB, ZERO_KEEPS),
    BOTH(OR, ZERO_KEEPS | ONES_WIN),
    BOTH(XOR, ZERO_KEEPS),
    BOTH(AND, ZERO_WINS | ONES_KEEP),
    BOTH(ANDN, ZERO_KEEPS),
    BOTH(SHL, ZERO_KEEPS),
    BOTH(SHR, ZERO_KEEPS),
    BOTH(SAR, ZERO_KEEPS),
    BOTH(ROR, ZERO_KEEPS),
    BOTH(MUL, ZERO_WINS | ONE_KEEPS),
};
#undef BOTH

static ir_ref fold_identity(const struct ir_insn *row, uint64_t value)
{
    uint64_t ones = ir_rows[row->op].result == IR_I32 ? UINT32_MAX : UINT64_MAX;
    unsigned rules = identities[row->op] & (value == 0      ? ZERO_KEEPS | ZERO_WINS
                                            : value == 1    ? ONE_KEEPS
                                            : value == ones ? ONES_KEEP | ONES_WIN
                                                            : 0);

    return rules ? row->arg[(rules & (ZERO_WINS | ONES_WIN)) != 0] : IR_NONE;
}

/* Whether the upper half of an I64 value is known to be zero. */
static bool is_zero_extended(const struct ir_insn *row)
{
    switch (row->op) {
    case IR_ZEXT32:
    case IR_LD8:
    case IR_LD16:
    case IR_LD32: return true;
    case IR_UBFX64: return row->aux <= 32;
    case IR_CAS:
    case IR_LDX: return row->imm <= 4;
    case IR_ATOMIC: return (row->imm & 0xff) <= 4;
    default: return false;
    }
}

/* ADRP and the ADD of the low bits behind it are one address. */
static ir_ref fold_address(struct ir_builder *b, const struct ir_insn *row, uint64_t low)
{
    const struct ir_insn *from = row_of(b, row->arg[0]);

    if (row->op != IR_ADD64 || from->op != IR_PCREL ||
        (int64_t)(from->imm + low) != sign_extend(from->imm + low, 33)) {
        return IR_NONE;
    }
    return ir_op0(b, IR_PCREL, from->imm + low);
}

/* Of a value and itself. */
static ir_ref fold_equal(struct ir_builder *b, const struct ir_insn *row)
{
    switch (row->op) {
    case IR_AND32:
    case IR_AND64:
    case IR_OR32:
    case IR_OR64:
    case IR_VAND:
    case IR_VOR: return row->arg[0];
    case IR_XOR32:
    case IR_SUB32: return ir_const32(b, 0);
    case IR_XOR64:
    case IR_SUB64: return ir_const64(b, 0);
    case IR_VXOR: return ir_op0(b, IR_VZERO, 0);
    default: return IR_NONE;
    }
}

/* Width changes that undo each other; extracts of a whole register; selections without a choice;
 * A64's way to count zeros from below. */
static ir_ref fold_shape(struct ir_builder *b, const struct ir_insn *row)
{
    const struct ir_insn *from = row_of(b, row->arg[0]);

    switch (row->op) {
    case IR_TRUNC: return from->op == IR_ZEXT32 || from->op == IR_SEXT32 ? from->arg[0] : IR_NONE;
    case IR_ZEXT32:
        return from->op == IR_TRUNC && is_zero_extended(row_of(b, from->arg[0])) ? from->arg[0]
                                                                                 : IR_NONE;
    case IR_UBFX32:
    case IR_SBFX32: return row->aux == 32 ? row->arg[0] : IR_NONE;
    case IR_UBFX64:
    case IR_SBFX64: return row->aux == 64 ? row->arg[0] : IR_NONE;
    case IR_BFI32: return row->aux == 32 ? row->arg[1] : IR_NONE;
    case IR_BFI64: return row->aux == 64 ? row->arg[1] : IR_NONE;
    case IR_EXTR32:
    case IR_EXTR64: return row->imm == 0 ? row->arg[1] : IR_NONE;
    case IR_CLZ32: return from->op == IR_RBIT32 ? ir_op1(b, IR_CTZ32, from->arg[0]) : IR_NONE;
    case IR_CLZ64: return from->op == IR_RBIT64 ? ir_op1(b, IR_CTZ64, from->arg[0]) : IR_NONE;
    case IR_SELECT32:
    case IR_SELECT64:
        return row->arg[1] == row->arg[2] || row->aux >= COND_AL ? row->arg[1] : IR_NONE;
    default: return IR_NONE;
    }
}

/* What a pure row with arguments comes to; IR_NONE: it is needed. It need not be there afterwards.
 */
static ir_ref fold(struct ir_builder *b, struct ir_insn *row)
{
    ir_ref known = IR_NONE;
    uint64_t value;

    if (is_const_row(row_of(b, row->arg[0])->op)) {
        if (is_commutative(row->op)) {
            ir_ref first = row->arg[0];

            row->arg[0] = row->arg[1];
            row->arg[1] = first;
        }
        known = is_const_row(row_of(b, row->arg[0])->op) ? fold_constants(b, row) : IR_NONE;
    }
    if (known == IR_NONE && ir_is_const(b, row->arg[1], &value)) {
        known = fold_identity(row, value);
        known = known == IR_NONE ? fold_address(b, row, value) : known;
    }
    if (known == IR_NONE && row->arg[0] == row->arg[1]) {
        known = fold_equal(b, row);
    }
    return known == IR_NONE ? fold_shape(b, row) : known;
}

ir_ref ir_emit(struct ir_builder *b, enum ir_op op, ir_ref a0, ir_ref a1, ir_ref a2, uint64_t imm,
               unsigned aux)
{
    struct ir_insn *row;

    if (is_const_row(op)) {
        return make_const(b, op, op == IR_CONST64 ? imm : (uint32_t)imm);
    }
    row = put(b, op, (const ir_ref[]){a0, a1, a2}, imm, aux);
    if (a0 != IR_NONE && !ir_rows[op].effects) {
        ir_ref known = fold(b, row);

        if (known != IR_NONE) {
            return known;
        }
    }
    b->block->guest_count = (uint16_t)(b->block->guest_count + (op == IR_INSN));
    return keep(b);
}

/* --- guest state: what a slot holds is known after the first GET or SET --- */
static ir_ref get(struct ir_builder *b, ir_ref *known, enum ir_op op, unsigned slot)
{
    if (*known == IR_NONE) {
        *known = ir_op0(b, op, slot);
    }
    return *known;
}

static void set(struct ir_builder *b, ir_ref *known, enum ir_op op, unsigned slot, ir_ref value)
{
    *known = value;
    ir_emit(b, op, value, IR_NONE, IR_NONE, slot, 0);
}

ir_ref ir_getx(struct ir_builder *b, unsigned slot)
{
    return get(b, &b->x[slot], IR_GETX, slot);
}

void ir_setx(struct ir_builder *b, unsigned slot, ir_ref value)
{
    set(b, &b->x[slot], IR_SETX, slot, value);
}

ir_ref ir_getv(struct ir_builder *b, unsigned n)
{
    return get(b, &b->v[n], IR_GETV, n);
}

void ir_setv(struct ir_builder *b, unsigned n, ir_ref value)
{
    set(b, &b->v[n], IR_SETV, n, value);
}

ir_ref ir_getf(struct ir_builder *b)
{
    return get(b, &b->flags, IR_GETF, 0);
}

void ir_setf(struct ir_builder *b, ir_ref flags)
{
    set(b, &b->flags, IR_SETF, 0, flags);
}

/* What was read of the state may be stale after a sync call. */
static void forget_state(struct ir_builder *b)
{
    __builtin_memset(b->x, 0xff, sizeof(b->x));
    __builtin_memset(b->v, 0xff, sizeof(b->v));
    b->flags = IR_NONE;
}

ir_ref ir_call_sync(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                    ir_ref a2)
{
    ir_ref result = ir_emit(b, IR_CALL_SYNC, a0, a1, a2, IR_CALL_IMM(helper, imm), 0);

    forget_state(b);
    return result;
}

void ir_call_sync_if(struct ir_builder *b, unsigned helper, ir_ref cond)
{
    ir_emit(b, IR_CALL_SYNC, cond, IR_NONE, IR_NONE, IR_CALL_IMM(helper, 0), 1);
    forget_state(b);
}

ir_ref ir_call_i64(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                   ir_ref a2)
{
    return ir_emit(b, IR_CALL_I64, a0, a1, a2, IR_CALL_IMM(helper, imm), 0);
}

ir_ref ir_call_v128(struct ir_builder *b, unsigned helper, uint32_t imm, ir_ref a0, ir_ref a1,
                    ir_ref a2)
{
    return ir_emit(b, IR_CALL_V128, a0, a1, a2, IR_CALL_IMM(helper, imm), 0);
}
