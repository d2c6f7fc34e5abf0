/* SPDX-License-Identifier: BSD-2-Clause */
/* What all back ends share: following the driver's status, interrupts. */
#include "guestdev/back/back.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define INTERRUPT_USED   1u
#define INTERRUPT_CONFIG 2u

/* A turn, in bytes; taking a chain counts as some. */
#define TURN_BYTES  KIB(32)
#define CHAIN_BYTES 256u

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

/* 3.1.1: a driver that goes on although FEATURES_OK was refused is not served. */
static bool is_running(const struct back_device *device)
{
    uint32_t status = __atomic_load_n(&device->shared->status, __ATOMIC_ACQUIRE);
    uint32_t good = ABI_STATUS_DRIVER_OK | ABI_STATUS_FEATURES_OK;
    return (status & (good | ABI_STATUS_FAILED)) == good;
}

/* Starts and stops each queue as the driver's status and its QueueReady say (4.2.2.2). */
static void follow_driver(struct back_set *set, struct back_device *device)
{
    bool running = is_running(device);
    for (unsigned n = 0; n < device->kind->queues; n++) {
        struct vq *vq = &device->queues[n];
        const struct abi_queue *shared = &device->shared->queues[n];
        bool ready = running && __atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) != 0;
        if (ready && !vq->ready) {
            vq_start(vq, &set->memory, shared, device->kind->queue_size);
        } else if (!ready) {
            vq_stop(vq);
        }
    }
}

/* --- a turn -------------------------------------------------------------------------------------
 */

size_t back_spend(struct back_device *device, uint64_t size)
{
    size_t part = MIN(size, (uint64_t)device->budget);
    device->budget -= part;
    return part;
}

int back_pop(struct back_device *device, struct vq *vq, struct vq_chain *chain)
{
    if (device->budget <= CHAIN_BYTES) { /* its data gets at least one byte */
        device->more = true;
        return 0;
    }
    int got = vq_pop(vq, chain);
    if (got > 0) {
        (void)back_spend(device, CHAIN_BYTES);
    }
    return MAX(got, 0);
}

void back_push(struct back_device *device, struct vq *vq, const struct vq_chain *chain,
               uint32_t written)
{
    vq->offset = 0;
    vq_push(vq, chain, written);
    device->used = true;
}

/* A broken queue: the driver is told that it has to reset (2.1.2). */
static uint32_t look_for_trouble(struct back_device *device)
{
    for (unsigned n = 0; n < device->kind->queues; n++) {
        if (device->queues[n].broken && device->queues[n].size != 0) {
            device->queues[n].size = 0;
            __atomic_fetch_or(&device->shared->status, ABI_STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL);
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
    follow_driver(set, device);
    device->used = false;
    device->more = false;
    device->budget = TURN_BYTES;
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
