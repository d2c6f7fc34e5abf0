/* SPDX-License-Identifier: BSD-2-Clause */
/* The generic timer of each vCPU: physical and virtual EL1 timers (Arm ARM D11). */
#pragma once

#include "exarch/bits.h"

struct vm;
struct vcpu;

#define MACHINE_COUNTER_HZ UINT64_C(62500000)

enum timer_id { TIMER_PHYS, TIMER_VIRT, TIMER_COUNT };

struct timer {
    uint64_t cval;
    uint32_t ctl; /* ENABLE, IMASK as written */
};

/* Sets the state's counter scale (cnt_mult, cnt_base) from the host counter's frequency, which is
 * above MACHINE_COUNTER_HZ. */
void timer_init(struct vcpu *vcpu, uint64_t host_base);
void timer_reset(struct vcpu *vcpu);

/* The system counter: CNTPCT and, CNTVOFF being 0, CNTVCT. */
uint64_t timer_counter(const struct vcpu *vcpu);

uint64_t timer_read_cval(const struct vcpu *vcpu, enum timer_id id);
uint64_t timer_read_ctl(struct vcpu *vcpu, enum timer_id id);
void timer_write_ctl(struct vcpu *vcpu, enum timer_id id, uint64_t value);
void timer_write_cval(struct vcpu *vcpu, enum timer_id id, uint64_t value);

/* Brings the timers' wires up to date and asks for the next deadline. */
void timer_update(struct vcpu *vcpu);
