/* SPDX-License-Identifier: BSD-2-Clause */
/* Console rings: root drains the output after each turn; half a ring of it is worth a call. */
#include "dbt/platform/vm/console.h"

#include "dbt/platform/vm/hypercall.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

static struct abi_vm *shared;
static char *out;
static const char *in;
static uint64_t log_vpa;
static char *log_text; /* in the shared page's room: an address that root can copy from */

_Static_assert(ABI_VM_PAGES *PAGE_SIZE - sizeof(struct abi_vm) >= ABI_LOG_MAX,
               "the VM page's rest holds a log line");

void console_init(const struct abi_boot *boot)
{
    shared = (struct abi_vm *)(ABI_DIRECT_BASE + boot->vm_page);
    out = (char *)(ABI_DIRECT_BASE + boot->console_out);
    in = (const char *)(ABI_DIRECT_BASE + boot->console_in);
    log_vpa = boot->vm_page + sizeof(struct abi_vm);
    log_text = (char *)(ABI_DIRECT_BASE + log_vpa);
}

size_t console_write(const void *data, size_t size)
{
    struct abi_ring *ring = &shared->console_out;
    uint32_t head = ring->head;
    uint32_t used = head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    uint32_t room = used < ABI_CONSOLE_OUT_SIZE ? (uint32_t)ABI_CONSOLE_OUT_SIZE - used : 0;
    size_t taken = MIN(size, (size_t)room);
    for (size_t i = 0; i < taken; i++) {
        out[(head + i) % ABI_CONSOLE_OUT_SIZE] = ((const char *)data)[i];
    }
    __atomic_store_n(&ring->head, head + (uint32_t)taken, __ATOMIC_RELEASE);
    if (used + taken > ABI_CONSOLE_OUT_SIZE / 2) {
        console_flush();
    }
    return taken;
}

size_t console_read(void *data, size_t size)
{
    struct abi_ring *ring = &shared->console_in;
    uint32_t tail = ring->tail;
    uint32_t filled = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
    size_t got = MIN(size, (size_t)filled);
    for (size_t i = 0; i < got; i++) {
        ((char *)data)[i] = in[(tail + i) % ABI_CONSOLE_IN_SIZE];
    }
    __atomic_store_n(&ring->tail, tail + (uint32_t)got, __ATOMIC_RELEASE);
    return got;
}

void console_flush(void)
{
    hypercall(ABI_CALL_CONSOLE, 0, 0, 0, NULL);
}

/* The bytes in log_text that a formatter says it has written. */
static uint64_t text_size(int length)
{
    return MIN((uint64_t)(length < 0 ? 0 : length), (uint64_t)ABI_LOG_MAX - 1);
}

void console_log(enum abi_log level, const char *format, va_list args)
{
    int length = format_buffer_va(log_text, ABI_LOG_MAX, format, args);
    hypercall(ABI_CALL_LOG, level, log_vpa, text_size(length), NULL);
}

void console_stop_files(const char *why)
{
    int length = format_buffer(log_text, ABI_LOG_MAX, "%s", why);
    for (;;) {
        hypercall(ABI_CALL_STOP, ABI_STOP_FILES, log_vpa, text_size(length), NULL);
    }
}
