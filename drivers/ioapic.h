/* SPDX-License-Identifier: BSD-2-Clause */
/* IOAPICs (82093AA) by global system interrupt, and the two 8259s, which are only ever silenced. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/acpi.h"
#include "exarch/err.h"

/* Moves the 8259s' vectors to `vector_base` (16 of them, for their strays) and masks them all. */
void pic_disable(uint8_t vector_base);

/* Maps and masks all IOAPICs of the tables; keeps the pointer for the ISA overrides. */
MUST_CHECK int ioapic_init(const struct acpi_info *info);

/* How many global system interrupts there are below which number; 0 without an IOAPIC. */
uint32_t ioapic_gsi_end(void);

/*
 * Sends a global system interrupt to one CPU as `vector`, and unmasks it. The destination's APIC id
 * has 8 bits without interrupt remapping: -ERR_RANGE for a larger one; -ERR_NOENT when no IOAPIC
 * has the interrupt.
 */
MUST_CHECK int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool low);
/* The same for an ISA interrupt, as the MADT's overrides say. */
MUST_CHECK int ioapic_route_isa(uint8_t irq, uint8_t vector, uint32_t apic_id);
/* Masks it again. */
void ioapic_mask(uint32_t gsi);
/* The global system interrupt that an ISA interrupt arrives on. */
uint32_t ioapic_isa_gsi(uint8_t irq);
