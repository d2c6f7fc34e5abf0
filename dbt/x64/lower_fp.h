/* SPDX-License-Identifier: BSD-2-Clause */
/* What the floating-point lowerings share: the row's shape, its operands, checks and repairs. */
/*
 * MXCSR rounds as FPCR says and gathers the cumulative flags. What the host then does otherwise
 * than the Arm ARM, and how that is found:
 *   - which NaN results, and the default NaN: the result is a NaN;
 *   - tininess is found before rounding: a product or quotient that rounds up to the least normal
 * number raises no Underflow on the host, and is not flushed; found as a result that is this
 * number;
 *   - maxima with a NaN or of zeros, conversions that saturate: found in operands or result.
 * The path out of line does the operation again by the exact helper, which raises its flags in
 * st->fpsr. Flags are never too many: the host's instructions raise none that Arm does not, or are
 * asked only where they do not.
 * Scalars and 64-bit vectors leave zeros above, and their operands' upper lanes take no part.
 *
 * FPCR.FZ is MXCSR's DAZ and FTZ; rows are made for it (aux IR_FP_FZ) only while FPSR.IXC is set,
 * since the host raises Inexact where it flushes a result; IDC is raised by FIDC rows.
 */
#pragma once

#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/x64.h"

struct fp_shape {
    enum fp_op op;
    unsigned size, lanes, aux, fbits;
    unsigned form;  /* index of PS PD SS SD; half precision is done in single */
    bool is_scalar; /* one lane */
    bool is_pair;   /* 64 bits of two singles */
};

/* The shape that FP_IMM has packed. */
struct fp_shape fp_shape_of(const struct ir_insn *i);

/* What a row works on: the result's register, its operands', temporary ones. A row asks for all of
 * them before its first repair: what the allocator stores behind that would be jumped over. */
struct fp_regs {
    unsigned d, a, b, c, t[3];
};
/* The first n of r->t. */
void fp_temporaries(struct x64 *c, struct fp_regs *r, unsigned n);

#define FP_FORMS(name)                                                                             \
    (const x86_form[4])                                                                            \
    {                                                                                              \
        X_##name##PS, X_##name##PD, X_##name##SS, X_##name##SD                                     \
    }

/* Predicates of VCMP. */
enum {
    CMP_EQ_OQ = 0x00,
    CMP_UNORD_Q = 0x03,
    CMP_EQ_UQ = 0x08,
    CMP_GE_OS = 0x0d,
    CMP_GT_OS = 0x0e,
    CMP_LT_OQ = 0x11,
    CMP_NLT_UQ = 0x15,
    CMP_NGE_UQ = 0x19
};

static inline struct x86_mem fp_constant(unsigned index)
{
    return x64_state(offsetof(struct a64_state, fp_const) + index * sizeof(v128));
}
/* A constant of FP_PAIR for size (single or double), one of FP_BITS. */
#define FP_CONST(name, size) fp_constant((unsigned)FPK_##name + (size)-FP_SINGLE)
#define FP_FIXED(name)       fp_constant(FPK_##name)

/* --- operands --- */
/* Whether argument k has zeros above its low `bytes`. */
bool fp_zero_above(const struct x64 *c, unsigned k, unsigned bytes);
/* The same of what fp_operand gives for it. */
bool fp_comes_clean(const struct x64 *c, unsigned k, unsigned bytes);
/* d = a with zeros above the low 2, 4 or 8 bytes. */
void fp_clear_above(struct x64 *c, unsigned d, unsigned a, unsigned bytes);
/* Argument k with only its lanes in it, where the operation is done on more than them; scalars'
 * operations are not. */
unsigned fp_operand(struct x64 *c, const struct fp_shape *s, unsigned k);
/* The same for scalars too. */
unsigned fp_only_lanes(struct x64 *c, const struct fp_shape *s, unsigned k);

/* --- repair: the exact helper instead, its imm that of the row --- */
struct x64_ool *fp_repair_if(struct x64 *c, enum x86_cc cc, const struct ir_insn *i,
                             unsigned helper, const struct fp_regs *r);
/* The same where the result is a general register and the only operand an XMM register. */
struct x64_ool *fp_repair_general_if(struct x64 *c, enum x86_cc cc, const struct ir_insn *i,
                                     unsigned helper, const struct fp_regs *r);
/* The row as a call of its helper. */
void fp_call_instead(struct x64 *c, const struct ir_insn *i, unsigned helper);

/* --- tests: the condition says that a lane of x ... (MXCSR may get Invalid for a signalling NaN).
 * t: temporaries that are destroyed --- */
/* is a NaN; t not used for scalars */
enum x86_cc fp_test_nan(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned t);
/* is a NaN or the least normal number */
enum x86_cc fp_test_edge(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned t);
/* of x and y is a NaN */
enum x86_cc fp_test_unordered(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned y,
                              unsigned t);
/* has a magnitude that is not below the limit; a NaN's is not */
enum x86_cc fp_test_not_below(struct x64 *c, const struct fp_shape *s, unsigned x,
                              struct x86_mem limit, unsigned t);
/* The same as signs of the lanes of t. */
void fp_not_below(struct x64 *c, const struct fp_shape *s, unsigned x, struct x86_mem limit,
                  unsigned t);

enum fp_check { FP_CHECK_NONE, FP_CHECK_NAN, FP_CHECK_EDGE };
/* Zeros above the lanes, then the check with r->t[0]. `clean`: the operation itself has
 * left zeros above. */
void fp_finish(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s, bool clean,
               enum fp_check what, const struct fp_regs *r);

static inline x86_form fp_packed_compare(unsigned size)
{
    return size == FP_SINGLE ? X_VCMPPS : X_VCMPPD;
}

static inline x86_form fp_packed_test(unsigned size)
{
    return size == FP_SINGLE ? X_VTESTPS : X_VTESTPD;
}

/* A row with several ways to its repair, which all come back to its end. */
struct fp_repairs {
    struct x64_ool *o[4];
    unsigned count;
};
void fp_come_back(struct x64 *c, const struct fp_repairs *r);

/* --- rounding to integral numbers --- */
/* VROUND's control: the rounding, or MXCSR's; whether Inexact is raised. */
enum { FP_ROUND_NEAREST = 0, FP_ROUND_MXCSR = 4, FP_ROUND_QUIET = 8 };
static inline bool fp_is_tie_away(const struct fp_shape *s)
{
    return (s->aux & 7) == FP_TIEAWAY;
}
/* VROUND's control for FPRounding: RMode's values, ties away (of numbers whose lowest bit has been
 * set), FPCR's own. loud: it raises Inexact. */
unsigned fp_host_rounding(unsigned aux, bool loud);
/* d = a rounded; a scalar's upper lanes are a's. */
void fp_emit_round(struct x64 *c, const struct fp_shape *s, unsigned d, unsigned a,
                   unsigned control);

/* x = y times 2^exp in all lanes, exactly. t: a general register, x may be y. */
void fp_emit_scale(struct x64 *c, const struct fp_shape *s, unsigned x, unsigned y, int exp,
                   unsigned t, unsigned factor);

/* --- half precision --- */
/* t = lane 0 of halves as a single, zeros above. */
void fp_single_of_half(struct x64 *c, unsigned t, unsigned a);
/* t = lanes 4q.. of a as singles, of `lanes` that there are: zeros above one or two. */
void fp_singles_of(struct x64 *c, unsigned lanes, unsigned t, unsigned a, unsigned q);
/* d = four singles as halves, rounded by MXCSR; zeros above. */
void fp_halves_of(struct x64 *c, unsigned d, unsigned a);

/* --- the rows' bodies, by file; false: the helper must do it --- */
bool fp_lower_arith(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s); /* _arith */
bool fp_lower_convert(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s); /* _int */
bool fp_lower_half(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s);    /* _half */
bool fp_lower_half_int(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s);
/* FRECPE, FRSQRTE; not of halves */
void fp_lower_estimate(struct x64 *c, const struct ir_insn *i, const struct fp_shape *s);
