/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions behind the SYS_CALL, SYS_READ and SYS_WRITE rows of sysregs.inc. */
#pragma once

#include "dbt/vcpu.h"

// clang-format off
#define SYS_STORE(...)
#define SYS_CONST(...)
#define SYS_READ(name, ...)  uint64_t rd_##name(struct vcpu *vcpu, unsigned argument);
#define SYS_WRITE(name, ...) void wr_##name(struct vcpu *vcpu, unsigned argument, uint64_t value);
#define SYS_CALL(name, ...)  SYS_READ(name) SYS_WRITE(name)
#include "dbt/sys/sysregs.inc"
#undef SYS_STORE
#undef SYS_CONST
#undef SYS_CALL
#undef SYS_READ
#undef SYS_WRITE
// clang-format on
