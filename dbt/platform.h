/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's only way to the world. Two implementations: platform/vm and platform/hosted. */
#pragma once

#include "dbt/state.h"
#include "dbt/x64/compile.h"

struct vcpu;
struct vm;

/* --- memory: fixed at start --- */
struct plat_memory {
    uint8_t *ram; /* guest RAM, zeroed */
    uint64_t ram_size;
    uint8_t *heap; /* the engine's own data, zeroed; rt/heap.c hands it out */
    uint64_t heap_size;
    uint8_t *code_rw; /* the code cache, writable alias */
    uint64_t code_rx; /* and the address at which translated code executes; may differ */
    uint64_t code_size;
    uint8_t *shared; /* heap that translated code may read and write (struct a64_state, jump
                        caches), at the addresses that plat_reach gives */
    uint64_t shared_size;
};
const struct plat_memory *plat_memory(void);

/* --- time --- */
uint64_t plat_counter(void);      /* the host's counter (TSC); monotonic, the same on all vCPUs */
uint64_t plat_counter_hz(void);   /* its frequency */
uint64_t plat_wall_seconds(void); /* Unix time, for the RTC */

/* Asks for PLAT_EVENT_TIMER on vcpu when the counter reaches `at` (UINT64_MAX: none). Replaces the
 * one before. */
void plat_set_deadline(struct vcpu *vcpu, uint64_t at);

/* --- events --- */
/* An event that comes while translated code runs makes the platform call rt_interrupt (rt/fault.h).
 */
enum plat_event {
    PLAT_EVENT_TIMER = 1 << 0,
    PLAT_EVENT_CONSOLE = 1 << 1, /* input is there, or output has room again */
    PLAT_EVENT_QUEUE = 1 << 2,   /* a virtio back end has used buffers */
    PLAT_EVENT_KICK = 1 << 3,    /* another vCPU wants this one to look at its state */
    PLAT_EVENT_STOP = 1 << 4,    /* the user stops the guest */
};
unsigned plat_take_events(struct vcpu *vcpu); /* returns and clears what is pending */
void plat_wait(struct vcpu *vcpu);            /* sleeps until an event is pending */
void plat_kick(struct vcpu *vcpu);            /* sends PLAT_EVENT_KICK; any thread or core */

/* --- console (the guest's PL011) --- */
size_t plat_console_write(const void *data, size_t size); /* bytes taken, may be less */
size_t plat_console_read(void *data, size_t size);        /* bytes got, 0 when none */

/* --- log and end --- */
enum plat_log_level { PLAT_ERROR, PLAT_WARN, PLAT_INFO, PLAT_DEBUG };
void plat_log(enum plat_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Shows a new translation to whoever debugs (hosted: --trace); code is NULL for interpreted blocks.
 */
struct ir_block;
void plat_trace_block(const struct vcpu *vcpu, uint64_t pa, const struct ir_block *ir,
                      const struct x64_code *code);

enum plat_end { PLAT_END_OFF, PLAT_END_RESET, PLAT_END_FAILURE };
_Noreturn void plat_end(enum plat_end end, int status);

/* --- running translated code --- */
/* The stubs and CPU features that the emitter needs; valid from the start on. The platform writes
 * its stubs into the first PLAT_STUB_SIZE bytes of the code cache. */
#define PLAT_STUB_SIZE 4096
const struct x64_env *plat_env(void);

/* Translated code in the first `end` bytes of the code cache is about to run. */
void plat_code_used(uint64_t end);

/*
 * Runs translated code at host, with RSP = stack, from the state *vcpu->st until it leaves; returns
 * EAX as given to env->exit (enum ir_exit | link << 8), or EXIT_LOOKUP when rt_fault/rt_interrupt
 * left it or a sync helper unwound. MXCSR is loaded from and stored to the state; RSP is stored to
 * st->ret_sp. Never entered with events pending unseen: if plat_take_events would return something,
 * it returns EXIT_LOOKUP without running.
 */
uint32_t plat_run(struct vcpu *vcpu, uint64_t host, uint64_t stack);

/* --- views: host mappings of one guest range --- */
/*
 * A view maps offsets 0..2^48-1 of the low or the high guest range to guest RAM for translated
 * code. Nothing in a view is executable.
 */
struct plat_view; /* platform/vm: a page-table root; platform/hosted: 512-GiB slots */

/* NULL when out of resources: destroy another one and retry. */
struct plat_view *plat_view_create(bool high);
void plat_view_destroy(struct plat_view *view);

enum plat_map {
    PLAT_MAPPED,
    PLAT_MAP_NEVER, /* the offset lies in the engine's own slots: such accesses go the slow way */
    PLAT_MAP_FULL,  /* out of resources: destroy or clear another view and retry */
};

/*
 * Maps guest RAM from ram_offset on at offset, replacing what was there. size is 2 MiB with all
 * aligned to it (the platform may use one 2M page), or a multiple of 4 KiB within a 2-MiB block.
 */
enum plat_map plat_view_map(struct plat_view *view, uint64_t offset, uint64_t ram_offset,
                            uint64_t size, bool writable);

/* Takes away all 4K pages in the range, and the whole of each mapping of 2 MiB that it touches. */
void plat_view_unmap(struct plat_view *view, uint64_t offset, uint64_t size);
void plat_view_clear(struct plat_view *view);

/* Sets st->mem_bias; the next plat_run runs on view. */
void plat_view_activate(struct vcpu *vcpu, struct plat_view *view);

/*
 * Windows (dbt/rt/window.h): makes the page of guest RAM at ram_offset accessible to translated
 * code and returns its address there, 0 when that cannot be. n, below WINDOW_TABLES * WINDOWS, is
 * closed before. Closing n takes the address away, at the latest before it stands for another page.
 */
uint64_t plat_window_open(struct vcpu *vcpu, unsigned n, uint64_t ram_offset, bool writable);
void plat_window_close(struct vcpu *vcpu, unsigned n);

/*
 * The address at which translated code reaches `memory`, size bytes of plat_memory()->shared that
 * start a page. It holds until rt_shared_moved (rt/fault.h) is called; unless pinned, until as many
 * as six other places were asked for after it. The state is the first that is asked for.
 */
uint64_t plat_reach(struct vcpu *vcpu, const void *memory, uint64_t size, bool pinned);

/* What a fault in translated code means to the platform. */
enum plat_fault_kind {
    PLAT_FAULT_PAGE,  /* no mapping, or not writable; offset in the active view is known */
    PLAT_FAULT_RANGE, /* address outside the view's range: known by #GP/#SS only, no address */
    PLAT_FAULT_CHECK, /* UD2 of a CHECK row or of an unlikely path: interpret the instruction */
    PLAT_FAULT_STEP,  /* single step asked for by rt_interrupt */
};
struct plat_fault {
    enum plat_fault_kind kind;
    bool write;
    uint64_t offset; /* PLAT_FAULT_PAGE: in the view's range */
};
