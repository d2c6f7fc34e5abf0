/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in for dbt/rt, see fake_rt.h. */
#include "tests/unit/fake_rt.h"

#include <string.h>

#include "dbt/rt/fault.h"
#include "dbt/rt/helpers.h"
#include "dbt/rt/mem.h"

uint8_t fake_memory[FAKE_SIZE] __attribute__((aligned(4096)));
struct fake_event fake_event;
struct a64_state *fake_state;

void fake_reset(struct a64_state *st)
{
    memset(fake_memory, 0, sizeof(fake_memory));
    memset(&fake_event, 0, sizeof(fake_event));
    fake_state = st;
}

static bool fault(uint64_t va, unsigned flags)
{
    fake_event.fault_va = va;
    fake_event.fault_flags = flags;
    fake_event.faults++;
    return false;
}

static uint8_t *at(uint64_t va, unsigned size, unsigned flags)
{
    uint64_t offset = va - FAKE_BASE;
    unsigned alignment = flags >> 8 ? flags >> 8 : size;

    if (offset > FAKE_SIZE - size || ((flags & MEM_ALIGNED) && va % alignment)) {
        fault(va, flags);
        return NULL;
    }
    return fake_memory + offset;
}

bool mem_access(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size, unsigned flags)
{
    uint8_t *p = at(va, size, flags);

    (void)vcpu;
    if (p) {
        memcpy(flags & MEM_WRITE ? p : buf, flags & MEM_WRITE ? buf : p, size);
    }
    return p;
}

bool mem_cas(struct vcpu *vcpu, uint64_t va, const void *expected, const void *desired, void *old,
             unsigned size)
{
    uint8_t *p = at(va, size, MEM_ALIGNED | MEM_WRITE);

    (void)vcpu;
    if (p) {
        memcpy(old, p, size);
        if (memcmp(p, expected, size) == 0) {
            memcpy(p, desired, size);
        }
    }
    return p;
}

void mem_sp_fault(struct vcpu *vcpu)
{
    (void)vcpu;
    fake_event.sp_faults++;
}

/* A value that depends on everything the helper got, so that a test sees each argument. */
uint64_t rt_call_sync(struct vcpu *vcpu, uint32_t helper, uint64_t a0, uint64_t a1, uint64_t a2,
                      uint32_t imm)
{
    (void)vcpu;
    fake_event.helper = helper;
    fake_event.imm = imm;
    fake_event.arg[0] = a0;
    fake_event.arg[1] = a1;
    fake_event.arg[2] = a2;
    fake_event.calls++;
    if (fake_event.unwind && fake_state) {
        fake_state->unwind = 1;
    }
    return (a0 * 3) ^ (a1 * 5) ^ (a2 * 7) ^ imm ^ helper;
}
