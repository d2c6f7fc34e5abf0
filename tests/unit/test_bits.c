/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of include/exarch/bits.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exarch/bits.h"

static void masks_cover_both_ends(void **state)
{
    (void)state;
    assert_int_equal(MASK(63, 0), UINT64_MAX);
    assert_int_equal(MASK(7, 4), 0xf0);
    assert_int_equal(GET_FIELD(0xabcd, MASK(11, 8)), 0xb);
    assert_int_equal(SET_FIELD(UINT64_C(0xffff), MASK(7, 4), 3), 0xff3f);
}

static void sign_extension(void **state)
{
    (void)state;
    assert_int_equal(sign_extend(0x80, 8), -128);
    assert_int_equal(sign_extend(0x7f, 8), 127);
    assert_int_equal(sign_extend(UINT64_MAX, 64), -1);
}

static void alignment(void **state)
{
    (void)state;
    assert_int_equal(ALIGN_UP(UINT64_C(0x1001), PAGE_SIZE), 0x2000);
    assert_int_equal(ALIGN_DOWN(UINT64_C(0x1fff), PAGE_SIZE), 0x1000);
    assert_true(IS_ALIGNED(UINT64_C(0x2000), PAGE_SIZE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_cover_both_ends),
        cmocka_unit_test(sign_extension),
        cmocka_unit_test(alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
