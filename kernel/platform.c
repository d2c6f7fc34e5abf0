/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing the machine up. */
#include "kernel/platform.h"

#include "drivers/acpi.h"
#include "drivers/apic.h"
#include "drivers/clock.h"
#include "drivers/ioapic.h"
#include "drivers/pci.h"
#include "drivers/power.h"
#include "kernel/irq.h"
#include "kernel/log.h"
#include "kernel/mem_boot.h"
#include "kernel/panic.h"
#include "kernel/serial.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/x86/cpu.h"

#define PIC_VECTORS 0x20 /* where the masked 8259s' strays go */

/* MultiProcessor Specification 1.4, 3.6.5: where the first IOAPIC is unless a table says else. */
#define DEFAULT_IOAPIC UINT64_C(0xfec00000)

static struct acpi_info acpi;

static const struct smp_ipi_ops ipi_ops = {
    .send = apic_send,
    .send_nmi = apic_send_nmi,
    .send_init = apic_send_init,
    .send_startup = apic_send_startup,
    .init_this_cpu = apic_init_this_cpu,
    .this_apic_id = apic_id,
    .delay_us = time_delay_us,
};

static void apic_error(void *context)
{
    (void)context;
    apic_take_errors();
}

static void read_tables(void)
{
    hpa_t rsdp = hpa(boot_info_get()->rsdp);
    int error;

    if (!rsdp.v) {
        rsdp = acpi_find_rsdp();
    }
    error = rsdp.v ? acpi_read(&acpi, rsdp) : -ERR_NODEV;
    if (error) {
        log_warn(LOG_ACPI, "no usable ACPI tables: %s; going on with a PC's defaults",
                 err_text(error));
        acpi.ioapics[0] = (struct acpi_ioapic_info){.address = hpa(DEFAULT_IOAPIC)};
        acpi.ioapic_count = 1;
        return;
    }
    acpi_report(&acpi);
}

static void start_apic(void)
{
    static const struct apic_vectors vectors = {
        .timer = IRQ_VECTOR_TIMER, .error = IRQ_VECTOR_ERROR, .spurious = IRQ_VECTOR_SPURIOUS};

    if (apic_init(acpi.local_apic, vectors)) {
        panic("this machine has no usable local APIC");
    }
    apic_init_this_cpu();
    irq_set_eoi(apic_eoi);
    irq_vector_set(IRQ_VECTOR_ERROR, "apic error", apic_error, NULL);
    smp_set_ipi_ops(&ipi_ops);
}

static void start_clocks(void)
{
    if (clock_init(&acpi) || time_init()) {
        panic("this machine has no clock to measure the TSC with");
    }
}

/* What Exarch can live without: said, and left out. */
static void optional(int error, const char *what)
{
    if (error) {
        log_warn(LOG_DEV, "%s: %s", what, err_text(error));
    }
}

void platform_init(void)
{
    read_tables();
    pic_disable(PIC_VECTORS);
    start_apic();
    optional(ioapic_init(&acpi), "IOAPIC");
    start_clocks();
    power_init(&acpi);
    optional(pci_init(&acpi), "PCI");
    cpu_interrupts_on();
    serial_init();
    pci_report();
}

static void start_cpu(uint32_t id)
{
    if (id != apic_id() && smp_start(id)) {
        log_warn(LOG_CPU, "going on without the CPU with APIC id %u", id);
    }
}

void platform_start_cpus(void)
{
    const struct boot_info *info = boot_info_get();

    for (unsigned i = 0; i < acpi.cpu_count; i++) {
        if (acpi.cpus[i].enabled) {
            start_cpu(acpi.cpus[i].apic_id);
        }
    }
    /* Firmware without tables may still have counted its CPUs. */
    for (unsigned i = 0; !acpi.cpu_count && i < info->cpu_count; i++) {
        start_cpu(info->apic_ids[i]);
    }
    log_info(LOG_CPU, "%u CPU%s online", smp_cpu_count(), smp_cpu_count() == 1 ? "" : "s");
}
