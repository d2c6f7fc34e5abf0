/* SPDX-License-Identifier: BSD-2-Clause */
/* VMSAv8-64 stage 1, EL1&0, 4 KiB granule (Arm ARM D8.2 to D8.4; pseudocode AArch64.S1Walk). */
#include "mmu/vmsa.h"

#include "dbt/sys/sys.h"

/* Descriptors (D8.3). */
#define DESC_VALID  BIT64(0)
#define DESC_TABLE  BIT64(1) /* a table, or at level 3 a page */
#define DESC_ATTR   MASK(4, 2)
#define DESC_AP_EL0 BIT64(6) /* AP[1] */
#define DESC_AP_RO  BIT64(7) /* AP[2] */
#define DESC_SH     MASK(9, 8)
#define DESC_AF     BIT64(10)
#define DESC_NG     BIT64(11)
#define DESC_PXN    BIT64(53)
#define DESC_UXN    BIT64(54)
#define DESC_ADDR   MASK(47, 12)

#define TABLE_PXN    BIT64(59)
#define TABLE_UXN    BIT64(60)
#define TABLE_NO_EL0 BIT64(61) /* APTable[0] */
#define TABLE_RO     BIT64(62) /* APTable[1] */

#define LAST_LEVEL 3

static int fault(enum vmsa_fault kind, unsigned level)
{
    return (int)kind | (int)level;
}

/* What TCR_EL1 and TTBRn_EL1 say of the half that an address is in. */
struct half {
    unsigned size; /* TnSZ */
    bool disabled; /* EPDn */
    bool tagged;   /* TBIn */
    bool no_el0;   /* E0PDn */
    uint64_t base;
};

static struct half select_half(const struct sysregs *sys, bool high)
{
    uint64_t tcr = sys->TCR_EL1;

    if (high) {
        return (struct half){
            .size = (unsigned)GET_FIELD(tcr, TCR_T1SZ),
            .disabled = tcr & TCR_EPD1,
            .tagged = tcr & TCR_TBI1,
            .no_el0 = tcr & TCR_E0PD1,
            .base = sys->TTBR1_EL1 & TTBR_BADDR,
        };
    }
    return (struct half){
        .size = (unsigned)GET_FIELD(tcr, TCR_T0SZ),
        .disabled = tcr & TCR_EPD0,
        .tagged = tcr & TCR_TBI0,
        .no_el0 = tcr & TCR_E0PD0,
        .base = sys->TTBR0_EL1 & TTBR_BADDR,
    };
}

/* Physical address bits that TCR_EL1.IPS allows; more than are implemented count as 48. */
static unsigned pa_bits(const struct sysregs *sys)
{
    static const uint8_t widths[8] = {32, 36, 40, 42, 44, 48, 48, 48};

    return widths[GET_FIELD(sys->TCR_EL1, TCR_IPS)];
}

/* SCTLR_EL1.M clear: flat, all may be done; data is Device-nGnRnE, so is all but instructions. */
static int translate_off(uint64_t va, struct vmsa_result *result)
{
    if (bits(va, 63, 48)) {
        return fault(VMSA_ADDR_SIZE, 0);
    }
    *result = (struct vmsa_result){
        .pa = va,
        .size = GIB(1),
        .el0_read = true,
        .el0_write = true,
        .el1_read = true,
        .el1_write = true,
        .el0_exec = true,
        .el1_exec = true,
        .device = true,
        .global = true,
        .attr = 0,
        .sh = 2,
    };
    return VMSA_OK;
}

/* A descriptor of the guest's, read once. False: no memory there. */
static bool read_descriptor(const struct vcpu *vcpu, uint64_t pa, uint64_t *descriptor)
{
    const uint8_t *ram = vm_ram(vcpu->vm, pa, sizeof(*descriptor));

    if (!ram) {
        return false;
    }
    *descriptor = __atomic_load_n((const uint64_t *)(const void *)ram, __ATOMIC_RELAXED);
    return true;
}

/* Permissions that the table entries on the way take away (D8.4.3). */
struct limits {
    bool no_el0, read_only, pxn, uxn;
};

/*
 * Walks to the leaf of va: its descriptor, where that is, its level, or the fault. The start level
 * follows from TnSZ: each level resolves 9 bits above the page's 12.
 */
static int walk(const struct vcpu *vcpu, const struct half *half, uint64_t va,
                struct vmsa_result *result, unsigned *leaf_level, struct limits *limits)
{
    unsigned width = 64 - half->size;
    unsigned level = 4 - (width - PAGE_SHIFT + 8) / 9;
    unsigned out_bits = pa_bits(&vcpu->sys);
    uint64_t table = half->base;
    unsigned shift = PAGE_SHIFT + 9 * (LAST_LEVEL - level);
    /* the first table has only the entries that the range needs, and is aligned to its size */
    uint64_t index = bits(va, width - 1, shift);

    if (table >> out_bits) {
        return fault(VMSA_ADDR_SIZE, 0);
    }
    table = ALIGN_DOWN(table, MAX(UINT64_C(8) << (width - shift), UINT64_C(64)));
    for (;; level++) {
        uint64_t descriptor;

        if (!read_descriptor(vcpu, table + index * 8, &descriptor)) {
            return fault(VMSA_EXT_WALK, level);
        }
        bool block = !(descriptor & DESC_TABLE);
        if (!(descriptor & DESC_VALID) || (block && (level == 0 || level == LAST_LEVEL))) {
            return fault(VMSA_TRANSLATION, level);
        }
        if ((descriptor & DESC_ADDR) >> out_bits) {
            return fault(VMSA_ADDR_SIZE, level);
        }
        if (block || level == LAST_LEVEL) {
            result->leaf = descriptor;
            result->leaf_at = table + index * 8;
            *leaf_level = level;
            return VMSA_OK;
        }
        limits->no_el0 |= !!(descriptor & TABLE_NO_EL0);
        limits->read_only |= !!(descriptor & TABLE_RO);
        limits->pxn |= !!(descriptor & TABLE_PXN);
        limits->uxn |= !!(descriptor & TABLE_UXN);
        table = descriptor & DESC_ADDR;
        index = bits(va, shift - 1, shift - 9);
        shift -= 9;
    }
}

/* The permissions of a leaf (D8.4.1, D8.4.4), PAN aside. */
static void set_permissions(struct vmsa_result *result, uint64_t leaf, const struct limits *limits,
                            bool wxn)
{
    bool el0 = (leaf & DESC_AP_EL0) && !limits->no_el0;
    bool writable = !(leaf & DESC_AP_RO) && !limits->read_only;

    result->el1_read = true;
    result->el1_write = writable;
    result->el0_read = el0;
    result->el0_write = el0 && writable;
    /* what EL0 may write, EL1 never executes */
    result->el1_exec =
        !(leaf & DESC_PXN) && !limits->pxn && !result->el0_write && !(wxn && result->el1_write);
    result->el0_exec = !(leaf & DESC_UXN) && !limits->uxn && !(wxn && result->el0_write);
}

/* Whether PSTATE.PAN (or what AT asks for) keeps EL1 from data that EL0 may reach (D8.4.1.3). */
static bool pan_applies(const struct vcpu *vcpu, unsigned access)
{
    if (access & (VMSA_FETCH | VMSA_NO_PAN)) {
        return false;
    }
    return vcpu->ps.pan || (access & VMSA_PAN);
}

static bool is_permitted(const struct vcpu *vcpu, unsigned access, bool el0,
                         const struct vmsa_result *r)
{
    if (el0) {
        return access & VMSA_FETCH ? r->el0_exec : access & VMSA_WRITE ? r->el0_write : r->el0_read;
    }
    if (access & VMSA_FETCH) {
        return r->el1_exec;
    }
    if (pan_applies(vcpu, access) && r->el0_read) {
        return false;
    }
    return access & VMSA_WRITE ? r->el1_write : r->el1_read;
}

/* Whether the access is checked as EL0's. UAO makes LDTR and STTR ordinary accesses. */
static bool is_el0(const struct vcpu *vcpu, unsigned access)
{
    if (access & VMSA_PRIV) {
        return false;
    }
    return vcpu->ps.el == 0 || (access & VMSA_UNPRIV);
}

static void set_memory(struct vmsa_result *result, uint64_t leaf, uint64_t mair)
{
    result->attr = (uint8_t)(mair >> (8 * GET_FIELD(leaf, DESC_ATTR)));
    result->device = result->aligned_only = !(result->attr & 0xf0);
    result->sh = (uint8_t)GET_FIELD(leaf, DESC_SH);
    result->global = !(leaf & DESC_NG);
}

/* TnSZ must be 16 to 39, else no address is in range (D8.2.6); all bits above the range are alike.
 * A granule that is not there counts as 4 KiB. */
static bool in_range(const struct half *half, uint64_t va)
{
    return half->size >= 16 && half->size <= 39 &&
           va >> (64 - half->size) == (bit(va, 63) ? MASK(half->size - 1, 0) : 0);
}

int vmsa_translate(struct vcpu *vcpu, uint64_t va, unsigned access, struct vmsa_result *result)
{
    const struct sysregs *sys = &vcpu->sys;
    bool el0 = is_el0(vcpu, access), high = bit(va, 55);
    struct half half = select_half(sys, high);
    struct limits limits = {0};
    unsigned level = 0;

    if (half.tagged) {
        va = (uint64_t)sign_extend(va, 56);
    }
    if (!(sys->SCTLR_EL1 & SCTLR_M)) {
        return translate_off(half.tagged ? va & MASK(55, 0) : va, result);
    }
    if (!in_range(&half, va) || half.disabled || (half.no_el0 && el0)) {
        return fault(VMSA_TRANSLATION, 0);
    }
    int status = walk(vcpu, &half, va, result, &level, &limits);
    if (status != VMSA_OK) {
        return status;
    }
    uint64_t leaf = result->leaf;
    if (!(leaf & DESC_AF)) {
        return fault(VMSA_ACCESS_FLAG, level);
    }
    result->size = PAGE_SIZE << (9 * (LAST_LEVEL - level));
    result->pa = (leaf & DESC_ADDR & ~(result->size - 1)) | (va & (result->size - 1));
    set_memory(result, leaf, sys->MAIR_EL1);
    set_permissions(result, leaf, &limits, sys->SCTLR_EL1 & SCTLR_WXN);
    return is_permitted(vcpu, access, el0, result) ? VMSA_OK : fault(VMSA_PERMISSION, level);
}

bool vmsa_is_alike(const struct vcpu *vcpu, const struct vmsa_result *t, int64_t pages)
{
    uint64_t distance = (uint64_t)pages * PAGE_SIZE, other;

    return t->size > PAGE_SIZE ||
           (read_descriptor(vcpu, t->leaf_at + (uint64_t)pages * sizeof(other), &other) &&
            other == t->leaf + distance && !((other & DESC_ADDR) >> pa_bits(&vcpu->sys)));
}
