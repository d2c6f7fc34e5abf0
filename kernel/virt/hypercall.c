/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypercalls (include/exarch/abi.h). Nothing that comes from a VM is believed: numbers are compared
 * with the table, addresses with the VM's memory, text is copied once and then made printable.
 */
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/time.h"
#include "kernel/virt/virt.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"

/* A VM whose calls are refused that often in a row asks for nonsense: it is stopped. */
#define REFUSED_LIMIT 1000u

/* Sets regs.rax (a negative value counts as refused) and answers. */
typedef enum exit_answer hypercall_fn(struct vcpu *vcpu, int64_t *result);

/* The text of RDX bytes at RSI, made printable. False: there is none such. */
static bool take_text(const struct vcpu *vcpu, char text[ABI_LOG_MAX + 1])
{
    uint64_t size = vcpu->regs.rdx;
    const void *from = size <= ABI_LOG_MAX ? vm_pointer(vcpu->vm, vcpu->regs.rsi, size) : NULL;
    if (!from) {
        return false;
    }
    memcpy(text, from, size);
    text[size] = 0;
    for (char *c = text; c < text + size; c++) {
        *c = *c >= ' ' && *c <= '~' ? *c : '.';
    }
    return true;
}

static enum exit_answer call_log(struct vcpu *vcpu, int64_t *result)
{
    char text[ABI_LOG_MAX + 1];
    uint64_t level = vcpu->regs.rdi;
    if (level >= ABI_LOG_COUNT || !take_text(vcpu, text)) {
        *result = -ERR_INVAL;
        return EXIT_RESUME;
    }
    /* A spent allowance is the limit at work, not nonsense: it does not count as refused. */
    if (!vm_log(vcpu->vm, (unsigned)level, text)) {
        vcpu->refused_count = 0;
        *result = -ERR_BUSY;
    }
    return EXIT_RESUME;
}

static enum exit_answer call_console(struct vcpu *vcpu, int64_t *result)
{
    vm_console_drain(vcpu->vm);
    const struct abi_ring *ring = &vm_shared_page(vcpu->vm)->console_out;
    *result = (int64_t)(uint32_t)(__atomic_load_n(&ring->head, __ATOMIC_RELAXED) -
                                  __atomic_load_n(&ring->tail, __ATOMIC_RELAXED));
    return EXIT_RESUME;
}

static enum exit_answer call_time(struct vcpu *vcpu, int64_t *result)
{
    uint64_t tsc = tsc_read();
    *result = (int64_t)time_wall_ns(tsc);
    vcpu->regs.rdx = tsc;
    return EXIT_RESUME;
}

/* Every entry reads the deadline anew; the exit is all that it takes. */
static enum exit_answer call_deadline(struct vcpu *vcpu, int64_t *result)
{
    (void)vcpu;
    *result = 0;
    return EXIT_RESUME;
}

static enum exit_answer call_wait(struct vcpu *vcpu, int64_t *result)
{
    (void)vcpu;
    *result = 0;
    return EXIT_WAIT;
}

static enum exit_answer call_yield(struct vcpu *vcpu, int64_t *result)
{
    (void)vcpu;
    *result = 0;
    return EXIT_YIELD;
}

static enum exit_answer call_stop(struct vcpu *vcpu, int64_t *result)
{
    static const enum vm_end ends[ABI_STOP_COUNT] = {[ABI_STOP_POWEROFF] = VM_END_POWEROFF,
                                                     [ABI_STOP_RESET] = VM_END_RESET,
                                                     [ABI_STOP_PANIC] = VM_END_PANIC};
    char text[ABI_LOG_MAX + 1];
    if (vcpu->regs.rdi == ABI_STOP_FILES && take_text(vcpu, text)) {
        vm_stop_files(vcpu->vm, text);
        return EXIT_STOP;
    }
    if (vcpu->regs.rdi > ABI_STOP_PANIC) {
        *result = -ERR_INVAL;
        return EXIT_RESUME;
    }
    vm_stop(vcpu->vm, ends[vcpu->regs.rdi], vcpu->regs.rsi);
    return EXIT_STOP;
}

static enum exit_answer call_doorbell(struct vcpu *vcpu, int64_t *result)
{
    *result = vm_ring(vcpu->vm) ? 0 : -ERR_NODEV;
    return EXIT_RESUME;
}

static enum exit_answer call_kick(struct vcpu *vcpu, int64_t *result)
{
    uint64_t index = vcpu->regs.rdi;
    struct vcpu *other = index < ABI_MAX_VCPUS ? vm_vcpu(vcpu->vm, (unsigned)index) : NULL;
    if (!other) {
        *result = -ERR_INVAL;
        return EXIT_RESUME;
    }
    vcpu_post(other, ABI_EVENT_KICK);
    return EXIT_RESUME;
}

static enum exit_answer call_nop(struct vcpu *vcpu, int64_t *result)
{
    (void)vcpu;
    *result = 0;
    return EXIT_RESUME;
}

static hypercall_fn *const calls[ABI_CALL_COUNT] = {
    [ABI_CALL_LOG] = call_log,   [ABI_CALL_CONSOLE] = call_console,
    [ABI_CALL_TIME] = call_time, [ABI_CALL_DEADLINE] = call_deadline,
    [ABI_CALL_WAIT] = call_wait, [ABI_CALL_YIELD] = call_yield,
    [ABI_CALL_STOP] = call_stop, [ABI_CALL_DOORBELL] = call_doorbell,
    [ABI_CALL_KICK] = call_kick, [ABI_CALL_NOP] = call_nop,
};

enum exit_answer exit_hypercall(struct vcpu *vcpu, bool from_ring0)
{
    if (!from_ring0) {
        return exit_undefined(vcpu); /* translated code has no calls; the engine may want to know */
    }
    uint64_t number = vcpu->regs.rax;
    int64_t result = -ERR_NOENT;
    enum exit_answer answer = EXIT_RESUME;
    vcpu->refused_count++;
    if (number < ABI_CALL_COUNT) {
        vcpu->call = (unsigned)number;
        result = 0;
        answer = calls[number](vcpu, &result);
    }
    vcpu->regs.rax = (uint64_t)result;
    if (result >= 0) {
        vcpu->refused_count = 0;
    } else if (vcpu->refused_count >= REFUSED_LIMIT) {
        vm_fault(vcpu, "%u hypercalls in a row made no sense, the last one %lu", REFUSED_LIMIT,
                 number);
        return EXIT_STOP;
    }
    return answer;
}
