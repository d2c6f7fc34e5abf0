/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may read and write each system register: EL0 with all traps closed and open, and EL1. */
/*
 * The registers are those of the engine's table, and QEMU says what their accesses come to. What is
 * not in the table is UNDEFINED: asked of all encodings, on Exarch alone, as QEMU has features with
 * registers of their own.
 */
#include "tests/guest/guest.h"

#define KEY(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

#define USER_VA 0x9000000000ul
#define MRS     0xd5200000u
#define MSR     0xd5000000u
#define RET     0xd65f03c0u
#define SVC     (0xd4000001u | EL0_SVC << 5)

static const struct {
    const char *name;
    uint32_t key;
} registers[] = {
#define SYS_STORE(name, op0, op1, crn, crm, op2, ...) {#name, KEY(op0, op1, crn, crm, op2)},
#define SYS_CONST                                     SYS_STORE
#define SYS_CALL                                      SYS_STORE
#define SYS_READ                                      SYS_STORE
#define SYS_WRITE                                     SYS_STORE
#include "dbt/sys/sysregs.inc"
};
#define COUNT (sizeof(registers) / sizeof(*registers))

/* Debug registers that QEMU 7.2 has not got, of those that Armv8.0 must have (D19.3). */
static bool qemu_lacks(const char *name)
{
    static const char *const names[] = {
        "OSDTRRX_EL1",     "OSDTRTX_EL1",     "OSECCR_EL1", "OSLAR_EL1",         "DBGPRCR_EL1",
        "DBGCLAIMSET_EL1", "DBGCLAIMCLR_EL1", "DBGDTR_EL0", "DBGAUTHSTATUS_EL1", "DBGDTRRX_EL0"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *a = names[i], *b = name;

        while (*a && *a == *b) {
            a++, b++;
        }
        if (*a == *b) {
            return true;
        }
    }
    return false;
}

static uint32_t *page;

/* With FEAT_IDST EL0's reads of ID registers are trapped where they else are UNDEFINED. */
static uint64_t without_idst(uint32_t key, uint64_t esr)
{
    bool is_id = (key & ~KEY(0, 1, 0, 7, 7)) == KEY(3, 0, 0, 0, 0);
    bool idst = mrs(s3_0_c0_c7_2) >> 36 & 15;

    return is_id && idst && esr >> 26 == 0x18 ? 0x02000000 : esr;
}

/* ESR of the access at page + 8 * n, 0: it was done. */
static uint64_t run(unsigned n, bool el0)
{
    exc_clear();
    if (el0) {
        guest_el0(USER_VA + 8 * n, EL0_STACK, 0, 0);
    } else {
        faults((probe_fn)(page + 2 * n), 0, 0, NULL);
    }
    return exc.esr;
}

/* Puts accesses to count registers from key on. */
static void put_accesses(uint32_t base, uint32_t key, unsigned count, bool el0)
{
    for (unsigned n = 0; n < count; n++) {
        page[2 * n] = base | (key + n) << 5;
        page[2 * n + 1] = el0 ? SVC : RET;
    }
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" ::: "memory");
}

static uint64_t access(uint32_t base, uint32_t key, bool el0)
{
    put_accesses(base, key, 1, el0);
    return run(0, el0);
}

static void set_controls(bool open)
{
    uint64_t bits = 1ul << 9 | 1ul << 14 | 1ul << 15 | 1ul << 26;

    msr(sctlr_el1, open ? mrs(sctlr_el1) | bits : mrs(sctlr_el1) & ~bits);
    msr(cntkctl_el1, open ? 0x303 : 0);
    msr(pmuserenr_el0, open ? 15 : 0);
    isb();
}

static void test_el0(bool open)
{
    say("traps %s: EL0 reads, writes\n", open ? "open" : "closed");
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t read, write;

        set_controls(open);
        read = without_idst(registers[i].key, access(MRS, registers[i].key, true));
        write = access(MSR, registers[i].key, true);
        if (!qemu_lacks(registers[i].name)) {
            say("%s %lx %lx\n", registers[i].name, read, write);
        }
    }
    set_controls(false);
}

static void test_el1(void)
{
    say("EL1 reads\n");
    for (unsigned i = 0; i < COUNT; i++) {
        if (!qemu_lacks(registers[i].name)) {
            say("%s %lx\n", registers[i].name, access(MRS, registers[i].key, false));
        }
    }
}

static bool is_known(uint32_t key)
{
    bool id = key >= KEY(3, 0, 0, 1, 0) && key <= KEY(3, 0, 0, 7, 7);
    bool event = key >= KEY(3, 3, 14, 8, 0) && key <= KEY(3, 3, 14, 15, 6);

    for (unsigned i = 0; i < COUNT; i++) {
        if (registers[i].key == key) {
            return true;
        }
    }
    return id || (event && key != KEY(3, 3, 14, 11, 7));
}

#define BATCH 512 /* accesses in a page */

static unsigned defined_others(uint32_t base, uint32_t first, bool el0)
{
    unsigned wrong = 0;

    put_accesses(base, first, BATCH, el0);
    for (unsigned n = 0; n < BATCH; n++) {
        wrong += !is_known(first + n) && run(n, el0) != 0x02000000;
    }
    return wrong;
}

static void test_others(void)
{
    unsigned wrong = 0;

    for (uint32_t key = KEY(2, 0, 0, 0, 0); key < KEY(4, 0, 0, 0, 0); key += BATCH) {
        wrong += defined_others(MRS, key, false) + defined_others(MSR, key, false) +
                 defined_others(MRS, key, true) + defined_others(MSR, key, true);
    }
    check_arch(wrong == 0, "all other encodings are UNDEFINED");
}

int main(void)
{
    mmu_on();
    el0_map();
    page = (uint32_t *)(void *)page_new();
    *table_entry(low_root, USER_VA, 3) = (uint64_t)page | PTE_PAGE | PTE_EL0 | PTE_NG;
    tlb_flush();
    test_el0(false);
    test_el0(true);
    test_el1();
    if (is_exarch()) {
        test_others();
    }
    return 0;
}
