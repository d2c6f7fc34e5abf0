/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory accesses of the translators: base registers, loads and stores of one element, write-back.
 */
#pragma once

#include "dbt/a64/tr.h"

/* Bytes are 1 << size. */
enum { SIZE_B, SIZE_H, SIZE_S, SIZE_D, SIZE_Q };

/* X[rn], or SP, checked to be aligned to 16 where SCTLR asks for it (CheckSPAlignment). */
ir_ref tr_base(struct tr *t, unsigned rn);

/* X[rn] or SP = base + delta, base being what tr_base gave. */
void tr_writeback(struct tr *t, unsigned rn, ir_ref base, int64_t delta);

/* X[rn] or SP plus ExtendReg(rm, option, amount): the address of the register-offset forms. */
ir_ref tr_register_offset(struct tr *t, unsigned rn, unsigned rm, unsigned option, unsigned amount);

/* What aux (enum ir_mem) a plain access and one of LDTR/STTR have in this context. */
unsigned tr_plain(const struct tr *t);
unsigned tr_unpriv(const struct tr *t);

/* Element of size at addr + disp, zero extended to I64. */
ir_ref tr_load(struct tr *t, ir_ref addr, int64_t disp, unsigned size, unsigned aux);

/* The same sign extended to I32 (w) or I64. */
ir_ref tr_load_signed(struct tr *t, ir_ref addr, int64_t disp, unsigned size, bool w, unsigned aux);

/* Stores the low bits of I64 data. */
void tr_store(struct tr *t, ir_ref addr, int64_t disp, unsigned size, ir_ref data, unsigned aux);

/* Element of size at addr + disp, zero extended to V128; stores the low bits of V128 data. */
ir_ref tr_load_v(struct tr *t, ir_ref addr, int64_t disp, unsigned size, unsigned aux);
void tr_store_v(struct tr *t, ir_ref addr, int64_t disp, unsigned size, ir_ref data, unsigned aux);
