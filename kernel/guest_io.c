/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's console ports and virtio back ends. The back ends' lock is taken by the vCPU that rings
 * and by the boot CPU's background.
 */
#include "kernel/guest.h"

#include "exarch/bits.h"
#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/random.h"
#include "kernel/virt/sched.h"

#define GUEST_RAM_BASE UINT64_C(0x40000000) /* where the guest machine has its RAM */
#define VM_PIECE       MIB(2)               /* vm_pointer crosses no border of these */

_Static_assert(CONFIG_GUESTS_MAX == CONSOLE_GUESTS, "each guest has its ports");

/* --- console ------------------------------------------------------------------------------------
 */

/* Whole lines of a guest whose console goes to the log, as fast as the log's line is; what it still
 * had to say when it ended is less than its ring. */
static size_t write_to_log(struct guest *guest, const char *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        char c = __atomic_load_n(&data[n], __ATOMIC_RELAXED); /* once: it may change meanwhile */
        if (c == '\n' || guest->log_length == LOG_LINE_MAX) {
            if (!vm_is_stopping(guest->vm) && !console_log_ready(guest->port)) {
                return n;
            }
            log_info(LOG_VM, "%s| %.*s", guest->config->name, (int)guest->log_length,
                     guest->log_line);
            guest->log_length = 0;
        }
        if (c >= ' ' && c <= '~') { /* no control sequences of any kind */
            guest->log_line[guest->log_length++] = c;
        }
    }
    return size;
}

size_t guest_uart_write(void *owner, const char *data, size_t size)
{
    struct guest *guest = owner;
    if (guest->config->output == CONFIG_OUTPUT_LOG) {
        return write_to_log(guest, data, size);
    }
    return console_write(guest->port, data, size);
}

size_t guest_uart_read(void *owner, char *data, size_t size)
{
    return console_read(((struct guest *)owner)->port, data, size);
}

/* The virtio console's port opens when the guest first uses it. */
static size_t virtio_write(void *context, const char *data, size_t size)
{
    struct guest *guest = context;
    console_open(guest->virtio_port, guest->virtio_name);
    return console_write(guest->virtio_port, data, size);
}

static size_t virtio_read(void *context, char *data, size_t size)
{
    return console_read(((struct guest *)context)->virtio_port, data, size);
}

/* --- back ends ----------------------------------------------------------------------------------
 */

static void *guest_memory(void *context, uint64_t address, uint64_t *size)
{
    const struct guest *guest = context;
    struct abi_area ram = vm_ram(guest->vm);
    uint64_t offset = address - GUEST_RAM_BASE;
    if (address < GUEST_RAM_BASE || offset >= ram.size) {
        return NULL;
    }
    uint64_t vpa = ram.vpa + offset;
    *size = MIN(*size, VM_PIECE - vpa % VM_PIECE);
    *size = MIN(*size, ram.size - offset);
    return vm_pointer(guest->vm, vpa, *size);
}

static void serve(struct guest *guest, uint64_t bells)
{
    uint64_t flags = spin_lock_irq(&guest->back_lock);
    bool interrupt = back_ring(&guest->back, bells);
    uint64_t unfinished = back_unfinished(&guest->back);
    spin_unlock_irq(&guest->back_lock, flags);
    if (unfinished != 0) {
        __atomic_fetch_or(&guest->unfinished, unfinished, __ATOMIC_RELAXED);
        sched_want_background();
    }
    if (interrupt) {
        vm_post(guest->vm, ABI_EVENT_DEVICE);
    }
}

void guest_doorbell(struct vm *vm, uint64_t bells)
{
    serve(vm_owner(vm), bells);
}

int guest_io_init(struct guest *guest)
{
    const struct vq_memory memory = {guest_memory, guest};
    const struct back_host host = {virtio_write, virtio_read, random_fill, guest};
    back_init(&guest->back, vm_shared_page(guest->vm), &memory, &host);
    int error = back_add(&guest->back, &back_console);
    return error < 0 ? error : back_add(&guest->back, &back_entropy);
}

void guest_console_moved(struct guest *guest, uint64_t input, uint64_t room)
{
    if (guest->vm == NULL) {
        return;
    }
    if (bit(input, guest->port)) {
        vm_console_input(guest->vm);
    }
    if (bit(room, guest->port)) {
        vm_console_drain(guest->vm);
    }
    if (bit(input | room, guest->virtio_port) && guest->back.count != 0) {
        serve(guest, UINT64_MAX);
    }
}

void guest_finish_devices(struct guest *guest)
{
    uint64_t bells = __atomic_exchange_n(&guest->unfinished, 0, __ATOMIC_RELAXED);
    if (bells != 0 && guest->vm != NULL) {
        serve(guest, bells);
    }
}
