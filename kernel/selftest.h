/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot tests ask root to do to itself. */
#pragma once

/* Does what a word `selftest=NAME` of the command line asks for; says which names there are when it
 * is none of them. */
void selftest(const char *cmdline);
