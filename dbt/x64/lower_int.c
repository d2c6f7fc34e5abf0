/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants and width changes; shifts, rotations, bit fields. */
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
