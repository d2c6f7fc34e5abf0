/* SPDX-License-Identifier: BSD-2-Clause */
/* gzip (RFC 1952) and deflate (RFC 1951), decompression only, on hostile input. */
#pragma once

#include "exarch/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool gzip_is(const uint8_t *data, size_t size)
{
    return size >= 18 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

/*
 * Decompresses one gzip member into at most `room` bytes at `to`, which must not overlap the data,
 * and checks length and CRC. The number of bytes, -ERR_FORMAT for bad data, -ERR_RANGE where the
 * result is larger than room.
 */
MUST_CHECK int64_t gzip_decompress(const uint8_t *data, size_t size, uint8_t *to, size_t room);
