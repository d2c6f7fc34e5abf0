/* SPDX-License-Identifier: BSD-2-Clause */
/* The crypto instructions on published vectors: FIPS 197, 180-4, 202, SP 800-38D, the CRCs' check
 * values. */
#include "tests/guest/guest.h"

#include <arm_acle.h>
#include <arm_neon.h>

static bool same(const uint8_t *a, const uint8_t *b, unsigned count)
{
    bool same = true;

    for (unsigned n = 0; n < count; n++) {
        same &= a[n] == b[n];
    }
    return same;
}

/* --- AES (FIPS 197) --- */
struct aes {
    unsigned rounds;
    uint8x16_t key[15];
};

/* SubWord: AESE of a word in all columns, where ShiftRows moves nothing. */
static uint32_t sub_word(uint32_t w)
{
    uint8x16_t x = vreinterpretq_u8_u32(vdupq_n_u32(w));

    return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(x, vdupq_n_u8(0))), 0);
}

static void aes_expand(struct aes *aes, const uint8_t *key, unsigned words)
{
    static uint32_t w[60];
    uint32_t rcon = 1;

    aes->rounds = words + 6;
    for (unsigned n = 0; n < words; n++) {
        w[n] = key[4 * n] | (uint32_t)key[4 * n + 1] << 8 | (uint32_t)key[4 * n + 2] << 16 |
               (uint32_t)key[4 * n + 3] << 24;
    }
    for (unsigned n = words; n < 4 * (aes->rounds + 1); n++) {
        uint32_t t = w[n - 1];

        if (n % words == 0) {
            t = sub_word(t >> 8 | t << 24) ^ rcon;
            rcon = rcon << 1 ^ (rcon & 0x80 ? 0x11b : 0);
        } else if (words > 6 && n % words == 4) {
            t = sub_word(t);
        }
        w[n] = w[n - words] ^ t;
    }
    for (unsigned n = 0; n <= aes->rounds; n++) {
        aes->key[n] = vreinterpretq_u8_u32(vld1q_u32(w + 4 * n));
    }
}

static uint8x16_t aes_encrypt(const struct aes *aes, uint8x16_t x)
{
    for (unsigned n = 0; n + 1 < aes->rounds; n++) {
        x = vaesmcq_u8(vaeseq_u8(x, aes->key[n]));
    }
    return veorq_u8(vaeseq_u8(x, aes->key[aes->rounds - 1]), aes->key[aes->rounds]);
}

static uint8x16_t aes_decrypt(const struct aes *aes, uint8x16_t x)
{
    x = vaesdq_u8(x, aes->key[aes->rounds]);
    for (unsigned n = aes->rounds - 1; n > 0; n--) {
        x = vaesdq_u8(vaesimcq_u8(x), vaesimcq_u8(aes->key[n]));
    }
    return veorq_u8(x, aes->key[0]);
}

static bool aes_holds(const uint8_t *key, unsigned words, const uint8_t *plain,
                      const uint8_t *cipher)
{
    static struct aes aes;
    uint8_t out[16], back[16];

    aes_expand(&aes, key, words);
    vst1q_u8(out, aes_encrypt(&aes, vld1q_u8(plain)));
    vst1q_u8(back, aes_decrypt(&aes, vld1q_u8(cipher)));
    return same(out, cipher, 16) && same(back, plain, 16);
}

static void test_aes(void)
{
    static const uint8_t key_b[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                      0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c},
                         plain_b[16] = {0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d,
                                        0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34},
                         cipher_b[16] = {0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb,
                                         0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32},
                         cipher_128[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                           0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a},
                         cipher_192[16] = {0xdd, 0xa9, 0x7c, 0xa4, 0x86, 0x4c, 0xdf, 0xe0,
                                           0x6e, 0xaf, 0x70, 0xa0, 0xec, 0x0d, 0x71, 0x91},
                         cipher_256[16] = {0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf,
                                           0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60, 0x89};
    static uint8_t key[32], plain[16];

    for (unsigned n = 0; n < 32; n++) {
        key[n] = (uint8_t)n;
        plain[n % 16] = (uint8_t)(n % 16 * 0x11);
    }
    check(aes_holds(key_b, 4, plain_b, cipher_b), "AES-128, FIPS 197 appendix B");
    check(aes_holds(key, 4, plain, cipher_128), "AES-128, FIPS 197 C.1");
    check(aes_holds(key, 6, plain, cipher_192), "AES-192, FIPS 197 C.2");
    check(aes_holds(key, 8, plain, cipher_256), "AES-256, FIPS 197 C.3");
}

/* --- GHASH (SP 800-38D) by PMULL; bits of a byte reversed, a block is a polynomial as it lies in
 * memory --- */
static uint64x2_t product(uint64_t a, uint64_t b)
{
    return vreinterpretq_u64_p128(vmull_p64(a, b));
}

static uint64x2_t product_high(uint64x2_t a, uint64x2_t b)
{
    return vreinterpretq_u64_p128(
        vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}

/* a * b modulo x^128 + x^7 + x^2 + x + 1 */
static uint64x2_t multiply(uint64x2_t a, uint64x2_t b)
{
    uint64x2_t zero = vdupq_n_u64(0), low = product(a[0], b[0]), high = product_high(a, b),
               middle = veorq_u64(product(a[0], b[1]), product(a[1], b[0])), fold;

    low = veorq_u64(low, vextq_u64(zero, middle, 1));
    high = veorq_u64(high, vextq_u64(middle, zero, 1));
    fold = product(high[1], 0x87);
    low = veorq_u64(low, vextq_u64(zero, fold, 1));
    return veorq_u64(low, product(high[0] ^ fold[1], 0x87));
}

static uint64x2_t polynomial(uint8x16_t block)
{
    return vreinterpretq_u64_u8(vrbitq_u8(block));
}

/* The test cases 1 and 2 of the GCM specification: no data, one block of zeros. */
static void test_gcm(void)
{
    static const uint8_t tag_1[16] = {0x58, 0xe2, 0xfc, 0xce, 0xfa, 0x7e, 0x30, 0x61,
                                      0x36, 0x7f, 0x1d, 0x57, 0xa4, 0xe7, 0x45, 0x5a},
                         text_2[16] = {0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
                                       0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78},
                         tag_2[16] = {0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd,
                                      0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf},
                         zeros[16];
    static struct aes aes;
    uint8x16_t zero = vdupq_n_u8(0), counter = vsetq_lane_u8(1, zero, 15), text, first;
    uint64x2_t h, sum;
    uint8_t out[16];

    aes_expand(&aes, zeros, 4);
    first = aes_encrypt(&aes, counter);
    text = aes_encrypt(&aes, vsetq_lane_u8(2, zero, 15));
    vst1q_u8(out, first);
    check(same(out, tag_1, 16), "AES-GCM, test case 1");
    h = polynomial(aes_encrypt(&aes, zero));
    sum = multiply(polynomial(text), h);
    sum = veorq_u64(sum, polynomial(vsetq_lane_u8(0x80, zero, 15))); /* lengths: 0 and 128 bits */
    sum = multiply(sum, h);
    vst1q_u8(out, text);
    check(same(out, text_2, 16), "AES-GCM, test case 2: the text");
    vst1q_u8(out, veorq_u8(vrbitq_u8(vreinterpretq_u8_u64(sum)), first));
    check(same(out, tag_2, 16), "AES-GCM, test case 2: the tag");
}

/* --- SHA-1 and SHA-2 (FIPS 180-4 and its examples) --- */
static const char one_block[] = "abc",
                  two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                  two_blocks_512[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

static uint8_t padded[256];

/* The message with its padding, in blocks of `block` bytes; how many there are. */
static unsigned pad(const char *text, unsigned block)
{
    unsigned length = 0, blocks;

    while (text[length]) {
        padded[length] = (uint8_t)text[length];
        length++;
    }
    blocks = (length + block / 8 + block) / block;
    for (unsigned n = length; n < blocks * block; n++) {
        padded[n] = n == length ? 0x80 : 0;
    }
    padded[blocks * block - 1] = (uint8_t)(length * 8);
    padded[blocks * block - 2] = (uint8_t)(length * 8 >> 8);
    return blocks;
}

static uint32x4_t words_at(unsigned at)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(padded + at)));
}

static void sha1_block(uint32_t state[5], unsigned at)
{
    static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32x4_t abcd = vld1q_u32(state), w[4];
    uint32_t e = state[4];

    for (unsigned n = 0; n < 4; n++) {
        w[n] = words_at(at + 16 * n);
    }
    for (unsigned n = 0; n < 20; n++) {
        uint32x4_t wk = vaddq_u32(w[0], vdupq_n_u32(k[n / 5]));
        uint32_t next_e = vsha1h_u32(vgetq_lane_u32(abcd, 0));
        uint32x4_t next = vsha1su1q_u32(vsha1su0q_u32(w[0], w[1], w[2]), w[3]);

        abcd = n < 5               ? vsha1cq_u32(abcd, e, wk)
               : n < 10 || n >= 15 ? vsha1pq_u32(abcd, e, wk)
                                   : vsha1mq_u32(abcd, e, wk);
        e = next_e;
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = next;
    }
    vst1q_u32(state, vaddq_u32(abcd, vld1q_u32(state)));
    state[4] += e;
}

static const uint64_t k512[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

/* The constants of SHA-256 are the upper halves of those of SHA-512. */
static uint32x4_t k256(unsigned n)
{
    const uint32_t k[4] = {(uint32_t)(k512[n] >> 32), (uint32_t)(k512[n + 1] >> 32),
                           (uint32_t)(k512[n + 2] >> 32), (uint32_t)(k512[n + 3] >> 32)};

    return vld1q_u32(k);
}

static void sha256_block(uint32_t state[8], unsigned at)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4), w[4];

    for (unsigned n = 0; n < 4; n++) {
        w[n] = words_at(at + 16 * n);
    }
    for (unsigned n = 0; n < 64; n += 4) {
        uint32x4_t wk = vaddq_u32(w[0], k256(n)), old = abcd;
        uint32x4_t next = vsha256su1q_u32(vsha256su0q_u32(w[0], w[1]), w[2], w[3]);

        abcd = vsha256hq_u32(abcd, efgh, wk);
        efgh = vsha256h2q_u32(efgh, old, wk);
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = next;
    }
    vst1q_u32(state, vaddq_u32(abcd, vld1q_u32(state)));
    vst1q_u32(state + 4, vaddq_u32(efgh, vld1q_u32(state + 4)));
}

static void sha512_block(uint64_t state[8], unsigned at)
{
    uint64x2_t ab = vld1q_u64(state), cd = vld1q_u64(state + 2), ef = vld1q_u64(state + 4),
               gh = vld1q_u64(state + 6), w[8];

    for (unsigned n = 0; n < 8; n++) {
        w[n] = vreinterpretq_u64_u8(vrev64q_u8(vld1q_u8(padded + at + 16 * n)));
    }
    for (unsigned n = 0; n < 80; n += 2) {
        uint64x2_t kw = vaddq_u64(w[0], vld1q_u64(k512 + n));
        uint64x2_t sum = vaddq_u64(vextq_u64(kw, kw, 1), gh);
        uint64x2_t t1 = vsha512hq_u64(sum, vextq_u64(ef, gh, 1), vextq_u64(cd, ef, 1));
        uint64x2_t next =
            vsha512su1q_u64(vsha512su0q_u64(w[0], w[1]), w[7], vextq_u64(w[4], w[5], 1));

        gh = ef;
        ef = vaddq_u64(cd, t1);
        t1 = vsha512h2q_u64(t1, cd, ab);
        cd = ab;
        ab = t1;
        for (unsigned m = 0; m < 7; m++) {
            w[m] = w[m + 1];
        }
        w[7] = next;
    }
    vst1q_u64(state, vaddq_u64(ab, vld1q_u64(state)));
    vst1q_u64(state + 2, vaddq_u64(cd, vld1q_u64(state + 2)));
    vst1q_u64(state + 4, vaddq_u64(ef, vld1q_u64(state + 4)));
    vst1q_u64(state + 6, vaddq_u64(gh, vld1q_u64(state + 6)));
}

static bool sha1_holds(const char *text, const uint32_t want[5])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned blocks = pad(text, 64);

    for (unsigned n = 0; n < blocks; n++) {
        sha1_block(state, 64 * n);
    }
    return same((const uint8_t *)state, (const uint8_t *)want, 20);
}

static bool sha256_holds(const char *text, const uint32_t want[8])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    unsigned blocks = pad(text, 64);

    for (unsigned n = 0; n < blocks; n++) {
        sha256_block(state, 64 * n);
    }
    return same((const uint8_t *)state, (const uint8_t *)want, 32);
}

static bool sha512_holds(const char *text, const uint64_t want[8])
{
    static const uint64_t start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                      0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                      0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
    unsigned blocks = pad(text, 128);
    uint64_t state[8];

    for (unsigned n = 0; n < 8; n++) {
        state[n] = start[n];
    }
    for (unsigned n = 0; n < blocks; n++) {
        sha512_block(state, 128 * n);
    }
    return same((const uint8_t *)state, (const uint8_t *)want, 64);
}

static void test_sha(void)
{
    static const uint32_t sha1[2][5] = {
        {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d},
        {0x84983e44, 0x1c3bd26e, 0xbaae4aa1, 0xf95129e5, 0xe54670f1}};
    static const uint32_t sha256[2][8] = {{0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                           0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad},
                                          {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039,
                                           0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1}};
    static const uint64_t sha512[2][8] = {
        {0xddaf35a193617aba, 0xcc417349ae204131, 0x12e6fa4e89a97ea2, 0x0a9eeee64b55d39a,
         0x2192992a274fc1a8, 0x36ba3c23a3feebbd, 0x454d4423643ce80e, 0x2a9ac94fa54ca49f},
        {0x8e959b75dae313da, 0x8cf4f72814fc143f, 0x8f7779c6eb9f7fa1, 0x7299aeadb6889018,
         0x501d289e4900f7e4, 0x331b99dec4b5433a, 0xc7d329eeb6dd2654, 0x5e96e55b874be909}};

    check(sha1_holds(one_block, sha1[0]), "SHA-1, one block");
    check(sha1_holds(two_blocks, sha1[1]), "SHA-1, two blocks");
    check(sha256_holds(one_block, sha256[0]), "SHA-256, one block");
    check(sha256_holds(two_blocks, sha256[1]), "SHA-256, two blocks");
    check(sha512_holds(one_block, sha512[0]), "SHA-512, one block");
    check(sha512_holds(two_blocks_512, sha512[1]), "SHA-512, two blocks");
}

/* --- SHA-3 (FIPS 202): two messages at once, one in each half --- */
static const uint64_t keccak_rc[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static void keccak_f(uint64x2_t a[25])
{
    uint64x2_t b[25], c[5], d[5];

    for (unsigned round = 0; round < 24; round++) {
        for (unsigned x = 0; x < 5; x++) {
            c[x] = veor3q_u64(veor3q_u64(a[x], a[x + 5], a[x + 10]), a[x + 15], a[x + 20]);
        }
        for (unsigned x = 0; x < 5; x++) {
            d[x] = vrax1q_u64(c[(x + 4) % 5], c[(x + 1) % 5]);
        }
        // clang-format off
#define MOVE(to, from, x, right) b[to] = vxarq_u64(a[from], d[x], right)
    MOVE(0, 0, 0, 0); MOVE(10, 1, 1, 63); MOVE(20, 2, 2, 2); MOVE(5, 3, 3, 36); MOVE(15, 4, 4, 37);
    MOVE(16, 5, 0, 28); MOVE(1, 6, 1, 20); MOVE(11, 7, 2, 58); MOVE(21, 8, 3, 9); MOVE(6, 9, 4, 44);
    MOVE(7, 10, 0, 61); MOVE(17, 11, 1, 54); MOVE(2, 12, 2, 21); MOVE(12, 13, 3, 39); MOVE(22, 14, 4, 25);
    MOVE(23, 15, 0, 23); MOVE(8, 16, 1, 19); MOVE(18, 17, 2, 49); MOVE(3, 18, 3, 43); MOVE(13, 19, 4, 56);
    MOVE(14, 20, 0, 46); MOVE(24, 21, 1, 62); MOVE(9, 22, 2, 3); MOVE(19, 23, 3, 8); MOVE(4, 24, 4, 50);
#undef MOVE
        // clang-format on
        for (unsigned n = 0; n < 25; n++) {
            unsigned row = n / 5 * 5;

            a[n] = vbcaxq_u64(b[n], b[row + (n + 2) % 5], b[row + (n + 1) % 5]);
        }
        a[0] = veorq_u64(a[0], vdupq_n_u64(keccak_rc[round]));
    }
}

/* SHA3-256 of "abc" and of nothing. */
static void test_sha3(void)
{
    static const uint8_t abc[32] = {0x3a, 0x98, 0x5d, 0xa7, 0x4f, 0xe2, 0x25, 0xb2,
                                    0x04, 0x5c, 0x17, 0x2d, 0x6b, 0xd3, 0x90, 0xbd,
                                    0x85, 0x5f, 0x08, 0x6e, 0x3e, 0x9d, 0x52, 0x5b,
                                    0x46, 0xbf, 0xe2, 0x45, 0x11, 0x43, 0x15, 0x32},
                         none[32] = {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66,
                                     0x51, 0xc1, 0x47, 0x56, 0xa0, 0x61, 0xd6, 0x62,
                                     0xf5, 0x80, 0xff, 0x4d, 0xe4, 0x3b, 0x49, 0xfa,
                                     0x82, 0xd8, 0x0a, 0x4b, 0x80, 0xf8, 0x43, 0x4a};
    static uint64x2_t a[25];
    uint64_t out[2][4];

    a[0] = vcombine_u64(vcreate_u64(0x06636261), vcreate_u64(0x06));
    a[16] = vdupq_n_u64(1ul << 63); /* the end of the rate, 1088 bits */
    keccak_f(a);
    for (unsigned n = 0; n < 4; n++) {
        out[0][n] = vgetq_lane_u64(a[n], 0);
        out[1][n] = vgetq_lane_u64(a[n], 1);
    }
    check(same((const uint8_t *)out[0], abc, 32), "SHA3-256 of \"abc\"");
    check(same((const uint8_t *)out[1], none, 32), "SHA3-256 of nothing");
}

/* --- the CRCs of "123456789": all sizes of operands --- */
static void test_crc(void)
{
    static const char text[] = "123456789";
    const uint64_t eight = 0x3837363534333231;
    uint32_t bytes = ~0u, bytes_c = ~0u, mixed, mixed_c;

    for (unsigned n = 0; n < 9; n++) {
        bytes = __crc32b(bytes, (uint8_t)text[n]);
        bytes_c = __crc32cb(bytes_c, (uint8_t)text[n]);
    }
    check(~bytes == 0xcbf43926, "CRC-32 by bytes");
    check(~bytes_c == 0xe3069283, "CRC-32C by bytes");
    check(~__crc32b(__crc32d(~0u, eight), '9') == 0xcbf43926, "CRC-32 by eight bytes");
    check(~__crc32cb(__crc32cd(~0u, eight), '9') == 0xe3069283, "CRC-32C by eight bytes");
    mixed = __crc32h(__crc32h(__crc32w(~0u, (uint32_t)eight), 0x3635), 0x3837);
    mixed_c = __crc32ch(__crc32ch(__crc32cw(~0u, (uint32_t)eight), 0x3635), 0x3837);
    check(~__crc32b(mixed, '9') == 0xcbf43926, "CRC-32 by four and two bytes");
    check(~__crc32cb(mixed_c, '9') == 0xe3069283, "CRC-32C by four and two bytes");
}

int main(void);
int main(void)
{
    mmu_on();
    test_aes();
    test_gcm();
    test_sha();
    test_sha3();
    test_crc();
    return 0;
}
