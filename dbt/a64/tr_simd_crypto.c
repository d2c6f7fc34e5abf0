/* SPDX-License-Identifier: BSD-2-Clause */
/* The cryptographic extensions: AES, SHA-1, SHA-256, SHA-512, SHA-3. */
#include "dbt/a64/tr_simd.h"

#define CRYPTO(op, x, y, z) put(t, a->rd, ir_call_v128(&t->b, HELPER_crypto, CRYPTO_##op, x, y, z))

TR(AESE, put(t, a->rd, op2(t, IR_VAESE, D, N)))
TR(AESD, put(t, a->rd, op2(t, IR_VAESD, D, N)))
TR(AESMC, put(t, a->rd, op1(t, IR_VAESMC, N)))
TR(AESIMC, put(t, a->rd, op1(t, IR_VAESIMC, N)))

/* The rows of the host's SHA unit. */
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
    return op2(t, IR_VOR, v_shift(t, IR_VSHL, 2, v, n), v_shift(t, IR_VUSHR, 2, v, 32 - n));
}

TR(SHA1H, put(t, a->rd, rotate_words(t, v_low(t, 2, N), 30)))
TR(SHA1SU0, put(t, a->rd, op2(t, IR_VXOR, op2(t, IR_VXOR, D, M), v_ext(t, D, N, 8))))

/* The words rotated by 1; what the first becomes, rotated again, belongs to the last too. */
static ir_ref sha1su1(struct tr *t, ir_ref d, ir_ref n)
{
    ir_ref zero = v_zero(t);
    ir_ref once = rotate_words(t, op2(t, IR_VXOR, d, v_ext(t, n, zero, 4)), 1);
    return op2(t, IR_VXOR, once, v_ext(t, zero, rotate_words(t, once, 1), 4));
}

TR(SHA1SU1, put(t, a->rd, sha1su1(t, D, N)))
TR(SHA512H, CRYPTO(SHA512H, D, N, M))
TR(SHA512H2, CRYPTO(SHA512H2, D, N, M))
TR(SHA512SU0, CRYPTO(SHA512SU0, D, N, IR_NONE))
TR(SHA512SU1, CRYPTO(SHA512SU1, D, N, M))

/* --- SHA-3 --- */
static ir_ref rotate_right(struct tr *t, ir_ref v, unsigned n)
{
    return n ? op2(t, IR_VOR, v_shift(t, IR_VUSHR, 3, v, n), v_shift(t, IR_VSHL, 3, v, 64 - n)) : v;
}

TR(RAX1, put(t, a->rd, op2(t, IR_VXOR, N, rotate_right(t, M, 63))))
TR(XAR, put(t, a->rd, rotate_right(t, op2(t, IR_VXOR, N, M), a->imm6)))
TR(EOR3, put(t, a->rd, op2(t, IR_VXOR, op2(t, IR_VXOR, N, M), get_v(t, a->ra))))
TR(BCAX, put(t, a->rd, op2(t, IR_VXOR, N, op2(t, IR_VANDN, M, get_v(t, a->ra)))))
