/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor: one table of commands. */
#include "kernel/monitor.h"

#include <stdarg.h>

#include "drivers/pci.h"
#include "exarch/bits.h"
#include "kernel/cli.h"
#include "kernel/console.h"
#include "kernel/guests.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/monitor_host.h"

#define ARGUMENTS_MAX 4u
#define LINE_MAX      256u
#define HISTORY_CHUNK 256u

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;
    void (*run)(unsigned argc, char *const *argv);
};

static struct cli cli;
static const struct command commands[];

/* --- output -------------------------------------------------------------------------------------
 */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char text[LINE_MAX];
    va_list args;
    va_start(args, format);
    int length = format_buffer_va(text, sizeof(text) - 2, format, args);
    va_end(args);
    size_t size = MIN((size_t)MAX(length, 0), sizeof(text) - 3);
    text[size++] = '\r';
    text[size++] = '\n';
    console_say(CONSOLE_MONITOR, text, size);
}

/* --- arguments ----------------------------------------------------------------------------------
 */

/* A guest by its number (from 1) or name; -1 when there is no such guest, which is said. */
static int find_guest(const char *text)
{
    unsigned long long number;
    struct guest_info info;
    for (unsigned n = 0; n < guests_count(); n++) {
        guests_describe(n, &info);
        if (strcmp(info.name, text) == 0 || (string_to_u64(text, &number) && number == n + 1)) {
            return (int)n;
        }
    }
    say("there is no guest '%s'; `list` shows them", text);
    return -1;
}

/* Applies an action to the guest that the first argument names. */
static void on_guest(char *const *argv, int (*act)(unsigned n))
{
    struct guest_info info;
    int n = find_guest(argv[1]);
    int error = n >= 0 ? act((unsigned)n) : 0;
    if (error == 0) {
        return;
    }
    guests_describe((unsigned)n, &info);
    if (info.state == GUEST_BROKEN) {
        say("%s: %s is broken; the log says what exarch.ini should have", argv[0], info.name);
    } else if (error == -ERR_BUSY || error == -ERR_NOENT) { /* not in this state */
        say("%s: %s is %s", argv[0], info.name, guests_state_name(info.state));
    } else {
        say("%s: %s", argv[0], err_text(error));
    }
}

/* --- guests -------------------------------------------------------------------------------------
 */

static void run_list(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    struct guest_info info;
    if (guests_count() == 0) {
        say("exarch.ini names no guests");
        return;
    }
    say("%3s  %-20s %-9s %8s %4s %6s  %s", "N", "NAME", "STATE", "MEMORY", "CPUS", "STARTS",
        "LAST END");
    for (unsigned n = 0; n < guests_count(); n++) {
        guests_describe(n, &info);
        say("%3u  %-20s %-9s %7luM %4u %6u  %s", n + 1, info.name, guests_state_name(info.state),
            info.memory >> 20, info.cpus, info.starts, info.last_end);
    }
}

static void run_console(unsigned argc, char *const *argv)
{
    (void)argc;
    int n = find_guest(argv[1]);
    if (n >= 0) {
        (void)console_switch((unsigned)n + 1);
    }
}

static void run_start(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, guests_start);
}

static void run_stop(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, guests_stop);
}

static void run_reset(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, guests_reset);
}

static int pause_guest(unsigned n)
{
    return guests_pause(n, true);
}

static int resume_guest(unsigned n)
{
    return guests_pause(n, false);
}

static void run_pause(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, pause_guest);
}

static void run_resume(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, resume_guest);
}

static void run_stats(unsigned argc, char *const *argv)
{
    (void)argc;
    on_guest(argv, guests_stats);
}

static void run_history(unsigned argc, char *const *argv)
{
    char chunk[HISTORY_CHUNK];
    uint64_t at = 0;
    size_t size;
    char last = '\n';
    (void)argc;
    int n = find_guest(argv[1]);
    while (n >= 0 && (size = console_history((unsigned)n + 1, &at, chunk, sizeof(chunk))) != 0) {
        console_say(CONSOLE_MONITOR, chunk, size);
        last = chunk[size - 1];
    }
    if (last != '\n') { /* the prompt would be drawn over it */
        say("%s", "");
    }
}

/* --- the machine --------------------------------------------------------------------------------
 */

static void run_memory(unsigned argc, char *const *argv)
{
    static const char *const sizes[PAGE_ORDERS] = {
        [ORDER_4K] = "4K", [ORDER_2M] = "2M", [ORDER_1G] = "1G"};
    struct mem_stats s;
    (void)argc, (void)argv;
    mem_stats(&s);
    say("%lu MiB in all, %lu MiB free; %lu takings, %lu givings, %lu failures", s.total_pages >> 8,
        s.free_pages >> 8, s.allocs, s.frees, s.failures);
    for (unsigned order = 0; order < PAGE_ORDERS; order++) {
        if (sizes[order] != NULL) {
            say("  %8lu free blocks of %s", s.free_blocks[order], sizes[order]);
        }
    }
    say("small objects: %lu KiB in %lu pages", s.object_bytes >> 10, s.object_pages);
}

static void run_pci(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    for (unsigned n = 0; n < pci_count(); n++) {
        const struct pci_device *d = pci_get(n);
        say("%04x:%02x:%02x.%u %04x:%04x %06x %s", d->at.segment, d->at.bus, d->at.device,
            d->at.function, d->vendor, d->device, d->class_code, pci_class_name(d->class_code));
        for (unsigned bar = 0; bar < PCI_BARS; bar++) {
            if (d->bars[bar].kind != PCI_BAR_NONE) {
                say("             BAR %u %s 0x%lx, %lu KiB", bar,
                    d->bars[bar].kind == PCI_BAR_IO ? "ports " : "memory", d->bars[bar].base,
                    (d->bars[bar].size + 1023) >> 10);
            }
        }
    }
}

static void run_cpus(unsigned argc, char *const *argv)
{
    struct monitor_cpu cpu;
    (void)argc, (void)argv;
    say("%3s %8s %-6s %12s %12s", "CPU", "APIC ID", "STATE", "TIMER", "INTERRUPTS");
    for (unsigned n = 0; monitor_host_cpu(n, &cpu); n++) {
        say("%3u %8u %-6s %12lu %12lu", n, cpu.apic_id, cpu.online ? "on" : "off",
            cpu.timer_interrupts, cpu.interrupts);
    }
}

static void log_line(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    while (length != 0) {
        const char *end = memchr(text, '\n', length);
        size_t size = end != NULL ? (size_t)(end - text) : length;
        console_say(CONSOLE_MONITOR, text, size);
        if (end != NULL) {
            console_say(CONSOLE_MONITOR, "\r\n", 2);
        }
        size += end != NULL;
        text += size;
        length -= size;
    }
}

/* The kept lines, or with AREA LEVEL what is to be kept from now on. */
static void run_log(unsigned argc, char *const *argv)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    if (argc == 1) {
        struct log_sink sink = {.name = "monitor", .write = log_line};
        log_add_sink(&sink); /* shows what the ring holds */
        log_remove_sink(&sink);
        return;
    }
    enum log_area area = log_area_find(argv[1]);
    for (unsigned n = 0; argc == 3 && area != LOG_AREAS && n < ARRAY_SIZE(levels); n++) {
        if (strcmp(levels[n], argv[2]) == 0) {
            log_set_level(area, (enum log_level)n);
            return;
        }
    }
#define AREA_NAME(name, text) " " text
    say("expected: log, or log AREA error|warn|info|debug; AREA:" LOG_AREA_ROWS(AREA_NAME));
#undef AREA_NAME
}

static void run_time(unsigned argc, char *const *argv)
{
    struct monitor_time now;
    (void)argc, (void)argv;
    monitor_host_time(&now);
    say("up %lu.%03lu s; seconds since 1970: %lu by the TSC, %lu by the RTC",
        now.up_ns / 1000000000, now.up_ns / 1000000 % 1000, now.wall_ns / 1000000000, now.rtc_s);
}

static void run_reboot(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    say("resetting the machine");
    monitor_host_reboot();
    say("it did not");
}

static void run_poweroff(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    say("switching the machine off");
    say("it did not go off: %s", err_text(monitor_host_poweroff()));
}

static void run_panic(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    monitor_host_panic();
}

static void run_help(unsigned argc, char *const *argv)
{
    (void)argc, (void)argv;
    for (const struct command *c = commands; c->name != NULL; c++) {
        char both[32];
        format_buffer(both, sizeof(both), "%s %s", c->name, c->usage);
        say("  %-18s %s", both, c->help);
    }
    say("N is a guest's number or name. Ctrl-A is the prefix key: Ctrl-A ? tells.");
}

// clang-format off
static const struct command commands[] = {
    {"help",     "",             "this",                                              run_help},
    {"list",     "",             "the guests",                                        run_list},
    {"console",  "N",            "bring a guest's console to the front",              run_console},
    {"history",  "N",            "what a guest's console has shown, up to 64 KiB",    run_history},
    {"start",    "N",            "switch a guest on",                                 run_start},
    {"stop",     "N",            "cut a guest's power",                               run_stop},
    {"reset",    "N",            "cut it and switch it on again",                     run_reset},
    {"pause",    "N",            "let a guest stand still",                           run_pause},
    {"resume",   "N",            "let it go on",                                      run_resume},
    {"stats",    "N",            "exits by cause, translations, faults, MIPS (0.8 s)", run_stats},
    {"log",      "[AREA LEVEL]", "the log; or how much an area logs",                 run_log},
    {"memory",   "",             "the machine's memory",                              run_memory},
    {"pci",      "",             "the PCI functions and their BARs",                  run_pci},
    {"cpus",     "",             "the CPUs and their interrupts",                     run_cpus},
    {"time",     "",             "how long it has been up, and two clocks",           run_time},
    {"reboot",   "",             "reset the machine",                                 run_reboot},
    {"poweroff", "",             "switch the machine off",                            run_poweroff},
    {"panic",    "",             "end all with root's report of itself",              run_panic},
    {NULL, NULL, NULL, NULL}
};
// clang-format on

/* --- the command line ---------------------------------------------------------------------------
 */

static bool takes_guest(const struct command *c)
{
    return c->usage[0] == 'N';
}

/* Cuts a line into words, in place. */
static unsigned split(char *line, char **argv)
{
    unsigned argc = 0;
    while (argc < ARGUMENTS_MAX) {
        while (*line == ' ') {
            line++;
        }
        if (*line == 0) {
            break;
        }
        argv[argc++] = line;
        while (*line != 0 && *line != ' ') {
            line++;
        }
        if (*line != 0) {
            *line++ = 0;
        }
    }
    return argc;
}

static void execute(void *context, const char *line)
{
    char copy[CLI_LINE_MAX];
    char *argv[ARGUMENTS_MAX];
    (void)context;
    string_copy(copy, line, sizeof(copy));
    unsigned argc = split(copy, argv);
    if (argc == 0) {
        return;
    }
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, argv[0]) != 0) {
            continue;
        }
        if ((takes_guest(c) && argc != 2) || (!c->usage[0] && argc != 1)) {
            say("expected: %s %s", c->name, c->usage);
        } else {
            c->run(argc, argv);
        }
        return;
    }
    say("there is no command '%s'; `help` lists them", argv[0]);
}

static const char *complete_guest(const char *word, unsigned index)
{
    static struct guest_info info;
    for (unsigned n = 0; n < guests_count(); n++) {
        guests_describe(n, &info);
        if (strncmp(info.name, word, strlen(word)) == 0 && index-- == 0) {
            return info.name;
        }
    }
    return NULL;
}

/* Commands at the line's start, guests after a command that takes one. */
static const char *complete(void *context, const char *line, size_t word_start, unsigned index)
{
    (void)context;
    for (const struct command *c = commands; c->name != NULL; c++) {
        size_t length = strlen(c->name);
        if (word_start == 0) {
            if (strncmp(c->name, line, strlen(line)) == 0 && index-- == 0) {
                return c->name;
            }
        } else if (takes_guest(c) && strncmp(line, c->name, length) == 0 && line[length] == ' ') {
            return complete_guest(line + word_start, index);
        }
    }
    return NULL;
}

static void write(void *context, const char *text, size_t size)
{
    (void)context;
    console_say(CONSOLE_MONITOR, text, size);
}

static const struct cli_ops ops = {write, execute, complete};

void monitor_init(void)
{
    cli_init(&cli, &ops, NULL, "exarch> ");
    say("The monitor. `help` lists the commands, Ctrl-A is the prefix key.");
    cli_redraw(&cli);
}

void monitor_redraw(void)
{
    cli_redraw(&cli);
}

void monitor_poll(void)
{
    char input[64];
    size_t size;
    while ((size = console_read(CONSOLE_MONITOR, input, sizeof(input))) != 0) {
        cli_input(&cli, input, size);
    }
}
