/* SPDX-License-Identifier: BSD-2-Clause */
/* From a block of IR to x86-64 code: what the runtime hands to the emitter and gets back. */
/*
 * Host registers in translated code: R14 = &state + STATE_BIAS, R15 = state.mem_bias, RSP =
 * the latest entry of the return stack (dbt/rt/returns.h), 16-byte aligned, at least 1 KiB below it
 * free for calls of helpers; all others belong to the allocator. Between blocks all guest state is
 * in struct a64_state, but for NZCV from a patch_live to an entry_live. Guest memory is reached by
 * env->mem_model:
 *   MEM_BIAS   [addr + R15 + disp]: one view, out-of-range addresses are non-canonical (#GP/#SS)
 *   MEM_SLOTS  u = table[addr >>s MEM_SLOT_SHIFT]; [addr + u + disp]: hosted. R15 is the table's
 *              address, which is a multiple of 64, plus MEM_SLOT_SHIFT: SARX's count too. A disp of
 *              up to half of MEM_SLOT_GUARD may lead out of the slot, into its guard, and faults.
 */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/state.h"

enum x64_mem_model { MEM_BIAS, MEM_SLOTS };
#define MEM_SLOT_SHIFT 39
#define MEM_SLOT_GUARD 65536

/* Optional host features, from CPUID; the x86-64-v3 baseline is assumed. */
enum x64_feature {
    X64_AVX512VL = 1 << 0, /* with DQ, BW */
    X64_SHA = 1 << 1,
    X64_VPCLMUL = 1 << 2,
    X64_GFNI = 1 << 3,
    X64_ADX = 1 << 4,
    X64_AESNI = 1 << 5,
    X64_PCLMUL = 1 << 6,
    X64_F16C = 1 << 7,
    X64_VNNI = 1 << 8,   /* AVX512-VNNI with AVX512VL */
    X64_BITALG = 1 << 9, /* AVX512-BITALG with AVX512VL */
};

/* Code addresses that emitted code jumps to or calls; the platform's stubs (platform.h). */
struct x64_env {
    enum x64_mem_model mem_model;
    uint32_t features;    /* enum x64_feature */
    uint64_t exit;        /* jmp: leave translated code; EAX = enum ir_exit or X64_EXIT_LINK... */
    uint64_t lookup;      /* jmp: st->pc = RAX, then as exit with EAX = EXIT_LOOKUP */
    uint64_t call_sync;   /* call: EAX = enum helper, EDX = imm; RDI RSI R8 = a0 a1 a2 -> RAX.
                             Preserves RSP R14 R15 only */
    uint32_t shake;       /* tests: seed of the allocator's random choices; 0: none */
    const uint64_t *pure; /* addresses of the pure helpers by enum helper (0 for sync ones) */
};

/* EAX at env->exit: low byte enum ir_exit; for EXIT_LOOKUP bits 31..8 are link id + 1, or 0 for
 * none. With a link st->pc is not set: it is the link's target. */
#define X64_EXIT(reason, link) ((uint32_t)(reason) | ((uint32_t)(link) << 8))

#define X64_MAX_LINKS 8 /* a block; its end has two */
_Static_assert(X64_MAX_LINKS >= IR_MAX_EXITS + 2, "X64_MAX_LINKS");

/* A direct branch within the page that can be linked: a JMP or Jcc rel32 that first leads to its
 * own exit. */
struct x64_link {
    uint32_t
        patch; /* offset in the code of the rel32 field; 4-byte aligned so that a store is atomic */
    uint32_t unlinked; /* offset of the exit that it leads to when not linked */
    int32_t target;    /* page offset of the guest target, 0..4092 */
    /*
     * Not 0: another such rel32, of a branch with the guest's NZCV in RFLAGS, the carry being that
     * of a subtraction. It first leads to stub_live, which stores them and goes on by `patch`;
     * linked, it may lead to a block's entry_live.
     */
    uint32_t patch_live, stub_live;
};

/* Where a slot of guest state is at a site: in a host register, a constant, or in memory (not
 * listed). */
enum x64_loc_kind {
    LOC_GPR,
    LOC_XMM,
    LOC_CONST,
    LOC_SPILL,
    LOC_VSPILL,
    LOC_FLAGS_ADD,
    LOC_FLAGS_SUB,
    LOC_PCREL,
    LOC_GPR32
};
enum { LOC_SLOT_V = 32, LOC_SLOT_NZCV = 64 }; /* slot numbers: 0..31 X and SP, 32..63 V, 64 NZCV */
struct x64_loc {
    uint8_t slot;
    uint8_t kind;   /* enum x64_loc_kind; LOC_FLAGS_x: the live RFLAGS, C as x86 has it after ADD or
                       SUB; LOC_GPR32: zero extended */
    uint16_t index; /* register number, spill slot, index into consts */
};

/*
 * A place where translated code can be left with precise state: an instruction that can fault, or a
 * guest instruction's start (for interrupts: the runtime single-steps to the next one).
 */
struct x64_site {
    uint32_t host;  /* offset in the code of the x86 instruction */
    uint16_t guest; /* page offset of the guest instruction */
    uint16_t loc;   /* index of its first struct x64_loc, and */
    uint8_t loc_count;
    uint8_t boundary; /* 1: the guest instruction has not begun; its state is a valid place for an
                         interrupt */
    uint8_t plain; /* 1: a load or store in the view: address and direction of its page faults are
                      the guest's */
};

/* Scratch memory of one compilation (struct x64). */
#define X64_WORK_SIZE 139264

struct x64_code {
    uint8_t *rw; /* where code is written, capacity bytes */
    uint64_t rx; /* where it will execute */
    uint32_t capacity;
    uint32_t size; /* bytes written */
    uint32_t
        text; /* of these instructions (but for constants within a large block); constants follow */
    uint16_t link_count;
    uint16_t site_count;
    uint16_t loc_count;
    uint16_t const_count;
    uint32_t entry_live;    /* offset where NZCV may be in RFLAGS as at a patch_live; 0: nowhere */
    bool want_live;         /* set by the caller: such an entry is wanted */
    uint32_t first_link_id; /* ids that the links get in X64_EXIT: first_link_id + i + 1 */
    struct x64_link link[X64_MAX_LINKS];
    struct x64_site site[2 * IR_MAX_INSNS]; /* in the order of their host addresses */
    struct x64_loc loc[16384];
    uint64_t consts[IR_MAX_INSNS];
    uint64_t work[X64_WORK_SIZE / 8]; /* the emitter's own */
};

enum x64_result { X64_OK = 0, X64_NO_SPACE = -1 };

/* Upper bound on the code of any block; the cache starts a new region when less is left. */
#define X64_MAX_BLOCK 65536

/* Compiles block for env into *code (rw, rx, capacity and first_link_id set by the caller). */
int x64_compile(const struct ir_block *block, const struct x64_env *env, struct x64_code *code);

/* The state of the guest at a site, from the host's registers there. */
struct x64_regs {
    uint64_t gpr[16]; /* RAX RCX RDX RBX RSP RBP RSI RDI R8..R15 */
    uint64_t rip;
    uint64_t rflags;
    const v128 *xmm; /* 16 (or 32) registers, low 128 bits */
};

/*
 * Writes to *st every slot that the site lists, so that *st is the exact state before the site's
 * guest instruction; st->pc becomes st->pc_page + site->guest.
 */
void x64_recover(const struct x64_site *site, const struct x64_loc *loc, const uint64_t *consts,
                 const struct x64_regs *regs, struct a64_state *st);
