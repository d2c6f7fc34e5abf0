/* SPDX-License-Identifier: BSD-2-Clause */
/* The random values that sequences start from; see values.h. */
#include "tests/diff/values.h"

#include "tests/diff/state.h"

static uint64_t random_state;

void random_seed(uint32_t seed)
{
    random_state = seed;
}

/* splitmix64: any seed gives a good stream. */
uint64_t next(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static const uint64_t integers[32] = {
    0,
    1,
    2,
    3,
    0x1f,
    0x20,
    0x3f,
    0x40,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0xffffffff80000000,
    0xffffffff7fffffff,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0xfffffffffffffffe,
    0xffffffffffffffff,
    0xaaaaaaaaaaaaaaaa,
    0x5555555555555555,
    0x0123456789abcdef,
    0x8080808080808080,
    0x7f7f7f7f7f7f7f7f,
};

uint64_t random_integer(void)
{
    uint64_t r = next();
    switch (r & 7) {
    case 0:
    case 1:
    case 2: return integers[r >> 8 & 31];
    case 3: return r >> 32;
    case 4: return (uint64_t)(int8_t)(r >> 8);
    case 5: return (uint64_t)(int32_t)(r >> 32);
    default: return next();
    }
}

/* Signs are random. Zeros, denormals, normals, limits of integer conversion, infinities, NaNs. */
static const uint16_t halves[] = {
    0x0000, 0x0001, 0x0002, 0x03ff, 0x0400, 0x0401, 0x3555, 0x3800, 0x3bff, 0x3c00, 0x3c01,
    0x3e00, 0x4000, 0x4200, 0x4248, 0x5bff, 0x5c00, 0x7800, 0x77ff, 0x7bff, 0x7bfe, 0x7c00,
    0x7c01, 0x7d55, 0x7e00, 0x7e01, 0x7fff, 0x2e66, 0x6400, 0x6401, 0x4100, 0x3a00,
};
static const uint32_t singles[] = {
    0x00000000, 0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001, 0x33800000, 0x33800001,
    0x38800000, 0x387fc000, 0x3effffff, 0x3f000000, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000,
    0x40000000, 0x40490fdb, 0x477fe000, 0x477ff000, 0x4b000000, 0x4effffff, 0x4f000000, 0x4f800000,
    0x5f000000, 0x5f7fffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa55555, 0x7fc00000, 0x7fc12345,
};
static const uint64_t doubles[] = {
    0x0000000000000000, 0x0000000000000001, 0x000fffffffffffff, 0x0010000000000000,
    0x0010000000000001, 0x36a0000000000000, 0x3690000000000001, 0x380fffffe0000000,
    0x3f10000000000000, 0x3fdfffffffffffff, 0x3fe0000000000000, 0x3fefffffffffffff,
    0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000, 0x4000000000000000,
    0x400921fb54442d18, 0x40effc0000000000, 0x40efffffffffffff, 0x41dfffffffc00000,
    0x41e0000000000000, 0x41efffffffe00000, 0x4330000000000001, 0x43e0000000000000,
    0x43efffffffffffff, 0x47efffffe0000000, 0x47efffffefffffff, 0x7fefffffffffffff,
    0x7ff0000000000000, 0x7ff0000000000001, 0x7ff8000000000000, 0x7ff8abcdef012345,
};
_Static_assert(sizeof(halves) / 2 == 32 && sizeof(singles) / 4 == 32 && sizeof(doubles) / 8 == 32,
               "indexed by five bits");

/* Half of them from the pool, a quarter near one (so that sums cancel), a quarter any bits. */
static uint16_t random_half(uint64_t r)
{
    uint16_t sign = (uint16_t)(r & 0x8000);
    switch (r >> 16 & 3) {
    case 0: return (uint16_t)(r >> 32);
    case 1: return (uint16_t)(sign | (0x3c00 + (r >> 32 & 0xfff) - 0x800));
    default: return sign | halves[r >> 32 & 31];
    }
}

static uint32_t random_single(uint64_t r)
{
    uint32_t sign = (uint32_t)(r & 0x80000000);
    switch (r & 3) {
    case 0: return (uint32_t)(r >> 32);
    case 1: return sign | (0x3f800000 + (uint32_t)(r >> 32 & 0x3ffffff) - 0x2000000);
    default: return sign | singles[r >> 32 & 31];
    }
}

static uint64_t random_double(void)
{
    uint64_t r = next();
    uint64_t sign = r << 63;
    switch (r >> 1 & 3) {
    case 0: return next();
    case 1: return sign | (0x3ff0000000000000 + (next() & 0x7fffffffffffff) - 0x40000000000000);
    default: return sign | doubles[r >> 32 & 31];
    }
}

uint64_t random_lanes(unsigned pool)
{
    if (pool == POOL_MIXED) {
        pool = (unsigned)next() & 3;
    }
    switch (pool) {
    case POOL_HALF: {
        uint64_t lanes = 0;
        for (int i = 0; i < 4; i++) {
            lanes = lanes << 16 | random_half(next());
        }
        return lanes;
    }
    case POOL_SINGLE: {
        uint64_t high = random_single(next());
        return high << 32 | random_single(next());
    }
    case POOL_DOUBLE: return random_double();
    default: return random_integer();
    }
}
