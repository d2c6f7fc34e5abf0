/* SPDX-License-Identifier: BSD-2-Clause */
/* One guest, between its life (guests.c) and its console and devices (guest_io.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guestdev/back/back.h"
#include "kernel/config.h"
#include "kernel/guests.h"
#include "kernel/lib/spinlock.h"
#include "kernel/vm.h"

#define LOG_LINE_MAX 200u

struct guest {
    const struct config_guest *config;
    struct vm *vm; /* NULL when it is off */
    enum guest_state state;
    bool stop_wanted;  /* by the monitor: no restart whatever the policy */
    bool leaving;      /* ended, its console's output not yet out */
    bool start_wanted; /* by the monitor's reset: a restart whatever the policy */
    unsigned counting; /* how many events of `stats` are still to come, the next one at count_at */
    uint64_t count_at; /* TSC */
    uint64_t started_at; /* TSC */
    uint64_t start_at;   /* TSC: it restarts then; 0: it does not */
    unsigned starts;
    unsigned port, virtio_port;
    char last_end[32];
    char virtio_name[CONFIG_NAME_MAX + 8];
    char log_line[LOG_LINE_MAX]; /* of a guest whose console goes to the log */
    size_t log_length;
    uint64_t unfinished; /* devices to be rung again by the background; atomic */
    struct spinlock back_lock;
    struct back_set back;
};

/* Gives the VM that was just made its devices. 0, or why not. */
int guest_io_init(struct guest *guest);

/* vm_config's callbacks, owner a struct guest: its UART's bytes, and its devices' bells. */
size_t guest_uart_write(void *owner, const char *data, size_t size);
size_t guest_uart_read(void *owner, char *data, size_t size);
void guest_doorbell(struct vm *vm, uint64_t bells);

/* Ports with input and with room for output, by bit: the guest goes on with its own. */
void guest_console_moved(struct guest *guest, uint64_t input, uint64_t room);

/* Long work of back ends goes on in turns, so that nobody waits for it. */
void guest_finish_devices(struct guest *guest);
