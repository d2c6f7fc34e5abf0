/* SPDX-License-Identifier: BSD-2-Clause */
/* The published vectors of FIPS 197 and FIPS 180-4 by the crypto helpers, as an Arm program uses
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dbt/fp/lane.h"
#include "dbt/fp/ops.h"
#include "tests/bench/guest/sha256_k.h"

static v128 crypto(enum crypto_op op, v128 a, v128 b, v128 c)
{
    v128 result;

    help_crypto(NULL, &result, &a, &b, &c, op);
    return result;
}

static v128 words(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return (v128){{(uint64_t)b << 32 | a, (uint64_t)d << 32 | c}};
}

static v128 bytes(const uint8_t from[16])
{
    v128 v = {{0, 0}};

    for (unsigned n = 0; n < 16; n++) {
        lane_set(&v, 0, n, from[n]);
    }
    return v;
}

/* SubBytes of a word: AESE of it in all columns, where ShiftRows moves nothing. */
static uint32_t sub_word(uint32_t w)
{
    return (uint32_t)crypto(CRYPTO_AESE, words(w, w, w, w), words(0, 0, 0, 0), words(0, 0, 0, 0))
        .lane[0];
}

static void expand_key(const uint8_t key[16], v128 round[11])
{
    uint32_t w[44], rcon = 1;

    for (unsigned n = 0; n < 4; n++) {
        v128 k = bytes(key);

        w[n] = (uint32_t)lane_get(&k, 2, n);
    }
    for (unsigned n = 4; n < 44; n++) {
        uint32_t t = w[n - 1];

        if (n % 4 == 0) {
            t = sub_word(t >> 8 | t << 24) ^ rcon;
            rcon = rcon << 1 ^ (rcon & 0x80 ? 0x11b : 0);
        }
        w[n] = w[n - 4] ^ t;
    }
    for (unsigned n = 0; n < 11; n++) {
        round[n] = words(w[4 * n], w[4 * n + 1], w[4 * n + 2], w[4 * n + 3]);
    }
}

static v128 xor
    (v128 a, v128 b) {
        return (v128){{a.lane[0] ^ b.lane[0], a.lane[1] ^ b.lane[1]}};
    }

    /* FIPS 197, appendix B, and back. */
    static void aes_128(void **state)
{
    static const uint8_t key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t plain[16] = {0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d,
                                      0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34};
    static const uint8_t cipher[16] = {0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb,
                                       0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32};
    v128 round[11], x = bytes(plain), want = bytes(cipher), none = {{0, 0}};

    (void)state;
    expand_key(key, round);
    for (unsigned n = 0; n < 9; n++) {
        x = crypto(CRYPTO_AESMC, crypto(CRYPTO_AESE, x, round[n], none), none, none);
    }
    x = xor(crypto(CRYPTO_AESE, x, round[9], none), round[10]);
    assert_memory_equal(&x, &want, 16);
    x = crypto(CRYPTO_AESD, x, round[10], none);
    for (unsigned n = 9; n > 0; n--) {
        x = crypto(CRYPTO_AESIMC, xor(x, round[n]), none, none);
        x = crypto(CRYPTO_AESD, x, none, none);
    }
    x = xor(x, round[0]);
    want = bytes(plain);
    assert_memory_equal(&x, &want, 16);
}

static v128 add(v128 a, v128 b)
{
    for (unsigned n = 0; n < 4; n++) {
        lane_set(&a, 2, n, lane_get(&a, 2, n) + lane_get(&b, 2, n));
    }
    return a;
}

/* FIPS 180-4, example "abc": one block. */
static void sha_256(void **state)
{
    const v128 start[2] = {words(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a),
                           words(0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19)};
    const v128 want[2] = {words(0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223),
                          words(0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad)};
    v128 w[4] = {words(0x61626380, 0, 0, 0), words(0, 0, 0, 0), words(0, 0, 0, 0),
                 words(0, 0, 0, 24)};
    v128 abcd = start[0], efgh = start[1];

    (void)state;
    for (unsigned n = 0; n < 16; n++) {
        const uint32_t *k = &sha_k[4 * n];
        v128 wk = add(w[0], words(k[0], k[1], k[2], k[3])), old = abcd;
        v128 next =
            crypto(CRYPTO_SHA256SU1, crypto(CRYPTO_SHA256SU0, w[0], w[1], w[1]), w[2], w[3]);

        abcd = crypto(CRYPTO_SHA256H, abcd, efgh, wk);
        efgh = crypto(CRYPTO_SHA256H2, efgh, old, wk);
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = next;
    }
    abcd = add(abcd, start[0]);
    efgh = add(efgh, start[1]);
    assert_memory_equal(&abcd, &want[0], 16);
    assert_memory_equal(&efgh, &want[1], 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(aes_128), cmocka_unit_test(sha_256)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
