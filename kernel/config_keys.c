/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of exarch.ini's sections: a table each, with a parser that says what it expected. */
#include "kernel/config_keys.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"
#include "kernel/vm.h"

#define MEMORY_MIN  MIB(2)
#define MEMORY_MAX  GIB(480) /* with its engine's default a VM's space (ABI_SLOT_SIZE) */
#define MEMORY_UNIT MIB(2)
#define CORES_MAX   64u /* a number beyond this machine's CPUs wraps around */

/* --- values -------------------------------------------------------------------------------------
 */

static bool parse_number(const char *text, uint64_t *value, const char **end)
{
    uint64_t sum = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (__builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*c - '0'), &sum)) {
            return false;
        }
    }
    *value = sum;
    *end = c;
    return c != text;
}

bool config_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    uint64_t value;
    const char *end;
    if (!parse_number(text, &value, &end)) {
        return false;
    }
    char unit = *end >= 'a' && *end <= 'z' ? (char)(*end - 'a' + 'A') : *end;
    const char *found = unit != 0 ? strchr(units, unit) : NULL;
    if (found == NULL) {
        return false; /* a bare number: of bytes? of megabytes? */
    }
    end++;
    if (strcmp(end, "") != 0 && strcmp(end, "B") != 0 && strcmp(end, "iB") != 0) {
        return false;
    }
    unsigned shift = 10 * (unsigned)(found - units + 1);
    *bytes = value << shift;
    return *bytes >> shift == value;
}

/* The index of a word in a list that NULL ends, or -ERR_NOENT. */
static int find_word(const char *const *words, const char *text)
{
    for (int n = 0; words[n] != NULL; n++) {
        if (strcmp(words[n], text) == 0) {
            return n;
        }
    }
    return -ERR_NOENT;
}

static int parse_bool(const char *text)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", NULL};
    int word = find_word(words, text);
    return word < 0 ? word : word & 1;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static const char *host_console(const struct config_target *to, const struct ini_entry *entry)
{
    static const char *const words[] = {"serial0", "screen", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "serial0 or screen";
    }
    to->config->console = (enum config_console)word;
    return NULL;
}

static const char *host_loglevel(const struct config_target *to, const struct ini_entry *entry)
{
    static const char *const words[] = {"error", "warn", "info", "debug", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "error, warn, info or debug";
    }
    to->config->log_level = (unsigned)word;
    return NULL;
}

static const char *host_when_idle(const struct config_target *to, const struct ini_entry *entry)
{
    static const char *const words[] = {"stay", "poweroff", "reboot", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "stay, poweroff or reboot";
    }
    to->config->when_idle = (enum config_idle)word;
    return NULL;
}

static const char *take_path(struct config_file *file, const struct ini_entry *entry)
{
    file->line = entry->line;
    if (entry->value[0] == 0 || strlen(entry->value) >= sizeof(file->path)) {
        return "a file's path of at most 63 characters";
    }
    string_copy(file->path, entry->value, sizeof(file->path));
    return NULL;
}

static const char *guest_kernel(const struct config_target *to, const struct ini_entry *entry)
{
    return take_path(&to->guest->kernel, entry);
}

static const char *guest_initrd(const struct config_target *to, const struct ini_entry *entry)
{
    return take_path(&to->guest->initrd, entry);
}

static const char *guest_dtb(const struct config_target *to, const struct ini_entry *entry)
{
    return take_path(&to->guest->dtb, entry);
}

static const char *guest_engine(const struct config_target *to, const struct ini_entry *entry)
{
    return take_path(&to->guest->engine, entry);
}

static const char *guest_cmdline(const struct config_target *to, const struct ini_entry *entry)
{
    string_copy(to->guest->cmdline, entry->value, sizeof(to->guest->cmdline));
    return NULL;
}

static const char *guest_memory(const struct config_target *to, const struct ini_entry *entry)
{
    uint64_t bytes;
    if (!config_parse_size(entry->value, &bytes) || bytes < MEMORY_MIN || bytes > MEMORY_MAX ||
        !IS_ALIGNED(bytes, MEMORY_UNIT)) {
        return "a size with its unit, such as 512M or 4G: 2M to 480G, a multiple of 2M";
    }
    to->guest->memory = bytes;
    to->guest->memory_line = entry->line;
    return NULL;
}

/* A part of the engine's own memory. */
static bool take_engine_size(uint64_t *to, uint64_t most, const struct ini_entry *entry)
{
    uint64_t bytes;
    bool fine = config_parse_size(entry->value, &bytes) && bytes != 0 && bytes <= most &&
                IS_ALIGNED(bytes, MEMORY_UNIT);
    *to = fine ? bytes : *to;
    return fine;
}

static const char *guest_engine_memory(const struct config_target *to,
                                       const struct ini_entry *entry)
{
    return take_engine_size(&to->guest->engine_memory, MEMORY_MAX, entry)
               ? NULL
               : "a size with its unit, such as 64M: 2M to 480G, a multiple of 2M";
}

static const char *guest_code_cache(const struct config_target *to, const struct ini_entry *entry)
{
    return take_engine_size(&to->guest->code_cache, VM_CODE_CACHE_MAX, entry)
               ? NULL
               : "a size with its unit, such as 64M: 2M to 1G, a multiple of 2M";
}

static const char *guest_cpus(const struct config_target *to, const struct ini_entry *entry)
{
    uint64_t count;
    const char *end;
    if (!parse_number(entry->value, &count, &end) || *end != 0 || count == 0 ||
        count > CONFIG_VCPUS_MAX) {
        return "a number from 1 to 16";
    }
    to->guest->cpus = (unsigned)count;
    to->guest->cpus_line = entry->line;
    return NULL;
}

static const char *guest_core(const struct config_target *to, const struct ini_entry *entry)
{
    uint64_t core;
    const char *end;
    if (!parse_number(entry->value, &core, &end) || *end != 0 || core >= CORES_MAX) {
        return "a CPU's number from 0 to 63";
    }
    to->guest->core = (unsigned)core;
    return NULL;
}

static const char *guest_autostart(const struct config_target *to, const struct ini_entry *entry)
{
    int value = parse_bool(entry->value);
    to->guest->autostart = value > 0;
    return value < 0 ? "yes or no" : NULL;
}

static const char *guest_console(const struct config_target *to, const struct ini_entry *entry)
{
    static const char *const words[] = {"no", "yes", "log", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "yes, no or log";
    }
    to->guest->output = (enum config_output)word;
    return NULL;
}

static const char *guest_restart(const struct config_target *to, const struct ini_entry *entry)
{
    static const char *const words[] = {"no", "on-reset", "always", "yes", NULL};
    static const enum config_restart meanings[] = {CONFIG_RESTART_NO, CONFIG_RESTART_ON_RESET,
                                                   CONFIG_RESTART_ALWAYS, CONFIG_RESTART_ON_RESET};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "no, on-reset or always";
    }
    to->guest->restart = meanings[word];
    return NULL;
}

static const char *guest_later(const struct config_target *to, const struct ini_entry *entry)
{
    (void)to, (void)entry;
    return "nothing: this version gives guests no disks and no nets";
}

// clang-format off
const struct config_key config_host_keys[] = {
    {"console",   host_console},
    {"loglevel",  host_loglevel},
    {"when_idle", host_when_idle},
    {NULL, NULL}
};

const struct config_key config_guest_keys[] = {
    {"kernel",        guest_kernel},
    {"initrd",        guest_initrd},
    {"dtb",           guest_dtb},
    {"cmdline",       guest_cmdline},
    {"memory",        guest_memory},
    {"cpus",          guest_cpus},
    {"core",          guest_core},
    {"autostart",     guest_autostart},
    {"console",       guest_console},
    {"restart",       guest_restart},
    {"engine",        guest_engine},
    {"engine_memory", guest_engine_memory},
    {"code_cache",    guest_code_cache},
    {"disks",         guest_later},
    {"nets",          guest_later},
    {NULL, NULL}
};
// clang-format on

_Static_assert(ARRAY_SIZE(config_guest_keys) <= CONFIG_KEYS_MAX, "each has its line");
_Static_assert(ARRAY_SIZE(config_host_keys) <= CONFIG_KEYS_MAX, "each has its line");
