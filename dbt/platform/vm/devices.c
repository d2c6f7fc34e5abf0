/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio devices that root serves: their registers' contents lie in the page that both share.
 */
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/vm.h"
#include "guestdev/virtio_mmio.h"

_Static_assert(ABI_DEVICES <= VIRTIO_SLOTS, "each device has a slot");

static struct abi_vm *shared;

/* Root serves the device before the call returns; the bit may have company from other vCPUs. */
static void ring_doorbell(unsigned n)
{
    __atomic_fetch_or(&shared->doorbells, BIT64(n), __ATOMIC_SEQ_CST);
    hypercall(ABI_CALL_DOORBELL, 0, 0, 0, NULL);
}

void vm_devices_init(struct vm *vm, const struct abi_boot *boot)
{
    shared = space_pointer(boot->vm_page);
    for (unsigned n = 0; n < ABI_DEVICES; n++) {
        if (shared->devices[n].kind != 0) {
            virtio_mmio_attach(vm, n, &shared->devices[n], ring_doorbell);
        }
    }
}
