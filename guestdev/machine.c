/* SPDX-License-Identifier: BSD-2-Clause */
/* The map of the guest machine: which device answers at an address, and who hears of events. */
#include "guestdev/machine.h"

#include "dbt/platform.h"
#include "dbt/vcpu.h"

/* Devices are few accesses' work; who waits for another vCPU's access spins. */
void machine_lock(struct vm *vm, const struct vcpu *holder)
{
    while (__atomic_exchange_n(&vm->machine.lock, 1, __ATOMIC_ACQUIRE)) {
        __builtin_ia32_pause();
    }
    vm->machine.holder = holder;
}

void machine_unlock(struct vm *vm)
{
    __atomic_store_n(&vm->machine.lock, 0, __ATOMIC_RELEASE);
}

static bool virtio_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    return virtio_mmio_read(vm, (unsigned)(offset / MACHINE_VIRTIO_EACH),
                            offset % MACHINE_VIRTIO_EACH, size, value);
}

static bool virtio_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    return virtio_mmio_write(vm, (unsigned)(offset / MACHINE_VIRTIO_EACH),
                             offset % MACHINE_VIRTIO_EACH, size, value);
}

/* The NOR flash banks of `virt`, with no chip: they read as erased, which firmware takes for
 * "nothing stored here". */
static bool flash_read(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)vm, (void)offset;
    *value = MASK(size * 8 - 1, 0);
    return true;
}

static bool flash_write(struct vm *vm, uint64_t offset, unsigned size, uint64_t value)
{
    (void)vm, (void)offset, (void)size, (void)value;
    return true;
}

static const struct {
    uint64_t base, size;
    bool (*read)(struct vm *vm, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(struct vm *vm, uint64_t offset, unsigned size, uint64_t value);
} devices[] = {
    {MACHINE_UART, PAGE_SIZE, pl011_read, pl011_write},
    {MACHINE_GICD, MACHINE_GICD_SIZE, gicd_read, gicd_write},
    {MACHINE_GICR, MACHINE_GICR_EACH *MACHINE_MAX_VCPUS, gicr_read, gicr_write},
    {MACHINE_VIRTIO, MACHINE_VIRTIO_EACH *VIRTIO_SLOTS, virtio_read, virtio_write},
    {MACHINE_RTC, PAGE_SIZE, pl031_read, pl031_write},
    {MACHINE_FLASH, MACHINE_FLASH_SIZE, flash_read, flash_write},
};

static int find_device(uint64_t pa)
{
    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
        if (pa - devices[i].base < devices[i].size) {
            return (int)i;
        }
    }
    return -1;
}

static bool is_natural(uint64_t pa, unsigned size)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && IS_ALIGNED(pa, (uint64_t)size);
}

bool machine_read(struct vm *vm, uint64_t pa, unsigned size, uint64_t *value)
{
    int i = find_device(pa);
    bool known;

    if (i < 0 || !is_natural(pa, size)) {
        return false;
    }
    *value = 0;
    machine_lock(vm, NULL);
    known = devices[i].read(vm, pa - devices[i].base, size, value);
    machine_unlock(vm);
    *value &= MASK(size * 8 - 1, 0);
    return known;
}

bool machine_write(struct vm *vm, uint64_t pa, unsigned size, uint64_t value)
{
    int i = find_device(pa);
    bool known;

    if (i < 0 || !is_natural(pa, size)) {
        return false;
    }
    if (size < 8) {
        value &= MASK(size * 8 - 1, 0);
    }
    machine_lock(vm, NULL);
    known = devices[i].write(vm, pa - devices[i].base, size, value);
    machine_unlock(vm);
    return known;
}

bool machine_is_device(uint64_t pa)
{
    return find_device(pa) >= 0;
}

void machine_reset(struct vm *vm)
{
    gic_reset(vm);
    pl011_reset(vm);
    pl031_reset(vm);
    virtio_mmio_reset(vm);
}

void machine_events(struct vcpu *vcpu, unsigned events)
{
    machine_lock(vcpu->vm, vcpu);
    if (events & (PLAT_EVENT_TIMER | PLAT_EVENT_KICK)) {
        timer_update(vcpu);
    }
    if (events & PLAT_EVENT_CONSOLE) {
        pl011_poll(vcpu->vm);
    }
    if (events & PLAT_EVENT_QUEUE) {
        virtio_mmio_poll(vcpu->vm);
    }
    machine_unlock(vcpu->vm);
}
