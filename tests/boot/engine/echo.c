/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest to talk to: says back what it is told; Q switches it off, R resets it, F fills the line.
 */
#include "dbt/platform/vm/console.h"
#include "dbt/platform/vm/hypercall.h"
#include "tests/boot/engine/engine.h"

#define FILL_LINES 2000u

/* More than the console's scroll-back holds, each line numbered, so that a lost one is seen. */
static void fill(void)
{
    for (unsigned i = 0; i < FILL_LINES; i++) {
        say("%s: line %u of %u, padded so that all of them are more than the line takes at once",
            boot->name, i, FILL_LINES);
    }
}

static void answer(char c)
{
    switch (c) {
    case 'Q': hypercall_stop(ABI_STOP_POWEROFF, 0);
    case 'R': hypercall_stop(ABI_STOP_RESET, 0);
    case 'F': fill(); break;
    default: say("%s: heard '%c'", boot->name, c);
    }
}

void echo(void)
{
    for (;;) {
        char c;
        while (console_read(&c, 1) != 0) {
            answer(c);
        }
        (void)__atomic_exchange_n(&my_page()->pending, 0, __ATOMIC_SEQ_CST);
        if (console_read(&c, 1) != 0) {
            answer(c);
            continue;
        }
        hypercall(ABI_CALL_WAIT, 0, 0, 0, NULL);
    }
}
