/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed addresses: each kind is its own struct, so that mixing two of them does not compile. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t v;
} hpa_t; /* host physical */

typedef struct {
    uint64_t v;
} hva_t; /* hypervisor virtual, where a pointer would promise too much */

typedef struct {
    uint64_t v;
} ela_t; /* engine linear */

typedef struct {
    uint64_t v;
} gva_t; /* guest virtual (AArch64) */

typedef struct {
    uint64_t v;
} gpa_t; /* guest physical: what EPT and NPT translate */

#define HPA_NONE ((hpa_t){~UINT64_C(0)})

static inline hpa_t hpa(uint64_t v)
{
    return (hpa_t){v};
}

static inline hva_t hva(uint64_t v)
{
    return (hva_t){v};
}

static inline ela_t ela(uint64_t v)
{
    return (ela_t){v};
}

static inline gva_t gva(uint64_t v)
{
    return (gva_t){v};
}

static inline gpa_t gpa(uint64_t v)
{
    return (gpa_t){v};
}

static inline bool hpa_valid(hpa_t address)
{
    return address.v != HPA_NONE.v;
}
