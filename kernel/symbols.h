/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's own function names, from the table that the second link pass embeds. */
#pragma once

#include <stdint.h>

/* The function that holds `address` and the offset into it, or NULL. */
const char *symbol_lookup(uint64_t address, uint64_t *offset);

/* The linker's build id (SHA-1) as hexadecimal text. */
const char *build_id(void);
