/* SPDX-License-Identifier: BSD-2-Clause */
/* Random blocks of IR: all rows without effects, accesses, flags, ends; see random_block.h. */
#include "tests/unit/random_block.h"

#include <string.h>

#include "dbt/fp/ops.h"
#include "dbt/ir/build.h"
#include "dbt/rt/helpers.h"
#include "tests/unit/fake_rt.h"

uint64_t random_seed;
bool random_flush;

static struct ir_builder b;

uint64_t random64(void)
{
    random_seed = random_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_seed >> 32) ^ (random_seed << 21);
}

unsigned below(unsigned n)
{
    return (unsigned)((random64() >> 16) % n);
}

uint64_t edge(void)
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
    unsigned type = ir_rows[b.block->insn[ref].op].result;
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
    const struct ir_insn last = b.block->insn[b.block->count - 1];

    for (unsigned n = 0; n < ARRAY_SIZE(pairs); n++) {
        if (pairs[n][0] == op && last.op == op) {
            return ir_emit(&b, (enum ir_op)pairs[n][1], last.arg[0], last.arg[1], last.arg[2], 0,
                           0);
        }
    }
    return IR_NONE;
}

/* --- floating point --- */
/* Half precision has rows where none of its modes is set. */
static unsigned fp_size(void)
{
    return random_flush ? 2 + below(2) : 1 + below(3);
}

static uint32_t random_fp_imm(enum fp_op op)
{
    static const uint8_t modes[] = {FP_TIEEVEN, FP_POSINF,  FP_NEGINF,
                                    FP_ZERO,    FP_TIEAWAY, FP_AUX_MODE};
    unsigned size = fp_size(), lanes[3] = {1, 16u >> size, 8u >> size}, aux = FP_AUX_MODE,
             fbits = 0;

    if (op == FP_MULADDH || op == FP_MULSUBH) {
        return FP_IMM(op, FP_SINGLE, 2u << below(2), aux, 0);
    }
    if (op >= FP_RINT) {
        aux = modes[below(ARRAY_SIZE(modes))] | (op == FP_RINT && below(2) ? FP_AUX_EXACT : 0);
        fbits = op != FP_RINT && below(3) == 0 ? 1 + below(8u << size) : 0;
    }
    return FP_IMM(op, size, lanes[below(3)], aux, fbits);
}

/* v as an operand: asked for denormals where they are flushed. */
static ir_ref asked(ir_ref v, unsigned size, unsigned lanes)
{
    if (random_flush && size != FP_HALF) {
        ir_emit(&b, IR_FIDC, v, IR_NONE, IR_NONE, FP_IMM(0, size, lanes, 0, 0), 0);
    }
    return v;
}

static ir_ref random_lanes_row(enum fp_op op, ir_ref a0, ir_ref a1, ir_ref a2)
{
    uint32_t imm = random_fp_imm(op);
    unsigned size = imm >> 8 & 3, lanes = imm >> 10 & 15;

    return ir_emit(&b, IR_FP, asked(a0, size, lanes),
                   op < FP_SQRT ? asked(a1, size, lanes) : IR_NONE,
                   op >= FP_MULADD && op < FP_SQRT ? asked(a2, size, lanes) : IR_NONE, imm,
                   random_flush ? IR_FP_FZ : 0);
}

static ir_ref random_fp_row(void)
{
    static const uint32_t conversions[] = {
        FP_CVT_IMM(2, 3, 1, 0, 0), FP_CVT_IMM(2, 3, 2, 0, 0), FP_CVT_IMM(2, 3, 2, 2, 0),
        FP_CVT_IMM(3, 2, 1, 0, 0), FP_CVT_IMM(3, 2, 2, 0, 0), FP_CVT_IMM(3, 2, 2, 0, 1),
        FP_CVT_IMM(1, 2, 1, 0, 0), FP_CVT_IMM(1, 2, 4, 0, 0), FP_CVT_IMM(1, 2, 4, 4, 0),
        FP_CVT_IMM(1, 3, 1, 0, 0), FP_CVT_IMM(2, 1, 1, 0, 0), FP_CVT_IMM(2, 1, 4, 0, 0),
        FP_CVT_IMM(3, 1, 1, 0, 0),
    };
    enum fp_op op = (enum fp_op)below(random_flush ? FP_MULADDH : FP_OP_COUNT);
    ir_ref a0 = any(IR_V128), a1 = any(IR_V128), a2 = any(IR_V128);
    unsigned size = fp_size();
    uint32_t int_imm = FP_INT_IMM(size, 32u << below(2), below(2), below(2) ? FP_ZERO : below(5),
                                  below(4) ? 0 : 1 + below(32));
    uint32_t cvt_imm = conversions[below(random_flush ? 6 : ARRAY_SIZE(conversions))];

    switch (below(9)) {
    case 0:
        return ir_emit(&b, IR_FCMP, asked(a0, size, 1), asked(a1, size, 1), IR_NONE,
                       FP_CMP_IMM(size, below(2)), 0);
    case 1: return ir_emit(&b, IR_FTOI, asked(a0, size, 1), IR_NONE, IR_NONE, int_imm, 0);
    case 2: return ir_emit(&b, IR_FFROMI, any(IR_I64), IR_NONE, IR_NONE, int_imm, 0);
    case 3:
        return ir_emit(&b, IR_FCVT, asked(a0, cvt_imm & 3, 16u >> (cvt_imm & 3)), IR_NONE, IR_NONE,
                       cvt_imm, 0);
    case 4: return ir_op1(&b, IR_FJS, asked(a0, FP_DOUBLE, 1));
    default: return random_lanes_row(op, a0, a1, a2);
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
                                       IR_LDS32_64, IR_LDV32,    IR_LDV64,   IR_LD128};
    static const enum ir_op stores[] = {IR_ST8,   IR_ST16,  IR_ST32, IR_ST64,
                                        IR_STV32, IR_STV64, IR_ST128};
    uint64_t disp = below(3) ? 0 : (uint64_t)(int64_t)((int)below(512) - 256);
    unsigned aux = below(4) ? 0 : IR_MEM_ALIGN, size = 1u << below(4);

    if (aux && !below(4)) {
        aux |= IR_MEM_OF(below(5));
    } else if (aux && below(2)) { /* what is aligned crosses no page: there is always a window */
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

        ir_emit(&b, op, address(8), any(ir_rows[op].arg[1]), IR_NONE, disp, aux);
        break;
    }
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

static unsigned side_exits;
static bool side_loop; /* one of them goes to the block's start */

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

    taken = below(5) ? taken : b.block->start;
    switch (below(11)) {
    case 9: {
        ir_ref left = count_down();

        ir_emit(&b, IR_BRZ64, left, IR_NONE, IR_NONE, IR_TARGETS(b.block->start, next), 1);
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
        ir_emit(&b, IR_BRCOND, flags, IR_NONE, IR_NONE, IR_TARGETS(b.block->start, next),
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
    case 5:
        if (side_loop) { /* the tests tell a register's jumps to the start from loops by the row */
            ir_op0(&b, IR_JUMP, taken);
        } else {
            jump_to_register((enum ir_ind)below(3));
        }
        break;
    case 6: ir_emit(&b, IR_EXIT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_UNDEF); break;
    case 7: ir_emit(&b, IR_EXIT_NEXT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_SVC); break;
    default:
        ir_emit(&b, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, IR_TARGETS(here - 0x2000, next),
                below(14));
        break;
    }
}

/* Taken, the block is left here; at times for its own start, the next page or one before. */
static void side_exit(unsigned offset)
{
    uint64_t taken = below(6) ? below(1024) * 4 : offset - 0x1800 + below(2) * 0x2000;
    uint64_t ways;

    taken = below(4) ? taken : b.block->start;
    ways = IR_TARGETS(taken, offset + 4);
    side_loop = side_loop || taken == b.block->start;
    side_exits++;
    switch (below(4)) {
    case 0: ir_emit(&b, IR_BRZ32, any(IR_I32), IR_NONE, IR_NONE, ways, below(2)); break;
    case 1: ir_emit(&b, IR_BRBIT, any(IR_I64), IR_NONE, IR_NONE, ways, below(128)); break;
    case 2: ir_emit(&b, IR_BRZ64, any(IR_I64), IR_NONE, IR_NONE, ways, below(2)); break;
    default: ir_emit(&b, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, ways, below(COND_AL)); break;
    }
}

/* Most blocks begin at offset 0x800, which no branch of theirs goes to: a self loop need not end.
 */
void random_block(struct ir_block *block)
{
    unsigned offset = 0x802 & ~3u, guests = 1 + below(below(4) ? 8 : 40);

    memset(pool_count, 0, sizeof(pool_count));
    side_exits = 0;
    side_loop = false;
    use_nzcv = below(2);
    random_flush = below(4) == 0;
    ir_begin(&b, block, offset);
    for (unsigned n = 0; n < guests && b.block->count < IR_MAX_INSNS - 2 * IR_INSN_SLACK;
         n++, offset += 4) {
        ir_op0(&b, IR_INSN, offset);
        if (n == 0 && below(3)) {
            ir_getf(&b); /* as translations do */
        }
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
        if (n + 1 < guests && below(5) == 0 && side_exits < IR_MAX_EXITS &&
            b.block->count < IR_MAX_INSNS - 2 * IR_INSN_SLACK - 8) {
            side_exit(offset);
        }
    }
    end_block(offset - 4);
}
