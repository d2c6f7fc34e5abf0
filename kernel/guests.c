/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests by exarch.ini. A guest's VM comes and goes on the boot CPU only; other CPUs reach a guest
 * through the callbacks of its running VM. The back ends' lock is taken by the vCPU that rings and
 * by the boot CPU's background.
 */
#include "kernel/guests.h"

#include "exarch/bits.h"
#include "guestdev/back/back.h"
#include "kernel/blob.h"
#include "kernel/config.h"
#include "kernel/console.h"
#include "kernel/console_host.h"
#include "kernel/lib/format.h"
#include "kernel/lib/spinlock.h"
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

#define GUEST_RAM_BASE UINT64_C(0x40000000) /* where the guest machine has its RAM */
#define VM_PIECE       MIB(2)               /* vm_pointer crosses no border of these */
#define LOG_LINE_MAX   200u
#define RESTART_US     1000000u /* by its policy a guest starts at most that often */

/* `stats`: the engine counts instructions; code is translated anew for it and so gets warm first.
 */
#define COUNT_WARM_US 250000
#define COUNT_US      500000

_Static_assert(CONFIG_GUESTS_MAX == CONSOLE_GUESTS, "each guest has its ports");

struct guest {
    const struct config_guest *config;
    struct vm *vm; /* NULL when it is off */
    enum guest_state state;
    bool stop_wanted;  /* by the monitor: no restart whatever the policy */
    bool leaving;      /* ended, its console's output not yet out */
    bool start_wanted; /* by the monitor's reset: a restart whatever the policy */
    unsigned counting; /* how many events of `stats` are still to come, the next one at count_at */
    uint64_t count_at; /* TSC */
    uint64_t started_at; /* TSC */
    uint64_t start_at;   /* TSC: it restarts then; 0: it does not */
    unsigned starts;
    unsigned port, virtio_port;
    char last_end[32];
    char virtio_name[CONFIG_NAME_MAX + 8];
    char log_line[LOG_LINE_MAX]; /* of a guest whose console goes to the log */
    size_t log_length;
    uint64_t unfinished; /* devices to be rung again by the background; atomic */
    struct spinlock back_lock;
    struct back_set back;
};

static struct guest guests[CONFIG_GUESTS_MAX];
static struct config config;
static const struct boot_info *boot_info;
static bool idle_said;

/* --- console ------------------------------------------------------------------------------------
 */

/* Whole lines of a guest whose console goes to the log, as fast as the log's line is; what it still
 * had to say when it ended is less than its ring. */
static size_t write_to_log(struct guest *guest, const char *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        if (data[n] == '\n' || guest->log_length == LOG_LINE_MAX) {
            if (!vm_is_stopping(guest->vm) && !console_log_ready(guest->port)) {
                return n;
            }
            log_info(LOG_VM, "%s| %.*s", guest->config->name, (int)guest->log_length,
                     guest->log_line);
            guest->log_length = 0;
        }
        if (data[n] >= ' ' && data[n] <= '~') { /* no control sequences of any kind */
            guest->log_line[guest->log_length++] = data[n];
        }
    }
    return size;
}

static size_t uart_write(void *owner, const char *data, size_t size)
{
    struct guest *guest = owner;
    if (guest->config->output == CONFIG_OUTPUT_LOG) {
        return write_to_log(guest, data, size);
    }
    return console_write(guest->port, data, size);
}

static size_t uart_read(void *owner, char *data, size_t size)
{
    return console_read(((struct guest *)owner)->port, data, size);
}

/* The virtio console's port opens when the guest first uses it. */
static size_t virtio_write(void *context, const char *data, size_t size)
{
    struct guest *guest = context;
    console_open(guest->virtio_port, guest->virtio_name);
    return console_write(guest->virtio_port, data, size);
}

static size_t virtio_read(void *context, char *data, size_t size)
{
    return console_read(((struct guest *)context)->virtio_port, data, size);
}

/* --- back ends ----------------------------------------------------------------------------------
 */

static void *guest_memory(void *context, uint64_t address, uint64_t *size)
{
    const struct guest *guest = context;
    struct abi_area ram = vm_ram(guest->vm);
    uint64_t offset = address - GUEST_RAM_BASE;
    if (address < GUEST_RAM_BASE || offset >= ram.size) {
        return NULL;
    }
    uint64_t vpa = ram.vpa + offset;
    *size = MIN(*size, VM_PIECE - vpa % VM_PIECE);
    *size = MIN(*size, ram.size - offset);
    return vm_pointer(guest->vm, vpa, *size);
}

static void serve(struct guest *guest, uint64_t bells)
{
    uint64_t flags = spin_lock_irq(&guest->back_lock);
    bool interrupt = back_ring(&guest->back, bells);
    uint64_t unfinished = back_unfinished(&guest->back);
    spin_unlock_irq(&guest->back_lock, flags);
    if (unfinished != 0) {
        __atomic_fetch_or(&guest->unfinished, unfinished, __ATOMIC_RELAXED);
        sched_want_background();
    }
    if (interrupt) {
        vm_post(guest->vm, ABI_EVENT_DEVICE);
    }
}

static void doorbell(struct vm *vm, uint64_t bells)
{
    serve(vm_owner(vm), bells);
}

static int make_devices(struct guest *guest)
{
    const struct vq_memory memory = {guest_memory, guest};
    const struct back_host host = {virtio_write, virtio_read, random_fill, guest};
    back_init(&guest->back, vm_shared_page(guest->vm), &memory, &host);
    int error = back_add(&guest->back, &back_console);
    return error < 0 ? error : back_add(&guest->back, &back_entropy);
}

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
    vm->doorbell = doorbell; /* a test's engine gets no devices */
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
        .console_write = uart_write,
        .console_read = uart_read,
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
        error = make_devices(guest);
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
        struct guest *guest = &guests[n];
        if (guest->vm == NULL) {
            continue;
        }
        if (bit(input, guest->port)) {
            vm_console_input(guest->vm);
        }
        if (bit(room, guest->port)) {
            vm_console_drain(guest->vm);
        }
        if (bit(input | room, guest->virtio_port) && guest->back.count != 0) {
            serve(guest, UINT64_MAX);
        }
    }
}

/* Long work of back ends goes on in turns, so that nobody waits for it. */
static void finish_devices(void)
{
    for (unsigned n = 0; n < config.guest_count; n++) {
        struct guest *guest = &guests[n];
        uint64_t bells = __atomic_exchange_n(&guest->unfinished, 0, __ATOMIC_RELAXED);
        if (bells != 0 && guest->vm != NULL) {
            serve(guest, bells);
        }
    }
}

void guests_background(void)
{
    (void)vm_reap();
    console_host_poll();
    finish_devices();
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
