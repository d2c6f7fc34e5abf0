/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One turn of the runtime's loop: what comes before what, and what each exit leads to. Real:
 * rt/loop.c. Faked: everything that it calls; each fake notes its letter in `order`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/a64/translate.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/internal.h"
#include "dbt/sys/sys.h"

static struct {
    struct vm vm;
    struct vcpu vcpu;
    struct rt_vm rt_vm;
    struct rt_vcpu rt;
    struct a64_state st;
} m;

static char order[32];
static unsigned events;
static uint64_t host, stack;
static uint32_t run_exit;
static bool interrupt;
static enum ir_exit left_for;
static uint64_t left_arg;
static enum interp_result interp_result;
static enum ir_exit interp_exit;
static struct rt_meta meta;
static struct rt_block block = {.meta = &meta};
static jmp_buf end_jump;

static void note(char letter)
{
    size_t length = strlen(order);
    assert_true(length + 1 < sizeof(order));
    order[length] = letter;
}

/* --- the platform --- */
static uint8_t heap_memory[1 << 16] __attribute__((aligned(4096)));
static uint8_t shared_memory[1 << 16] __attribute__((aligned(4096)));
static struct plat_memory memory = {.heap = heap_memory,
                                    .heap_size = sizeof(heap_memory),
                                    .shared = shared_memory,
                                    .shared_size = sizeof(shared_memory)};
static const struct x64_env env = {.lookup = 0x4444};

const struct plat_memory *plat_memory(void)
{
    return &memory;
}

const struct x64_env *plat_env(void)
{
    return &env;
}

void plat_code_used(uint64_t end)
{
    (void)end;
}

uint64_t plat_reach(struct vcpu *vcpu, const void *at, uint64_t size, bool pinned)
{
    (void)vcpu, (void)size;
    assert_true(pinned);
    note(at == shared_memory ? 'S' : 'T');
    return (uintptr_t)at + 0x1000000;
}

unsigned plat_take_events(struct vcpu *vcpu)
{
    (void)vcpu;
    unsigned taken = events;
    note('t');
    events = 0;
    return taken;
}

void plat_wait(struct vcpu *vcpu)
{
    (void)vcpu;
    note('w');
}

uint64_t plat_counter(void)
{
    static uint64_t counter;
    return counter += 5;
}

uint32_t plat_run(struct vcpu *vcpu, uint64_t at, uint64_t sp)
{
    note('r');
    assert_int_equal(at, host);
    assert_int_equal(sp, stack);
    assert_int_equal(vcpu->st->unwind, 0);
    return run_exit;
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void plat_end(enum plat_end end, int status)
{
    (void)end, (void)status;
    longjmp(end_jump, 1);
}

/* --- the runtime and the system --- */
uint64_t rt_lookup(struct vcpu *vcpu)
{
    (void)vcpu;
    note('l');
    return host;
}

void rt_interpret_one(struct vcpu *vcpu)
{
    (void)vcpu;
    note('i');
}

enum interp_result interp_run(struct vcpu *vcpu, struct a64_state *st, const struct ir_block *ir,
                              enum ir_exit *exit)
{
    (void)vcpu, (void)st, (void)ir;
    note('b');
    *exit = interp_exit;
    return interp_result;
}

bool blocks_link_target(const struct rt_blocks *bs, uint32_t link, unsigned *offset)
{
    (void)bs;
    *offset = 0x124;
    return link == 41;
}

struct rt_block *blocks_by_host(struct rt_blocks *bs, uint64_t rip)
{
    (void)bs;
    return rip == host ? &block : NULL;
}

bool blocks_init(struct rt_blocks *bs, struct heap *heap, uint64_t ram_base, uint64_t ram_size,
                 uint8_t *code_rw, uint64_t code_rx, uint64_t code_size, uint64_t code_start)
{
    (void)bs, (void)heap, (void)ram_size, (void)code_rw, (void)code_rx, (void)code_size;
    return ram_base == RAM_BASE && code_start == PLAT_STUB_SIZE;
}

bool jc_init(struct rt_vcpu *rt, struct rt_vm *vm)
{
    (void)rt;
    return rt_shared_alloc(vm, PAGE_SIZE);
}

void window_init(struct vcpu *vcpu)
{
    (void)vcpu;
    note('W');
}

void returns_init(struct rt_returns *returns, struct a64_state *st, void *at, uint64_t address,
                  uint64_t lookup)
{
    (void)returns, (void)st;
    assert_int_equal(address, (uintptr_t)at + 0x1000000);
    assert_int_equal(lookup, env.lookup);
}

uint64_t returns_stack(const struct rt_returns *returns)
{
    assert_ptr_equal(returns, &m.rt.returns);
    return stack;
}

void sys_events(struct vcpu *vcpu, unsigned taken)
{
    assert_int_equal(taken, PLAT_EVENT_TIMER);
    note('e');
    vcpu->irq_line = true;
}

void sys_exit(struct vcpu *vcpu, enum ir_exit reason, uint64_t arg)
{
    (void)vcpu;
    note('x');
    left_for = reason;
    left_arg = arg;
}

bool exc_take_interrupt(struct vcpu *vcpu)
{
    (void)vcpu;
    note('q');
    return interrupt;
}

/* --- */
static int setup(void **state)
{
    (void)state;
    memset(&m, 0, sizeof(m));
    memset(order, 0, sizeof(order));
    m.vm.rt = &m.rt_vm;
    m.vcpu = (struct vcpu){.vm = &m.vm, .rt = &m.rt, .st = &m.st};
    events = 0;
    host = 0x7000;
    stack = 0x9000;
    run_exit = EXIT_LOOKUP;
    interrupt = false;
    interp_result = INTERP_EXIT;
    interp_exit = EXIT_LOOKUP;
    left_for = EXIT_COUNT;
    return 0;
}

static void expect(const char *what)
{
    memset(order, 0, sizeof(order));
    rt_step(&m.vcpu);
    assert_string_equal(order, what);
}

static void test_plain_turn(void **state)
{
    (void)state;
    m.st.unwind = 1; /* left over */
    expect("tqlr");
    assert_int_equal(m.rt.stats.entries, 1);
    assert_int_equal(m.rt.stats.exit[EXIT_LOOKUP], 1);
    assert_int_equal(m.rt.link, 0);
    host = 0; /* the look-up took an abort */
    expect("tql");
    assert_int_equal(m.rt.stats.entries, 1);
}

static void test_exits(void **state)
{
    (void)state;
    m.st.exit_arg = 77;
    run_exit = EXIT_SVC;
    expect("tqlrx");
    assert_int_equal(left_for, EXIT_SVC);
    assert_int_equal(left_arg, 77);
    run_exit = X64_EXIT(EXIT_LOOKUP, 41 + 1);
    expect("tqlr");
    assert_int_equal(m.rt.link, 41);
    assert_int_equal(m.st.pc, m.st.pc_page + 0x124);
    run_exit = X64_EXIT(EXIT_LOOKUP, 42 + 1); /* no such link: translated code is not trusted */
    m.rt.link = 0;
    expect("tqlr");
    assert_int_equal(m.rt.link, 0);
    interrupt = true; /* the next look-up is of the handler: nothing to link */
    run_exit = EXIT_LOOKUP;
    expect("tqlr");
    assert_int_equal(m.rt.link, 0);
    run_exit = EXIT_COUNT; /* translated code is not trusted */
    if (!setjmp(end_jump)) {
        rt_step(&m.vcpu);
        fail();
    }
}

static void test_events_come_first(void **state)
{
    (void)state;
    events = PLAT_EVENT_TIMER;
    m.vcpu.halted = true;
    expect("teqlr"); /* the event's interrupt ends the wait */
    assert_false(m.vcpu.halted);
}

static void test_sleep(void **state)
{
    (void)state;
    m.vcpu.halted = true;
    expect("tw");
    assert_int_equal(m.rt.stats.waits, 1);
    assert_int_equal(m.rt.stats.wait_time, 5);
    m.vcpu.serror_pending = true;
    expect("tqlr");
    m.vcpu.off = true; /* PSCI: interrupts do not start it */
    expect("tw");
    m.vcpu.off = false;
    m.vcpu.serror_pending = false;
    m.vcpu.halted = true;
    m.vcpu.fiq_line = true;
    expect("tqlr");
}

/* What faulted in translated code is interpreted before anything else comes. */
static void test_slow_comes_before_interrupts(void **state)
{
    (void)state;
    m.rt.slow = true;
    interrupt = true;
    expect("ti");
}

static void test_debug(void **state)
{
    (void)state;
    m.vcpu.debug = true;
    expect("tqi");
    m.vcpu.debug = false;
    m.vcpu.tr_flags = TR_STEP;
    expect("tqi");
}

static void test_interpreted_blocks(void **state)
{
    (void)state;
    m.vm.interpret = true;
    interp_exit = EXIT_WFI;
    expect("tqlbx");
    assert_int_equal(left_for, EXIT_WFI);
    left_for = EXIT_COUNT;
    interp_result = INTERP_UNWIND; /* an exception is taken already */
    expect("tqlb");
    assert_int_equal(left_for, EXIT_COUNT);
    assert_int_equal(m.rt.stats.entries, 0);
}

static void test_shared_memory(void **state)
{
    (void)state;
    struct rt_vm rt = {.shared = shared_memory, .shared_size = 3 * PAGE_SIZE};
    assert_ptr_equal(rt_shared_alloc(&rt, 1), shared_memory);
    assert_ptr_equal(rt_shared_alloc(&rt, PAGE_SIZE), shared_memory + PAGE_SIZE);
    assert_null(rt_shared_alloc(&rt, PAGE_SIZE + 1));
    assert_ptr_equal(rt_shared_alloc(&rt, PAGE_SIZE), shared_memory + 2 * PAGE_SIZE);
    assert_null(rt_shared_alloc(&rt, 1));
}

static void test_start(void **state)
{
    (void)state;
    static uint8_t big_heap[sizeof(struct rt_vcpu) + (1 << 20)] __attribute__((aligned(4096)));
    memory.heap = big_heap;
    memory.heap_size = sizeof(big_heap);
    assert_true(rt_vm_init(&m.vm));
    assert_true(rt_vcpu_init(&m.vcpu));
    assert_string_equal(order, "STW"); /* the state is the first that is asked for */
    assert_ptr_equal(m.vcpu.st, shared_memory);
    assert_false(rt_vcpu_init(&m.vcpu) && rt_vcpu_init(&m.vcpu)); /* no more heap */
    memory.heap_size = 64;
    assert_false(rt_vm_init(&m.vm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain_turn, setup),
        cmocka_unit_test_setup(test_exits, setup),
        cmocka_unit_test_setup(test_events_come_first, setup),
        cmocka_unit_test_setup(test_sleep, setup),
        cmocka_unit_test_setup(test_slow_comes_before_interrupts, setup),
        cmocka_unit_test_setup(test_debug, setup),
        cmocka_unit_test_setup(test_interpreted_blocks, setup),
        cmocka_unit_test_setup(test_shared_memory, setup),
        cmocka_unit_test_setup(test_start, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
