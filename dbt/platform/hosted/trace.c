/* SPDX-License-Identifier: BSD-2-Clause */
/* --trace: guest instructions, IR and host code of new translations, on standard error. */
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "dbt/ir/ir.h"
#include "dbt/platform/hosted/hosted.h"
#include "dbt/vcpu.h"

enum { TRACE_INSN = 1, TRACE_IR = 2, TRACE_X86 = 4, TRACE_ALL = 7 };

static unsigned wanted;
static uint64_t from, to = UINT64_MAX;

static bool take_word(const char *word)
{
    static const struct {
        const char *name;
        unsigned what;
    } rows[] = {{"insn", TRACE_INSN}, {"ir", TRACE_IR}, {"x86", TRACE_X86}, {"all", TRACE_ALL}};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!strcmp(word, rows[i].name)) {
            wanted |= rows[i].what;
            return true;
        }
    }
    char *end;
    if (strncmp(word, "pa=", 3)) {
        return false;
    }
    from = strtoull(word + 3, &end, 0);
    if (*end == '-') {
        to = strtoull(end + 1, &end, 0);
    }
    return *end == 0;
}

bool hosted_trace_set(const char *text)
{
    char words[256];
    snprintf(words, sizeof(words), "%s", text);
    for (char *rest = words, *word; (word = strsep(&rest, ","));) {
        if (!take_word(word)) {
            return false;
        }
    }
    wanted = wanted ? wanted : TRACE_ALL;
    return true;
}

static void show_guest(const struct vcpu *vcpu, uint64_t pa, unsigned count)
{
    csh capstone;
    cs_insn *insn;
    if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &capstone) != CS_ERR_OK) {
        return;
    }
    for (unsigned i = 0; i < count; i++, pa += 4) {
        const uint8_t *word = vm_ram(vcpu->vm, pa, 4);
        uint64_t pc = vcpu->st->pc + i * 4;
        if (word && cs_disasm(capstone, word, 4, pc, 1, &insn)) {
            fprintf(stderr, "  %016lx %08x  %s %s\n", (unsigned long)pc,
                    *(const uint32_t *)(const void *)word, insn->mnemonic, insn->op_str);
            cs_free(insn, 1);
        } else if (word) {
            fprintf(stderr, "  %016lx %08x\n", (unsigned long)pc,
                    *(const uint32_t *)(const void *)word);
        }
    }
    cs_close(&capstone);
}

static void show_ir(const struct ir_block *ir)
{
    char line[256];
    for (unsigned i = 0; i < ir->count; i++) {
        ir_print(ir, i, line, sizeof(line));
        fprintf(stderr, "    %s\n", line);
    }
}

static void show_host(const struct x64_code *code)
{
    ZydisDecoder decoder;
    ZydisFormatter formatter;
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    for (uint32_t at = 0; at < code->text; at += insn.length) {
        char text[256];
        if (!ZYAN_SUCCESS(
                ZydisDecoderDecodeFull(&decoder, code->rw + at, code->text - at, &insn, operand))) {
            fprintf(stderr, "      %6x  (bad)\n", at);
            insn.length = 1;
            continue;
        }
        ZydisFormatterFormatInstruction(&formatter, &insn, operand, insn.operand_count_visible,
                                        text, sizeof(text), code->rx + at, NULL);
        fprintf(stderr, "      %6x  %s\n", at, text);
    }
}

void plat_trace_block(const struct vcpu *vcpu, uint64_t pa, const struct ir_block *ir,
                      const struct x64_code *code)
{
    if (!wanted || pa < from || pa > to) {
        return;
    }
    fprintf(stderr, "block pa %lx pc %lx flags %x: %u instructions\n", (unsigned long)pa,
            (unsigned long)vcpu->st->pc, vcpu->tr_flags, ir->guest_count);
    if (wanted & TRACE_INSN) {
        show_guest(vcpu, pa, ir->guest_count);
    }
    if (wanted & TRACE_IR) {
        show_ir(ir);
    }
    if (wanted & TRACE_X86 && code) {
        show_host(code);
    }
}
