/* SPDX-License-Identifier: BSD-2-Clause */
/* Deflate by canonical codes: a code of n bits is found by counting how many codes are shorter. */
#include "guestdev/inflate.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define CODE_BITS    15
#define LITERALS     288
#define DISTANCES    30
#define END_OF_BLOCK 256
#define WINDOW       32768u
#define CODE_LENGTHS 19

struct stream {
    const uint8_t *in;
    size_t size, at;
    uint64_t hold; /* bits read ahead, lowest first */
    unsigned held;
    uint8_t *out;
    size_t room, made;
    int error; /* sticks */
};

/* A canonical Huffman code: how many codes have each length, and the symbols in code order. */
struct code {
    uint16_t count[CODE_BITS + 1];
    uint16_t symbol[LITERALS];
};

static uint32_t fail(struct stream *s, enum err error)
{
    if (!s->error) {
        s->error = -(int)error;
    }
    return 0;
}

static void fill(struct stream *s)
{
    while (s->held <= 56 && s->at < s->size) {
        s->hold |= (uint64_t)s->in[s->at++] << s->held;
        s->held += 8;
    }
}

/* The next n bits (0..32) as a number. */
static uint32_t take(struct stream *s, unsigned n)
{
    uint32_t value;

    fill(s);
    if (s->held < n) {
        return fail(s, ERR_FORMAT);
    }
    value = n ? (uint32_t)(s->hold & MASK(n - 1, 0)) : 0;
    s->hold >>= n;
    s->held -= n;
    return value;
}

/*
 * Codes of one length are consecutive numbers and longer codes come after them: with `first` the
 * first code of this length and `index` its place in symbol[], code - first < count decides.
 */
static uint32_t decode(struct stream *s, const struct code *code)
{
    int32_t value = 0, first = 0, index = 0;

    fill(s);
    for (unsigned length = 1; length <= CODE_BITS && length <= s->held; length++) {
        int32_t count = code->count[length];

        value |= (int32_t)(s->hold >> (length - 1) & 1);
        if (value - count < first) {
            s->hold >>= length;
            s->held -= length;
            return code->symbol[index + (value - first)];
        }
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    return fail(s, ERR_FORMAT);
}

/* Builds a code from the length of each symbol's code. False: more codes than there can be, or
 * fewer, unless a single one of one bit is all there is. */
static bool build(struct code *code, const uint8_t *lengths, unsigned n)
{
    uint16_t next[CODE_BITS + 2] = {0};
    int32_t left = 1;

    memset(code->count, 0, sizeof(code->count));
    for (unsigned i = 0; i < n; i++) {
        code->count[lengths[i]]++;
    }
    code->count[0] = 0;
    for (unsigned length = 1; length <= CODE_BITS; length++) {
        left = (left << 1) - code->count[length];
        if (left < 0) {
            return false;
        }
        next[length + 1] = (uint16_t)(next[length] + code->count[length]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (lengths[i]) {
            code->symbol[next[lengths[i]]++] = (uint16_t)i;
        }
    }
    return left == 0 || next[CODE_BITS + 1] <= 1;
}

static void put(struct stream *s, uint8_t byte)
{
    if (s->made >= s->room) {
        fail(s, ERR_RANGE);
        return;
    }
    s->out[s->made++] = byte;
}

static void copy_back(struct stream *s, uint32_t distance, uint32_t length)
{
    if (distance > s->made || distance > WINDOW) {
        fail(s, ERR_FORMAT);
        return;
    }
    if (length > s->room - s->made) {
        fail(s, ERR_RANGE);
        return;
    }
    for (; length; length--, s->made++) { /* may overlap itself: byte by byte */
        s->out[s->made] = s->out[s->made - distance];
    }
}

/* Symbols 257..284: 4 lengths for each number of extra bits from the 8th on; 285 is 258 (3.2.5). */
static uint32_t read_length(struct stream *s, uint32_t symbol)
{
    unsigned extra;

    if (symbol == 285) {
        return 258;
    }
    if (symbol > 285) {
        return fail(s, ERR_FORMAT);
    }
    symbol -= 257;
    extra = symbol < 8 ? 0 : symbol / 4 - 1;
    return 3 + (extra ? ((4 + symbol % 4) << extra) : symbol) + take(s, extra);
}

static uint32_t read_distance(struct stream *s, uint32_t symbol)
{
    unsigned extra;

    if (symbol >= DISTANCES) {
        return fail(s, ERR_FORMAT);
    }
    extra = symbol < 4 ? 0 : symbol / 2 - 1;
    return 1 + (extra ? ((2 + symbol % 2) << extra) : symbol) + take(s, extra);
}

static void read_codes(struct stream *s, const struct code *literals, const struct code *distances)
{
    while (!s->error) {
        uint32_t symbol = decode(s, literals);

        if (symbol < END_OF_BLOCK) {
            put(s, (uint8_t)symbol);
        } else if (symbol == END_OF_BLOCK) {
            return;
        } else {
            uint32_t length = read_length(s, symbol);
            uint32_t distance = read_distance(s, decode(s, distances));

            if (!s->error) {
                copy_back(s, distance, length);
            }
        }
    }
}

static void stored_block(struct stream *s)
{
    take(s, s->held % 8);
    uint32_t length = take(s, 16);
    if (take(s, 16) != (length ^ 0xffff)) {
        fail(s, ERR_FORMAT);
    }
    while (length-- && !s->error) {
        put(s, (uint8_t)take(s, 8));
    }
}

static void fixed_block(struct stream *s)
{
    struct code literals, distances;
    uint8_t lengths[LITERALS];

    for (unsigned i = 0; i < LITERALS; i++) {
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    }
    build(&literals, lengths, LITERALS);
    memset(lengths, 5, 32);
    build(&distances, lengths, 32);
    read_codes(s, &literals, &distances);
}

/* The lengths of n codes, run-length coded by `code` (3.2.7). */
static void read_lengths(struct stream *s, const struct code *code, uint8_t *lengths, unsigned n)
{
    for (unsigned i = 0; i < n && !s->error;) {
        uint32_t symbol = decode(s, code);
        unsigned repeat = 1;
        uint8_t value = (uint8_t)symbol;

        if (symbol == 16) {
            if (!i) {
                fail(s, ERR_FORMAT);
                return;
            }
            value = lengths[i - 1];
            repeat = 3 + take(s, 2);
        } else if (symbol > 16) {
            value = 0;
            repeat = symbol == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        }
        if (repeat > n - i) {
            fail(s, ERR_FORMAT);
            return;
        }
        memset(lengths + i, value, repeat);
        i += repeat;
    }
}

static void dynamic_block(struct stream *s)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + 32] = {0};
    struct code literals, distances;
    unsigned literal_count = 257 + take(s, 5), distance_count = 1 + take(s, 5);
    unsigned length_count = 4 + take(s, 4);

    for (unsigned i = 0; i < length_count; i++) {
        lengths[order[i]] = (uint8_t)take(s, 3);
    }
    if (literal_count > 286 || !build(&literals, lengths, CODE_LENGTHS)) {
        fail(s, ERR_FORMAT);
        return;
    }
    memset(lengths, 0, sizeof(lengths));
    read_lengths(s, &literals, lengths, literal_count + distance_count);
    if (s->error || !lengths[END_OF_BLOCK] || !build(&literals, lengths, literal_count) ||
        !build(&distances, lengths + literal_count, distance_count)) {
        fail(s, ERR_FORMAT);
        return;
    }
    read_codes(s, &literals, &distances);
}

static void inflate(struct stream *s)
{
    bool last = false;

    while (!last && !s->error) {
        last = take(s, 1);
        switch (take(s, 2)) {
        case 0: stored_block(s); break;
        case 1: fixed_block(s); break;
        case 2: dynamic_block(s); break;
        default: fail(s, ERR_FORMAT);
        }
    }
}

/* --- gzip
 * --------------------------------------------------------------------------------------------- */
enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16 };

static void skip_string(struct stream *s)
{
    while (!s->error && take(s, 8)) {
    }
}

static void skip_header(struct stream *s)
{
    uint32_t flags;

    take(s, 24);
    flags = take(s, 8);
    take(s, 32);
    take(s, 16);
    if (flags & FLAG_EXTRA) {
        for (uint32_t left = take(s, 16); left && !s->error; left--) {
            take(s, 8);
        }
    }
    if (flags & FLAG_NAME) {
        skip_string(s);
    }
    if (flags & FLAG_COMMENT) {
        skip_string(s);
    }
    if (flags & FLAG_HCRC) {
        take(s, 16);
    }
}

/* CRC-32 (polynomial 0xedb88320, reflected), four bits at a time. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
    uint32_t table[16], crc = UINT32_MAX;

    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (unsigned n = 0; n < 4; n++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    for (; size; size--, data++) {
        crc = crc >> 4 ^ table[(crc ^ *data) & 15];
        crc = crc >> 4 ^ table[(crc ^ *data >> 4) & 15];
    }
    return ~crc;
}

int64_t gzip_decompress(const uint8_t *data, size_t size, uint8_t *to, size_t room)
{
    struct stream s = {.in = data, .size = size, .out = to, .room = room};

    skip_header(&s);
    inflate(&s);
    take(&s, s.held % 8);
    uint32_t crc = take(&s, 32);
    uint32_t length = take(&s, 32);
    if (!s.error && (length != (uint32_t)s.made || crc != crc32(to, s.made))) {
        fail(&s, ERR_FORMAT);
    }
    return s.error ? s.error : (int64_t)s.made;
}
