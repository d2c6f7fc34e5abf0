/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a VM's time went: exits by cause with cycles, run time, memory. */
#include "kernel/log.h"
#include "kernel/time.h"
#include "kernel/vm_priv.h"
#include "kernel/x86/cpu.h"

static const char *const call_names[ABI_CALL_COUNT] = {
#define X(name, number, text) [number] = text,
    ABI_CALL_ROWS(X)
#undef X
};

static void report_row(const char *kind, const char *name, const struct exit_count *row)
{
    if (row->count) {
        log_info(LOG_VM, "    %-10s %-20s %12lu %16lu %10lu", kind, name, row->count, row->cycles,
                 row->cycles / row->count);
    }
}

static void report_vcpu(const struct vm *vm, const struct vcpu *vcpu)
{
    uint64_t end = vm->end_tsc ? vm->end_tsc : tsc_read();
    uint64_t life_ms = (end - vm->start_tsc) / (time_tsc_hz() / 1000);
    log_info(LOG_VM, "  vCPU %u on CPU %u: %lu exits in %lu ms (%lu a second), %lu cycles inside",
             vcpu->index, vcpu->core, vcpu->exit_total, life_ms,
             vcpu->exit_total * 1000 / (life_ms ? life_ms : 1), vcpu->run_cycles);
    log_info(LOG_VM, "    %-10s %-20s %12s %16s %10s", "", "cause", "count", "cycles", "each");
    for (unsigned i = 0; i < CAUSE_COUNT; i++) {
        report_row("exit", virt_cause_name((enum virt_cause)i), &vcpu->exits[i]);
    }
    for (unsigned i = 0; i < ABI_CALL_COUNT; i++) {
        report_row("hypercall", call_names[i], &vcpu->calls[i]);
    }
}

void vm_report(const struct vm *vm)
{
    struct ptab_usage usage = ptab_count_usage(&vm->nested);
    log_info(LOG_VM, "%s: %lu MiB in %lu x 1G, %lu x 2M, %lu x 4K pages, %lu table pages", vm->name,
             usage.mapped >> 20, vm->nested.leaves[3], vm->nested.leaves[2], vm->nested.leaves[1],
             vm->nested.tables);
    if (usage.accessed) {
        log_info(LOG_VM, "  touched %lu KiB of it, wrote %lu KiB", usage.accessed >> 10,
                 usage.dirty >> 10);
    }
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        report_vcpu(vm, vm->vcpus[i]);
    }
}
