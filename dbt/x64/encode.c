/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape functions: the only code that writes x86 bytes (Intel SDM volume 2, chapter 2). */
#include "dbt/x64/encode.h"

#include "dbt/x64/x64.h"

#define F_OPCODE(form) ((form)&0xffu)
#define F_MAP(form)    ((form) >> 8 & 3u)
#define F_PP(form)     ((form) >> 10 & 3u)
#define F_DIGIT(form)  ((form) >> 12 & 7u)

enum { REX = 0x40, REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };

static inline void put8(struct x64 *c, unsigned byte)
{
    *c->p++ = (uint8_t)byte;
}

static inline void put32(struct x64 *c, uint32_t word)
{
    __builtin_memcpy(c->p, &word, 4);
    c->p += 4;
}

static inline void put64(struct x64 *c, uint64_t word)
{
    __builtin_memcpy(c->p, &word, 8);
    c->p += 8;
}

/* --- prefixes and opcode --- */
static inline bool is_high_byte(unsigned reg)
{
    return reg >= RSP && reg <= RDI; /* without REX these numbers are AH CH DH BH */
}

static void put_legacy(struct x64 *c, x86_form form, unsigned reg, unsigned index, unsigned rm,
                       bool force_rex)
{
    static const uint8_t prefix[4] = {0, 0x66, 0xf3, 0xf2};
    unsigned rex =
        (form & XF_W1 ? REX_W : 0u) | (reg >> 1 & REX_R) | (index >> 2 & REX_X) | (rm >> 3 & REX_B);

    if (form & XF_LOCK) {
        put8(c, 0xf0);
    }
    if ((form & XF_P16) && F_PP(form) != XPP_66) {
        put8(c, 0x66);
    }
    if (F_PP(form)) {
        put8(c, prefix[F_PP(form)]);
    }
    if (rex || force_rex) {
        put8(c, REX | rex);
    }
    if (F_MAP(form) != XMAP_1) {
        put8(c, 0x0f);
    }
    if (F_MAP(form) == XMAP_38) {
        put8(c, 0x38);
    } else if (F_MAP(form) == XMAP_3A) {
        put8(c, 0x3a);
    }
    put8(c, F_OPCODE(form));
}

static void put_vex(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned index,
                    unsigned rm)
{
    unsigned w = form & XF_W1 ? 0x80 : 0, l = form & XF_L ? 4 : 0;
    unsigned last = (~vvvv & 15) << 3 | l | F_PP(form);
    unsigned r = reg & 8 ? 0 : 0x80;

    if (!w && F_MAP(form) == XMAP_0F && !(index & 8) && !(rm & 8)) {
        put8(c, 0xc5);
        put8(c, r | last);
    } else {
        put8(c, 0xc4);
        put8(c, r | (index & 8 ? 0 : 0x40u) | (rm & 8 ? 0 : 0x20u) | F_MAP(form));
        put8(c, w | last);
    }
    put8(c, F_OPCODE(form));
}

/* EVEX without masking, broadcast or rounding. For a register r/m, X is bit 4 of its number. */
static void put_evex(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned index,
                     unsigned rm)
{
    unsigned x = index == X86_NONE ? rm >> 4 & 1 : index >> 3 & 1;

    put8(c, 0x62);
    put8(c, (reg & 8 ? 0 : 0x80u) | (x ? 0 : 0x40u) | (rm & 8 ? 0 : 0x20u) |
                (reg & 16 ? 0 : 0x10u) | F_MAP(form));
    put8(c, (form & XF_W1 ? 0x80u : 0) | (~vvvv & 15) << 3 | 4 | F_PP(form));
    put8(c, (form & XF_L ? 0x20u : 0) | (vvvv & 16 ? 0 : 8u));
    put8(c, F_OPCODE(form));
}

static void put_opcode(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned index,
                       unsigned rm, bool force_rex)
{
    if (form & XF_EVEX) {
        put_evex(c, form, reg, vvvv, index, rm);
    } else if (form & XF_VEX) {
        put_vex(c, form, reg, vvvv, index == X86_NONE ? 0 : index, rm);
    } else {
        put_legacy(c, form, reg, index == X86_NONE ? 0 : index, rm, force_rex);
    }
}

/* --- ModRM and SIB --- */
static void put_modrm(struct x64 *c, unsigned mod, unsigned reg, unsigned rm)
{
    put8(c, mod << 6 | (reg & 7) << 3 | (rm & 7));
}

static void put_disp32_only(struct x64 *c, unsigned reg, struct x86_mem mem)
{
    put_modrm(c, 0, reg, RSP);
    put_modrm(c, mem.scale, mem.index == X86_NONE ? RSP : mem.index, RBP);
    put32(c, (uint32_t)mem.disp);
}

static void put_mem(struct x64 *c, x86_form form, unsigned reg, struct x86_mem mem)
{
    bool disp8 = mem.disp == (int8_t)mem.disp && !(form & XF_EVEX); /* EVEX scales its disp8 */
    unsigned mod = mem.disp == 0 && (mem.base & 7) != RBP ? 0 : disp8 ? 1 : 2;

    if (mem.base == X86_NONE) {
        put_disp32_only(c, reg, mem);
        return;
    }
    if (mem.base == X86_POOL) {
        put_modrm(c, 0, reg, RBP); /* [RIP + disp32] */
        x64_constant_used(c, (unsigned)mem.disp);
        put32(c, 0);
        return;
    }
    if (mem.index == X86_NONE && (mem.base & 7) != RSP) {
        put_modrm(c, mod, reg, mem.base);
    } else {
        put_modrm(c, mod, reg, RSP);
        put_modrm(c, mem.scale, mem.index == X86_NONE ? RSP : mem.index, mem.base);
    }
    if (mod == 1) {
        put8(c, (uint8_t)mem.disp);
    } else if (mod == 2) {
        put32(c, (uint32_t)mem.disp);
    }
}

/* The register in mem that prefixes extend. */
static unsigned extended(unsigned reg)
{
    return reg >= X86_POOL ? 0 : reg;
}

/* The immediate byte of an instruction with a memory operand: RIP is behind it. */
static void put_imm8_of(struct x64 *c, struct x86_mem mem, unsigned imm)
{
    put8(c, imm);
    if (mem.base == X86_POOL) {
        c->constant_use[c->constant_uses - 1].tail = 1;
    }
}

/* --- shapes --- */
void emit_vrr(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned rm)
{
    bool force = ((form & XF_RB) && is_high_byte(reg)) || ((form & XF_MB) && is_high_byte(rm));

    put_opcode(c, form, reg, vvvv, X86_NONE, rm, force);
    put_modrm(c, 3, reg, rm);
}

void emit_vrm(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, struct x86_mem mem)
{
    bool force = (form & XF_RB) && is_high_byte(reg);

    put_opcode(c, form, reg, vvvv, extended(mem.index), extended(mem.base), force);
    put_mem(c, form, reg, mem);
}

void emit_rr(struct x64 *c, x86_form form, unsigned reg, unsigned rm)
{
    emit_vrr(c, form, reg, 0, rm);
}

void emit_rm(struct x64 *c, x86_form form, unsigned reg, struct x86_mem mem)
{
    emit_vrm(c, form, reg, 0, mem);
}

void emit_rri(struct x64 *c, x86_form form, unsigned reg, unsigned rm, unsigned imm)
{
    emit_rr(c, form, reg, rm);
    put8(c, imm);
}

void emit_rmi(struct x64 *c, x86_form form, unsigned reg, struct x86_mem mem, unsigned imm)
{
    emit_rm(c, form, reg, mem);
    put_imm8_of(c, mem, imm);
}

void emit_rri32(struct x64 *c, x86_form form, unsigned reg, unsigned rm, int32_t imm)
{
    emit_rr(c, form, reg, rm);
    put32(c, (uint32_t)imm);
}

void emit_r(struct x64 *c, x86_form form, unsigned rm)
{
    put_opcode(c, form, 0, 0, X86_NONE, rm, (form & XF_MB) && is_high_byte(rm));
    put_modrm(c, 3, F_DIGIT(form), rm);
}

void emit_m(struct x64 *c, x86_form form, struct x86_mem mem)
{
    put_opcode(c, form, 0, 0, extended(mem.index), extended(mem.base), false);
    put_mem(c, form, F_DIGIT(form), mem);
}

void emit_ri8(struct x64 *c, x86_form form, unsigned rm, unsigned imm)
{
    emit_r(c, form, rm);
    put8(c, imm);
}

void emit_ri32(struct x64 *c, x86_form form, unsigned rm, int32_t imm)
{
    emit_r(c, form, rm);
    put32(c, (uint32_t)imm);
}

void emit_mi8(struct x64 *c, x86_form form, struct x86_mem mem, unsigned imm)
{
    emit_m(c, form, mem);
    put8(c, imm);
}

void emit_mi32(struct x64 *c, x86_form form, struct x86_mem mem, int32_t imm)
{
    emit_m(c, form, mem);
    put32(c, (uint32_t)imm);
}

#define OPCODE_IMM8 2u /* 0x81 becomes 0x83 */

void emit_ri(struct x64 *c, x86_form form, unsigned rm, int32_t imm)
{
    if (imm == (int8_t)imm) {
        emit_ri8(c, form | OPCODE_IMM8, rm, (uint8_t)imm);
    } else {
        emit_ri32(c, form, rm, imm);
    }
}

void emit_mi(struct x64 *c, x86_form form, struct x86_mem mem, int32_t imm)
{
    if (imm == (int8_t)imm) {
        emit_mi8(c, form | OPCODE_IMM8, mem, (uint8_t)imm);
    } else {
        emit_mi32(c, form, mem, imm);
    }
}

void emit_vrri(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned rm, unsigned imm)
{
    emit_vrr(c, form, reg, vvvv, rm);
    put8(c, imm);
}

void emit_vrmi(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, struct x86_mem mem,
               unsigned imm)
{
    emit_vrm(c, form, reg, vvvv, mem);
    put_imm8_of(c, mem, imm);
}

void emit_vri(struct x64 *c, x86_form form, unsigned vvvv, unsigned rm, unsigned imm)
{
    emit_vrri(c, form, F_DIGIT(form), vvvv, rm, imm);
}

void emit_op(struct x64 *c, x86_form form)
{
    put_legacy(c, form, 0, 0, 0, false);
}

void emit_o(struct x64 *c, x86_form form, unsigned reg)
{
    put_legacy(c, form + (reg & 7), 0, 0, reg, false);
}

void emit_const(struct x64 *c, unsigned reg, uint64_t value)
{
    if (value <= UINT32_MAX) {
        put_legacy(c, 0xb8 + (reg & 7), 0, 0, reg, false);
        put32(c, (uint32_t)value);
    } else if (value == (uint64_t)(int32_t)value) {
        emit_ri32(c, X_MOV_MI32 | X_W, reg, (int32_t)value);
    } else {
        put_legacy(c, (0xb8 + (reg & 7)) | XF_W1, 0, 0, reg, false);
        put64(c, value);
    }
}

void emit_mov(struct x64 *c, unsigned to, unsigned from)
{
    if (to != from) {
        emit_rr(c, X_MOV_RM | X_W, to, from);
    }
}

void emit_cmov(struct x64 *c, enum x86_cc cc, unsigned w, unsigned reg, unsigned rm)
{
    emit_rr(c, (0x40u + cc) | XMAP_0F << 8 | w, reg, rm);
}

void emit_setcc(struct x64 *c, enum x86_cc cc, unsigned reg)
{
    emit_r(c, (0x90u + cc) | XMAP_0F << 8 | XF_MB, reg);
}

/* --- jumps --- */
static uint8_t *put_rel32(struct x64 *c)
{
    put32(c, 0);
    return c->p - 4;
}

uint8_t *emit_jcc(struct x64 *c, enum x86_cc cc)
{
    put8(c, 0x0f);
    put8(c, 0x80u + cc);
    return put_rel32(c);
}

uint8_t *emit_jmp(struct x64 *c)
{
    put8(c, 0xe9);
    return put_rel32(c);
}

uint8_t *emit_jcc8(struct x64 *c, enum x86_cc cc)
{
    put8(c, 0x70u + cc);
    put8(c, 0);
    return c->p - 1;
}

uint8_t *emit_jmp8(struct x64 *c)
{
    put8(c, 0xeb);
    put8(c, 0);
    return c->p - 1;
}

static void set_rel32(uint8_t *rel32, const uint8_t *to)
{
    int32_t rel = (int32_t)(to - (rel32 + 4));

    __builtin_memcpy(rel32, &rel, 4);
}

void emit_bind(struct x64 *c, uint8_t *rel32)
{
    set_rel32(rel32, c->p);
}

void emit_bind8(struct x64 *c, uint8_t *rel8)
{
    ptrdiff_t rel = c->p - (rel8 + 1);

    if (rel > 127) {
        __builtin_trap(); /* a lowering used a short jump for long code: our bug */
    }
    *rel8 = (uint8_t)rel;
}

void emit_jcc_back(struct x64 *c, enum x86_cc cc, const uint8_t *to)
{
    ptrdiff_t rel = to - (c->p + 2);

    if (rel >= -128) {
        put8(c, 0x70u + cc);
        put8(c, (uint8_t)rel);
    } else {
        set_rel32(emit_jcc(c, cc), to);
    }
}

void emit_jmp_back(struct x64 *c, const uint8_t *to)
{
    ptrdiff_t rel = to - (c->p + 2);

    if (rel >= -128) {
        put8(c, 0xeb);
        put8(c, (uint8_t)rel);
    } else {
        set_rel32(emit_jmp(c), to);
    }
}

void emit_call_back(struct x64 *c, const uint8_t *to)
{
    put8(c, 0xe8);
    set_rel32(put_rel32(c), to);
}

/* One NOP of up to three bytes so that the code address after `opcode` more bytes is aligned. */
static void align_rel32(struct x64 *c, unsigned opcode)
{
    uint64_t at = c->code->rx + (uint64_t)(c->p - c->code->rw) + opcode;

    switch (-at & 3) {
    case 1: put8(c, 0x90); break;
    case 2: put8(c, 0x66), put8(c, 0x90); break;
    case 3: put8(c, 0x0f), put8(c, 0x1f), put8(c, 0x00); break;
    default: break;
    }
}

uint8_t *emit_jcc_aligned(struct x64 *c, enum x86_cc cc)
{
    align_rel32(c, 2);
    return emit_jcc(c, cc);
}

uint8_t *emit_jmp_aligned(struct x64 *c)
{
    align_rel32(c, 1);
    return emit_jmp(c);
}

uint8_t *emit_call_aligned(struct x64 *c)
{
    align_rel32(c, 1);
    put8(c, 0xe8);
    return put_rel32(c);
}

/* Whether address is within rel32 of an instruction of `size` bytes here; *rel set to the distance.
 */
static bool is_near(const struct x64 *c, uint64_t address, unsigned size, int32_t *rel)
{
    uint64_t next = c->code->rx + (uint64_t)(c->p - c->code->rw) + size;
    int64_t distance = (int64_t)(address - next);

    *rel = (int32_t)distance;
    return *rel == distance;
}

void emit_jmp_to(struct x64 *c, uint64_t address)
{
    int32_t rel;

    if (is_near(c, address, 5, &rel)) {
        put8(c, 0xe9);
        put32(c, (uint32_t)rel);
    } else {
        put8(c, 0xff); /* JMP [RIP+0], the address behind it */
        put8(c, 0x25);
        put32(c, 0);
        put64(c, address);
    }
}

void emit_call_to(struct x64 *c, uint64_t address)
{
    int32_t rel;

    if (is_near(c, address, 5, &rel)) {
        put8(c, 0xe8);
        put32(c, (uint32_t)rel);
    } else {
        emit_const(c, R11, address);
        emit_r(c, X_CALL_M, R11);
    }
}
