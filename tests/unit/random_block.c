/* SPDX-License-Identifier: BSD-2-Clause */
/* Random blocks of IR: accesses, state, flags, ends; see random_block.h. */
#include "tests/unit/random_block.h"

#include "dbt/rt/helpers.h"
#include "tests/unit/fake_rt.h"
#include "tests/unit/random_rows.h"

uint64_t random_seed;

uint64_t random64(void)
{
    random_seed = random_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_seed >> 32) ^ (random_seed << 21);
}

unsigned below(unsigned n)
{
    return (unsigned)((random64() >> 16) % n);
}

uint64_t edge(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     31,
                                     32,
                                     63,
                                     64,
                                     127,
                                     128,
                                     255,
                                     256,
                                     INT32_MAX,
                                     UINT64_C(0x80000000),
                                     UINT32_MAX,
                                     UINT64_C(0x100000000),
                                     INT64_MAX,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX,
                                     UINT64_MAX - 1};

    return below(2) ? edges[below(ARRAY_SIZE(edges))] : random64() >> below(64);
}

/* An address in or near guest memory, now and then misaligned or outside. */
static ir_ref address(unsigned align)
{
    uint64_t mask = below(12) ? (FAKE_SIZE - 1) & ~(uint64_t)(align - 1) : 2 * FAKE_SIZE - 1;

    return ir_op2(&rb, IR_ADD64, ir_op2(&rb, IR_AND64, any(IR_I64), ir_const64(&rb, mask)),
                  ir_const64(&rb, FAKE_BASE));
}

static void access_memory(void)
{
    static const enum ir_op loads[] = {IR_LD8,      IR_LD16,     IR_LD32,    IR_LD64,
                                       IR_LDS8_32,  IR_LDS16_32, IR_LDS8_64, IR_LDS16_64,
                                       IR_LDS32_64, IR_LDV32,    IR_LDV64,   IR_LD128};
    static const enum ir_op stores[] = {IR_ST8,   IR_ST16,  IR_ST32, IR_ST64,
                                        IR_STV32, IR_STV64, IR_ST128};
    uint64_t disp = below(3) ? 0 : (uint64_t)(int64_t)((int)below(512) - 256);
    unsigned aux = below(4) ? 0 : IR_MEM_ALIGN, size = 1u << below(4);

    if (aux && !below(4)) {
        aux |= IR_MEM_OF(below(5));
    } else if (aux && below(2)) { /* what is aligned crosses no page: there is always a window */
        aux |= IR_MEM_WINDOW | (below(2) ? IR_MEM_UNPRIV : 0);
    }

    switch (below(12)) {
    case 0: keep(ir_emit(&rb, IR_LDX, address(size), IR_NONE, IR_NONE, size, 0)); break;
    case 1: {
        ir_ref at = address(size);

        keep(ir_emit(&rb, IR_LDX, at, IR_NONE, IR_NONE, size, 0));
        keep(ir_emit(&rb, IR_STX, at, any(IR_I64), IR_NONE, size, 0));
        break;
    }
    case 2: keep(ir_emit(&rb, IR_STX, address(size), any(IR_I64), IR_NONE, size, 0)); break;
    case 3: {
        ir_ref at = address(16);

        keep(ir_emit(&rb, IR_LDX128, at, IR_NONE, IR_NONE, 0, 0));
        keep(ir_emit(&rb, IR_STX128, at, any(IR_V128), IR_NONE, 0, 0));
        break;
    }
    case 4: {
        ir_ref at = address(size);
        ir_ref expected = below(2) ? ir_emit(&rb,
                                             size == 8   ? IR_LD64
                                             : size == 4 ? IR_LD32
                                                         : IR_LD16,
                                             at, IR_NONE, IR_NONE, 0, 0)
                                   : any(IR_I64);

        keep(ir_emit(&rb, IR_CAS, at, expected, any(IR_I64), size, 0));
        break;
    }
    case 5: keep(ir_emit(&rb, IR_CAS128, address(16), any(IR_V128), any(IR_V128), 0, 0)); break;
    case 6:
        keep(ir_emit(&rb, IR_ATOMIC, address(size), any(IR_I64), IR_NONE,
                     size | (uint64_t)below(IR_ATOMIC_SWP + 1) << 8, 0));
        break;
    case 7:
    case 8: {
        enum ir_op op = stores[below(ARRAY_SIZE(stores))];

        ir_emit(&rb, op, address(8), any(ir_rows[op].arg[1]), IR_NONE, disp, aux);
        break;
    }
    default:
        keep(
            ir_emit(&rb, loads[below(ARRAY_SIZE(loads))], address(8), IR_NONE, IR_NONE, disp, aux));
        break;
    }
}

static void touch_state(void)
{
    switch (below(8)) {
    case 0:
        ir_emit(&rb, IR_STS32, any(IR_I32), IR_NONE, IR_NONE,
                offsetof(struct a64_state, host_mxcsr), 0);
        break;
    case 1:
        ir_emit(&rb, IR_STS64, any(IR_I64), IR_NONE, IR_NONE, offsetof(struct a64_state, tpidr_el0),
                0);
        break;
    case 2: keep(ir_op0(&rb, IR_LDS64, offsetof(struct a64_state, tpidrro_el0))); break;
    case 3: keep(ir_op0(&rb, IR_LDS32, offsetof(struct a64_state, tpidr_el1))); break;
    case 4:
        keep(ir_op0(&rb, IR_PCREL, (uint64_t)(sign_extend(random64(), 33) >> below(16))));
        break;
    case 5: ir_op0(&rb, below(2) ? IR_FENCE : IR_CLREX, 0); break;
    default: break;
    }
}

/* As CCMP is translated: a comparison or a constant by a condition on the flags as they are. */
static void compare_by_condition(void)
{
    static const enum ir_op ops[] = {IR_NZCV_SUB32, IR_NZCV_SUB64, IR_NZCV_ADD32, IR_NZCV_ADD64};
    enum ir_op op = ops[below(4)];
    ir_ref x = any(ir_rows[op].arg[0]), y = any(ir_rows[op].arg[1]);
    ir_ref first =
        below(2) ? ir_op2(&rb, ops[below(2) * 2 + 1], any(IR_I64), any(IR_I64)) : any(IR_FLAGS);

    ir_setf(&rb, first);
    ir_setf(&rb, ir_emit(&rb, IR_NZCV_SEL, ir_getf(&rb), ir_op2(&rb, op, x, y), IR_NONE,
                         (uint64_t)below(16) << 28, below(15)));
}

static void set_state(void)
{
    if (below(6) == 0) {
        compare_by_condition();
    }

    for (unsigned n = below(4); n > 0; n--) {
        ir_setx(&rb, below(32), any(IR_I64));
    }
    if (below(3) == 0) {
        ir_setf(&rb, any(IR_FLAGS));
    }
    if (below(4) == 0) {
        ir_setv(&rb, below(32), any(IR_V128));
    }
    if (below(4) == 0) {
        ir_setx(&rb, below(32), ir_op1(&rb, IR_ZEXT32, any(IR_I32)));
    }
}

/* A register's low bits count down, so that the branch to the block's start is not taken for ever.
 */
static ir_ref count_down(void)
{
    unsigned slot = below(32);
    ir_ref left =
        ir_op2(&rb, IR_SUB64, ir_op2(&rb, IR_AND64, ir_getx(&rb, slot), ir_const64(&rb, 15)),
               ir_const64(&rb, 1));

    ir_setx(&rb, slot, left);
    return left;
}

static unsigned side_exits;
static bool side_loop; /* one of them goes to the block's start */

static void jump_to_register(enum ir_ind kind)
{
    ir_ref target = any(IR_I64);

    if (kind == IR_IND_CALL) {
        ir_setx(&rb, 30, any(IR_I64));
    }
    ir_emit(&rb, IR_BRIND, target, IR_NONE, IR_NONE, 0, kind);
}

static void end_block(unsigned offset)
{
    uint64_t here = offset & 0xffc, taken = below(2048) & ~3u, next = (offset + 4) & 0xffc;

    taken = below(5) ? taken : rb.block->start;
    switch (below(11)) {
    case 9: {
        ir_ref left = count_down();

        ir_emit(&rb, IR_BRZ64, left, IR_NONE, IR_NONE, IR_TARGETS(rb.block->start, next), 1);
        break;
    }
    case 10: {
        ir_ref flags = ir_op2(&rb, IR_NZCV_SUB64, count_down(), ir_const64(&rb, 0));

        if (below(2)) {
            ir_setf(&rb, flags);
        }
        if (below(2)) {
            ir_op0(&rb, IR_INSN, offset + 4);
        }
        ir_emit(&rb, IR_BRCOND, flags, IR_NONE, IR_NONE, IR_TARGETS(rb.block->start, next),
                below(2) ? COND_NE : COND_GT);
        break;
    }
    case 0:
        if (below(2)) {
            ir_setx(&rb, 30, ir_op0(&rb, IR_PCREL, next));
            ir_emit(&rb, IR_JUMP, IR_NONE, IR_NONE, IR_NONE, taken, IR_IND_CALL);
        } else {
            ir_op0(&rb, IR_JUMP, taken);
        }
        break;
    case 1:
        ir_emit(&rb, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, IR_TARGETS(taken, next),
                below(16));
        break;
    case 2:
        ir_emit(&rb, IR_BRZ32, any(IR_I32), IR_NONE, IR_NONE, IR_TARGETS(taken, next), below(2));
        break;
    case 3:
        ir_emit(&rb, IR_BRZ64, any(IR_I64), IR_NONE, IR_NONE, IR_TARGETS(taken, next), below(2));
        break;
    case 4:
        ir_emit(&rb, IR_BRBIT, any(IR_I64), IR_NONE, IR_NONE, IR_TARGETS(taken, 0x1000),
                below(128));
        break;
    case 5:
        if (side_loop) { /* the tests tell a register's jumps to the start from loops by the row */
            ir_op0(&rb, IR_JUMP, taken);
        } else {
            jump_to_register((enum ir_ind)below(3));
        }
        break;
    case 6: ir_emit(&rb, IR_EXIT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_UNDEF); break;
    case 7: ir_emit(&rb, IR_EXIT_NEXT, IR_NONE, IR_NONE, IR_NONE, edge(), EXIT_SVC); break;
    default:
        ir_emit(&rb, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, IR_TARGETS(here - 0x2000, next),
                below(14));
        break;
    }
}

/* Taken, the block is left here; at times for its own start, the next page or one before. */
static void side_exit(unsigned offset)
{
    uint64_t taken = below(6) ? below(1024) * 4 : offset - 0x1800 + below(2) * 0x2000;
    uint64_t ways;

    taken = below(4) ? taken : rb.block->start;
    ways = IR_TARGETS(taken, offset + 4);
    side_loop = side_loop || taken == rb.block->start;
    side_exits++;
    switch (below(4)) {
    case 0: ir_emit(&rb, IR_BRZ32, any(IR_I32), IR_NONE, IR_NONE, ways, below(2)); break;
    case 1: ir_emit(&rb, IR_BRBIT, any(IR_I64), IR_NONE, IR_NONE, ways, below(128)); break;
    case 2: ir_emit(&rb, IR_BRZ64, any(IR_I64), IR_NONE, IR_NONE, ways, below(2)); break;
    default: ir_emit(&rb, IR_BRCOND, any(IR_FLAGS), IR_NONE, IR_NONE, ways, below(COND_AL)); break;
    }
}

/* Most blocks begin at offset 0x800, which no branch of theirs goes to: a self loop need not end.
 */
void random_block(struct ir_block *block)
{
    unsigned offset = 0x802 & ~3u, guests = 1 + below(below(4) ? 8 : 40);

    side_exits = 0;
    side_loop = false;
    rows_begin(block, offset);
    for (unsigned n = 0; n < guests && rb.block->count < IR_MAX_INSNS - 2 * IR_INSN_SLACK;
         n++, offset += 4) {
        ir_op0(&rb, IR_INSN, offset);
        if (n == 0 && below(3)) {
            ir_getf(&rb); /* as translations do */
        }
        if (n == 0 || below(12) == 0) {
            rows_find();
        }
        for (unsigned k = below(4); k > 0; k--) {
            compute();
        }
        if (below(3) == 0) {
            access_memory();
        }
        touch_state();
        set_state();
        if (below(12) == 0) {
            keep(ir_call_sync(&rb, HELPER_sysreg_read, (uint32_t)edge(), any(IR_I64), any(IR_I32),
                              below(2) ? any(IR_I64) : IR_NONE));
        }
        if (n + 1 < guests && below(5) == 0 && side_exits < IR_MAX_EXITS &&
            rb.block->count < IR_MAX_INSNS - 2 * IR_INSN_SLACK - 8) {
            side_exit(offset);
        }
    }
    end_block(offset - 4);
}
