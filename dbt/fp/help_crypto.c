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

/* S-box and inverse S-box: FIPS 197, figures 7 and 14. */
// clang-format off
static const uint8_t sub_bytes[256] = {
    0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5, 0x30, 0x01, 0x67, 0x2b, 0xfe, 0xd7, 0xab, 0x76,
    0xca, 0x82, 0xc9, 0x7d, 0xfa, 0x59, 0x47, 0xf0, 0xad, 0xd4, 0xa2, 0xaf, 0x9c, 0xa4, 0x72, 0xc0,
    0xb7, 0xfd, 0x93, 0x26, 0x36, 0x3f, 0xf7, 0xcc, 0x34, 0xa5, 0xe5, 0xf1, 0x71, 0xd8, 0x31, 0x15,
    0x04, 0xc7, 0x23, 0xc3, 0x18, 0x96, 0x05, 0x9a, 0x07, 0x12, 0x80, 0xe2, 0xeb, 0x27, 0xb2, 0x75,
    0x09, 0x83, 0x2c, 0x1a, 0x1b, 0x6e, 0x5a, 0xa0, 0x52, 0x3b, 0xd6, 0xb3, 0x29, 0xe3, 0x2f, 0x84,
    0x53, 0xd1, 0x00, 0xed, 0x20, 0xfc, 0xb1, 0x5b, 0x6a, 0xcb, 0xbe, 0x39, 0x4a, 0x4c, 0x58, 0xcf,
    0xd0, 0xef, 0xaa, 0xfb, 0x43, 0x4d, 0x33, 0x85, 0x45, 0xf9, 0x02, 0x7f, 0x50, 0x3c, 0x9f, 0xa8,
    0x51, 0xa3, 0x40, 0x8f, 0x92, 0x9d, 0x38, 0xf5, 0xbc, 0xb6, 0xda, 0x21, 0x10, 0xff, 0xf3, 0xd2,
    0xcd, 0x0c, 0x13, 0xec, 0x5f, 0x97, 0x44, 0x17, 0xc4, 0xa7, 0x7e, 0x3d, 0x64, 0x5d, 0x19, 0x73,
    0x60, 0x81, 0x4f, 0xdc, 0x22, 0x2a, 0x90, 0x88, 0x46, 0xee, 0xb8, 0x14, 0xde, 0x5e, 0x0b, 0xdb,
    0xe0, 0x32, 0x3a, 0x0a, 0x49, 0x06, 0x24, 0x5c, 0xc2, 0xd3, 0xac, 0x62, 0x91, 0x95, 0xe4, 0x79,
    0xe7, 0xc8, 0x37, 0x6d, 0x8d, 0xd5, 0x4e, 0xa9, 0x6c, 0x56, 0xf4, 0xea, 0x65, 0x7a, 0xae, 0x08,
    0xba, 0x78, 0x25, 0x2e, 0x1c, 0xa6, 0xb4, 0xc6, 0xe8, 0xdd, 0x74, 0x1f, 0x4b, 0xbd, 0x8b, 0x8a,
    0x70, 0x3e, 0xb5, 0x66, 0x48, 0x03, 0xf6, 0x0e, 0x61, 0x35, 0x57, 0xb9, 0x86, 0xc1, 0x1d, 0x9e,
    0xe1, 0xf8, 0x98, 0x11, 0x69, 0xd9, 0x8e, 0x94, 0x9b, 0x1e, 0x87, 0xe9, 0xce, 0x55, 0x28, 0xdf,
    0x8c, 0xa1, 0x89, 0x0d, 0xbf, 0xe6, 0x42, 0x68, 0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16,
};
static const uint8_t inv_sub_bytes[256] = {
    0x52, 0x09, 0x6a, 0xd5, 0x30, 0x36, 0xa5, 0x38, 0xbf, 0x40, 0xa3, 0x9e, 0x81, 0xf3, 0xd7, 0xfb,
    0x7c, 0xe3, 0x39, 0x82, 0x9b, 0x2f, 0xff, 0x87, 0x34, 0x8e, 0x43, 0x44, 0xc4, 0xde, 0xe9, 0xcb,
    0x54, 0x7b, 0x94, 0x32, 0xa6, 0xc2, 0x23, 0x3d, 0xee, 0x4c, 0x95, 0x0b, 0x42, 0xfa, 0xc3, 0x4e,
    0x08, 0x2e, 0xa1, 0x66, 0x28, 0xd9, 0x24, 0xb2, 0x76, 0x5b, 0xa2, 0x49, 0x6d, 0x8b, 0xd1, 0x25,
    0x72, 0xf8, 0xf6, 0x64, 0x86, 0x68, 0x98, 0x16, 0xd4, 0xa4, 0x5c, 0xcc, 0x5d, 0x65, 0xb6, 0x92,
    0x6c, 0x70, 0x48, 0x50, 0xfd, 0xed, 0xb9, 0xda, 0x5e, 0x15, 0x46, 0x57, 0xa7, 0x8d, 0x9d, 0x84,
    0x90, 0xd8, 0xab, 0x00, 0x8c, 0xbc, 0xd3, 0x0a, 0xf7, 0xe4, 0x58, 0x05, 0xb8, 0xb3, 0x45, 0x06,
    0xd0, 0x2c, 0x1e, 0x8f, 0xca, 0x3f, 0x0f, 0x02, 0xc1, 0xaf, 0xbd, 0x03, 0x01, 0x13, 0x8a, 0x6b,
    0x3a, 0x91, 0x11, 0x41, 0x4f, 0x67, 0xdc, 0xea, 0x97, 0xf2, 0xcf, 0xce, 0xf0, 0xb4, 0xe6, 0x73,
    0x96, 0xac, 0x74, 0x22, 0xe7, 0xad, 0x35, 0x85, 0xe2, 0xf9, 0x37, 0xe8, 0x1c, 0x75, 0xdf, 0x6e,
    0x47, 0xf1, 0x1a, 0x71, 0x1d, 0x29, 0xc5, 0x89, 0x6f, 0xb7, 0x62, 0x0e, 0xaa, 0x18, 0xbe, 0x1b,
    0xfc, 0x56, 0x3e, 0x4b, 0xc6, 0xd2, 0x79, 0x20, 0x9a, 0xdb, 0xc0, 0xfe, 0x78, 0xcd, 0x5a, 0xf4,
    0x1f, 0xdd, 0xa8, 0x33, 0x88, 0x07, 0xc7, 0x31, 0xb1, 0x12, 0x10, 0x59, 0x27, 0x80, 0xec, 0x5f,
    0x60, 0x51, 0x7f, 0xa9, 0x19, 0xb5, 0x4a, 0x0d, 0x2d, 0xe5, 0x7a, 0x9f, 0x93, 0xc9, 0x9c, 0xef,
    0xa0, 0xe0, 0x3b, 0x4d, 0xae, 0x2a, 0xf5, 0xb0, 0xc8, 0xeb, 0xbb, 0x3c, 0x83, 0x53, 0x99, 0x61,
    0x17, 0x2b, 0x04, 0x7e, 0xba, 0x77, 0xd6, 0x26, 0xe1, 0x69, 0x14, 0x63, 0x55, 0x21, 0x0c, 0x7d,
};
// clang-format on

static v128 aes_round(const v128 *state, const v128 *key, bool decrypt)
{
    v128 x = {{state->lane[0] ^ key->lane[0], state->lane[1] ^ key->lane[1]}}, out = {{0, 0}};

    for (unsigned n = 0; n < 16; n++) {
        unsigned column = decrypt ? n / 4 - n % 4 : n / 4 + n % 4; /* (Inv)ShiftRows */
        uint8_t byte = (uint8_t)lane_get(&x, 0, column % 4 * 4 + n % 4);

        lane_set(&out, 0, n, (decrypt ? inv_sub_bytes : sub_bytes)[byte]);
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
