/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and string functions. Bulk work uses the string instructions: no SIMD registers here. */
#include "kernel/lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *d = to;
    size_t words = size / 8;
    size_t rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(rest)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    const char *s = from;
    char *d = to;

    if ((uintptr_t)to - (uintptr_t)from >= size) {
        return memcpy(to, from, size);
    }
    /* The end of `from` lies in `to`: go backwards. */
    while (size--) {
        d[size] = s[size];
        __asm__ volatile("" ::: "memory"); /* or gcc would make this loop a call of memmove */
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
    void *d = to;
    size_t words = size / 8;
    size_t rest = size % 8;

    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *p = a;
    const uint8_t *q = b;

    for (size_t i = 0; i < size; i++) {
        if (p[i] != q[i]) {
            return p[i] - q[i];
        }
    }
    return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
    const uint8_t *p = from;

    for (size_t i = 0; i < size; i++) {
        if (p[i] == (uint8_t)byte) {
            return (void *)(uintptr_t)(p + i);
        }
    }
    return NULL;
}

size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length]) {
        length++;
        __asm__ volatile("" ::: "memory"); /* not to become a call of strlen */
    }
    return length;
}

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i] || !a[i]) {
            return (uint8_t)a[i] - (uint8_t)b[i];
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int c)
{
    for (;; text++) {
        if (*text == (char)c) {
            return (char *)(uintptr_t)text;
        }
        if (!*text) {
            return NULL;
        }
    }
}

char *strrchr(const char *text, int c)
{
    const char *last = NULL;

    do {
        if (*text == (char)c) {
            last = text;
        }
    } while (*text++);
    return (char *)(uintptr_t)last;
}

char *strstr(const char *text, const char *part)
{
    size_t length = strlen(part);

    for (;; text++) {
        if (!strncmp(text, part, length)) {
            return (char *)(uintptr_t)text;
        }
        if (!*text) {
            return NULL;
        }
    }
}
