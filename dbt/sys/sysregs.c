/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of system registers and MRS/MSR on it. */
#include "dbt/sys/internal.h"

#include "dbt/a64/translate.h"
#include "dbt/rt/helpers.h"
#include "dbt/sys/handlers.h"
#include "dbt/sys/idregs.h"

/* What a write changes (Arm ARM D17.2); other bits are RES0, RES1 or not implemented. */
#define SCTLR_RES1 (BIT64(7) | BIT64(8) | BIT64(11) | BIT64(20) | BIT64(22) | BIT64(28) | BIT64(29))
#define SCTLR_MASK                                                                                 \
    (SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_SA | SCTLR_SA0 | SCTLR_UMA | SCTLR_I | SCTLR_DZE |        \
     SCTLR_UCT | SCTLR_NTWI | SCTLR_NTWE | SCTLR_WXN | SCTLR_SPAN | SCTLR_UCI)
#define TCR_MASK                                                                                   \
    (MASK(5, 0) | MASK(31, 7) | TCR_IPS | TCR_AS | TCR_TBI0 | TCR_TBI1 | TCR_E0PD0 | TCR_E0PD1)
#define TTBR_MASK    (TTBR_ASID | TTBR_BADDR)
#define MDSCR_MASK   (MDSCR_SS | BIT64(6) | MASK(15, 12) | MASK(23, 21) | MASK(27, 26) | MASK(30, 29))
#define DBGVR_MASK   (~MASK(1, 0))
#define DBGBCR_MASK  (BIT64(0) | MASK(2, 1) | MASK(8, 5) | MASK(23, 13))
#define DBGWCR_MASK  (MASK(20, 0) | MASK(28, 24))
#define CNTKCTL_MASK MASK(9, 0)

/* Access classes of sysregs.inc: rights, trap. */
#define A_1R          SYS_1R, SYS_TRAP_NONE
#define A_1W          SYS_1W, SYS_TRAP_NONE
#define A_1RW         (SYS_1R | SYS_1W), SYS_TRAP_NONE
#define A_1RW_WI      A_1RW
#define A_1RW_SP0     (SYS_1R | SYS_1W), SYS_TRAP_SP0
#define A_0R1R        (SYS_0R | SYS_1R), SYS_TRAP_NONE
#define A_0R1RW       (SYS_0R | SYS_1R | SYS_1W), SYS_TRAP_NONE
#define A_ALL         (SYS_0R | SYS_0W | SYS_1R | SYS_1W)
#define A_0RW1RW      A_ALL, SYS_TRAP_NONE
#define A_0RW1RW_UMA  A_ALL, SYS_TRAP_UMA
#define A_0RW1RW_FP   A_ALL, SYS_TRAP_FP
#define A_0RW1RW_PMU  A_ALL, SYS_TRAP_PMU
#define A_0RW1RW_PMER A_ALL, SYS_TRAP_PMER
#define A_0RW1RW_PMEC A_ALL, SYS_TRAP_PMEC
#define A_0RW1RW_PMCR A_ALL, SYS_TRAP_PMCR
#define A_0W1W_PMSW   (SYS_0W | SYS_1W), SYS_TRAP_PMSW
#define A_0R1R_PMU    (SYS_0R | SYS_1R), SYS_TRAP_PMU
#define A_0R1R_UCT    (SYS_0R | SYS_1R), SYS_TRAP_UCT
#define A_0R1R_PCT    (SYS_0R | SYS_1R), SYS_TRAP_PCT
#define A_0R1R_VCT    (SYS_0R | SYS_1R), SYS_TRAP_VCT
#define A_0R1RW_FRQ   (SYS_0R | SYS_1R | SYS_1W), SYS_TRAP_FRQ
#define A_0RW1RW_PT   A_ALL, SYS_TRAP_PT
#define A_0RW1RW_VT   A_ALL, SYS_TRAP_VT
#define A_0R1R_TDCC   (SYS_0R | SYS_1R), SYS_TRAP_TDCC
#define A_0RW1RW_TDCC A_ALL, SYS_TRAP_TDCC

// clang-format off
const struct sysreg sysreg_table[] = {
/* the rest: access with trap, field, value, mask, read, write */
#define SYS_ROW(name, op0, op1, crn, crm, op2, ...)                                                \
    {#name, SYS_KEY(op0, op1, crn, crm, op2), __VA_ARGS__},
#define SYS_STORE(name, op0, op1, crn, crm, op2, access, reset, mask)                              \
    SYS_ROW(name, op0, op1, crn, crm, op2, access, offsetof(struct sysregs, name), reset, mask,    \
            NULL, NULL)
#define SYS_CONST(name, op0, op1, crn, crm, op2, access, value)                                    \
    SYS_ROW(name, op0, op1, crn, crm, op2, access, SYS_NO_FIELD, value, 0, NULL, NULL)
#define SYS_CALL(name, op0, op1, crn, crm, op2, access, argument)                                  \
    SYS_ROW(name, op0, op1, crn, crm, op2, access, SYS_NO_FIELD, argument, 0, rd_##name,           \
            wr_##name)
#define SYS_READ(name, op0, op1, crn, crm, op2, access, argument)                                  \
    SYS_ROW(name, op0, op1, crn, crm, op2, access, SYS_NO_FIELD, argument, 0, rd_##name, NULL)
#define SYS_WRITE(name, op0, op1, crn, crm, op2, access, argument)                                 \
    SYS_ROW(name, op0, op1, crn, crm, op2, access, SYS_NO_FIELD, argument, 0, NULL, wr_##name)
#include "dbt/sys/sysregs.inc"
#undef SYS_STORE
#undef SYS_CONST
#undef SYS_CALL
#undef SYS_READ
#undef SYS_WRITE
};
// clang-format on
const unsigned sysreg_count = ARRAY_SIZE(sysreg_table);

enum {
#define SYS_STORE(name, ...) ROW_##name,
#define SYS_CONST(name, ...) ROW_##name,
#define SYS_CALL(name, ...)  ROW_##name,
#define SYS_READ(name, ...)  ROW_##name,
#define SYS_WRITE(name, ...) ROW_##name,
#include "dbt/sys/sysregs.inc"
#undef SYS_STORE
#undef SYS_CONST
#undef SYS_CALL
#undef SYS_READ
#undef SYS_WRITE
};

/* ID registers that are not in the table: reserved, or of AArch32 that is not there (D18.3.1). */
static const struct sysreg reserved_id = {
    "ID_RESERVED", 0, A_1R, SYS_NO_FIELD, 0, 0, NULL, NULL,
};

/* PMEVCNTRn and PMEVTYPERn, n 0 to 30: no event counters, so these read as zero (D17.5). */
static const struct sysreg pm_event[] = {
    {"PMEVCNTRn_EL0", 0, A_0RW1RW_PMEC, SYS_NO_FIELD, 0, 0, NULL, NULL},
    {"PMEVTYPERn_EL0", 0, A_0RW1RW_PMU, SYS_NO_FIELD, 0, 0, NULL, NULL},
};

/* A switch, not a search: two rows with one encoding do not compile. */
const struct sysreg *sysreg_find(uint32_t key)
{
    switch (key) {
#define SYS_CASE(name, op0, op1, crn, crm, op2)                                                    \
    case SYS_KEY(op0, op1, crn, crm, op2):                                                         \
        return &sysreg_table[ROW_##name];
#define SYS_STORE(name, op0, op1, crn, crm, op2, ...) SYS_CASE(name, op0, op1, crn, crm, op2)
#define SYS_CONST(name, op0, op1, crn, crm, op2, ...) SYS_CASE(name, op0, op1, crn, crm, op2)
#define SYS_CALL(name, op0, op1, crn, crm, op2, ...)  SYS_CASE(name, op0, op1, crn, crm, op2)
#define SYS_READ(name, op0, op1, crn, crm, op2, ...)  SYS_CASE(name, op0, op1, crn, crm, op2)
#define SYS_WRITE(name, op0, op1, crn, crm, op2, ...) SYS_CASE(name, op0, op1, crn, crm, op2)
#include "dbt/sys/sysregs.inc"
#undef SYS_STORE
#undef SYS_CONST
#undef SYS_CALL
#undef SYS_READ
#undef SYS_WRITE
    default: break;
    }
    if (key >= SYS_KEY(3, 0, 0, 1, 0) && key <= SYS_KEY(3, 0, 0, 7, 7)) {
        return &reserved_id;
    }
    if (key >= SYS_KEY(3, 3, 14, 8, 0) && key <= SYS_KEY(3, 3, 14, 15, 6)) {
        return key == SYS_KEY(3, 3, 14, 11, 7) ? NULL : &pm_event[bit(key, 5)];
    }
    return NULL;
}

static uint64_t *field_of(struct vcpu *vcpu, const struct sysreg *row)
{
    return (uint64_t *)(void *)((uint8_t *)&vcpu->sys + row->field);
}

void sysregs_reset(struct vcpu *vcpu)
{
    for (unsigned i = 0; i < sysreg_count; i++) {
        if (sysreg_table[i].field != SYS_NO_FIELD) {
            *field_of(vcpu, &sysreg_table[i]) = sysreg_table[i].value;
        }
    }
    vcpu->sys.dbg_claim = 0;
    pmu_reset(vcpu);
}

/* Whether EL0's access is trapped to EL1 by a control bit. */
static bool el0_trapped(const struct vcpu *vcpu, enum sys_trap trap, bool read)
{
    const struct sysregs *sys = &vcpu->sys;
    uint64_t kctl = sys->CNTKCTL_EL1, user = sys->PMUSERENR_EL0;

    switch (trap) {
    case SYS_TRAP_UCT: return !(sys->SCTLR_EL1 & SCTLR_UCT);
    case SYS_TRAP_UMA: return !(sys->SCTLR_EL1 & SCTLR_UMA);
    case SYS_TRAP_PMU: return !bit(user, 0);
    case SYS_TRAP_PMSW: return !bit(user, 0) && !bit(user, 1);
    case SYS_TRAP_PMCR: return !bit(user, 0) && !(read && bit(user, 2));
    case SYS_TRAP_PMER: return !bit(user, 0) && !bit(user, 3);
    case SYS_TRAP_PMEC: return !bit(user, 0) && !(read && bit(user, 3));
    case SYS_TRAP_PCT: return !(kctl & CNTKCTL_EL0PCTEN);
    case SYS_TRAP_VCT: return !(kctl & CNTKCTL_EL0VCTEN);
    case SYS_TRAP_FRQ: return !(kctl & (CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN));
    case SYS_TRAP_PT: return !(kctl & CNTKCTL_EL0PTEN);
    case SYS_TRAP_VT: return !(kctl & CNTKCTL_EL0VTEN);
    case SYS_TRAP_TDCC: return sys->MDSCR_EL1 & MDSCR_TDCC;
    case SYS_TRAP_NONE:
    case SYS_TRAP_FP:
    case SYS_TRAP_SP0: return false;
    }
    return false;
}

/* The row of an access that may go on, or NULL: the exception has been taken. */
static const struct sysreg *check_access(struct vcpu *vcpu, uint32_t key, bool read)
{
    const struct sysreg *row = sysreg_find(key);
    bool el1 = vcpu->ps.el == 1;
    unsigned need = read ? (el1 ? SYS_1R : SYS_0R) : (el1 ? SYS_1W : SYS_0W);

    if (!row || !(row->access & need) || (row->trap == SYS_TRAP_SP0 && !vcpu->ps.sp_sel)) {
        sys_undefined(vcpu);
        return NULL;
    }
    if (!el1 && el0_trapped(vcpu, row->trap, read)) {
        sys_trap(vcpu, key, read);
        return NULL;
    }
    if (row->trap == SYS_TRAP_FP && (vcpu->tr_flags & TR_FP_TRAP)) {
        exc_take(vcpu, EC_FP, EC_FP_ISS, 0);
        return NULL;
    }
    return row;
}

uint64_t help_sysreg_read(struct vcpu *vcpu, UNUSED uint64_t a0, UNUSED uint64_t a1,
                          UNUSED uint64_t a2, uint32_t imm)
{
    const struct sysreg *row = check_access(vcpu, imm, true);

    if (!row) {
        return 0;
    }
    if (row->read) {
        return row->read(vcpu, (unsigned)row->value);
    }
    return row->field == SYS_NO_FIELD ? row->value : *field_of(vcpu, row);
}

/* What a write changes in the translation context takes effect at the end of its block
 * (EXIT_CONTEXT). */
uint64_t help_sysreg_write(struct vcpu *vcpu, uint64_t value, UNUSED uint64_t a1,
                           UNUSED uint64_t a2, uint32_t imm)
{
    const struct sysreg *row = check_access(vcpu, imm, false);

    if (!row) {
        return 0;
    }
    if (row->write) {
        row->write(vcpu, (unsigned)row->value, value);
    } else if (row->field != SYS_NO_FIELD) {
        uint64_t *field = field_of(vcpu, row);

        *field = (*field & ~row->mask) | (value & row->mask);
    }
    return 0;
}
