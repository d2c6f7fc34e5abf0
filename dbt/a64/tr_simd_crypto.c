/* SPDX-License-Identifier: BSD-2-Clause */
/* The cryptographic extensions: AES, SHA-1, SHA-256, SHA-512, SHA-3. */
#include "dbt/a64/tr_simd.h"

#define CRYPTO(op, x, y, z) put(t, a->rd, ir_call_v128(&t->b, HELPER_crypto, CRYPTO_##op, x, y, z))

TR(AESE, put(t, a->rd, op2(t, IR_VAESE, D, N)))
TR(AESD, put(t, a->rd, op2(t, IR_VAESD, D, N)))
TR(AESMC, put(t, a->rd, op1(t, IR_VAESMC, N)))
TR(AESIMC, put(t, a->rd, op1(t, IR_VAESIMC, N)))

TR(SHA1C, CRYPTO(SHA1C, D, N, M))
TR(SHA1P, CRYPTO(SHA1P, D, N, M))
TR(SHA1M, CRYPTO(SHA1M, D, N, M))
TR(SHA1SU0, CRYPTO(SHA1SU0, D, N, M))
TR(SHA1H, CRYPTO(SHA1H, N, IR_NONE, IR_NONE))
TR(SHA1SU1, CRYPTO(SHA1SU1, D, N, IR_NONE))
TR(SHA256H, CRYPTO(SHA256H, D, N, M))
TR(SHA256H2, CRYPTO(SHA256H2, D, N, M))
TR(SHA256SU0, CRYPTO(SHA256SU0, D, N, IR_NONE))
TR(SHA256SU1, CRYPTO(SHA256SU1, D, N, M))
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
