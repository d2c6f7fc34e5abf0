/* SPDX-License-Identifier: BSD-2-Clause */
/* The one small enum of errors: functions return 0 (or a count) or the negative of one of these. */
#pragma once

// clang-format off
#define ERR_ROWS(X)                                        \
    X(NONE,    0, "no error")                              \
    X(NOMEM,   1, "out of memory")                         \
    X(INVAL,   2, "invalid argument")                      \
    X(NODEV,   3, "no such device or feature")             \
    X(NOENT,   4, "not found")                             \
    X(BUSY,    5, "busy")                                  \
    X(RANGE,   6, "out of range")                          \
    X(FORMAT,  7, "malformed data")                        \
    X(IO,      8, "input or output failed")                \
    X(TIMEOUT, 9, "no answer in time")                     \
    X(EXIST,  10, "already there")                         \
    X(ACCESS, 11, "not permitted")
// clang-format on

enum err {
#define X(name, number, text) ERR_##name = (number),
    ERR_ROWS(X)
#undef X
};

/* The words for an error number; takes either sign. */
static inline const char *err_text(int error)
{
    switch (error < 0 ? -error : error) {
#define X(name, number, text)                                                                      \
    case number: return text;
        ERR_ROWS(X)
#undef X
    default: return "unknown error";
    }
}

/* For functions whose error nobody may drop. */
#define MUST_CHECK __attribute__((warn_unused_result))
