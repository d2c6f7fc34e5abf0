/* SPDX-License-Identifier: BSD-2-Clause */
/* The unit tests' host of compiled code, see x64_host.h. */
#include "tests/unit/x64_host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "dbt/platform/features.h"
#include "dbt/rt/fault.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/rflags.h"
#include "tests/unit/fake_rt.h"

#define GUARD      (UINT64_C(1) << 20)
#define SLOT_TABLE (UINT64_C(1) << 25)

uint8_t *host_memory;
uint8_t *host_code;
host_boundary_fn *host_on_boundary;
static uint64_t *slot_table; /* its middle */
static const struct x64_code *running;
static struct a64_state *running_st;
static enum host_stop stopped;
uint64_t host_saved_rsp;

uint32_t host_enter(const void *code, void *st, uint64_t bias, uint32_t eflags);
void host_exit_stub(void);
void host_lookup_stub(void);
void host_sync_stub(void);
void host_found_stub(void);
/* Opens the window of an access within a page of memory, for reads or for all. */
static uint64_t open_window(uint64_t va, uint32_t imm)
{
    uint64_t page = va & ~UINT64_C(4095), size = imm & 0xff, table = imm >> 8 & 0xff;
    bool write = imm & BIT32(16);
    struct window *window = &running_st->window[table][va / 4096 % WINDOWS];

    if (table >= WINDOW_TABLES || va - FAKE_BASE > FAKE_SIZE - size || va - page + size > 4096) {
        return 0;
    }
    window->read = page;
    window->write = write ? page : window->write;
    window->addend = (uintptr_t)host_memory - FAKE_BASE;
    return UINT64_C(1) << 8; /* anything but 0 */
}

uint64_t host_sync(uint32_t helper, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm);

/* Everything that the stub's contract does not preserve is destroyed on the way back. */
asm(".text\n"
    "host_enter:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "  sub $8, %rsp\n"
    "  mov %rsp, host_saved_rsp(%rip)\n"
    "  mov %rsi, %r14; mov %rdx, %r15\n"
    "  cmpq $0, 312-128(%r14)\n"
    "  cmovne 312-128(%r14), %rsp\n"
    "  pushfq; andl $~0x8d5, (%rsp); or %ecx, (%rsp); popfq\n"
    "  jmp *%rdi\n"
    "host_lookup_stub:\n"
    "  mov %rax, 264-128(%r14)\n"
    "  xor %eax, %eax\n"
    "host_exit_stub:\n"
    "  mov %rsp, 312-128(%r14)\n"
    "  mov host_saved_rsp(%rip), %rsp\n"
    "  add $8, %rsp\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  ret\n"
    "host_found_stub:\n"
    "  mov $0xf00d, %eax\n"
    "  jmp host_exit_stub\n"
    "host_sync_stub:\n"
    "  mov %r8, %rcx; mov %edx, %r8d; mov %rsi, %rdx; mov %rdi, %rsi; mov %eax, %edi\n"
    "  sub $8, %rsp\n"
    "  call host_sync\n"
    "  add $8, %rsp\n"
    "  mov $0xdead, %ebx; mov %rbx, %rcx; mov %rbx, %rdx; mov %rbx, %rsi; mov %rbx, %rdi\n"
    "  mov %rbx, %rbp; mov %rbx, %r8; mov %rbx, %r9; mov %rbx, %r10; mov %rbx, %r11\n"
    "  mov %rbx, %r12; mov %rbx, %r13; vmovq %rbx, %xmm0; vmovq %rbx, %xmm1; vmovq %rbx, %xmm2\n"
    "  vmovq %rbx, %xmm3; vmovq %rbx, %xmm4; cmp $1, %ebx\n"
    "  cmpq $0, 288-128(%r14)\n"
    "  jne host_exit_stub\n"
    "  ret\n");
_Static_assert(offsetof(struct a64_state, ret_sp) == 312, "the stubs load and store st.ret_sp");
_Static_assert(offsetof(struct a64_state, pc) == 264, "the stub writes st.pc");
_Static_assert(offsetof(struct a64_state, unwind) == 288, "the stub reads st.unwind");

uint64_t host_sync(uint32_t helper, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm)
{
    if (helper == HELPER_window) {
        return open_window(a0, imm);
    }
    uint64_t result = rt_call_sync(NULL, helper, a0, a1, a2, imm);

    if (running_st->unwind) {
        stopped = HOST_UNWIND;
    }
    return result;
}

static const struct x64_site *find_site(uint64_t rip, bool boundary)
{
    for (unsigned n = 0; n < running->site_count; n++) {
        if (running->rx + running->site[n].host == rip && running->site[n].boundary == boundary) {
            return &running->site[n];
        }
    }
    return NULL;
}

/* After each instruction of a run that is stepped. */
static void on_step(const struct x64_regs *regs, greg_t *g)
{
    const struct x64_site *site = find_site(regs->rip, true);

    if (regs->rip == (uintptr_t)host_exit_stub) {
        g[REG_EFL] &= ~RFLAGS_TF;
    } else if (site) {
        host_on_boundary(site, regs);
    }
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
    ucontext_t *uc = context;
    greg_t *g = uc->uc_mcontext.gregs;
    struct x64_regs regs = {.rip = (uint64_t)g[REG_RIP], .rflags = (uint64_t)g[REG_EFL]};
    const struct x64_site *site = NULL;
    v128 xmm[16];

    (void)info;
    for (unsigned n = 0; n < 16; n++) {
        regs.gpr[n] = (uint64_t)g[order[n]];
        memcpy(&xmm[n], &uc->uc_mcontext.fpregs->_xmm[n], sizeof(v128));
    }
    regs.xmm = xmm;
    if (signal == SIGTRAP && host_on_boundary) {
        on_step(&regs, g);
        return;
    }
    g[REG_EFL] &= ~RFLAGS_TF;
    if (running && regs.rip - running->rx < running->size) {
        site = find_site(regs.rip, false);
    } else if (!running) {
        fprintf(stderr, "signal %d outside of compiled code\n", signal);
        _exit(1);
    }
    stopped = HOST_LOST;
    if (site) {
        x64_recover(site, running->loc, running->consts, &regs, running_st);
        stopped = HOST_FAULT;
    }
    g[REG_RIP] = (greg_t)(uintptr_t)host_exit_stub;
}

static uint8_t *map(uint64_t size, int prot)
{
    void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

void host_init(void)
{
    host_code = map(HOST_CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
    host_memory = map(2 * GUARD + FAKE_SIZE, PROT_NONE) + GUARD;
    if (mprotect(host_memory, FAKE_SIZE, PROT_READ | PROT_WRITE)) {
        perror("mprotect");
        exit(1);
    }
    slot_table = (uint64_t *)(void *)map(SLOT_TABLE * 8, PROT_READ | PROT_WRITE) + SLOT_TABLE / 2;
    slot_table[0] = (uintptr_t)host_memory - FAKE_BASE;
}

void host_catch(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
}

uint64_t host_found(void)
{
    return (uintptr_t)host_found_stub;
}

struct x64_env host_env(enum x64_mem_model model, uint32_t shake)
{
    return (struct x64_env){
        .mem_model = model,
        .features = features_optional() & (shake ? shake : UINT32_MAX),
        .exit = (uintptr_t)host_exit_stub,
        .lookup = (uintptr_t)host_lookup_stub,
        .call_sync = (uintptr_t)host_sync_stub,
        .shake = shake,
        .pure = help_pure,
    };
}

/* st->nzcv as RFLAGS have it after a subtraction. */
static uint32_t live_flags(const struct a64_state *st)
{
    enum { CF = 1 << 0, OF_BIT = 11 };

    return ((uint32_t)(st->nzcv >> 8 & 0xd5) ^ CF) | (uint32_t)(st->nzcv & 1) << OF_BIT;
}

struct host_run host_run(const struct x64_env *env, const struct x64_code *code,
                         struct a64_state *st, bool live)
{
    uint32_t flags = (live ? live_flags(st) : 0) | (host_on_boundary ? RFLAGS_TF : 0);
    uint64_t bias = env->mem_model == MEM_BIAS ? (uintptr_t)host_memory - FAKE_BASE
                                               : (uintptr_t)slot_table + MEM_SLOT_SHIFT;
    struct host_run run = {0};

    running = code;
    running_st = st;
    stopped = HOST_EXIT;
    st->nzcv = live ? ~st->nzcv : st->nzcv; /* is not to be looked at then */
    run.eax = host_enter((const void *)(uintptr_t)(code->rx + (live ? code->entry_live : 0)),
                         (uint8_t *)st + STATE_BIAS, bias, flags);
    run.stop = stopped;
    running = NULL;
    return run;
}
