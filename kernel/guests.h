/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guests that exarch.ini names: started, ended, restarted by their policy, connected to their
 * console ports and back ends. All but the counting functions run on the boot CPU, in its
 * background.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot_info.h"
#include "exarch/err.h"

enum guest_state {
    GUEST_OFF,
    GUEST_RUNNING,
    GUEST_PAUSED,
    GUEST_STOPPING, /* told to end; not gone yet */
    GUEST_BROKEN,   /* its section of exarch.ini is wrong */
    GUEST_STATES
};

struct guest_info {
    const char *name;
    const char *last_end; /* how it ended last; "" before */
    enum guest_state state;
    uint64_t memory;
    unsigned cpus;
    unsigned starts;
};

/* Reads exarch.ini, opens the console ports (guest n has port n + 1), starts what starts by itself.
 */
void guests_init(const struct boot_info *info);

unsigned guests_count(void);
void guests_describe(unsigned n, struct guest_info *info);
const char *guests_state_name(enum guest_state state);

/* Starts a guest that is off; -ERR_BUSY when it is not, -ERR_INVAL when it is broken. */
MUST_CHECK int guests_start(unsigned n);
/* Ends it at once, as a power cut would; it stays off. -ERR_NOENT when it is off. */
MUST_CHECK int guests_stop(unsigned n);
/* Ends it and starts it anew. */
MUST_CHECK int guests_reset(unsigned n);
/* Takes its CPUs away and gives them back; its clock goes on. */
MUST_CHECK int guests_pause(unsigned n, bool pause);
/* Its exits, hypercalls, memory, in the log. */
MUST_CHECK int guests_stats(unsigned n);

/* How many live. */
unsigned guests_living(void);

/* The boot CPU's regular work: ended guests, console input, output that waits for room. */
void guests_background(void);

/* Console ports whose bits are set have input, or room for output. */
void guests_console_moved(uint64_t input, uint64_t room);
