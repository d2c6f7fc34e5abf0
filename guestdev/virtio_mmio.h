/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio-mmio transport, version 2 (virtio 1.2, 4.2): registers here, queues in the back end.
 */
#pragma once

#include "exarch/bits.h"

struct vm;
struct abi_device;

#define VIRTIO_SLOTS 32

/* A slot; with no device it reads as device ID 0, and the driver leaves it alone. */
struct virtio_slot {
    struct abi_device *device;    /* shared with the back end: its contents are not trusted */
    void (*doorbell)(unsigned n); /* tells the back end that its device has changed */
    uint32_t device_features_sel, driver_features_sel, queue_sel;
};

void virtio_mmio_reset(struct vm *vm);

/* Puts a device into slot n; its fields are the back end's. Before the guest runs. */
void virtio_mmio_attach(struct vm *vm, unsigned n, struct abi_device *device,
                        void (*doorbell)(unsigned n));

/* Called on PLAT_EVENT_QUEUE: brings the slots' interrupt wires up to date. */
void virtio_mmio_poll(struct vm *vm);

bool virtio_mmio_read(struct vm *vm, unsigned slot, uint64_t offset, unsigned size,
                      uint64_t *value);
bool virtio_mmio_write(struct vm *vm, unsigned slot, uint64_t offset, unsigned size,
                       uint64_t value);
