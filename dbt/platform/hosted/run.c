/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted: entering and leaving translated code, and the signals that its faults become. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "dbt/platform/features.h"
#include "dbt/platform/hosted/hosted.h"
#include "dbt/rt/fault.h"
#include "dbt/rt/helpers.h"
#include "dbt/vcpu.h"
#include "dbt/x64/rflags.h"

#define SIGNAL_STACK KIB(256)
#define PF_WRITE     BIT64(1) /* of the x86 page-fault error code */

/* --- stubs --- */
/* Copied to the start of the code cache, so that translated code reaches them by rel32. st->plat[0]
 * holds the stack pointer of hosted_stub_enter, [1] the vCPU, [2] the address of rt_call_sync.
 *   enter      C function (st, host, stack) -> EAX of the exit
 *   leave      where a fault that cannot be mended goes on
 *   exit, call_sync: see struct x64_env */
extern const uint8_t hosted_stubs[], hosted_stubs_end[], hosted_stub_enter[], hosted_stub_leave[],
    hosted_stub_lookup[], hosted_stub_exit[], hosted_stub_call_sync[];

#define FIELD_OFFSET(field) "i"(offsetof(struct a64_state, field) - STATE_BIAS)

__attribute__((used, noinline)) static void stub_text(void)
{
    __asm__ volatile(
        ".globl hosted_stubs, hosted_stubs_end, hosted_stub_enter, hosted_stub_leave\n"
        ".globl hosted_stub_lookup, hosted_stub_exit, hosted_stub_call_sync\n"
        "hosted_stubs:\n"
        "hosted_stub_enter:\n"
        "    push %%rbx; push %%rbp; push %%r12; push %%r13; push %%r14; push %%r15\n"
        "    sub $8, %%rsp\n"
        "    lea %c[bias](%%rdi), %%r14\n"
        "    mov %%rsp, %c[sp](%%r14)\n"
        "    mov %%rdx, %%rsp\n"
        "    mov %c[mem_bias](%%r14), %%r15\n"
        "    stmxcsr %c[host_mxcsr](%%r14)\n"
        "    ldmxcsr %c[mxcsr](%%r14)\n"
        "    jmp *%%rsi\n"
        "hosted_stub_lookup:\n"
        "    mov %%rax, %c[pc](%%r14)\n"
        "hosted_stub_leave:\n"
        "    mov %[lookup], %%eax\n"
        "hosted_stub_exit:\n"
        "    mov %%rsp, %c[ret_sp](%%r14)\n"
        "    mov %c[sp](%%r14), %%rsp\n"
        "    stmxcsr %c[mxcsr](%%r14)\n"
        "    ldmxcsr %c[host_mxcsr](%%r14)\n"
        "    vzeroupper\n"
        "    add $8, %%rsp\n"
        "    pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbp; pop %%rbx\n"
        "    ret\n"
        "hosted_stub_call_sync:\n"
        "    pop %%rbx\n"
        "    mov %%rsp, %c[ret_sp](%%r14)\n"
        "    mov %c[sp](%%r14), %%rsp\n"
        "    stmxcsr %c[mxcsr](%%r14)\n"
        "    ldmxcsr %c[host_mxcsr](%%r14)\n"
        "    vzeroupper\n"
        "    mov %%edx, %%r9d\n"
        "    mov %%rsi, %%rcx\n"
        "    mov %%rdi, %%rdx\n"
        "    mov %%eax, %%esi\n"
        "    mov %c[vcpu](%%r14), %%rdi\n"
        "    call *%c[call_sync](%%r14)\n"
        "    ldmxcsr %c[mxcsr](%%r14)\n"
        "    mov %c[ret_sp](%%r14), %%rsp\n"
        "    cmpq $0, %c[unwind](%%r14)\n"
        "    jne hosted_stub_leave\n"
        "    push %%rbx\n"
        "    ret\n"
        "hosted_stubs_end:\n"
        :
        : [bias] "i"(STATE_BIAS), [lookup] "i"(EXIT_LOOKUP), [sp] FIELD_OFFSET(plat[0]),
          [ret_sp] FIELD_OFFSET(ret_sp), [pc] FIELD_OFFSET(pc), [vcpu] FIELD_OFFSET(plat[1]),
          [call_sync] FIELD_OFFSET(plat[2]), [mem_bias] FIELD_OFFSET(mem_bias),
          [host_mxcsr] FIELD_OFFSET(host_mxcsr), [mxcsr] FIELD_OFFSET(mxcsr),
          [unwind] FIELD_OFFSET(unwind));
}

static struct x64_env env;
static uint64_t pure[HELPER_COUNT];

/* Where a stub executes. */
static uint64_t stub_rx(const uint8_t *stub)
{
    return plat_memory()->code_rx + (uint64_t)(stub - hosted_stubs);
}

void hosted_stubs_init(uint32_t features)
{
    if (!features_are_enough()) {
        errx(EXIT_FAILURE, "this host is older than x86-64-v3");
    }
    memcpy(plat_memory()->code_rw, hosted_stubs, (size_t)(hosted_stubs_end - hosted_stubs));
    for (unsigned i = 0; i < HELPER_COUNT; i++) {
        pure[i] = help_pure[i];
    }
    env = (struct x64_env){.mem_model = MEM_SLOTS,
                           .features = features_optional() & features,
                           .exit = stub_rx(hosted_stub_exit),
                           .lookup = stub_rx(hosted_stub_lookup),
                           .call_sync = stub_rx(hosted_stub_call_sync),
                           .pure = pure};
}

const struct x64_env *plat_env(void)
{
    return &env;
}

void plat_code_used(uint64_t end)
{
    (void)end; /* no guest address leads to the code cache: nothing is hidden */
}

/* --- running --- */

static __thread struct vcpu *current;

struct vcpu *hosted_current(void)
{
    return current;
}

uint32_t plat_run(struct vcpu *vcpu, uint64_t host, uint64_t stack)
{
    struct hosted_vcpu *hv = hosted_vcpu(vcpu);
    uint32_t (*enter)(struct a64_state *, uint64_t, uint64_t) = (void *)stub_rx(hosted_stub_enter);
    uint32_t exit = EXIT_LOOKUP;
    hv->running = true; /* before the look: an event after it brings a signal that sees it */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&hv->pending, __ATOMIC_RELAXED)) {
        exit = enter(vcpu->st, host, stack);
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    hv->running = false;
    return exit;
}

/* --- signals --- */

static bool in_blocks(uint64_t rip)
{
    const struct plat_memory *memory = plat_memory();
    return rip - memory->code_rx - PLAT_STUB_SIZE < memory->code_size - PLAT_STUB_SIZE;
}

static struct x64_regs take_regs(const ucontext_t *context)
{
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
    const greg_t *gregs = context->uc_mcontext.gregs;
    struct x64_regs regs = {.rip = (uint64_t)gregs[REG_RIP],
                            .rflags = (uint64_t)gregs[REG_EFL],
                            .xmm = (const void *)context->uc_mcontext.fpregs->_xmm};
    for (unsigned i = 0; i < 16; i++) {
        regs.gpr[i] = (uint64_t)gregs[order[i]];
    }
    return regs;
}

static void act(ucontext_t *context, enum rt_action action)
{
    greg_t *gregs = context->uc_mcontext.gregs;
    gregs[REG_EFL] &= ~(greg_t)RFLAGS_TF;
    if (action == RT_STEP) {
        gregs[REG_EFL] |= (greg_t)RFLAGS_TF;
    } else if (action == RT_LEAVE) {
        gregs[REG_RIP] = (greg_t)stub_rx(hosted_stub_leave);
    }
}

static struct plat_fault classify(int signal, const siginfo_t *info, const ucontext_t *context)
{
    struct plat_fault fault = {.kind = PLAT_FAULT_CHECK};
    if (signal == SIGTRAP) {
        fault.kind = PLAT_FAULT_STEP;
    } else if (signal == SIGSEGV) {
        const struct hosted_vcpu *hv = hosted_vcpu(current);
        uint64_t address = (uintptr_t)info->si_addr;
        bool page = hosted_view_offset(hv->view, address, &fault.offset);
        fault.kind = page ? PLAT_FAULT_PAGE : PLAT_FAULT_RANGE;
        fault.write = context->uc_mcontext.gregs[REG_ERR] & (greg_t)PF_WRITE;
    }
    return fault;
}

/* SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS. */
static void on_fault(int signal, siginfo_t *info, void *raw)
{
    ucontext_t *context = raw;
    struct x64_regs regs = take_regs(context);
    if (current && in_blocks(regs.rip) && signal != SIGBUS) {
        struct plat_fault fault = classify(signal, info, context);
        act(context, rt_fault(current, &regs, &fault));
    } else if (current &&
               signal == SIGTRAP) { /* stepped into a stub or a helper: look again soon */
        act(context, RT_RESUME);
        hosted_retry_soon(hosted_vcpu(current));
    } else { /* a bug of ours: end as if there were no handler */
        struct sigaction plain = {.sa_handler = SIG_DFL};
        sigaction(signal, &plain, NULL);
    }
}

/* SIGALRM, SIGUSR1 and SIGUSR2: an event may be pending; translated code must leave for it. */
static void on_event(int signal, siginfo_t *info, void *raw)
{
    ucontext_t *context = raw;
    (void)info;
    struct hosted_vcpu *hv = hosted_vcpu(current);
    if (signal == SIGALRM) {
        hosted_timer_expired(hv);
    }
    if (!hv->running || !__atomic_load_n(&hv->pending, __ATOMIC_RELAXED)) {
        return;
    }
    struct x64_regs regs = take_regs(context);
    if (in_blocks(regs.rip)) {
        act(context, rt_interrupt(current, &regs));
    } else {
        hosted_retry_soon(hv);
    }
}

static void set_handler(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&action.sa_mask);
    if (sigaction(signal, &action, NULL)) {
        err(EXIT_FAILURE, "sigaction");
    }
}

void hosted_thread_init(struct vcpu *vcpu)
{
    stack_t stack = {.ss_size = SIGNAL_STACK, .ss_sp = malloc(SIGNAL_STACK)};
    if (!stack.ss_sp || sigaltstack(&stack, NULL)) {
        err(EXIT_FAILURE, "signal stack");
    }
    current = vcpu;
    hosted_vcpu(vcpu)->thread = (pid_t)syscall(SYS_gettid);
    vcpu->st->plat[1] = (uintptr_t)vcpu;
    vcpu->st->plat[2] = (uintptr_t)rt_call_sync;
    static const int faults[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS};
    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        set_handler(faults[i], on_fault);
    }
    set_handler(SIGALRM, on_event);
    set_handler(SIGUSR1, on_event);
    set_handler(SIGUSR2, on_event);
}
