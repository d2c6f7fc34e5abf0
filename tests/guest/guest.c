/* SPDX-License-Identifier: BSD-2-Clause */
/* Console, exceptions, page tables of the bare-metal test programs. */
#include "tests/guest/guest.h"

#include <stdarg.h>

#define UART_DR  (*(volatile uint32_t *)0x09000000)
#define UART_FR  (*(volatile uint32_t *)0x09000018)
#define FR_TXFF  0x20
#define PSCI_OFF 0x84000008

volatile struct exc exc;
void (*volatile irq_hook)(struct frame *frame);
bool (*volatile sync_hook)(struct frame *frame);
uint64_t *low_root, *high_root;

/* --- console ------------------------------------------------------------------------------------
 */
static void put(char c)
{
    while (UART_FR & FR_TXFF) {
    }
    UART_DR = (uint8_t)c;
}

static void put_text(const char *text)
{
    for (; *text; text++) {
        put(*text);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[24];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count) {
        put(digits[--count]);
    }
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        while (*++format == 'l') {
        }
        switch (*format) {
        case 's': put_text(va_arg(args, const char *)); break;
        case 'x': put_number(va_arg(args, uint64_t), 16); break;
        case 'u':
        case 'd': put_number(va_arg(args, uint64_t), 10); break;
        default: put(*format);
        }
    }
    va_end(args);
}

void check(bool good, const char *name)
{
    say("%s %s\n", good ? "ok" : "FAIL", name);
}

bool is_exarch(void)
{
    return (mrs(midr_el1) >> 4 & 0xfff) == 0x0e7;
}

void check_arch(bool good, const char *name)
{
    say("arch %s %s\n", good ? "ok" : "FAIL", name);
}

void guest_off(void)
{
    say("end\n");
    for (;;) {
        register uint64_t x0 __asm__("x0") = PSCI_OFF;

        __asm__ volatile("hvc #0" : "+r"(x0)::"memory");
    }
}

/* --- exceptions
 * ------------------------------------------------------------------------------------ */
enum { EC_SVC = 0x15, EC_IABT_LOW = 0x20, EC_IABT = 0x21, EC_PC_ALIGN = 0x22, EC_ILLEGAL = 0x0e };

void guest_exception(struct frame *frame);

static void record(const struct frame *frame)
{
    exc.count++;
    exc.esr = frame->esr;
    exc.far = frame->far;
    exc.elr = frame->elr;
    exc.spsr = frame->spsr;
    exc.vector = (unsigned)frame->vector;
}

/* Where a probe goes on: a fetch fault at what was called, others at the next instruction. */
static void skip(struct frame *frame)
{
    uint64_t ec = frame->esr >> 26;

    if (ec == EC_IABT || ec == EC_PC_ALIGN || ec == EC_ILLEGAL) {
        frame->elr = frame->x[30];
        frame->spsr &= ~BIT(20);
    } else {
        frame->elr += 4;
    }
}

/* Never returns for EL0: a recorded exception or SVC ends its run. */
void guest_exception(struct frame *frame)
{
    bool sync = frame->vector % 4 == 0;

    if (!sync) {
        if (!irq_hook) {
            say("unexpected interrupt, vector %lu\n", frame->vector);
            guest_off();
        }
        irq_hook(frame);
        return;
    }
    if (sync_hook && sync_hook(frame)) {
        return;
    }
    if (frame->vector >= 8) {
        uint64_t value = frame->x[0];

        if (frame->esr >> 26 != EC_SVC || (frame->esr & 0xffff) != EL0_SVC) {
            record(frame);
            value = ~0ul;
        }
        guest_el0_return(value);
    }
    if (exc.count++ > 1000) {
        say("exceptions without end: esr %lx elr %lx far %lx\n", frame->esr, frame->elr,
            frame->far);
        guest_off();
    }
    exc.count--;
    record(frame);
    skip(frame);
}

void exc_clear(void)
{
    exc.count = 0;
    exc.esr = exc.far = exc.elr = exc.spsr = 0;
    exc.vector = 0;
}

bool faults(probe_fn f, uint64_t a, uint64_t b, uint64_t *value)
{
    uint64_t result;

    exc_clear();
    exc.pc = (uint64_t)f;
    result = f(a, b);
    if (value) {
        *value = result;
    }
    return exc.count != 0;
}

void report(const char *name, probe_fn f, uint64_t a, uint64_t b)
{
    uint64_t value;

    if (!faults(f, a, b, &value)) {
        say("%s: none\n", name);
        return;
    }
    say("%s: vector %lu ec %lx il %lu iss %lx", name, (uint64_t)exc.vector, exc.esr >> 26,
        exc.esr >> 25 & 1, exc.esr & 0x1ffffff);
    if (exc.esr >> 26 >= 0x20 && exc.esr >> 26 <= 0x25) {
        say(" far %lx", exc.far);
    }
    say(" elr %s spsr %lx\n",
        exc.elr == exc.pc       ? "probe"
        : exc.elr == a          ? "target"
        : exc.elr == exc.pc + 4 ? "probe+4"
                                : "other",
        exc.spsr & ~0xf0000c00ul);
}

/* --- memory
 * ---------------------------------------------------------------------------------------------- */
static uint8_t pool[4096 * 200] __attribute__((aligned(4096)));
static unsigned pool_used;

uint8_t *page_new(void)
{
    uint8_t *page = pool + 4096 * pool_used++;

    if (pool_used > sizeof(pool) / 4096) {
        say("out of pages\n");
        guest_off();
    }
    return page;
}

uint64_t *table_new(void)
{
    return (uint64_t *)(void *)page_new();
}

uint64_t *table_entry(uint64_t *root, uint64_t va, unsigned level)
{
    uint64_t *table = root;

    for (unsigned at = 0;; at++) {
        uint64_t *entry = &table[va >> (39 - 9 * at) & 511];

        if (at == level) {
            return entry;
        }
        if ((*entry & 3) != 3) {
            *entry = (uint64_t)table_new() | PTE_VALID | PTE_TABLE;
        }
        table = (uint64_t *)(*entry & 0xfffffffff000);
    }
}

void tlb_flush(void)
{
    __asm__ volatile("dsb ishst; tlbi vmalle1is; dsb ish; isb" ::: "memory");
}

void mmu_on(void)
{
    low_root = table_new();
    high_root = table_new();
    for (uint64_t pa = 0x08000000; pa < 0x0c000000; pa += 0x200000) {
        *table_entry(low_root, pa, 2) = pa | PTE_BLOCK | PTE_ATTR(ATTR_DEVICE) | PTE_PXN | PTE_UXN;
    }
    for (uint64_t pa = 0x40000000; pa < 0x48000000; pa += 0x200000) {
        *table_entry(low_root, pa, 2) = pa | PTE_BLOCK | PTE_UXN;
    }
    msr(mair_el1, 0x04ffu | 0x44u << 16);
    msr(tcr_el1, TCR_DEFAULT);
    msr(ttbr0_el1, low_root);
    msr(ttbr1_el1, high_root);
    tlb_flush();
    msr(sctlr_el1, mrs(sctlr_el1) | 1 | 1 << 2 | 1 << 12 | 1 << 23);
    isb();
}

#define EL0_BASE 0x8000000000ul

void el0_map(void)
{
    extern char _start[];
    uint64_t pa = (uint64_t)_start & ~0x1ffffful;

    *table_entry(low_root, EL0_BASE, 2) = pa | PTE_BLOCK | PTE_EL0 | PTE_RO | PTE_NG | PTE_PXN;
    *table_entry(low_root, EL0_STACK - 4096, 3) =
        (uint64_t)page_new() | PTE_PAGE | PTE_EL0 | PTE_NG | PTE_PXN | PTE_UXN;
    tlb_flush();
}

uint64_t el0_va(const char *code)
{
    return EL0_BASE + ((uint64_t)code & 0x1fffff);
}

uint64_t call_at(uint64_t pc, uint64_t a, uint64_t b)
{
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x9 __asm__("x9") = pc;

    __asm__ volatile("stp x29, x30, [sp, #-16]!; blr x9; ldp x29, x30, [sp], #16"
                     : "+r"(x0), "+r"(x1), "+r"(x9)::"memory", "cc");
    return x0;
}

void put_code(uint32_t *to, const uint32_t *words, unsigned count, uint64_t va)
{
    for (unsigned i = 0; i < count; i++) {
        to[i] = words[i];
        __asm__ volatile("dc cvau, %0" ::"r"(to + i) : "memory");
    }
    dsb();
    for (unsigned i = 0; i < count; i++) {
        __asm__ volatile("ic ivau, %0" ::"r"(va + 4 * i) : "memory");
    }
    dsb();
    isb();
}
