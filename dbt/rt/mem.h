/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory the slow way: the guest's page tables are walked, devices called, aborts taken. */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/state.h"

struct vcpu;

enum mem_flag {
    MEM_READ = 0,
    MEM_WRITE = 1 << 0,
    MEM_UNPRIV = 1 << 1,  /* as EL0 (LDTR/STTR) */
    MEM_ALIGNED = 1 << 2, /* unaligned: alignment fault */
    MEM_ATOMIC = 1 << 3,  /* read of a read-modify-write: needs write permission, aborts report a
                             write where the Arm ARM says so */
    MEM_NORMAL = 1 << 4,  /* Device memory: alignment fault */
};

/* Flag: aligned is what is aligned to `bytes` (1..16), not to the access's size. */
#define MEM_ALIGNMENT(bytes) ((unsigned)(bytes) << 8)

/* Flags of an access of size bytes by its aux (enum ir_mem). */
static inline unsigned mem_flags(unsigned aux, unsigned size)
{
    return (aux & IR_MEM_UNPRIV ? MEM_UNPRIV : 0) | (aux & IR_MEM_ALIGN ? MEM_ALIGNED : 0) |
           (aux & IR_MEM_NORMAL ? MEM_NORMAL : 0) | MEM_ALIGNMENT(ir_mem_alignment(aux, size));
}

/*
 * Copies size bytes (1..16) between buf and guest VA va (TBI is applied here). Returns true when
 * done. False: an exception has been taken (exc_take), st->pc is the vector's and nothing was
 * changed (a store that crosses a page checks both pages first).
 */
bool mem_access(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size, unsigned flags);

/* Compare-and-swap of 1..16 bytes at va, atomic towards other vCPUs: *old gets what was there; new
 * is stored when it equalled expected. False as above. */
bool mem_cas(struct vcpu *vcpu, uint64_t va, const void *expected, const void *desired, void *old,
             unsigned size);

/* Takes the data abort of an access at va, its fault being `status` (mmu/vmsa.h). */
void mem_abort(struct vcpu *vcpu, uint64_t va, int status, bool write);

/* Takes the SP alignment fault, for the row CHECK_SP. st->pc is the instruction's before, the
 * vector's after. */
void mem_sp_fault(struct vcpu *vcpu);

/* imm of the helpers mem_load and mem_store. sext: 0 zero extends, 32 or 64 sign extends to that
 * width. */
#define MEM_IMM(bytes, mem, sext)                                                                  \
    ((uint32_t)(bytes) | ((uint32_t)(mem) << 8) | ((uint32_t)(sext) << 16))
