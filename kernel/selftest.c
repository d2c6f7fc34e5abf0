/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's protections and its ways to end, each provoked once: tests/boot looks at what comes. */
#include "kernel/selftest.h"

#include <stdbool.h>
#include <stdint.h>

#include "kernel/image.h"
#include "kernel/irq.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/shutdown.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/x86/cpu.h"

#define OPTION    "selftest="
#define CALLS     1000u
#define MEM_TURNS 2000u

static void test_panic(void)
{
    panic("asked for by the command line");
}

static void test_write_text(void)
{
    *(volatile char *)(uintptr_t)image_text = 0;
}

static void test_write_text_alias(void)
{
    *(volatile char *)hpa_to_ptr(ptr_to_hpa(image_text)) = 0;
}

static void test_run_data(void)
{
    static unsigned char ret = 0xc3;

    ((void (*)(void))(uintptr_t)&ret)();
    __asm__ volatile(""); /* no tail call: this function is to be seen in the back trace */
}

/* Down the stack until the guard page stops it; #DF reports, on its own stack. */
static void test_stack(void)
{
    volatile char *at = __builtin_frame_address(0);

    for (;;) {
        *at = 0;
        at -= PAGE_SIZE / 2;
    }
}

static void test_null(void)
{
    __asm__ volatile("movb (%0), %%al" ::"r"(0L) : "rax", "memory");
}

static void count_up(void *counter)
{
    (*(unsigned *)counter)++;
}

static void test_calls(void)
{
    unsigned counter = 0;
    uint64_t start = time_ns();

    for (unsigned i = 0; i < CALLS; i++) {
        smp_call_all(count_up, &counter);
    }
    log_info(LOG_CPU, "selftest: %u calls on %u CPUs, %u done, %lu us", CALLS, smp_cpu_count(),
             counter, (time_ns() - start) / 1000);
    assert(counter == CALLS * smp_cpu_count());
    irq_report();
}

struct memory_test {
    void *objects[64];
    size_t sizes[64];
    uint64_t random;
    bool done;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Random sizes, each filled with this CPU's mark, which must still be there when it is given back.
 */
static void use_memory(void *argument)
{
    struct memory_test *t = argument;
    uint8_t mark = (uint8_t)(0xa0 + cpu_index());

    for (unsigned turn = 0; turn < MEM_TURNS + ARRAY_SIZE(t->objects); turn++) {
        unsigned i =
            turn < MEM_TURNS ? next_random(&t->random) % ARRAY_SIZE(t->objects) : turn - MEM_TURNS;
        uint8_t *object = t->objects[i];
        for (size_t b = 0; object && b < t->sizes[i]; b += 97) {
            assert(object[b] == mark);
        }
        kfree(object, t->sizes[i]);
        t->objects[i] = NULL;
        if (turn < MEM_TURNS) {
            t->sizes[i] = (t->random >> 8) % 9000 + 1;
            t->objects[i] = kalloc(t->sizes[i]);
            assert(t->objects[i]);
            memset(t->objects[i], mark, t->sizes[i]);
        }
    }
    __atomic_store_n(&t->done, true, __ATOMIC_RELEASE);
}

/* All CPUs at once; in the end all that was taken has come back. */
static void test_memory(void)
{
    static struct memory_test tests[CPU_MAX];
    struct mem_stats before, after;

    assert(!mmio_map(hpa(BIT64(51)), PAGE_SIZE, MMIO_CACHED)); /* no emulator has 52 bits */
    mem_stats(&before);
    for (unsigned i = smp_cpu_count(); i-- > 0;) {
        tests[i].random = UINT64_C(88172645463325252) + i;
        if (i) {
            smp_set_work(i, use_memory, &tests[i]);
        } else {
            use_memory(&tests[i]);
        }
    }
    for (unsigned i = 0; i < smp_cpu_count(); i++) {
        while (!__atomic_load_n(&tests[i].done, __ATOMIC_ACQUIRE)) {
            cpu_pause();
        }
    }
    mem_stats(&after);
    log_info(LOG_MEM, "selftest: %u CPUs, free pages %lu before, %lu after, objects %lu bytes, %lu",
             smp_cpu_count(), before.free_pages, after.free_pages, before.object_bytes,
             after.object_bytes);
    assert(before.free_pages == after.free_pages && before.object_bytes == after.object_bytes);
}

/* The timer comes when it should: HLT ends by it alone. */
static void test_timer(void)
{
    uint64_t start = time_ns();

    for (unsigned i = 0; i < 10; i++) {
        uint64_t end = tsc_read() + time_tsc_from_us(2000);
        while (tsc_read() < end) {
            cpu_interrupts_off();
            time_set_deadline(end);
            cpu_interrupts_on_halt();
        }
    }
    log_info(LOG_TIME, "selftest: ten times 2 ms took %lu us", (time_ns() - start) / 1000);
}

static void test_poweroff(void)
{
    shutdown_poweroff();
}

static void test_reboot(void)
{
    shutdown_reboot();
}

// clang-format off
static const struct {
    const char *name;
    void (*function)(void);
} tests[] = {
    { "panic",       test_panic },
    { "write-text",  test_write_text },
    { "write-alias", test_write_text_alias },
    { "run-data",    test_run_data },
    { "stack",       test_stack },
    { "null",        test_null },
    { "calls",       test_calls },
    { "memory",      test_memory },
    { "timer",       test_timer },
    { "poweroff",    test_poweroff },
    { "reboot",      test_reboot },
};
// clang-format on

static bool is_name(const char *word, const char *name)
{
    size_t length = strlen(name);

    return !strncmp(word, name, length) && (!word[length] || word[length] == ' ');
}

void selftest(const char *cmdline)
{
    const char *option = strstr(cmdline, OPTION);

    if (!option) {
        return;
    }
    const char *word = option + sizeof(OPTION) - 1;
    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        if (is_name(word, tests[i].name)) {
            tests[i].function();
            return;
        }
    }
    log_warn(LOG_BOOT, "%s: no such self test", option);
}
