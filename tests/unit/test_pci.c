/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/pci*.c on a fake configuration space, by ports and by ECAM, sane and random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci.h"
#include "drivers/pci_regs.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define ECAM       0xb0000000
#define MSIX_TABLE 0xfebf1000
#define FUNCTIONS  32

struct function {
    uint8_t bus, device, function;
    uint8_t config[256];
    uint8_t writable[256]; /* bits that software can change */
};

static struct function functions[FUNCTIONS];
static unsigned function_count;
static uint32_t config_address;
static struct acpi_info info;
static bool random_answers;

static void set(struct function *f, unsigned at, unsigned width, uint64_t value)
{
    memcpy(f->config + at, &value, width);
}

static uint64_t get(const struct function *f, unsigned at, unsigned width)
{
    uint64_t value = 0;
    memcpy(&value, f->config + at, width);
    return value;
}

static struct function *add(uint8_t bus, uint8_t device, uint8_t function, uint32_t id,
                            uint32_t class_code)
{
    assert_true(function_count < FUNCTIONS);
    struct function *f = &functions[function_count++];
    *f = (struct function){.bus = bus, .device = device, .function = function};
    set(f, PCI_VENDOR, 4, id);
    set(f, PCI_CLASS, 4, (uint64_t)class_code << 8);
    memset(f->writable + PCI_COMMAND, 0xff, 2);
    return f;
}

/* A BAR of `size` at `base`; `flags` are its read-only low bits. */
static void add_bar(struct function *f, unsigned bar, uint64_t base, uint64_t size, uint32_t flags)
{
    bool is_64bit = (flags & 7) == 4;
    uint64_t mask = ~(size - 1);
    set(f, PCI_BAR0 + 4 * bar, is_64bit ? 8 : 4, base | flags);
    memcpy(f->writable + PCI_BAR0 + 4 * bar, &mask, is_64bit ? 8 : 4);
}

static uint64_t config_read(uint8_t bus, uint8_t device, uint8_t function, unsigned at,
                            unsigned width)
{
    if (random_answers) {
        return (uint64_t)rand() << 20 ^ (uint64_t)rand();
    }
    for (unsigned n = 0; n < function_count; n++) {
        const struct function *f = &functions[n];
        if (f->bus == bus && f->device == device && f->function == function && at + width <= 256) {
            return get(f, at, width);
        }
    }
    return UINT64_MAX;
}

static void config_write(uint8_t bus, uint8_t device, uint8_t function, unsigned at, unsigned width,
                         uint64_t value)
{
    for (unsigned n = 0; n < function_count; n++) {
        struct function *f = &functions[n];
        if (f->bus != bus || f->device != device || f->function != function) {
            continue;
        }
        for (unsigned i = 0; i < width; i++, value >>= 8) {
            uint8_t mask = f->writable[at + i];
            f->config[at + i] = (uint8_t)((f->config[at + i] & ~mask) | (value & mask));
        }
    }
}

static uint64_t port_read(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    if (offset < 4 || (config_address & BIT32(31)) == 0) {
        return UINT64_MAX;
    }
    return config_read((uint8_t)(config_address >> 16), config_address >> 11 & 31,
                       config_address >> 8 & 7, (config_address & 0xfc) + (unsigned)offset - 4,
                       width);
}

static void port_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    if (offset == 0) {
        assert_int_equal(width, 4);
        config_address = (uint32_t)value;
        return;
    }
    config_write((uint8_t)(config_address >> 16), config_address >> 11 & 31,
                 config_address >> 8 & 7, (config_address & 0xfc) + (unsigned)offset - 4, width,
                 value);
}

static uint64_t ecam_read(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    return config_read((uint8_t)(offset >> 20), offset >> 15 & 31, offset >> 12 & 7,
                       (unsigned)offset & 0xfff, width);
}

static void ecam_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    config_write((uint8_t)(offset >> 20), offset >> 15 & 31, offset >> 12 & 7,
                 (unsigned)offset & 0xfff, width, value);
}

/* Host bridge, NIC with MSI-X, a bridge to bus 1 with a disk controller that has MSI, a 3-function
 * chip. */
static void build(void)
{
    function_count = 0;
    random_answers = false;
    memset(&info, 0, sizeof(info));
    add(0, 0, 0, 0x29c08086, 0x060000);

    struct function *nic = add(0, 2, 0, 0x10d38086, 0x020000);
    add_bar(nic, 0, 0xfeb80000, 0x20000, 0);
    add_bar(nic, 2, 0xc020, 0x20, 1);
    add_bar(nic, 3, 0xfebf0000, 0x4000, 0);
    set(nic, PCI_STATUS, 2, PCI_STATUS_CAPS);
    set(nic, PCI_CAPABILITIES, 1, 0xc8);
    set(nic, 0xc8, 4, 0xa001);                     /* power management, next 0xa0 */
    set(nic, 0xcc, 2, 3);                          /* in D3 */
    set(nic, 0xa0, 4, 0x11 | (UINT64_C(4) << 16)); /* MSI-X, 5 entries */
    set(nic, 0xa4, 4, 0x1000 | 3);                 /* table in BAR 3 */
    memset(nic->writable + 0xcc, 3, 1);
    memset(nic->writable + 0xa3, 0xc0, 1);

    struct function *bridge = add(0, 3, 0, 0x000c1b36, 0x060400);
    set(bridge, PCI_HEADER, 1, 1);
    set(bridge, PCI_BRIDGE_BUSES, 4, 0x00010100);
    struct function *disk = add(1, 0, 0, 0x29228086, 0x010601);
    add_bar(disk, 4, UINT64_C(0x8000000000), UINT64_C(0x100000000), 0xc);
    set(disk, PCI_STATUS, 2, PCI_STATUS_CAPS);
    set(disk, PCI_CAPABILITIES, 1, 0x80);
    set(disk, 0x80, 4, 0x00800005); /* MSI, 64 bits, last */
    memset(disk->writable + 0x82, 0x71, 1);
    memset(disk->writable + 0x84, 0xff, 12);

    struct function *isa = add(0, 31, 0, 0x29188086, 0x060100);
    set(isa, PCI_HEADER, 1, 0x80);
    add(0, 31, 2, 0x29228086, 0x010601);
    add(0, 31, 3, 0x29308086, 0x0c0500);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_ports(0xcf8, 8, port_read, port_write, NULL);
    fake_device(ECAM, MIB(256), ecam_read, ecam_write, NULL);
    build();
    return 0;
}

static void expect_machine(void)
{
    assert_int_equal(pci_init(&info), 0);
    assert_int_equal(pci_count(), 7);
    struct pci_device *nic = pci_find_id(NULL, 0x8086, 0x10d3);
    assert_non_null(nic);
    assert_int_equal(nic->bars[0].kind, PCI_BAR_MEMORY);
    assert_int_equal(nic->bars[0].base, 0xfeb80000);
    assert_int_equal(nic->bars[0].size, 0x20000);
    assert_int_equal(nic->bars[1].kind, PCI_BAR_NONE);
    assert_int_equal(nic->bars[2].kind, PCI_BAR_IO);
    assert_int_equal(nic->bars[2].base, 0xc020);
    assert_int_equal(nic->bars[2].size, 0x20);
    assert_int_equal(nic->cap_msix, 0xa0);
    assert_int_equal(nic->cap_power, 0xc8);
    assert_int_equal(nic->cap_msi, 0);

    struct pci_device *disk = pci_find_class(NULL, 0x010601, 0xffffff);
    assert_non_null(disk);
    assert_int_equal(disk->at.bus, 1);
    assert_true(disk->bars[4].is_64bit && disk->bars[4].prefetchable);
    assert_true(disk->bars[4].base == UINT64_C(0x8000000000));
    assert_true(disk->bars[4].size == UINT64_C(0x100000000));
    assert_int_equal(disk->bars[5].kind, PCI_BAR_NONE);
    struct pci_device *other = pci_find_class(disk, 0x010601, 0xffffff);
    assert_non_null(other);
    assert_int_equal(other->at.function, 2);
    assert_null(pci_find_class(other, 0x010601, 0xffffff));

    /* Sizing left all registers as they were. */
    assert_int_equal(get(&functions[1], PCI_BAR0, 4), 0xfeb80000);
    assert_int_equal(get(&functions[3], PCI_BAR0 + 20, 4), 0x80);
    pci_report();
    assert_true(fake_logged("0000:01:00.0 8086:2922 010601 AHCI controller, MSI"));
}

static void by_ports(void **state)
{
    (void)state;
    expect_machine();
}

static void by_ecam(void **state)
{
    (void)state;
    info.ecam_count = 1;
    info.ecam[0] = (struct acpi_ecam){.base = hpa(ECAM), .bus_last = 255};
    config_address = 0;
    expect_machine();
    assert_int_equal(config_address, 0); /* the ports were left alone */
}

static void bridges_in_a_circle(void **state)
{
    (void)state;
    struct function *back = add(1, 1, 0, 0x000c1b36, 0x060400);
    set(back, PCI_HEADER, 1, 1);
    set(back, PCI_BRIDGE_BUSES, 4, 0x00ff0001); /* leads back to bus 0 */
    struct function *unset = add(1, 2, 0, 0x000c1b36, 0x060400);
    set(unset, PCI_HEADER, 1, 1);
    assert_int_equal(pci_init(&info), 0);
    assert_int_equal(pci_count(), 9);
    assert_true(fake_logged("0000:01:01.0: bridge to buses 0 to 255 is not set up"));
    assert_true(fake_logged("0000:01:02.0: bridge to buses 0 to 0 is not set up"));
}

static void second_root_bus(void **state)
{
    (void)state;
    add(0x80, 5, 0, 0x10d38086, 0x020000);
    assert_int_equal(pci_init(&info), 0);
    assert_int_equal(pci_count(), 8);
    assert_int_equal(pci_get(7)->at.bus, 0x80);
}

static void capability_list_in_a_circle(void **state)
{
    (void)state;
    set(&functions[3], 0x81, 1, 0x80);
    assert_int_equal(pci_init(&info), 0);
    struct pci_device *disk = pci_find_class(NULL, 0x010601, 0xffffff);
    assert_int_equal(disk->cap_msi, 0x80);
    assert_int_equal(disk->cap_express, 0);
}

static void enable_wakes_up(void **state)
{
    (void)state;
    assert_int_equal(pci_init(&info), 0);
    pci_enable(pci_find_id(NULL, 0x8086, 0x10d3));
    assert_int_equal(get(&functions[1], PCI_COMMAND, 2) & 7, 7);
    assert_int_equal(get(&functions[1], 0xcc, 1) & 3, 0);
}

static void msi(void **state)
{
    (void)state;
    assert_int_equal(pci_init(&info), 0);
    struct pci_device *disk = pci_find_class(NULL, 0x010601, 0xffffff);
    assert_int_equal(pci_msi_enable(disk, 0x41, 3), 0);
    assert_int_equal(get(&functions[3], 0x82, 2), 0x81);
    assert_int_equal(get(&functions[3], 0x84, 4), 0xfee03000);
    assert_int_equal(get(&functions[3], 0x88, 4), 0);
    assert_int_equal(get(&functions[3], 0x8c, 2), 0x41);
    assert_int_equal(get(&functions[3], PCI_COMMAND, 2), PCI_COMMAND_INTX_OFF);
    assert_int_equal(pci_msi_enable(disk, 0x41, 256), -ERR_RANGE);
    assert_int_equal(pci_msi_enable(pci_get(0), 0x41, 0), -ERR_NODEV);
    assert_int_equal(pci_msix_enable(disk), -ERR_NODEV);
}

static uint32_t msix_words[20];

static uint64_t msix_read(void *context, uint64_t offset, unsigned width)
{
    (void)context, (void)width;
    return msix_words[offset / 4];
}

static void msix_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    msix_words[offset / 4] = (uint32_t)value;
}

static void msix(void **state)
{
    (void)state;
    fake_device(MSIX_TABLE, sizeof(msix_words), msix_read, msix_write, NULL);
    assert_int_equal(pci_init(&info), 0);
    struct pci_device *nic = pci_find_id(NULL, 0x8086, 0x10d3);
    assert_int_equal(pci_msix_enable(nic), 5);
    assert_int_equal(get(&functions[1], 0xa2, 2), 0x8004);
    for (unsigned n = 0; n < 5; n++) {
        assert_int_equal(msix_words[4 * n + 3], 1);
    }
    assert_int_equal(pci_msix_set(nic, 4, 0x55, 0x12), 0);
    const uint32_t want[4] = {0xfee12000, 0, 0x55, 0};
    assert_memory_equal(msix_words + 16, want, sizeof(want));
    assert_int_equal(pci_msix_set(nic, 5, 0x55, 0), -ERR_RANGE);
    assert_int_equal(pci_msi_enable(nic, 0x60, 1), 0);
    assert_int_equal(msix_words[2], 0x60);
}

static void msix_table_outside_its_bar(void **state)
{
    (void)state;
    set(&functions[1], 0xa4, 4, 0x3fc0 | 3);
    assert_int_equal(pci_init(&info), 0);
    assert_int_equal(pci_msix_enable(pci_find_id(NULL, 0x8086, 0x10d3)), -ERR_NODEV);
    set(&functions[1], 0xa4, 4, 7);
    assert_int_equal(pci_msix_enable(pci_find_id(NULL, 0x8086, 0x10d3)), -ERR_NODEV);
}

/* Any answers at all: the walk ends, and nothing is touched that is not there. */
static void random_configuration(void **state)
{
    (void)state;
    srand(3);
    for (unsigned round = 0; round < 10; round++) {
        fake_reset();
        fake_ports(0xcf8, 8, port_read, port_write, NULL);
        random_answers = true;
        assert_int_equal(pci_init(&info), 0);
        assert_int_equal(pci_count(), PCI_MAX_DEVICES);
        assert_true(fake_logged("the others are left out"));
    }
    for (unsigned round = 0; round < 300; round++) {
        fake_reset();
        fake_ports(0xcf8, 8, port_read, port_write, NULL);
        build();
        for (unsigned n = 0; n < function_count; n++) {
            for (int i = rand() % 40; i >= 0; i--) {
                functions[n].config[rand() % 256] = (uint8_t)rand();
                functions[n].writable[rand() % 256] = (uint8_t)rand();
            }
        }
        assert_int_equal(pci_init(&info), 0);
        for (unsigned n = 0; n < pci_count(); n++) {
            struct pci_device *device = pci_get(n);
            for (unsigned bar = 0; bar < PCI_BARS; bar++) {
                const struct pci_bar *b = &device->bars[bar];
                assert_true(b->kind != PCI_BAR_NONE || b->size == 0);
            }
        }
        pci_report();
    }
}

static void no_memory(void **state)
{
    (void)state;
    fake_out_of_memory = true;
    assert_int_equal(pci_init(&info), -ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_ports, setup),
        cmocka_unit_test_setup(by_ecam, setup),
        cmocka_unit_test_setup(bridges_in_a_circle, setup),
        cmocka_unit_test_setup(second_root_bus, setup),
        cmocka_unit_test_setup(capability_list_in_a_circle, setup),
        cmocka_unit_test_setup(enable_wakes_up, setup),
        cmocka_unit_test_setup(msi, setup),
        cmocka_unit_test_setup(msix, setup),
        cmocka_unit_test_setup(msix_table_outside_its_bar, setup),
        cmocka_unit_test_setup(random_configuration, setup),
        cmocka_unit_test_setup(no_memory, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
