/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores of SIMD&FP registers: single, pair, literal, AdvSIMD structures. */
#include "dbt/a64/tr_mem.h"
#include "dbt/a64/tr_simd.h"

enum index { OFFSET, PRE, POST };

/* --- one register of 1 << size bytes --- */
static void transfer(struct tr *t, bool load, unsigned size, unsigned rt, ir_ref address,
                     int64_t disp)
{
    if (load) {
        ir_setv(&t->b, rt, tr_load_v(t, address, disp, size, tr_plain(t)));
    } else {
        tr_store_v(t, address, disp, size, get_v(t, rt), tr_plain(t));
    }
}

#define SIZE_OF(a) ((a)->opc1 ? SIZE_Q : (a)->size)

static enum tr_result immediate(struct tr *t, bool load, const struct arg_STUR_v *a,
                                enum index index)
{
    ir_ref base = tr_base(t, a->rn);
    transfer(t, load, SIZE_OF(a), a->rt, base, index == POST ? 0 : a->imm9);
    if (index != OFFSET) {
        tr_writeback(t, a->rn, base, a->imm9);
    }
    return TR_NEXT;
}

TR(STUR_v, immediate(t, false, a, OFFSET))
TR(LDUR_v, immediate(t, true, a, OFFSET))
TR(STR_post_v, immediate(t, false, a, POST))
TR(LDR_post_v, immediate(t, true, a, POST))
TR(STR_pre_v, immediate(t, false, a, PRE))
TR(LDR_pre_v, immediate(t, true, a, PRE))

static enum tr_result scaled(struct tr *t, bool load, const struct arg_STR_uimm_v *a)
{
    transfer(t, load, SIZE_OF(a), a->rt, tr_base(t, a->rn), (int64_t)a->imm12 << SIZE_OF(a));
    return TR_NEXT;
}

TR(STR_uimm_v, scaled(t, false, a))
TR(LDR_uimm_v, scaled(t, true, a))

static enum tr_result register_offset(struct tr *t, bool load, const struct arg_STR_reg_v *a)
{
    unsigned amount = a->s ? SIZE_OF(a) : 0;
    ir_ref address = tr_register_offset(t, a->rn, a->rm, a->option, amount);
    transfer(t, load, SIZE_OF(a), a->rt, address, 0);
    return TR_NEXT;
}

TR(STR_reg_v, register_offset(t, false, a))
TR(LDR_reg_v, register_offset(t, true, a))

enum tr_result tr_LDR_lit_v(struct tr *t, const struct arg_LDR_lit_v *a)
{
    transfer(t, true, SIZE_S + a->opc, a->rt, pc_relative(t, (int64_t)a->imm19 * 4), 0);
    return TR_NEXT;
}

/* --- pairs --- */
static enum tr_result pair(struct tr *t, bool load, const struct arg_STP_off_v *a, enum index index)
{
    unsigned size = SIZE_S + a->opc;
    int64_t offset = (int64_t)a->imm7 * (1 << size), disp = index == POST ? 0 : offset;
    ir_ref base = tr_base(t, a->rn);
    if (load) {
        ir_ref first = tr_load_v(t, base, disp, size, tr_plain(t));
        ir_ref second = tr_load_v(t, base, disp + (1 << size), size, tr_plain(t));
        ir_setv(&t->b, a->rt2, second);
        ir_setv(&t->b, a->rt, first);
    } else {
        transfer(t, false, size, a->rt, base, disp);
        transfer(t, false, size, a->rt2, base, disp + (1 << size));
    }
    if (index != OFFSET) {
        tr_writeback(t, a->rn, base, offset);
    }
    return TR_NEXT;
}

TR(STNP_v, pair(t, false, a, OFFSET))
TR(LDNP_v, pair(t, true, a, OFFSET))
TR(STP_post_v, pair(t, false, a, POST))
TR(STP_off_v, pair(t, false, a, OFFSET))
TR(STP_pre_v, pair(t, false, a, PRE))
TR(LDP_post_v, pair(t, true, a, POST))
TR(LDP_off_v, pair(t, true, a, OFFSET))
TR(LDP_pre_v, pair(t, true, a, PRE))

/* --- AdvSIMD structures. Whole registers are moved; lanes are put in order in between. --- */
struct structure {
    bool load;
    unsigned q, size, rn, rt;
    unsigned count;  /* registers */
    bool interleave; /* LD2 to LD4, not LD1 */
    unsigned post;   /* post-index: 0 none, else 32 + rm */
};

#define NO_POST    0u
#define POST_RM(a) (32u + (a)->rm)

static unsigned reg_of(const struct structure *s, unsigned n)
{
    return (s->rt + n) % 32;
}

static void post_index(struct tr *t, unsigned post, unsigned rn, ir_ref base, unsigned bytes)
{
    if (post == 32 + 31) {
        tr_writeback(t, rn, base, bytes);
    } else if (post != NO_POST) {
        ir_setx(&t->b, rn, op2(t, IR_ADD64, base, ir_getx(&t->b, post - 32)));
    }
}

static void interleave3(struct tr *t, const struct structure *s, ir_ref v[3])
{
    ir_ref out[3];
    for (unsigned r = 0; r < 3; r++) {
        out[r] =
            ir_emit(&t->b, IR_VGATHER3, v[0], v[1], v[2], IR_GATHER3(s->load, s->q, s->size, r), 0);
    }
    __builtin_memcpy(v, out, sizeof(out));
}

/* Memory order to registers: pairs of even and odd lanes, once or twice. */
static void deinterleave(struct tr *t, const struct structure *s, ir_ref v[4])
{
    ir_ref w[4];
    for (unsigned step = 2; step <= s->count; step *= 2) {
        for (unsigned k = 0; k < s->count / 2; k++) {
            w[k] = v_evens(t, s->q, s->size, v[2 * k], v[2 * k + 1]);
            w[k + s->count / 2] = v_odds(t, s->q, s->size, v[2 * k], v[2 * k + 1]);
        }
        __builtin_memcpy(v, w, s->count * sizeof(*v));
    }
}

static ir_ref zip_half(struct tr *t, const struct structure *s, bool upper, ir_ref n, ir_ref m)
{
    if (!upper || s->q) {
        return v_op(t, upper ? IR_VZIP2 : IR_VZIP1, s->size, n, m);
    }
    return v_part(t, 1, v_op(t, IR_VZIP1, s->size, n, m));
}

/* Registers to memory order: the inverse. */
static void interleave(struct tr *t, const struct structure *s, ir_ref v[4])
{
    ir_ref w[4];
    for (unsigned step = 2; step <= s->count; step *= 2) {
        for (unsigned k = 0; k < s->count / 2; k++) {
            w[2 * k] = zip_half(t, s, false, v[k], v[k + s->count / 2]);
            w[2 * k + 1] = zip_half(t, s, true, v[k], v[k + s->count / 2]);
        }
        __builtin_memcpy(v, w, s->count * sizeof(*v));
    }
}

static void reorder(struct tr *t, const struct structure *s, ir_ref v[4])
{
    if (!s->interleave) {
        return;
    }
    if (s->count == 3) {
        interleave3(t, s, v);
    } else if (s->load) {
        deinterleave(t, s, v);
    } else {
        interleave(t, s, v);
    }
}

static enum tr_result multiple(struct tr *t, struct structure s)
{
    unsigned size = s.q ? SIZE_Q : SIZE_D, bytes = 1u << size;
    unsigned aux = tr_plain(t) | IR_MEM_OF(s.size); /* what is aligned is an element */
    ir_ref base = tr_base(t, s.rn), v[4];
    for (unsigned n = 0; n < s.count; n++) {
        v[n] = s.load ? tr_load_v(t, base, n * bytes, size, aux) : get_v(t, reg_of(&s, n));
    }
    reorder(t, &s, v);
    for (unsigned n = 0; n < s.count; n++) {
        if (s.load) {
            put_v(t, s.q, reg_of(&s, n), v[n]);
        } else {
            tr_store_v(t, base, n * bytes, size, v[n], aux);
        }
    }
    post_index(t, s.post, s.rn, base, s.count * bytes);
    return TR_NEXT;
}

#define MULTIPLE(is_load, regs, is_interleaved, index)                                             \
    multiple(t, (struct structure){.load = is_load,                                                \
                                   .q = a->q,                                                      \
                                   .size = a->size,                                                \
                                   .rn = a->rn,                                                    \
                                   .rt = a->rt,                                                    \
                                   .count = regs,                                                  \
                                   .interleave = is_interleaved,                                   \
                                   .post = index})
#define BOTH_MULTIPLE(name, regs, is_interleaved)                                                  \
    TR(ST##name, MULTIPLE(false, regs, is_interleaved, NO_POST))                                   \
    TR(LD##name, MULTIPLE(true, regs, is_interleaved, NO_POST))                                    \
    TR(ST##name##_post, MULTIPLE(false, regs, is_interleaved, POST_RM(a)))                         \
    TR(LD##name##_post, MULTIPLE(true, regs, is_interleaved, POST_RM(a)))
BOTH_MULTIPLE(1_mult1, 1, false)
BOTH_MULTIPLE(1_mult2, 2, false)
BOTH_MULTIPLE(1_mult3, 3, false)
BOTH_MULTIPLE(1_mult4, 4, false)
BOTH_MULTIPLE(2_mult, 2, true)
BOTH_MULTIPLE(3_mult, 3, true)
BOTH_MULTIPLE(4_mult, 4, true)

/* --- one lane of one to four registers --- */
static enum tr_result single(struct tr *t, struct structure s, unsigned lane)
{
    unsigned bytes = 1u << s.size;
    ir_ref base = tr_base(t, s.rn), v[4];
    for (unsigned n = 0; n < s.count; n++) {
        if (s.load) {
            v[n] = tr_load(t, base, n * bytes, s.size, tr_plain(t));
        } else {
            ir_ref value = op1_imm(t, IR_VGET, get_v(t, reg_of(&s, n)), lane, s.size);
            tr_store(t, base, n * bytes, s.size, value, tr_plain(t));
        }
    }
    for (unsigned n = 0; s.load && n < s.count; n++) {
        ir_ref old = get_v(t, reg_of(&s, n));
        put(t, reg_of(&s, n), ir_emit(&t->b, IR_VINS, old, v[n], IR_NONE, lane, s.size));
    }
    post_index(t, s.post, s.rn, base, s.count * bytes);
    return TR_NEXT;
}

#define SELEM (a->opcode0 * 2 + a->r + 1)
#define SINGLE(is_load, log2_bytes, lane, index)                                                   \
    single(t,                                                                                      \
           (struct structure){.load = is_load,                                                     \
                              .size = log2_bytes,                                                  \
                              .rn = a->rn,                                                         \
                              .rt = a->rt,                                                         \
                              .count = SELEM,                                                      \
                              .post = index},                                                      \
           lane)
#define BOTH_SINGLE(name, log2_bytes, lane)                                                        \
    TR(ST_lane_##name, SINGLE(false, log2_bytes, lane, NO_POST))                                   \
    TR(LD_lane_##name, SINGLE(true, log2_bytes, lane, NO_POST))                                    \
    TR(ST_lane_##name##_post, SINGLE(false, log2_bytes, lane, POST_RM(a)))                         \
    TR(LD_lane_##name##_post, SINGLE(true, log2_bytes, lane, POST_RM(a)))
BOTH_SINGLE(b, SIZE_B, a->q << 3 | a->s << 2 | a->size)
BOTH_SINGLE(h, SIZE_H, a->q << 2 | a->s << 1 | a->idx1)
BOTH_SINGLE(s, SIZE_S, a->q << 1 | a->s)
BOTH_SINGLE(d, SIZE_D, a->q)

/* --- load and replicate --- */
static enum tr_result replicate(struct tr *t, struct structure s)
{
    unsigned bytes = 1u << s.size;
    ir_ref base = tr_base(t, s.rn), v[4];
    for (unsigned n = 0; n < s.count; n++) {
        v[n] = tr_load(t, base, n * bytes, s.size, tr_plain(t));
    }
    for (unsigned n = 0; n < s.count; n++) {
        put_v(t, s.q, reg_of(&s, n), op1_imm(t, IR_VDUPX, v[n], 0, s.size));
    }
    post_index(t, s.post, s.rn, base, s.count * bytes);
    return TR_NEXT;
}

#define REPLICATE(index)                                                                           \
    replicate(                                                                                     \
        t,                                                                                         \
        (struct structure){                                                                        \
            .q = a->q, .size = a->size, .rn = a->rn, .rt = a->rt, .count = SELEM, .post = index})
TR(LD_rep, REPLICATE(NO_POST))
TR(LD_rep_post, REPLICATE(POST_RM(a)))
