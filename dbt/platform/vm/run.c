/* SPDX-License-Identifier: BSD-2-Clause */
/* Entering and leaving translated code in ring 3, and the traps that its faults become. */
#include "dbt/platform/features.h"
#include "dbt/platform/vm/vm.h"
#include "dbt/rt/fault.h"
#include "dbt/rt/helpers.h"
#include "dbt/vcpu.h"
#include "kernel/lib/string.h"

#define VECTOR_DB 1
#define VECTOR_SS 12
#define VECTOR_GP 13
#define VECTOR_PF 14
#define PF_WRITE  BIT64(1)

/* --- stubs --- */
/* Copied to the start of the code cache; ring 3.
 *   enter      RAX: where to go on; R14, R15 are set
 *   leave      where a fault that cannot be mended goes on
 *   exit, call_sync: see struct x64_env; ring 0 tells the two SYSCALLs apart by where they return
 */
extern const uint8_t vm_stubs[], vm_stubs_end[], vm_stub_enter[], vm_stub_leave[], vm_stub_lookup[],
    vm_stub_exit[], vm_stub_call_sync[], vm_stub_sync_return[];

#define FIELD_OFFSET(field) "i"(offsetof(struct a64_state, field) - STATE_BIAS)

__attribute__((used, noinline)) static void stub_text(void)
{
    __asm__ volatile(
        ".globl vm_stubs, vm_stubs_end, vm_stub_enter, vm_stub_leave\n"
        ".globl vm_stub_lookup, vm_stub_exit, vm_stub_call_sync, vm_stub_sync_return\n"
        "vm_stubs:\n"
        "vm_stub_enter:\n"
        "    ldmxcsr %c[mxcsr](%%r14)\n"
        "    jmp *%%rax\n"
        "vm_stub_lookup:\n"
        "    mov %%rax, %c[pc](%%r14)\n"
        "vm_stub_leave:\n"
        "    mov %[lookup], %%eax\n"
        "vm_stub_exit:\n"
        "    mov %%rsp, %c[ret_sp](%%r14)\n"
        "    stmxcsr %c[mxcsr](%%r14)\n"
        "    syscall\n"
        "vm_stub_call_sync:\n"
        "    pop %%rbx\n"
        "    mov %%rsp, %c[ret_sp](%%r14)\n"
        "    stmxcsr %c[mxcsr](%%r14)\n"
        "    syscall\n"
        "vm_stub_sync_return:\n"
        "    ldmxcsr %c[mxcsr](%%r14)\n"
        "    mov %c[ret_sp](%%r14), %%rsp\n"
        "    cmpq $0, %c[unwind](%%r14)\n"
        "    jne vm_stub_leave\n"
        "    push %%rbx\n"
        "    ret\n"
        "vm_stubs_end:\n"
        :
        : [lookup] "i"(EXIT_LOOKUP), [mxcsr] FIELD_OFFSET(mxcsr), [unwind] FIELD_OFFSET(unwind),
          [ret_sp] FIELD_OFFSET(ret_sp), [pc] FIELD_OFFSET(pc));
}

static struct x64_env env;
static uint64_t pure[HELPER_COUNT];

static uint64_t stub_rx(const uint8_t *stub)
{
    return SPACE_CODE + (uint64_t)(stub - vm_stubs);
}

void vm_stubs_init(void)
{
    memcpy(plat_memory()->code_rw, vm_stubs, (size_t)(vm_stubs_end - vm_stubs));
    for (unsigned i = 0; i < HELPER_COUNT; i++) {
        pure[i] = help_pure[i] ? space_ring3_text(help_pure[i]) : 0;
    }
    env = (struct x64_env){.mem_model = MEM_BIAS,
                           .features = features_optional(),
                           .exit = stub_rx(vm_stub_exit),
                           .lookup = stub_rx(vm_stub_lookup),
                           .call_sync = stub_rx(vm_stub_call_sync),
                           .pure = pure};
    ring_cpu()->sync_return = stub_rx(vm_stub_sync_return);
    plat_code_used(PLAT_STUB_SIZE);
}

const struct x64_env *plat_env(void)
{
    return &env;
}

void plat_code_used(uint64_t end)
{
    if (end <= space.code_shown) {
        return;
    }
    if (space_show_code(end)) {
        plat_log(PLAT_ERROR, "no page tables for translated code");
        plat_end(PLAT_END_FAILURE, 1);
    }
    vm_views_flush();
}

/* --- running --- */
uint32_t plat_run(struct vcpu *vcpu, uint64_t host, uint64_t stack)
{
    struct vm_vcpu *v = vm_vcpu(vcpu);
    if (__atomic_load_n(&v->page->pending, __ATOMIC_RELAXED)) {
        return EXIT_LOOKUP;
    }
    vm_view_enter(v->view);
    struct ring3_start start = {.rip = stub_rx(vm_stub_enter),
                                .rsp = stack,
                                .rax = host,
                                .r14 = v->hidden.area[0].at + STATE_BIAS,
                                .r15 = vcpu->st->mem_bias};
    return (uint32_t)ring3_run(&start);
}

/* Back to where ring 3 was: meanwhile its view's root may have been replaced, to make room. */
static void go_back(const struct vm_vcpu *v)
{
    vm_view_enter(v->view);
}

uint64_t ring3_call(uint32_t eax, uint32_t edx, uint64_t rdi, uint64_t rsi, uint64_t r8)
{
    struct ring_cpu *cpu = ring_cpu();
    struct vm_vcpu *v = cpu->owner;
    uint64_t result = rt_call_sync(v->vcpu, eax, rdi, rsi, r8, edx);
    /* What came meanwhile is looked for at the next boundary. */
    bool pending = __atomic_load_n(&v->page->pending, __ATOMIC_RELAXED);
    cpu->sync_flags = pending ? RFLAGS_TF : 0;
    go_back(v);
    return result;
}

/* --- traps --- */
static bool in_blocks(uint64_t rip)
{
    const struct plat_memory *memory = plat_memory();
    return rip - memory->code_rx - PLAT_STUB_SIZE < memory->code_size - PLAT_STUB_SIZE;
}

static bool in_stubs_or_helpers(uint64_t rip)
{
    extern const uint8_t ring3_text_start[], ring3_text_end[];
    uint64_t helpers = space_ring3_text((uint64_t)ring3_text_start);
    return rip - SPACE_CODE < PLAT_STUB_SIZE ||
           rip - helpers < (uint64_t)(ring3_text_end - ring3_text_start);
}

/* On the way to ring 0, which looks for events; from the other stubs and from helpers ring 3 is
 * back in a block soon. */
static bool leaves(uint64_t rip)
{
    return rip >= stub_rx(vm_stub_lookup) && rip < stub_rx(vm_stub_sync_return);
}

/* Ring 3's vector registers are still in the CPU: ring 0 has none of its own. */
static void save_xmm(v128 xmm[16])
{
    __asm__ volatile("movaps %%xmm0, 0(%0)\n\tmovaps %%xmm1, 16(%0)\n\t"
                     "movaps %%xmm2, 32(%0)\n\tmovaps %%xmm3, 48(%0)\n\t"
                     "movaps %%xmm4, 64(%0)\n\tmovaps %%xmm5, 80(%0)\n\t"
                     "movaps %%xmm6, 96(%0)\n\tmovaps %%xmm7, 112(%0)\n\t"
                     "movaps %%xmm8, 128(%0)\n\tmovaps %%xmm9, 144(%0)\n\t"
                     "movaps %%xmm10, 160(%0)\n\tmovaps %%xmm11, 176(%0)\n\t"
                     "movaps %%xmm12, 192(%0)\n\tmovaps %%xmm13, 208(%0)\n\t"
                     "movaps %%xmm14, 224(%0)\n\tmovaps %%xmm15, 240(%0)"
                     :
                     : "r"(xmm)
                     : "memory");
}

static struct x64_regs take_regs(const struct trap_frame *f, const v128 *xmm)
{
    return (struct x64_regs){
        .gpr = {f->rax, f->rcx, f->rdx, f->rbx, f->rsp, f->rbp, f->rsi, f->rdi, f->r8, f->r9,
                f->r10, f->r11, f->r12, f->r13, f->r14, f->r15},
        .rip = f->rip,
        .rflags = f->rflags,
        .xmm = xmm,
    };
}

static void act(struct trap_frame *frame, enum rt_action action)
{
    frame->rflags &= ~RFLAGS_TF;
    if (action == RT_STEP) {
        frame->rflags |= RFLAGS_TF;
    } else if (action == RT_LEAVE) {
        frame->rip = stub_rx(vm_stub_leave);
    }
}

static struct plat_fault classify(const struct trap_frame *frame, uint64_t cr2)
{
    struct plat_fault fault = {.kind = PLAT_FAULT_CHECK};
    switch (frame->vector) {
    case VECTOR_DB: fault.kind = PLAT_FAULT_STEP; break;
    case VECTOR_GP:
    case VECTOR_SS: fault.kind = PLAT_FAULT_RANGE; break;
    case VECTOR_PF:
        fault.kind = PLAT_FAULT_PAGE;
        fault.write = frame->error & PF_WRITE;
        fault.offset = vm_view_offset(cr2);
        break;
    default: break;
    }
    return fault;
}

static _Noreturn void die(const struct trap_frame *frame, uint64_t cr2)
{
    plat_log(PLAT_ERROR, "engine: %s in ring %lu at 0x%lx, error 0x%lx, CR2 0x%lx, RSP 0x%lx",
             trap_name(frame->vector), frame->cs & 3, frame->rip, frame->error, cr2, frame->rsp);
    plat_end(PLAT_END_FAILURE, (int)frame->vector);
}

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_DB && !trap_from_ring3(frame)) {
        frame->rflags &= ~RFLAGS_TF; /* ring.h: nothing of ours steps ring 0 */
        return;
    }
    uint64_t cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    v128 xmm[16];
    struct vm_vcpu *v = ring_cpu()->owner;
    bool blocks = trap_from_ring3(frame) && in_blocks(frame->rip);
    if (frame->vector == VECTOR_PF && cr2 - ABI_ENGINE_BASE < ABI_SLOT_SIZE) {
        vm_hidden_probe(v);
    }
    if (blocks) {
        save_xmm(xmm);
        struct x64_regs regs = take_regs(frame, xmm);
        struct plat_fault fault = classify(frame, cr2);
        act(frame, frame->vector == ABI_VECTOR_EVENT ? rt_interrupt(v->vcpu, &regs)
                                                     : rt_fault(v->vcpu, &regs, &fault));
        go_back(v);
        return;
    }
    bool stub = trap_from_ring3(frame) && in_stubs_or_helpers(frame->rip);
    if (!stub || (frame->vector != ABI_VECTOR_EVENT && frame->vector != VECTOR_DB)) {
        die(frame, cr2);
    }
    act(frame, leaves(frame->rip) ? RT_RESUME : RT_STEP);
}
