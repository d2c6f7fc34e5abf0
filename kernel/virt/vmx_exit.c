/* SPDX-License-Identifier: BSD-2-Clause */
/* VMX exits by reason: a table of handlers that read the VMCS and leave the rest to exit.c. */
#include "kernel/irq.h"
#include "kernel/log.h"
#include "kernel/virt/vmx.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define QUAL_PORT_IN     BIT64(3)
#define QUAL_PORT_NUMBER MASK(31, 16)
#define RIGHTS_DPL       MASK(6, 5)

#define REASON_MC_AT_ENTRY 41

typedef enum exit_answer exit_handler_fn(struct vcpu *vcpu);

static void skip_instruction(void)
{
    vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + vmcs_read(VMCS_INSTRUCTION_LENGTH));
    uint64_t blocking = vmcs_read(VMCS_GUEST_BLOCKING);
    if (blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) {
        vmcs_write(VMCS_GUEST_BLOCKING, blocking & ~(BLOCKING_STI | BLOCKING_MOV_SS));
    }
}

static struct vcpu_event read_event(uint32_t word, enum vmcs_field code)
{
    bool has_code = word & EVENT_HAS_CODE;
    return (struct vcpu_event){
        .valid = word & EVENT_VALID,
        .has_code = has_code,
        .vector = (uint8_t)GET_FIELD(word, EVENT_VECTOR),
        .type = (uint8_t)GET_FIELD(word, EVENT_TYPE),
        .code = has_code ? (uint32_t)vmcs_read(code) : 0,
    };
}

/* A machine check is root's: its own handler says what the banks hold. */
static void take_machine_check(void)
{
    __asm__ volatile("int $18");
}

static enum exit_answer vmx_exit_exception(struct vcpu *vcpu)
{
    struct vcpu_event event =
        read_event((uint32_t)vmcs_read(VMCS_EXIT_EVENT), VMCS_EXIT_ERROR_CODE);
    if (event.type == EVENT_NMI) {
        __asm__ volatile("int $2"); /* its IRET unblocks NMIs again */
        return EXIT_RESUME;
    }
    if (event.vector == VEC_MC) {
        take_machine_check();
        return EXIT_RESUME;
    }
    return exit_exception(vcpu, &event, vmx_of(vcpu)->vectoring & EVENT_VALID);
}

static enum exit_answer vmx_exit_interrupt(struct vcpu *vcpu)
{
    (void)vcpu;
    irq_dispatch((unsigned)GET_FIELD(vmcs_read(VMCS_EXIT_EVENT), EVENT_VECTOR));
    return EXIT_RESUME;
}

static enum exit_answer vmx_exit_triple_fault(struct vcpu *vcpu)
{
    return exit_triple_fault(vcpu);
}

/* Both only mean that virt_run shall look again. */
static enum exit_answer vmx_exit_window(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_RESUME;
}

static enum exit_answer vmx_exit_timer(struct vcpu *vcpu)
{
    (void)vcpu;
    return EXIT_RESUME;
}

static enum exit_answer vmx_exit_cpuid(struct vcpu *vcpu)
{
    exit_cpuid(vcpu);
    skip_instruction();
    return EXIT_RESUME;
}

static enum exit_answer vmx_exit_hlt(struct vcpu *vcpu)
{
    (void)vcpu;
    skip_instruction();
    return EXIT_WAIT;
}

static enum exit_answer vmx_exit_hypercall(struct vcpu *vcpu)
{
    bool ring0 = GET_FIELD(vmcs_read(VMCS_GUEST_SS_RIGHTS), RIGHTS_DPL) == 0;
    enum exit_answer answer = exit_hypercall(vcpu, ring0);
    if (answer != EXIT_INJECT) {
        skip_instruction();
    }
    return answer;
}

static enum exit_answer vmx_exit_refused(struct vcpu *vcpu)
{
    return exit_refuse(vcpu);
}

static enum exit_answer vmx_exit_undefined(struct vcpu *vcpu)
{
    return exit_undefined(vcpu);
}

static enum exit_answer vmx_exit_port(struct vcpu *vcpu)
{
    uint64_t qualification = vmcs_read(VMCS_QUALIFICATION);
    return exit_port(vcpu, (unsigned)GET_FIELD(qualification, QUAL_PORT_NUMBER),
                     qualification & QUAL_PORT_IN);
}

static enum exit_answer vmx_exit_ept_violation(struct vcpu *vcpu)
{
    struct nested_fault fault =
        ept_fault(vmcs_read(VMCS_QUALIFICATION), vmcs_read(VMCS_GUEST_PHYSICAL),
                  vmcs_read(VMCS_GUEST_LINEAR));
    return exit_nested_fault(vcpu, &fault);
}

static const struct {
    const char *name;
    exit_handler_fn *handler;
    enum virt_cause cause;
} reasons[] = {
#define X(number, text, cause_name, handler_fn) [number] = {text, handler_fn, CAUSE_##cause_name},
    VMX_EXIT_ROWS(X)
#undef X
};

const char *vmx_exit_name(uint32_t reason)
{
    uint64_t number = GET_FIELD(reason, EXIT_REASON_NUMBER);
    const char *name = number < ARRAY_SIZE(reasons) ? reasons[number].name : NULL;
    return name ? name : "unknown exit reason";
}

enum exit_answer vmx_answer(struct vcpu *vcpu)
{
    struct vmx_vcpu *x = vmx_of(vcpu);
    uint64_t number = GET_FIELD(x->reason, EXIT_REASON_NUMBER);
    bool known = number < ARRAY_SIZE(reasons) && reasons[number].handler &&
                 !(x->reason & EXIT_REASON_FAILED);
    if (number == REASON_MC_AT_ENTRY) { /* SDM 3C 27.9: it has not been delivered */
        take_machine_check();
    }
    if (!known) {
        vcpu->cause = (x->reason & EXIT_REASON_FAILED) ? CAUSE_INVALID : CAUSE_OTHER;
        return exit_unexpected(vcpu, vmx_exit_name(x->reason));
    }
    vcpu->cause = reasons[number].cause;
    enum exit_answer answer = reasons[number].handler(vcpu);
    /* An event whose delivery the exit cut short is delivered again (SDM 3C 28.2.4). */
    if ((x->vectoring & EVENT_VALID) && answer == EXIT_RESUME) {
        vcpu->inject = read_event(x->vectoring, VMCS_VECTORING_ERROR_CODE);
        return EXIT_INJECT;
    }
    return answer;
}
