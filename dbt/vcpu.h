/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual CPU and its machine: what the engine keeps out of translated code's reach. */
#pragma once

#include "dbt/ir/ir.h"
#include "dbt/state.h"
#include "dbt/sys/sysregs.h"
#include "guestdev/machine.h"

struct rt_vcpu; /* rt/: views, jump caches, entry state */
struct rt_vm;   /* rt/: code cache, blocks by physical page, access-site kinds */

/* PSTATE but NZCV and DAIF, which are in a64_state. */
struct pstate {
    uint8_t el;     /* 0 or 1 */
    uint8_t sp_sel; /* which SP: 0 = SP_EL0, 1 = SP_ELx; st->x[SLOT_SP] is the one in use */
    uint8_t pan;
    uint8_t uao;
    uint8_t il;
    uint8_t ss;
    uint8_t dit;
    uint8_t ssbs;
    uint8_t tco;
};

struct vm {
    uint8_t *ram;      /* engine-linear address of guest RAM, which starts at guest PA RAM_BASE */
    uint64_t ram_size; /* bytes, a multiple of 2 MiB */
    unsigned vcpu_count;
    struct vcpu *vcpu[MACHINE_MAX_VCPUS];
    struct machine machine; /* devices (guestdev/) */
    struct rt_vm *rt;
    bool interpret; /* no translated code: the IR interpreter runs every block */
};

struct vcpu {
    struct a64_state *st; /* ring-3 accessible pages of their own */
    struct vm *vm;
    unsigned id;
    struct pstate ps;
    struct sysregs sys;
    uint32_t tr_flags; /* enum tr_flag (a64/translate.h): the current translation context */
    bool halted;       /* WFI/WFE: waits for an interrupt or event */
    bool off;          /* PSCI: not started, or CPU_OFF */
    bool event;        /* the event register of WFE/SEV, but for the event stream */
    bool debug;        /* a breakpoint or watchpoint is enabled (sys/debug.c) */
    bool step_stepped; /* software step: an instruction was executed since the state was entered */
    bool irq_line, fiq_line, serror_pending; /* what the GIC asserts; serviced when DAIF allows */
    uint64_t event_cleared;                  /* CNTVCT when WFE last cleared the event register */
    struct rt_vcpu *rt;
};

#define RAM_BASE UINT64_C(0x40000000)

/* Engine-linear address of size bytes of guest RAM at guest PA pa, or NULL where that is not all
 * RAM. */
static inline uint8_t *vm_ram(const struct vm *vm, uint64_t pa, uint64_t size)
{
    uint64_t off = pa - RAM_BASE;
    return off < vm->ram_size && size <= vm->ram_size - off ? vm->ram + off : NULL;
}
