/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of guestdev/back: a driver of the test's making, sane and hostile, and ChaCha20's vectors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "guestdev/back/back.h"
#include "kernel/lib/chacha20.h"

#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE 0x20000u
#define PIECE    0x1000u /* memory is contiguous for so long only */

#define DESC  (RAM_BASE + 0x1000)
#define AVAIL (RAM_BASE + 0x2000)
#define USED  (RAM_BASE + 0x3000)
#define DATA  (RAM_BASE + 0x8000)
#define QSIZE 16u

static uint8_t *ram;
static struct abi_vm *shared;
static struct back_set set;
static char written[70000];
static size_t written_count, console_room, pending_count;
static const char *pending;
static unsigned endless; /* how often a driver on another CPU still offers its buffer again */

/* Each piece at another place, as a VM's memory is: an access over a border would be seen. */
static void *at(void *context, uint64_t address, uint64_t *size)
{
    (void)context;
    if (address < RAM_BASE || address - RAM_BASE >= RAM_SIZE) {
        return NULL;
    }
    uint64_t offset = address - RAM_BASE;
    *size = MIN(*size, PIECE - offset % PIECE);
    return ram + offset;
}

static void *guest(uint64_t address)
{
    return ram + (address - RAM_BASE);
}

static size_t console_write(void *context, const char *data, size_t size)
{
    (void)context;
    size = MIN(size, console_room);
    assert_true(written_count + size <= sizeof(written));
    memcpy(written + written_count, data, size);
    written_count += size;
    console_room -= size;
    return size;
}

static size_t console_read(void *context, char *data, size_t size)
{
    (void)context;
    size = MIN(size, pending_count);
    memcpy(data, pending, size);
    pending += size;
    pending_count -= size;
    return size;
}

static void offer(uint16_t head);
static unsigned used_index(void);

static void fill_random(void *data, size_t size)
{
    uint16_t offered;
    memset(data, 0xa5, size);
    memcpy(&offered, guest(AVAIL + 2), 2);
    if (endless != 0 && offered == (uint16_t)(used_index() + 1)) {
        endless--;
        offer(0);
    }
}

static const struct back_host host = {console_write, console_read, fill_random, NULL};

static int setup(void **state)
{
    (void)state;
    static const struct vq_memory memory = {at, NULL};
    ram = calloc(1, RAM_SIZE);
    shared = calloc(1, sizeof(*shared));
    assert_true(ram != NULL && shared != NULL);
    back_init(&set, shared, &memory, &host);
    assert_int_equal(back_add(&set, &back_console), 0);
    assert_int_equal(back_add(&set, &back_entropy), 0);
    written_count = 0;
    console_room = SIZE_MAX;
    pending_count = 0;
    pending = "";
    endless = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(ram);
    free(shared);
    return 0;
}

/* The driver sets a queue up at DESC and so on, and says DRIVER_OK. */
static void start_driver(unsigned device, unsigned queue)
{
    shared->devices[device].queues[queue] = (struct abi_queue){
        .desc = DESC, .driver = AVAIL, .device = USED, .size = QSIZE, .ready = 1};
    shared->devices[device].status = 15;
}

static void set_desc(uint64_t table, unsigned n, uint64_t address, uint32_t length, uint16_t flags,
                     uint16_t next)
{
    uint8_t *d = guest(table + n * 16);
    memcpy(d, &address, 8);
    memcpy(d + 8, &length, 4);
    memcpy(d + 12, &flags, 2);
    memcpy(d + 14, &next, 2);
}

static void offer(uint16_t head)
{
    uint16_t index;
    memcpy(&index, guest(AVAIL + 2), 2);
    memcpy(guest(AVAIL + 4 + 2 * (index % QSIZE)), &head, 2);
    index++;
    memcpy(guest(AVAIL + 2), &index, 2);
}

static unsigned used_index(void)
{
    uint16_t index;
    memcpy(&index, guest(USED + 2), 2);
    return index;
}

static void expect_used(unsigned n, uint32_t head, uint32_t length)
{
    uint32_t entry[2];
    memcpy(entry, guest(USED + 4 + 8 * (n % QSIZE)), 8);
    assert_int_equal(entry[0], head);
    assert_int_equal(entry[1], length);
}

static void identity(void **state)
{
    (void)state;
    assert_int_equal(shared->devices[0].kind, 3);
    assert_int_equal(shared->devices[1].kind, 4);
    assert_int_equal(shared->devices[0].queue_max[1], 64);
    assert_int_equal(shared->devices[1].queue_max[1], 0);
    assert_true(bit(shared->devices[0].device_features, 32));
    for (unsigned n = 2; n < ABI_DEVICES; n++) {
        assert_int_equal(back_add(&set, &back_entropy), 0);
    }
    assert_int_equal(back_add(&set, &back_entropy), -ERR_RANGE);
}

static void output(void **state)
{
    (void)state;
    start_driver(0, 1);
    memcpy(guest(DATA), "hello ", 6);
    memcpy(guest(DATA + 0xffe), "world", 5); /* over a border of pieces */
    set_desc(DESC, 3, DATA, 6, 1, 7);
    set_desc(DESC, 7, DATA + 0xffe, 5, 0, 0);
    offer(3);
    assert_true(back_ring(&set, 1));
    assert_int_equal(written_count, 11);
    assert_memory_equal(written, "hello world", 11);
    assert_int_equal(used_index(), 1);
    expect_used(0, 3, 0);
    assert_int_equal(shared->devices[0].interrupt, 1);
    assert_int_equal(shared->device_events, 1);
    assert_false(back_ring(&set, 1)); /* nothing new */
    uint16_t no_interrupt = 1;
    memcpy(guest(AVAIL), &no_interrupt, 2);
    offer(3);
    assert_false(back_ring(&set, 1));
    assert_int_equal(used_index(), 2);
}

static void output_waits_for_room(void **state)
{
    (void)state;
    static char text[5000];
    for (size_t n = 0; n < sizeof(text); n++) {
        text[n] = (char)('a' + n % 26);
    }
    start_driver(0, 1);
    memcpy(guest(DATA), text, sizeof(text));
    set_desc(DESC, 0, DATA, sizeof(text), 0, 0);
    offer(0);
    console_room = 1000;
    assert_false(back_ring(&set, 1));
    assert_int_equal(used_index(), 0);
    console_room = 100;
    assert_false(back_host_moved(&set));
    console_room = SIZE_MAX;
    assert_true(back_host_moved(&set));
    assert_int_equal(written_count, sizeof(text));
    assert_memory_equal(written, text, sizeof(text));
    assert_int_equal(used_index(), 1);
}

/* A long chain is served in turns. */
static void output_in_turns(void **state)
{
    (void)state;
    start_driver(0, 1);
    for (unsigned n = 0; n < 3; n++) {
        memset(guest(DATA + n * 0x5000), (int)('x' + n), 0x5000);
        set_desc(DESC, n, DATA + n * 0x5000, 0x5000, n < 2, (uint16_t)(n + 1));
    }
    offer(0);
    assert_false(back_ring(&set, 1));
    assert_int_equal(back_unfinished(&set), 1);
    assert_in_range(written_count, 1, 0xefff);
    size_t first = written_count;
    assert_true(back_ring(&set, 1));
    assert_in_range(first, 0xf000 - first, 0xefff);
    assert_int_equal(back_unfinished(&set), 0);
    assert_int_equal(written_count, 0xf000);
    assert_int_equal(written[0x4fff], 'x');
    assert_int_equal(written[0x5000], 'y');
    assert_int_equal(written[0xefff], 'z');
    assert_int_equal(used_index(), 1);
    shared->devices[0].status = 0; /* a reset in the middle forgets the rest */
    assert_false(back_ring(&set, 1));
    start_driver(0, 1);
    memset(guest(AVAIL), 0, 4);
    offer(0);
    written_count = 0;
    assert_false(back_ring(&set, 1));
    shared->devices[0].status = 0;
    assert_false(back_ring(&set, 1));
    assert_int_equal(back_unfinished(&set), 0);
}

static void input(void **state)
{
    (void)state;
    start_driver(0, 0);
    set_desc(DESC, 0, DATA, 4, 2, 0);
    set_desc(DESC, 1, DATA + 16, 64, 2, 0);
    offer(0);
    assert_false(back_ring(&set, 1)); /* the buffer waits */
    pending = "key presses";
    pending_count = 11;
    assert_true(back_host_moved(&set));
    assert_int_equal(used_index(), 1);
    expect_used(0, 0, 4);
    assert_memory_equal(guest(DATA), "key ", 4);
    offer(1);
    assert_true(back_ring(&set, 1));
    expect_used(1, 1, 7);
    assert_memory_equal(guest(DATA + 16), "presses", 7);
}

static void entropy_and_indirect_tables(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 2, DATA, 32, 4, 0);           /* a table of two */
    set_desc(DATA, 0, DATA + 0x1ff0, 100, 3, 1); /* next, written */
    set_desc(DATA, 1, DATA + 0x3000, 5, 2, 0);
    offer(2);
    assert_true(back_ring(&set, 2));
    expect_used(0, 2, 105);
    for (unsigned n = 0; n < 100; n++) {
        assert_int_equal(*(uint8_t *)guest(DATA + 0x1ff0 + n), 0xa5);
    }
    assert_int_equal(*(uint8_t *)guest(DATA + 0x1ff0 + 100), 0);
    assert_int_equal(*(uint8_t *)guest(DATA + 0x3004), 0xa5);
    assert_int_equal(*(uint8_t *)guest(DATA + 0x3005), 0);
    assert_int_equal(shared->device_events, 2);
}

static void reset_and_again(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        start_driver(1, 0);
        set_desc(DESC, 0, DATA, 8, 2, 0);
        offer(0);
        assert_true(back_ring(&set, 2));
        assert_int_equal(used_index(), 1);
        shared->devices[1].status = 0;
        shared->devices[1].queues[0] = (struct abi_queue){0};
        assert_false(back_ring(&set, 2));
        memset(ram, 0, RAM_SIZE);
    }
}

/* QueueReady 0 ends a queue while the device goes on (4.2.2.2); 1 takes it over anew. */
static void queue_off_and_on(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 0, DATA, 8, 2, 0);
    offer(0);
    assert_true(back_ring(&set, 2));
    shared->devices[1].queues[0].ready = 0;
    offer(0);
    assert_false(back_ring(&set, 2));
    assert_int_equal(used_index(), 1);
    memset(guest(AVAIL), 0, 64);
    memset(guest(USED), 0, 64);
    shared->devices[1].queues[0].ready = 1;
    offer(0);
    assert_true(back_ring(&set, 2));
    assert_int_equal(used_index(), 1);
}

/* A driver whose features were refused gets nothing. */
static void no_features(void **state)
{
    (void)state;
    start_driver(1, 0);
    shared->devices[1].status = 7;
    set_desc(DESC, 0, DATA, 8, 2, 0);
    offer(0);
    assert_false(back_ring(&set, 2));
    assert_int_equal(used_index(), 0);
}

/* A driver that offers as fast as it is served does not hold the host. */
static void endless_driver(void **state)
{
    (void)state;
    for (uint32_t length = 1; length <= 4096; length *= 4096) {
        start_driver(1, 0);
        set_desc(DESC, 0, DATA, length, 2, 0);
        endless = 100000;
        offer(0);
        assert_true(back_ring(&set, 2));
        assert_int_equal(back_unfinished(&set), 2);
        assert_in_range(endless, 99000, 100000);
        endless = 0;
        while (back_unfinished(&set) != 0) {
            assert_true(back_ring(&set, 2) || back_unfinished(&set) == 0);
        }
        shared->devices[1].status = 0;
        assert_false(back_ring(&set, 2));
        memset(ram, 0, RAM_SIZE);
    }
}

static void needs_reset(void)
{
    assert_true(back_ring(&set, 2));
    assert_int_equal(shared->devices[1].status, 15 | 64);
    assert_int_equal(shared->devices[1].interrupt, 2);
    assert_int_equal(used_index(), 0);
    assert_false(back_ring(&set, 2)); /* said once */
}

static void hostile_loop(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 0, DATA, 8, 3, 1);
    set_desc(DESC, 1, DATA, 8, 3, 0);
    offer(0);
    needs_reset();
}

static void hostile_index(void **state)
{
    (void)state;
    start_driver(1, 0);
    offer(QSIZE);
    needs_reset();
}

static void hostile_order(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 0, DATA, 8, 3, 1);
    set_desc(DESC, 1, DATA, 8, 0, 0);
    offer(0);
    needs_reset();
}

static void hostile_ring_index(void **state)
{
    (void)state;
    uint16_t index = QSIZE + 1;
    start_driver(1, 0);
    memcpy(guest(AVAIL + 2), &index, 2);
    needs_reset();
}

static void hostile_tables(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 0, DATA, 32, 4, 0);
    set_desc(DATA, 0, DATA, 32, 4, 0); /* a table in a table */
    offer(0);
    needs_reset();
}

static void hostile_queue_addresses(void **state)
{
    (void)state;
    static const struct abi_queue rows[] = {
        {.desc = DESC, .driver = AVAIL, .device = USED, .size = 3, .ready = 1},
        {.desc = DESC, .driver = AVAIL, .device = USED, .size = 65536, .ready = 1},
        {.desc = DESC + 1, .driver = AVAIL, .device = USED, .size = 16, .ready = 1},
        {.desc = DESC, .driver = AVAIL, .device = USED, .size = 0, .ready = 1},
        {.desc = DESC, .driver = AVAIL, .device = USED, .size = 16, .ready = 0},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        start_driver(1, 0);
        shared->devices[1].queues[0] = rows[n];
        offer(0);
        assert_false(back_ring(&set, 2));
        shared->devices[1].status = 0;
        assert_false(back_ring(&set, 2));
    }
    start_driver(1, 0);
    shared->devices[1].queues[0].driver = UINT64_MAX - 1;
    needs_reset();
}

/* Buffers that are not RAM get nothing, and the device goes on. */
static void buffers_outside(void **state)
{
    (void)state;
    start_driver(1, 0);
    set_desc(DESC, 0, RAM_BASE + RAM_SIZE - 4, 100, 2, 0);
    offer(0);
    assert_true(back_ring(&set, 2));
    expect_used(0, 0, 4);
    set_desc(DESC, 0, UINT64_MAX - 3, 100, 2, 0);
    offer(0);
    assert_true(back_ring(&set, 2));
    expect_used(1, 0, 0);
}

static void random_memory(void **state)
{
    (void)state;
    srand(9);
    for (unsigned round = 0; round < 20000; round++) {
        start_driver(round % 2, round / 2 % 2);
        for (unsigned n = 0; n < 24; n++) {
            ram[0x1000 + (unsigned)rand() % 0x200] = (uint8_t)(rand() % 4 ? rand() % 8 : rand());
            ram[0x2000 + (unsigned)rand() % 0x30] = (uint8_t)(rand() % 20);
            set_desc(DESC, (unsigned)rand() % QSIZE, DATA + (unsigned)rand() % 0x1000,
                     (unsigned)rand() % 600, (uint16_t)(rand() % 8), (uint16_t)(rand() % QSIZE));
        }
        pending = "0123456789";
        pending_count = 10;
        written_count = 0;
        console_room = (size_t)rand() % 4000;
        (void)!back_ring(&set, 3);
        if (rand() % 4 == 0) {
            shared->devices[round % 2].status = 0;
            (void)!back_ring(&set, 3);
        }
    }
}

/* RFC 8439, 2.3.2. */
static void chacha20_vector(void **state)
{
    (void)state;
    static const uint8_t want[CHACHA20_BLOCK] = {
        0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
        0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
        0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
        0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
        0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
    uint8_t key_bytes[32];
    uint32_t key[8];
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
    uint8_t block[CHACHA20_BLOCK];
    for (unsigned n = 0; n < 32; n++) {
        key_bytes[n] = (uint8_t)n;
    }
    memcpy(key, key_bytes, sizeof(key));
    chacha20_block(key, 1, nonce, block);
    assert_memory_equal(block, want, sizeof(want));
}

static void generator(void **state)
{
    (void)state;
    struct chacha20_rng a = {{0}};
    struct chacha20_rng b = {{0}};
    uint8_t one[1000];
    uint8_t two[1000];
    unsigned ones = 0;
    chacha20_rng_mix(&a, "seed", 4);
    chacha20_rng_mix(&b, "seed", 4);
    chacha20_rng_fill(&a, one, sizeof(one));
    chacha20_rng_fill(&b, two, sizeof(two));
    assert_memory_equal(one, two, sizeof(one));
    chacha20_rng_fill(&a, one, sizeof(one));
    assert_memory_not_equal(one, two, sizeof(one));
    chacha20_rng_mix(&b, "x", 1);
    chacha20_rng_fill(&b, two, sizeof(two));
    assert_memory_not_equal(one, two, sizeof(one));
    for (unsigned n = 0; n < sizeof(one); n++) {
        ones += (unsigned)__builtin_popcount(one[n]);
    }
    assert_in_range(ones, 3700, 4300); /* 4000 with a deviation of 45 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(identity, setup, teardown),
        cmocka_unit_test_setup_teardown(output, setup, teardown),
        cmocka_unit_test_setup_teardown(output_waits_for_room, setup, teardown),
        cmocka_unit_test_setup_teardown(output_in_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(input, setup, teardown),
        cmocka_unit_test_setup_teardown(entropy_and_indirect_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_off_and_on, setup, teardown),
        cmocka_unit_test_setup_teardown(no_features, setup, teardown),
        cmocka_unit_test_setup_teardown(endless_driver, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_index, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_order, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_ring_index, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_queue_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(buffers_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(random_memory, setup, teardown),
        cmocka_unit_test(chacha20_vector),
        cmocka_unit_test(generator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
