/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer target: arbitrary words through decoder, translator, verifier, interpreter, emitter. */
/*
 * Input: a byte of flags for the harness, two bytes of translation context, the rest are guest
 * words. Whatever they are, the block must verify, running it must not touch host memory outside
 * the guest's (the sanitizers watch) nor state beyond struct a64_state, and the emitter must make
 * code for it, or say that there is no space, whatever features the host has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/a64/a64_insns.h"
#include "dbt/a64/translate.h"
#include "dbt/ir/interp.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/compile.h"
#include "tests/unit/fake_rt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *words;
    size_t count;
    unsigned start;
    bool slow;
};

static uint32_t fetch(void *ctx, unsigned off)
{
    const struct input *input = ctx;
    uint32_t word = 0;
    size_t index = (off - input->start) / 4;
    if (index < input->count) {
        memcpy(&word, input->words + index * 4, sizeof(word));
    }
    return word; /* behind the input: UDF */
}

static enum site_kind site_of(void *ctx, unsigned off)
{
    const struct input *input = ctx;
    return input->slow && (off & 4) ? (off & 8 ? SITE_WINDOW : SITE_SLOW) : SITE_DIRECT;
}

static void die(const struct ir_block *block, const char *flaw, unsigned where)
{
    char text[160];
    ir_print(block, where, text, sizeof(text));
    fprintf(stderr, "IR row %u (%s): %s\n", where, text, flaw);
    abort();
}

/* Registers point into the guest's memory, so that accesses and not only faults are seen. */
static void set_up(struct a64_state *st)
{
    memset(st, 0, sizeof(*st));
    fake_reset(st);
    st->pc_page = FAKE_BASE;
    st->excl_addr = EXCL_NONE;
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        st->x[i] = i & 1 ? FAKE_BASE + FAKE_SIZE / 2 + i * 16 : UINT64_C(0x0101010101010101) * i;
    }
    for (unsigned i = 0; i < 32; i++) {
        st->v[i].lane[0] = UINT64_C(0x7ff0000080000001) * i;
        st->v[i].lane[1] = UINT64_C(0x3c007e01ff807fff) * i;
    }
}

/* Compiles for a host of the given features; the code is not run (tests/unit/test_x64_run.c does).
 */
static void compile(const struct ir_block *block, uint32_t features, enum x64_mem_model model)
{
    static uint8_t space[X64_MAX_BLOCK];
    static uint64_t pure[HELPER_COUNT];
    static struct x64_code code;
    const struct x64_env env = {.mem_model = model,
                                .features = features,
                                .exit = (uintptr_t)space,
                                .call_sync = (uintptr_t)space + 64,
                                .pure = pure};
    code.rw = space;
    code.rx = (uintptr_t)space;
    code.capacity = sizeof(space);
    if (x64_compile(block, &env, &code) == X64_OK && code.size > sizeof(space)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ir_block block;
    static struct a64_state st;
    enum ir_exit exit;
    unsigned where = 0;
    if (size < 3) {
        return 0;
    }
    struct input input = {.words = data + 3,
                          .count = (size - 3) / 4,
                          .start = data[0] & 0x80 ? 4032 : 0,
                          .slow = data[0] & 0x40};
    uint32_t flags = data[1] | (uint32_t)data[2] << 8;
    tr_block(&block, input.start, flags, IR_MAX_GUEST, fetch, site_of, &input);
    const char *flaw = ir_verify(&block, &where);
    if (flaw) {
        die(&block, flaw, where);
    }
    set_up(&st);
    interp_run(NULL, &st, &block, &exit);
    compile(&block, ~(data[0] | (uint32_t)data[1] << 8), data[0] & 1 ? MEM_BIAS : MEM_SLOTS);
    return 0;
}
