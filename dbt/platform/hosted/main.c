/* SPDX-License-Identifier: BSD-2-Clause */
/* exarch-hosted: the engine as an ordinary Linux process that runs one guest. */
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbt/a64/translate.h"
#include "dbt/platform/features.h"
#include "dbt/platform/hosted/hosted.h"
#include "dbt/rt/rt.h"
#include "dbt/rt/stats.h"
#include "dbt/sys/sys.h"
#include "guestdev/boot.h"

#define EXIT_USAGE 2 /* wrong arguments or files */

static struct options {
    struct boot_config boot;
    const char *dump_dtb;
    uint64_t memory, code_cache;
    uint32_t features;
    bool stats, interpret, no_reboot;
} options = {.memory = MIB(256), .code_cache = MIB(128), .features = UINT32_MAX};

static struct vm vm;
static struct vcpu vcpus[1];
static char **arguments;

static const char usage[] =
    "usage: exarch-hosted --kernel FILE [options]\n"
    "  --memory SIZE      guest RAM, with K, M or G (256M)\n"
    "  --initrd FILE      initial RAM disk\n"
    "  --append TEXT      kernel command line\n"
    "  --dtb FILE         device tree instead of the generated one\n"
    "  --dump-dtb FILE    write the generated device tree and end\n"
    "  --trace LIST       of insn, ir, x86, all, pa=FROM-TO: show new translations\n"
    "  --stats            count events and guest instructions (slower), show them at the end\n"
    "  --code-cache SIZE  room for translated code (128M)\n"
    "  --features LIST    host features to use beyond x86-64-v3, of those that there are: of "
    "none,\n"
    "                     avx512, sha, vpclmul, gfni, adx, aes, pclmul, f16c, vnni, bitalg (all)\n"
    "  --interp           interpret everything, translate nothing\n"
    "  --no-reboot        end when the guest resets\n"
    "The guest's UART is standard input and output; on a terminal Ctrl-A x ends the guest.\n";

/* --- arguments --- */

/* A size in bytes: a multiple of 2 MiB, at most max. */
static uint64_t parse_size(const char *text, uint64_t max)
{
    char *end;
    uint64_t size = strtoull(text, &end, 0);
    static const char units[] = "KMG";
    const char *unit = *end ? strchr(units, *end) : NULL;
    long shift = unit ? 10 * (unit - units + 1) : 0;
    end += unit != NULL;
    if (*end || end == text || !size || size > max >> shift || (size << shift) % MIB(2)) {
        errx(EXIT_USAGE, "size %s: not a multiple of 2M up to %luG", text,
             (unsigned long)(max / GIB(1)));
    }
    return size << shift;
}

static struct boot_file map_file(const char *path)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat)) {
        err(EXIT_USAGE, "%s", path);
    }
    if (!S_ISREG(stat.st_mode) || !stat.st_size) {
        errx(EXIT_USAGE, "%s: empty, or not a file", path);
    }
    void *data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        err(EXIT_USAGE, "%s", path);
    }
    close(fd);
    return (struct boot_file){.data = data, .size = (size_t)stat.st_size};
}

static void take_option(int option, const char *value)
{
    switch (option) {
    case 'k': options.boot.kernel = map_file(value); break;
    case 'i': options.boot.initrd = map_file(value); break;
    case 'd': options.boot.dtb = map_file(value); break;
    case 'a': options.boot.append = value; break;
    case 'm': options.memory = parse_size(value, GIB(1024)); break;
    case 'C': options.code_cache = parse_size(value, GIB(1)); break;
    case 'D': options.dump_dtb = value; break;
    case 's': options.stats = true; break;
    case 'I': options.interpret = true; break;
    case 'r': options.no_reboot = true; break;
    case 'h': fputs(usage, stdout); exit(EXIT_SUCCESS);
    case 't':
        if (!hosted_trace_set(value)) {
            errx(EXIT_USAGE, "--trace %s: not understood", value);
        }
        break;
    case 'f':
        if (!features_parse(value, &options.features)) {
            errx(EXIT_USAGE, "--features %s: not understood", value);
        }
        break;
    default: fputs(usage, stderr); exit(EXIT_USAGE);
    }
}

static void parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"kernel", required_argument, NULL, 'k'}, {"initrd", required_argument, NULL, 'i'},
        {"dtb", required_argument, NULL, 'd'},    {"append", required_argument, NULL, 'a'},
        {"memory", required_argument, NULL, 'm'}, {"dump-dtb", required_argument, NULL, 'D'},
        {"stats", no_argument, NULL, 's'},        {"features", required_argument, NULL, 'f'},
        {"interp", no_argument, NULL, 'I'},       {"code-cache", required_argument, NULL, 'C'},
        {"no-reboot", no_argument, NULL, 'r'},    {"trace", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        take_option(option, optarg);
    }
    if (optind != argc || (!options.boot.kernel.data && !options.dump_dtb)) {
        fputs(usage, stderr);
        exit(EXIT_USAGE);
    }
}

/* --- the end --- */
static volatile sig_atomic_t terminated;

static void on_terminate(int signal)
{
    (void)signal;
    terminated = 1;
    hosted_post(&vcpus[0], PLAT_EVENT_STOP);
}

void plat_end(enum plat_end end, int status)
{
    hosted_console_restore();
    if (options.stats && vcpus[0].rt) {
        rt_stats_log(&vcpus[0]);
    }
    fflush(stdout);
    if (terminated) {
        _exit(128 + SIGTERM);
    }
    if (end == PLAT_END_FAILURE) {
        _exit(status ? status : EXIT_FAILURE);
    }
    if (end == PLAT_END_RESET && !options.no_reboot) {
        execv("/proc/self/exe", arguments);
    }
    _exit(status);
}

/* --- the machine --- */

static void make_machine(void)
{
    hosted_memory_init(options.memory, options.code_cache);
    hosted_stubs_init(options.features);
    hosted_counter_init();
    vm.interpret = options.interpret;
    vm.vcpu_count = ARRAY_SIZE(vcpus);
    if (!rt_vm_init(&vm)) {
        errx(EXIT_FAILURE, "the engine's heap is too small");
    }
    for (unsigned i = 0; i < vm.vcpu_count; i++) {
        vcpus[i] = (struct vcpu){.vm = &vm, .id = i, .off = i != 0};
        vcpus[i].tr_flags = options.stats ? TR_ICOUNT : 0;
        vm.vcpu[i] = &vcpus[i];
        if (!rt_vcpu_init(&vcpus[i])) {
            errx(EXIT_FAILURE, "the engine's heap is too small");
        }
        timer_init(&vcpus[i], plat_counter());
    }
}

static void dump_device_tree(void)
{
    static uint8_t tree[MIB(2)];
    int size = boot_device_tree(&vm, &options.boot, tree, sizeof(tree));
    FILE *file = size < 0 ? NULL : fopen(options.dump_dtb, "w");
    if (size < 0) {
        errx(EXIT_USAGE, "device tree: %s", err_text(size));
    }
    if (!file || fwrite(tree, (size_t)size, 1, file) != 1 || fclose(file)) {
        err(EXIT_USAGE, "%s", options.dump_dtb);
    }
    exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
    const char *why = "";
    struct boot_entry entry;
    arguments = argv;
    parse(argc, argv);
    if (getrandom(options.boot.seed, sizeof(options.boot.seed), 0) < 0) {
        err(EXIT_FAILURE, "getrandom");
    }
    make_machine();
    if (options.dump_dtb) {
        dump_device_tree();
    }
    if (boot_load(&vm, &options.boot, &entry, &why) < 0) {
        errx(EXIT_USAGE, "%s", why);
    }
    hosted_thread_init(&vcpus[0]);
    hosted_timers_init(&vcpus[0]);
    machine_reset(&vm);
    sys_vcpu_reset(&vcpus[0], entry.pc, entry.x0);
    if (options.stats) {
        rt_stats_count(&vcpus[0]);
    }
    hosted_console_init(&vcpus[0]);
    signal(SIGTERM, on_terminate);
    rt_loop(&vcpus[0]);
}
