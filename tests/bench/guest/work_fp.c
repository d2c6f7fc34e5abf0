/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of the floating-point, vector and crypto units. */
#include "bench.h"
#include "tests/xorshift.h"

#include <math.h>
#include <string.h>

#include "sha256_k.h"

#if defined(__aarch64__)
#include <arm_acle.h>
#include <arm_neon.h>
#else
#include <immintrin.h>
#endif

static uint64_t bits_of(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof(word));
    return word;
}

/* Chains of double multiply-add, divide and square root. */
static uint64_t fp_double(uint64_t rounds)
{
    double a = 1.0, b = 0.5, c = 3.0;

    for (uint64_t i = 0; i < rounds; i++) {
        a = fma(a, 0.999999, b);
        b = b * 0.75 + c * 0.125;
        c = sqrt(c + 1.0) + a / (b + 1e6);
    }
    return bits_of(a) ^ bits_of(b) ^ bits_of(c);
}

/* Unitary radix-2 transforms of 1024 complex floats (in bit-reversed order: only time counts). */
static uint64_t fft(uint64_t rounds)
{
    enum { SIZE = 1024 };
    static float re[SIZE], im[SIZE], cosine[SIZE / 2], sine[SIZE / 2];
    uint64_t sum = 0;

    for (int i = 0; i < SIZE / 2; i++) { /* by recurrence: libm may differ in the last bit */
        float c = 0.99998117528f, s = 0.00613588465f;
        cosine[i] = i ? cosine[i - 1] * c - sine[i - 1] * s : 1.0f;
        sine[i] = i ? sine[i - 1] * c + cosine[i - 1] * s : 0.0f;
    }
    for (uint64_t r = 0; r < rounds; r++) {
        for (int i = 0; r % 64 == 0 && i < SIZE; i++) { /* before rounding errors have grown */
            re[i] = (float)(i % 17) - 8.0f;
            im[i] = 0.0f;
        }
        for (int half = SIZE / 2, step = 1; half >= 1; half /= 2, step *= 2) {
            for (int start = 0; start < SIZE; start += 2 * half) {
                for (int k = 0; k < half; k++) {
                    int i = start + k, j = i + half;
                    float tr = (re[i] - re[j]) * 0.70710677f;
                    float ti = (im[i] - im[j]) * 0.70710677f;
                    re[i] = (re[i] + re[j]) * 0.70710677f;
                    im[i] = (im[i] + im[j]) * 0.70710677f;
                    re[j] = tr * cosine[k * step] - ti * sine[k * step];
                    im[j] = tr * sine[k * step] + ti * cosine[k * step];
                }
            }
        }
    }
    for (int i = 0; i < SIZE; i++) {
        sum = sum * 31 + bits_of((double)re[i]);
    }
    return sum;
}

/* Bytes: upper-casing and counting, 16 at a time. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));
static uint64_t vector_bytes(uint64_t rounds)
{
    static bytes16 text[1024];
    bytes16 count = {0};
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(text); i++) {
        ((uint8_t *)text)[i] = (uint8_t)(i * 7 + (i >> 4));
    }
    for (uint64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < 1024; i++) {
            bytes16 lower = (bytes16)(text[i] >= 'a') & (bytes16)(text[i] <= 'z');
            count += lower & 1;
            text[i] = (text[i] ^ (lower & 0x20)) + (uint8_t)1;
        }
    }
    for (int i = 0; i < 16; i++) {
        sum = sum * 257 + count[i];
    }
    return sum;
}

/* AES-128 in counter mode with a fixed expanded key: ten rounds a block, four blocks in flight. */
static uint64_t aes_ctr(uint64_t rounds)
{
    static uint8_t key[11][16];
    uint64_t sum = 0;

    for (int i = 0; i < 176; i++) {
        key[i / 16][i % 16] = (uint8_t)(i * 13 + 5);
    }
    for (uint64_t r = 0; r < rounds; r++) {
        uint64_t block[4][2];
        for (uint64_t n = 0; n < 4; n++) {
            uint64_t counter[2] = {4 * r + n, 0x0123456789abcdefu};
#if defined(__aarch64__)
            uint8x16_t x;
            memcpy(&x, counter, 16);
            for (int k = 0; k < 9; k++) {
                x = vaesmcq_u8(vaeseq_u8(x, vld1q_u8(key[k])));
            }
            x = veorq_u8(vaeseq_u8(x, vld1q_u8(key[9])), vld1q_u8(key[10]));
            memcpy(block[n], &x, 16);
#else
            __m128i x;
            memcpy(&x, counter, 16);
            x = _mm_xor_si128(x, _mm_loadu_si128((const __m128i *)key[0]));
            for (int k = 1; k < 10; k++) {
                x = _mm_aesenc_si128(x, _mm_loadu_si128((const __m128i *)key[k]));
            }
            x = _mm_aesenclast_si128(x, _mm_loadu_si128((const __m128i *)key[10]));
            memcpy(block[n], &x, 16);
#endif
            sum += block[n][0] ^ block[n][1];
        }
    }
    return sum;
}

/* SHA-256 compression with the unit's own instructions on Arm, in plain C elsewhere. */
#if defined(__aarch64__)
static void sha256_block(uint32_t h[8], const uint32_t w_in[16])
{
    uint32x4_t abcd = vld1q_u32(h), efgh = vld1q_u32(h + 4), a0 = abcd, e0 = efgh, w[4];

    for (int i = 0; i < 4; i++) {
        w[i] = vld1q_u32(w_in + 4 * i);
    }
    for (int i = 0; i < 16; i++) {
        uint32x4_t wk = vaddq_u32(w[i & 3], vld1q_u32(sha_k + 4 * i)), previous = abcd;
        w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3],
                                   w[(i + 3) & 3]);
        abcd = vsha256hq_u32(abcd, efgh, wk);
        efgh = vsha256h2q_u32(efgh, previous, wk);
    }
    vst1q_u32(h, vaddq_u32(abcd, a0));
    vst1q_u32(h + 4, vaddq_u32(efgh, e0));
}
#else
static uint32_t ror(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void sha256_block(uint32_t h[8], const uint32_t w_in[16])
{
    uint32_t s[8], w[64];

    memcpy(s, h, sizeof(s));
    memcpy(w, w_in, 64);
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (ror(x, 7) ^ ror(x, 18) ^ x >> 3) + w[i - 7] +
               (ror(y, 17) ^ ror(y, 19) ^ y >> 10);
    }
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
        uint32_t t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 28);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        h[i] += s[i];
    }
}
#endif

static uint64_t sha256(uint64_t rounds)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint32_t w[16] = {0};

    for (uint64_t r = 0; r < rounds; r++) {
        w[r & 15] += (uint32_t)r;
        sha256_block(h, w);
    }
    return (uint64_t)h[0] << 32 | h[7];
}

/* CRC-32C over a buffer, eight bytes an instruction. */
static uint64_t crc32c(uint64_t rounds)
{
    static uint64_t data[1024];
    uint64_t random = 88172645463325252u;
    uint32_t crc = ~0u;

    for (int i = 0; i < 1024; i++) {
        data[i] = xorshift64(&random);
    }
    for (uint64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < 1024; i++) {
#if defined(__aarch64__)
            crc = __crc32cd(crc, data[i]);
#else
            crc = (uint32_t)_mm_crc32_u64(crc, data[i]);
#endif
        }
    }
    return crc;
}

const struct workload fp_workloads[] = {
    {"fp-double", fp_double, 10000000},   {"fft", fft, 3000},
    {"vector-bytes", vector_bytes, 8000}, {"aes-ctr", aes_ctr, 1000000},
    {"sha256", sha256, 400000},           {"crc32c", crc32c, 40000},
};
const size_t fp_workload_count = sizeof(fp_workloads) / sizeof(fp_workloads[0]);
