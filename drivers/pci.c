/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI enumeration. Buses are numbered by the firmware; we follow its bridges, and then look at
 * every bus that no bridge led to, as servers have several root buses. Nothing that a function says
 * is trusted: bus numbers may form a loop (each bus is visited once), capability lists too
 * (bounded).
 */
#include "drivers/pci.h"

#include "drivers/machine.h"
#include "drivers/pci_priv.h"
#include "drivers/pci_regs.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define BUSES            256u
#define DEVICES          32u
#define FUNCTIONS        8u
#define CAPABILITIES_MAX 48u /* as many as fit into 192 bytes */
#define BRIDGE_DEPTH_MAX 16u
#define ADDRESS_FORMAT   "%04x:%02x:%02x.%u"
#define ADDRESS_OF(a)    (a).segment, (a).bus, (a).device, (a).function

static struct pci_device *devices;
static unsigned device_count;
static bool list_full;

unsigned pci_count(void)
{
    return device_count;
}

struct pci_device *pci_get(unsigned index)
{
    return index < device_count ? &devices[index] : NULL;
}

struct pci_device *pci_find_class(struct pci_device *previous, uint32_t class_code, uint32_t mask)
{
    for (unsigned n = previous != NULL ? (unsigned)(previous - devices) + 1 : 0; n < device_count;
         n++) {
        if ((devices[n].class_code & mask) == class_code) {
            return &devices[n];
        }
    }
    return NULL;
}

struct pci_device *pci_find_id(struct pci_device *previous, uint16_t vendor, uint16_t device)
{
    for (unsigned n = previous != NULL ? (unsigned)(previous - devices) + 1 : 0; n < device_count;
         n++) {
        if (devices[n].vendor == vendor && devices[n].device == device) {
            return &devices[n];
        }
    }
    return NULL;
}

/* --- capabilities -------------------------------------------------------------------------------
 */

uint8_t pci_capability(struct pci_address at, uint8_t id)
{
    if ((pci_read16(at, PCI_STATUS) & PCI_STATUS_CAPS) == 0) {
        return 0;
    }
    uint8_t offset = pci_read8(at, PCI_CAPABILITIES) & 0xfc;
    for (unsigned n = 0; n < CAPABILITIES_MAX && offset >= 0x40; n++) {
        if (pci_read8(at, offset) == id) {
            return offset;
        }
        offset = pci_read8(at, offset + 1u) & 0xfc;
    }
    return 0;
}

/* --- BARs ---------------------------------------------------------------------------------------
 */

/* Writes ones, reads what sticks, puts the old value back. */
static uint32_t probe_bar(struct pci_address at, unsigned offset, uint32_t old)
{
    pci_write32(at, offset, UINT32_MAX);
    uint32_t sticks = pci_read32(at, offset);
    pci_write32(at, offset, old);
    return sticks;
}

/* Reads BAR `index`; true when it takes the next one too (64 bits). Decoding is off meanwhile. */
static bool read_bar(struct pci_device *device, unsigned index, unsigned bars)
{
    struct pci_bar *bar = &device->bars[index];
    unsigned offset = PCI_BAR0 + 4 * index;
    uint32_t low = pci_read32(device->at, offset);
    uint32_t sticks = probe_bar(device->at, offset, low);
    if (sticks == 0) {
        return false;
    }
    if ((sticks & PCI_BAR_IS_IO) != 0) {
        /* The upper half may be hard-wired to 0 (6.2.5.1). */
        uint32_t mask = (sticks & PCI_BAR_IO_BASE) | 0xffff0000;
        bar->kind = PCI_BAR_IO;
        bar->base = low & PCI_BAR_IO_BASE & 0xffff;
        bar->size = ~mask + 1;
        return false;
    }
    uint64_t mask = (sticks & PCI_BAR_MEMORY_BASE) | ~UINT64_C(0xffffffff);
    bar->kind = PCI_BAR_MEMORY;
    bar->prefetchable = (sticks & PCI_BAR_PREFETCH) != 0;
    bar->base = low & PCI_BAR_MEMORY_BASE;
    if (GET_FIELD(sticks, PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && index + 1 < bars) {
        uint32_t high = pci_read32(device->at, offset + 4);
        uint32_t high_sticks = probe_bar(device->at, offset + 4, high);
        bar->is_64bit = true;
        bar->base |= (uint64_t)high << 32;
        mask = (uint64_t)high_sticks << 32 | (sticks & PCI_BAR_MEMORY_BASE);
    }
    bar->size = mask != 0 ? ~mask + 1 : 0;
    return bar->is_64bit;
}

/* Host bridges decode what they route: switching that off would cut the machine from its memory. */
static void read_bars(struct pci_device *device)
{
    unsigned bars = device->header == 0 ? PCI_BARS : device->header == 1 ? 2 : 0;
    bool host_bridge = device->class_code >> 8 == 0x0600;
    uint16_t command = pci_read16(device->at, PCI_COMMAND);
    uint16_t decode_off = command & (uint16_t) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    if (bars == 0 || host_bridge) {
        return;
    }
    pci_write16(device->at, PCI_COMMAND, decode_off);
    for (unsigned n = 0; n < bars; n++) {
        n += read_bar(device, n, bars);
    }
    pci_write16(device->at, PCI_COMMAND, command);
}

/* --- functions and buses ------------------------------------------------------------------------
 */

struct walk {
    uint16_t segment;
    uint8_t visited[BUSES / 8];
};

static void walk_bus(struct walk *walk, uint8_t bus, unsigned depth);

static void read_bridge(struct walk *walk, struct pci_device *device, unsigned depth)
{
    uint32_t buses = pci_read32(device->at, PCI_BRIDGE_BUSES);
    device->secondary = (uint8_t)(buses >> 8);
    device->subordinate = (uint8_t)(buses >> 16);
    if (device->secondary <= device->at.bus || device->subordinate < device->secondary) {
        machine_log(PCI_AREA, MACHINE_WARN,
                    ADDRESS_FORMAT ": bridge to buses %u to %u is not set up; not followed",
                    ADDRESS_OF(device->at), device->secondary, device->subordinate);
        return;
    }
    walk_bus(walk, device->secondary, depth + 1);
}

static void add_function(struct walk *walk, struct pci_address at, unsigned depth)
{
    if (device_count == PCI_MAX_DEVICES) {
        list_full = true;
        return;
    }
    struct pci_device *device = &devices[device_count++];
    *device = (struct pci_device){
        .at = at,
        .vendor = pci_read16(at, PCI_VENDOR),
        .device = pci_read16(at, PCI_DEVICE),
        .class_code = pci_read32(at, PCI_CLASS) >> 8,
        .header = pci_read8(at, PCI_HEADER) & PCI_HEADER_TYPE,
        .irq_line = pci_read8(at, PCI_INTERRUPT_LINE),
        .irq_pin = pci_read8(at, PCI_INTERRUPT_PIN),
        .cap_msi = pci_capability(at, PCI_CAP_MSI),
        .cap_msix = pci_capability(at, PCI_CAP_MSIX),
        .cap_express = pci_capability(at, PCI_CAP_EXPRESS),
        .cap_power = pci_capability(at, PCI_CAP_POWER),
    };
    read_bars(device);
    if (device->header == 1) {
        read_bridge(walk, device, depth);
    }
}

static void walk_bus(struct walk *walk, uint8_t bus, unsigned depth)
{
    if ((walk->visited[bus / 8] & 1u << bus % 8) != 0 || depth > BRIDGE_DEPTH_MAX) {
        return;
    }
    walk->visited[bus / 8] |= (uint8_t)(1u << bus % 8);
    for (uint8_t device = 0; device < DEVICES; device++) {
        struct pci_address at = {.segment = walk->segment, .bus = bus, .device = device};
        if (pci_read16(at, PCI_VENDOR) == 0xffff) {
            continue; /* without function 0 there are no others */
        }
        unsigned functions = (pci_read8(at, PCI_HEADER) & PCI_HEADER_MULTI) != 0 ? FUNCTIONS : 1;
        for (unsigned function = 0; function < functions; function++) {
            at.function = (uint8_t)function;
            if (pci_read16(at, PCI_VENDOR) != 0xffff) {
                add_function(walk, at, depth);
            }
        }
    }
}

static void walk_segment(uint16_t segment, unsigned bus_first, unsigned bus_last)
{
    struct walk walk = {.segment = segment};
    for (unsigned bus = bus_first; bus <= bus_last; bus++) {
        walk_bus(&walk, (uint8_t)bus, 0);
    }
}

int pci_init(const struct acpi_info *info)
{
    int error = pci_config_init(info);
    if (error < 0) {
        return error;
    }
    device_count = 0;
    list_full = false;
    devices = machine_alloc(PCI_MAX_DEVICES * sizeof(*devices));
    if (devices == NULL) {
        return -ERR_NOMEM;
    }
    bool segment_0_seen = false;
    for (unsigned n = 0; n < info->ecam_count; n++) {
        segment_0_seen |= info->ecam[n].segment == 0;
        walk_segment(info->ecam[n].segment, info->ecam[n].bus_first, info->ecam[n].bus_last);
    }
    if (!segment_0_seen) {
        walk_segment(0, 0, BUSES - 1);
    }
    if (list_full) {
        machine_log(PCI_AREA, MACHINE_WARN, "more than %u functions; the others are left out",
                    PCI_MAX_DEVICES);
    }
    return 0;
}

/* --- use ----------------------------------------------------------------------------------------
 */

void pci_enable(struct pci_device *device)
{
    if (device->cap_power != 0) {
        unsigned offset = device->cap_power + PCI_POWER_CONTROL;
        uint16_t control = pci_read16(device->at, offset);
        pci_write16(device->at, offset, (uint16_t)SET_FIELD(control, PCI_POWER_STATE, 0));
    }
    pci_write16(device->at, PCI_COMMAND,
                (uint16_t)(pci_read16(device->at, PCI_COMMAND) | PCI_COMMAND_IO |
                           PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
}

void *pci_map_bar(const struct pci_device *device, unsigned bar)
{
    const struct pci_bar *b = bar < PCI_BARS ? &device->bars[bar] : NULL;
    if (b == NULL || b->kind != PCI_BAR_MEMORY || b->base == 0 || b->size == 0) {
        return NULL;
    }
    return machine_map(hpa(b->base), b->size, MACHINE_DEVICE);
}

/* --- report -------------------------------------------------------------------------------------
 */

const char *pci_class_name(uint32_t class_code)
{
    static const struct {
        uint32_t code;
        uint32_t mask;
        const char *name;
    } rows[] = {
        {0x010601, 0xffffff, "AHCI controller"}, {0x010802, 0xffffff, "NVMe controller"},
        {0x010100, 0xffff00, "IDE controller"},  {0x010000, 0xff0000, "storage controller"},
        {0x020000, 0xffff00, "Ethernet"},        {0x020000, 0xff0000, "network controller"},
        {0x030000, 0xff0000, "display"},         {0x040000, 0xff0000, "multimedia"},
        {0x060000, 0xffff00, "host bridge"},     {0x060100, 0xffff00, "ISA bridge"},
        {0x060400, 0xffff00, "PCI bridge"},      {0x060000, 0xff0000, "bridge"},
        {0x070000, 0xffff00, "serial port"},     {0x0c0330, 0xffffff, "xHCI controller"},
        {0x0c0300, 0xffff00, "USB controller"},  {0x0c0500, 0xffff00, "SMBus"},
        {0x080600, 0xffff00, "IOMMU"},           {0x080000, 0xff0000, "system device"},
        {0x0c0000, 0xff0000, "bus controller"},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        if ((class_code & rows[n].mask) == rows[n].code) {
            return rows[n].name;
        }
    }
    return "other device";
}

static void report_bars(const struct pci_device *device)
{
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const struct pci_bar *bar = &device->bars[n];
        if (bar->kind == PCI_BAR_NONE) {
            continue;
        }
        machine_log(PCI_AREA, MACHINE_DEBUG, "  BAR %u: %s 0x%lx, %lu bytes%s%s%s", n,
                    bar->kind == PCI_BAR_IO ? "ports" : "memory", bar->base, bar->size,
                    bar->is_64bit ? ", 64 bits" : "", bar->prefetchable ? ", prefetchable" : "",
                    bar->base == 0 ? ", no address given" : "");
    }
}

void pci_report(void)
{
    for (unsigned n = 0; n < device_count; n++) {
        const struct pci_device *d = &devices[n];
        machine_log(PCI_AREA, MACHINE_INFO, ADDRESS_FORMAT " %04x:%04x %06x %s%s%s",
                    ADDRESS_OF(d->at), d->vendor, d->device, d->class_code,
                    pci_class_name(d->class_code),
                    d->cap_msix != 0  ? ", MSI-X"
                    : d->cap_msi != 0 ? ", MSI"
                                      : "",
                    d->cap_express != 0 ? ", Express" : "");
        report_bars(d);
    }
}
