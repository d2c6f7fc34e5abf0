/* SPDX-License-Identifier: BSD-2-Clause */
/* x86-64 instructions as bytes: the forms of forms.inc and the shape functions that write them. */
/*
 * Only the functions declared here write code. They write at c->p without asking for space: the
 * driver keeps X64_RED_ZONE bytes free before each row and each out-of-line path.
 */
#pragma once

#include "exarch/bits.h"

/* Registers by their numbers in encodings; XMM registers have the same numbers 0..15 (31 with
 * EVEX). */
enum x86_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* A form is one word: opcode 7..0, map 9..8, pp 11..10, digit 14..12, flags above. */
enum x86_form_flag {
    XF_NONE = 0,
    XF_W = 1 << 15, /* a W form; see X_W */
    XF_W1 = 1 << 16,
    XF_RB = 1 << 17,
    XF_MB = 1 << 18,
    XF_VEX = 1 << 19,
    XF_EVEX = 1 << 20,
    XF_X = 1 << 21,
    XF_RX = 1 << 22,
    XF_VX = 1 << 23,
    XF_MEM = 1 << 24,
    XF_LOCK = 1 << 25,
    XF_P16 = 1 << 26, /* 16-bit operand: a 66 prefix beside pp */
    XF_REG = 1 << 27,
    XF_L = 1 << 28, /* VEX.L or EVEX.L'L = 256 bits */
};
#define XF_0 0

/* ORed into a form with flag W: 64-bit operation. */
#define X_W XF_W1

#define XMAP_1  0u
#define XMAP_0F 1u
#define XMAP_38 2u
#define XMAP_3A 3u
#define XPP_0   0u
#define XPP_66  1u
#define XPP_F3  2u
#define XPP_F2  3u

typedef uint32_t x86_form;

enum x86_form_index {
#define FORM(name, mnemonic, shape, pp, map, opcode, digit, flags) XI_##name,
#include "dbt/x64/forms.inc"
#undef FORM
    XI_COUNT
};

// clang-format off
#define W    XF_W
#define W1   XF_W1
#define RB   XF_RB
#define MB   XF_MB
#define VEX  XF_VEX
#define EVEX XF_EVEX
#define X    XF_X
#define RX   XF_RX
#define VX   XF_VX
#define MEM  XF_MEM
#define REG  XF_REG
#define LOCK XF_LOCK
#define P16  XF_P16
#define L    XF_L
// clang-format on
enum x86_form_word {
#define FORM(name, mnemonic, shape, pp, map, opcode, digit, flags)                                 \
    X_##name = (opcode) | XMAP_##map << 8 | XPP_##pp << 10 | (digit) << 12 | (flags),
#include "dbt/x64/forms.inc"
#undef FORM
};
#undef W
#undef W1
#undef RB
#undef MB
#undef VEX
#undef EVEX
#undef X
#undef RX
#undef VX
#undef MEM
#undef REG
#undef LOCK
#undef P16
#undef L

/* Condition codes of Jcc, SETcc, CMOVcc. */
enum x86_cc {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G
};

/* A memory operand: base + index * (1 << scale) + disp. */
struct x86_mem {
    int32_t disp;
    uint8_t base;  /* enum x86_reg, or X86_NONE: disp32 alone, or with the index */
    uint8_t index; /* any but RSP; X86_NONE: none */
    uint8_t scale;
};
#define X86_NONE 0xff
#define X86_POOL 0xfe /* base: the block's constant number disp (x64_constant) */

static inline struct x86_mem mem_base(unsigned base, int32_t disp)
{
    return (struct x86_mem){.disp = disp, .base = (uint8_t)base, .index = X86_NONE};
}

static inline struct x86_mem mem_index(unsigned base, unsigned index, unsigned scale, int32_t disp)
{
    return (struct x86_mem){
        .disp = disp, .base = (uint8_t)base, .index = (uint8_t)index, .scale = (uint8_t)scale};
}

struct x64; /* x64.h: the emitter's context, of which `p` is used here */

/* reg and r/m in the form's own fields: for RM forms reg is the destination, for MR forms the
 * source. */
void emit_rr(struct x64 *c, x86_form form, unsigned reg, unsigned rm);
void emit_rm(struct x64 *c, x86_form form, unsigned reg, struct x86_mem mem);
/* The same with an immediate byte at the end (RMI, MRI). */
void emit_rri(struct x64 *c, x86_form form, unsigned reg, unsigned rm, unsigned imm);
void emit_rmi(struct x64 *c, x86_form form, unsigned reg, struct x86_mem mem, unsigned imm);
/* IMUL's three-operand form (RMI32). */
void emit_rri32(struct x64 *c, x86_form form, unsigned reg, unsigned rm, int32_t imm);
/* Forms with a digit: M. */
void emit_r(struct x64 *c, x86_form form, unsigned rm);
void emit_m(struct x64 *c, x86_form form, struct x86_mem mem);
/* MI (imm8 when it fits), MI8 and MI32 of a register and of memory. */
void emit_ri(struct x64 *c, x86_form form, unsigned rm, int32_t imm);
void emit_ri8(struct x64 *c, x86_form form, unsigned rm, unsigned imm);
void emit_ri32(struct x64 *c, x86_form form, unsigned rm, int32_t imm);
void emit_mi(struct x64 *c, x86_form form, struct x86_mem mem, int32_t imm);
void emit_mi8(struct x64 *c, x86_form form, struct x86_mem mem, unsigned imm);
void emit_mi32(struct x64 *c, x86_form form, struct x86_mem mem, int32_t imm);
/* VEX and EVEX forms with three operands, in the manual's order of RVM: reg, vvvv, r/m. RMV forms
 * take them as (reg, r/m, vvvv) does: emit_vrr(c, form, reg, vvvv, rm) whichever way the manual
 * writes it. VM forms: emit_vr. */
void emit_vrr(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned rm);
void emit_vrm(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, struct x86_mem mem);
void emit_vrri(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, unsigned rm,
               unsigned imm);
void emit_vrmi(struct x64 *c, x86_form form, unsigned reg, unsigned vvvv, struct x86_mem mem,
               unsigned imm);
/* VMI: vvvv is written, r/m read, the digit in reg (VPSLLQ by an immediate). */
void emit_vri(struct x64 *c, x86_form form, unsigned vvvv, unsigned rm, unsigned imm);
void emit_op(struct x64 *c, x86_form form);              /* Z */
void emit_o(struct x64 *c, x86_form form, unsigned reg); /* O */

/* The shortest MOV of a constant that leaves the flags alone. */
void emit_const(struct x64 *c, unsigned reg, uint64_t value);
/* MOV between 64-bit registers; nothing when they are the same. */
void emit_mov(struct x64 *c, unsigned to, unsigned from);

void emit_cmov(struct x64 *c, enum x86_cc cc, unsigned w, unsigned reg, unsigned rm);
void emit_setcc(struct x64 *c, enum x86_cc cc, unsigned reg);

/* Jumps. The functions return where the displacement is, for emit_bind; rel32 unless said
 * otherwise. */
uint8_t *emit_jcc(struct x64 *c, enum x86_cc cc);
uint8_t *emit_jmp(struct x64 *c);
uint8_t *emit_jcc8(struct x64 *c, enum x86_cc cc); /* rel8: for the few bytes of one lowering */
uint8_t *emit_jmp8(struct x64 *c);
void emit_bind(struct x64 *c, uint8_t *rel32); /* the jump comes here */
void emit_bind8(struct x64 *c, uint8_t *rel8);
void emit_jcc_back(struct x64 *c, enum x86_cc cc,
                   const uint8_t *to); /* backwards, to a place in the block */
void emit_jmp_back(struct x64 *c, const uint8_t *to);
void emit_call_back(struct x64 *c, const uint8_t *to);
/* The same with the displacement 4-byte aligned: the sites of links. */
uint8_t *emit_jcc_aligned(struct x64 *c, enum x86_cc cc);
uint8_t *emit_jmp_aligned(struct x64 *c);
uint8_t *emit_call_aligned(struct x64 *c);
/* To an executable address: near when it can be, else through R11 (call) or [RIP] (jump). */
void emit_jmp_to(struct x64 *c, uint64_t address);
void emit_call_to(struct x64 *c, uint64_t address);
