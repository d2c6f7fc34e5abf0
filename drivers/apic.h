/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC: identity, interprocessor interrupts, end of interrupt, timer. Registers are
 * reached through MSRs (x2APIC) where CPUID offers it, else through memory; nobody outside sees
 * which.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exarch/addr.h"
#include "exarch/err.h"

/* The vectors that root gives the APIC's own interrupts. */
struct apic_vectors {
    uint8_t timer;
    uint8_t error;
    uint8_t spurious; /* low four bits set (SDM 3 10.9) */
};

/*
 * Decides between x2APIC and memory (at `base`, as the MADT says; 0: as the MSR says) and maps the
 * registers. Once, on the boot CPU; -ERR_NODEV with its reason logged when there is no usable APIC.
 */
MUST_CHECK int apic_init(hpa_t base, struct apic_vectors vectors);

/* Switches this CPU's APIC on, all its local sources masked, but the error interrupt. On each CPU.
 */
void apic_init_this_cpu(void);

bool apic_is_x2apic(void);
uint32_t apic_id(void);
void apic_eoi(void);

void apic_send(uint32_t apic_id, unsigned vector);
void apic_send_nmi(uint32_t apic_id);
void apic_send_init(uint32_t apic_id);
/* The start-up interrupt: execution begins at page << 12. */
void apic_send_startup(uint32_t apic_id, unsigned page);

/* The error status since the last call; its bits as text go to the log. */
uint32_t apic_take_errors(void);

/*
 * The timer, one shot. apic_timer_init (once, after the TSC's rate is known) takes TSC-deadline
 * mode where CPUID has it, else measures the count-down's rate against the TSC. apic_timer_set
 * programs this CPU's timer to fire at the TSC value `deadline`, at once if it is past; a deadline
 * beyond the counter's reach fires early, so the handler compares the TSC and sets it again.
 */
MUST_CHECK int apic_timer_init(uint64_t tsc_hz);
void apic_timer_set(uint64_t deadline);
void apic_timer_stop(void);
bool apic_timer_is_deadline(void);
/* Counts per second of the count-down timer after division; 0 in deadline mode. */
uint64_t apic_timer_hz(void);
