/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FP, SSE, AVX, AVX-512 registers. Root uses general registers only, so they stay a vCPU's own
 * over exits; they are saved when a core turns to another vCPU. SDM 1 chapter 13.
 */
#pragma once

#include "exarch/err.h"

/* Decides XCR0 and the size of an area, on the boot CPU. Error: NODEV. */
int xsave_init(void) MUST_CHECK;

/* Sets CR4.OSXSAVE and XCR0 on this core. */
void xsave_core_on(void);

/* An area with the registers' initial values; NULL without memory. */
void *xsave_alloc(void);
void xsave_free(void *area);

void xsave_save(void *area);
void xsave_restore(const void *area);
