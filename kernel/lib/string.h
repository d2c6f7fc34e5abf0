/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's memory and string functions that freestanding code needs. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int byte, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *text, int c);
char *strrchr(const char *text, int c);
char *strstr(const char *text, const char *part);

/* Copies at most size-1 characters and always ends `to`; returns the length of `from`. */
size_t string_copy(char *to, const char *from, size_t size);

/* Parses a whole decimal or 0x number; false when text holds anything else or overflows. */
_Bool string_to_u64(const char *text, unsigned long long *value);
