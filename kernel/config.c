/* SPDX-License-Identifier: BSD-2-Clause */
/* exarch.ini: its sections, and what needs all of it. kernel/lib/ini.c takes lines apart,
 * config_keys.c has the keys. */
#include "kernel/config.h"

#include "exarch/bits.h"
#include "kernel/config_keys.h"
#include "kernel/lib/format.h"
#include "kernel/lib/ini.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"

#define MEMORY_DEFAULT MIB(512)
#define LINE_MAX       320u

struct reading {
    struct config_target to;
    const struct config_host *host;
    enum { IN_NOTHING, IN_HOST, IN_GUEST, IN_BROKEN } section;
    unsigned host_line;              /* of [host]; 0: not yet */
    unsigned lines[CONFIG_KEYS_MAX]; /* of the section's keys so far, as in its table; 0: not yet */
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
    r->to.config->complaints++;
    r->host->complain(r->host->context, text);
}

/* The same for what keeps a guest from starting. */
#define BREAK_GUEST(r, g, line, ...)                                                               \
    do {                                                                                           \
        (g)->broken = true;                                                                        \
        complain(r, line, __VA_ARGS__);                                                            \
    } while (0)

/* "a, b or c" of the table's keys. */
static void list_keys(const struct config_key *keys, char *text, size_t size)
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
    struct config_guest *same = find_guest(r->to.config, name);
    if (same != NULL) {
        BREAK_GUEST(r, same, entry->line,
                    "[%s]: this guest is already in line %u; expected another name", entry->section,
                    same->line);
        return;
    }
    if (r->to.config->guest_count == CONFIG_GUESTS_MAX) {
        complain(r, entry->line, "[%s]: expected at most %u guests", entry->section,
                 CONFIG_GUESTS_MAX);
        return;
    }
    r->section = IN_GUEST;
    r->to.guest = &r->to.config->guests[r->to.config->guest_count++];
    *r->to.guest = (struct config_guest){.line = entry->line,
                                         .memory = MEMORY_DEFAULT,
                                         .cpus = 1,
                                         .autostart = true,
                                         .output = CONFIG_OUTPUT_YES,
                                         .restart = CONFIG_RESTART_ON_RESET};
    string_copy(r->to.guest->name, name, sizeof(r->to.guest->name));
}

static void begin_section(struct reading *r, const struct ini_entry *entry)
{
    r->section = IN_BROKEN;
    r->to.guest = NULL;
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

static const struct config_key *find_key(const struct config_key *keys, const char *name)
{
    while (keys->name != NULL && strcmp(keys->name, name) != 0) {
        keys++;
    }
    return keys;
}

/* Takes a key, or complains; false when it did. */
static bool take_key(struct reading *r, const struct ini_entry *entry)
{
    const struct config_key *keys = r->section == IN_HOST ? config_host_keys : config_guest_keys;
    const struct config_key *key = find_key(keys, entry->key);
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
    const char *expected = key->parse(&r->to, entry);
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
        if (r->to.guest != NULL) {
            r->to.guest->broken |= !fine;
        }
    }
    return true;
}

static void take_broken(void *context, unsigned line, bool section, const char *why)
{
    struct reading *r = context;
    if (section) {
        r->section = IN_BROKEN;
        r->to.guest = NULL;
    } else if (r->to.guest != NULL) {
        r->to.guest->broken = true;
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
    for (unsigned n = 0; n < r->to.config->guest_count; n++) {
        struct config_guest *guest = &r->to.config->guests[n];
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
    struct reading r = {.to.config = config, .host = host};
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
