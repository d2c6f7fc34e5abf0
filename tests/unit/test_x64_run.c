/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiled blocks against the interpreter on random IR: state, memory, exits, recovery at faults.
 */
/*
 * usage: test-x64_run [SEED [BLOCKS]]. A failure prints the seed of the block and its IR; run with
 * that seed and 1 to see it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <immintrin.h>

#include "dbt/fp/fpcr.h"
#include "dbt/fp/ops.h"
#include "dbt/ir/build.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/helpers.h"
#include "dbt/rt/jump_cache.h"
#include "tests/unit/fake_rt.h"
#include "tests/unit/random_block.h"
#include "tests/unit/x64_host.h"

static struct ir_block block;
static struct x64_code code;
static struct a64_state initial, want, got;
static uint8_t initial_memory[FAKE_SIZE];
static struct jc_entry jump_cache[1 << JC_BITS];
static uint64_t first_seed = 1;
static unsigned block_count = 1500;

/* --- comparison
 * -------------------------------------------------------------------------------------------- */
/* Two singles or a double, near where arithmetic is special. */
static uint64_t number(void)
{
    static const uint32_t singles[] = {0,          1,          0x007fffff, 0x00800000,
                                       0x00800001, 0x3effffff, 0x3f800000, 0x3f800001,
                                       0x4f000000, 0x5f000000, 0x7f7fffff, 0x7f800000,
                                       0x7f800001, 0x7fc00000, 0x00ffffff, 0x20000000};
    static const uint16_t halves[] = {0,      1,      0x03ff, 0x0400, 0x0401, 0x2000,
                                      0x37ff, 0x3bff, 0x3c00, 0x3c01, 0x6400, 0x7bff,
                                      0x7c00, 0x7c01, 0x7e00, 0x7800};
    uint64_t sign = (uint64_t)below(2) << 63, exp = below(0x800), lanes = 0;

    switch (below(4)) {
    case 0:
        for (unsigned n = 0; n < 4; n++) {
            lanes = lanes << 16 | halves[below(16)] | below(2) << 15;
        }
        return lanes;
    case 1: return (uint64_t)(singles[below(16)] | below(2) << 31) << 32 | singles[below(16)];
    case 2: return sign | exp << 52 | random64() >> 12;
    default:
        return sign |
               (below(2)   ? below(3)
                : below(2) ? 0x7fe + below(2)
                           : 0x3fe + below(3)) *
                   BIT64(52) |
               (below(2) ? below(3) : MASK(51, 0) - below(3));
    }
}

static void make_state(void)
{
    uint64_t *words = (uint64_t *)(void *)initial_memory;

    memset(&initial, 0, sizeof(initial));
    for (unsigned n = 0; n < SLOT_COUNT; n++) {
        initial.x[n] = below(4) ? edge() : FAKE_BASE + below(FAKE_SIZE);
        initial.v[n] = (v128){{below(2) ? random64() : number(), below(2) ? edge() : number()}};
    }
    for (unsigned n = 0; n < FAKE_SIZE / 8; n++) {
        words[n] = edge();
    }
    initial.pc_page = UINT64_C(0xffff800010000000) + (uint64_t)below(1 << 20) * 4096;
    initial.nzcv = nzcv_from_arm(below(16) << 28);
    initial.jc = (uintptr_t)jump_cache;
    for (unsigned n = 0; n < WINDOW_TABLES * WINDOWS; n++) {
        initial.window[n / WINDOWS][n % WINDOWS] =
            (struct window){.read = WINDOW_NONE, .write = WINDOW_NONE};
    }
    initial.excl_addr = EXCL_NONE;
    initial.tpidr_el0 = random64();
    initial.tpidrro_el0 = random64();
    fp_init(&initial);
    fp_write_fpcr(&initial, (random64() & (FPCR_RMODE | FPCR_DN)) | (random_flush ? FPCR_FZ : 0));
    fp_write_fpsr(&initial, (below(2) ? 0 : random64()) | (random_flush ? FPSR_IXC : 0));
}

static void print_block(void)
{
    char text[128];

    for (unsigned n = 0; n < block.count; n++) {
        ir_print(&block, n, text, sizeof(text));
        fprintf(stderr, "  %s\n", text);
    }
}

static uint64_t failing_seed;
static uint32_t failing_shake;

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            print_block();                                                                         \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fail_msg("block of seed %lu, shake %u: %s", failing_seed, failing_shake, #cond);       \
        }                                                                                          \
    } while (0)

static void compare_registers(void)
{
    const uint64_t flags = NZCV_HOST_N | NZCV_HOST_Z | NZCV_HOST_C | NZCV_HOST_V;

    for (unsigned n = 0; n < SLOT_COUNT; n++) {
        CHECK(want.x[n] == got.x[n], "X%u: %#lx, should be %#lx\n", n, got.x[n], want.x[n]);
        CHECK(memcmp(&want.v[n], &got.v[n], 16) == 0, "V%u: %#lx %#lx, should be %#lx %#lx\n", n,
              got.v[n].lane[0], got.v[n].lane[1], want.v[n].lane[0], want.v[n].lane[1]);
    }
    CHECK((want.nzcv & flags) == (got.nzcv & flags), "NZCV %#x, should be %#x\n",
          nzcv_to_arm(got.nzcv), nzcv_to_arm(want.nzcv));
}

static void compare_states(void)
{
    compare_registers();
    CHECK(fp_read_fpsr(&want) == fp_read_fpsr(&got), "FPSR %#x, should be %#x\n",
          fp_read_fpsr(&got), fp_read_fpsr(&want));
    CHECK(want.excl_addr == got.excl_addr, "monitor %#lx\n", got.excl_addr);
    CHECK(want.tpidr_el0 == got.tpidr_el0 && want.host_mxcsr == got.host_mxcsr, "a field\n");
    CHECK(want.exit_arg == got.exit_arg, "exit_arg %#lx\n", got.exit_arg);
    CHECK(memcmp(fake_memory, host_memory, FAKE_SIZE) == 0, "memory\n");
}

/* A third of the targets have an entry in the jump cache, whose code is the stub that says so. */
static void fill_jump_cache(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(jump_cache); n++) {
        jump_cache[n] = (struct jc_entry){.va = JC_EMPTY(n)};
    }
    if (want.pc % 4 == 0 && below(3) == 0) {
        jump_cache[jc_offset(want.pc) / sizeof(struct jc_entry)] =
            (struct jc_entry){.va = want.pc, .host = host_found()};
    }
}

static void check_exit(struct host_run run, enum ir_exit exit)
{
    int64_t offset = (int64_t)(want.pc - want.pc_page);

    if (run.eax == HOST_FOUND) {
        CHECK(exit == EXIT_LOOKUP, "jumped by the cache, should leave with %u\n", exit);
        CHECK(got.pc_page == (want.pc & ~UINT64_C(4095)), "pc_page %#lx for %#lx\n", got.pc_page,
              want.pc);
        return;
    }
    CHECK(run.eax >> 8 || got.pc == want.pc, "PC %#lx, should be %#lx\n", got.pc, want.pc);
    CHECK((run.eax & 0xff) == exit, "left with %#x, should be %u\n", run.eax, exit);
    if (run.eax >> 8) {
        const struct x64_link *link = &code.link[(run.eax >> 8) - code.first_link_id - 1];

        CHECK(link->target == offset, "left by the link to %#x, should be %#lx\n", link->target,
              offset);
        CHECK((code.rx + link->patch) % 4 == 0, "the link's patch is not aligned\n");
        CHECK((code.rx + link->patch_live) % 4 == 0, "its live patch is not aligned\n");
    } else if (exit == EXIT_LOOKUP && block.insn[block.count - 1].op != IR_BRIND) {
        CHECK(offset < 0 || offset > 4095, "no link for %#lx\n", offset);
    }
}

/* The FPSR of compiled code is in the host's MXCSR while it runs. */
static struct host_run run_with_mxcsr(const struct x64_env *env)
{
    struct host_run run;

    _mm_setcsr(got.mxcsr);
    run = host_run(env, &code, &got, code.entry_live && below(2));
    got.mxcsr = _mm_getcsr();
    _mm_setcsr(MXCSR_RESET);
    return run;
}

static void run_both(enum x64_mem_model model, uint32_t shake)
{
    struct x64_env env = host_env(model, shake);
    enum interp_result result;
    struct fake_event event;
    enum ir_exit exit = EXIT_LOOKUP;
    struct host_run run;
    unsigned rounds = 0;

    failing_shake = shake;
    fake_reset(&want);
    fake_event.unwind = below(40) == 0;
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    memcpy(host_memory, initial_memory, FAKE_SIZE);
    want = got = initial;
    result = interp_run(NULL, &want, &block, &exit);
    while (result == INTERP_EXIT && exit == EXIT_LOOKUP && want.pc == want.pc_page + block.start &&
           block.insn[block.count - 1].op != IR_BRIND) {
        if (++rounds == 100) {
            return; /* it may never end */
        }
        result = interp_run(NULL, &want, &block, &exit);
    }
    event = fake_event;
    fake_state = &got;
    fake_event = (struct fake_event){.unwind = event.unwind};
    fill_jump_cache();

    code.rw = host_code;
    code.rx = (uintptr_t)host_code;
    code.capacity = HOST_CODE_SIZE;
    code.first_link_id = below(1000);
    code.want_live = below(2);
    CHECK(x64_compile(&block, &env, &code) == X64_OK, "no space\n");
    for (unsigned n = 1; n < code.site_count; n++) {
        CHECK(code.site[n - 1].host <= code.site[n].host, "site %u is out of order\n", n);
    }
    run = run_with_mxcsr(&env);
    CHECK(run.stop != HOST_LOST, "a fault at no site\n");
    if (result == INTERP_UNWIND && want.unwind) {
        CHECK(run.stop == HOST_UNWIND, "should unwind\n");
    } else if (result == INTERP_UNWIND) {
        CHECK(run.stop == HOST_FAULT, "should fault at %#lx\n", want.pc);
        CHECK(got.pc == want.pc, "fault at %#lx, should be at %#lx\n", got.pc, want.pc);
    } else {
        CHECK(run.stop == HOST_EXIT, "stopped with %u at %#lx\n", run.stop, got.pc);
        check_exit(run, exit);
    }
    CHECK(fake_event.calls == event.calls && fake_event.imm == event.imm, "calls\n");
    compare_states();
}

/* --- boundaries: where an interrupt may come, the state is exact -------------------------------
 */
static struct visit {
    uint32_t host;
    unsigned round; /* how often the block has gone back to its start */
    struct a64_state st;
} visits[64];
static unsigned visit_count;

static void note_boundary(const struct x64_site *site, const struct x64_regs *regs)
{
    struct visit *v = &visits[visit_count];

    if (visit_count < ARRAY_SIZE(visits)) {
        v->st = got;
        x64_recover(site, code.loc, code.consts, regs, &v->st);
        v->host = site->host;
        v->round = visit_count ? (v - 1)->round + (site->host <= (v - 1)->host) : 0;
        visit_count++;
    }
}

/* The state that the interpreter has at the guest instruction at offset, after some rounds. */
static void interpret_up_to(unsigned offset, unsigned rounds)
{
    static struct ir_block prefix;
    enum ir_exit exit;
    unsigned row = 0;

    fake_reset(&want);
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    want = initial;
    while (rounds--) {
        CHECK(interp_run(NULL, &want, &block, &exit) == INTERP_EXIT, "a round too many\n");
    }
    while (block.insn[row].op != IR_INSN || block.insn[row].imm != offset) {
        row++;
    }
    prefix = block;
    prefix.insn[row + 1] =
        (struct ir_insn){.op = IR_EXIT, .arg = {IR_NONE, IR_NONE, IR_NONE}, .aux = EXIT_UNDEF};
    prefix.count = (uint16_t)(row + 2);
    CHECK(interp_run(NULL, &want, &prefix, &exit) == INTERP_EXIT, "a boundary behind a fault\n");
}

static bool ends(void)
{
    enum ir_exit exit = EXIT_LOOKUP;

    want = initial;
    fake_reset(&want);
    memcpy(fake_memory, initial_memory, FAKE_SIZE);
    for (unsigned rounds = 0; rounds < 100; rounds++) {
        if (interp_run(NULL, &want, &block, &exit) != INTERP_EXIT || exit != EXIT_LOOKUP ||
            want.pc != want.pc_page + block.start || block.insn[block.count - 1].op == IR_BRIND) {
            return true;
        }
    }
    return false;
}

static void check_boundaries(uint32_t shake)
{
    struct x64_env env = host_env(below(2) ? MEM_BIAS : MEM_SLOTS, shake);

    failing_shake = shake;
    visit_count = 0;
    memcpy(host_memory, initial_memory, FAKE_SIZE);
    fake_reset(&got);
    got = initial;
    code.rw = host_code;
    code.rx = (uintptr_t)host_code;
    code.capacity = HOST_CODE_SIZE;
    CHECK(x64_compile(&block, &env, &code) == X64_OK, "no space\n");
    fill_jump_cache();
    host_on_boundary = note_boundary;
    run_with_mxcsr(&env);
    host_on_boundary = NULL;
    for (unsigned n = 0; n < visit_count; n++) {
        got = visits[n].st;
        interpret_up_to((unsigned)(got.pc - got.pc_page), visits[n].round);
        CHECK(got.pc == want.pc, "boundary at %#lx, not %#lx\n", got.pc, want.pc);
        compare_registers();
    }
    CHECK(visit_count > 0, "no boundary\n");
}

static void boundaries_are_exact(void **state)
{
    (void)state;
    host_catch();
    for (unsigned n = 0; n < block_count / 10; n++) {
        failing_seed = random_seed = first_seed + n;
        random64();
        random_block(&block);
        make_state();
        if (ends()) {
            check_boundaries(0);
            check_boundaries(1 + (uint32_t)random64() / 2);
        }
    }
}

static void blocks_run_as_interpreted(void **state)
{
    (void)state;
    host_catch();
    for (unsigned n = 0; n < block_count; n++) {
        const char *flaw;
        unsigned where;

        failing_seed = random_seed = first_seed + n;
        random64();
        random_block(&block);
        flaw = ir_verify(&block, &where);
        CHECK(!flaw, "%s at %u\n", flaw, where);
        make_state();
        run_both(below(2) ? MEM_BIAS : MEM_SLOTS, 0);
        run_both(below(2) ? MEM_BIAS : MEM_SLOTS, 1 + (uint32_t)random64() / 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_run_as_interpreted),
        cmocka_unit_test(boundaries_are_exact),
    };

    first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : first_seed;
    block_count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : block_count;
    printf("seeds %lu to %lu\n", first_seed, first_seed + block_count - 1);
    host_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
