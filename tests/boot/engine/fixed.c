/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ring 0 of a VM must not reach: state that abi.h calls fixed, instructions that are root's.
 * Each gets #GP or #UD inside the VM, as on a CPU that has no such thing; nothing of it may change
 * the core (a task priority that stays would keep root's interrupts away).
 */
#include "tests/boot/engine/engine.h"

#define VEC_UD 6
#define VEC_GP 13

/* probe.S: 0, or all ones when it faulted. Arguments in RDI and RSI, as each one takes them. */
typedef uint64_t probe_fn(uint64_t a, uint64_t b);

// clang-format off
#define PROBE_ROWS(X)                                             \
    X(write_cr8,  15,          0,  VEC_GP, "CR8 (task priority)")  \
    X(read_cr8,   0,           0,  VEC_GP, "reading CR8")          \
    X(write_cr0,  0x80000031,  0,  VEC_GP, "CR0 without WP")       \
    X(write_cr4,  0x20,        0,  VEC_GP, "CR4 without SMEP")     \
    X(write_dr7,  0x400,       0,  VEC_GP, "DR7")                  \
    X(read_dr7,   0,           0,  VEC_GP, "reading DR7")          \
    X(rdpmc,      0,           0,  VEC_GP, "RDPMC")                \
    X(invd,       0,           0,  VEC_GP, "INVD")                 \
    X(wbinvd,     0,           0,  VEC_GP, "WBINVD")               \
    X(monitor,    0, ABI_ENGINE_BASE, VEC_UD, "MONITOR")          \
    X(mwait,      0,           0,  VEC_UD, "MWAIT")                \
    X(rsm,        0,           0,  VEC_UD, "RSM")                  \
    X(vmxoff,     0,           0,  VEC_UD, "VMXOFF")               \
    X(vmread,     0,           0,  VEC_UD, "VMREAD")               \
    X(vmlaunch,   0,           0,  VEC_UD, "VMLAUNCH")             \
    X(vmrun,      0,           0,  VEC_UD, "VMRUN")                \
    X(vmload,     0,           0,  VEC_UD, "VMLOAD")               \
    X(vmsave,     0,           0,  VEC_UD, "VMSAVE")               \
    X(stgi,       0,           0,  VEC_UD, "STGI")                 \
    X(clgi,       0,           0,  VEC_UD, "CLGI")                 \
    X(skinit,     0,           0,  VEC_UD, "SKINIT")               \
    X(invlpga,    0,           0,  VEC_UD, "INVLPGA")
// clang-format on

#define X(name, a, b, vector, text) extern probe_fn probe_##name;
PROBE_ROWS(X)
#undef X
extern probe_fn probe_wrmsr, probe_rdmsr, probe_xsetbv;

static const struct {
    probe_fn *probe;
    uint64_t a, b, vector;
    const char *text;
} rows[] = {
#define X(name, a, b, vector, text) {probe_##name, (a), (b), (vector), text},
    PROBE_ROWS(X)
#undef X
};

/* SDM 4 table 2-2, APM 2 appendix A. */
static const struct {
    uint32_t number;
    const char *name;
} msrs[] = {
    {0x1b, "APIC_BASE"},
    {0x3a, "FEATURE_CONTROL"},
    {0x10, "TSC"},
    {0x176, "SYSENTER_EIP"},
    {0x1a0, "MISC_ENABLE"},
    {0x1d9, "DEBUGCTL"},
    {0x277, "PAT"},
    {0x2ff, "MTRR_DEF_TYPE"},
    {0x830, "x2APIC ICR"},
    {0xc0000080, "EFER"},
    {0xc0010114, "VM_CR"},
    {0xc0010117, "VM_HSAVE_PA"},
    {0x40000000, "no MSR at all"},
    {0xffffffff, "the last MSR"},
};

static void expect(const char *what, probe_fn *probe, uint64_t a, uint64_t b, uint64_t vector)
{
    const struct caught *c = &caught[ring_cpu()->index];
    unsigned before = c->count;
    uint64_t result = probe(a, b);
    bool fine = result == UINT64_MAX && c->count == before + 1 && c->frame.vector == vector;
    check(fine, what, c->count == before ? 0 : c->frame.vector, vector);
}

void test_fixed(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        expect(rows[i].text, rows[i].probe, rows[i].a, rows[i].b, rows[i].vector);
    }
    if (boot->vendor == ABI_VENDOR_INTEL) { /* QEMU 7.2's SVM has no XSETBV intercept */
        expect("XCR0", probe_xsetbv, 1, 0, VEC_GP);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
        expect(msrs[i].name, probe_rdmsr, msrs[i].number, 0, VEC_GP);
        expect("  and writing it", probe_wrmsr, msrs[i].number, 0, VEC_GP);
    }
}
