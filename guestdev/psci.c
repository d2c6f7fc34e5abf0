/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI: vCPUs on and off, the machine off and reset. */
#include "guestdev/psci.h"

#include "dbt/platform.h"
#include "dbt/sys/sys.h"

#define PSCI_VERSION_1_1  UINT64_C(0x10001)
#define SMCCC_VERSION_1_1 UINT64_C(0x10001)

enum {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_ALREADY_ON = -4,
    PSCI_INVALID_ADDRESS = -9,
};

enum { AFFINITY_ON = 0, AFFINITY_OFF = 1 };

/* MIGRATE_INFO_TYPE: no trusted OS, so nothing to migrate. */
#define TOS_NOT_PRESENT 2

#define MPIDR_AFFINITY (MASK(39, 32) | MASK(23, 0))

static struct vcpu *vcpu_by_affinity(const struct vm *vm, uint64_t affinity)
{
    return !(affinity & ~MPIDR_AFFINITY) && affinity < vm->vcpu_count ? vm->vcpu[affinity] : NULL;
}

static int64_t version(struct vcpu *vcpu)
{
    (void)vcpu;
    return PSCI_VERSION_1_1;
}

/* Standby: the vCPU waits for an interrupt and goes on after the call. There is no other state: of
 * power_state neither StateType (bit 16), nor a level (25:24), nor what is reserved may be set. */
static int64_t cpu_suspend(struct vcpu *vcpu)
{
    if (bits(vcpu->st->x[1], 31, 16)) {
        return PSCI_INVALID_PARAMETERS;
    }
    vcpu->halted = !vcpu->irq_line && !vcpu->fiq_line;
    return PSCI_SUCCESS;
}

static int64_t cpu_off(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->off, true, __ATOMIC_RELEASE);
    return PSCI_SUCCESS;
}

static int64_t cpu_on(struct vcpu *vcpu)
{
    const uint64_t *x = vcpu->st->x;
    struct vcpu *target = vcpu_by_affinity(vcpu->vm, x[1]);

    if (!target) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (x[2] & 3) {
        return PSCI_INVALID_ADDRESS;
    }
    if (!__atomic_load_n(&target->off, __ATOMIC_ACQUIRE)) {
        return PSCI_ALREADY_ON;
    }
    sys_vcpu_reset(target, x[2], x[3]);
    __atomic_store_n(&target->off, false, __ATOMIC_RELEASE);
    plat_kick(target);
    return PSCI_SUCCESS;
}

static int64_t affinity_info(struct vcpu *vcpu)
{
    const struct vcpu *target = vcpu_by_affinity(vcpu->vm, vcpu->st->x[1]);

    if (!target || vcpu->st->x[2] > 3) {
        return PSCI_INVALID_PARAMETERS;
    }
    return __atomic_load_n(&target->off, __ATOMIC_ACQUIRE) ? AFFINITY_OFF : AFFINITY_ON;
}

static int64_t migrate_info_type(struct vcpu *vcpu)
{
    (void)vcpu;
    return TOS_NOT_PRESENT;
}

static int64_t system_off(struct vcpu *vcpu)
{
    (void)vcpu;
    plat_end(PLAT_END_OFF, 0);
}

static int64_t system_reset(struct vcpu *vcpu)
{
    (void)vcpu;
    plat_end(PLAT_END_RESET, 0);
}

/* SYSTEM_RESET2: the warm reset of the architecture, or a vendor's (bit 31), which there is none.
 */
static int64_t system_reset2(struct vcpu *vcpu)
{
    return (uint32_t)vcpu->st->x[1] ? PSCI_INVALID_PARAMETERS : system_reset(vcpu);
}

static int64_t features(struct vcpu *vcpu);
static int64_t smccc_version(struct vcpu *vcpu);
static int64_t smccc_arch_features(struct vcpu *vcpu);

#define FN_64 BIT32(30)

// clang-format off
static const struct {
    uint32_t id;
    bool both; /* the SMC64 form too */
    int64_t (*serve)(struct vcpu *vcpu);
} functions[] = {
    {0x80000000, false, smccc_version},
    {0x80000001, false, smccc_arch_features},
    {0x84000000, false, version},
    {0x84000001, true,  cpu_suspend},
    {0x84000002, false, cpu_off},
    {0x84000003, true,  cpu_on},
    {0x84000004, true,  affinity_info},
    {0x84000006, false, migrate_info_type},
    {0x84000008, false, system_off},
    {0x84000009, false, system_reset},
    {0x8400000a, false, features},
    {0x84000012, true,  system_reset2},
};
// clang-format on

static int find(uint32_t id)
{
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        if (id == functions[i].id || (functions[i].both && id == (functions[i].id | FN_64))) {
            return (int)i;
        }
    }
    return -1;
}

static int64_t features(struct vcpu *vcpu)
{
    return find((uint32_t)vcpu->st->x[1]) < 0 ? PSCI_NOT_SUPPORTED : PSCI_SUCCESS;
}

static int64_t smccc_version(struct vcpu *vcpu)
{
    (void)vcpu;
    return SMCCC_VERSION_1_1;
}

static int64_t smccc_arch_features(struct vcpu *vcpu)
{
    uint32_t id = (uint32_t)vcpu->st->x[1];

    return id == 0x80000000 || id == 0x80000001 ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

void psci_call(struct vcpu *vcpu)
{
    int i = find((uint32_t)vcpu->st->x[0]);

    /* arguments of SMC32 forms are 32 bits wide (SMCCC 3.1) */
    if (i >= 0 && !(vcpu->st->x[0] & FN_64)) {
        for (unsigned n = 1; n <= 3; n++) {
            vcpu->st->x[n] = (uint32_t)vcpu->st->x[n];
        }
    }
    vcpu->st->x[0] = (uint64_t)(i < 0 ? PSCI_NOT_SUPPORTED : functions[i].serve(vcpu));
}
