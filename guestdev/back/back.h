/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Back ends of virtio devices. The front end (guestdev/virtio_mmio.c, in the engine) keeps the
 * registers in struct abi_device; here the queues are served. A set belongs to one VM; its caller
 * keeps two calls from running at once.
 */
#pragma once

#include "exarch/abi.h"
#include "guestdev/back/virtqueue.h"

#define BACK_VIRTIO_VERSION_1 BIT64(32)
#define BACK_VIRTIO_INDIRECT  BIT64(28)

struct back_device;

/* One kind of device. */
struct back_kind {
    uint32_t id; /* the virtio device ID */
    uint64_t features;
    unsigned queues;
    unsigned queue_size;
    /* A queue has (or may have) chains, or the outside has moved; serves what it can. */
    void (*serve)(struct back_device *device);
};

/* What the devices are connected to. */
struct back_host {
    /* virtio-console: as console_write and console_read of struct vm_config. */
    size_t (*console_write)(void *context, const char *data, size_t size);
    size_t (*console_read)(void *context, char *data, size_t size);
    /* virtio-entropy */
    void (*random)(void *data, size_t size);
    void *context;
};

struct back_device {
    const struct back_kind *kind;
    struct abi_device *shared;
    const struct back_host *host;
    struct vq queues[ABI_QUEUES_PER_DEVICE];
    bool more;     /* its turn was over before all was done: it is to be rung again, soon */
    bool used;     /* something was given back since the last look */
    size_t budget; /* bytes that are left of this turn */
};

struct back_set {
    struct abi_vm *shared;
    struct vq_memory memory;
    struct back_host host;
    unsigned count;
    struct back_device devices[ABI_DEVICES];
};

extern const struct back_kind back_console;
extern const struct back_kind back_entropy;

/* For kinds: the next chain of a queue, or 0 when there is none, it is broken or the turn is over.
 */
MUST_CHECK int back_pop(struct back_device *device, struct vq *vq, struct vq_chain *chain);
/* Gives a chain back to the driver. */
void back_push(struct back_device *device, struct vq *vq, const struct vq_chain *chain,
               uint32_t written);
/* At most `size` bytes of the turn's budget. */
size_t back_spend(struct back_device *device, uint64_t size);

/* An empty set for a VM's shared page. */
void back_init(struct back_set *set, struct abi_vm *shared, const struct vq_memory *memory,
               const struct back_host *host);

/* Adds a device in the next slot, before the VM starts; -ERR_RANGE when all are taken. */
MUST_CHECK int back_add(struct back_set *set, const struct back_kind *kind);

/* Serves the devices whose bits are set; true when some want an interrupt: the caller posts
 * ABI_EVENT_DEVICE. */
MUST_CHECK bool back_ring(struct back_set *set, uint64_t bells);

/* The devices (a bit each) whose turn was over before they were done: to be rung again once others
 * have had theirs. */
uint64_t back_unfinished(const struct back_set *set);

/* The same for all devices: the host's side has moved (console input, room for output). */
MUST_CHECK bool back_host_moved(struct back_set *set);
