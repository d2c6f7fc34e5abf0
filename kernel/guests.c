/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests by exarch.ini. */
#include "kernel/guests.h"

#include "drivers/power.h"
#include "exarch/bits.h"
#include "exarch/err.h"
#include "kernel/blob.h"
#include "kernel/lib/ini.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/virt/virt.h"
#include "kernel/vm.h"

#define GUESTS_MAX     16u
#define FILE_NAME_MAX  BOOT_NAME_MAX
#define DEFAULT_MEMORY MIB(256)
#define LINE_DRAIN_US  5000 /* what a 16-byte FIFO takes at 115200 baud, three times over */

enum when_idle { IDLE_STAY, IDLE_POWEROFF, IDLE_REBOOT };

struct guest {
    char name[INI_SECTION_MAX];
    unsigned line; /* of its section */
    bool broken;   /* something in its section was wrong: it does not start */
    char engine[FILE_NAME_MAX];
    char files[ABI_FILE_COUNT][FILE_NAME_MAX];
    char cmdline[INI_VALUE_MAX];
    uint64_t memory, engine_memory, code_cache, cpus, core;
    bool restart;
    bool lives;
    unsigned starts;
};

struct reader {
    const struct boot_info *info;
    struct guest *guest; /* whose section we are in; NULL: none */
    bool in_host;
};

static struct guest guests[GUESTS_MAX];
static unsigned guest_count;
static enum when_idle when_idle;
static struct ini_entry entry_room;
static const struct boot_info *boot_info;

/* --- values -------------------------------------------------------------------------------------
 */
static void complain(struct reader *r, unsigned line, const char *what, const char *value)
{
    log_error(LOG_CONFIG, "exarch.ini:%u: %s: \"%s\"", line, what, value);
    if (r->guest) {
        r->guest->broken = true;
    }
}

static bool read_number(const char *text, uint64_t *number)
{
    unsigned long long value = 0;
    bool fine = string_to_u64(text, &value);
    *number = value;
    return fine;
}

/* A number with K, M or G behind it. */
static bool read_size(const char *text, uint64_t *size)
{
    static const char units[] = "KMG";
    char digits[24];
    size_t length = strlen(text);
    const char *unit = length ? strchr(units, text[length - 1]) : NULL;
    if (!unit || length >= sizeof(digits)) {
        return false;
    }
    string_copy(digits, text, length);
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    bool fine = read_number(digits, size) && *size <= UINT64_MAX >> shift;
    *size <<= shift;
    return fine;
}

static bool read_flag(const char *text, bool *flag)
{
    *flag = !strcmp(text, "yes");
    return *flag || !strcmp(text, "no");
}

static bool read_idle(const char *text, enum when_idle *idle)
{
    static const char *const names[] = {"stay", "poweroff", "reboot"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(text, names[i])) {
            *idle = (enum when_idle)i;
            return true;
        }
    }
    return false;
}

/* --- keys ---------------------------------------------------------------------------------------
 */
enum key_kind { KEY_SIZE, KEY_NUMBER, KEY_FILE, KEY_TEXT, KEY_FLAG };

// clang-format off
static const struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    const char *expected;
} keys[] = {
    {"engine",        KEY_FILE,   offsetof(struct guest, engine),                    "a file"},
    {"kernel",        KEY_FILE,   offsetof(struct guest, files[ABI_FILE_KERNEL]),    "a file"},
    {"initrd",        KEY_FILE,   offsetof(struct guest, files[ABI_FILE_INITRD]),    "a file"},
    {"dtb",           KEY_FILE,   offsetof(struct guest, files[ABI_FILE_DTB]),       "a file"},
    {"cmdline",       KEY_TEXT,   offsetof(struct guest, cmdline),                   "text"},
    {"memory",        KEY_SIZE,   offsetof(struct guest, memory),                    "a size such as 256M"},
    {"engine_memory", KEY_SIZE,   offsetof(struct guest, engine_memory),             "a size such as 64M"},
    {"code_cache",    KEY_SIZE,   offsetof(struct guest, code_cache),                "a size such as 32M"},
    {"cpus",          KEY_NUMBER, offsetof(struct guest, cpus),                      "a number"},
    {"core",          KEY_NUMBER, offsetof(struct guest, core),                      "a number"},
    {"restart",       KEY_FLAG,   offsetof(struct guest, restart),                   "yes or no"},
};
// clang-format on

static bool set_key(struct guest *guest, const struct key *key, const char *value)
{
    char *at = (char *)guest + key->offset;
    switch (key->kind) {
    case KEY_SIZE: return read_size(value, (uint64_t *)(void *)at);
    case KEY_NUMBER: return read_number(value, (uint64_t *)(void *)at);
    case KEY_FLAG: return read_flag(value, (bool *)at);
    case KEY_FILE: return *value && string_copy(at, value, FILE_NAME_MAX) < FILE_NAME_MAX;
    default: return string_copy(at, value, INI_VALUE_MAX) < INI_VALUE_MAX;
    }
}

static void read_guest_key(struct reader *r, const struct ini_entry *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(keys[i].name, e->key)) {
            if (!set_key(r->guest, &keys[i], e->value)) {
                complain(r, e->line, "expected here", keys[i].expected);
            }
            return;
        }
    }
    complain(r, e->line, "unknown key of a guest", e->key);
}

static void begin_section(struct reader *r, const struct ini_entry *e)
{
    static const char prefix[] = "guest ";
    r->guest = NULL;
    r->in_host = !strcmp(e->section, "host");
    bool is_guest = !strncmp(e->section, prefix, sizeof(prefix) - 1);
    if (!is_guest && !r->in_host) {
        complain(r, e->line, "unknown section", e->section);
    } else if (is_guest && guest_count == GUESTS_MAX) {
        complain(r, e->line, "one guest too many", e->section);
    } else if (is_guest) {
        r->guest = &guests[guest_count++];
        *r->guest =
            (struct guest){.line = e->line, .memory = DEFAULT_MEMORY, .cpus = 1, .restart = true};
        string_copy(r->guest->name, e->section + sizeof(prefix) - 1, sizeof(r->guest->name));
    }
}

static bool read_entry(void *context, const struct ini_entry *e)
{
    struct reader *r = context;
    if (!e->key[0]) {
        begin_section(r, e);
    } else if (r->guest) {
        read_guest_key(r, e);
    } else if (r->in_host && !strcmp(e->key, "when_idle")) {
        if (!read_idle(e->value, &when_idle)) {
            complain(r, e->line, "expected stay, poweroff or reboot", e->value);
        }
    } else if (r->in_host) {
        complain(r, e->line, "unknown key of the host", e->key);
    }
    return true;
}

static void read_broken(void *context, unsigned line, const char *why)
{
    complain(context, line, "not understood", why);
}

/* --- starting ------------------------------------------------------------------------------------
 */
static size_t console_write(void *owner, const char *data, size_t size)
{
    (void)owner;
    log_raw(data, size);
    return size;
}

static bool find_file(const struct guest *guest, const char *name, struct vm_file *file)
{
    const struct boot_module *module = boot_module_find(boot_info, name);
    if (!module) {
        log_error(LOG_CONFIG, "exarch.ini:%u: guest %s: there is no file \"%s\"", guest->line,
                  guest->name, name);
        return false;
    }
    *file = (struct vm_file){hpa_to_ptr(hpa(module->base)), module->size};
    return true;
}

static bool find_engine(const struct guest *guest, struct vm_config *config)
{
    struct vm_file file = {0};
    if (guest->engine[0]) {
        if (!find_file(guest, guest->engine, &file)) {
            return false;
        }
    } else {
        const struct blob *blob = blob_find("engine");
        if (!blob) {
            log_error(LOG_CONFIG, "guest %s: this build has no engine", guest->name);
            return false;
        }
        file = (struct vm_file){blob->data, blob->size};
    }
    config->engine = file.data;
    config->engine_size = file.size;
    return true;
}

static void guest_ended(void *owner, enum vm_end why, uint64_t code);

static int start_guest(struct guest *guest)
{
    struct vm_config config = {
        .name = guest->name,
        .cmdline = guest->cmdline,
        .ram = guest->memory,
        .heap = guest->engine_memory,
        .code_cache = guest->code_cache,
        .vcpus = (unsigned)MIN(guest->cpus, (uint64_t)UINT32_MAX),
        .first_core = (unsigned)(guest->core % smp_cpu_count()),
        .owner = guest,
        .console_write = console_write,
        .ended = guest_ended,
    };
    bool fine = find_engine(guest, &config);
    for (unsigned i = 0; i < ABI_FILE_COUNT && fine; i++) {
        fine = !guest->files[i][0] || find_file(guest, guest->files[i], &config.files[i]);
    }
    struct vm *vm = NULL;
    int error = fine ? vm_create(&config, &vm) : -ERR_NOENT;
    if (!error) {
        guest->lives = true;
        guest->starts++;
        vm_start(vm);
    }
    return error;
}

unsigned guests_living(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < guest_count; i++) {
        count += guests[i].lives;
    }
    return count;
}

static void last_ended(void)
{
    log_info(LOG_CONFIG, "all guests have ended");
    log_flush();
    time_delay_us(LINE_DRAIN_US);
    if (when_idle == IDLE_POWEROFF) {
        log_error(LOG_CONFIG, "the machine does not switch off: %s", err_text(power_off()));
    } else if (when_idle == IDLE_REBOOT) {
        power_reset();
    }
}

static void guest_ended(void *owner, enum vm_end why, uint64_t code)
{
    struct guest *guest = owner;
    struct mem_stats stats;
    (void)code;
    mem_stats(&stats);
    log_info(LOG_CONFIG, "guest %s is gone after %u start(s), %lu pages free", guest->name,
             guest->starts, stats.free_pages);
    guest->lives = false;
    if (why == VM_END_RESET && guest->restart && !start_guest(guest)) {
        return;
    }
    if (!guests_living()) {
        last_ended();
    }
}

void guests_start(const struct boot_info *info)
{
    const struct boot_module *file = boot_module_find(info, "exarch.ini");
    boot_info = info;
    if (!file) {
        log_warn(LOG_CONFIG, "there is no exarch.ini: no guest starts");
        return;
    }
    struct reader reader = {.info = info};
    const struct ini_reader ini = {read_entry, read_broken, &reader};
    if (!ini_read(hpa_to_ptr(hpa(file->base)), file->size, &ini, &entry_room)) {
        log_warn(LOG_CONFIG, "exarch.ini has errors; guests with errors do not start");
    }
    struct mem_stats stats;
    mem_stats(&stats);
    log_info(LOG_CONFIG, "%u guest(s), %lu pages free", guest_count, stats.free_pages);
    for (unsigned i = 0; i < guest_count; i++) {
        if (!guests[i].broken && start_guest(&guests[i])) {
            log_error(LOG_CONFIG, "guest %s does not start", guests[i].name);
        }
    }
    if (guest_count && !guests_living()) {
        last_ended();
    }
}
