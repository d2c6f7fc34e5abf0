/* SPDX-License-Identifier: BSD-2-Clause */
/* A hostile driver: everything that a split virtqueue and its transport must not be given. After
 * each attack the device is reset and has to serve a good request. For VMs only (tests/monitor,
 * hostile). */
#include "tests/guest/guest.h"
#include "tests/xorshift.h"

#define CONSOLE  0x0a000000ul
#define ENTROPY  0x0a000200ul
#define RAM_SIZE (64ul << 20) /* as the test's exarch.ini says */
#define RAM_END  (0x40000000ul + RAM_SIZE)
#define QSIZE    64u
#define SEGMENT  (32ul << 20)

#define DESC_NEXT     1
#define DESC_WRITE    2
#define DESC_INDIRECT 4
#define FEATURES_OK   8
#define NEEDS_RESET   0x40

#define REG(base, offset) (*(volatile uint32_t *)((base) + (offset)))
enum {
    FEATURES_SEL = 0x24,
    FEATURES = 0x20,
    QUEUE_SEL = 0x30,
    QUEUE_NUM = 0x38,
    QUEUE_READY = 0x44,
    NOTIFY = 0x50,
    STATUS = 0x70,
    DESC = 0x80,
    DRIVER = 0x90,
    DEVICE = 0xa0
};

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

static volatile struct desc desc[256] __attribute__((aligned(4096)));
static volatile uint16_t avail[3 + QSIZE] __attribute__((aligned(4096)));
static volatile struct {
    uint16_t flags, index;
    struct {
        uint32_t head, length;
    } ring[QSIZE];
    uint16_t event;
} used __attribute__((aligned(4096)));
static volatile uint8_t data[4096] __attribute__((aligned(4096)));
static uint64_t seed = 1;

static uint64_t any(void)
{
    return xorshift64(&seed);
}

static void wipe(volatile void *at, uint64_t size)
{
    for (uint64_t n = 0; n < size; n++) {
        ((volatile uint8_t *)at)[n] = 0;
    }
}

static void set_address(uint64_t base, unsigned offset, uint64_t address)
{
    REG(base, offset) = (uint32_t)address;
    REG(base, offset + 4) = (uint32_t)(address >> 32);
}

/* A driver's way to DRIVER_OK with the queue's parts at these addresses. */
static void start_at(uint64_t base, unsigned queue, uint64_t table, uint64_t driver,
                     uint64_t device)
{
    REG(base, STATUS) = 0;
    REG(base, STATUS) = 3;
    REG(base, FEATURES_SEL) = 1;
    REG(base, FEATURES) = 1;
    REG(base, FEATURES_SEL) = 0;
    REG(base, FEATURES) = 1u << 28;
    REG(base, STATUS) = 11;
    REG(base, QUEUE_SEL) = queue;
    REG(base, QUEUE_NUM) = QSIZE;
    set_address(base, DESC, table);
    set_address(base, DRIVER, driver);
    set_address(base, DEVICE, device);
    REG(base, QUEUE_READY) = 1;
    REG(base, STATUS) = 15;
}

static void start(uint64_t base, unsigned queue)
{
    wipe(desc, sizeof(desc));
    wipe(avail, sizeof(avail));
    wipe(&used, sizeof(used));
    start_at(base, queue, (uint64_t)desc, (uint64_t)avail, (uint64_t)&used);
}

static void put(unsigned n, uint64_t address, uint64_t length, uint16_t flags, unsigned next)
{
    desc[n].address = address;
    desc[n].length = (uint32_t)length;
    desc[n].flags = flags;
    desc[n].next = (uint16_t)next;
}

static void offer(unsigned head)
{
    avail[2 + avail[1] % QSIZE] = (uint16_t)head;
    dsb();
    avail[1]++;
    dsb();
}

static void ring(uint64_t base)
{
    REG(base, NOTIFY) = 0;
    dsb();
}

/* The device serves a good request. */
static bool serves(void)
{
    wipe(data, 64);
    start(ENTROPY, 0);
    put(0, (uint64_t)data, 64, DESC_WRITE, 0);
    offer(0);
    ring(ENTROPY);
    unsigned different = 0;
    for (unsigned n = 1; n < 64; n++) {
        different += data[n] != data[0];
    }
    return used.index == 1 && used.ring[0].length == 64 && different > 16;
}

/* What was set up is offered; the queue has to be given up, and works after a reset. */
static void breaks(const char *name)
{
    dsb();
    ring(ENTROPY);
    check((REG(ENTROPY, STATUS) & NEEDS_RESET) != 0 && serves(), name);
}

/* One buffer that no byte can be written to is given back empty. */
static void comes_back_empty(const char *name, uint64_t address, uint64_t length, uint32_t written)
{
    start(ENTROPY, 0);
    put(0, address, length, DESC_WRITE, 0);
    offer(0);
    ring(ENTROPY);
    check(used.index == 1 && used.ring[0].length == written && serves(), name);
}

/* A buffer is offered to a queue that must not be served. */
static void not_served(const char *name)
{
    put(0, (uint64_t)data, 64, DESC_WRITE, 0);
    offer(0);
    ring(ENTROPY);
    check(used.index == 0 && serves(), name);
}

/* What a driver may get wrong on its way to DRIVER_OK (2.2.2, 3.1.1, 4.2.2.2). */
static void negotiation(void)
{
    start(ENTROPY, 0);
    REG(ENTROPY, FEATURES_SEL) = 0;
    REG(ENTROPY, FEATURES) = 0; /* after FEATURES_OK: too late */
    check((REG(ENTROPY, STATUS) & FEATURES_OK) != 0 && serves(), "features agreed on are kept");
    start(ENTROPY, 0);
    REG(ENTROPY, STATUS) = 0;
    REG(ENTROPY, STATUS) = 3;
    REG(ENTROPY, FEATURES_SEL) = 1;
    REG(ENTROPY, FEATURES) = 3;
    REG(ENTROPY, STATUS) = 11;
    check((REG(ENTROPY, STATUS) & FEATURES_OK) == 0, "features that are not offered are refused");
    REG(ENTROPY, STATUS) = 7;
    not_served("a driver without FEATURES_OK");
    start(ENTROPY, 0);
    REG(ENTROPY, QUEUE_READY) = 0;
    not_served("a queue that was taken back");
    start(ENTROPY, 0);
    REG(ENTROPY, STATUS) = 0;
    not_served("a device after its reset");
}

static void chains(void)
{
    start(ENTROPY, 0);
    offer(QSIZE);
    breaks("a head beyond the table");
    start(ENTROPY, 0);
    put(0, (uint64_t)data, 8, DESC_WRITE | DESC_NEXT, 200);
    offer(0);
    breaks("a next beyond the table");
    start(ENTROPY, 0);
    put(0, (uint64_t)data, 8, DESC_WRITE | DESC_NEXT, 1);
    put(1, (uint64_t)data, 8, DESC_WRITE | DESC_NEXT, 0);
    offer(0);
    breaks("a loop");
    start(ENTROPY, 0);
    put(0, (uint64_t)data, 8, DESC_WRITE | DESC_NEXT, 1);
    put(1, (uint64_t)data, 8, 0, 0);
    offer(0);
    breaks("a buffer to read behind one to write");
    start(ENTROPY, 0);
    avail[1] = QSIZE + 1;
    breaks("more offered than the ring holds");
    start(ENTROPY, 0);
    for (unsigned n = 0; n < 3; n++) {
        put(n, (uint64_t)data, 0x60000000, DESC_WRITE | (n < 2 ? DESC_NEXT : 0), n + 1);
    }
    offer(0);
    breaks("a chain of more than 4 GiB");
}

static void tables(void)
{
    static const struct {
        const char *name;
        uint64_t length;
        uint16_t flags;
    } rows[] = {{"an indirect table with a next", 16, DESC_INDIRECT | DESC_NEXT},
                {"an indirect table of no bytes", 0, DESC_INDIRECT},
                {"an indirect table of half a descriptor", 24, DESC_INDIRECT},
                {"an indirect table in an indirect table", 16, DESC_INDIRECT},
                {"a huge indirect table", 0xfffffff0, DESC_INDIRECT}};
    for (unsigned n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
        start(ENTROPY, 0);
        put(0, (uint64_t)&desc[128], rows[n].length, rows[n].flags, 1);
        put(128, (uint64_t)&desc[128], 16, DESC_INDIRECT, 0);
        offer(0);
        breaks(rows[n].name);
    }
}

static void addresses(void)
{
    static const uint64_t outside[] = {0,          0x09000000,         RAM_END,    RAM_END - 1,
                                       ~0ul << 12, 0x0000fffffffff000, 0x3ffff000, 1ul << 63};
    comes_back_empty("a buffer below RAM", 0, 64, 0);
    comes_back_empty("a buffer behind RAM", RAM_END, 64, 0);
    comes_back_empty("a buffer over the end of RAM", RAM_END - 16, 64, 16);
    comes_back_empty("a buffer over the end of all addresses", ~0ul - 15, 64, 0);
    comes_back_empty("a buffer of device registers", 0x09000000, 64, 0);
    for (unsigned n = 0; n < sizeof(outside) / sizeof(*outside); n++) {
        uint64_t address = outside[n] & ~15ul;
        start(ENTROPY, 0);
        offer(0);
        start_at(ENTROPY, 0, address, (uint64_t)avail, (uint64_t)&used);
        ring(ENTROPY);
        start_at(ENTROPY, 0, (uint64_t)desc, address, (uint64_t)&used);
        ring(ENTROPY);
        start_at(ENTROPY, 0, (uint64_t)desc, (uint64_t)avail, address);
        ring(ENTROPY);
    }
    check(serves(), "rings outside RAM");
}

/* All registers of both devices, and beyond, get any value; then the queues' memory does. */
static void noise(void)
{
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t r = any();
        REG(r & 1 ? CONSOLE : ENTROPY, (r >> 8) & 0x1fc) =
            (uint32_t)(r >> 32 & (r & 2 ? ~0u : 0xfu));
    }
    check(serves(), "random registers");
    for (unsigned n = 0; n < 300; n++) {
        start(ENTROPY, 0);
        for (unsigned i = 0; i < QSIZE; i++) {
            uint64_t r = any();
            put(i, (uint64_t)data + (r & 0xfff) * ((r >> 12 & 3) != 0), any() & 0xffff, r >> 16 & 7,
                (unsigned)(r >> 32) & 0x7f);
            avail[2 + i] = (uint16_t)(r >> 40 & 0x7f);
        }
        avail[1] = (uint16_t)(1 + any() % QSIZE);
        ring(ENTROPY);
    }
    check(serves(), "random queues");
}

/* Gigabytes of output in one chain: the call comes back soon, the rest is served in turns. Its
 * rings are its own, as it goes on while the other device is tested. */
static void flood(void)
{
    static volatile struct desc table[QSIZE] __attribute__((aligned(4096)));
    static volatile uint16_t offered[3 + QSIZE] __attribute__((aligned(4096)));
    static volatile uint32_t returned[2 + 2 * QSIZE] __attribute__((aligned(4096)));

    REG(CONSOLE, STATUS) = 0;
    wipe(returned, sizeof(returned));
    for (unsigned n = 0; n < QSIZE; n++) {
        table[n].address = 0x40000000;
        table[n].length = SEGMENT;
        table[n].flags = n < QSIZE - 1 ? DESC_NEXT : 0;
        table[n].next = (uint16_t)(n + 1);
    }
    offered[1] = 1;
    start_at(CONSOLE, 1, (uint64_t)table, (uint64_t)offered, (uint64_t)returned);
    uint64_t before = mrs(cntvct_el0);
    ring(CONSOLE);
    check(mrs(cntvct_el0) - before < mrs(cntfrq_el0) * 2,
          "2 GiB of output: the notification returns");
}

int main(void)
{
    check(serves(), "a good request");
    negotiation();
    chains();
    tables();
    addresses();
    noise();
    flood();
    check(serves(), "another device during the flood");
    flood();
    return 0; /* off, the second flood under way */
}
