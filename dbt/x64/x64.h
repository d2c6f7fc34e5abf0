/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the emitter: the context of one compilation, and what a lowering function may ask of it.
 */
/*
 * compile.c walks the block twice: backwards for next uses (and what is dead), forwards calling one
 * function lower_NAME per row. A lowering asks for registers by intent, emits, and that is all:
 *
 *     LOWER(XOR64)
 *     {
 *         x64_flags_clobber(c);            // first: live flags are saved while RAX can be had
 *         unsigned y = x64_use(c, 1);      // argument 1 in a register, read only
 *         unsigned d = x64_def_from(c, 0); // the result's register, holding argument 0
 *
 *         emit_rr(c, X_XOR_RM | X_W, d, y);
 *     }
 *
 * Registers got in a row stay the row's until its end. I32 rows must leave the upper half of their
 * result zero (any 32-bit x86 operation does); I32 arguments may have anything there.
 * Guest slots (X0-X30, SP, V0-V31, NZCV) are bound to values: SETX makes no code, the slot becomes
 * dirty and is stored when its register is taken or the block ends; sites list what is not in
 * memory.
 */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/state.h"
#include "dbt/x64/compile.h"
#include "dbt/x64/encode.h"

/* Registers in the allocator: GPRs are 0..15, XMM registers 16..31. */
#define XMM_FIRST 16u
#define X64_REGS  32u
#define REG_ST    R14
#define REG_BIAS  R15
#define GPR_MASK  (0xffffu & ~(1u << RSP | 1u << REG_ST | 1u << REG_BIAS))
#define XMM_MASK  0xffff0000u
/* What a call of a pure helper destroys: the System V ABI's registers, but no vector register,
 * since the helpers are compiled for general registers only (dbt/fp/module.mk). */
#define CALL_CLOBBERS                                                                              \
    (1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 | 1u << R10 | \
     1u << R11)

#define X64_NONE  0xff       /* no register, slot or spill slot */
#define X64_NEVER UINT16_MAX /* no next use */
#define X64_SLOTS (LOC_SLOT_NZCV + 1)

#define X64_RED_ZONE 3072 /* no row and no out-of-line path makes more code */

struct x64_val {
    uint16_t next; /* the row of its next use, as seen from the row being lowered */
    uint8_t reg;   /* register, or X64_NONE */
    uint8_t home;  /* slot whose memory holds it, or X64_NONE */
    uint8_t spill; /* spill slot that holds it, or X64_NONE */
    uint8_t bound; /* dirty slots bound to it */
};

struct x64;
struct x64_ool;

/* An out-of-line path: emitted after the block's straight line, where fn puts it. */
typedef void x64_ool_fn(struct x64 *c, const struct x64_ool *o);
struct x64_ool {
    x64_ool_fn *fn;
    uint8_t *from;       /* rel32 that leads to it */
    const uint8_t *back; /* where it may return to */
    uint64_t imm;
    uint32_t live;  /* registers in use when it was made (beside the row's own) */
    uint16_t guest; /* page offset of its guest instruction */
    uint16_t loc;   /* its site's location list */
    uint8_t loc_count;
    uint8_t reg[4]; /* the lowering's own */
};
#define X64_MAX_OOL (IR_MAX_INSNS + 64)

/* The block's vector constants (constants.c): each is there once, behind the code that uses it. */
#define X64_CONSTANTS     64
#define X64_CONSTANT_USES 512
struct x64_constant_use {
    uint8_t *rel32;
    uint8_t index; /* of the constant */
    uint8_t tail;  /* bytes of the instruction behind rel32 */
};

/* The head of a loop finds NZCV in memory, in RFLAGS with the carry of a subtraction, or nowhere:
 * it is set in each round before anything but a boundary could show it. */
enum x64_loop_flags { LOOP_FLAGS_MEMORY, LOOP_FLAGS_LIVE, LOOP_FLAGS_OWN };

struct x64 {
    uint8_t *p; /* where the next byte goes */
    uint8_t *limit;
    const struct ir_block *block;
    const struct x64_env *env;
    struct x64_code *code;

    unsigned row;     /* being lowered */
    ir_ref *arg;      /* its arguments: args[row] */
    unsigned guest;   /* page offset of the guest instruction */
    uint32_t free;    /* registers that hold nothing */
    uint32_t pinned;  /* this row's: not to be taken */
    uint32_t scratch; /* those of them that are given back at its end */
    uint32_t shake;   /* state of the tests' random choices; 0: none */

    uint64_t dirty; /* X and V slots whose value is not in memory */
    bool dirty_nzcv;
    bool nzcv_lost; /* NZCV is nowhere: it is set before anything but a boundary could show it */
    bool flags_sub; /* RFLAGS.CF is the complement of the Arm carry (after a subtraction) */
    ir_ref fused;   /* a shift that the ADD behind it does in its LEA, and */
    uint16_t fused_next; /* the next use of its argument after that */
    ir_ref flags_ref;    /* the value that is in RFLAGS, or IR_NONE */

    bool loc_fresh; /* the latest location list still describes the state */
    uint16_t loc;
    uint8_t loc_count;

    bool loop; /* the block's end goes to its start by way of loop_head (loop.c) */
    enum x64_loop_flags loop_flags; /* where NZCV is at loop_head */
    uint64_t loop_slots; /* slots in registers at the head; those that are set are dirty there */
    uint64_t loop_set;
    const uint8_t *loop_head;
    ir_ref loop_ref[LOC_SLOT_NZCV]; /* the row that reads the slot */
    uint8_t loop_reg[LOC_SLOT_NZCV];

    uint32_t spill_free;  /* GPR spill slots */
    uint16_t vspill_free; /* vector spill slots */
    uint16_t ool_count;

    ir_ref reg_ref[X64_REGS];
    ir_ref slot[X64_SLOTS]; /* the value each guest slot has, where known */
    struct x64_val val[IR_MAX_INSNS];
    ir_ref root[IR_MAX_INSNS];      /* the value a row's result is the same register as */
    ir_ref args[IR_MAX_INSNS][3];   /* arguments of the rows that make something, by their roots */
    uint16_t next[IR_MAX_INSNS][3]; /* next use of each argument after the row; of a constant, which
                                       has no arguments, [0] is its index in code->consts */
    bool dropped[IR_MAX_INSNS];     /* the row makes nothing (x64_is_dropped) */
    uint64_t overwritten[IR_MAX_INSNS]; /* slots that are set after the row, before any site */
    bool nzcv_dead[IR_MAX_INSNS]; /* NZCV is set after the row, before any site but boundaries */
    struct x64_ool ool[X64_MAX_OOL];

    unsigned constants, constant_uses;
    uint64_t constant[X64_CONSTANTS][2];
    struct x64_constant_use constant_use[X64_CONSTANT_USES];
};

/* The row behind the first INSN: where translations read NZCV, so that what they find has a name.
 */
enum { X64_FOUND = 1 };

/* Every row has its function: without it nothing links. */
typedef void lower_fn(struct x64 *c, const struct ir_insn *i);
#define IR_OP(name, res, a0, a1, a2, effects) lower_fn lower_##name;
#include "dbt/ir/ops.inc"
#include "dbt/ir/ops_simd.inc"
#undef IR_OP
#define LOWER(name)                                                                                \
    void lower_##name(__attribute__((unused)) struct x64 *c,                                       \
                      __attribute__((unused)) const struct ir_insn *i)

/*
 * Registers by intent (alloc.c, the guest's slots in slots.c); k is an argument's number in the
 * row. GPR or XMM by the value's type; XMM registers are returned as 0..15.
 */
unsigned x64_use(struct x64 *c, unsigned k); /* argument k, read only */
unsigned x64_def(struct x64 *c);      /* the row's result: shares no register with an argument */
unsigned x64_def_late(struct x64 *c); /* the same for a single instruction that reads all arguments
                                         before it writes: may be the register of one that dies.
                                         After all uses; no x64_use after it */
unsigned x64_def_from(struct x64 *c, unsigned k); /* the result, in a register that holds argument
                                                     k; after all x64_use of the row */
unsigned x64_scratch(struct x64 *c);              /* a GPR for this row */
unsigned x64_scratch_xmm(struct x64 *c);
/* Gives back the scratch registers got since c->scratch was `before`. */
static inline void x64_scratch_drop(struct x64 *c, uint32_t before)
{
    uint32_t drop = c->scratch & ~before;

    c->scratch = before;
    c->free |= drop;
    c->pinned &= ~drop;
}
unsigned x64_copy(struct x64 *c, unsigned k); /* a scratch GPR or XMM that holds argument k */
void x64_take(struct x64 *c, unsigned reg);   /* this very GPR for the row; before other requests */
void x64_copy_to(struct x64 *c, unsigned k, unsigned reg); /* the same, holding argument k */
void x64_def_in(struct x64 *c, unsigned reg); /* the result is in this GPR, taken before */

/* Argument k as r/m: in its slot's memory when this is its only use, else in a register. */
struct x64_rm {
    bool is_mem;
    unsigned reg;
    struct x86_mem mem;
};
struct x64_rm x64_use_rm(struct x64 *c, unsigned k);
bool x64_stays_in_memory(const struct x64 *c, unsigned k); /* whether it will be the memory */
/* An RM form with either. */
void emit_r_rm(struct x64 *c, x86_form form, unsigned reg, struct x64_rm rm);

/* Whether argument k is a constant; CONST32 is zero extended. And one that fits a signed imm32; for
 * a 32-bit row its low half counts. */
bool x64_const(const struct x64 *c, unsigned k, uint64_t *value);
bool x64_imm32(const struct x64 *c, unsigned k, bool wide, int32_t *imm);

/* Exchanges arguments 0 and 1, for a commutative row. */
static inline void x64_swap(struct x64 *c)
{
    ir_ref arg = c->arg[0];
    uint16_t next = c->next[c->row][0];

    c->arg[0] = c->arg[1];
    c->arg[1] = arg;
    c->next[c->row][0] = c->next[c->row][1];
    c->next[c->row][1] = next;
}

/* Whether argument k has no use after this row, its slots' part in sites included. */
bool x64_dies(const struct x64 *c, unsigned k);
bool x64_result_unused(const struct x64 *c);

/*
 * Flags (flags.c): values of type FLAGS live in RFLAGS, a GPR in host form, or memory.
 * x64_flags_clobber: RFLAGS will be destroyed: saved where they are needed later. Call it before
 * asking for registers. x64_flags_keep: the same but RFLAGS stay as they are, for a row that reads
 * them and then destroys them (call x64_flags_lost then).
 */
void x64_flags_clobber(struct x64 *c);
void x64_flags_keep(struct x64 *c);
void x64_flags_lost(struct x64 *c);
bool x64_flags_live(const struct x64 *c);       /* a clobber would cost something */
void x64_flags_need(struct x64 *c, unsigned k); /* argument k into RFLAGS; before other requests */
/* The block begins with NZCV in RFLAGS, as ref: its entry_live is here. Destroys RAX. */
void x64_flags_load(struct x64 *c, ir_ref ref);
bool x64_flags_alone(const struct x64 *c); /* NZCV is in RFLAGS and nowhere else */
void x64_flags_expire(struct x64 *c);      /* lost on purpose: NZCV is set anew soon */
void x64_flags_to_gpr(struct x64 *c);      /* what is in RFLAGS into RAX too, used later or not */
void x64_flags_carry(struct x64 *c, bool sub); /* makes CF the Arm carry, or its complement (CMC) */
void x64_flags_def(struct x64 *c, ir_ref ref, bool sub); /* RFLAGS now hold ref */
/* The x86 condition for the Arm condition on the RFLAGS that x64_flags_need has brought; may emit
 * CMC. */
enum x86_cc x64_flags_cc(struct x64 *c, unsigned cond);

/* --- state --- */
static inline struct x86_mem x64_state(size_t offset)
{
    return mem_base(REG_ST, (int32_t)offset - STATE_BIAS);
}
#define ST_FIELD(field) x64_state(offsetof(struct a64_state, field))

void x64_bind(struct x64 *c, unsigned slot, ir_ref ref); /* SETX, SETV, SETF */
void x64_read(struct x64 *c, unsigned slot, ir_ref ref); /* GETX, GETV, GETF */
/* Stores those of the slots that are dirty, and NZCV. */
void x64_write_slots(struct x64 *c, uint64_t slots, bool nzcv);
void x64_write_back(struct x64 *c); /* all dirty slots to memory; RFLAGS kept */
void x64_forget(struct x64 *c);     /* before a sync call: values still needed are spilled */
void x64_evict(struct x64 *c, uint32_t regs); /* before a pure call: these registers hold nothing */

/* Guest address arg0 + imm as an operand by the platform's memory model; RFLAGS are kept. */
struct x86_mem x64_guest_address(struct x64 *c, int64_t imm);

/* Whether row n makes nothing: another name of its argument, or a result that nobody uses. */
bool x64_is_dropped(const struct x64 *c, unsigned n);

/* Whether the guest's state may be asked for at the row. */
bool x64_is_site(const struct ir_insn *i);

/* The first row behind n that makes code by itself: no constant, no first read of a slot. */
unsigned x64_next_row(const struct x64 *c, unsigned n);

/*
 * Blocks that go to their own start (loop.c). find: before the analysis. keep: in it, before the
 * rows. enter: before the first row's code. At the END, in place of x64_write_back:
 * loop_write_back, then the test, then back (false: no loop; else the way on follows, with slots
 * still to be written back).
 */
void x64_loop_find(struct x64 *c);
void x64_loop_keep(struct x64 *c);
void x64_loop_enter(struct x64 *c);
void x64_loop_write_back(struct x64 *c);
bool x64_loop_back(struct x64 *c, enum x86_cc cc);
bool x64_loop_forever(struct x64 *c);

/* --- vector constants --- */
/* A 16-byte constant as a memory operand of this row; a row may have X64_ROW_CONSTANTS of them. */
struct x86_mem x64_constant(struct x64 *c, uint64_t low, uint64_t high);
#define X64_ROW_CONSTANTS 16
void x64_constant_used(struct x64 *c, unsigned index); /* by the rel32 that comes next */
/* Before a row or path: room for what it may need. At the end: puts what is left. */
void x64_constants_ready(struct x64 *c);
void x64_constants_put(struct x64 *c);

/* --- sites and out-of-line paths --- */
void x64_site(struct x64 *c); /* the next instruction may fault */
struct x64_ool *x64_ool(struct x64 *c, x64_ool_fn *fn, uint8_t *from);
/* In an out-of-line path: V128 helper(imm) of up to three XMM registers (X64_NONE: absent), the
 * result to XMM d. All other registers that o->live has are kept; RFLAGS are lost. */
void x64_ool_call(struct x64 *c, const struct x64_ool *o, unsigned helper, uint32_t imm,
                  const uint8_t arg[3], unsigned d);
/* In an out-of-line path: sync helper(imm) with a0 in GPR a; CC_NE holds where its result is not 0.
 * All registers that o->live has are kept; the state in memory is not exact. */
void x64_ool_sync(struct x64 *c, const struct x64_ool *o, unsigned helper, uint32_t imm,
                  unsigned a);
/* If cc: UD2, a site; the guest instruction is interpreted. */
void x64_check(struct x64 *c, enum x86_cc cc);
void x64_locate(struct x64 *c);          /* makes c->loc describe the state now */
bool x64_locs_left(const struct x64 *c); /* room for a whole guest instruction's lists */
void x64_add_site(struct x64 *c, unsigned guest, unsigned loc, unsigned loc_count, bool boundary);
