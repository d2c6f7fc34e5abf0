/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of root (include/exarch/abi.h). */
#pragma once

#include "exarch/abi.h"
#include "exarch/err.h"

/* Before the first call: which instruction it is. */
void hypercall_init(const struct abi_boot *boot);

/* The result: 0 or more, or -ERR_*. *second (may be NULL) gets RDX. */
int64_t hypercall(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t *second);

_Noreturn void hypercall_stop(enum abi_stop why, uint64_t code);
