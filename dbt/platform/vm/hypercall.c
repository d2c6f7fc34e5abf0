/* SPDX-License-Identifier: BSD-2-Clause */
/* VMCALL and VMMCALL. */
#include "dbt/platform/vm/hypercall.h"

static bool amd;

void hypercall_init(const struct abi_boot *boot)
{
    amd = boot->vendor == ABI_VENDOR_AMD;
}

int64_t hypercall(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t *second)
{
    if (amd) {
        __asm__ volatile("vmmcall" : "+a"(number), "+d"(a2) : "D"(a0), "S"(a1) : "memory");
    } else {
        __asm__ volatile("vmcall" : "+a"(number), "+d"(a2) : "D"(a0), "S"(a1) : "memory");
    }
    if (second) {
        *second = a2;
    }
    return (int64_t)number;
}

_Noreturn void hypercall_stop(enum abi_stop why, uint64_t code)
{
    for (;;) {
        hypercall(ABI_CALL_STOP, why, code, 0, NULL);
    }
}
