/* SPDX-License-Identifier: BSD-2-Clause */
/* VMX control groups: what we need or like to have, against what the CPU allows. */
#pragma once

#include "exarch/bits.h"
#include "exarch/err.h"

enum control_wish {
    CONTROL_MUST,  /* on, or no VMX for us */
    CONTROL_WANT,  /* on where the CPU has it */
    CONTROL_ALLOW, /* off now, but it must be possible to turn it on */
    CONTROL_OFF,   /* must be possible to leave off */
};

struct vmx_control {
    uint32_t bit;
    enum control_wish wish;
    const char *name;
};

enum vmx_group { GROUP_PIN, GROUP_CPU, GROUP_CPU2, GROUP_EXIT, GROUP_ENTRY, GROUP_COUNT };

/*
 * The group's value from its capability MSR (low half: bits that must be 1; high half: bits that
 * may be 1; SDM 3D A.2-A.5). Error: NODEV, each cause logged in words.
 */
int vmx_combine(enum vmx_group group, uint64_t capability, uint32_t *value) MUST_CHECK;
