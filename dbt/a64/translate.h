/* SPDX-License-Identifier: BSD-2-Clause */
/* The translation context: what a translator function of a64/ and fp/ knows and may use. */
#pragma once

#include "dbt/ir/build.h"

/*
 * The translation context's flags: a block is valid only where they are the same, so they are part
 * of its key (rt/block.h). sys/context.c computes them from the system registers.
 */
enum tr_flag {
    TR_EL1 = 1 << 0,      /* executes at EL1 (else EL0) */
    TR_SP_CHECK = 1 << 1, /* SCTLR_EL1.SA or SA0: loads and stores by SP check its alignment */
    TR_ALIGN = 1 << 2,    /* SCTLR_EL1.A, or MMU off: every access must be aligned */
    TR_FP_TRAP = 1 << 3,  /* CPACR_EL1.FPEN traps FP and SIMD at this EL */
    TR_STEP = 1 << 4,     /* software step active: one instruction, then EXIT_STEP */
    TR_UCI = 1 << 5,      /* EL0 cache maintenance allowed (SCTLR_EL1.UCI) */
    TR_UCT = 1 << 6,      /* EL0 may read CTR_EL0 */
    TR_DZE = 1 << 7,      /* EL0 DC ZVA allowed */
    TR_NTWI = 1 << 8,     /* EL0 WFI not trapped */
    TR_NTWE = 1 << 9,
    TR_UMA = 1 << 10,       /* EL0 may access DAIF */
    TR_CNT_EL0 = 1 << 11,   /* CNTKCTL_EL1.EL0VCTEN */
    TR_UAO = 1 << 12,       /* PSTATE.UAO: LDTR/STTR are as LDR/STR */
    TR_FPCR_SLOW = 1 << 13, /* FPCR has a mode that the FP fast paths do not cover (fp/ decides) */
    TR_FPCR_FZ = 1 << 17,   /* FPCR.FZ, and the fast paths cover it */
    TR_FPCR_HALF = 1 << 18, /* FPCR has a mode that those of half precision do not cover */
    TR_IL = 1 << 14,        /* PSTATE.IL: every instruction is an illegal-state exception */
    TR_SP_EL0 = 1 << 16,    /* EL1 with SPSel 0: SP_EL0 is the SP in use */
    TR_ICOUNT = 1 << 15,    /* count guest instructions in st->icount */
};

/*
 * Where st->pc is, and exit_arg, at the exits that the base set's translators make:
 *   this instruction   EXIT_UNDEF (the word), EXIT_BRK and EXIT_HLT and EXIT_SMC (imm16),
 *                      EXIT_ERET, EXIT_SYSTRAP (the ISS), EXIT_FP_TRAP, EXIT_ILLEGAL,
 *                      EXIT_WFI and EXIT_WFE with exit_arg 1: trapped at EL0 by nTWI, nTWE
 *   the next one       EXIT_SVC and EXIT_HVC (imm16), EXIT_WFI and EXIT_WFE with exit_arg 0,
 *                      EXIT_YIELD, EXIT_CONTEXT, EXIT_STEP
 * A block with TR_STEP has one instruction; where that is a branch the block ends as branches do
 * (EXIT_LOOKUP, never linked), and the step is done then too.
 */

/* What the translator function says of the block. */
enum tr_result {
    TR_NEXT,  /* go on with the next guest instruction */
    TR_END,   /* the function has put an END row */
    TR_UNDEF, /* UNDEFINED: the caller puts EXIT_UNDEF; the function has put no row */
};

/* How an access site has behaved, learnt by the runtime; keyed by the instruction's physical
 * address. */
enum site_kind {
    SITE_DIRECT, /* in the view */
    SITE_WINDOW, /* RAM that the view does not hold: the other range, a tag, the engine's slots */
    SITE_SLOW,   /* devices: mem_load and mem_store */
};

struct tr {
    struct ir_builder b;
    uint32_t flags;      /* enum tr_flag */
    uint32_t word;       /* the instruction being translated */
    uint32_t off;        /* its offset in the page */
    enum site_kind site; /* of this instruction */
    unsigned exits;      /* side exits so far */
    ir_ref counter;      /* the block's COUNT row, with TR_ICOUNT */
    ir_ref sp_checked;   /* private to a64/: the SP value already checked in this block */
    struct {
        ir_ref v;
        uint32_t imm;
    } asked[8]; /* the latest values that FIDC rows have asked (tr_fp_ops.c) */
    unsigned asked_next;
};

/* Reads instruction words of the page: word i of the page that is being translated. */
typedef uint32_t (*tr_fetch_fn)(void *ctx, unsigned off);
typedef enum site_kind (*tr_site_fn)(void *ctx, unsigned off);

/*
 * Translates from page offset `start` until the block ends (a branch, but for forward conditional
 * ones, which become side exits; an exit, the page's end, max_insns, or the IR's space) and leaves
 * a verified block in *block. Never fails: what cannot be decoded becomes EXIT_UNDEF. fetch and
 * site get ctx as first argument.
 */
void tr_block(struct ir_block *block, unsigned start, uint32_t flags, unsigned max_insns,
              tr_fetch_fn fetch, tr_site_fn site, void *ctx);
