/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sections of exarch.ini may hold. */
#pragma once

#include "kernel/config.h"
#include "kernel/lib/ini.h"

#define CONFIG_KEYS_MAX 16u

/* Where a key's value goes; guest is that of the section, NULL in [host]. */
struct config_target {
    struct config *config;
    struct config_guest *guest;
};

/* A row; the last one of a table has no name. The parser takes the value, or says what was expected
 * instead; NULL: nothing is wrong. */
struct config_key {
    const char *name;
    const char *(*parse)(const struct config_target *to, const struct ini_entry *entry);
};

extern const struct config_key config_host_keys[];
extern const struct config_key config_guest_keys[];
