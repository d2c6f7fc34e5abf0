/* SPDX-License-Identifier: BSD-2-Clause */
/* SVM exits by code: a table of handlers that read the VMCB and leave the rest to exit.c. */
#include "kernel/log.h"
#include "kernel/virt/svm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

typedef enum exit_answer exit_handler_fn(struct vcpu *vcpu);

#define EVENT_TYPE_EXCEPTION 3

static struct vcpu_event read_event(uint64_t word)
{
    return (struct vcpu_event){
        .valid = word & SVM_EVENT_VALID,
        .has_code = word & SVM_EVENT_HAS_CODE,
        .vector = (uint8_t)GET_FIELD(word, SVM_EVENT_VECTOR),
        .type = (uint8_t)GET_FIELD(word, SVM_EVENT_TYPE),
        .code = (uint32_t)GET_FIELD(word, SVM_EVENT_CODE),
    };
}

static void skip_instruction(struct vcpu *vcpu);

static enum exit_answer svm_exit_alignment(struct vcpu *vcpu)
{
    const struct vmcb *v = vmcb_of(vcpu);
    struct vcpu_event event = {.valid = true,
                               .has_code = true,
                               .vector = VEC_AC,
                               .type = EVENT_TYPE_EXCEPTION,
                               .code = (uint32_t)v->exit_info1};
    return exit_exception(vcpu, &event, v->exit_int_info & SVM_EVENT_VALID);
}

static enum exit_answer svm_exit_machine_check(struct vcpu *vcpu)
{
    (void)vcpu;
    __asm__ volatile("int $18");
    return EXIT_RESUME;
}

/* What came is still pending: it is taken by the IDT as soon as interrupts are on. */
static enum exit_answer svm_exit_interrupt(struct vcpu *vcpu)
{
    (void)vcpu;
    cpu_interrupts_on();
    __asm__ volatile("nop");
    cpu_interrupts_off();
    return EXIT_RESUME;
}

static enum exit_answer svm_exit_cpuid(struct vcpu *vcpu)
{
    exit_cpuid(vcpu);
    skip_instruction(vcpu);
    return EXIT_RESUME;
}

static enum exit_answer svm_exit_hlt(struct vcpu *vcpu)
{
    skip_instruction(vcpu);
    return EXIT_WAIT;
}

static enum exit_answer svm_exit_hypercall(struct vcpu *vcpu)
{
    enum exit_answer answer = exit_hypercall(vcpu, vmcb_of(vcpu)->cpl == 0);
    if (answer != EXIT_INJECT) {
        skip_instruction(vcpu);
    }
    return answer;
}

static enum exit_answer svm_exit_refused(struct vcpu *vcpu)
{
    return exit_refuse(vcpu);
}

static enum exit_answer svm_exit_undefined(struct vcpu *vcpu)
{
    return exit_undefined(vcpu);
}

static enum exit_answer svm_exit_port(struct vcpu *vcpu)
{
    uint64_t info = vmcb_of(vcpu)->exit_info1;
    return exit_port(vcpu, (unsigned)GET_FIELD(info, IO_INFO_PORT), info & IO_INFO_IN);
}

static enum exit_answer svm_exit_shutdown(struct vcpu *vcpu)
{
    return exit_triple_fault(vcpu);
}

static enum exit_answer svm_exit_nested_fault(struct vcpu *vcpu)
{
    const struct vmcb *v = vmcb_of(vcpu);
    struct nested_fault fault = npt_fault(v->exit_info1, v->exit_info2);
    return exit_nested_fault(vcpu, &fault);
}

// clang-format off
static const struct svm_reason {
    uint16_t code;
    uint8_t length;
    enum virt_cause cause;
    const char *name;
    exit_handler_fn *handler;
} reasons[] = {
#define X(code_number, text, bytes, cause_name, handler_fn) \
    {code_number, bytes, CAUSE_##cause_name, text, handler_fn},
    SVM_EXIT_ROWS(X)
#undef X
};
// clang-format on

static const struct svm_reason *find_reason(uint64_t code)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        if (reasons[i].code == code) {
            return &reasons[i];
        }
    }
    return NULL;
}

/* Debug registers, whose codes are 32 a kind (0x20 reads, 0x30 writes). */
static bool is_debug_access(uint64_t code)
{
    return code >= 0x20 && code <= 0x3f;
}

static void skip_instruction(struct vcpu *vcpu)
{
    struct vmcb *v = vmcb_of(vcpu);
    bool saved = svm_caps.features & SVM_NRIP;
    v->rip = saved ? v->next_rip : v->rip + find_reason(v->exit_code)->length;
    v->interrupt_shadow &= ~SHADOW_ACTIVE;
}

static const char *exit_name(uint64_t code)
{
    const struct svm_reason *reason = find_reason(code);
    return reason                      ? reason->name
           : is_debug_access(code)     ? "debug-register access"
           : code == EXIT_CODE_INVALID ? "invalid guest state"
                                       : "unknown exit code";
}

enum exit_answer svm_answer(struct vcpu *vcpu)
{
    const struct vmcb *v = vmcb_of(vcpu);
    const struct svm_reason *reason = find_reason(v->exit_code);
    enum exit_answer answer;
    if (is_debug_access(v->exit_code)) {
        vcpu->cause = CAUSE_DEBUG;
        answer = exit_refuse(vcpu);
    } else if (reason && reason->handler) {
        vcpu->cause = reason->cause;
        answer = reason->handler(vcpu);
    } else {
        vcpu->cause = CAUSE_OTHER;
        return exit_unexpected(vcpu, exit_name(v->exit_code));
    }
    /* An event whose delivery the exit cut short is delivered again (APM 2 15.7.2). */
    if ((v->exit_int_info & SVM_EVENT_VALID) && answer == EXIT_RESUME) {
        vcpu->inject = read_event(v->exit_int_info);
        return EXIT_INJECT;
    }
    return answer;
}

void svm_dump(const struct vcpu *vcpu)
{
    const struct vmcb *v = vmcb_of(vcpu);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
#define X(field) {#field, v->field},
        VMCB_DUMP_ROWS(X)
#undef X
    };
    log_error(LOG_VIRT, "VMCB of vCPU %u: exit: %s (code 0x%lx)", vcpu->index,
              exit_name(v->exit_code), v->exit_code);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i += 2) {
        bool two = i + 1 < ARRAY_SIZE(rows);
        log_error(LOG_VIRT, "  %-24s %016lx  %-24s %016lx", rows[i].name, rows[i].value,
                  two ? rows[i + 1].name : "", two ? rows[i + 1].value : 0);
    }
}
