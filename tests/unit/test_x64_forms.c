/* SPDX-License-Identifier: BSD-2-Clause */
/* Every line of the tables of x86 forms: assembled with random operands, disassembled by Zydis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>

#include "dbt/x64/x64.h"

enum shape {
    SHAPE_RM,
    SHAPE_MR,
    SHAPE_M,
    SHAPE_MI,
    SHAPE_MI8,
    SHAPE_MI32,
    SHAPE_RMI,
    SHAPE_RMI32,
    SHAPE_MRI,
    SHAPE_O,
    SHAPE_Z,
    SHAPE_RVM,
    SHAPE_RMV,
    SHAPE_RVMI,
    SHAPE_VMI,
    SHAPE_RVMR,
};

static const struct {
    const char *mnemonic;
    enum shape shape;
    x86_form form;
} forms[] = {
#define FORM(name, mnemonic, shape, pp, map, opcode, digit, flags)                                 \
    {mnemonic, SHAPE_##shape, X_##name},
#include "dbt/x64/forms.inc"
#undef FORM
};

static struct x64 *c;
static struct x64_code code;
static uint8_t buffer[2048];
static uint64_t seed = 1;

static unsigned below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(seed >> 33) % n;
}

struct operands {
    unsigned reg, vvvv, rm, imm8;
    int32_t imm32;
    bool is_mem;
    struct x86_mem mem;
};

static struct operands random_operands(x86_form form)
{
    static const int32_t disps[] = {0, 8, -8, 127, -128, 128, -129, 0x12345678, INT32_MIN};
    unsigned xmm = form & XF_EVEX ? 32 : 16;
    struct operands o = {
        .reg = below(form & XF_RX ? xmm : 16),
        .vvvv = below(form & XF_VX ? xmm : 16),
        .rm = below(form & XF_X ? xmm : 16),
        .imm8 = below(128),
        .imm32 = below(2) ? (int32_t)below(256) - 128 : (int32_t)(below(1u << 30) * 4 + 3),
        .is_mem = form & XF_MEM   ? true
                  : form & XF_REG ? false
                                  : below(2),
        .mem = {.disp = disps[below(ARRAY_SIZE(disps))],
                .base = (uint8_t)below(16),
                .index = X86_NONE},
    };

    if (below(2)) {
        o.mem.index = (uint8_t)below(16);
        o.mem.index = o.mem.index == RSP ? R13 : o.mem.index;
        o.mem.scale = (uint8_t)below(4);
    }
    if (below(8) == 0) {
        o.mem.base = X86_NONE;
    }
    return o;
}

/* --- what is emitted, by shape; false where the shape has no memory form of ours --- */
static void emit_shape(enum shape shape, x86_form form, struct operands *o)
{
    switch (shape) {
    case SHAPE_RM:
    case SHAPE_MR:
        o->is_mem ? emit_rm(c, form, o->reg, o->mem) : emit_rr(c, form, o->reg, o->rm);
        break;
    case SHAPE_M: o->is_mem ? emit_m(c, form, o->mem) : emit_r(c, form, o->rm); break;
    case SHAPE_MI:
        o->is_mem ? emit_mi(c, form, o->mem, o->imm32) : emit_ri(c, form, o->rm, o->imm32);
        break;
    case SHAPE_MI8:
        o->is_mem ? emit_mi8(c, form, o->mem, o->imm8) : emit_ri8(c, form, o->rm, o->imm8);
        break;
    case SHAPE_MI32:
        o->is_mem ? emit_mi32(c, form, o->mem, o->imm32) : emit_ri32(c, form, o->rm, o->imm32);
        break;
    case SHAPE_RMI:
    case SHAPE_MRI:
        o->is_mem ? emit_rmi(c, form, o->reg, o->mem, o->imm8)
                  : emit_rri(c, form, o->reg, o->rm, o->imm8);
        break;
    case SHAPE_RMI32:
        o->is_mem = false;
        emit_rri32(c, form, o->reg, o->rm, o->imm32);
        break;
    case SHAPE_O: emit_o(c, form, o->reg); break;
    case SHAPE_Z: emit_op(c, form); break;
    case SHAPE_RVM:
    case SHAPE_RMV:
        o->is_mem ? emit_vrm(c, form, o->reg, o->vvvv, o->mem)
                  : emit_vrr(c, form, o->reg, o->vvvv, o->rm);
        break;
    case SHAPE_RVMR: o->imm8 = (o->imm8 & 15) << 4; /* fall through */
    case SHAPE_RVMI:
        o->is_mem ? emit_vrmi(c, form, o->reg, o->vvvv, o->mem, o->imm8)
                  : emit_vrri(c, form, o->reg, o->vvvv, o->rm, o->imm8);
        break;
    case SHAPE_VMI:
        o->is_mem = false;
        emit_vri(c, form, o->vvvv, o->rm, o->imm8);
        break;
    }
}

/* --- what it should be: a letter for each operand, in the manual's order --- */
static const char *const order[] = {
    [SHAPE_RM] = "rm",   [SHAPE_MR] = "mr",     [SHAPE_M] = "m",     [SHAPE_MI] = "mI",
    [SHAPE_MI8] = "mi",  [SHAPE_MI32] = "mI",   [SHAPE_RMI] = "rmi", [SHAPE_RMI32] = "rmI",
    [SHAPE_MRI] = "mri", [SHAPE_O] = "r",       [SHAPE_Z] = "",      [SHAPE_RVM] = "rvm",
    [SHAPE_RMV] = "rmv", [SHAPE_RVMI] = "rvmi", [SHAPE_VMI] = "vmi", [SHAPE_RVMR] = "rvmR",
};

static char failure[256];

static bool is_register(const ZydisDecodedOperand *op, bool vector, unsigned number)
{
    ZydisRegister full =
        ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, op->reg.value);

    return op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetClass(full) == (vector ? ZYDIS_REGCLASS_ZMM : ZYDIS_REGCLASS_GPR64) &&
           (unsigned)ZydisRegisterGetId(full) == number;
}

static bool is_memory(const ZydisDecodedOperand *op, struct x86_mem mem)
{
    unsigned base =
        op->mem.base == ZYDIS_REGISTER_NONE ? X86_NONE : (unsigned)ZydisRegisterGetId(op->mem.base);
    unsigned index = op->mem.index == ZYDIS_REGISTER_NONE
                         ? X86_NONE
                         : (unsigned)ZydisRegisterGetId(op->mem.index);

    return op->type == ZYDIS_OPERAND_TYPE_MEMORY && base == mem.base && index == mem.index &&
           (index == X86_NONE || op->mem.scale == 1u << mem.scale) &&
           op->mem.disp.value == mem.disp;
}

static bool is_operand(const ZydisDecodedOperand *op, char kind, x86_form form,
                       const struct operands *o)
{
    switch (kind) {
    case 'r': return is_register(op, form & XF_RX, o->reg);
    case 'v': return is_register(op, form & XF_VX, o->vvvv);
    case 'm': return o->is_mem ? is_memory(op, o->mem) : is_register(op, form & XF_X, o->rm);
    case 'R': return is_register(op, true, o->imm8 >> 4);
    case 'i':
        return op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && (uint8_t)op->imm.value.u == o->imm8;
    default:
        return op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && (int32_t)op->imm.value.s == o->imm32;
    }
}

/* The first operand, where it is a general register, has the form's width. */
static bool width_holds(const ZydisDecodedOperand *op, x86_form form)
{
    bool general = op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
                   ZydisRegisterGetClass(op->reg.value) != ZYDIS_REGCLASS_XMM;

    return !general || !(form & XF_W) || (op->size == 64) == !!(form & XF_W1);
}

static void check(unsigned n, x86_form form, const struct operands *o)
{
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction insn;
    ZydisDecoder decoder;
    const char *want = order[forms[n].shape];
    size_t visible = 0;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, buffer, sizeof(buffer), &insn, op))) {
        fail_msg("%s: not decodable", forms[n].mnemonic);
    }
    assert_int_equal(insn.length, c->p - buffer);
    if (strcmp(ZydisMnemonicGetString(insn.mnemonic), forms[n].mnemonic) != 0) {
        fail_msg("%s (line %u) is %s", forms[n].mnemonic, n, ZydisMnemonicGetString(insn.mnemonic));
    }
    for (unsigned k = 0; k < insn.operand_count; k++) {
        if (op[k].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN ||
            op[k].encoding == ZYDIS_OPERAND_ENCODING_MASK ||
            (op[k].visibility == ZYDIS_OPERAND_VISIBILITY_IMPLICIT && visible >= strlen(want))) {
            continue;
        }
        if (visible >= strlen(want) || !is_operand(&op[k], want[visible], form, o) ||
            (visible == 0 && !width_holds(&op[k], form))) {
            snprintf(failure, sizeof(failure), "%s (line %u): operand %zu is wrong",
                     forms[n].mnemonic, n, visible);
            fail_msg("%s", failure);
        }
        visible++;
    }
    assert_int_equal(visible, strlen(want));
    assert_int_equal(!!(insn.attributes & ZYDIS_ATTRIB_HAS_LOCK), !!(form & XF_LOCK));
}

static void start(void)
{
    memset(buffer, 0x90, sizeof(buffer));
    c->p = buffer;
}

static void forms_are_what_they_say(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(forms); n++) {
        for (unsigned k = 0; k < 200; k++) {
            x86_form form = forms[n].form | (forms[n].form & XF_W && below(2) ? X_W : 0);
            struct operands o = random_operands(form);

            start();
            emit_shape(forms[n].shape, form, &o);
            check(n, form, &o);
        }
    }
}

static const char *text_of(const uint8_t *at)
{
    static char text[96];
    ZydisDisassembledInstruction insn;

    assert_true(ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, (uintptr_t)at, at,
                                                   (size_t)(buffer + sizeof(buffer) - at), &insn)));
    snprintf(text, sizeof(text), "%s", insn.text);
    return text;
}

static void constants_are_loaded_shortest(void **state)
{
    static const struct {
        uint64_t value;
        unsigned length;
        const char *text;
    } cases[] = {
        {0, 5, "mov ebx, 0x00"},
        {UINT32_MAX, 5, "mov ebx, 0xFFFFFFFF"},
        {UINT64_MAX, 7, "mov rbx, 0xFFFFFFFFFFFFFFFF"},
        {UINT64_C(0x100000000), 10, "mov rbx, 0x100000000"},
    };

    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        start();
        emit_const(c, RBX, cases[n].value);
        assert_int_equal(c->p - buffer, cases[n].length);
        assert_string_equal(text_of(buffer), cases[n].text);
    }
}

static void conditions_are_in_order(void **state)
{
    static const char *const names[16] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                          "s", "ns", "p", "np", "l", "nl", "le", "nle"};
    char want[32];

    (void)state;
    for (unsigned cc = 0; cc < 16; cc++) {
        start();
        emit_setcc(c, (enum x86_cc)cc, RSI);
        snprintf(want, sizeof(want), "set%s sil", names[cc]);
        assert_string_equal(text_of(buffer), want);
        start();
        emit_cmov(c, (enum x86_cc)cc, X_W, R9, RDI);
        snprintf(want, sizeof(want), "cmov%s r9, rdi", names[cc]);
        assert_string_equal(text_of(buffer), want);
    }
}

static void links_are_aligned(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 4; before++) {
        uint8_t *rel;

        start();
        c->p += before;
        rel = emit_jmp_aligned(c);
        assert_int_equal((code.rx + (uint64_t)(rel - code.rw)) % 4, 0);
        emit_bind(c, rel);
        assert_int_equal(rel[0], 0);
        start();
        c->p += before;
        rel = emit_jcc_aligned(c, CC_NE);
        assert_int_equal((code.rx + (uint64_t)(rel - code.rw)) % 4, 0);
    }
}

static void jumps_reach_backwards(void **state)
{
    char want[32];

    (void)state;
    start();
    c->p += 1500;
    emit_jcc_back(c, CC_L, buffer + 1480);
    snprintf(want, sizeof(want), "jl 0x%016lX", (uintptr_t)buffer + 1480);
    assert_string_equal(text_of(buffer + 1500), want);
    emit_jmp_back(c, buffer + 3);
    snprintf(want, sizeof(want), "jmp 0x%016lX", (uintptr_t)buffer + 3);
    assert_string_equal(text_of(buffer + 1502), want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_what_they_say), cmocka_unit_test(constants_are_loaded_shortest),
        cmocka_unit_test(conditions_are_in_order), cmocka_unit_test(links_are_aligned),
        cmocka_unit_test(jumps_reach_backwards),
    };

    c = (struct x64 *)(void *)code.work;
    c->code = &code;
    code.rw = buffer;
    code.rx = 0x1000;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
