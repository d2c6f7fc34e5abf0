/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMCS in words, for the log, when a VM is stopped. */
#include "kernel/log.h"
#include "kernel/virt/vmx.h"

static const struct {
    enum vmcs_field field;
    const char *name;
} fields[] = {
#define X(name, encoding) {VMCS_##name, #name},
    VMCS_ROWS(X)
#undef X
};

const char *vmx_error_name(uint64_t number)
{
    switch (number) {
#define X(value, text)                                                                             \
    case value: return text;
        VMX_ERROR_ROWS(X)
#undef X
    default: return "unknown VM-instruction error";
    }
}

void vmx_dump(const struct vcpu *vcpu)
{
    const struct vmx_vcpu *x = vmx_of(vcpu);
    const char *when = (x->reason & EXIT_REASON_FAILED) ? "entry failed" : "exit";
    log_error(LOG_VIRT, "VMCS of vCPU %u: %s: %s (reason 0x%x)", vcpu->index, when,
              vmx_exit_name(x->reason), x->reason);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i += 2) {
        bool two = i + 1 < ARRAY_SIZE(fields);
        log_error(LOG_VIRT, "  %-24s %016lx  %-24s %016lx", fields[i].name,
                  vmcs_read(fields[i].field), two ? fields[i + 1].name : "",
                  two ? vmcs_read(fields[i + 1].field) : 0);
    }
}
