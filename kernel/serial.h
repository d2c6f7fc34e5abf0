/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial console: COM1, or a PCI serial port, interrupt driven both ways. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Takes the serial line over from the early console and gives the log to it. Interrupts, PCI and
 * the IOAPIC are there. Without a port it only says so. */
void serial_init(void);

/* What came in, at most `size` bytes; 0: nothing, or no port. */
size_t serial_read(void *data, size_t size);

/* Sends bytes as they are; what the ring does not hold now waits for the line. */
void serial_write(const void *data, size_t size);

/* The same without waiting: how many bytes the line takes now (all when there is no port). The
 * listener is called when it can take more. */
size_t serial_write_some(const char *data, size_t size);

/* The log does not use the port any more: from now on only serial_write_some sends. */
void serial_release_log(void);

/* For panic: sends what waits, other CPUs being stopped; breaks the port's lock. */
void serial_flush(void);
void serial_force_unlock(void);

bool serial_is_present(void);
/* There is a port, but no interrupt: somebody has to call serial_read often. */
bool serial_is_polled(void);

/* Called on the boot CPU whenever bytes have come in; runs in interrupt context. */
void serial_set_listener(void (*listener)(void));
