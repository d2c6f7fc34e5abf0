/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel/lib: format.c against the C library's snprintf, string.c against its string functions
 * (ours under other names), text.c, ini.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/ini.h"
#include "kernel/lib/string.h"

#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
#define strstr  our_strstr
void *our_memcpy(void *restrict to, const void *restrict from, size_t size);
void *our_memmove(void *to, const void *from, size_t size);
void *our_memset(void *to, int byte, size_t size);
int our_memcmp(const void *a, const void *b, size_t size);
void *our_memchr(const void *from, int byte, size_t size);
size_t our_strlen(const char *text);
size_t our_strnlen(const char *text, size_t size);
int our_strcmp(const char *a, const char *b);
int our_strncmp(const char *a, const char *b, size_t size);
char *our_strchr(const char *text, int c);
char *our_strrchr(const char *text, int c);
char *our_strstr(const char *text, const char *part);
#include "kernel/lib/string.c"
#include "tests/xorshift.h"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr

#define ROUNDS 200000u

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    return xorshift64(&random_state);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* A random conversion, built from its parts; wide arguments only with l. */
static void random_format(char *format, bool *is_long)
{
    static const char flags[] = "-0+ #";
    static const char conversions[] = "diuxX";
    char c = conversions[next_random() % 5];
    char *at = format;

    *at++ = '<';
    *at++ = '%';
    for (unsigned i = 0; i < 5; i++) {
        bool sign_flag = flags[i] == '+' || flags[i] == ' ';
        bool is_signed = c == 'd' || c == 'i';
        bool is_hex = c == 'x' || c == 'X';
        if (next_random() % 3 == 0 && (!sign_flag || is_signed) && (flags[i] != '#' || is_hex)) {
            *at++ = flags[i];
        }
    }
    if (next_random() % 2) {
        at += sprintf(at, "%u", (unsigned)(next_random() % 30) + 1);
    }
    if (next_random() % 3 == 0) {
        at += sprintf(at, ".%u", (unsigned)(next_random() % 22));
    }
    *is_long = next_random() % 2;
    at += sprintf(at, "%s%c>", *is_long ? (next_random() % 2 ? "l" : "ll") : "", c);
}

static void test_format_numbers(void **state)
{
    static const uint64_t edges[] = {
        0,         1, 9, 10, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN,
        UINT64_MAX};

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char format[64], ours[80], theirs[80];
        bool is_long;
        uint64_t value =
            next_random() % 4 ? next_random() >> next_random() % 64 : edges[next_random() % 10];
        size_t size = next_random() % 8 ? sizeof(ours) : next_random() % 20;
        int a, b;
        random_format(format, &is_long);
        memset(ours, 'x', sizeof(ours));
        memset(theirs, 'x', sizeof(theirs));
        if (is_long) {
            a = format_buffer(ours, size, format, value);
            b = snprintf(theirs, size, format, value);
        } else {
            a = format_buffer(ours, size, format, (unsigned)value);
            b = snprintf(theirs, size, format, (unsigned)value);
        }
        if (a != b || memcmp(ours, theirs, sizeof(ours))) {
            fail_msg("%s of %#lx: ours %d [%s], libc %d [%s]", format, value, a, ours, b, theirs);
        }
    }
}

static void check_format(const char *expected, const char *format, ...)
{
    char text[100];
    va_list args;

    va_start(args, format);
    int length = format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void test_format_rest(void **state)
{
    (void)state;
    check_format("a b", "%s %c", "a", 'b');
    check_format("[  abc]", "[%5s]", "abc");
    check_format("[abc  ]", "[%-5s]", "abc");
    check_format("[ab]", "[%.2s]", "abc");
    check_format("[ab   ]", "[%-*.*s]", 5, 2, "abc");
    check_format("[abc  ]", "[%*s]", -5, "abc");
    check_format("(null)", "%s", NULL);
    check_format("100%", "%d%%", 100);
    check_format("0x1234", "%p", (void *)0x1234);
    check_format("-1 255 65535 200", "%hhd %hhu %hu %d", 255, -1, -1, 200);
    check_format("18446744073709551615", "%zu", SIZE_MAX);
}

static void test_memory_functions(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t ours[256], theirs[256];
        for (unsigned i = 0; i < sizeof(ours); i++) {
            ours[i] = theirs[i] = (uint8_t)next_random();
        }
        size_t size = next_random() % 128, to = next_random() % 128, from = next_random() % 128;
        switch (next_random() % 3) {
        case 0:
            assert_ptr_equal(our_memmove(ours + to, ours + from, size), ours + to);
            memmove(theirs + to, theirs + from, size);
            break;
        case 1:
            assert_ptr_equal(our_memset(ours + to, (int)from + 100, size), ours + to);
            memset(theirs + to, (int)from + 100, size);
            break;
        default:
            from = to + size > 128 ? 0 : 128;
            size = MIN(size, from ? (size_t)128 : to);
            our_memcpy(ours + to, ours + from, size);
            memcpy(theirs + to, theirs + from, size);
            break;
        }
        assert_memory_equal(ours, theirs, sizeof(ours));
        assert_int_equal(sign(our_memcmp(ours + to, theirs + from, size)),
                         sign(memcmp(ours + to, theirs + from, size)));
        assert_ptr_equal(our_memchr(ours, ours[from], size), memchr(ours, ours[from], size));
    }
}

static void random_text(char *text, size_t size)
{
    size_t length = next_random() % size;

    for (size_t i = 0; i < length; i++) {
        text[i] = (char)("ab\xff"[next_random() % 3]);
    }
    text[length] = '\0';
}

static void test_text_functions(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char a[12], b[4], copy[8];
        random_text(a, sizeof(a));
        random_text(b, sizeof(b));
        size_t n = next_random() % 12;
        assert_int_equal(our_strlen(a), strlen(a));
        assert_int_equal(our_strnlen(a, n), strnlen(a, n));
        assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        assert_ptr_equal(our_strchr(a, b[0]), strchr(a, b[0]));
        assert_ptr_equal(our_strrchr(a, b[0]), strrchr(a, b[0]));
        assert_ptr_equal(our_strstr(a, b), strstr(a, b));
        assert_int_equal(string_copy(copy, a, sizeof(copy)), strlen(a));
        assert_int_equal(strlen(copy), MIN(strlen(a), sizeof(copy) - 1));
        assert_memory_equal(copy, a, strlen(copy));
    }
}

static void test_numbers(void **state)
{
    // clang-format off
    static const struct { const char *text; bool ok; unsigned long long value; } rows[] = {
        { "0", true, 0 }, { "42", true, 42 }, { "0x2A", true, 42 }, { "0Xff", true, 255 },
        { "18446744073709551615", true, UINT64_MAX }, { "18446744073709551616", false, 0 },
        { "0xffffffffffffffff", true, UINT64_MAX }, { "0x10000000000000000", false, 0 },
        { "", false, 0 }, { "0x", false, 0 }, { "12a", false, 0 }, { "-1", false, 0 },
        { " 1", false, 0 }, { "1 ", false, 0 }, { "0x1g", false, 0 }, { "1:", false, 0 },
    };
    // clang-format on

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned long long value = 0;
        assert_int_equal(string_to_u64(rows[i].text, &value), rows[i].ok);
        assert_int_equal(value, rows[i].ok ? rows[i].value : 0);
    }
}

/* --- ini
 * ------------------------------------------------------------------------------------------ */
static char seen[4096];
static struct ini_entry room;

static bool note_entry(void *context, const struct ini_entry *e)
{
    size_t used = strlen(seen);

    (void)context;
    snprintf(seen + used, sizeof(seen) - used, "%u[%s]%s=%s\n", e->line, e->section, e->key,
             e->value);
    return strcmp(e->key, "stop") != 0;
}

static void note_broken(void *context, unsigned line, bool section, const char *why)
{
    size_t used = strlen(seen);

    (void)context;
    snprintf(seen + used, sizeof(seen) - used, "%u!%s%s\n", line, section ? "[" : "", why);
}

static bool read_ini(const char *text, size_t size)
{
    static const struct ini_reader reader = {.entry = note_entry, .broken = note_broken};
    char *exact = malloc(size ? size : 1);

    memcpy(exact, text, size);
    seen[0] = '\0';
    bool fine = ini_read(exact, size, &reader, &room);
    free(exact);
    return fine;
}

static void check_ini(const char *text, bool fine, const char *expected)
{
    assert_int_equal(read_ini(text, strlen(text)), fine);
    assert_string_equal(seen, expected);
}

static void test_ini(void **state)
{
    (void)state;
    check_ini("", true, "");
    check_ini("a=b", true, "1[]a=b\n");
    check_ini("; note\r\n\n# more\n [ guest one ] \r\n key = v = w ; x\t\r\nempty=\n", true,
              "4[guest one]=\n5[guest one]key=v = w\n6[guest one]empty=\n");
    check_ini(
        "nonsense\n[open\n=v\nk=v\n", false,
        "1!expected [section] or key = value\n2![expected a ']' at the end of the section's line\n"
        "3!expected a key before the '='\n4[]k=v\n");
    check_ini("a=1\nstop=\nb=2\n", false, "1[]a=1\n2[]stop=\n");
    check_ini("averyveryveryveryveryverylongkeyindeed=1\nk=v", false,
              "1!the key is too long; expected at most 31 characters\n2[]k=v\n");
    assert_false(read_ini("k=a\0b\n", 6));
    assert_string_equal(seen, "1!a byte is 0; expected text in UTF-8\n");
}

static void test_ini_random(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50000; round++) {
        char text[64];
        size_t size = next_random() % sizeof(text);
        for (size_t i = 0; i < size; i++) {
            text[i] = "ab=[];# \n\r\t\0\xff"[next_random() % 13];
        }
        read_ini(text, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_numbers),   cmocka_unit_test(test_format_rest),
        cmocka_unit_test(test_memory_functions), cmocka_unit_test(test_text_functions),
        cmocka_unit_test(test_numbers),          cmocka_unit_test(test_ini),
        cmocka_unit_test(test_ini_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
