/* SPDX-License-Identifier: BSD-2-Clause */
/* What all back ends share: following the driver's status, interrupts. */
#include "guestdev/back/back.h"

#include "kernel/lib/string.h"

#define STATUS_DRIVER_OK   4u
#define STATUS_NEEDS_RESET 64u
#define STATUS_FAILED      128u
#define INTERRUPT_USED     1u
#define INTERRUPT_CONFIG   2u

void back_init(struct back_set *set, struct abi_vm *shared, const struct vq_memory *memory,
               const struct back_host *host)
{
    memset(set, 0, sizeof(*set));
    set->shared = shared;
    set->memory = *memory;
    set->host = *host;
}

int back_add(struct back_set *set, const struct back_kind *kind)
{
    if (set->count == ABI_DEVICES) {
        return -ERR_RANGE;
    }
    struct abi_device *shared = &set->shared->devices[set->count];
    *shared = (struct abi_device){.kind = kind->id,
                                  .device_features = kind->features | BACK_VIRTIO_VERSION_1 |
                                                     BACK_VIRTIO_INDIRECT};
    for (unsigned n = 0; n < kind->queues; n++) {
        shared->queue_max[n] = kind->queue_size;
    }
    set->devices[set->count++] =
        (struct back_device){.kind = kind, .shared = shared, .host = &set->host};
    return 0;
}

/* Starts and stops the queues as the driver's status says. */
static void follow_status(struct back_set *set, struct back_device *device)
{
    uint32_t status = __atomic_load_n(&device->shared->status, __ATOMIC_ACQUIRE);
    bool run = (status & STATUS_DRIVER_OK) != 0 && (status & STATUS_FAILED) == 0;
    if (run == device->running) {
        return;
    }
    device->running = run;
    device->more = false;
    device->offset = 0;
    for (unsigned n = 0; n < device->kind->queues; n++) {
        if (run) {
            vq_start(&device->queues[n], &set->memory, &device->shared->queues[n],
                     device->kind->queue_size);
        } else {
            vq_stop(&device->queues[n]);
        }
    }
}

/* A broken queue: the driver is told that it has to reset (2.1.2). */
static uint32_t look_for_trouble(struct back_device *device)
{
    for (unsigned n = 0; n < device->kind->queues; n++) {
        if (device->queues[n].broken && device->queues[n].size != 0) {
            device->queues[n].size = 0;
            __atomic_fetch_or(&device->shared->status, STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL);
            return INTERRUPT_CONFIG;
        }
    }
    return 0;
}

static bool wants_interrupt(const struct back_device *device)
{
    for (unsigned n = 0; n < device->kind->queues; n++) {
        const struct vq *vq = &device->queues[n];
        if (vq->size != 0 && !vq->broken && vq_wants_interrupt(vq)) {
            return true;
        }
    }
    return false;
}

static bool serve(struct back_set *set, unsigned n)
{
    struct back_device *device = &set->devices[n];
    follow_status(set, device);
    if (!device->running) {
        return false;
    }
    device->used = false;
    device->more = false;
    device->kind->serve(device);
    uint32_t reasons = look_for_trouble(device);
    reasons |= device->used && wants_interrupt(device) ? INTERRUPT_USED : 0;
    if (reasons == 0) {
        return false;
    }
    __atomic_fetch_or(&device->shared->interrupt, reasons, __ATOMIC_ACQ_REL);
    __atomic_fetch_or(&set->shared->device_events, BIT64(n), __ATOMIC_ACQ_REL);
    return true;
}

bool back_ring(struct back_set *set, uint64_t bells)
{
    bool interrupt = false;
    for (unsigned n = 0; n < set->count; n++) {
        if (bit(bells, n)) {
            interrupt |= serve(set, n);
        }
    }
    return interrupt;
}

uint64_t back_unfinished(const struct back_set *set)
{
    uint64_t bells = 0;
    for (unsigned n = 0; n < set->count; n++) {
        bells |= set->devices[n].more ? BIT64(n) : 0;
    }
    return bells;
}

bool back_host_moved(struct back_set *set)
{
    return back_ring(set, UINT64_MAX);
}
