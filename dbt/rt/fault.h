/* SPDX-License-Identifier: BSD-2-Clause */
/* What the platform calls when translated code faults or an event comes while it runs. */
#pragma once

#include "dbt/platform.h"

struct vcpu;

enum rt_action {
    RT_RESUME, /* go on at regs->rip (a mapping was made), TF clear */
    RT_STEP,   /* go on with RFLAGS.TF set, until the #DB brings rt_fault(PLAT_FAULT_STEP) or code
                  leaves */
    RT_LEAVE,  /* leave: plat_run returns EXIT_LOOKUP; *vcpu->st is exact */
};

/* A fault at regs->rip within the code cache. */
enum rt_action rt_fault(struct vcpu *vcpu, const struct x64_regs *regs,
                        const struct plat_fault *fault);

/* An event is pending while translated code was at regs->rip. */
enum rt_action rt_interrupt(struct vcpu *vcpu, const struct x64_regs *regs);

/* Outside translated code: plat_reach gives other addresses than before. */
void rt_shared_moved(struct vcpu *vcpu);

/* Sync helper number `helper` (enum helper), called through env->call_sync by translated code. */
uint64_t rt_call_sync(struct vcpu *vcpu, uint32_t helper, uint64_t a0, uint64_t a1, uint64_t a2,
                      uint32_t imm);
