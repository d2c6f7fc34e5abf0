/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/cli.c: keys go in; a small terminal shows what the user sees; lines come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "kernel/cli.h"

static struct cli cli;
static char screen[1024]; /* the terminal's last row */
static size_t column;
static char executed[4096]; /* lines, each with a '|' */
static char listed[1024];   /* what has scrolled away */

/* A terminal row that knows CR, LF, ESC [ K and ESC [ n C. */
static void terminal(void *context, const char *text, size_t size)
{
    (void)context;
    for (size_t n = 0; n < size; n++) {
        if (text[n] == '\r') {
            column = 0;
        } else if (text[n] == '\n') {
            strcat(strcat(listed, screen), "|");
            memset(screen, 0, sizeof(screen));
        } else if (text[n] == '\033') {
            unsigned number = 0;
            for (n += 2; text[n] >= '0' && text[n] <= '9'; n++) {
                number = number * 10 + (unsigned)(text[n] - '0');
            }
            if (text[n] == 'K') {
                memset(screen + column, 0, sizeof(screen) - column);
            } else if (text[n] == 'C') {
                column += number;
            }
        } else {
            screen[column++] = text[n];
        }
    }
}

static void execute(void *context, const char *line)
{
    (void)context;
    strcat(strcat(executed, line), "|");
}

static const char *complete(void *context, const char *line, size_t start, unsigned index)
{
    static const char *const words[] = {"help", "history", "list", "log", "logs", "memory"};
    (void)context;
    if (start != 0) {
        return NULL;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(words); n++) {
        if (strncmp(words[n], line, strlen(line)) == 0 && index-- == 0) {
            return words[n];
        }
    }
    return NULL;
}

static const struct cli_ops ops = {terminal, execute, complete};

static int setup(void **state)
{
    (void)state;
    memset(screen, 0, sizeof(screen));
    column = 0;
    executed[0] = 0;
    listed[0] = 0;
    cli_init(&cli, &ops, NULL, "> ");
    return 0;
}

static void type(const char *keys)
{
    cli_input(&cli, keys, strlen(keys));
}

/* The row, and the cursor's column after the prompt. */
static void expect(const char *row, size_t cursor)
{
    assert_string_equal(screen, row);
    assert_int_equal(column, cursor + 2);
}

static void plain_lines(void **state)
{
    (void)state;
    type("list");
    expect("> list", 4);
    type("\r");
    expect("> ", 0);
    type("log\r\nstats 1\n\n");
    assert_string_equal(executed, "list|log|stats 1||");
    assert_string_equal(listed, "> list|> log|> stats 1|> |"); /* also what came in one piece */
}

/* Nothing goes beyond the row: the part around the cursor is seen. */
static void a_long_line(void **state)
{
    (void)state;
    char row[80] = "> ";
    for (unsigned n = 0; n < 10; n++) {
        type("0123456789");
    }
    for (unsigned n = 0; n < 77; n++) {
        row[2 + n] = (char)('0' + (23 + n) % 10);
    }
    expect(row, 77);
    type("\033[H");
    for (unsigned n = 0; n < 77; n++) {
        row[2 + n] = (char)('0' + n % 10);
    }
    expect(row, 0);
    type("\r");
    assert_int_equal(strlen(executed), 101);
}

static void editing(void **state)
{
    (void)state;
    type("abcd\033[D\033[DX");
    expect("> abXcd", 3);
    type("\177\033[H1\033[F2");
    expect("> 1abcd2", 6);
    type("\033[1~\033[3~");
    expect("> abcd2", 0);
    type("\005 two words\027");
    expect("> abcd2 two ", 10);
    type("\002\002\002\013");
    expect("> abcd2 t", 7);
    type("\033[D\025");
    expect("> t", 0);
    type("\004");
    expect("> ", 0);
    type("\177\004\033[D\033[C\027");
    expect("> ", 0);
    type("half\003");
    expect("> ", 0);
    assert_string_equal(executed, "");
}

static void history(void **state)
{
    (void)state;
    type("one\rtwo\rtwo\rdraft");
    type("\033[A");
    expect("> two", 3);
    type("\033[A");
    expect("> one", 3);
    type("\033[A");
    expect("> one", 3);
    type("\020\016\033[B");
    expect("> draft", 5);
    type("\033[B");
    expect("> draft", 5);
    type("\033OA!\r");
    assert_string_equal(executed, "one|two|two|two!|");
    for (unsigned n = 0; n < 100; n++) {
        char text[8] = {'l', (char)('0' + n / 10), (char)('0' + n % 10), '\r', 0};
        executed[0] = 0;
        type(text);
    }
    for (unsigned n = 0; n < 100; n++) {
        type("\033[A");
    }
    expect("> l68", 3); /* the 32 newest */
}

static void completion(void **state)
{
    (void)state;
    type("m\t");
    expect("> memory ", 7);
    type("\025l\t");
    expect("> l", 1);
    assert_non_null(strstr(listed, "list  log  logs|"));
    type("o\t");
    expect("> log", 3);
    type("\025h\t\t");
    expect("> h", 1);
    type("\025zz\t");
    expect("> zz", 2);
    type("\025me 5\033[D\033[D\t");
    expect("> memory  5", 7); /* in the middle of a line, what follows stays */
}

static void a_line_has_an_end(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 2 * CLI_LINE_MAX; n++) {
        type("x");
    }
    type("\r");
    assert_int_equal(strlen(executed), CLI_LINE_MAX - 1 + 1);
}

static void random_keys(void **state)
{
    (void)state;
    static const char often[] = "\033[ABCDHF~3\t\r\b\177\001\002\005\013\025\027 hlm";
    srand(7);
    for (unsigned n = 0; n < 200000; n++) {
        char key = rand() % 3 ? often[(size_t)rand() % (sizeof(often) - 1)] : (char)rand();
        memset(screen, 0, sizeof(screen));
        executed[0] = 0;
        listed[0] = 0;
        cli_input(&cli, &key, 1);
        assert_true(cli.cursor <= cli.length && cli.length < CLI_LINE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_lines, setup),
        cmocka_unit_test_setup(a_long_line, setup),
        cmocka_unit_test_setup(editing, setup),
        cmocka_unit_test_setup(history, setup),
        cmocka_unit_test_setup(completion, setup),
        cmocka_unit_test_setup(a_line_has_an_end, setup),
        cmocka_unit_test_setup(random_keys, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
