/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: exarch.ini checked and in plain structs. Every complaint is one line that says
 * file, line, what was found and what was expected. A guest that anything is wrong with is marked
 * and does not start; the others do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exarch/err.h"

#define CONFIG_NAME        "exarch.ini"
#define CONFIG_GUESTS_MAX  16u
#define CONFIG_NAME_MAX    32u
#define CONFIG_PATH_MAX    64u
#define CONFIG_CMDLINE_MAX 2048u
#define CONFIG_VCPUS_MAX   16u

enum config_restart {
    CONFIG_RESTART_NO,       /* whatever ends it, it stays off */
    CONFIG_RESTART_ON_RESET, /* when it asks for a reset */
    CONFIG_RESTART_ALWAYS    /* also after power-off and failure */
};

enum config_console { CONFIG_CONSOLE_SERIAL, CONFIG_CONSOLE_SCREEN };

/* What the machine does when the last guest has ended for good. */
enum config_idle { CONFIG_IDLE_STAY, CONFIG_IDLE_POWEROFF, CONFIG_IDLE_REBOOT };

/* Where a guest's console goes. */
enum config_output {
    CONFIG_OUTPUT_NO,  /* its own port, in the background */
    CONFIG_OUTPUT_YES, /* its own port, which comes to the front when nothing else is there */
    CONFIG_OUTPUT_LOG  /* line by line into root's log; it gets no input */
};

struct config_file {
    char path[CONFIG_PATH_MAX]; /* "" when there is none */
    unsigned line;              /* 0: the key is not there */
};

struct config_guest {
    char name[CONFIG_NAME_MAX];
    unsigned line;
    bool broken; /* something was wrong: it was said, and the guest must not start */
    struct config_file kernel, initrd, dtb;
    struct config_file engine; /* another engine than the one in the image: for tests */
    char cmdline[CONFIG_CMDLINE_MAX];
    uint64_t memory; /* bytes */
    unsigned memory_line;
    uint64_t engine_memory; /* of the engine's own heap; 0: by the guest's memory */
    uint64_t code_cache;    /* 0: the default */
    unsigned cpus;
    unsigned cpus_line;
    unsigned core; /* where its first vCPU runs */
    bool autostart;
    enum config_output output;
    enum config_restart restart;
};

struct config {
    enum config_console console;
    enum config_idle when_idle;
    unsigned log_level; /* enum log_level */
    unsigned guest_count;
    unsigned complaints;
    struct config_guest guests[CONFIG_GUESTS_MAX];
};

/* What the configuration is checked against, and where complaints go. */
struct config_host {
    /* Is there a file of that name? NULL: any. */
    bool (*has_file)(void *context, const char *path);
    uint64_t memory; /* that guests can have altogether; 0: any */
    /* What a guest takes in all, with its engine and files. NULL, or less than its own memory:
     * that. */
    uint64_t (*space_of)(void *context, const struct config_guest *guest);
    unsigned cpus;
    void (*complain)(void *context, const char *line);
    void *context;
};

/*
 * Reads the text into *config (large: static), which always ends up usable. The number of
 * complaints is in it. The default guest: 512 MiB, 1 vCPU, started, restarted on its reset.
 */
void config_read(struct config *config, const char *text, size_t size,
                 const struct config_host *host);

/* "512M" and so on: a number with K, M, G or T (binary, upper or lower case, a B or iB may follow);
 * false when it is not, or too large. */
bool config_parse_size(const char *text, uint64_t *bytes);
