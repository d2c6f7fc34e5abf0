/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/virt/vmx_controls.c: capability words as real and odd CPUs have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/log.h"
#include "kernel/virt/vmx_controls.h"
#include "kernel/virt/vmx_fields.h"

static unsigned complaints;

void log_write(enum log_area area, enum log_level level, const char *format, ...)
{
    (void)area;
    (void)format;
    complaints += level == LOG_ERROR;
}

#define CAPABILITY(allowed, forced) ((uint64_t)(allowed) << 32 | (forced))

static void forced_bits_stay_and_wishes_come(void **state)
{
    (void)state;
    uint32_t value = 0;
    /* A Skylake's true pin controls: bits 1, 2, 4 forced; 0, 3, 5, 6, 7 allowed. */
    assert_int_equal(vmx_combine(GROUP_PIN, CAPABILITY(0xff, 0x16), &value), 0);
    assert_int_equal(value, 0x16 | PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_PREEMPTION_TIMER);
}

static void a_missing_wish_is_no_error(void **state)
{
    (void)state;
    uint32_t value = 0;
    uint32_t allowed = 0xff & ~PIN_PREEMPTION_TIMER;
    complaints = 0;
    assert_int_equal(vmx_combine(GROUP_PIN, CAPABILITY(allowed, 0x16), &value), 0);
    assert_int_equal(value & PIN_PREEMPTION_TIMER, 0);
    assert_int_equal(complaints, 0);
}

static void a_missing_must_is_said(void **state)
{
    (void)state;
    uint32_t value = 0;
    complaints = 0;
    assert_int_equal(vmx_combine(GROUP_CPU2, CAPABILITY(UINT32_MAX & ~CPU2_EPT, 0), &value),
                     -ERR_NODEV);
    assert_int_equal(complaints, 1);
}

static void what_must_stay_off_is_checked(void **state)
{
    (void)state;
    uint32_t value = 0;
    complaints = 0;
    /* Without the TRUE MSRs, CR3 exits cannot be turned off. */
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(UINT32_MAX, 0x0401e172), &value),
                     -ERR_NODEV);
    assert_int_equal(complaints, 2);
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(UINT32_MAX, 0x04006172), &value), 0);
    assert_int_equal(value & (CPU_CR3_LOAD | CPU_CR3_STORE), 0);
}

static void what_may_be_needed_later_is_off_now(void **state)
{
    (void)state;
    uint32_t value = 0;
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(UINT32_MAX, 0x04006172), &value), 0);
    assert_int_equal(value & CPU_INTERRUPT_WINDOW, 0);
    uint32_t allowed = UINT32_MAX & ~CPU_INTERRUPT_WINDOW;
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(allowed, 0x04006172), &value), -ERR_NODEV);
}

/* A VM that could write CR8 would set the task priority of the core, and keep root's interrupts
 * away. */
static void cr8_is_not_the_vms(void **state)
{
    (void)state;
    uint32_t value = 0;
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(UINT32_MAX, 0x04006172), &value), 0);
    assert_int_equal(value & (CPU_CR8_LOAD | CPU_CR8_STORE), CPU_CR8_LOAD | CPU_CR8_STORE);
    uint32_t allowed = UINT32_MAX & ~CPU_CR8_LOAD;
    assert_int_equal(vmx_combine(GROUP_CPU, CAPABILITY(allowed, 0x04006172), &value), -ERR_NODEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forced_bits_stay_and_wishes_come),
        cmocka_unit_test(a_missing_wish_is_no_error),
        cmocka_unit_test(a_missing_must_is_said),
        cmocka_unit_test(what_must_stay_off_is_checked),
        cmocka_unit_test(what_may_be_needed_later_is_off_now),
        cmocka_unit_test(cr8_is_not_the_vms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
