/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree of the guest machine (Devicetree Specification 0.4; Linux's bindings). */
#include "guestdev/boot_tree.h"

#include "guestdev/machine.h"
#include "kernel/lib/fdt.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

enum { PHANDLE_GIC = 1, PHANDLE_CLOCK = 2 };

/* Interrupt cells: type, number, trigger. */
enum { IRQ_SPI = 0, IRQ_PPI = 1, IRQ_LEVEL_HIGH = 4 };

#define CLOCK_HZ 24000000

/* How the seed is split: rng-seed feeds the kernel's generator, kaslr-seed its layout. E0PD keeps a
 * randomised kernel from needing KPTI. */
#define RNG_SEED_SIZE   32
#define KASLR_SEED_SIZE 8

#define UART_PATH "/pl011@9000000"

static uint32_t high(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

static void begin_device(struct fdt_writer *w, const char *name, uint64_t base, uint64_t size)
{
    char node[32];

    format_buffer(node, sizeof(node), "%s@%lx", name, (unsigned long)base);
    fdt_begin_node(w, node);
    FDT_PROP_CELLS(w, "reg", high(base), (uint32_t)base, high(size), (uint32_t)size);
}

/* A property of several strings, each with its end. */
#define PROP_STRINGS(w, name, text) fdt_prop(w, name, text, sizeof(text))

static void write_cpus(struct fdt_writer *w, unsigned count)
{
    fdt_begin_node(w, "cpus");
    fdt_prop_u32(w, "#address-cells", 1);
    fdt_prop_u32(w, "#size-cells", 0);
    for (unsigned i = 0; i < count; i++) {
        char node[16];

        format_buffer(node, sizeof(node), "cpu@%x", i);
        fdt_begin_node(w, node);
        fdt_prop_string(w, "device_type", "cpu");
        fdt_prop_string(w, "compatible", "arm,armv8");
        fdt_prop_u32(w, "reg", i);
        fdt_prop_string(w, "enable-method", "psci");
        fdt_end_node(w);
    }
    fdt_end_node(w);
}

static void write_firmware(struct fdt_writer *w)
{
    fdt_begin_node(w, "psci");
    PROP_STRINGS(w, "compatible", "arm,psci-1.0\0arm,psci-0.2");
    fdt_prop_string(w, "method", "hvc");
    fdt_end_node(w);
}

/* The four timers of the binding in order: secure, non-secure, virtual, hypervisor. */
static void write_timer(struct fdt_writer *w)
{
    fdt_begin_node(w, "timer");
    fdt_prop_string(w, "compatible", "arm,armv8-timer");
    fdt_prop_empty(w, "always-on");
    FDT_PROP_CELLS(w, "interrupts", IRQ_PPI, 13, IRQ_LEVEL_HIGH, IRQ_PPI, MACHINE_PPI_PTIMER,
                   IRQ_LEVEL_HIGH, IRQ_PPI, MACHINE_PPI_VTIMER, IRQ_LEVEL_HIGH, IRQ_PPI, 10,
                   IRQ_LEVEL_HIGH);
    fdt_end_node(w);
}

static void write_gic(struct fdt_writer *w, unsigned vcpus)
{
    uint64_t redistributors = MACHINE_GICR_EACH * vcpus;

    fdt_begin_node(w, "intc@8000000");
    fdt_prop_string(w, "compatible", "arm,gic-v3");
    fdt_prop_u32(w, "#interrupt-cells", 3);
    fdt_prop_empty(w, "interrupt-controller");
    fdt_prop_u32(w, "#redistributor-regions", 1);
    FDT_PROP_CELLS(w, "reg", high(MACHINE_GICD), (uint32_t)MACHINE_GICD, 0,
                   (uint32_t)MACHINE_GICD_SIZE, high(MACHINE_GICR), (uint32_t)MACHINE_GICR, 0,
                   (uint32_t)redistributors);
    fdt_prop_u32(w, "phandle", PHANDLE_GIC);
    fdt_end_node(w);
}

static void write_clock(struct fdt_writer *w)
{
    fdt_begin_node(w, "apb-pclk");
    fdt_prop_string(w, "compatible", "fixed-clock");
    fdt_prop_u32(w, "#clock-cells", 0);
    fdt_prop_u32(w, "clock-frequency", CLOCK_HZ);
    fdt_prop_string(w, "clock-output-names", "clk24mhz");
    fdt_prop_u32(w, "phandle", PHANDLE_CLOCK);
    fdt_end_node(w);
}

static void write_uart(struct fdt_writer *w)
{
    begin_device(w, "pl011", MACHINE_UART, PAGE_SIZE);
    PROP_STRINGS(w, "compatible", "arm,pl011\0arm,primecell");
    FDT_PROP_CELLS(w, "interrupts", IRQ_SPI, MACHINE_SPI_UART, IRQ_LEVEL_HIGH);
    FDT_PROP_CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    PROP_STRINGS(w, "clock-names", "uartclk\0apb_pclk");
    fdt_end_node(w);
}

static void write_rtc(struct fdt_writer *w)
{
    begin_device(w, "pl031", MACHINE_RTC, PAGE_SIZE);
    PROP_STRINGS(w, "compatible", "arm,pl031\0arm,primecell");
    FDT_PROP_CELLS(w, "interrupts", IRQ_SPI, MACHINE_SPI_RTC, IRQ_LEVEL_HIGH);
    fdt_prop_u32(w, "clocks", PHANDLE_CLOCK);
    fdt_prop_string(w, "clock-names", "apb_pclk");
    fdt_end_node(w);
}

static void write_virtio(struct fdt_writer *w)
{
    for (unsigned n = 0; n < VIRTIO_SLOTS; n++) {
        begin_device(w, "virtio_mmio", MACHINE_VIRTIO + n * MACHINE_VIRTIO_EACH,
                     MACHINE_VIRTIO_EACH);
        fdt_prop_string(w, "compatible", "virtio,mmio");
        FDT_PROP_CELLS(w, "interrupts", IRQ_SPI, MACHINE_SPI_VIRTIO + n, IRQ_LEVEL_HIGH);
        fdt_prop_empty(w, "dma-coherent");
        fdt_end_node(w);
    }
}

static void write_memory(struct fdt_writer *w, uint64_t size)
{
    begin_device(w, "memory", MACHINE_RAM, size);
    fdt_prop_string(w, "device_type", "memory");
    fdt_end_node(w);
}

static void write_chosen(struct fdt_writer *w, const struct tree_config *config)
{
    fdt_begin_node(w, "chosen");
    fdt_prop_string(w, "stdout-path", UART_PATH);
    if (config->append) {
        fdt_prop_string(w, "bootargs", config->append);
    }
    if (config->initrd_end) {
        fdt_prop_u64(w, "linux,initrd-start", config->initrd_start);
        fdt_prop_u64(w, "linux,initrd-end", config->initrd_end);
    }
    fdt_prop(w, "rng-seed", config->seed, RNG_SEED_SIZE);
    fdt_prop(w, "kaslr-seed", config->seed + RNG_SEED_SIZE, KASLR_SEED_SIZE);
    fdt_end_node(w);
}

static void write_machine(struct fdt_writer *w, const struct tree_config *config)
{
    fdt_begin_node(w, "");
    fdt_prop_string(w, "compatible", "linux,dummy-virt");
    fdt_prop_string(w, "model", "exarch,virt");
    fdt_prop_u32(w, "#address-cells", 2);
    fdt_prop_u32(w, "#size-cells", 2);
    fdt_prop_u32(w, "interrupt-parent", PHANDLE_GIC);
    fdt_begin_node(w, "aliases");
    fdt_prop_string(w, "serial0", UART_PATH);
    fdt_end_node(w);
    write_chosen(w, config);
    write_memory(w, config->ram_size);
    write_cpus(w, config->vcpus);
    write_firmware(w);
    write_timer(w);
    write_gic(w, config->vcpus);
    write_clock(w);
    write_uart(w);
    write_rtc(w);
    write_virtio(w);
    fdt_end_node(w);
}

/* --- a given tree
 * ------------------------------------------------------------------------------------- */
static void store64(uint8_t *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        to[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

static bool has_two_cells(const struct fdt *tree, const char *name)
{
    uint32_t length;
    const void *cell = fdt_get(tree, fdt_find(tree, "/"), name, &length);

    return cell && length == 4 && fdt_cell(cell) == 2;
}

/* Memory as the machine has it; command line, initrd and seeds as for our own tree. */
static int64_t complete_given(struct fdt_writer *w, const struct tree_config *config)
{
    struct fdt tree;
    struct fdt_change changes[6];
    size_t count = 0;
    uint8_t memory[16], start[8], end[8];
    bool initrd = config->initrd_end != 0;
    int error = fdt_open(&tree, config->given, config->given_size);

    if (error) {
        return error;
    }
    if (!has_two_cells(&tree, "#address-cells") || !has_two_cells(&tree, "#size-cells")) {
        return -ERR_FORMAT;
    }
    store64(memory, MACHINE_RAM);
    store64(memory + 8, config->ram_size);
    changes[count++] = (struct fdt_change){"/memory", "reg", memory, sizeof(memory)};
    if (config->append) {
        changes[count++] =
            (struct fdt_change){"/chosen", "bootargs", config->append, strlen(config->append) + 1};
    }
    /* a tree that was dumped elsewhere may name an initrd that is not there */
    store64(start, config->initrd_start);
    store64(end, config->initrd_end);
    changes[count++] =
        (struct fdt_change){"/chosen", "linux,initrd-start", initrd ? start : NULL, 8};
    changes[count++] = (struct fdt_change){"/chosen", "linux,initrd-end", initrd ? end : NULL, 8};
    changes[count++] = (struct fdt_change){"/chosen", "rng-seed", config->seed, RNG_SEED_SIZE};
    changes[count++] =
        (struct fdt_change){"/chosen", "kaslr-seed", config->seed + RNG_SEED_SIZE, KASLR_SEED_SIZE};
    error = fdt_copy(w, &tree, changes, count);
    return error ? error : fdt_writer_finish(w);
}

int64_t boot_tree_write(const struct tree_config *config, void *buf, size_t size)
{
    struct fdt_writer writer;

    fdt_writer_init(&writer, buf, size);
    if (config->given) {
        return complete_given(&writer, config);
    }
    write_machine(&writer, config);
    return fdt_writer_finish(&writer);
}
