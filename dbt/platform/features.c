/* SPDX-License-Identifier: BSD-2-Clause */
/* CPUID read for the emitter; see features.h. SDM 2A, CPUID. */
#include "dbt/platform/features.h"

#include <cpuid.h>

#include "dbt/x64/compile.h"
#include "exarch/bits.h"

bool features_are_enough(void)
{
    unsigned a, b, c, d;
    unsigned c1 = bit_SSE4_2 | bit_POPCNT | bit_MOVBE | bit_FMA | bit_AVX | bit_OSXSAVE | bit_F16C;
    unsigned b7 = bit_AVX2 | bit_BMI | bit_BMI2;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & c1) != c1) {
        return false;
    }
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & b7) != b7) {
        return false;
    }
    return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT);
}

uint32_t features_optional(void)
{
    unsigned a, b = 0, c1 = 0, c7 = 0, d;
    uint32_t features = 0;
    if (__get_cpuid(1, &a, &b, &c1, &d)) {
        features |= (c1 & bit_AES ? X64_AESNI : 0) | (c1 & bit_PCLMUL ? X64_PCLMUL : 0) |
                    (c1 & bit_F16C ? X64_F16C : 0);
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c7, &d)) {
        unsigned avx512 = bit_AVX512VL | bit_AVX512DQ | bit_AVX512BW | bit_AVX512CD;
        features |= (b & bit_SHA ? X64_SHA : 0) | (b & bit_ADX ? X64_ADX : 0) |
                    (c7 & bit_VPCLMULQDQ ? X64_VPCLMUL : 0) | (c7 & bit_GFNI ? X64_GFNI : 0) |
                    ((b & avx512) == avx512 ? X64_AVX512VL : 0);
        if (features & X64_AVX512VL) {
            features |=
                (c7 & bit_AVX512VNNI ? X64_VNNI : 0) | (c7 & bit_AVX512BITALG ? X64_BITALG : 0);
        }
    }
    return features;
}

static const struct {
    const char *name;
    uint32_t feature;
} names[] = {
    {"none", 0},        {"avx512", X64_AVX512VL}, {"sha", X64_SHA},       {"vpclmul", X64_VPCLMUL},
    {"gfni", X64_GFNI}, {"adx", X64_ADX},         {"aes", X64_AESNI},     {"pclmul", X64_PCLMUL},
    {"f16c", X64_F16C}, {"vnni", X64_VNNI},       {"bitalg", X64_BITALG},
};

/* Whether text begins with name and ends there or goes on behind a comma. */
static bool is_name(const char *text, const char *name)
{
    while (*name && *text == *name) {
        text++;
        name++;
    }
    return !*name && (!*text || *text == ',');
}

bool features_parse(const char *text, uint32_t *features)
{
    *features = 0;
    for (;;) {
        unsigned n = 0;
        while (n < ARRAY_SIZE(names) && !is_name(text, names[n].name)) {
            n++;
        }
        if (n == ARRAY_SIZE(names)) {
            return false;
        }
        *features |= names[n].feature;
        while (*text && *text != ',') {
            text++;
        }
        if (!*text++) {
            return true;
        }
    }
}
