/* SPDX-License-Identifier: BSD-2-Clause */
/* Line editing. The line is drawn anew from its start at each change: a line is short, a terminal
 * at 115200 fast, and nothing can then get out of step. */
#include "kernel/cli.h"

#include "exarch/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define CTRL(letter) ((letter) - 'A' + 1)
#define ESC          0x1b
#define DEL          0x7f
#define ROW          79u /* columns, of terminals of 80: in the last one a terminal may wrap */

enum escape_state { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_CSI };

static void say(struct cli *cli, const char *text)
{
    cli->ops->write(cli->context, text, strlen(text));
}

/* A line that is longer than the row is seen around the cursor. */
void cli_redraw(struct cli *cli)
{
    char move[16];
    size_t indent = strlen(cli->prompt);
    size_t room = ROW - indent;
    size_t start = cli->cursor > room ? cli->cursor - room : 0;
    size_t column = indent + cli->cursor - start;
    say(cli, "\r");
    say(cli, cli->prompt);
    cli->ops->write(cli->context, cli->line + start, MIN(cli->length - start, room));
    say(cli, "\033[K\r");
    if (column != 0) {
        format_buffer(move, sizeof(move), "\033[%zuC", column);
        say(cli, move);
    }
}

/* What was typed in one piece is not drawn yet when something is said below it. */
static void leave_row(struct cli *cli)
{
    cli_redraw(cli);
    say(cli, "\r\n");
}

void cli_init(struct cli *cli, const struct cli_ops *ops, void *context, const char *prompt)
{
    memset(cli, 0, sizeof(*cli));
    cli->ops = ops;
    cli->context = context;
    cli->prompt = prompt;
}

/* --- editing ------------------------------------------------------------------------------------
 */

static void insert(struct cli *cli, const char *text, size_t size)
{
    size = MIN(size, CLI_LINE_MAX - 1 - cli->length);
    memmove(cli->line + cli->cursor + size, cli->line + cli->cursor, cli->length - cli->cursor);
    memcpy(cli->line + cli->cursor, text, size);
    cli->length += size;
    cli->cursor += size;
}

/* Removes what lies between two positions; the cursor ends at the first. */
static void cut(struct cli *cli, size_t from, size_t to)
{
    memmove(cli->line + from, cli->line + to, cli->length - to);
    cli->length -= to - from;
    cli->cursor = from;
}

/* Where the word left of the cursor starts. */
static size_t word_start(const struct cli *cli)
{
    size_t at = cli->cursor;
    while (at > 0 && cli->line[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && cli->line[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void set_line(struct cli *cli, const char *text)
{
    cli->length = MIN(strlen(text), (size_t)CLI_LINE_MAX - 1);
    memcpy(cli->line, text, cli->length);
    cli->cursor = cli->length;
}

/* --- history ------------------------------------------------------------------------------------
 */

/* The n-th last line, from 1. */
static char *past_line(struct cli *cli, unsigned n)
{
    return cli->history[(cli->history_count - n) % CLI_HISTORY_MAX];
}

static void remember(struct cli *cli)
{
    if (cli->length == 0 ||
        (cli->history_count != 0 && strcmp(past_line(cli, 1), cli->line) == 0)) {
        return;
    }
    memcpy(cli->history[cli->history_count % CLI_HISTORY_MAX], cli->line, cli->length + 1);
    cli->history_count++;
}

/* Older (+1) or newer (-1). */
static void browse(struct cli *cli, int by)
{
    unsigned kept = MIN(cli->history_count, CLI_HISTORY_MAX);
    if ((by > 0 && cli->history_at == kept) || (by < 0 && cli->history_at == 0)) {
        return;
    }
    if (cli->history_at == 0) {
        memcpy(cli->draft, cli->line, cli->length);
        cli->draft[cli->length] = 0;
    }
    cli->history_at = (unsigned)((int)cli->history_at + by);
    set_line(cli, cli->history_at == 0 ? cli->draft : past_line(cli, cli->history_at));
}

/* --- completion ---------------------------------------------------------------------------------
 */

/* How far all completions of a line's word agree, and how many there are. */
static size_t common_part(struct cli *cli, const char *line, size_t start, const char **first,
                          unsigned *count)
{
    size_t common = 0;
    *first = cli->ops->complete(cli->context, line, start, 0);
    for (*count = 0;; ++*count) {
        const char *word = cli->ops->complete(cli->context, line, start, *count);
        if (word == NULL) {
            return common;
        }
        size_t same = 0;
        while (word[same] != 0 && word[same] == (*first)[same]) {
            same++;
        }
        common = *count == 0 ? strlen(word) : MIN(common, same);
    }
}

static void complete(struct cli *cli)
{
    const char *first;
    unsigned count;
    char line[CLI_LINE_MAX]; /* up to the cursor */
    size_t start =
        cli->cursor > 0 && cli->line[cli->cursor - 1] == ' ' ? cli->cursor : word_start(cli);

    memcpy(line, cli->line, cli->cursor);
    line[cli->cursor] = 0;
    size_t common = common_part(cli, line, start, &first, &count);
    size_t typed = cli->cursor - start;
    if (count > 1 && common == typed) {
        leave_row(cli);
        for (unsigned n = 0; n < count; n++) {
            say(cli, cli->ops->complete(cli->context, line, start, n));
            say(cli, n + 1 < count ? "  " : "\r\n");
        }
    }
    if (count != 0 && common > typed) {
        insert(cli, first + typed, common - typed);
    }
    if (count == 1) {
        insert(cli, " ", 1);
    }
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static void end_line(struct cli *cli)
{
    cli->line[cli->length] = 0;
    remember(cli);
    leave_row(cli);
    cli->ops->execute(cli->context, cli->line);
    cli->length = 0;
    cli->cursor = 0;
    cli->history_at = 0;
}

static void step_left(struct cli *cli)
{
    cli->cursor -= cli->cursor > 0;
}

static void step_right(struct cli *cli)
{
    cli->cursor += cli->cursor < cli->length;
}

static void step_home(struct cli *cli)
{
    cli->cursor = 0;
}

static void step_end(struct cli *cli)
{
    cli->cursor = cli->length;
}

static void erase_left(struct cli *cli)
{
    if (cli->cursor > 0) {
        cut(cli, cli->cursor - 1, cli->cursor);
    }
}

static void erase_here(struct cli *cli)
{
    if (cli->cursor < cli->length) {
        cut(cli, cli->cursor, cli->cursor + 1);
    }
}

static void erase_to_end(struct cli *cli)
{
    cut(cli, cli->cursor, cli->length);
}

static void erase_to_start(struct cli *cli)
{
    cut(cli, 0, cli->cursor);
}

static void erase_word(struct cli *cli)
{
    cut(cli, word_start(cli), cli->cursor);
}

static void older(struct cli *cli)
{
    browse(cli, 1);
}

static void newer(struct cli *cli)
{
    browse(cli, -1);
}

static void clear_screen(struct cli *cli)
{
    say(cli, "\033[2J\033[H");
}

static void give_up_line(struct cli *cli)
{
    say(cli, "^C\r\n");
    cli->length = 0;
    cli->cursor = 0;
    cli->history_at = 0;
}

struct key {
    char byte;
    void (*act)(struct cli *cli);
};

// clang-format off
static const struct key keys[] = {
    {'\r', end_line},        {'\n', end_line},        {'\t', complete},
    {'\b', erase_left},      {DEL, erase_left},       {CTRL('C'), give_up_line},
    {CTRL('B'), step_left},  {CTRL('F'), step_right}, {CTRL('E'), step_end},
    {CTRL('D'), erase_here}, {CTRL('K'), erase_to_end}, {CTRL('U'), erase_to_start},
    {CTRL('W'), erase_word}, {CTRL('P'), older},      {CTRL('N'), newer},
    {CTRL('L'), clear_screen},
};

/* The last byte of a control sequence without parameter. */
static const struct key cursor_keys[] = {
    {'A', older}, {'B', newer}, {'C', step_right}, {'D', step_left}, {'H', step_home}, {'F', step_end},
};

/* The parameter of one that ends in '~'. */
static const struct key numbered_keys[] = {
    {1, step_home}, {3, erase_here}, {4, step_end}, {7, step_home}, {8, step_end},
};
// clang-format on

static void press(struct cli *cli, const struct key *table, size_t count, char byte)
{
    for (size_t n = 0; n < count; n++) {
        if (table[n].byte == byte) {
            table[n].act(cli);
            return;
        }
    }
}

static void escape(struct cli *cli, char byte)
{
    if (cli->escape == ESCAPE_SEEN) {
        cli->escape = byte == '[' || byte == 'O' ? ESCAPE_CSI : ESCAPE_NONE;
        cli->escape_parameter = 0;
    } else if (byte >= '0' && byte <= '9') {
        cli->escape_parameter = MIN(cli->escape_parameter * 10 + (unsigned)(byte - '0'), 99u);
    } else if (byte >= '@' && byte <= '~') {
        cli->escape = ESCAPE_NONE;
        if (byte == '~') {
            press(cli, numbered_keys, ARRAY_SIZE(numbered_keys), (char)cli->escape_parameter);
        } else {
            press(cli, cursor_keys, ARRAY_SIZE(cursor_keys), byte);
        }
    }
}

static void take(struct cli *cli, char byte)
{
    bool second_end = byte == '\n' && cli->last_byte == '\r';
    cli->last_byte = byte;
    if (byte == ESC) {
        cli->escape = ESCAPE_SEEN;
    } else if (cli->escape != ESCAPE_NONE) {
        escape(cli, byte);
    } else if ((unsigned char)byte >= ' ' && byte != DEL) {
        insert(cli, &byte, 1);
    } else if (!second_end) {
        press(cli, keys, ARRAY_SIZE(keys), byte);
    }
}

void cli_input(struct cli *cli, const char *bytes, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        take(cli, bytes[n]);
    }
    cli_redraw(cli);
}
