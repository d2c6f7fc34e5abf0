/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt vectors: who answers which. Handlers run with interrupts off on the interrupted CPU's
 * stack; the end-of-interrupt is the dispatcher's work, not theirs. */
#pragma once

#include <stdint.h>

#include "exarch/err.h"

enum irq_fixed {
    IRQ_VECTOR_FIRST = 0x30, /* below: exceptions, and the PIC's strays */
    IRQ_VECTOR_LAST = 0xef,
    IRQ_VECTOR_TIMER = 0xf0,   /* the APIC timer */
    IRQ_VECTOR_CALL = 0xf1,    /* smp_call */
    IRQ_VECTOR_KICK = 0xf2,    /* wakes a CPU from HLT or out of a guest, does nothing itself */
    IRQ_VECTOR_ERROR = 0xfe,   /* the APIC's error interrupt */
    IRQ_VECTOR_SPURIOUS = 0xff /* no end-of-interrupt */
};

typedef void irq_handler_fn(void *context);

/* Takes a free vector in FIRST..LAST for `handler`: the vector, or -ERR_BUSY when none is left. */
int irq_vector_alloc(const char *name, irq_handler_fn *handler, void *context) MUST_CHECK;
/* Gives one of the fixed vectors its handler. */
void irq_vector_set(unsigned vector, const char *name, irq_handler_fn *handler, void *context);
void irq_vector_free(unsigned vector);

/* The interrupt controller's end-of-interrupt; drivers/ sets it when the APIC is on. */
void irq_set_eoi(void (*eoi)(void));

/* Calls the vector's handler as if it had come through the IDT, then ends the interrupt: for
 * interrupts that a VM exit acknowledged. Interrupts are off. */
void irq_dispatch(unsigned vector);

/* Logs every vector with its name and count. */
void irq_report(void);
