/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine of the test's making behind drivers/machine.h. */
#include "tests/unit/fake_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS 64

struct range {
    uint64_t address;
    size_t size;
    uint8_t *bytes; /* memory: its contents; device: a window that is only compared with */
    fake_read_fn *read;
    fake_write_fn *write;
    void *context;
};

struct msr {
    uint32_t number;
    uint64_t value;
};

struct leaf {
    uint32_t leaf;
    uint32_t subleaf;
    struct machine_cpuid value;
};

static struct {
    struct range memory[SLOTS];
    struct range ports[SLOTS];
    struct msr msrs[1024];
    struct leaf leaves[SLOTS];
    void *allocations[SLOTS];
    unsigned memory_count, port_count, msr_count, leaf_count, allocation_count;
    int windows;
    char log[65536];
    size_t log_used;
} fake;

uint64_t fake_tsc;
uint64_t fake_tsc_step;
bool fake_out_of_memory;

void fake_reset(void)
{
    assert_int_equal(fake.windows, 0);
    for (unsigned n = 0; n < fake.memory_count; n++) {
        free(fake.memory[n].bytes);
    }
    for (unsigned n = 0; n < fake.allocation_count; n++) {
        free(fake.allocations[n]);
    }
    memset(&fake, 0, sizeof(fake));
    fake_tsc = 0;
    fake_tsc_step = 1;
    fake_out_of_memory = false;
}

static struct range *add_memory(uint64_t address, size_t size)
{
    assert_true(fake.memory_count < SLOTS);
    struct range *range = &fake.memory[fake.memory_count++];
    *range = (struct range){.address = address, .size = size, .bytes = malloc(size)};
    assert_non_null(range->bytes);
    return range;
}

void fake_memory(uint64_t address, const void *bytes, size_t size)
{
    memcpy(add_memory(address, size)->bytes, bytes, size);
}

void fake_device(uint64_t address, size_t size, fake_read_fn *read, fake_write_fn *write,
                 void *context)
{
    struct range *range = add_memory(address, size);
    memset(range->bytes, 0xee, size);
    range->read = read;
    range->write = write;
    range->context = context;
}

void fake_ports(uint16_t port, size_t size, fake_read_fn *read, fake_write_fn *write, void *context)
{
    assert_true(fake.port_count < SLOTS);
    fake.ports[fake.port_count++] = (struct range){
        .address = port, .size = size, .read = read, .write = write, .context = context};
}

void fake_cpuid(uint32_t leaf, uint32_t subleaf, struct machine_cpuid value)
{
    assert_true(fake.leaf_count < SLOTS);
    fake.leaves[fake.leaf_count++] = (struct leaf){leaf, subleaf, value};
}

/* --- memory -------------------------------------------------------------------------------------
 */

/* The device whose window holds the pointer. */
static struct range *device_of(const volatile void *reg)
{
    uintptr_t at = (uintptr_t)reg;
    for (unsigned n = 0; n < fake.memory_count; n++) {
        struct range *range = &fake.memory[n];
        uintptr_t base = (uintptr_t)range->bytes;
        if (range->read != NULL && at >= base && at < base + range->size) {
            return range;
        }
    }
    return NULL;
}

static uint8_t memory_byte(uint64_t address)
{
    for (unsigned n = fake.memory_count; n-- > 0;) {
        const struct range *range = &fake.memory[n];
        if (range->read == NULL && address >= range->address &&
            address - range->address < range->size) {
            return range->bytes[address - range->address];
        }
    }
    return 0xff;
}

void *machine_map(hpa_t address, size_t size, enum machine_cache cache)
{
    (void)cache;
    if (fake_out_of_memory) {
        return NULL;
    }
    fake.windows++;
    for (unsigned n = 0; n < fake.memory_count; n++) {
        struct range *range = &fake.memory[n];
        if (range->read != NULL && address.v >= range->address &&
            address.v - range->address < range->size) {
            assert_true(size <= range->size - (address.v - range->address));
            fake.windows--; /* registers stay mapped for good */
            return range->bytes + (address.v - range->address);
        }
    }
    uint8_t *window = malloc(size);
    assert_non_null(window);
    for (size_t n = 0; n < size; n++) {
        window[n] = memory_byte(address.v + n);
    }
    return window;
}

void machine_unmap(const volatile void *window, size_t size)
{
    (void)size;
    if (device_of(window) == NULL) {
        fake.windows--;
        free((void *)(uintptr_t)window);
    }
}

void *machine_alloc(size_t size)
{
    if (fake_out_of_memory) {
        return NULL;
    }
    assert_true(fake.allocation_count < SLOTS);
    void *memory = calloc(1, size);
    assert_non_null(memory);
    fake.allocations[fake.allocation_count++] = memory;
    return memory;
}

/* --- registers and ports ------------------------------------------------------------------------
 */

static uint64_t reg_read(const volatile void *reg, unsigned width)
{
    struct range *range = device_of(reg);
    uint64_t value = 0;
    if (range != NULL) {
        return range->read(range->context, (uintptr_t)reg - (uintptr_t)range->bytes, width);
    }
    memcpy(&value, (const void *)(uintptr_t)reg, width);
    return value;
}

static void reg_write(volatile void *reg, unsigned width, uint64_t value)
{
    struct range *range = device_of(reg);
    if (range != NULL) {
        range->write(range->context, (uintptr_t)reg - (uintptr_t)range->bytes, width, value);
    } else {
        memcpy((void *)(uintptr_t)reg, &value, width);
    }
}

static struct range *ports_of(uint16_t port)
{
    for (unsigned n = fake.port_count; n-- > 0;) {
        struct range *range = &fake.ports[n];
        if (port >= range->address && port - range->address < range->size) {
            return range;
        }
    }
    return NULL;
}

static uint64_t io_read(uint16_t port, unsigned width)
{
    struct range *range = ports_of(port);
    return range != NULL ? range->read(range->context, port - range->address, width) : UINT64_MAX;
}

static void io_write(uint16_t port, unsigned width, uint64_t value)
{
    struct range *range = ports_of(port);
    if (range != NULL) {
        range->write(range->context, port - range->address, width, value);
    }
}

#define ACCESSORS(bits)                                                                            \
    uint##bits##_t reg_read##bits(const volatile void *reg)                                        \
    {                                                                                              \
        return (uint##bits##_t)reg_read(reg, (bits) / 8);                                          \
    }                                                                                              \
    void reg_write##bits(volatile void *reg, uint##bits##_t value)                                 \
    {                                                                                              \
        reg_write(reg, (bits) / 8, value);                                                         \
    }
#define PORT_ACCESSORS(bits)                                                                       \
    uint##bits##_t io_read##bits(uint16_t port)                                                    \
    {                                                                                              \
        return (uint##bits##_t)io_read(port, (bits) / 8);                                          \
    }                                                                                              \
    void io_write##bits(uint16_t port, uint##bits##_t value)                                       \
    {                                                                                              \
        io_write(port, (bits) / 8, value);                                                         \
    }
ACCESSORS(8)
ACCESSORS(16)
ACCESSORS(32)
ACCESSORS(64)
PORT_ACCESSORS(8)
PORT_ACCESSORS(16)
PORT_ACCESSORS(32)

/* --- the CPU ------------------------------------------------------------------------------------
 */

struct machine_cpuid machine_cpuid(uint32_t leaf, uint32_t subleaf)
{
    for (unsigned n = fake.leaf_count; n-- > 0;) {
        if (fake.leaves[n].leaf == leaf && fake.leaves[n].subleaf == subleaf) {
            return fake.leaves[n].value;
        }
    }
    return (struct machine_cpuid){0};
}

static struct msr *msr_slot(uint32_t number)
{
    for (unsigned n = 0; n < fake.msr_count; n++) {
        if (fake.msrs[n].number == number) {
            return &fake.msrs[n];
        }
    }
    assert_true(fake.msr_count < sizeof(fake.msrs) / sizeof(fake.msrs[0]));
    fake.msrs[fake.msr_count] = (struct msr){.number = number};
    return &fake.msrs[fake.msr_count++];
}

void fake_msr(uint32_t msr, uint64_t value)
{
    msr_slot(msr)->value = value;
}

uint64_t fake_msr_value(uint32_t msr)
{
    return msr_slot(msr)->value;
}

uint64_t machine_msr_read(uint32_t msr)
{
    return msr_slot(msr)->value;
}

void machine_msr_write(uint32_t msr, uint64_t value)
{
    msr_slot(msr)->value = value;
}

uint64_t machine_tsc(void)
{
    return fake_tsc += fake_tsc_step;
}

void machine_pause(void)
{
}

/* --- root's services ----------------------------------------------------------------------------
 */

uint64_t machine_lock(struct machine_lock *lock)
{
    assert_int_equal(lock->word, 0);
    lock->word = 1;
    return 0x200;
}

void machine_unlock(struct machine_lock *lock, uint64_t state)
{
    assert_int_equal(lock->word, 1);
    assert_int_equal(state, 0x200);
    lock->word = 0;
}

void machine_log(const char *area, enum machine_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char line[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    int length = snprintf(fake.log + fake.log_used, sizeof(fake.log) - fake.log_used, "%s %s: %s\n",
                          area, names[level], line);
    if (length > 0 && (size_t)length < sizeof(fake.log) - fake.log_used) {
        fake.log_used += (size_t)length;
    }
}

bool fake_logged(const char *text)
{
    return strstr(fake.log, text) != NULL;
}

const char *fake_log(void)
{
    return fake.log;
}
