/* SPDX-License-Identifier: BSD-2-Clause */
/* AES, SHA and PMULL in plain integers: the fallback of the host's instructions. */
#include "dbt/fp/lane.h"
#include "dbt/fp/ops.h"

static uint32_t word(const v128 *v, unsigned n)
{
    return (uint32_t)lane_get(v, 2, n);
}

static uint32_t ror32(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint64_t ror64(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

/* --- AES: arithmetic of GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 --- */
static uint8_t gf_double(uint8_t a)
{
    return (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
}

static uint8_t gf_mul(uint8_t a, uint8_t b)
{
    uint8_t result = 0;

    for (; b; b >>= 1, a = gf_double(a)) {
        result ^= b & 1 ? a : 0;
    }
    return result;
}

/* a^254: the inverse, and 0 for 0. */
static uint8_t gf_inverse(uint8_t a)
{
    uint8_t result = 1;

    for (unsigned n = 0; n < 7; n++) {
        a = gf_mul(a, a);
        result = gf_mul(result, a);
    }
    return result;
}

static uint8_t rol8(uint8_t a, unsigned n)
{
    return (uint8_t)(a << n | a >> (8 - n));
}

static uint8_t sub_byte(uint8_t a)
{
    a = gf_inverse(a);
    return (uint8_t)(a ^ rol8(a, 1) ^ rol8(a, 2) ^ rol8(a, 3) ^ rol8(a, 4) ^ 0x63);
}

static uint8_t inv_sub_byte(uint8_t a)
{
    return gf_inverse((uint8_t)(rol8(a, 1) ^ rol8(a, 3) ^ rol8(a, 6) ^ 0x05));
}

static v128 aes_round(const v128 *state, const v128 *key, bool decrypt)
{
    v128 x = {{state->lane[0] ^ key->lane[0], state->lane[1] ^ key->lane[1]}}, out = {{0, 0}};

    for (unsigned n = 0; n < 16; n++) {
        unsigned column = decrypt ? n / 4 - n % 4 : n / 4 + n % 4; /* (Inv)ShiftRows */
        uint8_t byte = (uint8_t)lane_get(&x, 0, column % 4 * 4 + n % 4);

        lane_set(&out, 0, n, decrypt ? inv_sub_byte(byte) : sub_byte(byte));
    }
    return out;
}

static v128 mix_columns(const v128 *state, uint32_t coefficients)
{
    v128 out = {{0, 0}};

    for (unsigned n = 0; n < 16; n++) {
        uint8_t sum = 0;

        for (unsigned k = 0; k < 4; k++) {
            uint8_t byte = (uint8_t)lane_get(state, 0, (n & ~3u) + (n + k) % 4);

            sum ^= gf_mul(byte, (uint8_t)(coefficients >> 8 * k));
        }
        lane_set(&out, 0, n, sum);
    }
    return out;
}

/* --- SHA-1 --- */
static uint32_t sha1_f(enum crypto_op op, uint32_t b, uint32_t c, uint32_t d)
{
    switch (op) {
    case CRYPTO_SHA1C: return ((c ^ d) & b) ^ d;
    case CRYPTO_SHA1M: return (b & c) | ((b | c) & d);
    default: return b ^ c ^ d;
    }
}

static v128 sha1_rounds(enum crypto_op op, const v128 *abcd, uint32_t e, const v128 *w)
{
    uint32_t a = word(abcd, 0), b = word(abcd, 1), c = word(abcd, 2), d = word(abcd, 3);

    for (unsigned n = 0; n < 4; n++) {
        uint32_t next = ror32(a, 27) + sha1_f(op, b, c, d) + e + word(w, n);

        e = d;
        d = c;
        c = ror32(b, 2);
        b = a;
        a = next;
    }
    return (v128){{(uint64_t)b << 32 | a, (uint64_t)d << 32 | c}};
}

/* --- SHA-256 --- */
static v128 sha256_rounds(const v128 *x, const v128 *y, const v128 *w, bool want_y)
{
    uint32_t s[8]; /* a..h */

    for (unsigned n = 0; n < 4; n++) {
        s[n] = word(x, n);
        s[4 + n] = word(y, n);
    }
    for (unsigned n = 0; n < 4; n++) {
        uint32_t sum1 = ror32(s[4], 6) ^ ror32(s[4], 11) ^ ror32(s[4], 25);
        uint32_t sum0 = ror32(s[0], 2) ^ ror32(s[0], 13) ^ ror32(s[0], 22);
        uint32_t t = s[7] + sum1 + (((s[5] ^ s[6]) & s[4]) ^ s[6]) + word(w, n);
        uint32_t maj = (s[0] & s[1]) | ((s[0] | s[1]) & s[2]);

        s[7] = s[6];
        s[6] = s[5];
        s[5] = s[4];
        s[4] = s[3] + t;
        s[3] = s[2];
        s[2] = s[1];
        s[1] = s[0];
        s[0] = t + sum0 + maj;
    }
    return want_y ? (v128){{(uint64_t)s[5] << 32 | s[4], (uint64_t)s[7] << 32 | s[6]}}
                  : (v128){{(uint64_t)s[1] << 32 | s[0], (uint64_t)s[3] << 32 | s[2]}};
}

static v128 sha256_su0(const v128 *a, const v128 *b)
{
    v128 out = {{0, 0}};

    for (unsigned n = 0; n < 4; n++) {
        uint32_t next = n < 3 ? word(a, n + 1) : word(b, 0);

        lane_set(&out, 2, n, word(a, n) + (ror32(next, 7) ^ ror32(next, 18) ^ next >> 3));
    }
    return out;
}

/* a = Vd, b = Vn, c = Vm */
static v128 sha256_su1(const v128 *a, const v128 *b, const v128 *c)
{
    v128 out = {{0, 0}};

    for (unsigned n = 0; n < 4; n++) {
        uint32_t t1 = n < 2 ? word(c, n + 2) : word(&out, n - 2);
        uint32_t t0 = n < 3 ? word(b, n + 1) : word(c, 0);

        lane_set(&out, 2, n, (ror32(t1, 17) ^ ror32(t1, 19) ^ t1 >> 10) + word(a, n) + t0);
    }
    return out;
}

/* --- SHA-512: x = Vn, y = Vm, w = Vd as C7.2 names them --- */
static v128 sha512_h(const v128 *w, const v128 *x, const v128 *y)
{
    uint64_t sum = ror64(y->lane[1], 14) ^ ror64(y->lane[1], 18) ^ ror64(y->lane[1], 41), high, t;

    high = ((y->lane[1] & x->lane[0]) ^ (~y->lane[1] & x->lane[1])) + sum + w->lane[1];
    t = high + y->lane[0];
    sum = ror64(t, 14) ^ ror64(t, 18) ^ ror64(t, 41);
    return (v128){{((t & y->lane[1]) ^ (~t & x->lane[0])) + sum + w->lane[0], high}};
}

static v128 sha512_h2(const v128 *w, const v128 *x, const v128 *y)
{
    uint64_t x0 = x->lane[0], y0 = y->lane[0], y1 = y->lane[1], high;

    high = ((x0 & y1) ^ (x0 & y0) ^ (y1 & y0)) + (ror64(y0, 28) ^ ror64(y0, 34) ^ ror64(y0, 39)) +
           w->lane[1];
    return (v128){{((high & y0) ^ (high & y1) ^ (y1 & y0)) +
                       (ror64(high, 28) ^ ror64(high, 34) ^ ror64(high, 39)) + w->lane[0],
                   high}};
}

static uint64_t sigma512_0(uint64_t x)
{
    return ror64(x, 1) ^ ror64(x, 8) ^ x >> 7;
}

static uint64_t sigma512_1(uint64_t x)
{
    return ror64(x, 19) ^ ror64(x, 61) ^ x >> 6;
}

static v128 carryless(uint64_t a, uint64_t b)
{
    unsigned __int128 result = 0;

    for (unsigned n = 0; n < 64; n++) {
        result ^= bit(b, n) ? (unsigned __int128)a << n : 0;
    }
    return (v128){{(uint64_t)result, (uint64_t)(result >> 64)}};
}

static v128 aes(enum crypto_op op, const v128 *a, const v128 *b)
{
    v128 x;

    switch (op) {
    case CRYPTO_AESE: return aes_round(a, b, false);
    case CRYPTO_AESD: return aes_round(a, b, true);
    case CRYPTO_AESEMC: x = aes_round(a, b, false); return mix_columns(&x, 0x01010302);
    case CRYPTO_AESDIMC: x = aes_round(a, b, true); return mix_columns(&x, 0x090d0b0e);
    case CRYPTO_AESMC: return mix_columns(a, 0x01010302);
    default: return mix_columns(a, 0x090d0b0e);
    }
}

static v128 sha(enum crypto_op op, const v128 *a, const v128 *b, const v128 *c)
{
    switch (op) {
    case CRYPTO_SHA1C:
    case CRYPTO_SHA1P:
    case CRYPTO_SHA1M: return sha1_rounds(op, a, word(b, 0), c);
    case CRYPTO_SHA256H: return sha256_rounds(a, b, c, false);
    case CRYPTO_SHA256H2: return sha256_rounds(b, a, c, true);
    case CRYPTO_SHA256SU0: return sha256_su0(a, b);
    case CRYPTO_SHA256SU1: return sha256_su1(a, b, c);
    case CRYPTO_SHA512H: return sha512_h(a, b, c);
    case CRYPTO_SHA512H2: return sha512_h2(a, b, c);
    case CRYPTO_SHA512SU0:
        return (v128){{a->lane[0] + sigma512_0(a->lane[1]), a->lane[1] + sigma512_0(b->lane[0])}};
    case CRYPTO_SHA512SU1:
        return (v128){{a->lane[0] + sigma512_1(b->lane[0]) + c->lane[0],
                       a->lane[1] + sigma512_1(b->lane[1]) + c->lane[1]}};
    default: __builtin_unreachable();
    }
}

void help_crypto(struct a64_state *st, v128 *result, const v128 *a, const v128 *b, const v128 *c,
                 uint32_t imm)
{
    enum crypto_op op = (enum crypto_op)imm;

    (void)st;
    if (op >= CRYPTO_PMULL64) {
        unsigned half = op == CRYPTO_PMULL64_HIGH;

        *result = carryless(a->lane[half], b->lane[half]);
        return;
    }
    *result = op <= CRYPTO_AESDIMC ? aes(op, a, b) : sha(op, a, b, c);
}
