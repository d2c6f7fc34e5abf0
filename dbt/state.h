/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest state that translated code reads and writes: one per vCPU, reachable from ring 3. */
#pragma once

#include "dbt/fp/constants.h"
#include "exarch/bits.h"

/*
 * Translated code holds the address of st->x[16] in R14 (STATE_BIAS), so that all of X0-X30 and SP
 * lie within an 8-bit displacement. Nothing in here is trusted by the engine: translated code can
 * write all of it. What must hold against a bug in translated code is in struct vcpu (vcpu.h).
 */
#define STATE_BIAS 128

typedef struct {
    uint64_t lane[2];
} __attribute__((aligned(16))) v128;

/* A direct-mapped cache of guest VA -> host code, one per view; see dbt/rt/jump_cache.h. */
struct jc_entry {
    uint64_t va;   /* guest VA of the block's first instruction; JC_EMPTY(its index) when unused */
    uint64_t host; /* executable address of its code */
};
#define JC_BITS 12
/* The va of an unused entry: one that is looked up elsewhere. Any other value, however odd, could
 * be the target of a BR. */
#define JC_EMPTY(index) ((index) ? UINT64_C(0) : UINT64_C(4))

/*
 * A window: one page of guest memory that translated code reaches outside its view, at VA + addend.
 * The table of EL0 is for unprivileged accesses, the one of EL1 for accesses whose addresses are
 * not the view's. An access of `size` bytes at va by entry (va >> 12) % WINDOWS may be done where
 * (va + size - 1) & ~0xfff equals read (write). dbt/rt/window.h says who fills and empties them.
 */
struct window {
    uint64_t read, write; /* VA of the page, or WINDOW_NONE */
    uint64_t addend;
    uint64_t unused;
};
#define WINDOW_BITS 6
#define WINDOWS     (1u << WINDOW_BITS)
#define WINDOW_NONE UINT64_C(1) /* no page starts there */
enum { WINDOW_EL0, WINDOW_EL1, WINDOW_TABLES };

/* A predicted return, see dbt/rt/returns.h; RSP points to the latest one in translated code. */
struct ret_entry {
    uint64_t host; /* where the host's RET goes */
    uint64_t va;   /* for a return of the guest to this VA */
};

/* Slots of struct a64_state that the IR reads and writes by GETX/SETX: X0..X30, then SP. */
enum { SLOT_SP = 31, SLOT_COUNT = 32 };

struct a64_state {
    uint64_t x[SLOT_COUNT]; /* X0..X30 and the SP in use (banked copies are in struct vcpu) */
    uint64_t pc_page;       /* guest VA of the page that the running block lies in */
    uint64_t pc;            /* guest PC, valid outside translated code and in sync helpers */
    uint64_t nzcv;          /* flags in host form, see NZCV_* below */
    uint64_t jc;        /* address of the current view's jc_entry[1 << JC_BITS], ring-3 readable */
    uint64_t unwind;    /* set by a sync helper that must not return into translated code */
    uint64_t exit_arg;  /* argument of the last exit, by reason (enum ir_exit, rt/exits.h) */
    uint64_t mem_bias;  /* the value of R15: the view's bias (vm), its slot table (hosted) */
    uint64_t ret_sp;    /* RSP of translated code while it does not run */
    uint64_t ret_limit; /* the lowest at which there is room for a call, */
    uint64_t ret_top;   /* and with which the stack starts anew */
    uint64_t excl_addr; /* exclusive monitor: VA, or EXCL_NONE */
    uint64_t excl_val[2]; /* what the exclusive load saw; for CMPXCHG of the store */
    uint64_t excl_size;   /* bytes of the exclusive load: 1, 2, 4, 8, 16 */
    uint64_t tpidr_el0;
    uint64_t tpidrro_el0;
    uint64_t tpidr_el1;
    uint64_t sp_el[2];   /* banked stack pointers; the one in use is stale */
    uint64_t daif;       /* PSTATE.DAIF as MRS reads it: bits 9..6 */
    uint64_t daif_watch; /* of these, the bits that must not be cleared unseen (sys.h) */
    uint64_t elr_el1;
    uint64_t spsr_el1;
    uint64_t esr_el1;
    uint64_t far_el1;
    uint64_t cnt_mult; /* CNTVCT = (((TSC + cnt_base) * cnt_mult) >> 64) - cntvoff */
    uint64_t cnt_base;
    uint64_t cntvoff;
    uint64_t icount; /* guest instructions, counted with TR_ICOUNT only */
    uint32_t fpcr;   /* as the guest wrote it */
    uint32_t fpsr;   /* cumulative flags less those still in MXCSR, and QC */
    uint32_t mxcsr; /* value loaded when translated code is entered; sticky flags stored on leave */
    uint32_t host_mxcsr; /* hosted: the C code's own value */
    uint64_t
        plat[4]; /* the platform's own, while code runs (hosted: its stack pointer, struct vcpu) */
    v128 v[32];
    v128 vtmp[4]; /* operands and results of pure helpers */
    v128 qc[4];   /* any bit: a saturating operation saturated (FPSR.QC); four, so that code that
                     gathers here need not wait for its last store */
    uint64_t spill[32];          /* allocator's spill slots: GPR temporaries */
    v128 vspill[16];             /* and vector temporaries */
    v128 fp_const[FPK_COUNT];    /* constants of translated code (fp_init) */
    uint8_t fp_estimate[2][512]; /* FRECPE's and FRSQRTE's fractions (fp_estimate_tables) */
    struct window window[WINDOW_TABLES][WINDOWS];
};

#define EXCL_NONE UINT64_MAX

/*
 * NZCV in host form is what LAHF and SETO leave in AX: AH = SF ZF . . . . . CF, AL = OF; with C in
 * the Arm polarity (after a subtraction the borrow is complemented by CMC first). Other bits are
 * ignored.
 */
#define NZCV_HOST_N BIT64(15)
#define NZCV_HOST_Z BIT64(14)
#define NZCV_HOST_C BIT64(8)
#define NZCV_HOST_V BIT64(0)

/* Arm form: PSTATE bits 31..28, as in SPSR and the NZCV register. */
#define NZCV_N BIT32(31)
#define NZCV_Z BIT32(30)
#define NZCV_C BIT32(29)
#define NZCV_V BIT32(28)

/* Host form to Arm form (bits 31..28, the rest zero). */
static inline uint32_t nzcv_to_arm(uint64_t host)
{
    return (host & NZCV_HOST_N ? NZCV_N : 0) | (host & NZCV_HOST_Z ? NZCV_Z : 0) |
           (host & NZCV_HOST_C ? NZCV_C : 0) | (host & NZCV_HOST_V ? NZCV_V : 0);
}

/* Arm form (bits 31..28; others ignored) to host form. */
static inline uint64_t nzcv_from_arm(uint32_t arm)
{
    return (arm & NZCV_N ? NZCV_HOST_N : 0) | (arm & NZCV_Z ? NZCV_HOST_Z : 0) |
           (arm & NZCV_C ? NZCV_HOST_C : 0) | (arm & NZCV_V ? NZCV_HOST_V : 0);
}
