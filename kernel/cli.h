/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Line editing on a terminal: cursor keys, Emacs keys, history, completion. Knows no commands and
 * no device: bytes go in, terminal text and whole lines come out by callbacks.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLI_LINE_MAX    256u
#define CLI_HISTORY_MAX 32u

struct cli;

struct cli_ops {
    void (*write)(void *context, const char *text, size_t size);
    /* A whole line, without its end; may write. */
    void (*execute)(void *context, const char *line);
    /*
     * The `index`th completion (from 0) of the word that starts at word_start of the line, which
     * ends at the cursor; NULL when there are no more. The result is the whole word.
     */
    const char *(*complete)(void *context, const char *line, size_t word_start, unsigned index);
};

struct cli {
    const struct cli_ops *ops;
    void *context;
    const char *prompt;
    size_t length, cursor;
    unsigned escape; /* where in a control sequence we are */
    unsigned escape_parameter;
    char last_byte; /* to take CR LF as one end of line */
    unsigned history_count, history_at;
    char line[CLI_LINE_MAX];
    char draft[CLI_LINE_MAX]; /* the line being typed, while older ones are looked at */
    char history[CLI_HISTORY_MAX][CLI_LINE_MAX];
};

void cli_init(struct cli *cli, const struct cli_ops *ops, void *context, const char *prompt);

/* Bytes from the terminal. */
void cli_input(struct cli *cli, const char *bytes, size_t size);

/* Draws prompt and line anew, after something else wrote to the terminal. */
void cli_redraw(struct cli *cli);
