/* SPDX-License-Identifier: BSD-2-Clause */
/* The helpers' tables, and the one way by which sync helpers are called. */
#include "dbt/rt/helpers.h"

#include "dbt/rt/fault.h"
#include "dbt/rt/internal.h"

typedef uint64_t (*sync_fn)(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm);

static const sync_fn sync_helper[HELPER_COUNT] = {
#define HELPER_SYNC(name) [HELPER_##name] = help_##name,
#define HELPER_I64(name)
#define HELPER_V128(name)
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128
};

const char *const help_name[HELPER_COUNT] = {
#define HELPER_SYNC(name) #name,
#define HELPER_I64(name)  #name,
#define HELPER_V128(name) #name,
#include "dbt/rt/helpers.inc"
#undef HELPER_SYNC
#undef HELPER_I64
#undef HELPER_V128
};

uint64_t rt_call_sync(struct vcpu *vcpu, uint32_t helper, uint64_t a0, uint64_t a1, uint64_t a2,
                      uint32_t imm)
{
    if (helper >= HELPER_COUNT || !sync_helper[helper]) { /* ring 3 is not trusted with it */
        plat_log(PLAT_ERROR, "translated code calls helper %u", helper);
        plat_end(PLAT_END_FAILURE, 1);
    }
    vcpu->rt->stats.helper[helper]++;
    return sync_helper[helper](vcpu, a0, a1, a2, imm);
}
