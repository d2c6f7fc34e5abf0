/* SPDX-License-Identifier: BSD-2-Clause */
/* Random rows that compute, of all kinds: their operands, and what imm and aux may be. */
#include "tests/unit/random_rows.h"

#include <string.h>

#include "dbt/fp/ops.h"
#include "dbt/rt/helpers.h"
#include "tests/unit/random_block.h"

struct ir_builder rb;

static ir_ref pool[8][64]; /* by type: values made so far */
static unsigned pool_count[8];
static bool use_nzcv; /* the block reads the flags that it finds */

bool random_flush;

void keep(ir_ref ref)
{
    unsigned type = ir_rows[rb.block->insn[ref].op].result;
    unsigned most = type == IR_V128 ? 12 : 64; /* live values: spill slots must do for them */
    unsigned n = pool_count[type] < most ? pool_count[type]++ : below(most);

    pool[type][n] = ref;
}

ir_ref any(unsigned type)
{
    switch (type) {
    case IR_I64:
        return below(4) == 0   ? ir_getx(&rb, below(32))
               : below(6) == 0 ? ir_const64(&rb, edge())
                               : pool[type][below(pool_count[type])];
    case IR_I32:
        return below(6) == 0 ? ir_const32(&rb, (uint32_t)edge())
                             : pool[type][below(pool_count[type])];
    case IR_V128:
        return below(4) == 0 ? ir_getv(&rb, below(32)) : pool[type][below(pool_count[type])];
    case IR_FLAGS:
        return use_nzcv && below(8) == 0 ? ir_getf(&rb) : pool[type][below(pool_count[type])];
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
    return ir_emit(&rb, op, a0, a1, a2, imm, aux);
}

static ir_ref flags_of(enum ir_op op)
{
    static const uint16_t pairs[][2] = {
        {IR_ADD32, IR_NZCV_ADD32}, {IR_ADD64, IR_NZCV_ADD64}, {IR_SUB32, IR_NZCV_SUB32},
        {IR_SUB64, IR_NZCV_SUB64}, {IR_ADC32, IR_NZCV_ADC32}, {IR_ADC64, IR_NZCV_ADC64},
        {IR_SBC32, IR_NZCV_SBC32}, {IR_SBC64, IR_NZCV_SBC64},
    };
    const struct ir_insn last = rb.block->insn[rb.block->count - 1];

    for (unsigned n = 0; n < ARRAY_SIZE(pairs); n++) {
        if (pairs[n][0] == op && last.op == op) {
            return ir_emit(&rb, (enum ir_op)pairs[n][1], last.arg[0], last.arg[1], last.arg[2], 0,
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
        ir_emit(&rb, IR_FIDC, v, IR_NONE, IR_NONE, FP_IMM(0, size, lanes, 0, 0), 0);
    }
    return v;
}

static ir_ref random_lanes_row(enum fp_op op, ir_ref a0, ir_ref a1, ir_ref a2)
{
    uint32_t imm = random_fp_imm(op);
    unsigned size = imm >> 8 & 3, lanes = imm >> 10 & 15;

    return ir_emit(&rb, IR_FP, asked(a0, size, lanes),
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
        return ir_emit(&rb, IR_FCMP, asked(a0, size, 1), asked(a1, size, 1), IR_NONE,
                       FP_CMP_IMM(size, below(2)), 0);
    case 1: return ir_emit(&rb, IR_FTOI, asked(a0, size, 1), IR_NONE, IR_NONE, int_imm, 0);
    case 2: return ir_emit(&rb, IR_FFROMI, any(IR_I64), IR_NONE, IR_NONE, int_imm, 0);
    case 3:
        return ir_emit(&rb, IR_FCVT, asked(a0, cvt_imm & 3, 16u >> (cvt_imm & 3)), IR_NONE, IR_NONE,
                       cvt_imm, 0);
    case 4: return ir_op1(&rb, IR_FJS, asked(a0, FP_DOUBLE, 1));
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
    return ir_emit(&rb, simd_saturates(op) ? IR_VINTQ : IR_VINT, a0, a1, a2,
                   SIMD_IMM(op, size, lanes, shift), 0);
}

void compute(void)
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
        keep(ir_op1(&rb, IR_NZCV_LOGIC32, r));
    } else if (below(3) == 0 && (op == IR_AND64 || op == IR_ANDN64 || op == IR_OR64)) {
        keep(ir_op1(&rb, IR_NZCV_LOGIC64, r));
    }
}

void rows_begin(struct ir_block *block, unsigned offset)
{
    use_nzcv = below(2);
    random_flush = below(4) == 0;
    ir_begin(&rb, block, offset);
}

void rows_find(void)
{
    memset(pool_count, 0, sizeof(pool_count));
    for (unsigned k = 0; k < 4; k++) {
        keep(ir_getx(&rb, below(32)));
        keep(ir_op1(&rb, IR_TRUNC, ir_getx(&rb, below(32))));
        keep(ir_getv(&rb, below(32)));
    }
    keep(use_nzcv ? ir_getf(&rb) : ir_op0(&rb, IR_NZCV_CONST, (uint64_t)below(16) << 28));
}
