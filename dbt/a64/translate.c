/* SPDX-License-Identifier: BSD-2-Clause */
/* The translator's loop: guest words of one page become a block of IR. */
#include "dbt/a64/translate.h"

#include "dbt/a64/tr.h"

/* What comes before the instruction's own rows; true where these already end the block. */
static bool begin(struct tr *t)
{
    ir_op0(&t->b, IR_INSN, t->off);
    if (t->b.block->count == 1) {
        ir_getf(&t->b); /* a name for the flags that the block finds (x64/loop.c) */
    }
    if ((t->flags & TR_ICOUNT) && t->counter == IR_NONE) {
        t->counter = ir_op0(&t->b, IR_COUNT, 0);
    }
    if (t->flags & TR_IL) {
        leave_here(t, EXIT_ILLEGAL, 0);
        return true;
    }
    return false;
}

/* Translates t->word; TR_NEXT or TR_END. */
static enum tr_result instruction(struct tr *t)
{
    enum a64_insn insn = a64_decode(t->word);
    if (a64_insns[insn].fp && !a64_insns[insn].reason && (t->flags & TR_FP_TRAP)) {
        return leave_here(t, EXIT_FP_TRAP, 0);
    }
    enum tr_result result = a64_translate(t, insn, t->word);
    return result == TR_UNDEF ? leave_here(t, EXIT_UNDEF, t->word) : result;
}

/* The block counts all of its instructions when it starts; who leaves it before its end takes what
 * was not executed off again (rt/fault.c). */
static void count(struct tr *t)
{
    if (t->counter != IR_NONE) {
        t->b.block->insn[t->counter].imm = t->b.block->guest_count;
    }
}

static bool is_full(const struct ir_block *block, unsigned max_insns)
{
    return block->guest_count >= MIN(max_insns, (unsigned)IR_MAX_GUEST) ||
           block->count + IR_INSN_SLACK > IR_MAX_INSNS;
}

/* Longer blocks are not extended: what branches into their tails is translated again from there. */
#define EXTENDED_INSNS 32

/*
 * Whether the block goes on behind the branch that is its last row: what is not taken stays in the
 * block, with registers and flags where they are. Backward branches are loops' ends.
 */
static bool goes_on(struct tr *t, unsigned max_insns)
{
    const struct ir_block *block = t->b.block;
    const struct ir_insn *last = &block->insn[block->count - 1];

    if (!ir_is_two_way(last->op) || IR_TAKEN(last->imm) <= (int64_t)t->off ||
        t->off + 4 >= PAGE_SIZE || t->exits == IR_MAX_EXITS || t->counter != IR_NONE ||
        block->guest_count >= EXTENDED_INSNS || is_full(block, max_insns)) {
        return false;
    }
    t->exits++;
    return true;
}

void tr_block(struct ir_block *block, unsigned start, uint32_t flags, unsigned max_insns,
              tr_fetch_fn fetch, tr_site_fn site, void *ctx)
{
    struct tr t = {.flags = flags, .off = start, .sp_checked = IR_NONE, .counter = IR_NONE};
    ir_begin(&t.b, block, start);
    if (flags & TR_STEP) {
        max_insns = 1;
    }
    do {
        t.word = fetch(ctx, t.off);
        t.site = site(ctx, t.off);
        if (begin(&t) || (instruction(&t) == TR_END && !goes_on(&t, max_insns))) {
            count(&t);
            return;
        }
        t.off += 4;
    } while (t.off < PAGE_SIZE && !is_full(block, max_insns));
    count(&t);
    if (flags & TR_STEP) {
        leave_next(&t, EXIT_STEP, 0);
    } else {
        ir_op0(&t.b, IR_JUMP, t.off);
    }
}
