/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's end; everything said is sent first. */
#pragma once

/* Switches the machine off. Comes back only when that is not possible, which it has logged then. */
int shutdown_poweroff(void);

/* Stops the other CPUs and resets the machine, by a triple fault when nothing else does it. */
_Noreturn void shutdown_reboot(void);
