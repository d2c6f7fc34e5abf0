/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest machine: a subset of QEMU's `virt`; devices, their addresses and interrupts. */
#pragma once

#include "guestdev/gicv3.h"
#include "guestdev/pl011.h"
#include "guestdev/pl031.h"
#include "guestdev/timer.h"
#include "guestdev/virtio_mmio.h"

#define MACHINE_MAX_VCPUS 16

#define MACHINE_FLASH       UINT64_C(0x00000000)
#define MACHINE_FLASH_SIZE  UINT64_C(0x08000000)
#define MACHINE_GICD        UINT64_C(0x08000000)
#define MACHINE_GICD_SIZE   UINT64_C(0x10000)
#define MACHINE_GICR        UINT64_C(0x080a0000)
#define MACHINE_GICR_EACH   UINT64_C(0x20000)
#define MACHINE_UART        UINT64_C(0x09000000)
#define MACHINE_RTC         UINT64_C(0x09010000)
#define MACHINE_VIRTIO      UINT64_C(0x0a000000)
#define MACHINE_VIRTIO_EACH UINT64_C(0x200)
#define MACHINE_RAM         UINT64_C(0x40000000)

#define MACHINE_SPI_UART   1
#define MACHINE_SPI_RTC    2
#define MACHINE_SPI_VIRTIO 16
#define MACHINE_PPI_VTIMER 11 /* INTID 27 */
#define MACHINE_PPI_PTIMER 14 /* INTID 30 */

/* Devices are reached under the lock; per-vCPU timers and signalled lines too. */
struct machine {
    uint32_t lock;
    const struct vcpu *holder; /* of the lock, where it needs no kick */
    struct gic gic;
    struct gic_cpu gic_cpu[MACHINE_MAX_VCPUS];
    struct timer timer[MACHINE_MAX_VCPUS][TIMER_COUNT];
    struct pl011 uart;
    struct pl031 rtc;
    struct virtio_slot virtio[VIRTIO_SLOTS];
};

/* All devices as after a reset; vm->vcpu[] and vm->vcpu_count are set. */
void machine_reset(struct vm *vm);

/*
 * A device access of 1, 2, 4 or 8 bytes at guest PA pa, naturally aligned. False: nothing there, or
 * the device refuses the size: the caller takes a synchronous external abort.
 */
bool machine_read(struct vm *vm, uint64_t pa, unsigned size, uint64_t *value);
bool machine_write(struct vm *vm, uint64_t pa, unsigned size, uint64_t value);

/* True when the 4 KiB page at pa has device registers. */
bool machine_is_device(uint64_t pa);

/* Platform events (enum plat_event) that concern devices; any vCPU may bring them. */
void machine_events(struct vcpu *vcpu, unsigned events);

/*
 * Takes the devices' lock. holder: the vCPU that looks at its interrupt lines when it has done (so
 * that it need not be kicked), or NULL.
 */
void machine_lock(struct vm *vm, const struct vcpu *holder);
void machine_unlock(struct vm *vm);
