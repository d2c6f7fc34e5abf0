/* SPDX-License-Identifier: BSD-2-Clause */
/* From guest code at a physical address to a block. */
#include "dbt/rt/internal.h"

struct source {
    struct rt_blocks *blocks;
    const uint8_t *page;
    uint64_t pa;
};

static uint32_t fetch(void *ctx, unsigned off)
{
    const struct source *source = ctx;
    return *(const volatile uint32_t *)__builtin_assume_aligned(source->page + off, 4);
}

static enum site_kind site(void *ctx, unsigned off)
{
    const struct source *source = ctx;
    return blocks_site_kind(source->blocks, source->pa + off);
}

/* Translates up to max_insns instructions from pa on into rt->ir. */
static void translate(struct vcpu *vcpu, uint64_t pa, unsigned max_insns)
{
    uint64_t page = ALIGN_DOWN(pa, PAGE_SIZE);
    struct source source = {
        .blocks = &vcpu->vm->rt->blocks, .page = vm_ram(vcpu->vm, page, PAGE_SIZE), .pa = page};
    tr_block(&vcpu->rt->ir, (unsigned)(pa - page), vcpu->tr_flags, max_insns, fetch, site, &source);
}

/*
 * Compiles rt->ir into block, or keeps the IR where blocks are to be interpreted. False: there was
 * no heap, or no room in the emitter's tables: *shorter then.
 */
static bool compile(struct vcpu *vcpu, struct rt_block *block, uint32_t capacity, bool *shorter)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    struct x64_code *code = &rt->code;
    if (vcpu->vm->interpret) {
        return blocks_commit_ir(blocks, block, &rt->ir);
    }
    code->rw = blocks->code_rw + block->host;
    code->rx = block_rx(blocks, block);
    code->capacity = capacity;
    code->first_link_id = X64_MAX_LINKS * block_number(blocks, block);
    code->want_live = blocks_link_is_live(blocks, rt->link);
    code->size = 0;
    *shorter = x64_compile(&rt->ir, plat_env(), code) != X64_OK;
    if (*shorter) {
        blocks_abandon(blocks, block);
        return false;
    }
    rt->stats.host_bytes += code->size;
    plat_code_used(block->host + code->size);
    return blocks_commit(blocks, block, &rt->ir, code);
}

/* Translates the code at pa, halving the block as long as it does not fit the emitter's tables. */
static struct rt_block *make_block(struct vcpu *vcpu, uint64_t pa)
{
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    struct rt_block *block;
    unsigned max_insns = IR_MAX_GUEST;
    bool done, shorter = false;
    translate(vcpu, pa, max_insns);
    do {
        uint32_t capacity;
        if (shorter) {
            max_insns = MAX(MIN(max_insns, vcpu->rt->ir.guest_count) / 2, 1u);
            translate(vcpu, pa, max_insns);
        }
        block = blocks_begin(blocks, pa, vcpu->tr_flags, &capacity);
        if (!block) {
            plat_log(PLAT_ERROR, "the heap is too small for a single translation");
            plat_end(PLAT_END_FAILURE, 1);
        }
        done = compile(vcpu, block, capacity, &shorter);
    } while (!done);
    return block;
}

struct rt_block *rt_block_at(struct vcpu *vcpu, uint64_t pa)
{
    struct rt_vcpu *rt = vcpu->rt;
    struct rt_blocks *blocks = &vcpu->vm->rt->blocks;
    struct rt_block *block = blocks_find(blocks, pa, vcpu->tr_flags);
    if (block) {
        return block;
    }
    uint64_t start = plat_counter(), evictions = blocks->evictions;
    block = make_block(vcpu, pa);
    if (blocks->evictions != evictions) {
        jc_clear_all(rt);
        rt->link = 0; /* may name a block that is gone */
    }
    rt->stats.translations++;
    rt->stats.guest_insns += block->guest_count;
    rt->stats.translate_time += plat_counter() - start;
    plat_trace_block(vcpu, pa, &rt->ir, block->meta->ir ? NULL : &rt->code);
    return block;
}

const struct ir_block *rt_translate_one(struct vcpu *vcpu, uint64_t pa)
{
    translate(vcpu, pa, 1);
    return &vcpu->rt->ir;
}
