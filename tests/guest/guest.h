/* SPDX-License-Identifier: BSD-2-Clause */
/* What the bare-metal test programs stand on: console, exceptions, EL0, page tables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- console and end -------------------------------------------------------------------------- */
/* %s %d %u %x (64 bits, no width) */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints `ok name` or `FAIL name`; main's return value counts for nothing, this does. */
void check(bool good, const char *name);

/*
 * Where QEMU 7.2 is wrong the Arm ARM decides: such checks are made on Exarch alone, and their
 * lines are not compared. name says what QEMU does.
 */
bool is_exarch(void);
void check_arch(bool good, const char *name);
void guest_off(void) __attribute__((noreturn));

/* --- exceptions: what a probe ran into ----------------------------------------------------------
 */
struct frame {
    uint64_t x[31];
    uint64_t elr, spsr, esr, far, vector, sp_el0;
    uint64_t pad[3];
};
_Static_assert(offsetof(struct frame, elr) == 248, "start.S");

struct exc {
    unsigned count; /* exceptions since exc_clear */
    uint64_t esr, far, elr, spsr;
    unsigned vector;
    uint64_t pc; /* where the code that was to fault was */
};
extern volatile struct exc exc;

/* Called for an interrupt (vectors 5, 6, 9, 10...); NULL: an unexpected one ends the program. */
extern void (*volatile irq_hook)(struct frame *frame);

/* Called first for every synchronous exception; true: handled, frame says where to go on. */
extern bool (*volatile sync_hook)(struct frame *frame);

void exc_clear(void);

/* Runs f(a, b) and prints what came: `name: none VALUE` or class, ISS, FAR. */
typedef uint64_t (*probe_fn)(uint64_t a, uint64_t b);
void report(const char *name, probe_fn f, uint64_t a, uint64_t b);

/* The same without printing; true when an exception came. */
bool faults(probe_fn f, uint64_t a, uint64_t b, uint64_t *value);

uint64_t probe_read8(uint64_t a, uint64_t b), probe_read16(uint64_t a, uint64_t b);
uint64_t probe_read32(uint64_t a, uint64_t b), probe_read64(uint64_t a, uint64_t b);
uint64_t probe_write8(uint64_t a, uint64_t b), probe_write32(uint64_t a, uint64_t b);
uint64_t probe_write64(uint64_t a, uint64_t b), probe_unpriv_read(uint64_t a, uint64_t b);
uint64_t probe_unpriv_write(uint64_t a, uint64_t b), probe_acquire(uint64_t a, uint64_t b);
uint64_t probe_exclusive(uint64_t a, uint64_t b), probe_swap(uint64_t a, uint64_t b);
uint64_t probe_compare(uint64_t a, uint64_t b), probe_zero(uint64_t a, uint64_t b);
uint64_t probe_clean(uint64_t a, uint64_t b), probe_invalidate(uint64_t a, uint64_t b);
uint64_t probe_icache(uint64_t a, uint64_t b), probe_pair(uint64_t a, uint64_t b);
uint64_t probe_call(uint64_t a, uint64_t b);

/* Calls made code, which may use X0 (a, the value), X1 (b) and X9 alone. */
uint64_t call_at(uint64_t pc, uint64_t a, uint64_t b);

/* --- EL0
 * ------------------------------------------------------------------------------------------ */
/*
 * Runs code at EL0 with sp and x0 = arg; it comes back by SVC #0x7f0 (the value is then X0), or by
 * an exception, which is recorded in exc.
 */
uint64_t guest_el0(uint64_t pc, uint64_t sp, uint64_t arg, uint64_t spsr);
uint64_t guest_el0_return(uint64_t value);
#define EL0_SVC 0x7f0

/* A piece of code for EL0: `NAME` is its symbol. */
#define EL0_CODE(name, text)                                                                       \
    __asm__(".text; .balign 64; " #name ": " text "; svc #0x7f0; .balign 64");                     \
    extern char name[];

/* Gives EL0 the program's code and a page of stack (mmu_on was called); code's address there. */
#define EL0_STACK 0x8000211000ul /* its top */
void el0_map(void);
uint64_t el0_va(const char *code);

/* --- system registers
 * --------------------------------------------------------------------------------- */
#define mrs(reg)                                                                                   \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #reg : "=r"(value_)::"memory");                                \
        value_;                                                                                    \
    })
#define msr(reg, v) __asm__ volatile("msr " #reg ", %0" ::"r"((uint64_t)(v)) : "memory")
#define isb()       __asm__ volatile("isb" ::: "memory")
#define dsb()       __asm__ volatile("dsb sy" ::: "memory")

/* --- page tables
 * ---------------------------------------------------------------------------------------- */
#define PTE_VALID   BIT(0)
#define PTE_TABLE   BIT(1) /* and pages */
#define PTE_ATTR(n) ((uint64_t)(n) << 2)
#define PTE_EL0     BIT(6)
#define PTE_RO      BIT(7)
#define PTE_SH      (3ul << 8)
#define PTE_AF      BIT(10)
#define PTE_NG      BIT(11)
#define PTE_CONT    BIT(52)
#define PTE_PXN     BIT(53)
#define PTE_UXN     BIT(54)
#define BIT(n)      (1ul << (n))

#define ATTR_NORMAL 0
#define ATTR_DEVICE 1
#define PTE_PAGE    (PTE_VALID | PTE_TABLE | PTE_SH | PTE_AF | PTE_ATTR(ATTR_NORMAL))
#define PTE_BLOCK   (PTE_VALID | PTE_SH | PTE_AF | PTE_ATTR(ATTR_NORMAL))

#define TCR_DEFAULT                                                                                \
    (16ul | 16ul << 16 | 2ul << 30 | 5ul << 32 | 1ul << 36 | 0x3500ul | 0x35000000ul)

/* A zeroed table page. */
uint64_t *table_new(void);

/* A fresh page of memory, zeroed. */
uint8_t *page_new(void);

/* The entry of va at level (0..3) under root, tables made on the way. */
uint64_t *table_entry(uint64_t *root, uint64_t va, unsigned level);

/* The identity map of devices and RAM (2 MiB blocks, EL1 only) under TTBR0, an empty TTBR1, MMU on.
 */
void mmu_on(void);
extern uint64_t *low_root, *high_root;

void tlb_flush(void);

/* Writes code (instruction words) to memory and makes it visible to fetches at va. */
void put_code(uint32_t *to, const uint32_t *words, unsigned count, uint64_t va);
