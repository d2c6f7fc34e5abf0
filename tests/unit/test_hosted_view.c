/* SPDX-License-Identifier: BSD-2-Clause */
/* The hosted platform's views: what the slot table gives, against a flat model of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "dbt/platform/hosted/hosted.h"
#include "dbt/vcpu.h"
#include "dbt/x64/compile.h"

#define RAM   MIB(8)
#define PAGES 2048 /* of the model: 8 MiB of VA across the end of a slot */

static int ram_fd;
static struct a64_state st;
static struct vcpu vcpu = {.st = &st};
static struct hosted_vcpu record;

int hosted_ram_fd(void)
{
    return ram_fd;
}

struct hosted_vcpu *hosted_vcpu(const struct vcpu *v)
{
    (void)v;
    return &record;
}

static const uint64_t *table(void)
{
    return (const void *)(st.mem_bias - MEM_SLOT_SHIFT);
}

/* The host address that translated code computes for va (dbt/x64/compile.h, MEM_SLOTS). */
static uint8_t *host_of(uint64_t va)
{
    return (uint8_t *)(va + table()[(int64_t)va >> MEM_SLOT_SHIFT]);
}

/* What the kernel says of a host page: its first byte, or -1 where it is not readable. */
static int probe(const void *host)
{
    int pipes[2];
    uint8_t byte;
    assert_int_equal(pipe(pipes), 0);
    int result = write(pipes[1], host, 1) == 1 && read(pipes[0], &byte, 1) == 1 ? byte : -1;
    close(pipes[0]);
    close(pipes[1]);
    return result;
}

static int make_ram(void **state)
{
    (void)state;
    ram_fd = memfd_create("ram", 0);
    assert_int_equal(ftruncate(ram_fd, (off_t)RAM), 0);
    uint8_t *ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
    for (uint64_t page = 0; page < RAM / PAGE_SIZE; page++) {
        ram[page * PAGE_SIZE] = (uint8_t)(page % 251);
    }
    munmap(ram, RAM);
    return 0;
}

static unsigned pick(unsigned below)
{
    return (unsigned)rand() % below;
}

/* model[i]: the RAM page of VA page i, or -1. whole[i]: by a mapping of 2 MiB. */
static void random_history(bool high)
{
    static int model[PAGES];
    static bool whole[PAGES];
    uint64_t base = (UINT64_C(1) << 39) * 3 - RAM / 2, range = high ? MASK(63, 48) : 0;
    struct plat_view *view = plat_view_create(high);
    plat_view_activate(&vcpu, view);
    for (unsigned i = 0; i < PAGES; i++) {
        model[i] = -1;
        whole[i] = false;
    }
    for (unsigned n = 0; n < 4000; n++) {
        unsigned first = pick(PAGES), count = 1 + pick(16), group = first / 512 * 512;
        switch (pick(8)) {
        case 0:
            plat_view_map(view, base + group * PAGE_SIZE, MIB(2) * (n % 4), MIB(2), pick(2));
            for (unsigned i = 0; i < 512; i++) {
                model[group + i] = (int)(512 * (n % 4) + i);
                whole[group + i] = true;
            }
            break;
        case 1:
        case 2:
            plat_view_unmap(view, base + first * PAGE_SIZE, count * PAGE_SIZE);
            for (unsigned i = first; i < first + count && i < PAGES; i++) {
                for (unsigned k = i / 512 * 512; whole[i] && k < i / 512 * 512 + 512; k++) {
                    model[k] = k == i ? model[k] : -1;
                    whole[k] = k == i;
                }
                whole[i] = false;
                model[i] = -1;
            }
            break;
        default: {
            unsigned ram = pick(2048 - 16);
            count = MIN(count, 512 - first % 512);
            plat_view_map(view, base + first * PAGE_SIZE, ram * PAGE_SIZE, count * PAGE_SIZE, true);
            bool replaced = whole[first];
            for (unsigned i = 0; replaced && i < 512; i++) {
                model[group + i] = -1;
                whole[group + i] = false;
            }
            for (unsigned i = 0; i < count; i++) {
                model[first + i] = (int)(ram + i);
            }
        }
        }
        for (unsigned k = 0; k < 16; k++) {
            unsigned page = pick(PAGES);
            uint64_t offset = 0, va = range | (base + page * PAGE_SIZE);
            assert_int_equal(probe(host_of(va)), model[page] < 0 ? -1 : model[page] % 251);
            if (model[page] >= 0) {
                assert_true(hosted_view_offset(view, (uintptr_t)host_of(va), &offset));
                assert_int_equal(offset, base + page * PAGE_SIZE);
            }
        }
    }
    plat_view_clear(view);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_int_equal(probe(host_of(range | (base + i * PAGE_SIZE))), -1);
    }
    plat_view_destroy(view);
}

static void test_low(void **state)
{
    (void)state;
    srand(1);
    random_history(false);
}

static void test_high(void **state)
{
    (void)state;
    srand(2);
    random_history(true);
}

/* The table itself is readable for the view's own range only. */
static void test_other_ranges_fault_in_the_table(void **state)
{
    (void)state;
    for (unsigned high = 0; high < 2; high++) {
        struct plat_view *view = plat_view_create(high);
        plat_view_activate(&vcpu, view);
        int64_t first = high ? -512 : 0;
        assert_true(probe(&table()[first]) >= 0 && probe(&table()[first + 511]) >= 0);
        assert_int_equal(probe(&table()[first - 1]), -1);
        assert_int_equal(probe(&table()[first + 512]), -1);
        assert_int_equal(probe(&table()[-(1 << 24)]), -1);
        assert_int_equal(probe(&table()[(1 << 24) - 1]), -1);
        plat_view_destroy(view);
    }
}

/* A base in one slot and a displacement into the next: both pages are there, neither is reached. */
static void test_a_displacement_out_of_the_slot_faults(void **state)
{
    (void)state;
    uint64_t border = (UINT64_C(1) << MEM_SLOT_SHIFT) * 3;
    struct plat_view *view = plat_view_create(false);
    plat_view_activate(&vcpu, view);
    assert_int_equal(plat_view_map(view, border - PAGE_SIZE, 0, PAGE_SIZE, true), PLAT_MAPPED);
    assert_int_equal(plat_view_map(view, border, PAGE_SIZE, PAGE_SIZE, true), PLAT_MAPPED);
    for (int64_t disp = 1; disp <= MEM_SLOT_GUARD / 2; disp += disp < 64 ? 1 : 997) {
        assert_int_equal(probe(host_of(border - 1) + disp), -1);
        assert_int_equal(probe(host_of(border) - disp), -1);
    }
    assert_true(probe(host_of(border - 1)) >= 0 && probe(host_of(border)) >= 0);
    plat_view_destroy(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_low),
        cmocka_unit_test(test_high),
        cmocka_unit_test(test_other_ranges_fault_in_the_table),
        cmocka_unit_test(test_a_displacement_out_of_the_slot_faults),
    };
    return cmocka_run_group_tests(tests, make_ram, NULL);
}
