/* SPDX-License-Identifier: BSD-2-Clause */
/* Output from the first instructions on: COM1 by polling, and the emulators' port 0xe9. */
#pragma once

void early_console_init(void);

/* Stops using COM1: its driver has taken over. */
void early_console_release_serial(void);
