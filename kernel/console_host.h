/* SPDX-License-Identifier: BSD-2-Clause */
/* The console multiplexer on this machine: the serial line or the screen, the log, the guests. */
#pragma once

#include "kernel/config.h"

/* Takes the serial line from the log and gives it, or the screen, to the multiplexer. */
void console_host_init(enum config_console where);

/* The boot CPU's regular work: input to the ports, output that waits. */
void console_host_poll(void);
