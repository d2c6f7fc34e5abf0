/* SPDX-License-Identifier: BSD-2-Clause */
/* What no VM may do, each a way of its own to be stopped by root. */
#include "dbt/platform/vm/hypercall.h"
#include "dbt/platform/vm/space.h"
#include "kernel/lib/string.h"
#include "tests/boot/engine/engine.h"

#define STRAY_LINEAR (ABI_ENGINE_BASE + GIB(256))

/* A mapping of our own making to a VPA, with all rights that the inner tables can give. */
static void *map_stray(uint64_t vpa)
{
    unsigned rights = PTAB_R | PTAB_W | PTAB_X;
    int error = ptab_map(&space.tables, STRAY_LINEAR, vpa, PAGE_SIZE, rights, PTAB_WB);
    if (error) {
        hypercall_stop(ABI_STOP_PANIC, 2);
    }
    return (void *)STRAY_LINEAR;
}

static void triple(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(none));
}

static void read_outside(void)
{
    *(volatile uint64_t *)map_stray(boot->ram.vpa + boot->ram.size);
}

static void write_text(void)
{
    *(volatile uint64_t *)map_stray(boot->image.vpa) = 0;
}

static void write_boot(void)
{
    *(volatile uint64_t *)map_stray(boot->shared.vpa) = 0;
}

static void execute_ram(void)
{
    uint8_t *ret = space_pointer(boot->ram.vpa);
    *ret = 0xc3;
    probe_call(map_stray(boot->ram.vpa));
}

static void walk_outside(void)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(boot->ram.vpa + boot->ram.size + GIB(1)) : "memory");
}

static void port(void)
{
    __asm__ volatile("outb %%al, $0x80" ::"a"(0));
}

static void nonsense(void)
{
    for (;;) {
        hypercall(0xdead, 0, 0, 0, NULL);
    }
}

/* Counters of the shared rings that no honest writer leaves: root must take at most a ring of bytes
 * each time, and go on. It is the VM that gives up in the end. */
static void ring(void)
{
    struct abi_vm *vm = space_pointer(boot->vm_page);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t tail = __atomic_load_n(&vm->console_out.tail, __ATOMIC_ACQUIRE);
        __atomic_store_n(&vm->console_out.head, tail + (UINT32_C(0x81234567) << i % 32),
                         __ATOMIC_RELEASE);
        __atomic_store_n(&vm->console_in.head, (i + 1) * UINT32_C(0x87654321), __ATOMIC_RELEASE);
        __atomic_store_n(&vm->console_in.tail, i, __ATOMIC_RELEASE);
        vm->doorbells = UINT64_MAX;
        vm->device_events = UINT64_MAX;
        my_page()->pending = UINT64_MAX;
        my_page()->deadline = i;
        hypercall(ABI_CALL_CONSOLE, 0, 0, 0, NULL);
        hypercall(ABI_CALL_DOORBELL, 0, 0, 0, NULL);
        hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL);
    }
    hypercall_stop(ABI_STOP_PANIC, 78);
}

static void exits(void)
{
    for (;;) {
        uint32_t a = 0, b, c = 0, d;
        __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    }
}

/* Refused quietly: both are #GP inside, so this one gives up by itself. */
static void change_cr0(void)
{
    uint64_t cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 & ~BIT64(16)));
}

static void panic(void)
{
    hypercall_stop(ABI_STOP_PANIC, 77);
}

static void reset(void)
{
    hypercall_stop(ABI_STOP_RESET, 5);
}

static const struct {
    const char *name;
    void (*act)(void);
} acts[] = {
    {"triple", triple},
    {"read-outside", read_outside},
    {"write-text", write_text},
    {"write-boot", write_boot},
    {"execute-ram", execute_ram},
    {"walk-outside", walk_outside},
    {"port", port},
    {"nonsense", nonsense},
    {"exits", exits},
    {"ring", ring},
    {"change-cr0", change_cr0},
    {"panic", panic},
    {"reset", reset},
};

_Noreturn void misbehave(const char *how)
{
    for (unsigned i = 0; i < ARRAY_SIZE(acts); i++) {
        if (!strcmp(acts[i].name, how)) {
            acts[i].act();
            say("%s: FAILED: went on after \"%s\"", boot->name, how);
        }
    }
    say("%s: FAILED: unknown act \"%s\"", boot->name, how);
    hypercall_stop(ABI_STOP_PANIC, 3);
}
