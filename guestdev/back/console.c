/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console (virtio 1.2, 5.3) with one port: queue 0 to the driver, queue 1 from it. Output
 * that the host does not take stays in its chain until there is room; input waits for the driver's
 * buffers.
 */
#include "guestdev/back/back.h"

#define ID_CONSOLE 3u
#define CHUNK      256u

enum { QUEUE_INPUT, QUEUE_OUTPUT, QUEUES };

static void serve_input(struct back_device *device)
{
    struct vq *vq = &device->queues[QUEUE_INPUT];
    struct vq_chain chain;
    char data[CHUNK];
    while (back_pop(device, vq, &chain) > 0) {
        size_t size = MIN((uint64_t)sizeof(data), chain.in_size);
        size_t got = device->host->console_read(device->host->context, data, size);
        if (got == 0 && chain.in_size != 0) {
            vq_unpop(vq);
            return;
        }
        back_push(device, vq, &chain, (uint32_t)vq_write(vq, &chain, 0, data, got));
    }
}

/* Sends the chain from vq->offset on: it may be 4 GiB long. False when there is still some of it,
 * as the host took less or the turn is over. */
static bool send(struct back_device *device, struct vq *vq, const struct vq_chain *chain)
{
    char data[CHUNK];
    size_t size;
    while ((size = vq_read(vq, chain, vq->offset, data, sizeof(data))) != 0) {
        size_t part = back_spend(device, size);
        size_t taken = device->host->console_write(device->host->context, data, part);
        vq->offset += taken;
        if (part != size) {
            device->more |= taken == part;
            return false;
        }
        if (taken != part) {
            return false;
        }
    }
    return true;
}

static void serve_output(struct back_device *device)
{
    struct vq *vq = &device->queues[QUEUE_OUTPUT];
    struct vq_chain chain;
    while (back_pop(device, vq, &chain) > 0) {
        if (!send(device, vq, &chain)) {
            vq_unpop(vq);
            return;
        }
        back_push(device, vq, &chain, 0);
    }
}

static void serve(struct back_device *device)
{
    serve_output(device);
    serve_input(device);
}

const struct back_kind back_console = {
    .id = ID_CONSOLE, .queues = QUEUES, .queue_size = 64, .serve = serve};
