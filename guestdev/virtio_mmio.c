/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio-mmio transport's registers (virtio 1.2, 4.2.2). */
/*
 * What the back end sees is struct abi_device: this file turns register accesses into its fields
 * and says by doorbell that something changed. The back end sets interrupt bits and the event of
 * the VM.
 */
#include "guestdev/machine.h"

#include "dbt/vcpu.h"
#include "exarch/abi.h"

enum {
    VM_MAGIC = 0x000,
    VM_VERSION = 0x004,
    VM_DEVICE_ID = 0x008,
    VM_VENDOR_ID = 0x00c,
    VM_DEVICE_FEATURES = 0x010,
    VM_DEVICE_FEATURES_SEL = 0x014,
    VM_DRIVER_FEATURES = 0x020,
    VM_DRIVER_FEATURES_SEL = 0x024,
    VM_QUEUE_SEL = 0x030,
    VM_QUEUE_NUM_MAX = 0x034,
    VM_QUEUE_NUM = 0x038,
    VM_QUEUE_READY = 0x044,
    VM_QUEUE_NOTIFY = 0x050,
    VM_INTERRUPT_STATUS = 0x060,
    VM_INTERRUPT_ACK = 0x064,
    VM_STATUS = 0x070,
    VM_QUEUE_DESC = 0x080,
    VM_QUEUE_DRIVER = 0x090,
    VM_QUEUE_DEVICE = 0x0a0,
    VM_SHM_LEN = 0x0b0,
    VM_SHM_BASE = 0x0b8,
    VM_CONFIG_GENERATION = 0x0fc,
    VM_CONFIG = 0x100,
};

#define VIRTIO_MAGIC UINT32_C(0x74726976) /* "virt" */
#define VENDOR       UINT32_C(0x48435845) /* "EXCH" */

#define STATUS_BITS                                                                                \
    (ABI_STATUS_ACKNOWLEDGE | ABI_STATUS_DRIVER | ABI_STATUS_DRIVER_OK | ABI_STATUS_FEATURES_OK |  \
     ABI_STATUS_NEEDS_RESET | ABI_STATUS_FAILED)

#define FEATURE_VERSION_1 BIT64(32)

static struct virtio_slot *slot_of(struct vm *vm, unsigned n)
{
    return &vm->machine.virtio[n];
}

static void set_wire(struct vm *vm, unsigned n)
{
    const struct abi_device *device = slot_of(vm, n)->device;
    bool level = device && __atomic_load_n(&device->interrupt, __ATOMIC_ACQUIRE);

    gic_set_spi(vm, GIC_SPI(MACHINE_SPI_VIRTIO + n), level);
}

void virtio_mmio_poll(struct vm *vm)
{
    for (unsigned n = 0; n < VIRTIO_SLOTS; n++) {
        if (slot_of(vm, n)->device) {
            set_wire(vm, n);
        }
    }
}

void virtio_mmio_attach(struct vm *vm, unsigned n, struct abi_device *device,
                        void (*doorbell)(unsigned n))
{
    slot_of(vm, n)->device = device;
    slot_of(vm, n)->doorbell = doorbell;
}

static void forget_driver(struct abi_device *device)
{
    device->driver_features = 0;
    for (unsigned i = 0; i < ABI_QUEUES_PER_DEVICE; i++) {
        device->queues[i] = (struct abi_queue){0};
    }
    __atomic_store_n(&device->interrupt, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&device->status, 0, __ATOMIC_RELEASE);
}

void virtio_mmio_reset(struct vm *vm)
{
    for (unsigned n = 0; n < VIRTIO_SLOTS; n++) {
        struct virtio_slot *slot = slot_of(vm, n);

        slot->device_features_sel = slot->driver_features_sel = slot->queue_sel = 0;
        if (slot->device) {
            forget_driver(slot->device);
        }
    }
}

/* The queue that QueueSel names; NULL: there is none. */
static struct abi_queue *queue_of(const struct virtio_slot *slot)
{
    return slot->queue_sel < ABI_QUEUES_PER_DEVICE && slot->device->queue_max[slot->queue_sel]
               ? &slot->device->queues[slot->queue_sel]
               : NULL;
}

/* The 32 bits of a 64-bit word that a select register or an offset names; beyond: 0. */
static uint32_t half_of(uint64_t word, uint32_t select)
{
    return select < 2 ? (uint32_t)(word >> (32 * select)) : 0;
}

static void set_half(uint64_t *word, uint32_t select, uint32_t value)
{
    if (select < 2) {
        *word = SET_FIELD(*word, select ? MASK(63, 32) : MASK(31, 0), value);
    }
}

/* Configuration space takes accesses of every size; it may change under the reader (4.2.2.2). */
static uint64_t read_config(const struct abi_device *device, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size && offset + i < ABI_DEVICE_CONFIG; i++) {
        value |= (uint64_t)device->config[offset + i] << (8 * i);
    }
    return value;
}

static uint32_t read_register(const struct virtio_slot *slot, uint64_t offset)
{
    const struct abi_device *device = slot->device;
    const struct abi_queue *queue = queue_of(slot);

    switch (offset) {
    case VM_DEVICE_FEATURES: return half_of(device->device_features, slot->device_features_sel);
    case VM_QUEUE_NUM_MAX: return queue ? device->queue_max[slot->queue_sel] : 0;
    case VM_QUEUE_READY: return queue ? queue->ready : 0;
    case VM_INTERRUPT_STATUS: return __atomic_load_n(&device->interrupt, __ATOMIC_ACQUIRE);
    case VM_STATUS: return device->status;
    case VM_SHM_LEN:
    case VM_SHM_LEN + 4:
    case VM_SHM_BASE:
    case VM_SHM_BASE + 4: return UINT32_MAX; /* no shared memory */
    case VM_CONFIG_GENERATION: return device->config_generation;
    default: return 0;
    }
}

bool virtio_mmio_read(struct vm *vm, unsigned n, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct virtio_slot *slot = slot_of(vm, n);

    if (slot->device && offset >= VM_CONFIG) {
        *value = read_config(slot->device, offset - VM_CONFIG, size);
        return true;
    }
    if (size != 4) {
        return false;
    }
    switch (offset) {
    case VM_MAGIC: *value = VIRTIO_MAGIC; break;
    case VM_VERSION: *value = 2; break;
    case VM_DEVICE_ID: *value = slot->device ? slot->device->kind : 0; break;
    case VM_VENDOR_ID: *value = VENDOR; break;
    default: *value = slot->device ? read_register(slot, offset) : 0;
    }
    return true;
}

/* 2.2.2: only what is offered; 6.1: a driver of the old interface would read other layouts. */
static bool features_are_fine(const struct abi_device *device)
{
    return !(device->driver_features & ~device->device_features) &&
           (device->driver_features & FEATURE_VERSION_1);
}

static bool is_negotiated(const struct abi_device *device)
{
    return __atomic_load_n(&device->status, __ATOMIC_RELAXED) & ABI_STATUS_FEATURES_OK;
}

/* When the bell's call is back the back end has left the queues; what it said last goes too. */
static void reset_device(const struct virtio_slot *slot, unsigned n)
{
    __atomic_store_n(&slot->device->status, 0, __ATOMIC_RELEASE);
    slot->doorbell(n);
    forget_driver(slot->device);
}

/* Features that cannot be had: FEATURES_OK stays clear, which the driver reads back (3.1.1). That
 * the device needs a reset is the back end's word, and only a reset ends it. */
static void write_status(const struct virtio_slot *slot, unsigned n, uint32_t value)
{
    struct abi_device *device = slot->device;

    if (!value) {
        reset_device(slot, n);
        return;
    }
    value &= STATUS_BITS;
    if (!is_negotiated(device) && !features_are_fine(device)) {
        value &= ~ABI_STATUS_FEATURES_OK;
    }
    __atomic_fetch_and(&device->status, value | ABI_STATUS_NEEDS_RESET, __ATOMIC_ACQ_REL);
    __atomic_fetch_or(&device->status, value, __ATOMIC_ACQ_REL);
    slot->doorbell(n);
}

/* Once they are agreed on they do not change (3.1.1, step 5). */
static void write_features(const struct virtio_slot *slot, uint32_t value)
{
    if (!is_negotiated(slot->device)) {
        set_half(&slot->device->driver_features, slot->driver_features_sel, value);
    }
}

/* A queue that is in use does not change (4.2.2.1): only QueueReady ends that. */
static void write_queue(const struct virtio_slot *slot, uint64_t offset, uint32_t value)
{
    struct abi_queue *queue = queue_of(slot);

    if (!queue) {
        return;
    }
    if (offset == VM_QUEUE_READY) {
        __atomic_store_n(&queue->ready, value & 1, __ATOMIC_RELEASE);
        return;
    }
    if (queue->ready) {
        return;
    }
    switch (offset & ~UINT64_C(4)) {
    case VM_QUEUE_NUM:
        if (value <= slot->device->queue_max[slot->queue_sel]) {
            queue->size = value;
        }
        break;
    case VM_QUEUE_DESC: set_half(&queue->desc, bit(offset, 2), value); break;
    case VM_QUEUE_DRIVER: set_half(&queue->driver, bit(offset, 2), value); break;
    case VM_QUEUE_DEVICE: set_half(&queue->device, bit(offset, 2), value); break;
    default: break;
    }
}

static void write_register(struct vm *vm, unsigned n, uint64_t offset, uint32_t value)
{
    struct virtio_slot *slot = slot_of(vm, n);
    struct abi_device *device = slot->device;

    switch (offset) {
    case VM_DEVICE_FEATURES_SEL: slot->device_features_sel = value; break;
    case VM_DRIVER_FEATURES_SEL: slot->driver_features_sel = value; break;
    case VM_DRIVER_FEATURES: write_features(slot, value); break;
    case VM_QUEUE_SEL: slot->queue_sel = value; break;
    case VM_QUEUE_NOTIFY: slot->doorbell(n); break;
    case VM_INTERRUPT_ACK:
        __atomic_fetch_and(&device->interrupt, ~value, __ATOMIC_ACQ_REL);
        set_wire(vm, n);
        break;
    case VM_STATUS:
        write_status(slot, n, value);
        set_wire(vm, n);
        break;
    case VM_QUEUE_READY:
        write_queue(slot, offset, value);
        slot->doorbell(n);
        break;
    default: write_queue(slot, offset, value);
    }
}

bool virtio_mmio_write(struct vm *vm, unsigned n, uint64_t offset, unsigned size, uint64_t value)
{
    bool present = slot_of(vm, n)->device;

    if (present && offset >= VM_CONFIG) {
        return true; /* no device here has a field that a driver may write */
    }
    if (size != 4) {
        return false;
    }
    if (present) {
        write_register(vm, n, offset, (uint32_t)value);
    }
    return true;
}
