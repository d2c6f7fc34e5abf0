/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 UART (Arm DDI 0183G): the guest's console. */
#pragma once

#include "exarch/bits.h"

struct vm;

#define PL011_FIFO 16

struct pl011_fifo {
    uint8_t data[PL011_FIFO];
    uint8_t head, count;
};

struct pl011 {
    struct pl011_fifo rx, tx;
    bool overrun; /* a byte was lost, and there has been no room since */
    uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
};

void pl011_reset(struct vm *vm);

/* Moves bytes between the FIFOs and the platform's console; called on PLAT_EVENT_CONSOLE. */
void pl011_poll(struct vm *vm);

bool pl011_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value);
bool pl011_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value);
