/* SPDX-License-Identifier: BSD-2-Clause */
/* SYS: cache, TLB and address translation instructions; MSR (immediate); DC ZVA. */
#include "dbt/a64/translate.h"
#include "dbt/rt/helpers.h"
#include "dbt/rt/rt.h"
#include "dbt/sys/idregs.h"
#include "dbt/sys/internal.h"
#include "kernel/lib/string.h"
#include "mmu/vmsa.h"

uint32_t sys_fetch_word(struct vcpu *vcpu)
{
    struct vmsa_result at;
    uint32_t word = 0;

    if (vmsa_translate(vcpu, vcpu->st->pc, VMSA_FETCH, &at) == VMSA_OK) {
        const uint8_t *ram = vm_ram(vcpu->vm, at.pa, sizeof(word));

        if (ram) {
            memcpy(&word, ram, sizeof(word));
        }
    }
    return word;
}

/* ISS of EC 0x18 (D17.2.37): Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, read 0.
 */
void sys_trap(struct vcpu *vcpu, uint32_t key, bool read)
{
    uint64_t iss = bits(key, 15, 14) << 20 | bits(key, 2, 0) << 17 | bits(key, 13, 11) << 14 |
                   bits(key, 10, 7) << 10 | bits(key, 6, 3) << 1 | read;

    iss |= bits(sys_fetch_word(vcpu), 4, 0) << 5;
    exc_take(vcpu, EC_SYS64, (uint32_t)iss, 0);
}

/* --- memory faults of these instructions
 * ----------------------------------------------------------------- */
/* A data abort for the address in Xt; WnR is 1 for all of them. */
static void insn_abort(struct vcpu *vcpu, uint64_t va, int fault, uint32_t cm)
{
    exc_take(vcpu, EC_DABT, cm | ISS_WNR | (uint32_t)fault, va);
}

/* The physical address of va for a cache instruction; false: the abort has been taken. */
static bool cache_translate(struct vcpu *vcpu, uint64_t va, unsigned access, uint64_t *pa)
{
    struct vmsa_result at;
    int fault = vmsa_translate(vcpu, va, access, &at);

    if (fault != VMSA_OK) {
        insn_abort(vcpu, va, fault, ISS_CM);
        return false;
    }
    *pa = at.pa;
    return true;
}

/* --- the instructions: what each needs and does
 * ------------------------------------------------------------- */
enum el0_right { EL0_NEVER, EL0_UCI, EL0_DZE };

struct sys_row {
    uint16_t key; /* as SYS_KEY, op0 = 1 */
    uint8_t el0;  /* enum el0_right */
    unsigned arg;
    void (*run)(struct vcpu *vcpu, uint64_t xt, unsigned arg);
};

static void run_nothing(UNUSED struct vcpu *vcpu, UNUSED uint64_t xt, UNUSED unsigned arg)
{
}

/* Data caches are coherent and physical: only the address is checked. */
static void run_dc(struct vcpu *vcpu, uint64_t xt, unsigned access)
{
    uint64_t pa;

    cache_translate(vcpu, xt, access | VMSA_NO_PAN, &pa);
}

static void run_ic_all(struct vcpu *vcpu, UNUSED uint64_t xt, UNUSED unsigned arg)
{
    rt_icache_invalidate_all(vcpu->vm);
}

static void run_ic_va(struct vcpu *vcpu, uint64_t xt, UNUSED unsigned arg)
{
    uint64_t pa;

    if (cache_translate(vcpu, xt, VMSA_NO_PAN, &pa)) {
        rt_icache_invalidate_pa(vcpu->vm, ALIGN_DOWN(pa, (uint64_t)ID_IC_LINE), ID_IC_LINE);
    }
}

/* A watchpoint takes DC ZVA as a store to the whole block (D2.9.6). */
static bool zva_is_watched(struct vcpu *vcpu, uint64_t xt)
{
    return vcpu->debug &&
           debug_watchpoint(vcpu, ALIGN_DOWN(xt, ID_ZVA_BYTES), ID_ZVA_BYTES, true, false);
}

static void run_zva(struct vcpu *vcpu, uint64_t xt, UNUSED unsigned arg)
{
    struct vmsa_result at;
    int fault = vmsa_translate(vcpu, xt, VMSA_WRITE, &at);
    uint8_t *ram;

    if (vmsa_found(fault) && at.device) { /* before permissions */
        fault = VMSA_ALIGNMENT;
    }
    if (fault != VMSA_OK) {
        insn_abort(vcpu, xt, fault, 0);
        return;
    }
    if (zva_is_watched(vcpu, xt)) {
        return;
    }
    ram = vm_ram(vcpu->vm, ALIGN_DOWN(at.pa, ID_ZVA_BYTES), ID_ZVA_BYTES);
    if (!ram) {
        insn_abort(vcpu, xt, VMSA_EXTERNAL, 0);
        return;
    }
    memset(ram, 0, ID_ZVA_BYTES);
}

#define ATTR_NON_CACHEABLE 0x44

/* Device and Non-cacheable memory count as outer shareable whatever the entry says (D17.2.112). */
static unsigned par_shareability(const struct vmsa_result *at)
{
    return at->device || at->attr == ATTR_NON_CACHEABLE ? 2 : at->sh;
}

/* PAR_EL1 (D17.2.112): the attributes of a translation, or the fault. */
static void run_at(struct vcpu *vcpu, uint64_t xt, unsigned access)
{
    struct vmsa_result at;
    int fault = vmsa_translate(vcpu, xt, access, &at);
    uint64_t par = BIT64(11);

    if (fault == VMSA_OK) {
        par |= (at.pa & MASK(47, 12)) | (uint64_t)at.attr << 56 | BIT64(9) |
               (uint64_t)par_shareability(&at) << 7;
    } else if ((fault & ~3) == VMSA_EXT_WALK) {
        insn_abort(vcpu, xt, fault, ISS_CM);
        return;
    } else {
        par |= 1 | (uint64_t)fault << 1;
    }
    vcpu->sys.PAR_EL1 = par;
}

static void run_tlbi_all(struct vcpu *vcpu, UNUSED uint64_t xt, UNUSED unsigned arg)
{
    rt_tlbi_all(vcpu);
}

static void run_tlbi_asid(struct vcpu *vcpu, uint64_t xt, UNUSED unsigned arg)
{
    rt_tlbi_asid(vcpu, (unsigned)(xt >> 48));
}

/* Xt: VA[55:12] in bits 43..0, ASID in 63..48; arg: all ASIDs. Last-level forms drop no more than
 * the others: nothing but whole translations is kept. */
static void run_tlbi_va(struct vcpu *vcpu, uint64_t xt, unsigned arg)
{
    rt_tlbi_va(vcpu, (uint64_t)sign_extend(xt << 12, 56), PAGE_SIZE, arg ? -1 : (int)(xt >> 48));
}

#define AT_READ  0
#define AT_WRITE VMSA_WRITE

// clang-format off
static const struct sys_row sys_rows[] = {
    /* instruction caches */
    {SYS_KEY(1, 0, 7,  1, 0), EL0_NEVER, 0,                              run_ic_all},   /* IC IALLUIS */
    {SYS_KEY(1, 0, 7,  5, 0), EL0_NEVER, 0,                              run_ic_all},   /* IC IALLU */
    {SYS_KEY(1, 3, 7,  5, 1), EL0_UCI,   0,                              run_ic_va},    /* IC IVAU */
    /* data caches */
    {SYS_KEY(1, 0, 7,  6, 1), EL0_NEVER, VMSA_WRITE,                     run_dc},       /* DC IVAC */
    {SYS_KEY(1, 0, 7,  6, 2), EL0_NEVER, 0,                              run_nothing},  /* DC ISW */
    {SYS_KEY(1, 0, 7, 10, 2), EL0_NEVER, 0,                              run_nothing},  /* DC CSW */
    {SYS_KEY(1, 0, 7, 14, 2), EL0_NEVER, 0,                              run_nothing},  /* DC CISW */
    {SYS_KEY(1, 3, 7,  4, 1), EL0_DZE,   0,                              run_zva},      /* DC ZVA */
    {SYS_KEY(1, 3, 7, 10, 1), EL0_UCI,   0,                              run_dc},       /* DC CVAC */
    {SYS_KEY(1, 3, 7, 11, 1), EL0_UCI,   0,                              run_dc},       /* DC CVAU */
    {SYS_KEY(1, 3, 7, 12, 1), EL0_UCI,   0,                              run_dc},       /* DC CVAP */
    {SYS_KEY(1, 3, 7, 14, 1), EL0_UCI,   0,                              run_dc},       /* DC CIVAC */
    /* address translation */
    {SYS_KEY(1, 0, 7,  8, 0), EL0_NEVER, AT_READ | VMSA_PRIV | VMSA_NO_PAN,  run_at},   /* AT S1E1R */
    {SYS_KEY(1, 0, 7,  8, 1), EL0_NEVER, AT_WRITE | VMSA_PRIV | VMSA_NO_PAN, run_at},   /* AT S1E1W */
    {SYS_KEY(1, 0, 7,  8, 2), EL0_NEVER, AT_READ | VMSA_UNPRIV,          run_at},       /* AT S1E0R */
    {SYS_KEY(1, 0, 7,  8, 3), EL0_NEVER, AT_WRITE | VMSA_UNPRIV,         run_at},       /* AT S1E0W */
    {SYS_KEY(1, 0, 7,  9, 0), EL0_NEVER, AT_READ | VMSA_PRIV,            run_at},       /* AT S1E1RP */
    {SYS_KEY(1, 0, 7,  9, 1), EL0_NEVER, AT_WRITE | VMSA_PRIV,           run_at},       /* AT S1E1WP */
    /* TLB: inner shareable and local forms */
#define TLBI(crm)                                                                                         \
    {SYS_KEY(1, 0, 8, crm, 0), EL0_NEVER, 0,                             run_tlbi_all},  /* VMALLE1 */    \
    {SYS_KEY(1, 0, 8, crm, 1), EL0_NEVER, 0,                             run_tlbi_va},   /* VAE1 */       \
    {SYS_KEY(1, 0, 8, crm, 2), EL0_NEVER, 0,                             run_tlbi_asid}, /* ASIDE1 */     \
    {SYS_KEY(1, 0, 8, crm, 3), EL0_NEVER, 1,                             run_tlbi_va},   /* VAAE1 */      \
    {SYS_KEY(1, 0, 8, crm, 5), EL0_NEVER, 0,                             run_tlbi_va},   /* VALE1 */      \
    {SYS_KEY(1, 0, 8, crm, 7), EL0_NEVER, 1,                             run_tlbi_va},   /* VAALE1 */
    TLBI(3)
    TLBI(7)
#undef TLBI
};
// clang-format on

static const struct sys_row *find_row(uint32_t key)
{
    for (unsigned i = 0; i < ARRAY_SIZE(sys_rows); i++) {
        if (sys_rows[i].key == key) {
            return &sys_rows[i];
        }
    }
    return NULL;
}

static bool el0_allowed(const struct vcpu *vcpu, enum el0_right right)
{
    return vcpu->sys.SCTLR_EL1 & (right == EL0_UCI ? SCTLR_UCI : SCTLR_DZE);
}

/* TLB maintenance is of the inner shareable domain or this vCPU's alone; both go to the runtime. */
uint64_t help_sys_insn(struct vcpu *vcpu, uint64_t xt, UNUSED uint64_t a1, UNUSED uint64_t a2,
                       uint32_t imm)
{
    const struct sys_row *row = find_row(imm);

    if (!row || (vcpu->ps.el == 0 && row->el0 == EL0_NEVER)) {
        sys_undefined(vcpu);
    } else if (vcpu->ps.el == 0 && !el0_allowed(vcpu, row->el0)) {
        sys_trap(vcpu, imm, false);
    } else {
        row->run(vcpu, xt, row->arg);
    }
    return 0;
}

uint64_t help_dc_zva(struct vcpu *vcpu, uint64_t va, UNUSED uint64_t a1, UNUSED uint64_t a2,
                     UNUSED uint32_t imm)
{
    return help_sys_insn(vcpu, va, 0, 0, SYS_KEY(1, 3, 7, 4, 1));
}

/* --- MSR (immediate)
 * ------------------------------------------------------------------------------------------ */
enum {
    MSR_UAO = 0 << 8 | 3,
    MSR_PAN = 0 << 8 | 4,
    MSR_SPSEL = 0 << 8 | 5,
    MSR_DAIFSET = 3 << 8 | 6,
    MSR_DAIFCLR = 3 << 8 | 7,
};

/* MSR DAIFSet/DAIFClr have op0 0, CRn 4 in the syndrome (D17.2.37: as encoded). */
static bool daif_allowed(struct vcpu *vcpu, uint32_t imm)
{
    if (vcpu->ps.el == 1 || (vcpu->sys.SCTLR_EL1 & SCTLR_UMA)) {
        return true;
    }
    sys_trap(vcpu, SYS_KEY(0, imm >> 8, 4, bits(imm, 7, 4), imm & 7), false);
    return false;
}

uint64_t help_msr_imm(struct vcpu *vcpu, UNUSED uint64_t a0, UNUSED uint64_t a1, UNUSED uint64_t a2,
                      uint32_t imm)
{
    uint32_t field = imm & ~(uint32_t)MASK(7, 4);
    uint8_t crm = (uint8_t)bits(imm, 7, 4);
    unsigned daif = (unsigned)bits(vcpu->st->daif, 9, 6);
    bool is_daif = field == MSR_DAIFSET || field == MSR_DAIFCLR;

    if (vcpu->ps.el == 0 && !is_daif) {
        sys_undefined(vcpu);
        return 0;
    }
    if (is_daif && !daif_allowed(vcpu, imm)) {
        return 0;
    }
    switch (field) {
    case MSR_UAO: vcpu->ps.uao = crm & 1; break;
    case MSR_PAN: vcpu->ps.pan = crm & 1; break;
    case MSR_SPSEL: pstate_set_el(vcpu, 1, crm & 1); break;
    case MSR_DAIFSET: exc_set_daif(vcpu, daif | crm); break;
    case MSR_DAIFCLR: exc_set_daif(vcpu, daif & ~(unsigned)crm); break;
    default: sys_undefined(vcpu); return 0;
    }
    return 0;
}

/* SEV and SEVL: the event register of all vCPUs, or of this one (D1.6.1). */
uint64_t help_send_event(struct vcpu *vcpu, UNUSED uint64_t a0, UNUSED uint64_t a1,
                         UNUSED uint64_t a2, uint32_t imm)
{
    vcpu->event = true;
    for (unsigned i = 0; imm && i < vcpu->vm->vcpu_count; i++) {
        vcpu->vm->vcpu[i]->event = true;
    }
    return 0;
}
