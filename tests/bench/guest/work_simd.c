/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of integer vectors as codecs, string functions and hashes use them: intrinsics on Arm,
 * plain C elsewhere. */
#include "bench.h"
#include "tests/xorshift.h"

#include <stdlib.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_neon.h>
#pragma GCC target("arch=armv8.2-a+sha3+dotprod")
#endif

enum { PIXELS = 4096 };

static void fill(uint8_t *bytes, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(xorshift64(&seed) >> 24);
    }
}

static uint64_t sum_of(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum = sum * 31 + bytes[i];
    }
    return sum;
}

/* A six-tap filter over pixels (1 -5 20 20 -5 1), rounded and clamped, as H.264 interpolates. */
#if defined(__aarch64__)
static void six_taps(uint8_t *to, const uint8_t *from)
{
    uint8x8_t a = vld1_u8(from), b = vld1_u8(from + 1), c = vld1_u8(from + 2),
              d = vld1_u8(from + 3), e = vld1_u8(from + 4), f = vld1_u8(from + 5);
    int16x8_t outer = vreinterpretq_s16_u16(vaddl_u8(a, f));
    int16x8_t middle = vreinterpretq_s16_u16(vaddl_u8(b, e));
    int16x8_t inner = vreinterpretq_s16_u16(vaddl_u8(c, d));

    outer = vmlsq_n_s16(outer, middle, 5);
    outer = vqaddq_s16(outer, vmulq_n_s16(inner, 20));
    vst1_u8(to, vqrshrun_n_s16(outer, 5));
}
#else
static void six_taps(uint8_t *to, const uint8_t *p)
{
    for (int i = 0; i < 8; i++) {
        int v = p[i] + p[i + 5] - 5 * (p[i + 1] + p[i + 4]) + 20 * (p[i + 2] + p[i + 3]);
        v = (v + 16) >> 5;
        to[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}
#endif

static uint64_t filter(uint64_t rounds)
{
    static uint8_t from[PIXELS + 16], to[PIXELS];

    fill(from, sizeof(from), 88172645463325252u);
    for (uint64_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < PIXELS; i += 8) {
            six_taps(to + i, from + i);
        }
        from[r % PIXELS] ^= to[(r * 7) % PIXELS];
    }
    return sum_of(to, sizeof(to));
}

/* Interleaved colours to grey and back to four channels. */
#if defined(__aarch64__)
static void convert(uint8_t *to, const uint8_t *from)
{
    uint8x16x3_t rgb = vld3q_u8(from);
    uint8x16x4_t out;
    uint16x8_t low = vmull_u8(vget_low_u8(rgb.val[0]), vdup_n_u8(77));
    uint16x8_t high = vmull_u8(vget_high_u8(rgb.val[0]), vdup_n_u8(77));

    low = vmlal_u8(low, vget_low_u8(rgb.val[1]), vdup_n_u8(150));
    high = vmlal_u8(high, vget_high_u8(rgb.val[1]), vdup_n_u8(150));
    low = vmlal_u8(low, vget_low_u8(rgb.val[2]), vdup_n_u8(29));
    high = vmlal_u8(high, vget_high_u8(rgb.val[2]), vdup_n_u8(29));
    out.val[3] = vcombine_u8(vrshrn_n_u16(low, 8), vrshrn_n_u16(high, 8));
    for (int k = 0; k < 3; k++) {
        out.val[k] = vqaddq_u8(rgb.val[k], vrshrq_n_u8(out.val[3], 2));
    }
    vst4q_u8(to, out);
}
#else
static void convert(uint8_t *to, const uint8_t *from)
{
    for (int i = 0; i < 16; i++) {
        unsigned y = from[3 * i] * 77u + from[3 * i + 1] * 150u + from[3 * i + 2] * 29u;
        y = (y + 128) >> 8 & 255;
        for (int k = 0; k < 3; k++) {
            unsigned v = from[3 * i + k] + ((y + 2) >> 2);
            to[4 * i + k] = (uint8_t)(v > 255 ? 255 : v);
        }
        to[4 * i + 3] = (uint8_t)y;
    }
}
#endif

static uint64_t colours(uint64_t rounds)
{
    static uint8_t from[3 * PIXELS], to[4 * PIXELS];

    fill(from, sizeof(from), 362436069521288629u);
    for (uint64_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < PIXELS; i += 16) {
            convert(to + 4 * i, from + 3 * i);
        }
        from[r % PIXELS] ^= to[(r * 7) % PIXELS];
    }
    return sum_of(to, sizeof(to));
}

/* Products of bytes, as quantized networks have them; then requantized to bytes. */
static uint64_t dot_products(uint64_t rounds)
{
    static int8_t x[PIXELS], y[PIXELS];
    uint64_t sum = 0;

    fill((uint8_t *)x, sizeof(x), 521288629362436069u);
    fill((uint8_t *)y, sizeof(y), 88172645463325252u);
    for (uint64_t r = 0; r < rounds; r++) {
        int32_t dot[4] = {0}, scaled[4];
#if defined(__aarch64__)
        int32x4_t v = vdupq_n_s32(0);
        for (size_t i = 0; i < PIXELS; i += 16) {
            v = vdotq_s32(v, vld1q_s8(x + i), vld1q_s8(y + i));
        }
        vst1q_s32(dot, v);
        vst1q_s32(scaled, vrshlq_s32(vqrdmulhq_n_s32(v, 1518500250), vdupq_n_s32(-7)));
#else
        for (size_t i = 0; i < PIXELS; i++) {
            dot[i / 4 % 4] += x[i] * y[i];
        }
        for (int k = 0; k < 4; k++) {
            int64_t high = ((int64_t)dot[k] * 1518500250 * 2 + (1ll << 31)) >> 32;
            scaled[k] = (int32_t)((high + 64) >> 7);
        }
#endif
        for (int k = 0; k < 4; k++) {
            sum = sum * 31 + (uint32_t)dot[k] + (uint32_t)scaled[k];
        }
        x[r % PIXELS] = (int8_t)(x[r % PIXELS] + (int8_t)sum);
    }
    return sum;
}

/* The C library's own functions on short and middling strings. */
static uint64_t strings(uint64_t rounds)
{
    static char text[4096];
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] = (char)('a' + i * 7 % 26);
    }
    for (uint64_t r = 0; r < rounds; r++) {
        size_t at = r * 37 % 2048, length = 16 + r % 900;
        char kept = text[at + length];

        text[at + length] = 0;
        sum += strlen(text + at);
        sum += (uintptr_t)(strchr(text + at, '!') ? 1 : 0);
        sum += (size_t)((char *)memchr(text + at, 0, length + 1) - text);
        sum += (uint64_t)(strcmp(text + at, text + at + 26 * 4) > 0);
        text[at + length] = kept;
    }
    return sum;
}

/* SHA-512 compression, with the unit's own instructions on Arm. */
static uint64_t sha_k[80];

/* The constants need not be the standard's for a measure of time: any will do. */
static void make_constants(void)
{
    uint64_t seed = 88172645463325252u;

    for (int i = 0; i < 80; i++) {
        sha_k[i] = xorshift64(&seed);
    }
}

#if defined(__aarch64__)
static void sha512_block(uint64_t h[8], const uint64_t in[16])
{
    uint64x2_t s[4], w[8];

    for (int i = 0; i < 4; i++) {
        s[i] = vld1q_u64(h + 2 * i);
    }
    for (int i = 0; i < 8; i++) {
        w[i] = vld1q_u64(in + 2 * i);
    }
    for (int i = 0; i < 40; i++) {
        uint64x2_t wk = vaddq_u64(w[i & 7], vld1q_u64(sha_k + 2 * i));
        uint64x2_t sum = vaddq_u64(vextq_u64(wk, wk, 1), s[3]), t;
        w[i & 7] = vsha512su1q_u64(vsha512su0q_u64(w[i & 7], w[(i + 1) & 7]), w[(i + 7) & 7],
                                   vextq_u64(w[(i + 4) & 7], w[(i + 5) & 7], 1));
        t = vsha512hq_u64(sum, vextq_u64(s[2], s[3], 1), vextq_u64(s[1], s[2], 1));
        s[3] = s[2];
        s[2] = vaddq_u64(s[1], t);
        t = vsha512h2q_u64(t, s[1], s[0]);
        s[1] = s[0];
        s[0] = t;
    }
    for (int i = 0; i < 4; i++) {
        vst1q_u64(h + 2 * i, vaddq_u64(vld1q_u64(h + 2 * i), s[i]));
    }
}
#else
static uint64_t ror(uint64_t x, int n)
{
    return x >> n | x << (64 - n);
}

static void sha512_block(uint64_t h[8], const uint64_t in[16])
{
    uint64_t s[8], w[80];

    memcpy(s, h, sizeof(s));
    memcpy(w, in, 128);
    for (int i = 16; i < 80; i++) {
        uint64_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (ror(x, 1) ^ ror(x, 8) ^ x >> 7) + w[i - 7] +
               (ror(y, 19) ^ ror(y, 61) ^ y >> 6);
    }
    for (int i = 0; i < 80; i++) {
        uint64_t t1 = s[7] + (ror(s[4], 14) ^ ror(s[4], 18) ^ ror(s[4], 41)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + sha_k[i] + w[i];
        uint64_t t2 = (ror(s[0], 28) ^ ror(s[0], 34) ^ ror(s[0], 39)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 56);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        h[i] += s[i];
    }
}
#endif

static uint64_t sha512(uint64_t rounds)
{
    uint64_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8}, w[16] = {0};

    make_constants();
    for (uint64_t r = 0; r < rounds; r++) {
        w[r & 15] += r;
        sha512_block(h, w);
    }
    return h[0] ^ h[7];
}

const struct workload simd_workloads[] = {
    {"pixel-filter", filter, 4000},
    {"rgb-to-rgba", colours, 4000},
    {"dot-products", dot_products, 8000},
    {"strings", strings, 200000},
    {"sha512", sha512, 60000},
};
const size_t simd_workload_count = sizeof(simd_workloads) / sizeof(simd_workloads[0]);
