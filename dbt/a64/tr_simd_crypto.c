/* SPDX-License-Identifier: BSD-2-Clause */
/* The cryptographic extensions: AES, SHA-1, SHA-256, SHA-512, SHA-3. */
#include "dbt/a64/tr_simd.h"

TR(AESE, put(t, a->rd, op2(t, IR_VAESE, D, N)))
TR(AESD, put(t, a->rd, op2(t, IR_VAESD, D, N)))

/* A round's second half behind its first one: both together, since the host has that as one. */
static ir_ref mix(struct tr *t, enum ir_op first, enum ir_op both, enum ir_op alone, ir_ref n)
{
    const struct ir_insn *from = &t->b.block->insn[n];
    return from->op == first ? op2(t, both, from->arg[0], from->arg[1]) : op1(t, alone, n);
}

TR(AESMC, put(t, a->rd, mix(t, IR_VAESE, IR_VAESEMC, IR_VAESMC, N)))
TR(AESIMC, put(t, a->rd, mix(t, IR_VAESD, IR_VAESDIMC, IR_VAESIMC, N)))

#define SHA(op, x, y, z) put(t, a->rd, ir_emit(&t->b, IR_VSHA, x, y, z, CRYPTO_##op, 0))

TR(SHA1C, SHA(SHA1C, D, N, M))
TR(SHA1P, SHA(SHA1P, D, N, M))
TR(SHA1M, SHA(SHA1M, D, N, M))
TR(SHA256H, SHA(SHA256H, D, N, M))
TR(SHA256H2, SHA(SHA256H2, D, N, M))
TR(SHA256SU0, SHA(SHA256SU0, D, N, IR_NONE))
TR(SHA256SU1, SHA(SHA256SU1, D, N, M))

/* Each word rotated to the left by n. */
static ir_ref rotate_words(struct tr *t, ir_ref v, unsigned n)
{
    return op1_imm(t, IR_VROR, v, 32 - n, 2);
}

TR(SHA1H, put(t, a->rd, rotate_words(t, v_low(t, 2, N), 30)))
TR(SHA1SU0, put(t, a->rd, op3(t, IR_VXOR3, D, M, v_ext(t, D, N, 8))))

/* The words rotated by 1; what the first becomes, rotated again, belongs to the last too. */
static ir_ref sha1su1(struct tr *t, ir_ref d, ir_ref n)
{
    ir_ref zero = v_zero(t);
    ir_ref once = rotate_words(t, op2(t, IR_VXOR, d, v_ext(t, n, zero, 4)), 1);
    return op2(t, IR_VXOR, once, v_ext(t, zero, rotate_words(t, once, 1), 4));
}

TR(SHA1SU1, put(t, a->rd, sha1su1(t, D, N)))
TR(SHA512H, SHA(SHA512H, D, N, M))
TR(SHA512H2, SHA(SHA512H2, D, N, M))
TR(SHA512SU0, SHA(SHA512SU0, D, N, IR_NONE))
TR(SHA512SU1, SHA(SHA512SU1, D, N, M))

/* --- SHA-3 --- */
static ir_ref rotate_right(struct tr *t, ir_ref v, unsigned n)
{
    return n ? op1_imm(t, IR_VROR, v, n, 3) : v;
}

TR(RAX1, put(t, a->rd, op2(t, IR_VXOR, N, rotate_right(t, M, 63))))
TR(XAR, put(t, a->rd, rotate_right(t, op2(t, IR_VXOR, N, M), a->imm6)))
TR(EOR3, put(t, a->rd, op3(t, IR_VXOR3, N, M, get_v(t, a->ra))))
TR(BCAX, put(t, a->rd, op3(t, IR_VBCAX, N, M, get_v(t, a->ra))))
