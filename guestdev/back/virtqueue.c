/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a split virtqueue; see virtqueue.h. Numbers are little-endian, as x86 is. */
#include "guestdev/back/virtqueue.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define DESC_SIZE          16u
#define DESC_NEXT          1u
#define DESC_WRITE         2u
#define DESC_INDIRECT      4u
#define AVAIL_NO_INTERRUPT 1u

/* Offsets in the available ring and the used ring (2.7.6, 2.7.8). */
enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 };

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
_Static_assert(sizeof(struct desc) == DESC_SIZE, "2.7.5");

/* --- guest memory -------------------------------------------------------------------------------
 */

/* Copies between `data` and guest memory, piece by piece; the bytes copied. */
static size_t copy(const struct vq *vq, uint64_t address, void *data, size_t size, bool to_guest)
{
    uint8_t *bytes = data;
    size_t done = 0;
    while (done < size) {
        uint64_t piece = size - done;
        void *at = vq->memory->at(vq->memory->context, address + done, &piece);
        if (at == NULL || piece == 0) {
            break;
        }
        if (to_guest) {
            memcpy(at, bytes + done, piece);
        } else {
            memcpy(bytes + done, at, piece);
        }
        done += piece;
    }
    return done;
}

static bool get(const struct vq *vq, uint64_t address, void *data, size_t size)
{
    return copy(vq, address, data, size, false) == size;
}

static bool put(const struct vq *vq, uint64_t address, const void *data, size_t size)
{
    return copy(vq, address, (void *)(uintptr_t)data, size, true) == size;
}

static int broken(struct vq *vq)
{
    vq->broken = true;
    return -ERR_FORMAT;
}

/* --- life ---------------------------------------------------------------------------------------
 */

void vq_start(struct vq *vq, const struct vq_memory *memory, const struct abi_queue *shared,
              unsigned size_max)
{
    struct abi_queue queue = *(const volatile struct abi_queue *)shared;
    vq_stop(vq);
    vq->memory = memory;
    vq->ready = queue.ready != 0;
    bool sane = vq->ready && queue.size != 0 && queue.size <= MIN(size_max, VQ_SIZE_MAX) &&
                (queue.size & (queue.size - 1)) == 0 && IS_ALIGNED(queue.desc, 16) &&
                IS_ALIGNED(queue.driver, 2) && IS_ALIGNED(queue.device, 4);
    if (sane) {
        vq->desc = queue.desc;
        vq->avail = queue.driver;
        vq->used = queue.device;
        vq->size = (uint16_t)queue.size;
    }
}

void vq_stop(struct vq *vq)
{
    *vq = (struct vq){0};
}

/* --- taking -------------------------------------------------------------------------------------
 */

static int add_segment(struct vq *vq, struct vq_chain *chain, const struct desc *desc)
{
    bool in = (desc->flags & DESC_WRITE) != 0;
    unsigned count = chain->out_count + chain->in_count;
    /* 2.7.4.2: what the device reads comes first; 2.7.5.2: less than 2^32 bytes in all */
    if (count == VQ_SEGMENTS_MAX || (!in && chain->in_count != 0) ||
        chain->in_size + chain->out_size + desc->length > UINT32_MAX) {
        return broken(vq);
    }
    chain->segments[count] = (struct vq_segment){desc->address, desc->length};
    chain->in_count += in;
    chain->out_count += !in;
    *(in ? &chain->in_size : &chain->out_size) += desc->length;
    return 0;
}

/* Follows a table of `size` descriptors from `index`; an indirect table may stand for the rest. */
static int walk(struct vq *vq, struct vq_chain *chain, uint64_t table, uint32_t size,
                uint16_t index, bool indirect)
{
    struct desc desc;
    for (uint32_t steps = 0; steps < size; steps++) {
        if (index >= size || !get(vq, table + (uint64_t)index * DESC_SIZE, &desc, sizeof(desc))) {
            return broken(vq);
        }
        if ((desc.flags & DESC_INDIRECT) != 0) {
            uint32_t count = desc.length / DESC_SIZE;
            /* 2.7.5.3.1: no table in a table, no next beside it, whole descriptors */
            if (indirect || (desc.flags & DESC_NEXT) != 0 || count == 0 ||
                count > VQ_SEGMENTS_MAX || desc.length % DESC_SIZE != 0) {
                return broken(vq);
            }
            return walk(vq, chain, desc.address, count, 0, true);
        }
        int error = add_segment(vq, chain, &desc);
        if (error < 0 || (desc.flags & DESC_NEXT) == 0) {
            return error;
        }
        index = desc.next;
    }
    return broken(vq); /* a loop */
}

int vq_pop(struct vq *vq, struct vq_chain *chain)
{
    uint16_t index;
    uint16_t head;
    if (vq->size == 0 || vq->broken) {
        return 0;
    }
    if (!get(vq, vq->avail + RING_INDEX, &index, sizeof(index))) {
        return broken(vq);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    uint16_t waiting = (uint16_t)(index - vq->last_avail);
    if (waiting == 0) {
        return 0;
    }
    if (waiting > vq->size || !get(vq, vq->avail + RING_ENTRIES + 2u * (vq->last_avail % vq->size),
                                   &head, sizeof(head))) {
        return broken(vq);
    }
    chain->head = head;
    chain->out_count = 0;
    chain->in_count = 0;
    chain->out_size = 0;
    chain->in_size = 0;
    int error = walk(vq, chain, vq->desc, vq->size, head, false);
    if (error < 0) {
        return error;
    }
    vq->last_avail++;
    return 1;
}

void vq_unpop(struct vq *vq)
{
    vq->last_avail--;
}

/* --- giving back --------------------------------------------------------------------------------
 */

void vq_push(struct vq *vq, const struct vq_chain *chain, uint32_t written)
{
    const uint32_t entry[2] = {chain->head, written};
    uint64_t at = vq->used + RING_ENTRIES + 8u * (vq->used_index % vq->size);
    if (!put(vq, at, entry, sizeof(entry))) {
        (void)broken(vq);
        return;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    vq->used_index++;
    if (!put(vq, vq->used + RING_INDEX, &vq->used_index, sizeof(vq->used_index))) {
        (void)broken(vq);
    }
}

bool vq_wants_interrupt(const struct vq *vq)
{
    uint16_t flags = 0;
    /* The flag must be read after the index has become visible (2.7.7.1). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return get(vq, vq->avail + RING_FLAGS, &flags, sizeof(flags)) &&
           (flags & AVAIL_NO_INTERRUPT) == 0;
}

/* --- data ---------------------------------------------------------------------------------------
 */

static size_t transfer(const struct vq *vq, const struct vq_segment *segments, unsigned count,
                       uint64_t offset, uint8_t *data, size_t size, bool to_guest)
{
    size_t done = 0;
    for (unsigned n = 0; n < count && done < size; n++) {
        uint32_t length = segments[n].length;
        if (offset >= length) {
            offset -= length;
            continue;
        }
        size_t part = MIN(size - done, (size_t)(length - offset));
        size_t copied = copy(vq, segments[n].address + offset, data + done, part, to_guest);
        done += copied;
        if (copied != part) {
            break;
        }
        offset = 0;
    }
    return done;
}

size_t vq_read(const struct vq *vq, const struct vq_chain *chain, uint64_t offset, void *data,
               size_t size)
{
    return transfer(vq, chain->segments, chain->out_count, offset, data, size, false);
}

size_t vq_write(const struct vq *vq, const struct vq_chain *chain, uint64_t offset,
                const void *data, size_t size)
{
    return transfer(vq, chain->segments + chain->out_count, chain->in_count, offset,
                    (uint8_t *)(uintptr_t)data, size, true);
}
