/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers to exits that both back ends share. */
#include "kernel/log.h"
#include "kernel/virt/virt.h"
#include "kernel/vm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define EVENT_TYPE_EXCEPTION 3

static enum exit_answer inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_code)
{
    vcpu->inject = (struct vcpu_event){
        .valid = true, .vector = vector, .type = EVENT_TYPE_EXCEPTION, .has_code = has_code};
    return EXIT_INJECT;
}

enum exit_answer exit_refuse(struct vcpu *vcpu)
{
    return inject_exception(vcpu, VEC_GP, true);
}

enum exit_answer exit_undefined(struct vcpu *vcpu)
{
    return inject_exception(vcpu, VEC_UD, false);
}

/* #AC is the VM's own affair, once; in the delivery of another event it is an attack. */
enum exit_answer exit_exception(struct vcpu *vcpu, const struct vcpu_event *event,
                                bool while_delivering)
{
    if (while_delivering) {
        vm_fault(vcpu, "exception %u in the delivery of another event", event->vector);
        return EXIT_STOP;
    }
    vcpu->inject = *event;
    return EXIT_INJECT;
}

static const char *rights_name(unsigned rights)
{
    static const char *const names[8] = {"none", "read",      "write",      "read+write",
                                         "exec", "read+exec", "write+exec", "all"};
    return names[rights & 7];
}

enum exit_answer exit_nested_fault(struct vcpu *vcpu, const struct nested_fault *fault)
{
    /* NPT's word on what was allowed is one bit; the tables know. */
    struct ptab_leaf leaf = {0};
    bool mapped = !ptab_lookup(vm_nested(vcpu->vm), fault->vpa, &leaf);
    vm_fault(vcpu, "tried to %s VPA 0x%lx%s (allowed: %s; linear 0x%lx%s), RIP 0x%lx",
             (fault->access & PTAB_X)   ? "execute"
             : (fault->access & PTAB_W) ? "write"
                                        : "read",
             fault->vpa, fault->in_walk ? " in a page walk" : "",
             mapped ? rights_name(leaf.rights) : "nothing is mapped", fault->linear,
             fault->linear_valid ? "" : " unknown", virt->rip(vcpu));
    return EXIT_STOP;
}

enum exit_answer exit_port(struct vcpu *vcpu, unsigned port, bool in)
{
    vm_fault(vcpu, "tried to %s I/O port 0x%x", in ? "read" : "write", port);
    return EXIT_STOP;
}

enum exit_answer exit_triple_fault(struct vcpu *vcpu)
{
    vm_fault(vcpu, "triple fault at RIP 0x%lx", virt->rip(vcpu));
    return EXIT_STOP;
}

enum exit_answer exit_unexpected(struct vcpu *vcpu, const char *name)
{
    vm_fault(vcpu, "unexpected exit: %s", name);
    return EXIT_STOP;
}

/* --- CPUID
 * ------------------------------------------------------------------------------------------ */
/* What is taken out of the host's answer, by leaf and subleaf; SDM 2A CPUID, APM 3 appendix E. */
// clang-format off
struct cpuid_filter {
    uint32_t leaf, subleaf;
    uint32_t eax, ebx, ecx, edx; /* bits that stay */
};
#define ALL_BITS UINT32_MAX
static const struct cpuid_filter filters[] = {
    /* PBE, MTRR, MCA stay; gone: MONITOR, VMX, SMX, EIST, TM2, PDCM, x2APIC, TSC deadline; DS, ACPI, TM */
    {0x1,        0, ALL_BITS, 0x0000ffff, ~(BIT32(3) | BIT32(5) | BIT32(6) | BIT32(7) | BIT32(8) | BIT32(15) | BIT32(21) | BIT32(24)),
                                          ~(BIT32(9) | BIT32(21) | BIT32(22) | BIT32(29))},
    {0x5,        0, 0, 0, 0, 0},                 /* MWAIT */
    {0x6,        0, 0, 0, 0, 0},                 /* power */
    /* gone: SGX, MPX, PKU, OSPKE, LA57, CET, PCONFIG, UINTR, AMX */
    {0x7,        0, 0, ~(BIT32(2) | BIT32(14) | BIT32(25)), ~(BIT32(3) | BIT32(4) | BIT32(7) | BIT32(16) | BIT32(30)),
                       ~(BIT32(5) | BIT32(18) | BIT32(20) | BIT32(22) | BIT32(24) | BIT32(25))},
    {0xa,        0, 0, 0, 0, 0},                 /* PMU */
    {0xb,        0, 0, 0, 0, 0},                 /* topology: it is the VM's own */
    {0xd,        1, BIT32(0) | BIT32(1) | BIT32(2), 0, 0, 0}, /* no XSAVES */
    {0x1f,       0, 0, 0, 0, 0},
    {0x80000001, 0, ALL_BITS, ALL_BITS, ~(BIT32(2) | BIT32(3) | BIT32(10) | BIT32(12) | BIT32(23) | BIT32(24) | BIT32(29)), ALL_BITS},
    {0x8000000a, 0, 0, 0, 0, 0},                 /* SVM */
};
// clang-format on

#define LEAF_HYPERVISOR          0x40000000u
#define LEAF_IS_HYPERVISOR(leaf) ((leaf) >> 28 == 4)

static struct cpuid filtered_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r = cpuid(leaf, subleaf);
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        const struct cpuid_filter *f = &filters[i];
        bool any_subleaf = !(f->eax | f->ebx | f->ecx | f->edx);
        if (f->leaf == leaf && (f->subleaf == subleaf || any_subleaf)) {
            r = (struct cpuid){r.eax & f->eax, r.ebx & f->ebx, r.ecx & f->ecx, r.edx & f->edx};
        }
    }
    return r;
}

void exit_cpuid(struct vcpu *vcpu)
{
    uint32_t leaf = (uint32_t)vcpu->regs.rax;
    uint32_t subleaf = (uint32_t)vcpu->regs.rcx;
    struct cpuid r = {0};
    if (!LEAF_IS_HYPERVISOR(leaf)) {
        r = filtered_cpuid(leaf, subleaf);
    } else if (leaf == LEAF_HYPERVISOR) {
        /* "ExarchExarch" */
        r = (struct cpuid){LEAF_HYPERVISOR, 0x72617845, 0x78456863, 0x68637261};
    }
    if (leaf == 1) {
        r.ebx |= vcpu->index << 24;     /* its APIC id */
        r.ecx |= BIT32(31) | BIT32(27); /* under a hypervisor; OSXSAVE */
    } else if (leaf == 7 && subleaf == 0 && !virt_features.invpcid) {
        r.ebx &= ~BIT32(10);
    } else if (leaf == 0x80000001 && !virt_features.rdtscp) {
        r.edx &= ~BIT32(27);
    }
    vcpu->regs.rax = r.eax;
    vcpu->regs.rbx = r.ebx;
    vcpu->regs.rcx = r.ecx;
    vcpu->regs.rdx = r.edx;
}
