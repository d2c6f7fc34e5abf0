/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers of root: SDM 3 chapter 2.5; protections on wherever CPUID shows them. */
#include "kernel/x86/cpu_features.h"

#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

enum leaf { LEAF_1_ECX, LEAF_1_EDX, LEAF_7_EBX, LEAF_7_ECX, LEAF_EXT_1_EDX, LEAVES };

struct feature {
    const char *name;
    enum leaf leaf;
    unsigned bit;
    uint64_t cr4; /* set when the CPU has it; 0: only checked */
    bool must;
};

// clang-format off
static const struct feature features[] = {
    { "NX",        LEAF_EXT_1_EDX, 20, 0,               true  },
    { "PAT",       LEAF_1_EDX,     16, 0,               true  },
    { "MCE",       LEAF_1_EDX,      7, CR4_MCE,         false },
    { "FXSR",      LEAF_1_EDX,     24, CR4_OSFXSR,      true  },
    { "SSE",       LEAF_1_EDX,     25, CR4_OSXMMEXCPT,  true  },
    { "XSAVE",     LEAF_1_ECX,     26, CR4_OSXSAVE,     false },
    { "FSGSBASE",  LEAF_7_EBX,      0, CR4_FSGSBASE,    false },
    { "SMEP",      LEAF_7_EBX,      7, CR4_SMEP,        false },
    { "SMAP",      LEAF_7_EBX,     20, CR4_SMAP,        false },
    { "UMIP",      LEAF_7_ECX,      2, CR4_UMIP,        false },
    { "1G pages",  LEAF_EXT_1_EDX, 26, 0,               false },
};
// clang-format on

/* PAT entry 1, which firmware leaves write-through, becomes write-combining; the rest as at reset.
 */
#define PAT_VALUE UINT64_C(0x0007040600070106)

static void read_leaves(uint32_t leaves[LEAVES])
{
    struct cpuid one = cpuid(1, 0);
    struct cpuid seven = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid){0};

    leaves[LEAF_1_ECX] = one.ecx;
    leaves[LEAF_1_EDX] = one.edx;
    leaves[LEAF_7_EBX] = seven.ebx;
    leaves[LEAF_7_ECX] = seven.ecx;
    leaves[LEAF_EXT_1_EDX] = cpuid(0x80000001, 0).edx;
}

void cpu_features_enable(void)
{
    uint32_t leaves[LEAVES];
    uint64_t cr4 = CR4_PAE;

    read_leaves(leaves);
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        if (bit(leaves[features[i].leaf], features[i].bit)) {
            cr4 |= features[i].cr4;
        } else if (features[i].must) {
            panic("this CPU has no %s, which Exarch needs", features[i].name);
        }
    }
    msr_write(MSR_EFER, (msr_read(MSR_EFER) & ~EFER_SCE) | EFER_NXE);
    msr_write(MSR_PAT, PAT_VALUE);
    cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
    cr4_write(cr4);
}

void cpu_features_report(void)
{
    uint32_t leaves[LEAVES];
    uint32_t brand[12] = {0};
    char on[120] = "";

    if (cpuid(0x80000000, 0).eax >= 0x80000004) {
        for (uint32_t i = 0; i < 3; i++) {
            struct cpuid r = cpuid(0x80000002 + i, 0);
            memcpy(&brand[4 * i], &r, sizeof(r));
        }
    }
    read_leaves(leaves);
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        if (bit(leaves[features[i].leaf], features[i].bit)) {
            size_t used = strlen(on);
            used += string_copy(on + used, " ", sizeof(on) - used);
            string_copy(on + used, features[i].name, sizeof(on) - used);
        }
    }
    log_info(LOG_CPU, "%.48s", (const char *)brand);
    log_info(LOG_CPU, "on:%s", on);
}
