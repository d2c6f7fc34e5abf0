/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-entropy (virtio 1.2, 5.4): one queue of buffers to fill. */
#include "guestdev/back/back.h"

#define ID_ENTROPY 4u
#define CHUNK      256u

/* Fills a chain, or as much of it as the turn allows: its length tells the driver (5.4.6.2). */
static uint32_t fill(struct back_device *device, struct vq *vq, const struct vq_chain *chain)
{
    uint8_t data[CHUNK];
    uint64_t done = 0;
    size_t part;
    while ((part = back_spend(device, MIN(chain->in_size - done, (uint64_t)sizeof(data)))) != 0) {
        device->host->random(data, part);
        size_t written = vq_write(vq, chain, done, data, part);
        done += written;
        if (written != part) {
            break;
        }
    }
    return (uint32_t)done;
}

static void serve(struct back_device *device)
{
    struct vq *vq = &device->queues[0];
    struct vq_chain chain;
    while (back_pop(device, vq, &chain) > 0) {
        back_push(device, vq, &chain, fill(device, vq, &chain));
    }
}

const struct back_kind back_entropy = {
    .id = ID_ENTROPY, .queues = 1, .queue_size = 64, .serve = serve};
