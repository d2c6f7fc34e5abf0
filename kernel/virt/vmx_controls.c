/* SPDX-License-Identifier: BSD-2-Clause */
/* The wishes of each VMX control group, and the one function that combines them with the CPU's. */
#include "kernel/virt/vmx_controls.h"

#include "kernel/log.h"
#include "kernel/virt/vmx_fields.h"

// clang-format off
static const struct vmx_control pin_rows[] = {
    {PIN_EXTERNAL_INTERRUPT, CONTROL_MUST,  "external-interrupt exiting"},
    {PIN_NMI,                CONTROL_MUST,  "NMI exiting"},
    {PIN_PREEMPTION_TIMER,   CONTROL_WANT,  "preemption timer"},
};
static const struct vmx_control cpu_rows[] = {
    {CPU_INTERRUPT_WINDOW,   CONTROL_ALLOW, "interrupt-window exiting"},
    {CPU_HLT,                CONTROL_MUST,  "HLT exiting"},
    {CPU_MWAIT,              CONTROL_MUST,  "MWAIT exiting"},
    {CPU_RDPMC,              CONTROL_MUST,  "RDPMC exiting"},
    {CPU_CR3_LOAD,           CONTROL_OFF,   "CR3-load exiting"},
    {CPU_CR3_STORE,          CONTROL_OFF,   "CR3-store exiting"},
    /* Without these (and without a TPR shadow) MOV CR8 writes the core's own task priority. */
    {CPU_CR8_LOAD,           CONTROL_MUST,  "CR8-load exiting"},
    {CPU_CR8_STORE,          CONTROL_MUST,  "CR8-store exiting"},
    {CPU_MOV_DR,             CONTROL_MUST,  "MOV-DR exiting"},
    {CPU_ALL_PORTS,          CONTROL_MUST,  "unconditional I/O exiting"},
    {CPU_MSR_BITMAPS,        CONTROL_MUST,  "MSR bitmaps"},
    {CPU_MONITOR,            CONTROL_MUST,  "MONITOR exiting"},
    {CPU_SECONDARY,          CONTROL_MUST,  "secondary controls"},
};
static const struct vmx_control cpu2_rows[] = {
    {CPU2_EPT,               CONTROL_MUST,  "EPT"},
    {CPU2_RDTSCP,            CONTROL_WANT,  "RDTSCP"},
    {CPU2_VPID,              CONTROL_WANT,  "VPID"},
    {CPU2_WBINVD,            CONTROL_WANT,  "WBINVD exiting"},
    {CPU2_UNRESTRICTED,      CONTROL_WANT,  "unrestricted guest"},
    {CPU2_INVPCID,           CONTROL_WANT,  "INVPCID"},
};
static const struct vmx_control exit_rows[] = {
    {EXIT_HOST_64,           CONTROL_MUST,  "64-bit host"},
    {EXIT_ACK,               CONTROL_MUST,  "acknowledge interrupt on exit"},
    {EXIT_LOAD_PAT,          CONTROL_MUST,  "load PAT on exit"},
    {EXIT_LOAD_EFER,         CONTROL_MUST,  "load EFER on exit"},
};
static const struct vmx_control entry_rows[] = {
    /* Without breakpoints no delivery of #DB raises another one: it is not intercepted. */
    {ENTRY_LOAD_DEBUG,       CONTROL_MUST,  "load debug controls on entry"},
    {ENTRY_GUEST_64,         CONTROL_MUST,  "64-bit guest"},
    {ENTRY_LOAD_PAT,         CONTROL_MUST,  "load PAT on entry"},
    {ENTRY_LOAD_EFER,        CONTROL_MUST,  "load EFER on entry"},
};

static const struct {
    const char *name;
    const struct vmx_control *rows;
    size_t count;
} groups[GROUP_COUNT] = {
    [GROUP_PIN]   = {"pin-based",             pin_rows,   ARRAY_SIZE(pin_rows)},
    [GROUP_CPU]   = {"processor-based",       cpu_rows,   ARRAY_SIZE(cpu_rows)},
    [GROUP_CPU2]  = {"secondary",             cpu2_rows,  ARRAY_SIZE(cpu2_rows)},
    [GROUP_EXIT]  = {"exit",                  exit_rows,  ARRAY_SIZE(exit_rows)},
    [GROUP_ENTRY] = {"entry",                 entry_rows, ARRAY_SIZE(entry_rows)},
};
// clang-format on

int vmx_combine(enum vmx_group group, uint64_t capability, uint32_t *value)
{
    uint32_t forced = (uint32_t)capability;
    uint32_t allowed = (uint32_t)(capability >> 32);
    int error = 0;
    *value = forced;
    for (size_t i = 0; i < groups[group].count; i++) {
        const struct vmx_control *row = &groups[group].rows[i];
        bool off = row->wish == CONTROL_OFF;
        if (off ? (forced & row->bit) : !(allowed & row->bit) && row->wish != CONTROL_WANT) {
            log_error(LOG_VIRT, "VMX: this CPU cannot %s \"%s\" (%s controls)",
                      off ? "leave off" : "turn on", row->name, groups[group].name);
            error = -ERR_NODEV;
        }
        if (row->wish == CONTROL_MUST || row->wish == CONTROL_WANT) {
            *value |= row->bit & allowed;
        }
    }
    return error;
}
