/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor: a command line on console port 0, run from the boot CPU's background. */
#pragma once

/* Prints the greeting and the prompt. The console multiplexer is up. */
void monitor_init(void);

/* Takes the input that has come for port 0 and runs the commands in it. */
void monitor_poll(void);

/* Draws the prompt again, after something else was printed (another port was in front, the log). */
void monitor_redraw(void);
