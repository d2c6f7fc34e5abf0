/* SPDX-License-Identifier: BSD-2-Clause */
/* The complete table of stage 1 permissions: entry bits, table bits, WXN, PAN, UAO, EL, access. */
/*
 * One line for each entry (AP, PXN, UXN), table bits (APTable, PXNTable, UXNTable) and control
 * (WXN, PAN): what may be done, a letter for each access, upper case where it may.
 */
#include "tests/guest/guest.h"

#define VA        0x8000000000ul
#define CODE_VA   (VA + 0x200000)
#define STACK_VA  (VA + 0x400000)
#define STACK_TOP (STACK_VA + 4096)

/* At EL0: each does one access to X0; the fetch one branches there. */
__asm__(".text; .balign 64; user_code:"
        "ldr x1, [x0]; svc #0x7f0; .balign 16;"
        "str x1, [x0, #16]; svc #0x7f0; .balign 16;"
        "blr x0; svc #0x7f0; .balign 16; .balign 64");
extern char user_code[];

static uint64_t code_page, data_page;

static bool el0(unsigned which)
{
    uint64_t pc = CODE_VA + ((uint64_t)user_code & 0xfff) + which * 16;

    exc_clear();
    guest_el0(pc, STACK_TOP, VA, 0);
    return exc.count == 0;
}

static void line(void)
{
    bool r1 = !faults(probe_read64, VA, 0, NULL), w1 = !faults(probe_write64, VA + 8, 1, NULL);
    bool x1 = !faults(probe_call, VA, 0, NULL);
    bool ur = !faults(probe_unpriv_read, VA, 0, NULL);
    bool uw = !faults(probe_unpriv_write, VA + 8, 1, NULL);
    bool r0 = el0(0), w0 = el0(1), x0 = el0(2);

    say(" el1 %s%s%s ldtr %s sttr %s el0 %s%s%s\n", r1 ? "R" : "-", w1 ? "W" : "-", x1 ? "X" : "-",
        ur ? "R" : "-", uw ? "W" : "-", r0 ? "R" : "-", w0 ? "W" : "-", x0 ? "X" : "-");
}

static void control(uint64_t wxn, uint64_t pan, uint64_t uao)
{
    msr(sctlr_el1, (mrs(sctlr_el1) & ~(1ul << 19)) | wxn << 19);
    msr(s3_0_c4_c2_3, pan << 22);
    msr(s3_0_c4_c2_4, uao << 23);
    tlb_flush();
}

static void row(unsigned entry_bits, unsigned table_bits)
{
    uint64_t *table = table_entry(low_root, VA, 2);
    uint64_t *entry = table_entry(low_root, VA, 3);

    *table = (*table & 0xfffffffff003) | (uint64_t)table_bits << 59;
    *entry =
        data_page | PTE_PAGE | (uint64_t)(entry_bits & 3) << 6 | (uint64_t)(entry_bits >> 2) << 53;
    tlb_flush();
    say("AP %lu PXN %lu UXN %lu PXNT %lu UXNT %lu APT %lu:", (uint64_t)entry_bits & 3,
        (uint64_t)entry_bits >> 2 & 1, (uint64_t)entry_bits >> 3, (uint64_t)table_bits & 1,
        (uint64_t)table_bits >> 1 & 1, (uint64_t)table_bits >> 2);
    line();
}

int main(void)
{
    mmu_on();
    code_page = (uint64_t)user_code & ~0xffful;
    data_page = (uint64_t)page_new();
    *(uint32_t *)data_page = 0xd65f03c0; /* ret */
    *(uint32_t *)(data_page + 4) = 0xd65f03c0;
    dsb();
    __asm__ volatile("ic iallu; isb");
    *table_entry(low_root, CODE_VA, 3) = code_page | PTE_PAGE | PTE_EL0 | PTE_RO | PTE_PXN;
    *table_entry(low_root, CODE_VA + 4096, 3) =
        (code_page + 4096) | PTE_PAGE | PTE_EL0 | PTE_RO | PTE_PXN;
    *table_entry(low_root, STACK_VA, 3) = (uint64_t)page_new() | PTE_PAGE | PTE_EL0 | PTE_UXN;
    for (unsigned mode = 0; mode < 4; mode++) {
        /* WXN takes execution from this program's own, writable, memory: so PAN and UAO only */
        control(0, mode & 1, mode >> 1);
        say("-- PAN %lu UAO %lu\n", (uint64_t)mode & 1, (uint64_t)mode >> 1);
        for (unsigned entry = 0; entry < 16; entry++) {
            for (unsigned table = 0; table < (mode ? 1 : 16); table++) {
                row(entry, table);
            }
        }
    }
    control(0, 0, 0);
    /* WXN with the program itself read-only and its data in pages of their own */
    say("-- WXN\n");
    extern char _start[], vectors[];
    (void)vectors;
    uint64_t text = (uint64_t)_start & ~0x1ffffful, size = 0x200000;
    uint64_t *level3 = table_new();
    extern char text_end[];
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t pa = text + i * 4096;
        bool code = pa + 4096 <= ((uint64_t)text_end & ~0xffful) || pa < (uint64_t)text_end;

        level3[i] = pa | PTE_PAGE | PTE_UXN | (code ? PTE_RO : PTE_PXN);
    }
    *table_entry(low_root, text, 2) = (uint64_t)level3 | PTE_VALID | PTE_TABLE;
    control(1, 0, 0);
    for (unsigned entry = 0; entry < 16; entry++) {
        row(entry, 0);
    }
    control(0, 0, 0);
    (void)size;
    return 0;
}
