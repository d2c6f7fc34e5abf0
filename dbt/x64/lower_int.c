/* SPDX-License-Identifier: BSD-2-Clause */
/* Shifts, bit fields, bit counts and orders, multiplication, division, CRC. */
#include "dbt/x64/x64.h"

#define W(wide) ((wide) ? X_W : 0u)

LOWER(CONST32)
{
}

LOWER(CONST64)
{
}

LOWER(TRUNC) /* the same register: never called */
{
}

LOWER(ZEXT32)
{
    struct x64_rm x = x64_use_rm(c, 0);

    emit_r_rm(c, X_MOV_RM, x64_def_late(c), x);
}

LOWER(SEXT32)
{
    struct x64_rm x = x64_use_rm(c, 0);

    emit_r_rm(c, X_MOVSXD_RM, x64_def_late(c), x);
}

/* --- shifts
 * ------------------------------------------------------------------------------------------- */
static void shift_by_const(struct x64 *c, x86_form mi8, x86_form rmv, bool wide, unsigned n)
{
    if (x64_flags_live(c)) {
        unsigned x = x64_use(c, 0), count = x64_scratch(c);

        emit_const(c, count, n);
        emit_vrr(c, rmv | W(wide), x64_def_late(c), count, x);
    } else {
        x64_flags_lost(c);
        emit_ri8(c, mi8 | W(wide), x64_def_from(c, 0), n);
    }
}

static void shift(struct x64 *c, x86_form mi8, x86_form rmv, bool wide)
{
    uint64_t n;

    if (x64_const(c, 1, &n)) {
        shift_by_const(c, mi8, rmv, wide, (unsigned)n & (wide ? 63 : 31));
    } else {
        unsigned x = x64_use(c, 0), count = x64_use(c, 1);

        emit_vrr(c, rmv | W(wide), x64_def_late(c), count, x);
    }
}

/* Left to the ADD that is the only user and comes next. */
static bool fuse_shift(struct x64 *c, bool wide, uint64_t n)
{
    unsigned add = x64_next_row(c, c->row), behind;
    const struct ir_insn *i = &c->block->insn[add];

    if (n > 3 || i->op != (wide ? IR_ADD64 : IR_ADD32) || c->root[i->arg[1]] != c->row ||
        c->root[i->arg[0]] == c->row || c->next[add][1] != X64_NEVER) {
        return false;
    }
    behind = x64_next_row(c, add);
    if (c->block->insn[behind].op == (wide ? IR_NZCV_ADD64 : IR_NZCV_ADD32)) {
        return false; /* flags are wanted */
    }
    c->fused = (ir_ref)c->row;
    c->fused_next = c->next[c->row][0];
    c->next[c->row][0] = (uint16_t)add;
    return true;
}

static void shift_left(struct x64 *c, bool wide)
{
    uint64_t n;

    if (x64_const(c, 1, &n) && fuse_shift(c, wide, n & (wide ? 63 : 31))) {
        return;
    }
    if (x64_const(c, 1, &n) && n <= 3 && !x64_dies(c, 0)) {
        unsigned x = x64_use(c, 0);

        emit_rm(c, X_LEA_RM | W(wide), x64_def(c), mem_index(X86_NONE, x, (unsigned)n, 0));
    } else {
        shift(c, X_SHL_MI8, X_SHLX_RMV, wide);
    }
}

LOWER(SHL32)
{
    shift_left(c, false);
}

LOWER(SHL64)
{
    shift_left(c, true);
}

LOWER(SHR32)
{
    shift(c, X_SHR_MI8, X_SHRX_RMV, false);
}

LOWER(SHR64)
{
    shift(c, X_SHR_MI8, X_SHRX_RMV, true);
}

LOWER(SAR32)
{
    shift(c, X_SAR_MI8, X_SARX_RMV, false);
}

LOWER(SAR64)
{
    shift(c, X_SAR_MI8, X_SARX_RMV, true);
}

static void rotate_by_const(struct x64 *c, unsigned k, bool wide, unsigned n)
{
    unsigned x = x64_use(c, k);

    emit_rri(c, X_RORX_RMI | W(wide), x64_def_late(c), x, n);
}

static void rotate(struct x64 *c, bool wide)
{
    uint64_t n;

    if (x64_const(c, 1, &n)) {
        rotate_by_const(c, 0, wide, (unsigned)n & (wide ? 63 : 31));
        return;
    }
    x64_flags_clobber(c);
    x64_copy_to(c, 1, RCX);
    emit_r(c, X_ROR_MCL | W(wide), x64_def_from(c, 0));
}

LOWER(ROR32)
{
    rotate(c, false);
}

LOWER(ROR64)
{
    rotate(c, true);
}

static void extract_pair(struct x64 *c, bool wide, unsigned n)
{
    unsigned high;

    if (c->arg[0] == c->arg[1]) {
        rotate_by_const(c, 0, wide, n);
        return;
    }
    x64_flags_clobber(c);
    high = x64_use(c, 0);
    emit_rri(c, X_SHRD_MRI | W(wide), high, x64_def_from(c, 1), n);
}

LOWER(EXTR32)
{
    extract_pair(c, false, (unsigned)i->imm);
}

LOWER(EXTR64)
{
    extract_pair(c, true, (unsigned)i->imm);
}

/* --- bit fields
 * ---------------------------------------------------------------------------------------- */
/* A field at bit 0 of 8, 16 or 32 bits is a move; false for others. */
static bool field_by_move(struct x64 *c, const struct ir_insn *i, x86_form f8, x86_form f16,
                          x86_form f32)
{
    x86_form form = i->aux == 8 ? f8 : i->aux == 16 ? f16 : f32;
    unsigned x;

    if (i->imm != 0 || (i->aux != 8 && i->aux != 16 && i->aux != 32)) {
        return false;
    }
    x = x64_use(c, 0);
    emit_rr(c, form, x64_def_late(c), x);
    return true;
}

/* Keeps `bits` low bits of d. */
static void mask_low(struct x64 *c, unsigned d, unsigned bits_kept)
{
    if (bits_kept == 8) {
        emit_rr(c, X_MOVZX8_RM, d, d);
    } else if (bits_kept == 16) {
        emit_rr(c, X_MOVZX16_RM, d, d);
    } else if (bits_kept == 32) {
        emit_rr(c, X_MOV_RM, d, d);
    } else {
        emit_ri(c, X_AND_MI, d, (int32_t)MASK(bits_kept - 1, 0));
    }
}

static void extract_unsigned(struct x64 *c, const struct ir_insn *i, bool wide)
{
    unsigned width = wide ? 64 : 32, low = (unsigned)i->imm, d;

    if (field_by_move(c, i, X_MOVZX8_RM, X_MOVZX16_RM, X_MOV_RM)) {
        return;
    }
    x64_flags_clobber(c);
    d = x64_def_from(c, 0);
    if (i->aux > 32 && low + i->aux < width) {
        emit_ri8(c, X_SHL_MI8 | W(wide), d, width - low - i->aux);
        emit_ri8(c, X_SHR_MI8 | W(wide), d, width - i->aux);
        return;
    }
    if (low) {
        emit_ri8(c, X_SHR_MI8 | W(wide), d, low);
    }
    if (low + i->aux < width) {
        mask_low(c, d, i->aux);
    }
}

LOWER(UBFX32)
{
    extract_unsigned(c, i, false);
}

LOWER(UBFX64)
{
    extract_unsigned(c, i, true);
}

static void extract_signed(struct x64 *c, const struct ir_insn *i, bool wide)
{
    unsigned width = wide ? 64 : 32, above = width - (unsigned)i->imm - i->aux, d;

    if (field_by_move(c, i, X_MOVSX8_RM | W(wide), X_MOVSX16_RM | W(wide), X_MOVSXD_RM)) {
        return;
    }
    x64_flags_clobber(c);
    d = x64_def_from(c, 0);
    if (above) {
        emit_ri8(c, X_SHL_MI8 | W(wide), d, above);
    }
    emit_ri8(c, X_SAR_MI8 | W(wide), d, width - i->aux);
}

LOWER(SBFX32)
{
    extract_signed(c, i, false);
}

LOWER(SBFX64)
{
    extract_signed(c, i, true);
}

/* The field is rotated to the bottom, pushed out by SHRD with the new bits, and rotated back. */
static void insert(struct x64 *c, const struct ir_insn *i, bool wide)
{
    unsigned width = wide ? 64 : 32, low = (unsigned)i->imm,
             back = (2 * width - low - i->aux) % width;
    unsigned from, d;

    x64_flags_clobber(c);
    from = x64_use(c, 1);
    d = x64_def_from(c, 0);
    if (i->aux == width) {
        emit_rr(c, X_MOV_RM | W(wide), d, from);
        return;
    }
    if (low) {
        emit_ri8(c, X_ROR_MI8 | W(wide), d, low);
    }
    emit_rri(c, X_SHRD_MRI | W(wide), from, d, i->aux);
    if (back) {
        emit_ri8(c, X_ROR_MI8 | W(wide), d, back);
    }
}

LOWER(BFI32)
{
    insert(c, i, false);
}

LOWER(BFI64)
{
    insert(c, i, true);
}

/* --- multiplication
 * ------------------------------------------------------------------------------------ */
static void multiply(struct x64 *c, bool wide)
{
    struct x64_rm y;
    int32_t imm;

    x64_flags_clobber(c);
    if (x64_imm32(c, 1, wide, &imm)) {
        unsigned x = x64_use(c, 0);

        emit_rri32(c, X_IMUL_RMI32 | W(wide), x64_def_late(c), x, imm);
        return;
    }
    if (!x64_dies(c, 0) && x64_dies(c, 1)) {
        x64_swap(c);
    }
    y = x64_use_rm(c, 1);
    emit_r_rm(c, X_IMUL_RM | W(wide), x64_def_from(c, 0), y);
}

LOWER(MUL32)
{
    multiply(c, false);
}

LOWER(MUL64)
{
    multiply(c, true);
}

/* 32 by 32 to 64 bits: both extended by `form`. */
static void multiply_long(struct x64 *c, x86_form form)
{
    unsigned x, y, d, t;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    y = x64_use(c, 1);
    t = x64_scratch(c);
    d = x64_def(c);
    emit_rr(c, form, t, x);
    emit_rr(c, form, d, y);
    emit_rr(c, X_IMUL_RM | X_W, d, t);
}

LOWER(SMULL)
{
    multiply_long(c, X_MOVSXD_RM);
}

LOWER(UMULL)
{
    multiply_long(c, X_MOV_RM);
}

LOWER(SMULH)
{
    unsigned y;

    x64_flags_clobber(c);
    x64_copy_to(c, 0, RAX);
    x64_take(c, RDX);
    y = x64_use(c, 1);
    emit_r(c, X_IMUL_M | X_W, y);
    x64_def_in(c, RDX);
}

LOWER(UMULH)
{
    unsigned y, low, d;

    x64_copy_to(c, 0, RDX);
    y = x64_use(c, 1);
    low = x64_scratch(c);
    d = x64_def(c);
    emit_vrr(c, X_MULX_RVM | X_W, d, low, y);
}

/* --- division: Arm's x/0 = 0 and MIN/-1 = MIN are out of line
 * --------------------------------------------- */
static void zero_quotient(struct x64 *c, const struct x64_ool *o)
{
    emit_rr(c, X_XOR_RM, RAX, RAX);
    emit_jmp_back(c, o->back);
}

/* The divisor is 0 or -1; reg[0] holds divisor + 1. */
static void odd_quotient(struct x64 *c, const struct x64_ool *o)
{
    unsigned w = o->imm ? X_W : 0;

    emit_r(c, X_NEG_M | w, RAX);
    emit_r(c, X_DEC_M | w, o->reg[0]);
    emit_jcc_back(c, CC_S, o->back); /* it was -1 */
    emit_rr(c, X_XOR_RM, RAX, RAX);
    emit_jmp_back(c, o->back);
}

/* Dividend in RAX, RDX free, the divisor's register returned. */
static unsigned division_operands(struct x64 *c)
{
    x64_flags_clobber(c);
    x64_copy_to(c, 0, RAX);
    x64_take(c, RDX);
    return x64_use(c, 1);
}

static void divide_unsigned(struct x64 *c, bool wide)
{
    unsigned y = division_operands(c);
    struct x64_ool *o = NULL;
    uint64_t value;

    if (!x64_const(c, 1, &value) || !value) {
        emit_rr(c, X_TEST_MR | W(wide), y, y);
        o = x64_ool(c, zero_quotient, emit_jcc(c, CC_E));
    }
    emit_rr(c, X_XOR_RM, RDX, RDX);
    emit_r(c, X_DIV_M | W(wide), y);
    if (o) {
        o->back = c->p;
    }
    x64_def_in(c, RAX);
}

LOWER(UDIV32)
{
    divide_unsigned(c, false);
}

LOWER(UDIV64)
{
    divide_unsigned(c, true);
}

static void divide_signed(struct x64 *c, bool wide)
{
    unsigned y = division_operands(c);
    struct x64_ool *o = NULL;
    uint64_t value;

    if (!x64_const(c, 1, &value) || value + 1 <= 1 || (!wide && (uint32_t)value + 1 <= 1)) {
        emit_rm(c, X_LEA_RM | W(wide), RDX, mem_base(y, 1));
        emit_ri(c, X_CMP_MI | W(wide), RDX, 1);
        o = x64_ool(c, odd_quotient, emit_jcc(c, CC_BE));
        o->reg[0] = RDX;
        o->imm = wide;
    }
    emit_op(c, wide ? X_CQO : X_CDQ);
    emit_r(c, X_IDIV_M | W(wide), y);
    if (o) {
        o->back = c->p;
    }
    x64_def_in(c, RAX);
}

LOWER(SDIV32)
{
    divide_signed(c, false);
}

LOWER(SDIV64)
{
    divide_signed(c, true);
}

/* --- counts and orders
 * ---------------------------------------------------------------------------------- */
static void count_zeros(struct x64 *c, bool wide)
{
    unsigned x;

    x64_flags_clobber(c);
    x = x64_use(c, 0);
    emit_rr(c, X_LZCNT_RM | W(wide), x64_def_late(c), x);
}

LOWER(CLZ32)
{
    count_zeros(c, false);
}

LOWER(CLZ64)
{
    count_zeros(c, true);
}

LOWER(BSWAP32)
{
    emit_o(c, X_BSWAP_O, x64_def_from(c, 0));
}

LOWER(BSWAP64)
{
    emit_o(c, X_BSWAP_O | X_W, x64_def_from(c, 0));
}

LOWER(BSWAP32_64)
{
    unsigned d = x64_def_from(c, 0);

    emit_o(c, X_BSWAP_O | X_W, d);
    emit_rri(c, X_RORX_RMI | X_W, d, d, 32);
}

/* Exchanges neighbouring groups of `by` bits in d; mask has the lower group of each pair. */
static void swap_groups(struct x64 *c, unsigned d, unsigned by, uint64_t mask, bool wide)
{
    unsigned m = x64_scratch(c), t = x64_scratch(c), w = W(wide);

    emit_const(c, m, wide ? mask : (uint32_t)mask);
    emit_rr(c, X_MOV_RM | w, t, d);
    emit_ri8(c, X_SHR_MI8 | w, t, by);
    emit_rr(c, X_AND_RM | w, t, m);
    emit_rr(c, X_AND_RM | w, d, m);
    emit_ri8(c, X_SHL_MI8 | w, d, by);
    emit_rr(c, X_OR_RM | w, d, t);
}

static void swap_halfword_bytes(struct x64 *c, bool wide)
{
    x64_flags_clobber(c);
    swap_groups(c, x64_def_from(c, 0), 8, UINT64_C(0x00ff00ff00ff00ff), wide);
}

LOWER(BSWAP16_32)
{
    swap_halfword_bytes(c, false);
}

LOWER(BSWAP16_64)
{
    swap_halfword_bytes(c, true);
}

static void reverse_bits(struct x64 *c, bool wide)
{
    unsigned d;

    x64_flags_clobber(c);
    d = x64_def_from(c, 0);
    emit_o(c, X_BSWAP_O | W(wide), d);
    swap_groups(c, d, 4, UINT64_C(0x0f0f0f0f0f0f0f0f), wide);
    swap_groups(c, d, 2, UINT64_C(0x3333333333333333), wide);
    swap_groups(c, d, 1, UINT64_C(0x5555555555555555), wide);
}

LOWER(RBIT32)
{
    reverse_bits(c, false);
}

LOWER(RBIT64)
{
    reverse_bits(c, true);
}

/* --- CRC
 * --------------------------------------------------------------------------------------------------
 */
LOWER(CRC32C)
{
    static const uint32_t form[9] = {
        [1] = X_CRC32_RM8, [2] = X_CRC32_RM16, [4] = X_CRC32_RM, [8] = X_CRC32_RM | X_W};
    unsigned data = x64_use(c, 1);

    emit_rr(c, form[i->aux], x64_def_from(c, 0), data);
}

/*
 * One step of up to 32 bits: d is the accumulator, and gets the new one; x and t are free. Barrett
 * reduction in the bit-reflected domain: mu = floor(x^64 / P), both constants reflected (Gopal et
 * al., Fast CRC computation using PCLMULQDQ).
 */
static void crc_step(struct x64 *c, unsigned d, unsigned t, unsigned x, unsigned k, unsigned nbits)
{
    emit_ri8(c, X_SHL_MI8 | X_W, d, 32 - nbits);
    emit_rr(c, X_VMOVD_RM, x, d);
    emit_const(c, t, UINT64_C(0x1f7011641));
    emit_rr(c, X_VMOVQ_RM, k, t);
    emit_vrri(c, X_VPCLMULQDQ, x, x, k, 0);
    emit_rr(c, X_VMOVD_MR, x, t);
    emit_rr(c, X_VMOVD_RM, x, t);
    emit_const(c, t, UINT64_C(0x1db710641));
    emit_rr(c, X_VMOVQ_RM, k, t);
    emit_vrri(c, X_VPCLMULQDQ, x, x, k, 0);
    emit_rr(c, X_VMOVQ_MR, x, t);
    emit_rr(c, X_XOR_RM | X_W, d, t);
    emit_ri8(c, X_SHR_MI8 | X_W, d, 32);
}

static void crc_by_pclmul(struct x64 *c, unsigned d, unsigned data, unsigned bytes)
{
    unsigned t = x64_scratch(c), x = x64_scratch_xmm(c), k = x64_scratch_xmm(c);

    if (bytes < 4) {
        emit_rr(c, bytes == 1 ? X_MOVZX8_RM : X_MOVZX16_RM, t, data);
        emit_rr(c, X_XOR_RM, d, t);
    } else {
        emit_rr(c, X_XOR_RM, d, data);
    }
    crc_step(c, d, t, x, k, bytes == 8 ? 32 : bytes * 8);
    if (bytes == 8) {
        emit_rri(c, X_RORX_RMI | X_W, t, data, 32);
        emit_rr(c, X_XOR_RM, d, t);
        crc_step(c, d, t, x, k, 32);
    }
}

/* Without PCLMULQDQ: bit by bit; d holds the accumulator, the data is in a scratch register. */
static void crc_by_bits(struct x64 *c, unsigned d, unsigned data, unsigned bytes)
{
    unsigned t = x64_scratch(c), n = x64_scratch(c), left = x64_scratch(c);
    const uint8_t *loop;

    emit_mov(c, left, data);
    emit_const(c, n, bytes * 8);
    loop = c->p;
    emit_rr(c, X_MOV_RM, t, left);
    emit_rr(c, X_XOR_RM, t, d);
    emit_ri(c, X_AND_MI, t, 1);
    emit_r(c, X_NEG_M, t);
    emit_ri(c, X_AND_MI, t, (int32_t)0xedb88320);
    emit_ri8(c, X_SHR_MI8, d, 1);
    emit_rr(c, X_XOR_RM, d, t);
    emit_ri8(c, X_SHR_MI8 | X_W, left, 1);
    emit_r(c, X_DEC_M, n);
    emit_jcc_back(c, CC_NE, loop);
}

LOWER(CRC32)
{
    unsigned data, d;

    x64_flags_clobber(c);
    data = x64_use(c, 1);
    d = x64_def_from(c, 0);
    emit_rr(c, X_MOV_RM, d, d); /* the accumulator's upper half must be zero */
    if (c->env->features & X64_PCLMUL) {
        crc_by_pclmul(c, d, data, i->aux);
    } else {
        crc_by_bits(c, d, data, i->aux);
    }
}
