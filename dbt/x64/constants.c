/* SPDX-License-Identifier: BSD-2-Clause */
/* The vector constants of a block: in the code cache behind its code, reached by RIP. */
#include "dbt/x64/x64.h"

#define ROW_USES 64 /* instructions of a row with a constant */

struct x86_mem x64_constant(struct x64 *c, uint64_t low, uint64_t high)
{
    unsigned n = 0;

    while (n < c->constants && (c->constant[n][0] != low || c->constant[n][1] != high)) {
        n++;
    }
    if (n == X64_CONSTANTS) {
        __builtin_trap(); /* a row with more than X64_ROW_CONSTANTS: our bug */
    }
    if (n == c->constants) {
        c->constant[n][0] = low;
        c->constant[n][1] = high;
        c->constants++;
    }
    return mem_base(X86_POOL, (int32_t)n);
}

void x64_constant_used(struct x64 *c, unsigned index)
{
    if (c->constant_uses == X64_CONSTANT_USES) {
        __builtin_trap(); /* a row with more than ROW_USES: our bug */
    }
    c->constant_use[c->constant_uses++] =
        (struct x64_constant_use){.rel32 = c->p, .index = (uint8_t)index};
}

static void align(struct x64 *c)
{
    while ((c->code->rx + (uint64_t)(c->p - c->code->rw)) % sizeof(v128)) {
        *c->p++ = 0xcc;
    }
}

void x64_constants_put(struct x64 *c)
{
    if (!c->constants) {
        return;
    }
    align(c);
    for (unsigned n = 0; n < c->constant_uses; n++) {
        const struct x64_constant_use *use = &c->constant_use[n];
        const uint8_t *at = c->p + use->index * sizeof(v128);
        int32_t rel = (int32_t)(at - (use->rel32 + 4 + use->tail));

        __builtin_memcpy(use->rel32, &rel, sizeof(rel));
    }
    __builtin_memcpy(c->p, c->constant, c->constants * sizeof(v128));
    c->p += c->constants * sizeof(v128);
    c->constants = c->constant_uses = 0;
}

void x64_constants_ready(struct x64 *c)
{
    uint8_t *skip;

    if (c->constants + X64_ROW_CONSTANTS <= X64_CONSTANTS &&
        c->constant_uses + ROW_USES <= X64_CONSTANT_USES) {
        return;
    }
    skip = emit_jmp(c);
    x64_constants_put(c);
    emit_bind(c, skip);
}
