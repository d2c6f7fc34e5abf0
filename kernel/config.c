/* SPDX-License-Identifier: BSD-2-Clause */
/* exarch.ini: one table of keys a section, each with its parser. kernel/lib/ini.c takes lines
 * apart. */
#include "kernel/config.h"

#include "exarch/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/ini.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"

#define MEMORY_DEFAULT   MIB(512)
#define MEMORY_MIN       MIB(2)
#define MEMORY_MAX       GIB(1024)
#define MEMORY_UNIT      MIB(2)
#define LINE_MAX         320u
#define KEYS_MAX         16u
#define CONFIG_CORES_MAX 64u /* a number beyond this machine's CPUs wraps around */

struct reading {
    struct config *config;
    const struct config_host *host;
    struct config_guest *guest; /* of the section at hand; NULL in others */
    enum { IN_NOTHING, IN_HOST, IN_GUEST, IN_BROKEN } section;
    unsigned host_line;       /* of [host]; 0: not yet */
    unsigned lines[KEYS_MAX]; /* of the section's keys so far, as in its table; 0: not yet */
};

static void complain(struct reading *r, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(struct reading *r, unsigned line, const char *format, ...)
{
    char text[LINE_MAX];
    va_list args;
    int used = format_buffer(text, sizeof(text), "%s:%u: ", CONFIG_NAME, line);
    va_start(args, format);
    format_buffer_va(text + used, sizeof(text) - (size_t)used, format, args);
    va_end(args);
    r->config->complaints++;
    r->host->complain(r->host->context, text);
}

/* The same for what keeps a guest from starting. */
#define BREAK_GUEST(r, g, line, ...)                                                               \
    do {                                                                                           \
        (g)->broken = true;                                                                        \
        complain(r, line, __VA_ARGS__);                                                            \
    } while (0)

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

/* --- keys: each parser gets the value and says what was expected when it is wrong, else NULL ----
 */

typedef const char *key_parser(struct reading *r, const struct ini_entry *entry);

struct key {
    const char *name;
    key_parser *parse;
};

static const char *host_console(struct reading *r, const struct ini_entry *entry)
{
    static const char *const words[] = {"serial0", "screen", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "serial0 or screen";
    }
    r->config->console = (enum config_console)word;
    return NULL;
}

static const char *host_loglevel(struct reading *r, const struct ini_entry *entry)
{
    static const char *const words[] = {"error", "warn", "info", "debug", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "error, warn, info or debug";
    }
    r->config->log_level = (unsigned)word;
    return NULL;
}

static const char *host_when_idle(struct reading *r, const struct ini_entry *entry)
{
    static const char *const words[] = {"stay", "poweroff", "reboot", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "stay, poweroff or reboot";
    }
    r->config->when_idle = (enum config_idle)word;
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

static const char *guest_kernel(struct reading *r, const struct ini_entry *entry)
{
    return take_path(&r->guest->kernel, entry);
}

static const char *guest_initrd(struct reading *r, const struct ini_entry *entry)
{
    return take_path(&r->guest->initrd, entry);
}

static const char *guest_dtb(struct reading *r, const struct ini_entry *entry)
{
    return take_path(&r->guest->dtb, entry);
}

static const char *guest_engine(struct reading *r, const struct ini_entry *entry)
{
    return take_path(&r->guest->engine, entry);
}

static const char *guest_cmdline(struct reading *r, const struct ini_entry *entry)
{
    string_copy(r->guest->cmdline, entry->value, sizeof(r->guest->cmdline));
    return NULL;
}

static const char *guest_memory(struct reading *r, const struct ini_entry *entry)
{
    uint64_t bytes;
    if (!config_parse_size(entry->value, &bytes) || bytes < MEMORY_MIN || bytes > MEMORY_MAX ||
        !IS_ALIGNED(bytes, MEMORY_UNIT)) {
        return "a size with its unit, such as 512M or 4G: 2M to 1024G, a multiple of 2M";
    }
    r->guest->memory = bytes;
    r->guest->memory_line = entry->line;
    return NULL;
}

/* A part of the engine's own memory. */
static const char *take_engine_size(uint64_t *to, const struct ini_entry *entry)
{
    uint64_t bytes;
    if (!config_parse_size(entry->value, &bytes) || bytes == 0 || bytes > MEMORY_MAX ||
        !IS_ALIGNED(bytes, MEMORY_UNIT)) {
        return "a size with its unit, such as 64M, a multiple of 2M";
    }
    *to = bytes;
    return NULL;
}

static const char *guest_engine_memory(struct reading *r, const struct ini_entry *entry)
{
    return take_engine_size(&r->guest->engine_memory, entry);
}

static const char *guest_code_cache(struct reading *r, const struct ini_entry *entry)
{
    return take_engine_size(&r->guest->code_cache, entry);
}

static const char *guest_cpus(struct reading *r, const struct ini_entry *entry)
{
    uint64_t count;
    const char *end;
    if (!parse_number(entry->value, &count, &end) || *end != 0 || count == 0 ||
        count > CONFIG_VCPUS_MAX) {
        return "a number from 1 to 16";
    }
    r->guest->cpus = (unsigned)count;
    r->guest->cpus_line = entry->line;
    return NULL;
}

static const char *guest_core(struct reading *r, const struct ini_entry *entry)
{
    uint64_t core;
    const char *end;
    if (!parse_number(entry->value, &core, &end) || *end != 0 || core >= CONFIG_CORES_MAX) {
        return "a CPU's number from 0 to 63";
    }
    r->guest->core = (unsigned)core;
    return NULL;
}

static const char *guest_autostart(struct reading *r, const struct ini_entry *entry)
{
    int value = parse_bool(entry->value);
    r->guest->autostart = value > 0;
    return value < 0 ? "yes or no" : NULL;
}

static const char *guest_console(struct reading *r, const struct ini_entry *entry)
{
    static const char *const words[] = {"no", "yes", "log", NULL};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "yes, no or log";
    }
    r->guest->output = (enum config_output)word;
    return NULL;
}

static const char *guest_restart(struct reading *r, const struct ini_entry *entry)
{
    static const char *const words[] = {"no", "on-reset", "always", "yes", NULL};
    static const enum config_restart meanings[] = {CONFIG_RESTART_NO, CONFIG_RESTART_ON_RESET,
                                                   CONFIG_RESTART_ALWAYS, CONFIG_RESTART_ON_RESET};
    int word = find_word(words, entry->value);
    if (word < 0) {
        return "no, on-reset or always";
    }
    r->guest->restart = meanings[word];
    return NULL;
}

static const char *guest_later(struct reading *r, const struct ini_entry *entry)
{
    (void)r, (void)entry;
    return "nothing: this version gives guests no disks and no nets";
}

// clang-format off
static const struct key host_keys[] = {
    {"console",   host_console},
    {"loglevel",  host_loglevel},
    {"when_idle", host_when_idle},
    {NULL, NULL}
};

static const struct key guest_keys[] = {
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

_Static_assert(ARRAY_SIZE(guest_keys) <= KEYS_MAX && ARRAY_SIZE(host_keys) <= KEYS_MAX, "lines");

/* "a, b or c" of the table's keys. */
static void list_keys(const struct key *keys, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (; keys->name != NULL && used < size; keys++) {
        const char *comma = used == 0 ? "" : keys[1].name != NULL ? ", " : " or ";
        used += (size_t)format_buffer(text + used, size - used, "%s%s", comma, keys->name);
    }
}

/* --- sections -----------------------------------------------------------------------------------
 */

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    for (const char *c = name; *c != 0; c++) {
        bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.';
        if (!fine) {
            return false;
        }
    }
    return length > 0 && length < CONFIG_NAME_MAX;
}

static struct config_guest *find_guest(struct config *config, const char *name)
{
    for (unsigned n = 0; n < config->guest_count; n++) {
        if (strcmp(config->guests[n].name, name) == 0) {
            return &config->guests[n];
        }
    }
    return NULL;
}

static void begin_guest(struct reading *r, const struct ini_entry *entry, const char *name)
{
    if (!is_name(name)) {
        complain(r, entry->line,
                 "[%s]: expected a name of 1 to 31 letters, digits, '-', '_' and '.'",
                 entry->section);
        return;
    }
    struct config_guest *same = find_guest(r->config, name);
    if (same != NULL) {
        BREAK_GUEST(r, same, entry->line,
                    "[%s]: this guest is already in line %u; expected another name", entry->section,
                    same->line);
        return;
    }
    if (r->config->guest_count == CONFIG_GUESTS_MAX) {
        complain(r, entry->line, "[%s]: expected at most %u guests", entry->section,
                 CONFIG_GUESTS_MAX);
        return;
    }
    r->section = IN_GUEST;
    r->guest = &r->config->guests[r->config->guest_count++];
    *r->guest = (struct config_guest){.line = entry->line,
                                      .memory = MEMORY_DEFAULT,
                                      .cpus = 1,
                                      .autostart = true,
                                      .output = CONFIG_OUTPUT_YES,
                                      .restart = CONFIG_RESTART_ON_RESET};
    string_copy(r->guest->name, name, sizeof(r->guest->name));
}

static void begin_section(struct reading *r, const struct ini_entry *entry)
{
    r->section = IN_BROKEN;
    r->guest = NULL;
    memset(r->lines, 0, sizeof(r->lines));
    if (strcmp(entry->section, "host") == 0 && r->host_line != 0) {
        complain(r, entry->line, "[host]: it is already in line %u; expected it once",
                 r->host_line);
    } else if (strcmp(entry->section, "host") == 0) {
        r->section = IN_HOST;
        r->host_line = entry->line;
    } else if (strncmp(entry->section, "guest ", 6) == 0) {
        const char *name = entry->section + 6;
        while (*name == ' ' || *name == '\t') {
            name++;
        }
        begin_guest(r, entry, name);
    } else {
        complain(r, entry->line, "[%s]: expected [host] or [guest NAME]", entry->section);
    }
}

static const struct key *find_key(const struct key *keys, const char *name)
{
    while (keys->name != NULL && strcmp(keys->name, name) != 0) {
        keys++;
    }
    return keys;
}

/* Takes a key, or complains; false when it did. */
static bool take_key(struct reading *r, const struct ini_entry *entry)
{
    const struct key *keys = r->section == IN_HOST ? host_keys : guest_keys;
    const struct key *key = find_key(keys, entry->key);
    unsigned *line = &r->lines[key - keys];
    char list[160];
    if (key->name == NULL) {
        list_keys(keys, list, sizeof(list));
        complain(r, entry->line, "unknown key '%s'; expected %s", entry->key, list);
        return false;
    }
    if (*line != 0) {
        complain(r, entry->line, "%s is already in line %u; expected it once", entry->key, *line);
        return false;
    }
    *line = entry->line;
    const char *expected = key->parse(r, entry);
    if (expected != NULL) {
        complain(r, entry->line, "%s = %.40s: expected %s", entry->key, entry->value, expected);
    }
    return expected == NULL;
}

static bool take_entry(void *context, const struct ini_entry *entry)
{
    struct reading *r = context;
    if (entry->key[0] == 0) {
        begin_section(r, entry);
    } else if (r->section == IN_NOTHING) {
        complain(r, entry->line, "'%s' stands before any section; expected [host] or [guest NAME]",
                 entry->key);
    } else if (r->section != IN_BROKEN) { /* what it holds is nobody's */
        bool fine = take_key(r, entry);
        if (r->guest != NULL) {
            r->guest->broken |= !fine;
        }
    }
    return true;
}

static void take_broken(void *context, unsigned line, bool section, const char *why)
{
    struct reading *r = context;
    if (section) {
        r->section = IN_BROKEN;
        r->guest = NULL;
    } else if (r->guest != NULL) {
        r->guest->broken = true;
    }
    complain(r, line, "%s", why);
}

/* --- what needs the whole file ------------------------------------------------------------------
 */

static void check_file(struct reading *r, struct config_guest *guest,
                       const struct config_file *file, const char *key)
{
    if (file->path[0] != 0 && r->host->has_file != NULL &&
        !r->host->has_file(r->host->context, file->path)) {
        BREAK_GUEST(r, guest, file->line,
                    "%s = %s: there is no such file; expected one on the boot volume", key,
                    file->path);
    }
}

static void check_guests(struct reading *r)
{
    uint64_t left = r->host->memory;
    for (unsigned n = 0; n < r->config->guest_count; n++) {
        struct config_guest *guest = &r->config->guests[n];
        unsigned memory_line = guest->memory_line != 0 ? guest->memory_line : guest->line;
        bool own_engine = guest->engine.path[0] != 0; /* a test: it knows what it needs */
        if (guest->kernel.line == 0 && !own_engine) {
            BREAK_GUEST(r, guest, guest->line, "[guest %s]: expected kernel = FILE", guest->name);
        }
        if (guest->cpus != 1 && !own_engine) {
            BREAK_GUEST(r, guest, guest->cpus_line,
                        "cpus = %u: expected 1: guests have one CPU in this version", guest->cpus);
        }
        check_file(r, guest, &guest->engine, "engine");
        check_file(r, guest, &guest->kernel, "kernel");
        check_file(r, guest, &guest->initrd, "initrd");
        check_file(r, guest, &guest->dtb, "dtb");
        if (guest->broken || !guest->autostart || r->host->memory == 0) {
            continue;
        }
        uint64_t all = r->host->space_of != NULL ? r->host->space_of(r->host->context, guest) : 0;
        all = MAX(all, guest->memory);
        if (all > left) {
            BREAK_GUEST(r, guest, memory_line,
                        "memory = %luM: with engine and files %luM; expected at most %luM, what is "
                        "free here",
                        guest->memory >> 20, all >> 20, left >> 20);
        } else {
            left -= all;
        }
    }
}

void config_read(struct config *config, const char *text, size_t size,
                 const struct config_host *host)
{
    static struct ini_entry entry;
    struct reading r = {.config = config, .host = host};
    struct ini_reader reader = {take_entry, take_broken, &r};
    memset(config, 0, sizeof(*config));
    config->log_level = LOG_INFO;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* some editors' mark of UTF-8 */
        text += 3;
        size -= 3;
    }
    (void)ini_read(text, size, &reader, &entry); /* what is broken has been said */
    check_guests(&r);
}
