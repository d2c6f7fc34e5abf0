/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests by exarch.ini. A guest's VM comes and goes on the boot CPU only; other CPUs reach a guest
 * through the callbacks of its running VM (guest_io.c).
 */
#include "kernel/guests.h"

#include "exarch/bits.h"
#include "kernel/blob.h"
#include "kernel/config.h"
#include "kernel/console.h"
#include "kernel/console_host.h"
#include "kernel/guest.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/monitor.h"
#include "kernel/random.h"
#include "kernel/shutdown.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/virt/sched.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"

#define RESTART_US 1000000u /* by its policy a guest starts at most that often */

/* `stats`: the engine counts instructions; code is translated anew for it and so gets warm first.
 */
#define COUNT_WARM_US 250000
#define COUNT_US      500000

static struct guest guests[CONFIG_GUESTS_MAX];
static struct config config;
static const struct boot_info *boot_info;
static bool idle_said;

/* --- starting -----------------------------------------------------------------------------------
 */

static bool find_file(const struct config_file *file, struct vm_file *found)
{
    const struct boot_module *module =
        file->path[0] != 0 ? boot_module_find(boot_info, file->path) : NULL;
    if (module != NULL) {
        *found = (struct vm_file){hpa_to_ptr(hpa(module->base)), module->size};
    }
    return module != NULL;
}

static int find_engine(const struct config_guest *c, struct vm_config *vm)
{
    struct vm_file file = {0};
    const struct blob *blob = blob_find("engine");
    if (find_file(&c->engine, &file)) {
        vm->engine = file.data;
        vm->engine_size = file.size;
        return 0;
    }
    if (blob == NULL) {
        log_error(LOG_CONFIG, "guest %s: this build has no engine", c->name);
        return -ERR_NOENT;
    }
    vm->engine = blob->data;
    vm->engine_size = blob->size;
    vm->doorbell = guest_doorbell; /* a test's engine gets no devices */
    return 0;
}

static void ended(void *owner, enum vm_end why, const char *text);

/* What exarch.ini says, but for its owner. */
static int describe_vm(const struct config_guest *c, struct vm_config *vm)
{
    *vm = (struct vm_config){
        .name = c->name,
        .cmdline = c->cmdline,
        .ram = c->memory,
        .heap = c->engine_memory,
        .code_cache = c->code_cache,
        .vcpus = c->cpus,
        .first_core = c->core % smp_cpu_count(),
        .console_write = guest_uart_write,
        .console_read = guest_uart_read,
        .ended = ended,
    };
    (void)find_file(&c->kernel, &vm->files[ABI_FILE_KERNEL]); /* config.c sees that they exist */
    (void)find_file(&c->initrd, &vm->files[ABI_FILE_INITRD]);
    (void)find_file(&c->dtb, &vm->files[ABI_FILE_DTB]);
    return find_engine(c, vm);
}

static int start(struct guest *guest)
{
    guest->start_at = 0;
    struct vm_config vm;
    int error = describe_vm(guest->config, &vm);
    if (error < 0) {
        return error;
    }
    vm.owner = guest;
    error = vm_create(&vm, &guest->vm);
    if (error == 0 && vm.doorbell != NULL) {
        error = guest_io_init(guest);
    }
    if (error < 0) {
        return error;
    }
    guest->state = GUEST_RUNNING;
    guest->counting = 0;
    guest->stop_wanted = false;
    guest->start_wanted = false;
    guest->starts++;
    guest->started_at = tsc_read();
    idle_said = false;
    vm_start(guest->vm);
    return 0;
}

/* --- ending -------------------------------------------------------------------------------------
 */

unsigned guests_living(void)
{
    unsigned count = 0;
    for (unsigned n = 0; n < config.guest_count; n++) {
        count += guests[n].vm != NULL || guests[n].start_at != 0;
    }
    return count;
}

static void last_ended(void)
{
    idle_said = true;
    log_info(LOG_CONFIG, "all guests have ended");
    if (config.when_idle == CONFIG_IDLE_POWEROFF) {
        shutdown_poweroff();
    } else if (config.when_idle == CONFIG_IDLE_REBOOT) {
        shutdown_reboot();
    }
}

static bool restarts(const struct guest *guest, enum vm_end why)
{
    if (guest->start_wanted || guest->stop_wanted) {
        return guest->start_wanted;
    }
    if (why == VM_END_FILES) {
        return false; /* they will not get better */
    }
    return guest->config->restart == CONFIG_RESTART_ALWAYS ||
           (guest->config->restart == CONFIG_RESTART_ON_RESET && why == VM_END_RESET);
}

static void start_again(struct guest *guest)
{
    int error = start(guest);
    if (error < 0) {
        log_error(LOG_CONFIG, "guest %s does not start again: %s", guest->config->name,
                  err_text(error));
        guest->leaving = true;
    }
}

static void ended(void *owner, enum vm_end why, const char *text)
{
    static const char *const words[VM_END_COUNT] = {
        [VM_END_POWEROFF] = "switched itself off", [VM_END_RESET] = "reset",
        [VM_END_PANIC] = "engine panic",           [VM_END_FAULT] = "stopped for a fault",
        [VM_END_KILLED] = "ended by the user",     [VM_END_FILES] = "files do not start",
    };
    struct guest *guest = owner;
    struct mem_stats stats;
    mem_stats(&stats);
    format_buffer(guest->last_end, sizeof(guest->last_end), "%s", words[why]);
    log_info(LOG_CONFIG, "guest %s is gone after %u start(s), %lu pages free", guest->config->name,
             guest->starts, stats.free_pages);
    if (why == VM_END_FILES) {
        log_error(LOG_CONFIG, "%s:%u: [guest %s] does not start: %s; expected files that boot",
                  CONFIG_NAME, guest->config->line, guest->config->name, text);
    }
    guest->vm = NULL;
    guest->counting = 0;
    guest->state = GUEST_OFF;
    if (!restarts(guest, why)) {
        guest->leaving = true;
    } else if (guest->start_wanted) {
        start_again(guest);
    } else {
        guest->start_at = guest->started_at + time_tsc_from_us(RESTART_US);
    }
}

/* A guest that has ended leaves the front when its last words are out: a slow line needs seconds
 * for them. True while one has not. */
static bool consoles_leave(void)
{
    bool waits = false;
    for (unsigned i = 0; i < config.guest_count; i++) {
        struct guest *guest = &guests[i];
        unsigned front = console_front();
        if (!guest->leaving || guest->state != GUEST_OFF) {
            guest->leaving = false;
        } else if (console_unsent(guest->port) || console_unsent(guest->virtio_port)) {
            waits = true;
        } else {
            guest->leaving = false;
            if (front == guest->port || front == guest->virtio_port) {
                (void)console_switch(CONSOLE_MONITOR);
            }
        }
    }
    return waits;
}

/* --- the monitor's wishes -----------------------------------------------------------------------
 */

unsigned guests_count(void)
{
    return config.guest_count;
}

void guests_describe(unsigned n, struct guest_info *info)
{
    const struct guest *guest = &guests[n];
    *info = (struct guest_info){.name = guest->config->name,
                                .last_end = guest->last_end,
                                .state = guest->state,
                                .memory = guest->config->memory,
                                .cpus = guest->config->cpus,
                                .starts = guest->starts};
}

const char *guests_state_name(enum guest_state state)
{
    static const char *const names[GUEST_STATES] = {"off", "running", "paused", "stopping",
                                                    "broken"};
    return names[state];
}

int guests_start(unsigned n)
{
    struct guest *guest = &guests[n];
    if (guest->config->broken) {
        return -ERR_INVAL;
    }
    return guest->vm != NULL ? -ERR_BUSY : start(guest);
}

static int end(struct guest *guest, bool again)
{
    if (guest->vm == NULL && guest->start_at != 0) { /* between two lives */
        guest->start_at = again ? 1 : 0;
        guest->leaving = !again;
        return 0;
    }
    if (guest->vm == NULL) {
        return -ERR_NOENT;
    }
    guest->stop_wanted = !again;
    guest->start_wanted = again;
    guest->state = GUEST_STOPPING;
    vm_stop(guest->vm, VM_END_KILLED, 0);
    return 0;
}

int guests_stop(unsigned n)
{
    return end(&guests[n], false);
}

int guests_reset(unsigned n)
{
    return end(&guests[n], true);
}

int guests_pause(unsigned n, bool pause)
{
    struct guest *guest = &guests[n];
    if (guest->vm == NULL || guest->state == GUEST_STOPPING) {
        return -ERR_NOENT;
    }
    vm_pause(guest->vm, pause);
    guest->state = pause ? GUEST_PAUSED : GUEST_RUNNING;
    return 0;
}

/* Root's counters now, the engine's when it has counted instructions for a while. */
int guests_stats(unsigned n)
{
    struct guest *guest = &guests[n];
    if (guest->vm == NULL) {
        return -ERR_NOENT;
    }
    if (config.log_level < LOG_INFO) {
        log_set_level(LOG_VM, LOG_INFO); /* else nothing shows; the engine answers later */
    }
    vm_report(guest->vm);
    if (guest->counting == 0) {
        vm_post(guest->vm, ABI_EVENT_COUNT);
        guest->counting = 2;
        guest->count_at = tsc_read() + time_tsc_from_us(COUNT_WARM_US);
        sched_want_background();
    }
    return 0;
}

/* The measurement's start after the warm-up, and its end. */
static void go_on_counting(struct guest *guest, uint64_t now)
{
    if (guest->counting == 0 || guest->vm == NULL || now < guest->count_at) {
        return;
    }
    guest->counting--;
    guest->count_at = now + time_tsc_from_us(COUNT_US);
    vm_post(guest->vm, guest->counting != 0 ? ABI_EVENT_COUNT : ABI_EVENT_STATS);
}

/* What is to be done at a time, and when the background is wanted for the next of it. */
static void keep_time(void)
{
    uint64_t next = UINT64_MAX, now = tsc_read();
    for (unsigned n = 0; n < config.guest_count; n++) {
        struct guest *guest = &guests[n];
        if (guest->start_at != 0 && guest->start_at <= now) {
            start_again(guest);
        }
        go_on_counting(guest, now);
        next = guest->start_at != 0 ? MIN(next, guest->start_at) : next;
        next = guest->counting != 0 ? MIN(next, guest->count_at) : next;
    }
    sched_background_at(next);
}

/* --- the background -----------------------------------------------------------------------------
 */

void guests_console_moved(uint64_t input, uint64_t room)
{
    for (unsigned n = 0; n < config.guest_count; n++) {
        guest_console_moved(&guests[n], input, room);
    }
}

void guests_background(void)
{
    (void)vm_reap();
    console_host_poll();
    for (unsigned n = 0; n < config.guest_count; n++) {
        guest_finish_devices(&guests[n]);
    }
    keep_time();
    bool leaving = consoles_leave();
    if (!idle_said && !leaving && guests_living() == 0) {
        last_ended();
    }
}

/* --- the start ----------------------------------------------------------------------------------
 */

static bool has_file(void *context, const char *path)
{
    (void)context;
    return boot_module_find(boot_info, path) != NULL;
}

static uint64_t space_of(void *context, const struct config_guest *guest)
{
    struct vm_config vm;
    (void)context;
    return describe_vm(guest, &vm) == 0 ? vm_space(&vm) : 0;
}

static void complain(void *context, const char *line)
{
    (void)context;
    log_error(LOG_CONFIG, "%s", line);
}

static void read_config(void)
{
    const struct boot_module *file = boot_module_find(boot_info, CONFIG_NAME);
    struct mem_stats stats;
    mem_stats(&stats);
    const struct config_host host = {.has_file = has_file,
                                     .memory = stats.free_pages << PAGE_SHIFT,
                                     .space_of = space_of,
                                     .complain = complain};
    if (file == NULL) {
        log_warn(LOG_CONFIG, "there is no exarch.ini: no guest starts");
    }
    config_read(&config, file != NULL ? hpa_to_ptr(hpa(file->base)) : "",
                file != NULL ? file->size : 0, &host);
    for (unsigned area = 0; area < LOG_AREAS; area++) {
        log_set_level((enum log_area)area, (enum log_level)config.log_level);
    }
    if (file != NULL && config.guest_count == 0) {
        log_warn(LOG_CONFIG, "%s has no [guest NAME]: no guest starts", CONFIG_NAME);
    }
    log_info(LOG_CONFIG, "%u guest(s), %lu pages free", config.guest_count, stats.free_pages);
}

static void open_guest(unsigned n)
{
    struct guest *guest = &guests[n];
    guest->config = &config.guests[n];
    guest->state = guest->config->broken ? GUEST_BROKEN : GUEST_OFF;
    guest->port = 1 + n;
    guest->virtio_port = 1 + CONSOLE_GUESTS + n;
    format_buffer(guest->virtio_name, sizeof(guest->virtio_name), "%s hvc0", guest->config->name);
    console_open(guest->port, guest->config->name);
}

/* The first guest that wants to be seen comes to the front. */
static void choose_front(void)
{
    for (unsigned n = 0; n < config.guest_count; n++) {
        if (guests[n].vm != NULL && guests[n].config->output == CONFIG_OUTPUT_YES) {
            (void)console_switch(guests[n].port);
            return;
        }
    }
}

void guests_init(const struct boot_info *info)
{
    boot_info = info;
    random_init();
    read_config();
    console_host_init(config.console);
    monitor_init();
    for (unsigned n = 0; n < config.guest_count; n++) {
        open_guest(n);
    }
    for (unsigned n = 0; n < config.guest_count; n++) {
        struct guest *guest = &guests[n];
        int error = guest->config->autostart && !guest->config->broken ? start(guest) : 0;
        if (error < 0) {
            log_error(LOG_CONFIG, "guest %s does not start: %s", guest->config->name,
                      err_text(error));
        }
    }
    choose_front();
    idle_said = config.guest_count == 0;
}
