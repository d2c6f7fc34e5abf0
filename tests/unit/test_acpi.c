/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/acpi*.c on tables of the test's making, whole and broken in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi.h"
#include "drivers/acpi_tables.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define RSDP 0xf5ad0
#define RSDT 0x7fe1000
#define XSDT 0x7fe2000
#define MADT 0x7fe3000
#define MCFG 0x7fe4000
#define FADT 0x7fe5000
#define DSDT 0x7fe6000
#define HPET 0x7fe7000
#define DMAR 0x7fe8000

static struct acpi_info info;

/* The machine's tables, each in a buffer of its own, so that a test can break them before use. */
struct tables {
    struct acpi_rsdp rsdp;
    struct {
        struct acpi_header header;
        uint32_t entries[5];
    } __attribute__((packed)) rsdt;
    struct {
        struct acpi_header header;
        uint64_t entries[5];
    } __attribute__((packed)) xsdt;
    struct {
        struct acpi_madt madt;
        struct acpi_madt_lapic cpu[2];
        struct acpi_madt_ioapic ioapic;
        struct acpi_madt_override override[2];
        struct acpi_madt_x2apic x2apic;
    } __attribute__((packed)) madt;
    struct {
        struct acpi_header header;
        uint8_t reserved[8];
        struct acpi_mcfg_area area;
    } __attribute__((packed)) mcfg;
    struct acpi_fadt fadt;
    struct {
        struct acpi_header header;
        uint8_t aml[24];
    } __attribute__((packed)) dsdt;
    struct acpi_hpet hpet;
    struct {
        struct acpi_dmar dmar;
        struct acpi_dmar_unit unit[2];
    } __attribute__((packed)) dmar;
};

static void finish(struct acpi_header *header, const char *signature, size_t length)
{
    uint8_t sum = 0;
    memcpy(header->signature, signature, 4);
    header->length = (uint32_t)length;
    header->checksum = 0;
    for (size_t n = 0; n < length; n++) {
        sum = (uint8_t)(sum + ((uint8_t *)header)[n]);
    }
    header->checksum = (uint8_t)-sum;
}

static void finish_rsdp(struct acpi_rsdp *rsdp)
{
    const uint8_t *bytes = (const uint8_t *)rsdp;
    uint8_t sum = 0;
    rsdp->checksum = 0;
    rsdp->extended_checksum = 0;
    for (size_t n = 0; n < ACPI_RSDP_V1_SIZE; n++) {
        sum = (uint8_t)(sum + bytes[n]);
    }
    rsdp->checksum = (uint8_t)-sum;
    sum = 0;
    for (size_t n = 0; n < sizeof(*rsdp); n++) {
        sum = (uint8_t)(sum + bytes[n]);
    }
    rsdp->extended_checksum = (uint8_t)-sum;
}

static const uint8_t aml_s5[] = {0x10, 0x40, 0x08, '_',  'S',  '5', '_', 0x12, 0x08, 0x04, 0x0a,
                                 0x05, 0x0a, 0x06, 0x00, 0x00, 0,   0,   0,    0,    0,    0};

static struct tables *make_tables(void)
{
    struct tables *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->rsdp = (struct acpi_rsdp){.revision = 2, .rsdt = RSDT, .length = 36, .xsdt = XSDT};
    memcpy(t->rsdp.signature, ACPI_RSDP_SIGNATURE, 8);
    const uint32_t addresses[5] = {MADT, MCFG, FADT, HPET, DMAR};
    for (unsigned n = 0; n < 5; n++) {
        t->rsdt.entries[n] = addresses[n];
        t->xsdt.entries[n] = addresses[n];
    }

    t->madt.madt.local_apic = 0xfee00000;
    t->madt.madt.flags = 1;
    for (uint8_t n = 0; n < 2; n++) {
        t->madt.cpu[n] = (struct acpi_madt_lapic){{0, 8}, n, (uint8_t)(2 * n), n == 0};
    }
    t->madt.ioapic = (struct acpi_madt_ioapic){{1, 12}, 3, 0, 0xfec00000, 0};
    t->madt.override[0] = (struct acpi_madt_override){{2, 10}, 0, 0, 2, 0};
    t->madt.override[1] = (struct acpi_madt_override){{2, 10}, 0, 9, 9, 0xf};
    t->madt.x2apic = (struct acpi_madt_x2apic){{9, 16}, 0, 0x1234, 1, 7};

    t->mcfg.area = (struct acpi_mcfg_area){.base = 0xb0000000, .bus_last = 255};
    t->fadt.pm_timer = 0x608;
    t->fadt.pm_timer_length = 4;
    t->fadt.pm1a_control = 0x604;
    t->fadt.smi_command = 0xb2;
    t->fadt.acpi_enable = 2;
    t->fadt.dsdt = DSDT;
    t->fadt.flags = ACPI_FADT_RESET_SUPPORTED | ACPI_FADT_TIMER_32BIT;
    t->fadt.reset = (struct acpi_gas){ACPI_SPACE_IO, 8, 0, 1, 0xcf9};
    t->fadt.reset_value = 0x0f;
    memcpy(t->dsdt.aml, aml_s5, sizeof(aml_s5));
    t->hpet.address = (struct acpi_gas){ACPI_SPACE_MEMORY, 64, 0, 0, 0xfed00000};
    t->dmar.unit[0] = (struct acpi_dmar_unit){0, 16, 0, 0, 0, 0xfed90000};
    t->dmar.unit[1] = (struct acpi_dmar_unit){0, 16, 1, 0, 0, 0xfed91000};
    return t;
}

/* Right lengths and checksums for what the tables hold now. */
static void seal(struct tables *t)
{
    finish(&t->rsdt.header, "RSDT", sizeof(t->rsdt));
    finish(&t->xsdt.header, "XSDT", sizeof(t->xsdt));
    finish(&t->madt.madt.header, "APIC", sizeof(t->madt));
    finish(&t->mcfg.header, "MCFG", sizeof(t->mcfg));
    finish(&t->fadt.header, "FACP", sizeof(t->fadt));
    finish(&t->dsdt.header, "DSDT", sizeof(t->dsdt));
    finish(&t->hpet.header, "HPET", sizeof(t->hpet));
    finish(&t->dmar.dmar.header, "DMAR", sizeof(t->dmar));
    finish_rsdp(&t->rsdp);
}

/* Puts the tables into the machine, forgets the buffers, and reads them. */
static int read_tables(struct tables *t)
{
    fake_memory(RSDP, &t->rsdp, sizeof(t->rsdp));
    fake_memory(RSDT, &t->rsdt, sizeof(t->rsdt));
    fake_memory(XSDT, &t->xsdt, sizeof(t->xsdt));
    fake_memory(MADT, &t->madt, sizeof(t->madt));
    fake_memory(MCFG, &t->mcfg, sizeof(t->mcfg));
    fake_memory(FADT, &t->fadt, sizeof(t->fadt));
    fake_memory(DSDT, &t->dsdt, sizeof(t->dsdt));
    fake_memory(HPET, &t->hpet, sizeof(t->hpet));
    fake_memory(DMAR, &t->dmar, sizeof(t->dmar));
    free(t);
    return acpi_read(&info, hpa(RSDP));
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void expect_whole(void)
{
    assert_int_equal(info.bad_tables, 0);
    assert_int_equal(info.table_count, 6);
    assert_int_equal(info.local_apic.v, 0xfee00000);
    assert_true(info.has_pic);
    assert_int_equal(info.cpu_count, 3);
    assert_true(info.cpus[0].enabled);
    assert_false(info.cpus[1].enabled);
    assert_int_equal(info.cpus[1].apic_id, 2);
    assert_int_equal(info.cpus[2].apic_id, 0x1234);
    assert_int_equal(info.ioapic_count, 1);
    assert_int_equal(info.ioapics[0].address.v, 0xfec00000);
    assert_int_equal(info.override_count, 2);
    assert_int_equal(info.overrides[0].gsi, 2);
    assert_false(info.overrides[0].level);
    assert_true(info.overrides[1].level && info.overrides[1].low);
    assert_int_equal(info.ecam_count, 1);
    assert_int_equal(info.ecam[0].base.v, 0xb0000000);
    assert_int_equal(info.hpet.v, 0xfed00000);
    assert_int_equal(info.pm_timer.address, 0x608);
    assert_true(info.pm_timer_32bit);
    assert_int_equal(info.power.pm1a_control.address, 0x604);
    assert_int_equal(info.power.pm1b_control.bits, 0);
    assert_int_equal(info.power.reset.address, 0xcf9);
    assert_int_equal(info.power.reset_value, 0x0f);
    assert_true(info.power.s5_known);
    assert_int_equal(info.power.s5_type_a, 5);
    assert_int_equal(info.power.s5_type_b, 6);
    assert_int_equal(info.iommu_count, 2);
    assert_int_equal(info.iommu_kind, ACPI_IOMMU_VTD);
    assert_true(info.iommus[1].all);
}

static void whole_tables(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    seal(t);
    assert_int_equal(read_tables(t), 0);
    expect_whole();
    acpi_report(&info);
    assert_true(fake_logged("MADT: 2 CPUs enabled of 3"));
    assert_true(fake_logged("power-off by \\_S5, sleep types 5 and 6"));
    assert_false(fake_logged("error"));
}

static void revision_0_uses_the_rsdt(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    t->rsdp.revision = 0;
    t->rsdp.xsdt = 0xdead000;
    seal(t);
    assert_int_equal(read_tables(t), 0);
    expect_whole();
}

static void broken_xsdt_falls_back_to_the_rsdt(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    seal(t);
    t->xsdt.header.checksum++;
    assert_int_equal(read_tables(t), 0);
    assert_int_equal(info.cpu_count, 3);
    assert_int_equal(info.bad_tables, 1);
    assert_true(fake_logged("table XSDT at 0x7fe2000, 76 bytes: wrong checksum"));
}

static void broken_extended_checksum_falls_back_too(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    seal(t);
    t->rsdp.extended_checksum++;
    assert_int_equal(read_tables(t), 0);
    expect_whole();
    assert_true(fake_logged("wrong extended checksum"));
}

static void no_root_pointer(void **state)
{
    (void)state;
    assert_int_equal(acpi_read(&info, hpa(0)), -ERR_NODEV);
    assert_true(fake_logged("no ACPI root pointer"));
    struct tables *t = make_tables();
    seal(t);
    t->rsdp.signature[0] = 'X';
    assert_int_equal(read_tables(t), -ERR_FORMAT);
    assert_true(fake_logged("wrong signature or checksum"));
}

static void no_memory(void **state)
{
    (void)state;
    fake_out_of_memory = true;
    assert_int_equal(acpi_read(&info, hpa(RSDP)), -ERR_NOMEM);
}

static void lengths_are_checked(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    seal(t);
    t->madt.madt.header.length = 35;
    t->mcfg.header.length = 0x7fffffff;
    finish(&t->fadt.header, "FACP", 60);
    assert_int_equal(read_tables(t), 0);
    assert_int_equal(info.bad_tables, 3);
    assert_int_equal(info.cpu_count, 0);
    assert_int_equal(info.ecam_count, 0);
    assert_false(info.power.s5_known);
    assert_true(fake_logged("table APIC at 0x7fe3000: length 35"));
    assert_true(fake_logged("table MCFG at 0x7fe4000: length 2147483647"));
    assert_true(fake_logged("table FACP: 60 bytes, expected 116 or more"));
}

static void a_broken_entry_ends_the_madt(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    t->madt.ioapic.entry.length = 0;
    seal(t);
    assert_int_equal(read_tables(t), 0);
    assert_int_equal(info.cpu_count, 2);
    assert_int_equal(info.ioapic_count, 0);
    assert_true(fake_logged("MADT: entry at byte 60 has length 0; the rest is ignored"));
}

static void an_old_short_fadt_is_enough(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    seal(t);
    finish(&t->fadt.header, "FACP", 116);
    assert_int_equal(read_tables(t), 0);
    assert_int_equal(info.power.reset.bits, 0);
    assert_int_equal(info.power.pm1a_control.address, 0x604);
    assert_true(info.power.s5_known);
}

static void amd_units(void **state)
{
    (void)state;
    struct {
        struct acpi_ivrs ivrs;
        struct acpi_ivrs_block block[2];
    } __attribute__((packed)) ivrs = {0};
    ivrs.block[0] = (struct acpi_ivrs_block){.type = 0x10, .length = 18, .base = 0xfdc00000};
    ivrs.block[1] = (struct acpi_ivrs_block){.type = 0x11, .length = 18, .base = 0xfdc00000};
    finish(&ivrs.ivrs.header, "IVRS", sizeof(ivrs));
    fake_memory(0x9000000, &ivrs, sizeof(ivrs));
    struct tables *t = make_tables();
    t->xsdt.entries[4] = 0x9000000;
    seal(t);
    assert_int_equal(read_tables(t), 0);
    assert_int_equal(info.iommu_count, 1);
    assert_int_equal(info.iommu_kind, ACPI_IOMMU_AMDVI);
}

static void sleep_types(void **state)
{
    (void)state;
    static const struct {
        uint8_t aml[16];
        uint8_t length;
        bool found;
        uint8_t a, b;
    } rows[] = {
        {{8, '_', 'S', '5', '_', 0x12, 4, 2, 1, 0}, 10, true, 1, 0},
        {{8, '\\', '_', 'S', '5', '_', 0x12, 6, 2, 0xa, 7, 0xa, 7}, 13, true, 7, 7},
        {{8, '_', 'S', '5', '_', 0x12, 0x46, 0, 2, 0xb, 5, 0, 0}, 13, true, 5, 0},
        {{8, '_', 'S', '5', '_', 0x12, 3, 1, 0xa, 5}, 10, true, 5, 5},
        {{9, '_', 'S', '5', '_', 0x12, 4, 2, 1, 0}, 10, false, 0, 0},    /* a use, no definition */
        {{8, '_', 'S', '5', '_', 0x12, 4, 2, 0xff, 0}, 10, false, 0, 0}, /* no 3-bit type */
        {{8, '_', 'S', '5', '_', 0x12, 4, 2, 0xa}, 9, false, 0, 0},      /* cut off */
        {{8, '_', 'S', '5', '_', 0x12, 0xc0, 0}, 8, false, 0, 0},
        {{8, '_', 'S', '5', '_'}, 5, false, 0, 0},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        uint8_t a = 0;
        uint8_t b = 0;
        uint8_t *exact = malloc(rows[n].length);
        assert_non_null(exact);
        memcpy(exact, rows[n].aml, rows[n].length);
        assert_int_equal(acpi_parse_s5(exact, rows[n].length, &a, &b), rows[n].found);
        assert_int_equal(a, rows[n].a);
        assert_int_equal(b, rows[n].b);
        free(exact);
    }
}

static void root_pointer_of_a_bios(void **state)
{
    (void)state;
    struct tables *t = make_tables();
    uint16_t segment = 0x9fc0;
    seal(t);
    fake_memory(0x40e, &segment, 2);
    assert_int_equal(acpi_find_rsdp().v, 0);
    fake_memory(0xf5ad0, &t->rsdp, sizeof(t->rsdp));
    assert_int_equal(acpi_find_rsdp().v, 0xf5ad0);
    fake_memory(0x9fc20, &t->rsdp, sizeof(t->rsdp));
    assert_int_equal(acpi_find_rsdp().v, 0x9fc20);
    free(t);
}

/* Random bytes anywhere, checksums right again or not: no crash, no read behind a table's end. */
static void random_damage(void **state)
{
    (void)state;
    srand(2);
    for (int round = 0; round < 3000; round++) {
        fake_reset();
        struct tables *t = make_tables();
        for (int n = rand() % 6; n >= 0; n--) {
            ((uint8_t *)t)[(size_t)rand() % sizeof(*t)] = (uint8_t)rand();
        }
        if (round % 4 != 0) {
            seal(t);
        }
        if (round % 3 == 0) { /* cut a table short, with a right checksum */
            const struct {
                struct acpi_header *header;
                size_t size;
            } cuts[] = {{&t->madt.madt.header, sizeof(t->madt)},
                        {&t->mcfg.header, sizeof(t->mcfg)},
                        {&t->fadt.header, sizeof(t->fadt)},
                        {&t->dsdt.header, sizeof(t->dsdt)},
                        {&t->dmar.dmar.header, sizeof(t->dmar)}};
            unsigned n = (unsigned)rand() % (unsigned)ARRAY_SIZE(cuts);
            char signature[5] = {0};
            memcpy(signature, cuts[n].header->signature, 4);
            finish(cuts[n].header, signature, 36 + (size_t)rand() % (cuts[n].size - 36));
        }
        if (read_tables(t) == 0) {
            acpi_report(&info);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(whole_tables, setup),
        cmocka_unit_test_setup(revision_0_uses_the_rsdt, setup),
        cmocka_unit_test_setup(broken_xsdt_falls_back_to_the_rsdt, setup),
        cmocka_unit_test_setup(broken_extended_checksum_falls_back_too, setup),
        cmocka_unit_test_setup(no_root_pointer, setup),
        cmocka_unit_test_setup(no_memory, setup),
        cmocka_unit_test_setup(lengths_are_checked, setup),
        cmocka_unit_test_setup(a_broken_entry_ends_the_madt, setup),
        cmocka_unit_test_setup(an_old_short_fadt_is_enough, setup),
        cmocka_unit_test_setup(amd_units, setup),
        cmocka_unit_test_setup(sleep_types, setup),
        cmocka_unit_test_setup(root_pointer_of_a_bios, setup),
        cmocka_unit_test_setup(random_damage, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
