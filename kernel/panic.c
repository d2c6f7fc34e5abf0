/* SPDX-License-Identifier: BSD-2-Clause */
/* Panic: everything a bug report needs, once, then this CPU and the others stop. */
#include "kernel/panic.h"

#include <stdarg.h>
#include <stdbool.h>

#include "kernel/cpu_local.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/trap.h"

#define BACKTRACE_MAX 24

static int panicking;

static void say_place(const char *what, uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_lookup(address, &offset);

    if (name) {
        log_error(LOG_TRAP, "%s 0x%016lx %s+0x%lx", what, address, name, offset);
    } else {
        log_error(LOG_TRAP, "%s 0x%016lx", what, address);
    }
}

/* Frame pointers lead up the stack; each step is checked, for the stack may be what broke. */
static void say_backtrace(uint64_t frame)
{
    for (unsigned depth = 0; depth < BACKTRACE_MAX; depth++) {
        if (frame % 8 || !paging_is_mapped(frame) || !paging_is_mapped(frame + 15)) {
            break;
        }
        const uint64_t *words = (const uint64_t *)frame;
        if (!words[1]) {
            break;
        }
        say_place("  from", words[1] - 1);
        if (words[0] <= frame) {
            break;
        }
        frame = words[0];
    }
}

/* A leaf function may have no frame, and a jump out of the code has none: the return address is
 * then on top of the stack. It may also be something else that lies there, hence the question mark.
 */
static void say_top_of_stack(const struct trap_frame *frame)
{
    uint64_t offset;

    if (frame->rsp % 8 || !paging_is_mapped(frame->rsp)) {
        return;
    }
    uint64_t word = *(const uint64_t *)frame->rsp;
    if (symbol_lookup(word, &offset)) {
        say_place(" from?", word - 1);
    }
}

static void say_registers(const struct trap_frame *f)
{
    log_error(LOG_TRAP, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx,
              f->rdx);
    log_error(LOG_TRAP, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi, f->rbp,
              f->rsp);
    log_error(LOG_TRAP, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10,
              f->r11);
    log_error(LOG_TRAP, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14,
              f->r15);
    log_error(LOG_TRAP, "rip %016lx rflags %08lx cs %04lx ss %04lx vector %lu error %lx", f->rip,
              f->rflags, f->cs, f->ss, f->vector, f->error);
}

static _Noreturn void stop(void)
{
    for (;;) {
        cpu_interrupts_off();
        cpu_halt();
    }
}

static _Noreturn void die(const struct trap_frame *frame, uint64_t rbp, const char *text)
{
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_ACQ_REL)) {
        stop(); /* another CPU, or a fault in here: the first report is the one that counts */
    }
    smp_stop_others();
    log_force_unlock();
    log_error(LOG_TRAP, "PANIC on CPU %u: %s", cpu_index(), text);
    log_error(LOG_TRAP, "build %s", build_id());
    if (frame) {
        say_registers(frame);
    }
    log_error(LOG_TRAP, "cr0 %lx cr2 %lx cr3 %lx cr4 %lx", cr0_read(), cr2_read(), cr3_read(),
              cr4_read());
    if (frame) {
        say_place("    at", frame->rip);
        say_top_of_stack(frame);
    }
    say_backtrace(rbp);
    log_error(LOG_TRAP, "PANIC ends: halted");
    log_flush();
    stop();
}

void panic(const char *format, ...)
{
    char text[200];
    va_list args;

    cpu_interrupts_off();
    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    die(NULL, (uintptr_t)__builtin_frame_address(0), text);
}

void panic_frame(const struct trap_frame *frame, const char *format, ...)
{
    char text[200];
    va_list args;

    cpu_interrupts_off();
    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    die(frame, frame->rbp, text);
}
