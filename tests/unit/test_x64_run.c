/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled blocks against the interpreter on random IR: state, memory, exits, recovery at faults.
 */
/*
 * usage: test-x64_run [SEED [BLOCKS]]. A failure prints the seed of the block and its IR; run with
 * that seed and 1 to see it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <immintrin.h>

#include "dbt/fp/fpcr.h"
#include "dbt/fp/ops.h"
#include "dbt/ir/build.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/helpers.h"
#include "dbt/rt/jump_cache.h"
#include "tests/unit/fake_rt.h"
#include "tests/unit/x64_host.h"

static struct ir_block block;
static struct ir_builder b;
static struct x64_code code;
static struct a64_state initial, want, got;
static uint8_t initial_memory[FAKE_SIZE];
static struct jc_entry jump_cache[1 << JC_BITS];
static uint64_t seed, first_seed = 1;
static unsigned block_count = 1500;

static uint64_t random64(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (seed >> 32) ^ (seed << 21);
}

static unsigned below(unsigned n)
{
    return (unsigned)((random64() >> 16) % n);
}

static uint64_t edge(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     31,
                                     32,
                                     63,
                                     64,
                                     127,
                                     128,
                                     255,
                                     256,
                                     INT32_MAX,
                                     UINT64_C(0x80000000),
                                     UINT32_MAX,
                                     UINT64_C(0x100000000),
                                     INT64_MAX,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX,
                                     UINT64_MAX - 1};

    return below(2) ? edges[below(ARRAY_SIZE(edges))] : random64() >> below(64);
}

/* --- random IR
 * ------------------------------------------------------------------------------------------- */
static ir_ref pool[8][64]; /* by type: values made so far */
static unsigned pool_count[8];

static void keep(ir_ref ref)
{
    unsigned type = ir_rows[block.insn[ref].op].result;
    unsigned most = type == IR_V128 ? 12 : 64; /* live values: spill slots must do for them */
    unsigned n = pool_count[type] < most ? pool_count[type]++ : below(most);

    pool[type][n] = ref;
}

static bool use_nzcv; /* the block reads the flags that it finds */

static ir_ref any(unsigned type)
{
    switch (type) {
    case IR_I64:
        return below(4) == 0   ? ir_getx(&b, below(32))
               : below(6) == 0 ? ir_const64(&b, edge())
                               : pool[type][below(pool_count[type])];
    case IR_I32:
        return below(6) == 0 ? ir_const32(&b, (uint32_t)edge())
                             : pool[type][below(pool_count[type])];
    case IR_V128:
        return below(4) == 0 ? ir_getv(&b, below(32)) : pool[type][below(pool_count[type])];
    case IR_FLAGS:
        return use_nzcv && below(8) == 0 ? ir_getf(&b) : pool[type][below(pool_count[type])];
    default: return IR_NONE;
    }
}

/* The sizes that each vector row exists for, and what its imm is. */
static void lanes_of(enum ir_op op, uint64_t *imm, unsigned *aux)
{
    switch (op) {
    case IR_VGET:
    case IR_VINS:
    case IR_VDUP:
        *aux = below(4);
        *imm = below(16u >> *aux);
        break;
    case IR_VDUPX:
    case IR_VADD:
    case IR_VSUB:
    case IR_VCMPEQ:
    case IR_VCMPGT:
    case IR_VZIP1:
    case IR_VZIP2: *aux = below(4); break;
    case IR_VLOW: *aux = below(4); break;
    case IR_VINSV:
        *aux = below(4);
        *imm = below(16u >> *aux) | below(16u >> *aux) << 4;
        break;
    case IR_VADDLP:
        *aux = below(3);
        *imm = below(2);
        break;
    case IR_VMULLH: *imm = below(4); break;
    case IR_VPMULL64: *imm = below(2); break;
    case IR_VROR:
        *aux = 2 + below(2);
        *imm = 1 + below((8u << *aux) - 1);
        break;
    case IR_VGATHER3: *imm = IR_GATHER3(below(2), below(2), below(4), below(3)); break;
    case IR_VMUL:
    case IR_VSMAX:
    case IR_VSMIN:
    case IR_VUMAX:
    case IR_VUMIN:
    case IR_VUZP1:
    case IR_VUZP2:
    case IR_VTRN1:
    case IR_VTRN2:
    case IR_VXTN:
    case IR_VSXL:
    case IR_VUXL: *aux = below(3); break;
    case IR_VSMULL:
    case IR_VUMULL: *aux = 3; break;
    case IR_VSHL:
    case IR_VUSHR:
    case IR_VSSHR:
        *aux = below(4);
        *imm = 1 + below((8u << *aux) - (op == IR_VSHL));
        break;
    case IR_VEXT: *imm = 1 + below(15); break;
    case IR_VREV:
        *aux = below(3);
        *imm = *aux + 1 + below(3 - *aux);
        break;
    default: break;
    }
}

static void operands_of(enum ir_op op, uint64_t *imm, unsigned *aux)
{
    unsigned width = ir_rows[op].result == IR_I32 ? 32 : 64;

    *imm = 0;
    *aux = 0;
    switch (op) {
    case IR_EXTR32:
    case IR_EXTR64: *imm = below(width); break;
    case IR_UBFX32:
    case IR_UBFX64:
    case IR_SBFX32:
    case IR_SBFX64:
    case IR_BFI32:
    case IR_BFI64:
        *imm = below(width);
        *aux = 1 + below(width - (unsigned)*imm);
        if (below(3) == 0) {
            *imm = 0;
            *aux = 8u << below(width == 32 ? 2 : 3);
        }
        break;
    case IR_CRC32:
    case IR_CRC32C: *aux = 1u << below(4); break;
    case IR_NZCV_CONST:
    case IR_NZCV_SEL:
        *imm = (uint64_t)below(16) << 28;
        *aux = below(16);
        break;
    case IR_SELECT32:
    case IR_SELECT64:
    case IR_VSELECT: *aux = below(16); break;
    case IR_VGET64: *imm = below(2); break;
    case IR_VSHA: *imm = CRYPTO_SHA1C + below(CRYPTO_SHA512SU1 - CRYPTO_SHA1C + 1); break;
    case IR_VCONST:
    case IR_CONST32:
    case IR_CONST64: *imm = edge(); break;
    default: lanes_of(op, imm, aux); break;
    }
}

static bool is_pure_row(enum ir_op op)
{
    return ir_rows[op].effects == 0 && ir_rows[op].result != IR_VOID && op != IR_VINT;
}

static ir_ref random_row(enum ir_op op)
{
    const struct ir_row *row = &ir_rows[op];
    ir_ref a0 = any(row->arg[0]), a1 = any(row->arg[1]), a2 = any(row->arg[2]);
    uint64_t imm;
    unsigned aux;

    if (below(8) == 0 && row->arg[1] == row->arg[0]) {
        a1 = a0;
    }
    operands_of(op, &imm, &aux);
    if (op == IR_VSHA && imm != CRYPTO_SHA256SU0 && imm != CRYPTO_SHA512SU0) {
        a2 = any(IR_V128); /* the row's ANY: three operands, but for this one */
    }
    return ir_emit(&b, op, a0, a1, a2, imm, aux);
}

static ir_ref flags_of(enum ir_op op)
{
    static const uint16_t pairs[][2] = {
        {IR_ADD32, IR_NZCV_ADD32}, {IR_ADD64, IR_NZCV_ADD64}, {IR_SUB32, IR_NZCV_SUB32},
        {IR_SUB64, IR_NZCV_SUB64}, {IR_ADC32, IR_NZCV_ADC32}, {IR_ADC64, IR_NZCV_ADC64},
        {IR_SBC32, IR_NZCV_SBC32}, {IR_SBC64, IR_NZCV_SBC64},
    };
    const struct ir_insn last = block.insn[block.count - 1];

    for (unsigned n = 0; n < ARRAY_SIZE(pairs); n++) {
        if (pairs[n][0] == op && last.op == op) {
            return ir_emit(&b, (enum ir_op)pairs[n][1], last.arg[0], last.arg[1], last.arg[2], 0,
                           0);
        }
    }
    return IR_NONE;
}

/* --- floating point --- */
static uint32_t random_fp_imm(enum fp_op op)
{
    static const uint8_t modes[] = {FP_TIEEVEN, FP_POSINF,  FP_NEGINF,
                                    FP_ZERO,    FP_TIEAWAY, FP_AUX_MODE};
    unsigned size = 2 + below(2), lanes[3] = {1, 16u >> size, 8u >> size}, aux = FP_AUX_MODE,
             fbits = 0;

    if (op >= FP_RINT) {
        aux = modes[below(ARRAY_SIZE(modes))] | (op == FP_RINT && below(2) ? FP_AUX_EXACT : 0);
        fbits = op != FP_RINT && below(3) == 0 ? 1 + below(8u << size) : 0;
    }
    return FP_IMM(op, size, lanes[below(3)], aux, fbits);
}

static ir_ref random_fp_row(void)
{
    static const uint32_t conversions[] = {
        FP_CVT_IMM(2, 3, 1, 0, 0), FP_CVT_IMM(2, 3, 2, 0, 0), FP_CVT_IMM(2, 3, 2, 2, 0),
        FP_CVT_IMM(3, 2, 1, 0, 0), FP_CVT_IMM(3, 2, 2, 0, 0), FP_CVT_IMM(3, 2, 2, 0, 1),
    };
    enum fp_op op = (enum fp_op)below(FP_OP_COUNT);
    ir_ref a0 = any(IR_V128), a1 = any(IR_V128), a2 = any(IR_V128);
    uint32_t int_imm = FP_INT_IMM(2 + below(2), 32u << below(2), below(2),
                                  below(2) ? FP_ZERO : below(5), below(4) ? 0 : 1 + below(32));

    switch (below(8)) {
    case 0: return ir_emit(&b, IR_FCMP, a0, a1, IR_NONE, FP_CMP_IMM(2 + below(2), below(2)), 0);
    case 1: return ir_emit(&b, IR_FTOI, a0, IR_NONE, IR_NONE, int_imm, 0);
    case 2: return ir_emit(&b, IR_FFROMI, any(IR_I64), IR_NONE, IR_NONE, int_imm, 0);
    case 3:
        return ir_emit(&b, IR_FCVT, a0, IR_NONE, IR_NONE,
                       conversions[below(ARRAY_SIZE(conversions))], 0);
    default:
        return ir_emit(&b, IR_FP, a0, op < FP_SQRT ? a1 : IR_NONE,
                       op >= FP_MULADD && op < FP_SQRT ? a2 : IR_NONE, random_fp_imm(op), 0);
    }
}

/* --- help_simd --- */
/* Sizes that the operation has, as a set of bits. */
static unsigned simd_sizes(enum simd_op op)
{
    switch (op) {
    case SIMD_SQDMULH:
    case SIMD_SQRDMULH:
    case SIMD_SQRDMLAH:
    case SIMD_SQRDMLSH: return 6;
    case SIMD_SQDMULL:
    case SIMD_SQDMLAL:
    case SIMD_SQDMLSL: return 12;
    case SIMD_SDOT:
    case SIMD_UDOT:
    case SIMD_URECPE:
    case SIMD_URSQRTE: return 4;
    case SIMD_PMUL:
    case SIMD_CNT:
    case SIMD_RBIT: return 1;
    case SIMD_PMULL: return 2;
    case SIMD_CLS:
    case SIMD_CLZ: return 7;
    default: return op >= SIMD_SQSHRN ? 7 : 15;
    }
}

/* A saturating shift to the left may have its amount in imm; the only form that SQSHLU has. */
static bool by_immediate(enum simd_op op)
{
    return op == SIMD_SQSHLU || ((op == SIMD_SQSHL || op == SIMD_UQSHL) && below(2));
}

static ir_ref random_simd_row(void)
{
    enum simd_op op = (enum simd_op)below(SIMD_OP_COUNT);
    ir_ref a0 = any(IR_V128), a1 = op < SIMD_SQABS ? any(IR_V128) : IR_NONE, a2 = IR_NONE;
    bool accumulates =
        (op >= SIMD_SQRDMLAH && op <= SIMD_UDOT) || op == SIMD_SQDMLAL || op == SIMD_SQDMLSL;
    unsigned size, lanes, shift = 0;

    do {
        size = below(4);
    } while (!(simd_sizes(op) >> size & 1));
    lanes = below(3) == 0 ? 1 : op >= SIMD_SQSHRN || below(2) ? 8u >> size : 16u >> size;
    if (op >= SIMD_SQDMULL && op < SIMD_SQABS) {
        lanes = lanes == 1 && op != SIMD_PMULL ? 1 : 16u >> size;
        shift = lanes == 1 || below(2) ? 0 : lanes;
    } else if (op >= SIMD_SQSHRN) {
        shift = below(2) ? below((8u << size) + 1) : 0;
        shift = shift == 0 && (op == SIMD_SQRSHRN || op == SIMD_UQRSHRN || op == SIMD_SQRSHRUN)
                    ? 1
                    : shift;
    } else if (by_immediate(op)) {
        a1 = IR_NONE;
        shift = below(8u << size);
    }
    if (op >= SIMD_PMUL && op <= SIMD_UDOT && op != SIMD_SQRDMLAH && op != SIMD_SQRDMLSH &&
        lanes == 1) {
        lanes = 16u >> size;
    }
    if (accumulates) {
        a2 = any(IR_V128);
    }
    return ir_emit(&b, simd_saturates(op) ? IR_VINTQ : IR_VINT, a0, a1, a2,
                   SIMD_IMM(op, size, lanes, shift), 0);
}

/* A row of any kind that computes, now and then with the flags row that belongs to it. */
static void compute(void)
{
    enum ir_op op;
    ir_ref r, f;

    if (below(5) == 0) {
        keep(random_fp_row());
        return;
    }
    if (below(5) == 0) {
        keep(random_simd_row());
        return;
    }
    do {
        op = (enum ir_op)below(IR_OP_COUNT);
    } while (!is_pure_row(op));
    r = random_row(op);
    f = below(2) ? flags_of(op) : IR_NONE;
    keep(r);
    if (f != IR_NONE) {
        keep(f);
    } else if (below(3) == 0 && (op == IR_AND32 || op == IR_ANDN32 || op == IR_XOR32)) {
        keep(ir_op1(&b, IR_NZCV_LOGIC32, r));
    } else if (below(3) == 0 && (op == IR_AND64 || op == IR_ANDN64 || op == IR_OR64)) {
        keep(ir_op1(&b, IR_NZCV_LOGIC64, r));
    }
}

/* An address in or near guest memory, now and then misaligned or outside. */
static ir_ref address(unsigned align)
{
    uint64_t mask = below(12) ? (FAKE_SIZE - 1) & ~(uint64_t)(align - 1) : 2 * FAKE_SIZE - 1;

    return ir_op2(&b, IR_ADD64, ir_op2(&b, IR_AND64, any(IR_I64), ir_const64(&b, mask)),
                  ir_const64(&b, FAKE_BASE));
}

static void access_memory(void)
{
    static const enum ir_op loads[] = {IR_LD8,      IR_LD16,     IR_LD32,    IR_LD64,
                                       IR_LDS8_32,  IR_LDS16_32, IR_LDS8_64, IR_LDS16_64,
                                       IR_LDS32_64, IR_LD128};
    static const enum ir_op stores[] = {IR_ST8, IR_ST16, IR_ST32, IR_ST64, IR_ST128};
    uint64_t disp = below(3) ? 0 : (uint64_t)(int64_t)((int)below(512) - 256);
    unsigned aux = below(4) ? 0 : IR_MEM_ALIGN, size = 1u << below(4);

    if (aux && below(2)) { /* what is aligned crosses no page: there is always a window */
        aux |= IR_MEM_WINDOW | (below(2) ? IR_MEM_UNPRIV : 0);
    }

    switch (below(12)) {
    case 0: keep(ir_emit(&b, IR_LDX, address(size), IR_NONE, IR_NONE, size, 0)); break;
    case 1: {
        ir_ref at = address(size);

        keep(ir_emit(&b, IR_LDX, at, IR_NONE, IR_NONE, size, 0));
        keep(ir_emit(&b, IR_STX, at, any(IR_I64), IR_NONE, size, 0));
        break;
    }
    case 2: keep(ir_emit(&b, IR_STX, address(size), any(IR_I64), IR_NONE, size, 0)); break;
    case 3: {
        ir_ref at = address(16);

        keep(ir_emit(&b, IR_LDX128, at, IR_NONE, IR_NONE, 0, 0));
        keep(ir_emit(&b, IR_STX128, at, any(IR_V128), IR_NONE, 0, 0));
        break;
    }
    case 4: {
        ir_ref at = address(size);
        ir_ref expected = below(2) ? ir_emit(&b,
                                             size == 8   ? IR_LD64
                                             : size == 4 ? IR_LD32
                                                         : IR_LD16,
                                             at, IR_NONE, IR_NONE, 0, 0)
                                   : any(IR_I64);

        keep(ir_emit(&b, IR_CAS, at, expected, any(IR_I64), size, 0));
        break;
    }
    case 5: keep(ir_emit(&b, IR_CAS128, address(16), any(IR_V128), any(IR_V128), 0, 0)); break;
    case 6:
        keep(ir_emit(&b, IR_ATOMIC, address(size), any(IR_I64), IR_NONE,
                     size | (uint64_t)below(IR_ATOMIC_SWP + 1) << 8, 0));
        break;
    case 7:
    case 8: {
        enum ir_op op = stores[below(ARRAY_SIZE(stores))];

        ir_emit(&b, op, address(8), any(op == IR_ST128 ? IR_V128 : IR_I64), IR_NONE, disp, aux);
        break;
    }
    case 9:
        ir_emit(&b, IR_CHECK_ALIGN, address(4), IR_NONE, IR_NONE, disp,
                (1u << below(5)) | (below(2) ? IR_CHECK_WRITE : 0));
        break;
    default:
        keep(ir_emit(&b, loads[below(ARRAY_SIZE(loads))], address(8), IR_NONE, IR_NONE, disp, aux));
        break;
    }
}

static void touch_state(void)
{
    switch (below(8)) {
    case 0:
        ir_emit(&b, IR_STS32, any(IR_I32), IR_NONE, IR_NONE, offsetof(struct a64_state, host_mxcsr),
                0);
        break;
    case 1:
        ir_emit(&b, IR_STS64, any(IR_I64), IR_NONE, IR_NONE, offsetof(struct a64_state, tpidr_el0),
                0);
        break;
    case 2: keep(ir_op0(&b, IR_LDS64, offsetof(struct a64_state, tpidrro_el0))); break;
    case 3: keep(ir_op0(&b, IR_LDS32, offsetof(struct a64_state, tpidr_el1))); break;
    case 4: keep(ir_op0(&b, IR_PCREL, (uint64_t)(sign_extend(random64(), 33) >> below(16)))); break;
    case 5: ir_op0(&b, below(2) ? IR_FENCE : IR_CLREX, 0); break;
    default: break;
    }
}

/* As CCMP is translated: a comparison or a constant by a condition on the flags as they are. */
static void compare_by_condition(void)
{
    static const enum ir_op ops[] = {IR_NZCV_SUB32, IR_NZCV_SUB64, IR_NZCV_ADD32, IR_NZCV_ADD64};
    enum ir_op op = ops[below(4)];
    ir_ref x = any(ir_rows[op].arg[0]), y = any(ir_rows[op].arg[1]);
    ir_ref first =
        below(2) ? ir_op2(&b, ops[below(2) * 2 + 1], any(IR_I64), any(IR_I64)) : any(IR_FLAGS);

    ir_setf(&b, first);
    ir_setf(&b, ir_emit(&b, IR_NZCV_SEL, ir_getf(&b), ir_op2(&b, op, x, y), IR_NONE,
                        (uint64_t)below(16) << 28, below(15)));
}

static void set_state(void)
{
    if (below(6) == 0) {
        compare_by_condition();
    }

    for (unsigned n = below(4); n > 0; n--) {
        ir_setx(&b, below(32), any(IR_I64));
    }
    if (below(3) == 0) {
        ir_setf(&b, any(IR_FLAGS));
    }
    if (below(4) == 0) {
        ir_setv(&b, below(32), any(IR_V128));
    }
    if (below(4) == 0) {
        ir_setx(&b, below(32), ir_op1(&b, IR_ZEXT32, any(IR_I32)));
    }
}

/* A register's low bits count down, so that the branch to the block's start is not taken for ever.
 */
static ir_ref count_down(void)
{
    unsigned slot = below(32);
    ir_ref left = ir_op2(&b, IR_SUB64, ir_op2(&b, IR_AND64, ir_getx(&b, slot), ir_const64(&b, 15)),
                         ir_const64(&b, 1));

    ir_setx(&b, slot, left);
    return left;
}

static void jump_to_register(enum ir_ind kind)
{
    ir_ref target = any(IR_I64);

    if (kind == IR_IND_CALL) {
        ir_setx(&b, 30, any(IR_I64));
    }
    ir_emit(&b, IR_BRIND, target, IR_NONE, IR_NONE, 0, kind);
}

static void end_block(unsigned offset)
{
    uint64_t here = offset & 0xffc, taken = below(2048) & ~3u, next = (offset + 4) & 0xffc;

    taken = below(5) ? taken : block.start;
    switch (below(11)) {
    case 9: {
        ir_ref left = count_down();

        ir_emit(&b, IR_BRZ64, left, IR_NONE, IR_NONE, IR_TARGETS(block.start, next), 1);
        break;
    }
    case 10: {
        ir_ref flags = ir_op2(&b, IR_NZCV_SUB64, count_down(), ir_const64(&b, 0));

        if (below(2)) {
            ir_setf(&b, flags);
        }
        if (below(2)) {
            ir_op0(&b, IR_INSN, offset + 4);
        }
        ir_emit(&b, IR_BRCOND, flags, IR_NONE, IR_NONE, IR_TARGETS(block.start, next),
                below(2) ? COND_NE : COND_GT);
        break;
    }
    case 0:
        if (below(2)) {
            ir_setx(&b, 30, ir_op0(&b, IR_PCREL, next));
            ir_emit(&b, IR_JUMP, IR_NONE, IR_NONE, IR_NONE, taken, IR_IND_CALL);
        } else {
            ir_op0(&b, IR_JUMP, taken);
        }
        break;
    case 1:
        ir_emit(&b, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, IR_TARGETS(taken, next), below(16));
        break;
    case 2:
        ir_emit(&b, IR_BRZ32, any(IR_I32), IR_NONE, IR_NONE, IR_TARGETS(taken, next), below(2));
        break;
    case 3:
        ir_emit(&b, IR_BRZ64, any(IR_I64), IR_NONE, IR_NONE, IR_TARGETS(taken, next), below(2));
        break;
    case 4:
        ir_emit(&b, IR_BRBIT, any(IR_I64), IR_NONE, IR_NONE, IR_TARGETS(taken, 0x1000), below(128));
        break;
    case 5: jump_to_register((enum ir_ind)below(3)); break;
    case 6: ir_emit(&b, IR_EXIT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_UNDEF); break;
    case 7: ir_emit(&b, IR_EXIT_NEXT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_SVC); break;
    default:
        ir_emit(&b, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, IR_TARGETS(here - 0x2000, next),
                below(14));
        break;
    }
}

/* Most blocks begin at offset 0x800, which no branch of theirs goes to: a self loop need not end.
 */
static void make_block(void)
{
    unsigned offset = 0x802 & ~3u, guests = 1 + below(below(4) ? 8 : 40);

    memset(pool_count, 0, sizeof(pool_count));
    use_nzcv = below(2);
    ir_begin(&b, &block, offset);
    for (unsigned n = 0; n < guests && block.count < IR_MAX_INSNS - 2 * IR_INSN_SLACK;
         n++, offset += 4) {
        ir_op0(&b, IR_INSN, offset);
        if (n == 0 || below(12) == 0) {
            pool_count[IR_I64] = pool_count[IR_I32] = pool_count[IR_V128] = pool_count[IR_FLAGS] =
                0;
            for (unsigned k = 0; k < 4; k++) {
                keep(ir_getx(&b, below(32)));
                keep(ir_op1(&b, IR_TRUNC, ir_getx(&b, below(32))));
                keep(ir_getv(&b, below(32)));
            }
            keep(use_nzcv ? ir_getf(&b) : ir_op0(&b, IR_NZCV_CONST, (uint64_t)below(16) << 28));
        }
        for (unsigned k = below(4); k > 0; k--) {
            compute();
        }
        if (below(3) == 0) {
            access_memory();
        }
        touch_state();
        set_state();
        if (below(12) == 0) {
            keep(ir_call_sync(&b, HELPER_sysreg_read, (uint32_t)edge(), any(IR_I64), any(IR_I32),
                              below(2) ? any(IR_I64) : IR_NONE));
        }
    }
    end_block(offset - 4);
}

/* --- comparison
 * -------------------------------------------------------------------------------------------- */
/* Two singles or a double, near where arithmetic is special. */
static uint64_t number(void)
{
    static const uint32_t singles[] = {0,          1,          0x007fffff, 0x00800000,
                                       0x00800001, 0x3effffff, 0x3f800000, 0x3f800001,
                                       0x4f000000, 0x5f000000, 0x7f7fffff, 0x7f800000,
                                       0x7f800001, 0x7fc00000, 0x00ffffff, 0x20000000};
    uint64_t sign = (uint64_t)below(2) << 63, exp = below(0x800);

    switch (below(3)) {
    case 0: return (uint64_t)(singles[below(16)] | below(2) << 31) << 32 | singles[below(16)];
    case 1: return sign | exp << 52 | random64() >> 12;
    default:
        return sign |
               (below(2)   ? below(3)
                : below(2) ? 0x7fe + below(2)
                           : 0x3fe + below(3)) *
                   BIT64(52) |
               (below(2) ? below(3) : MASK(51, 0) - below(3));
    }
}

static void make_state(void)
{
    uint64_t *words = (uint64_t *)(void *)initial_memory;

    memset(&initial, 0, sizeof(initial));
    for (unsigned n = 0; n < SLOT_COUNT; n++) {
        initial.x[n] = below(4) ? edge() : FAKE_BASE + below(FAKE_SIZE);
        initial.v[n] = (v128){{below(2) ? random64() : number(), below(2) ? edge() : number()}};
    }
    for (unsigned n = 0; n < FAKE_SIZE / 8; n++) {
        words[n] = edge();
    }
    initial.pc_page = UINT64_C(0xffff800010000000) + (uint64_t)below(1 << 20) * 4096;
    initial.nzcv = nzcv_from_arm(below(16) << 28);
    initial.jc = (uintptr_t)jump_cache;
    for (unsigned n = 0; n < WINDOW_TABLES * WINDOWS; n++) {
        initial.window[n / WINDOWS][n % WINDOWS] =
            (struct window){.read = WINDOW_NONE, .write = WINDOW_NONE};
    }
    initial.excl_addr = EXCL_NONE;
    initial.tpidr_el0 = random64();
    initial.tpidrro_el0 = random64();
    fp_write_fpcr(&initial, random64() & ~(uint64_t)FPCR_FZ);
    fp_write_fpsr(&initial, below(2) ? 0 : random64());
}

static void print_block(void)
{
    char text[128];

    for (unsigned n = 0; n < block.count; n++) {
        ir_print(&block, n, text, sizeof(text));
        fprintf(stderr, "  %s\n", text);
    }
}

static uint64_t failing_seed;
static uint32_t failing_shake;

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            print_block();                                                                         \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fail_msg("block of seed %lu, shake %u: %s", failing_seed, failing_shake, #cond);       \
        }                                                                                          \
    } while (0)

static void compare_registers(void)
{
    const uint64_t flags = NZCV_HOST_N | NZCV_HOST_Z | NZCV_HOST_C | NZCV_HOST_V;

    for (unsigned n = 0; n < SLOT_COUNT; n++) {
        CHECK(want.x[n] == got.x[n], "X%u: %#lx, should be %#lx\n", n, got.x[n], want.x[n]);
        CHECK(memcmp(&want.v[n], &got.v[n], 16) == 0, "V%u: %#lx %#lx, should be %#lx %#lx\n", n,
              got.v[n].lane[0], got.v[n].lane[1], want.v[n].lane[0], want.v[n].lane[1]);
    }
    CHECK((want.nzcv & flags) == (got.nzcv & flags), "NZCV %#x, should be %#x\n",
          nzcv_to_arm(got.nzcv), nzcv_to_arm(want.nzcv));
}

static void compare_states(void)
{
    compare_registers();
    CHECK(fp_read_fpsr(&want) == fp_read_fpsr(&got), "FPSR %#x, should be %#x\n",
          fp_read_fpsr(&got), fp_read_fpsr(&want));
    CHECK(want.excl_addr == got.excl_addr, "monitor %#lx\n", got.excl_addr);
    CHECK(want.tpidr_el0 == got.tpidr_el0 && want.host_mxcsr == got.host_mxcsr, "a field\n");
    CHECK(want.exit_arg == got.exit_arg, "exit_arg %#lx\n", got.exit_arg);
    CHECK(memcmp(fake_memory, host_memory, FAKE_SIZE) == 0, "memory\n");
}

/* A third of the targets have an entry in the jump cache, whose code is the stub that says so. */
static void fill_jump_cache(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(jump_cache); n++) {
        jump_cache[n] = (struct jc_entry){.va = JC_EMPTY(n)};
    }
    if (want.pc % 4 == 0 && below(3) == 0) {
        jump_cache[jc_offset(want.pc) / sizeof(struct jc_entry)] =
            (struct jc_entry){.va = want.pc, .host = host_found()};
    }
}

static void check_exit(struct host_run run, enum ir_exit exit)
{
    int64_t offset = (int64_t)(want.pc - want.pc_page);

    if (run.eax == HOST_FOUND) {
        CHECK(exit == EXIT_LOOKUP, "jumped by the cache, should leave with %u\n", exit);
        CHECK(got.pc_page == (want.pc & ~UINT64_C(4095)), "pc_page %#lx for %#lx\n", got.pc_page,
              want.pc);
        return;
    }
    CHECK(got.pc == want.pc, "PC %#lx, should be %#lx\n", got.pc, want.pc);
    CHECK((run.eax & 0xff) == exit, "left with %#x, should be %u\n", run.eax, exit);
    if (run.eax >> 8) {
        const struct x64_link *link = &code.link[(run.eax >> 8) - code.first_link_id - 1];

        CHECK(link->target == offset, "left by the link to %#x, should be %#lx\n", link->target,
              offset);
        CHECK((code.rx + link->patch) % 4 == 0, "the link's patch is not aligned\n");
    } else if (exit == EXIT_LOOKUP && block.insn[block.count - 1].op != IR_BRIND) {
        CHECK(offset < 0 || offset > 4095, "no link for %#lx\n", offset);
    }
}

/* The FPSR of compiled code is in the host's MXCSR while it runs. */
static struct host_run run_with_mxcsr(const struct x64_env *env)
{
    struct host_run run;

    _mm_setcsr(got.mxcsr);
    run = host_run(env, &code, &got);
    got.mxcsr = _mm_getcsr();
    _mm_setcsr(MXCSR_RESET);
    return run;
}

static void run_both(enum x64_mem_model model, uint32_t shake)
{
    struct x64_env env = host_env(model, shake);
    enum interp_result result;
    struct fake_event event;
    enum ir_exit exit = EXIT_LOOKUP;
    struct host_run run;
    unsigned rounds = 0;

    failing_shake = shake;
    fake_reset(&want);
    fake_event.unwind = below(40) == 0;
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    memcpy(host_memory, initial_memory, FAKE_SIZE);
    want = got = initial;
    result = interp_run(NULL, &want, &block, &exit);
    while (result == INTERP_EXIT && exit == EXIT_LOOKUP && want.pc == want.pc_page + block.start &&
           block.insn[block.count - 1].op != IR_BRIND) {
        if (++rounds == 100) {
            return; /* it may never end */
        }
        result = interp_run(NULL, &want, &block, &exit);
    }
    event = fake_event;
    fake_state = &got;
    fake_event = (struct fake_event){.unwind = event.unwind};
    fill_jump_cache();

    code.rw = host_code;
    code.rx = (uintptr_t)host_code;
    code.capacity = HOST_CODE_SIZE;
    code.first_link_id = below(1000);
    CHECK(x64_compile(&block, &env, &code) == X64_OK, "no space\n");
    run = run_with_mxcsr(&env);
    CHECK(run.stop != HOST_LOST, "a fault at no site\n");
    if (result == INTERP_UNWIND && want.unwind) {
        CHECK(run.stop == HOST_UNWIND, "should unwind\n");
    } else if (result == INTERP_UNWIND) {
        CHECK(run.stop == HOST_FAULT, "should fault at %#lx\n", want.pc);
        CHECK(got.pc == want.pc, "fault at %#lx, should be at %#lx\n", got.pc, want.pc);
    } else {
        CHECK(run.stop == HOST_EXIT, "stopped with %u at %#lx\n", run.stop, got.pc);
        check_exit(run, exit);
    }
    CHECK(fake_event.calls == event.calls && fake_event.imm == event.imm, "calls\n");
    compare_states();
}

/* --- boundaries: where an interrupt may come, the state is exact -------------------------------
 */
static struct visit {
    uint32_t host;
    unsigned round; /* how often the block has gone back to its start */
    struct a64_state st;
} visits[64];
static unsigned visit_count;

static void note_boundary(const struct x64_site *site, const struct x64_regs *regs)
{
    struct visit *v = &visits[visit_count];

    if (visit_count < ARRAY_SIZE(visits)) {
        v->st = got;
        x64_recover(site, code.loc, code.consts, regs, &v->st);
        v->host = site->host;
        v->round = visit_count ? (v - 1)->round + (site->host <= (v - 1)->host) : 0;
        visit_count++;
    }
}

/* The state that the interpreter has at the guest instruction at offset, after some rounds. */
static void interpret_up_to(unsigned offset, unsigned rounds)
{
    static struct ir_block prefix;
    enum ir_exit exit;
    unsigned row = 0;

    fake_reset(&want);
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    want = initial;
    while (rounds--) {
        CHECK(interp_run(NULL, &want, &block, &exit) == INTERP_EXIT, "a round too many\n");
    }
    while (block.insn[row].op != IR_INSN || block.insn[row].imm != offset) {
        row++;
    }
    prefix = block;
    prefix.insn[row + 1] =
        (struct ir_insn){.op = IR_EXIT, .arg = {IR_NONE, IR_NONE, IR_NONE}, .aux = EXIT_UNDEF};
    prefix.count = (uint16_t)(row + 2);
    CHECK(interp_run(NULL, &want, &prefix, &exit) == INTERP_EXIT, "a boundary behind a fault\n");
}

static bool ends(void)
{
    enum ir_exit exit = EXIT_LOOKUP;

    want = initial;
    fake_reset(&want);
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    for (unsigned rounds = 0; rounds < 100; rounds++) {
        if (interp_run(NULL, &want, &block, &exit) != INTERP_EXIT || exit != EXIT_LOOKUP ||
            want.pc != want.pc_page + block.start || block.insn[block.count - 1].op == IR_BRIND) {
            return true;
        }
    }
    return false;
}

static void check_boundaries(uint32_t shake)
{
    struct x64_env env = host_env(below(2) ? MEM_BIAS : MEM_SLOTS, shake);

    failing_shake = shake;
    visit_count = 0;
    memcpy(host_memory, initial_memory, FAKE_SIZE);
    fake_reset(&got);
    got = initial;
    code.rw = host_code;
    code.rx = (uintptr_t)host_code;
    code.capacity = HOST_CODE_SIZE;
    CHECK(x64_compile(&block, &env, &code) == X64_OK, "no space\n");
    fill_jump_cache();
    host_on_boundary = note_boundary;
    run_with_mxcsr(&env);
    host_on_boundary = NULL;
    for (unsigned n = 0; n < visit_count; n++) {
        got = visits[n].st;
        interpret_up_to((unsigned)(got.pc - got.pc_page), visits[n].round);
        CHECK(got.pc == want.pc, "boundary at %#lx, not %#lx\n", got.pc, want.pc);
        compare_registers();
    }
    CHECK(visit_count > 0, "no boundary\n");
}

static void boundaries_are_exact(void **state)
{
    (void)state;
    host_catch();
    for (unsigned n = 0; n < block_count / 10; n++) {
        failing_seed = seed = first_seed + n;
        random64();
        make_block();
        make_state();
        if (ends()) {
            check_boundaries(0);
            check_boundaries(1 + (uint32_t)random64() / 2);
        }
    }
}

static void blocks_run_as_interpreted(void **state)
{
    (void)state;
    host_catch();
    for (unsigned n = 0; n < block_count; n++) {
        const char *flaw;
        unsigned where;

        failing_seed = seed = first_seed + n;
        random64();
        make_block();
        flaw = ir_verify(&block, &where);
        CHECK(!flaw, "%s at %u\n", flaw, where);
        make_state();
        run_both(below(2) ? MEM_BIAS : MEM_SLOTS, 0);
        run_both(below(2) ? MEM_BIAS : MEM_SLOTS, 1 + (uint32_t)random64() / 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_run_as_interpreted),
        cmocka_unit_test(boundaries_are_exact),
    };

    first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : first_seed;
    block_count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : block_count;
    printf("seeds %lu to %lu\n", first_seed, first_seed + block_count - 1);
    host_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
