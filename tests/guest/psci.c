/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI and SMCCC by HVC: versions, features, bad arguments; RTC and UART identification. */
#include "tests/guest/guest.h"

#define REG32(a) (*(volatile uint32_t *)(uint64_t)(a))

static int64_t call(uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x0 __asm__("x0") = id;
    register uint64_t x1 __asm__("x1") = a;
    register uint64_t x2 __asm__("x2") = b;
    register uint64_t x3 __asm__("x3") = c;

    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return (int64_t)x0;
}

static void show(const char *name, int64_t result)
{
    say("%s: %s%lu\n", name, result < 0 ? "-" : "", (uint64_t)(result < 0 ? -result : result));
}

int main(void)
{
    static const uint64_t known[] = {0x84000000, 0xc4000001, 0x84000002, 0xc4000003,
                                     0xc4000004, 0x84000006, 0x84000008, 0x84000009};

    say("PSCI_VERSION %lx\n", (uint64_t)call(0x84000000, 0, 0, 0));
    for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++) {
        say("PSCI_FEATURES %lx", known[i]);
        show("", call(0x8400000a, known[i], 0, 0) >= 0);
    }
    show("PSCI_FEATURES of nothing", call(0x8400000a, 0x84001234, 0, 0));
    show("MIGRATE_INFO_TYPE", call(0x84000006, 0, 0, 0));
    show("AFFINITY_INFO of this", call(0xc4000004, mrs(mpidr_el1) & 0xffffff, 0, 0));
    show("AFFINITY_INFO of nobody", call(0xc4000004, 0x55, 0, 0));
    show("CPU_ON of this", call(0xc4000003, mrs(mpidr_el1) & 0xffffff, 0x40200000, 0));
    show("CPU_ON of nobody", call(0xc4000003, 0x66, 0x40200000, 0));
    show("CPU_SUSPEND to a level", call(0xc4000001, 0x02000000, 0x40200000, 0));
    show("CPU_SUSPEND with reserved bits", call(0x84000001, 0x80000000, 0x40200000, 0));
    show("an unknown function", call(0x8400ffff, 0, 0, 0));
    show("an unknown hypervisor call", call(0x86000000, 0, 0, 0));
    if (is_exarch()) {
        check_arch(call(0x8400000a, 0x80000000, 0, 0) == 0,
                   "SMCCC_VERSION is a feature (QEMU: not)");
        check_arch(call(0x80000000, 0, 0, 0) == 0x10001, "SMCCC 1.1 (QEMU: none)");
        check_arch(call(0xc4000001, 0x10000, 0x40200000, 0) == -2,
                   "no power-down state (QEMU: -1)");
    }
    say("UART id");
    for (unsigned i = 0; i < 8; i++) {
        say(" %lx", (uint64_t)REG32(0x09000fe0 + 4 * i));
    }
    say("\nRTC id");
    for (unsigned i = 0; i < 8; i++) {
        say(" %lx", (uint64_t)REG32(0x09010fe0 + 4 * i));
    }
    uint32_t now = REG32(0x09010000);
    say("\n");
    check(now > 1700000000, "the RTC has a time");
    REG32(0x09010008) = 1000;
    uint32_t set = REG32(0x09010000);
    check(set >= 1000 && set < 1003, "which can be set");
    REG32(0x09010008) = now;
    REG32(0x09010010) = 1;
    REG32(0x09010004) = REG32(0x09010000) + 1;
    uint64_t limit = mrs(cntvct_el0) + 62500000ul * 4;
    while (!(REG32(0x09010014) & 1) && mrs(cntvct_el0) < limit) {
    }
    check(REG32(0x09010014) & 1, "the RTC's alarm");
    say("RIS %lx MIS %lx\n", (uint64_t)REG32(0x09010014), (uint64_t)REG32(0x09010018));
    REG32(0x0901001c) = 1;
    say("cleared: RIS %lx\n", (uint64_t)REG32(0x09010014));
    say("FR %lx\n", (uint64_t)REG32(0x09000018) & 0xf8);
    return 0;
}
