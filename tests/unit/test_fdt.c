/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/lib/fdt.c: what it writes is read back by it and by dtc; broken blobs are
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "kernel/lib/fdt.h"

static uint8_t blob[65536];
static struct fdt_writer w;

/* A small machine; returns the blob's size. */
static size_t build(void)
{
    fdt_writer_init(&w, blob, sizeof(blob));
    fdt_reserve(&w, 0x48000000, 0x10000);
    fdt_begin_node(&w, "");
    fdt_prop_string(&w, "compatible", "exarch,virt");
    FDT_PROP_CELLS(&w, "#address-cells", 2);
    fdt_begin_node(&w, "memory@40000000");
    fdt_prop_string(&w, "device_type", "memory");
    FDT_PROP_CELLS(&w, "reg", 0, 0x40000000, 0, 0x8000000);
    fdt_end_node(&w);
    fdt_begin_node(&w, "soc");
    fdt_begin_node(&w, "uart@9000000");
    fdt_prop(&w, "compatible", "arm,pl011\0arm,primecell", 24);
    fdt_prop_empty(&w, "interrupt-parent-less");
    fdt_prop_u64(&w, "big", UINT64_C(0x123456789abcdef0));
    fdt_end_node(&w);
    fdt_end_node(&w);
    fdt_begin_node(&w, "chosen");
    fdt_prop_string(&w, "bootargs", "console=ttyAMA0");
    fdt_end_node(&w);
    fdt_end_node(&w);
    int64_t size = fdt_writer_finish(&w);
    assert_true(size > 0);
    return (size_t)size;
}

/* What dtc makes of a blob, without its indentation. */
static void decompile(const void *data, size_t size, char *text, size_t room)
{
    char name[] = "/tmp/exarch-fdt-XXXXXX";
    char command[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "wb");
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
    (void)snprintf(command, sizeof(command), "dtc -q -I dtb -O dts %s | tr -d '\\t'", name);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    text[fread(text, 1, room - 1, out)] = 0;
    assert_int_equal(pclose(out), 0);
    remove(name);
}

static void dtc_reads_what_we_write(void **state)
{
    (void)state;
    static const char want[] = "/dts-v1/;\n\n"
                               "/memreserve/0x0000000048000000 0x0000000000010000;\n"
                               "/ {\ncompatible = \"exarch,virt\";\n#address-cells = <0x02>;\n\n"
                               "memory@40000000 {\ndevice_type = \"memory\";\n"
                               "reg = <0x00 0x40000000 0x00 0x8000000>;\n};\n\n"
                               "soc {\n\nuart@9000000 {\n"
                               "compatible = \"arm,pl011\\0arm,primecell\";\n"
                               "interrupt-parent-less;\nbig = <0x12345678 0x9abcdef0>;\n};\n};\n\n"
                               "chosen {\nbootargs = \"console=ttyAMA0\";\n};\n};\n";
    char text[4096];
    decompile(blob, build(), text, sizeof(text));
    assert_string_equal(text, want);
}

static void find_and_get(void **state)
{
    (void)state;
    struct fdt f;
    uint32_t length = 0;
    assert_int_equal(fdt_open(&f, blob, build()), 0);
    assert_true(fdt_find(&f, "/") > 0);
    assert_int_equal(fdt_find(&f, "/uart@9000000"), -ERR_NOENT);
    assert_int_equal(fdt_find(&f, "/soc/uart@9000001"), -ERR_NOENT);
    assert_int_equal(fdt_find(&f, "/so"), -ERR_NOENT);
    assert_int_equal(fdt_find(&f, "/soc/uart"), fdt_find(&f, "/soc/uart@9000000"));
    int64_t memory = fdt_find(&f, "/memory");
    assert_true(memory > 0);
    const uint8_t *reg = fdt_get(&f, memory, "reg", &length);
    assert_int_equal(length, 16);
    assert_int_equal(fdt_cell(reg + 4), 0x40000000);
    assert_null(fdt_get(&f, fdt_find(&f, "/soc"), "compatible", &length));
    assert_non_null(fdt_get(&f, fdt_find(&f, "/chosen"), "bootargs", &length));
    assert_int_equal(length, 16);
}

static void copy_changes_adds_and_removes(void **state)
{
    (void)state;
    static uint8_t out[65536];
    static struct fdt_writer copy;
    const uint8_t reg[] = {0, 0, 0, 0, 0x80, 0, 0, 0};
    const struct fdt_change changes[] = {
        {"/memory", "reg", reg, sizeof(reg)}, {"/chosen", "bootargs", NULL, 0},
        {"/chosen", "rng-seed", "abc", 3},    {"/soc/uart@9000000", "status", "okay", 5},
        {"/psci", "method", "hvc", 4},        {"/psci", "compatible", "arm,psci-1.0", 13},
        {"/absent", "gone", NULL, 0},
    };
    struct fdt f;
    struct fdt g;
    char text[4096];
    uint32_t length = 0;
    assert_int_equal(fdt_open(&f, blob, build()), 0);
    fdt_writer_init(&copy, out, sizeof(out));
    assert_int_equal(fdt_copy(&copy, &f, changes, ARRAY_SIZE(changes)), 0);
    int64_t size = fdt_writer_finish(&copy);
    assert_true(size > 0);
    assert_int_equal(fdt_open(&g, out, (size_t)size), 0);
    assert_memory_equal(fdt_get(&g, fdt_find(&g, "/memory"), "reg", &length), reg, sizeof(reg));
    assert_int_equal(length, sizeof(reg));
    decompile(out, (size_t)size, text, sizeof(text));
    assert_non_null(strstr(text, "/memreserve/0x0000000048000000 0x0000000000010000;"));
    assert_non_null(strstr(text, "chosen {\nrng-seed = [61 62 63];\n};"));
    assert_non_null(strstr(text, "big = <0x12345678 0x9abcdef0>;\nstatus = \"okay\";\n};"));
    assert_non_null(
        strstr(text, "psci {\nmethod = \"hvc\";\ncompatible = \"arm,psci-1.0\";\n};\n};"));
    assert_null(strstr(text, "absent"));
}

static void writer_reports_what_goes_wrong(void **state)
{
    (void)state;
    uint8_t small[128];
    fdt_writer_init(&w, small, sizeof(small));
    fdt_begin_node(&w, "");
    for (int n = 0; n < 10; n++) {
        fdt_prop_u32(&w, "value", 1);
    }
    fdt_end_node(&w);
    assert_int_equal(fdt_writer_finish(&w), -ERR_NOMEM);

    fdt_writer_init(&w, blob, sizeof(blob));
    assert_int_equal(fdt_writer_finish(&w), -ERR_INVAL); /* no root */

    fdt_writer_init(&w, blob, sizeof(blob));
    fdt_begin_node(&w, "");
    assert_int_equal(fdt_writer_finish(&w), -ERR_INVAL); /* root not ended */

    fdt_writer_init(&w, blob, sizeof(blob));
    fdt_begin_node(&w, "");
    fdt_end_node(&w);
    fdt_begin_node(&w, "");
    fdt_end_node(&w);
    assert_int_equal(fdt_writer_finish(&w), -ERR_INVAL); /* two roots */

    fdt_writer_init(&w, blob, sizeof(blob));
    for (int n = 0; n <= FDT_MAX_DEPTH; n++) {
        fdt_begin_node(&w, "deep");
    }
    assert_int_equal(fdt_writer_finish(&w), -ERR_RANGE);
}

/* Any byte may be wrong: fdt_open says so or what it lets pass can be walked (ASan watches). */
static void broken_blobs(void **state)
{
    (void)state;
    size_t size = build();
    unsigned refused = 0;
    srand(1);
    for (int round = 0; round < 30000; round++) {
        size_t cut = round % 3 == 0 ? (size_t)rand() % (size + 1) : size;
        uint8_t *broken = malloc(cut + 1);
        assert_non_null(broken);
        uint8_t *data = broken + (round & 1); /* unaligned half of the time */
        cut = cut > 0 ? cut - 1 : 0;
        memcpy(data, blob, cut);
        for (int n = rand() % 4; n >= 0 && cut > 0; n--) {
            data[(size_t)rand() % cut] = (uint8_t)(rand() % 3 ? rand() : 0xff);
        }
        struct fdt f;
        uint32_t length;
        if (fdt_open(&f, data, cut) < 0) {
            refused++;
        } else {
            int64_t node = fdt_find(&f, "/soc/uart");
            (void)fdt_get(&f, node, "nothing", &length);
            static uint8_t out[65536];
            static struct fdt_writer copy;
            const struct fdt_change change = {"/chosen", "bootargs", "x", 2};
            fdt_writer_init(&copy, out, sizeof(out));
            if (fdt_copy(&copy, &f, &change, 1) == 0) {
                struct fdt g;
                int64_t copied = fdt_writer_finish(&copy);
                assert_true(copied > 0);
                assert_int_equal(fdt_open(&g, out, (size_t)copied), 0);
            }
        }
        free(broken);
    }
    assert_true(refused > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtc_reads_what_we_write),
        cmocka_unit_test(find_and_get),
        cmocka_unit_test(copy_changes_adds_and_removes),
        cmocka_unit_test(writer_reports_what_goes_wrong),
        cmocka_unit_test(broken_blobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
