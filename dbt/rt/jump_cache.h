/* SPDX-License-Identifier: BSD-2-Clause */
/* The jump cache: guest VA -> host code, probed inline by translated code for every branch that is
 * not linked. */
/*
 * A direct-mapped table of 1 << JC_BITS entries for each (view, tr_flags); st->jc is the current
 * one's. An entry holds only VAs of the view's own range that are executable in it now, so that a
 * hit needs no further check; whatever takes that away (TLBI, dropped blocks) clears the entry. The
 * probe in translated code is
 *     ecx = (va ^ va >> JC_FOLD) & JC_MASK;  e = st->jc + rcx * 4;
 *     e->va == va ? (st->pc_page = va & ~0xfff, jmp e->host) : (st->pc = va, exit EXIT_LOOKUP)
 */
#pragma once

#include "dbt/state.h"

#define JC_FOLD 10
#define JC_MASK (((UINT32_C(1) << JC_BITS) - 1) << 2)

/* Offset in bytes of the only entry that may hold va. */
static inline uint32_t jc_offset(uint64_t va)
{
    return ((uint32_t)(va ^ va >> JC_FOLD) & JC_MASK) * 4;
}
_Static_assert(sizeof(struct jc_entry) == 16, "the probe scales by 4 what is a multiple of 4");
