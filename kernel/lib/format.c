/* SPDX-License-Identifier: BSD-2-Clause */
/* printf's formats into a buffer that is never overrun. */
#include "kernel/lib/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/lib/string.h"

struct out {
    char *to;
    size_t size;
    size_t length;
};

struct spec {
    bool left, zero, plus, space, alternate;
    int width;
    int precision; /* -1: none given */
    int longs;     /* 1: long and wider (all are 64 bits here), -1: short, -2: char */
};

static void put(struct out *out, char c)
{
    if (out->length + 1 < out->size) {
        out->to[out->length] = c;
    }
    out->length++;
}

static void put_many(struct out *out, char c, int count)
{
    while (count-- > 0) {
        put(out, c);
    }
}

static void put_text(struct out *out, const struct spec *spec, const char *text)
{
    size_t limit = spec->precision < 0 ? INT_MAX : (size_t)spec->precision;
    int length = (int)strnlen(text, limit);

    if (!spec->left) {
        put_many(out, ' ', spec->width - length);
    }
    for (int i = 0; i < length; i++) {
        put(out, text[i]);
    }
    if (spec->left) {
        put_many(out, ' ', spec->width - length);
    }
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value, unsigned base,
                       const char *prefix, const char *digits)
{
    char text[24];
    int length = 0;
    int prefix_length = (int)strlen(prefix);

    for (uint64_t rest = value; rest; rest /= base) {
        text[length++] = digits[rest % base];
    }
    if (!length && spec->precision) {
        text[length++] = '0';
    }
    int zeros = spec->precision - length;
    if (spec->precision < 0 && spec->zero && !spec->left) {
        zeros = spec->width - length - prefix_length;
    }
    zeros = zeros > 0 ? zeros : 0;
    int pad = spec->width - length - prefix_length - zeros;
    if (!spec->left) {
        put_many(out, ' ', pad);
    }
    while (*prefix) {
        put(out, *prefix++);
    }
    put_many(out, '0', zeros);
    while (length) {
        put(out, text[--length]);
    }
    if (spec->left) {
        put_many(out, ' ', pad);
    }
}

static void put_signed(struct out *out, const struct spec *spec, int64_t value)
{
    const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

    put_number(out, spec, magnitude, 10, sign, "0123456789");
}

static void put_hex(struct out *out, const struct spec *spec, uint64_t value, bool upper)
{
    const char *prefix = !spec->alternate || !value ? "" : upper ? "0X" : "0x";

    put_number(out, spec, value, 16, prefix, upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

static const char *parse_flags(const char *f, struct spec *spec)
{
    for (;; f++) {
        switch (*f) {
        case '-': spec->left = true; break;
        case '0': spec->zero = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->space = true; break;
        case '#': spec->alternate = true; break;
        default: return f;
        }
    }
}

static const char *parse_count(const char *f, int *count)
{
    *count = 0;
    for (; *f >= '0' && *f <= '9'; f++) {
        *count = *count * 10 + (*f - '0');
    }
    return f;
}

static const char *parse_length(const char *f, struct spec *spec)
{
    for (;; f++) {
        switch (*f) {
        case 'l':
        case 'z':
        case 'j':
        case 't': spec->longs = 1; break;
        case 'h': spec->longs--; break;
        default: return f;
        }
    }
}

/* va_list may be an array type, which decays when passed on: it travels in a struct. */
struct arguments {
    va_list list;
};

static const char *parse_width(const char *f, struct spec *spec, struct arguments *args)
{
    if (*f == '*') {
        spec->width = va_arg(args->list, int);
        if (spec->width < 0) {
            spec->left = true;
            spec->width = -spec->width;
        }
        f++;
    } else {
        f = parse_count(f, &spec->width);
    }
    spec->precision = -1;
    if (*f != '.') {
        return f;
    }
    if (f[1] == '*') {
        spec->precision = va_arg(args->list, int);
        return f + 2;
    }
    return parse_count(f + 1, &spec->precision);
}

static int64_t take_signed(const struct spec *spec, struct arguments *args)
{
    if (spec->longs > 0) {
        return va_arg(args->list, int64_t);
    }
    int value = va_arg(args->list, int);
    return spec->longs == -1 ? (short)value : spec->longs == -2 ? (signed char)value : value;
}

static uint64_t take_unsigned(const struct spec *spec, struct arguments *args)
{
    if (spec->longs > 0) {
        return va_arg(args->list, uint64_t);
    }
    unsigned value = va_arg(args->list, unsigned);
    return spec->longs == -1 ? (uint16_t)value : spec->longs == -2 ? (uint8_t)value : value;
}

static void convert(struct out *out, struct spec *spec, char conversion, struct arguments *args)
{
    char character[2] = {0};
    const char *text;

    switch (conversion) {
    case 's':
        text = va_arg(args->list, const char *);
        put_text(out, spec, text ? text : "(null)");
        break;
    case 'c':
        character[0] = (char)va_arg(args->list, int);
        put_text(out, spec, character);
        break;
    case 'd':
    case 'i': put_signed(out, spec, take_signed(spec, args)); break;
    case 'u': put_number(out, spec, take_unsigned(spec, args), 10, "", "0123456789"); break;
    case 'x':
    case 'X': put_hex(out, spec, take_unsigned(spec, args), conversion == 'X'); break;
    case 'p':
        put_number(out, spec, (uintptr_t)va_arg(args->list, void *), 16, "0x", "0123456789abcdef");
        break;
    default: put(out, conversion); break;
    }
}

int format_buffer_va(char *to, size_t size, const char *format, va_list list)
{
    struct out out = {.to = to, .size = size};
    struct arguments args;

    va_copy(args.list, list);
    for (const char *f = format; *f; f++) {
        struct spec spec = {0};
        if (*f != '%') {
            put(&out, *f);
            continue;
        }
        f = parse_flags(f + 1, &spec);
        f = parse_width(f, &spec, &args);
        f = parse_length(f, &spec);
        if (!*f) {
            break;
        }
        convert(&out, &spec, *f, &args);
    }
    va_end(args.list);
    if (size) {
        to[out.length < size ? out.length : size - 1] = '\0';
    }
    return (int)out.length;
}

int format_buffer(char *to, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = format_buffer_va(to, size, format, args);
    va_end(args);
    return length;
}
