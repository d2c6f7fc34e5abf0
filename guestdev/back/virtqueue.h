/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7). Nothing in guest memory is trusted:
 * each address, index and length is checked when it is used, each descriptor is read exactly once,
 * and a queue that makes no sense is broken until the driver resets it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/abi.h"
#include "exarch/err.h"

#define VQ_SIZE_MAX     256u
#define VQ_SEGMENTS_MAX 128u

/* Guest physical memory. */
struct vq_memory {
    /*
     * `*size` bytes at a guest physical address as the host sees them; *size is cut to what lies
     * there in one piece. NULL when it is not RAM.
     */
    void *(*at)(void *context, uint64_t address, uint64_t *size);
    void *context;
};

struct vq {
    const struct vq_memory *memory;
    uint64_t desc, avail, used;
    uint16_t size; /* 0: not in use */
    uint16_t last_avail, used_index;
    bool ready; /* the driver's word when vq_start read it, whether or not the rest made sense */
    bool broken;
    uint64_t offset; /* of the chain at its head: the bytes that have been taken */
};

struct vq_segment {
    uint64_t address;
    uint32_t length;
};

/* A chain of descriptors taken from the queue. */
struct vq_chain {
    uint16_t head;
    unsigned out_count; /* segments that the device reads, first */
    unsigned in_count;  /* then those that it writes */
    uint64_t out_size, in_size;
    struct vq_segment segments[VQ_SEGMENTS_MAX];
};

/* Takes over what the driver has set up; `shared` is read once. The queue is off when it says so,
 * or when it makes no sense. */
void vq_start(struct vq *vq, const struct vq_memory *memory, const struct abi_queue *shared,
              unsigned size_max);
void vq_stop(struct vq *vq);

/* The next chain: 1, or 0 when there is none, or an error that has broken the queue. */
MUST_CHECK int vq_pop(struct vq *vq, struct vq_chain *chain);
/* Gives the chain that was popped last back untouched. */
void vq_unpop(struct vq *vq);
/* Returns a chain with `written` bytes in its in-segments. */
void vq_push(struct vq *vq, const struct vq_chain *chain, uint32_t written);
/* Whether the driver wants an interrupt for what was pushed. */
bool vq_wants_interrupt(const struct vq *vq);

/* Copies from the out-segments or to the in-segments at an offset; the bytes copied, less than
 * `size` at the end or where the memory is not RAM. */
size_t vq_read(const struct vq *vq, const struct vq_chain *chain, uint64_t offset, void *data,
               size_t size);
size_t vq_write(const struct vq *vq, const struct vq_chain *chain, uint64_t offset,
                const void *data, size_t size);
