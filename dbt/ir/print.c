/* SPDX-License-Identifier: BSD-2-Clause */
/* IR as text, for traces and for the messages of failed tests. */
#include "dbt/ir/ir.h"

#include "kernel/lib/format.h"

/* Appends to buf at *at; the text is cut where it does not fit, as format_buffer does. */
#define PUT(...)                                                                                   \
    do {                                                                                           \
        at += format_buffer(buf + at, size - (size_t)at, __VA_ARGS__);                             \
        if ((size_t)at >= size) {                                                                  \
            return (int)size - 1;                                                                  \
        }                                                                                          \
    } while (0)

int ir_print(const struct ir_block *block, unsigned i, char *buf, size_t size)
{
    const struct ir_insn *insn = &block->insn[i];
    const struct ir_row *row = &ir_rows[insn->op];
    int at = 0;

    if (size == 0) {
        return 0;
    }
    if (row->result == IR_VOID) {
        PUT("       %s", row->name);
    } else {
        PUT("%%%-4u = %s", i, row->name);
    }
    for (unsigned k = 0; k < 3; k++) {
        if (insn->arg[k] != IR_NONE) {
            PUT(" %%%u", insn->arg[k]);
        }
    }
    if (insn->imm) {
        PUT(" #%#llx", (unsigned long long)insn->imm);
    }
    if (insn->aux) {
        PUT(" /%u", insn->aux);
    }
    return at;
}
