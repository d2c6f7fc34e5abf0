/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-entropy (virtio 1.2, 5.4): one queue of buffers to fill. */
#include "guestdev/back/back.h"

#define ID_ENTROPY 4u
#define CHUNK      256u
#define CHAIN_MAX  4096u /* bytes a chain; the driver asks again for more (5.4.6.1) */

static void serve(struct back_device *device)
{
    struct vq *vq = &device->queues[0];
    struct vq_chain chain;
    uint8_t data[CHUNK];
    while (vq_pop(vq, &chain) > 0) {
        uint64_t size = MIN(chain.in_size, (uint64_t)CHAIN_MAX);
        uint64_t done = 0;
        while (done < size) {
            size_t part = MIN(size - done, (uint64_t)sizeof(data));
            device->host->random(data, part);
            size_t written = vq_write(vq, &chain, done, data, part);
            done += written;
            if (written != part) {
                break;
            }
        }
        vq_push(vq, &chain, (uint32_t)done);
        device->used = true;
    }
}

const struct back_kind back_entropy = {
    .id = ID_ENTROPY, .queues = 1, .queue_size = 64, .serve = serve};
