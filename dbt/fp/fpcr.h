/* SPDX-License-Identifier: BSD-2-Clause */
/* FPCR and FPSR of a guest, and the host's MXCSR that stands for them in translated code. */
#pragma once

#include "dbt/fp/fp.h"
#include "dbt/state.h"

/* MXCSR with all exceptions masked, rounding to nearest: a guest whose FPCR is 0. */
#define MXCSR_RESET UINT32_C(0x1f80)

/* Reset: FPCR and FPSR zero, and the constants that translated code needs. */
void fp_init(struct a64_state *st);

/*
 * MSR FPCR: keeps what exists of value, sets st->mxcsr's modes (translated code loads it when it is
 * entered again). The caller recomputes the translation context.
 */
void fp_write_fpcr(struct a64_state *st, uint64_t value);

/* MRS and MSR of FPSR. st->mxcsr holds the sticky flags that translated code has raised. */
uint32_t fp_read_fpsr(const struct a64_state *st);
void fp_write_fpsr(struct a64_state *st, uint64_t value);
