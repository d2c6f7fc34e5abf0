/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console (virtio 1.2, 5.3) with one port: queue 0 to the driver, queue 1 from it. Output
 * that the host does not take stays in its chain until there is room; input waits for the driver's
 * buffers. A chain may be 4 GiB long: a call takes BUDGET bytes and asks to be called again.
 */
#include "guestdev/back/back.h"

#define ID_CONSOLE 3u
#define CHUNK      256u
#define BUDGET     KIB(32)

enum { QUEUE_INPUT, QUEUE_OUTPUT, QUEUES };

static void serve_input(struct back_device *device)
{
    struct vq *vq = &device->queues[QUEUE_INPUT];
    struct vq_chain chain;
    char data[CHUNK];
    while (vq_pop(vq, &chain) > 0) {
        size_t size = MIN((uint64_t)sizeof(data), chain.in_size);
        size_t got = device->host->console_read(device->host->context, data, size);
        if (got == 0 && chain.in_size != 0) {
            vq_unpop(vq);
            return;
        }
        vq_push(vq, &chain, (uint32_t)vq_write(vq, &chain, 0, data, got));
        device->used = true;
    }
}

/* Sends the chain from device->offset on; false when the host took less or the budget is spent. */
static bool send(struct back_device *device, const struct vq *vq, const struct vq_chain *chain,
                 size_t *budget)
{
    char data[CHUNK];
    for (;;) {
        size_t size = vq_read(vq, chain, device->offset, data, MIN(sizeof(data), *budget));
        if (size == 0) {
            device->more = *budget == 0;
            return !device->more;
        }
        *budget -= size;
        size_t taken = device->host->console_write(device->host->context, data, size);
        device->offset += taken;
        if (taken != size) {
            return false;
        }
    }
}

static void serve_output(struct back_device *device)
{
    struct vq *vq = &device->queues[QUEUE_OUTPUT];
    struct vq_chain chain;
    size_t budget = BUDGET;
    while (vq_pop(vq, &chain) > 0) {
        if (!send(device, vq, &chain, &budget)) {
            vq_unpop(vq);
            return;
        }
        device->offset = 0;
        vq_push(vq, &chain, 0);
        device->used = true;
    }
}

static void serve(struct back_device *device)
{
    serve_output(device);
    serve_input(device);
}

const struct back_kind back_console = {
    .id = ID_CONSOLE, .queues = QUEUES, .queue_size = 64, .serve = serve};
