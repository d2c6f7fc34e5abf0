/* SPDX-License-Identifier: BSD-2-Clause */
/* The IR: one guest basic block as a straight line of typed, single-assignment instructions. */
/*
 * A block lies within one guest page, names guest addresses only relative to that page (so that one
 * translation serves every VA and address space that maps the physical page), and ends in an END
 * instruction. A two-way branch within it is a side exit: taken, it ends the block; else the block
 * goes on with the next guest instruction. Guest state that an instruction writes is set (SETX,
 * SETV, SETF) only after everything in that guest instruction that can fault: a fault then finds
 * the state of the instruction's start. ops.inc and ops_simd.inc define every operation; nothing
 * else may list them.
 */
#pragma once

#include "exarch/bits.h"

enum ir_type { IR_VOID, IR_I32, IR_I64, IR_V128, IR_FLAGS, IR_ANY };

enum ir_effect {
    IR_E_MEM = 1 << 0,
    IR_E_ST = 1 << 1,
    IR_E_STATE = 1 << 2,
    IR_E_SYNC = 1 << 3,
    IR_E_END = 1 << 4,
};

enum ir_op {
#define IR_OP(name, res, a, b, c, effects) IR_##name,
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP
    IR_OP_COUNT
};

/* A value: the index of the instruction that defines it. IR_NONE where a row has no such argument.
 */
typedef uint16_t ir_ref;
#define IR_NONE UINT16_MAX

struct ir_insn {
    uint16_t op; /* enum ir_op */
    uint8_t aux;
    uint8_t pad;
    ir_ref arg[3];
    uint16_t pad2;
    uint64_t imm;
};

#define IR_MAX_INSNS  1536 /* a block ends before it could overflow this */
#define IR_MAX_GUEST  128  /* guest instructions a block */
#define IR_MAX_EXITS  6    /* side exits a block */
#define IR_INSN_SLACK 96   /* no guest instruction makes more IR than this (LD4/ST4 by element) */

struct ir_block {
    uint16_t count;       /* IR instructions */
    uint16_t guest_count; /* guest instructions */
    uint16_t start;       /* offset of the first guest instruction in its page, 0..4092 */
    struct ir_insn insn[IR_MAX_INSNS];
};

/* The four-bit condition codes of the Arm ARM (C1.2.4) in `aux`. */
enum ir_cond {
    COND_EQ,
    COND_NE,
    COND_CS,
    COND_CC,
    COND_MI,
    COND_PL,
    COND_VS,
    COND_VC,
    COND_HI,
    COND_LS,
    COND_GE,
    COND_LT,
    COND_GT,
    COND_LE,
    COND_AL,
    COND_NV,
};

/* aux of the memory rows. */
enum ir_mem {
    IR_MEM_UNPRIV = 1 << 0,  /* LDTR/STTR: checked as EL0 where the architecture says so */
    IR_MEM_ALIGN = 1 << 1,   /* must be naturally aligned (acquire/release, or SCTLR.A) */
    IR_MEM_WINDOW = 1 << 2,  /* a load or store that goes by windows (state.h) whatever its address;
                                with IR_MEM_UNPRIV by those of EL0 */
    IR_MEM_ELEMENT = 7 << 3, /* where the access is of several elements, or of part of one */
    IR_MEM_NORMAL = 1 << 6,  /* DC ZVA: Device memory is an alignment fault */
};

/* IR_MEM_ELEMENT: aligned is what is aligned to 1 << log2 bytes, not to the access's size. */
#define IR_MEM_OF(log2) (((log2) + 1u) << 3)

static inline unsigned ir_mem_alignment(unsigned aux, unsigned size)
{
    return aux & IR_MEM_ELEMENT ? 1u << ((aux & IR_MEM_ELEMENT) >> 3) >> 1 : size;
}

/* aux of FP. */
enum ir_fp { IR_FP_FZ = 1 }; /* FPCR.FZ is set */

enum ir_atomic {
    IR_ATOMIC_ADD,
    IR_ATOMIC_CLR,
    IR_ATOMIC_EOR,
    IR_ATOMIC_SET,
    IR_ATOMIC_SMAX,
    IR_ATOMIC_SMIN,
    IR_ATOMIC_UMAX,
    IR_ATOMIC_UMIN,
    IR_ATOMIC_SWP,
};

/* aux of BRIND and JUMP: a hint for return prediction. A call has set X30 to the next instruction.
 */
enum ir_ind { IR_IND_JUMP, IR_IND_CALL, IR_IND_RET };

/* Why translated code leaves for the dispatcher. */
enum ir_exit {
    EXIT_LOOKUP, /* find (or make) the block at st->pc; link it to the exit when EXIT has a link */
    EXIT_UNDEF,  /* exit_arg: the instruction word */
    EXIT_SVC,    /* exit_arg: imm16 */
    EXIT_HVC,
    EXIT_SMC,
    EXIT_BRK,
    EXIT_HLT,
    EXIT_ERET,
    EXIT_WFI, /* pc is the next instruction's */
    EXIT_WFE,
    EXIT_YIELD,
    EXIT_CONTEXT, /* the translation context may have changed: recompute it, look pc up again */
    EXIT_FP_TRAP, /* FP access trapped by CPACR_EL1 */
    EXIT_PC_ALIGN,
    EXIT_ILLEGAL, /* PSTATE.IL */
    EXIT_STEP,    /* software step: one instruction done */
    EXIT_SYSTRAP, /* exit_arg: ISS of a trapped MSR/MRS/SYS (EC 0x18) */
    EXIT_COUNT
};

/*
 * imm of VGATHER3: register r (0..2) of LD3, or of what ST3 stores, 8 << q bytes of it.
 * Element e of register r lies in memory as element 3 * e + r.
 */
#define IR_GATHER3(load, q, size, r)                                                               \
    ((uint64_t)(load) | (uint64_t)(q) << 1 | (uint64_t)(size) << 2 | (uint64_t)(r) << 4)

/* The byte of the registers in a row that becomes byte n of the result; at least 48: zero. */
static inline unsigned ir_gather3(uint64_t imm, unsigned n)
{
    unsigned load = imm & 1, q = imm >> 1 & 1, size = imm >> 2 & 3, r = imm >> 4 & 3;
    unsigned elements = (8u << q) >> size, e = n >> size, place = r * elements + e;
    unsigned from = load ? 3 * e + r : place % 3 * elements + place / 3;
    unsigned byte = (from << size) + (n & ((1u << size) - 1));

    return n >= 8u << q ? 48 : q ? byte : byte / 8 * 16 + byte % 8;
}

/* imm of the two-way branches: both offsets are from the start of the block's page, signed. */
#define IR_TARGETS(taken, next) (((uint64_t)(uint32_t)(taken) << 32) | (uint32_t)(next))
#define IR_TAKEN(imm)           ((int64_t)(int32_t)((imm) >> 32))
#define IR_NEXT(imm)            ((int64_t)(int32_t)(imm))

static inline bool ir_is_two_way(unsigned op)
{
    return op == IR_BRCOND || op == IR_BRZ32 || op == IR_BRZ64 || op == IR_BRBIT;
}

/* imm of the calls. */
#define IR_CALL_IMM(helper, value) (((uint64_t)(uint32_t)(value) << 32) | (uint32_t)(helper))
#define IR_CALL_HELPER(imm)        ((uint32_t)(imm))
#define IR_CALL_VALUE(imm)         ((uint32_t)((imm) >> 32))

struct ir_row {
    const char *name;
    uint8_t result; /* enum ir_type */
    uint8_t arg[3];
    uint8_t effects; /* enum ir_effect */
};
extern const struct ir_row ir_rows[IR_OP_COUNT];

/* Checks types, single ends, order of definition; returns NULL or a static description of the flaw,
 * with *where set to the instruction's index. */
const char *ir_verify(const struct ir_block *block, unsigned *where);

/* Prints instruction i of block as text into buf (always terminated); returns its length. */
int ir_print(const struct ir_block *block, unsigned i, char *buf, size_t size);
