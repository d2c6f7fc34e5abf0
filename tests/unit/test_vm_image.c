/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/vm_image.c: good and bad engine images, random damage, the VM's layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/vm_image.h"
#include "mmu/ptab.h"

struct file {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
    struct {
        uint32_t type, flags;
        uint64_t offset, vaddr, paddr, filesz, memsz, align;
    } ph[3];
    uint8_t data[3 * 4096];
};

static struct file *make_file(void)
{
    struct file *f = calloc(1, sizeof(*f));
    memcpy(f->ident, "\x7f\x45\x4c\x46\x02\x01\x01", 7);
    f->type = 2;
    f->machine = 62;
    f->entry = ABI_ENGINE_BASE + 0x10;
    f->phoff = offsetof(struct file, ph);
    f->phentsize = 56;
    f->phnum = 3;
    for (unsigned i = 0; i < 3; i++) {
        f->ph[i].type = 1;
        f->ph[i].flags = i == 0 ? 5 : i == 1 ? 4 : 6;
        f->ph[i].offset = offsetof(struct file, data) + i * 4096;
        f->ph[i].vaddr = ABI_ENGINE_BASE + i * 4096;
        f->ph[i].filesz = 4096;
        f->ph[i].memsz = i == 2 ? 5 * 4096 + 100 : 4096;
    }
    return f;
}

static int parse(const struct file *f, uint64_t size, struct vm_image *image)
{
    const char *why = NULL;
    int error = vm_image_parse(f, size, image, &why);
    assert_true(error ? why != NULL : why == NULL);
    return error;
}

static void a_good_image_is_read(void **state)
{
    (void)state;
    struct file *f = make_file();
    struct vm_image image;
    assert_int_equal(parse(f, sizeof(*f), &image), 0);
    assert_int_equal(image.count, 3);
    assert_int_equal(image.size, 8 * 4096);
    assert_int_equal(image.segments[0].rights, PTAB_R | PTAB_X);
    assert_int_equal(image.segments[1].rights, PTAB_R);
    assert_int_equal(image.segments[2].rights, PTAB_R | PTAB_W);
    assert_int_equal(image.segments[2].filled, 4096);
    free(f);
}

#define MUST_FAIL(change)                                                                          \
    do {                                                                                           \
        struct file *f = make_file();                                                              \
        struct vm_image image;                                                                     \
        change;                                                                                    \
        assert_int_equal(parse(f, sizeof(*f), &image), -ERR_FORMAT);                               \
        free(f);                                                                                   \
    } while (0)

static void bad_images_are_refused(void **state)
{
    (void)state;
    MUST_FAIL(f->ident[0] = 0);
    MUST_FAIL(f->ident[4] = 1);
    MUST_FAIL(f->type = 3);
    MUST_FAIL(f->machine = 183);
    MUST_FAIL(f->phnum = 1000);
    MUST_FAIL(f->phoff = UINT64_MAX - 8);
    MUST_FAIL(f->phentsize = 32);
    MUST_FAIL(f->ph[1].offset = UINT64_MAX);
    MUST_FAIL(f->ph[1].filesz = UINT64_MAX);
    MUST_FAIL(f->ph[1].memsz = 10);
    MUST_FAIL(f->ph[1].memsz = UINT64_MAX);
    MUST_FAIL(f->ph[1].vaddr = 0x400000);
    MUST_FAIL(f->ph[1].vaddr += 8);
    MUST_FAIL(f->ph[1].vaddr -= 4096);
    MUST_FAIL(f->ph[0].vaddr += 4096);
    MUST_FAIL(f->ph[2].memsz = ABI_IMAGE_MAX);
    MUST_FAIL(f->ph[0].flags = 7);
    MUST_FAIL(f->ph[1].flags = 0);
    MUST_FAIL(f->ph[1].type = 2);
    MUST_FAIL(f->ph[1].type = 3);
    MUST_FAIL(f->entry = ABI_ENGINE_BASE + 4096);
    MUST_FAIL(f->entry = 0);
    MUST_FAIL(f->entry = ABI_ENGINE_BASE + 0x9000);
}

static void truncation_and_damage_are_safe(void **state)
{
    (void)state;
    struct file *good = make_file();
    struct vm_image image;
    for (uint64_t size = 0; size < 64 + 3 * 56; size++) {
        uint8_t *part = malloc(size ? size : 1); /* its own block: overruns show */
        memcpy(part, good, size);
        assert_int_equal(parse((void *)part, size, &image), -ERR_FORMAT);
        free(part);
    }
    srand(1);
    for (unsigned i = 0; i < 20000; i++) {
        struct file *f = make_file();
        for (int n = rand() % 4; n >= 0; n--) {
            ((uint8_t *)f)[rand() % (64 + 3 * 56)] = (uint8_t)rand();
        }
        if (!parse(f, sizeof(*f), &image)) {
            for (unsigned s = 0; s < image.count; s++) {
                const struct image_segment *g = &image.segments[s];
                assert_true(g->vpa + g->size <= image.size && image.size <= ABI_IMAGE_MAX);
                assert_true(g->offset + g->filled <= sizeof(*f) && g->filled <= g->size);
            }
        }
        free(f);
    }
    free(good);
}

static void areas_follow_each_other(void **state)
{
    (void)state;
    for (unsigned vcpus = 1; vcpus <= ABI_MAX_VCPUS; vcpus++) {
        struct abi_boot boot = {0};
        struct vm_image image = {.size = 0x123000};
        struct vm_sizes sizes = {vcpus, MIB(64), vcpus * 12345, MIB(32), GIB(1)};
        uint64_t space = vm_layout(&boot, &image, &sizes);
        const struct abi_area *order[] = {&boot.image, &boot.shared, &boot.stacks, &boot.tables,
                                          &boot.heap,  &boot.store,  &boot.code,   &boot.ram};
        for (unsigned i = 1; i < ARRAY_SIZE(order); i++) {
            assert_true(order[i - 1]->vpa + order[i - 1]->size <= order[i]->vpa);
            assert_true(IS_ALIGNED(order[i]->vpa, PAGE_SIZE));
        }
        assert_true(boot.heap.size >= MIB(64));
        assert_true(IS_ALIGNED(boot.code.vpa | boot.ram.vpa | space, MIB(2)));
        assert_int_equal(boot.ram.vpa + boot.ram.size, space);
        assert_true(boot.console_in + ABI_CONSOLE_IN_SIZE == boot.shared.vpa + boot.shared.size);
        assert_int_equal(boot.shared.vpa / MIB(2), (boot.stacks.vpa - 1) / MIB(2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_image_is_read),
        cmocka_unit_test(bad_images_are_refused),
        cmocka_unit_test(truncation_and_damage_are_safe),
        cmocka_unit_test(areas_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
