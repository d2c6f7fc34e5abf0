/* SPDX-License-Identifier: BSD-2-Clause */
/* What the integer and flag rows mean. */
#include "dbt/ir/interp_rows.h"

#define S(n)  ((int64_t)a[n]->i)
#define SW(n) ((int32_t)a[n]->i)

bool interp_cond(unsigned cond, uint32_t nzcv)
{
    bool n = nzcv & NZCV_N, z = nzcv & NZCV_Z, c = nzcv & NZCV_C, v = nzcv & NZCV_V;
    bool holds[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};

    return holds[cond >> 1] != ((cond & 1) && cond != COND_NV);
}

INTERP_INT(CONST32, (uint32_t)i->imm)
INTERP_INT(CONST64, i->imm)

INTERP_INT(ADD32, W(0) + W(1))
INTERP_INT(ADD64, X(0) + X(1))
INTERP_INT(SUB32, W(0) - W(1))
INTERP_INT(SUB64, X(0) - X(1))
INTERP_INT(AND32, W(0) & W(1))
INTERP_INT(AND64, X(0) & X(1))
INTERP_INT(OR32, W(0) | W(1))
INTERP_INT(OR64, X(0) | X(1))
INTERP_INT(XOR32, W(0) ^ W(1))
INTERP_INT(XOR64, X(0) ^ X(1))
INTERP_INT(ANDN32, W(0) & ~W(1))
INTERP_INT(ANDN64, X(0) & ~X(1))
INTERP_INT(NOT32, ~W(0))
INTERP_INT(NOT64, ~X(0))
INTERP_INT(NEG32, -W(0))
INTERP_INT(NEG64, -X(0))

INTERP_INT(SHL32, W(0) << (W(1) & 31))
INTERP_INT(SHL64, X(0) << (X(1) & 63))
INTERP_INT(SHR32, W(0) >> (W(1) & 31))
INTERP_INT(SHR64, X(0) >> (X(1) & 63))
INTERP_INT(SAR32, (uint32_t)(SW(0) >> (W(1) & 31)))
INTERP_INT(SAR64, S(0) >> (X(1) & 63))

static uint32_t ror32(uint32_t x, unsigned n)
{
    return x >> (n & 31) | x << (-n & 31);
}

static uint64_t ror64(uint64_t x, unsigned n)
{
    return x >> (n & 63) | x << (-n & 63);
}

INTERP_INT(ROR32, ror32(W(0), W(1)))
INTERP_INT(ROR64, ror64(X(0), W(1)))
INTERP_INT(EXTR32, (uint32_t)(((uint64_t)W(0) << 32 | W(1)) >> i->imm))
INTERP_INT(EXTR64, i->imm ? X(1) >> i->imm | X(0) << (64 - i->imm) : X(1))

INTERP_INT(UBFX32, bits(W(0), (unsigned)i->imm + i->aux - 1, (unsigned)i->imm))
INTERP_INT(UBFX64, bits(X(0), (unsigned)i->imm + i->aux - 1, (unsigned)i->imm))
INTERP_INT(SBFX32, (uint32_t)sign_extend(W(0) >> i->imm, i->aux))
INTERP_INT(SBFX64, sign_extend(X(0) >> i->imm, i->aux))

static uint64_t insert(uint64_t to, uint64_t from, unsigned low, unsigned width)
{
    uint64_t mask = MASK(width - 1, 0) << low;

    return (to & ~mask) | (from << low & mask);
}

INTERP_INT(BFI32, (uint32_t)insert(W(0), W(1), (unsigned)i->imm, i->aux))
INTERP_INT(BFI64, insert(X(0), X(1), (unsigned)i->imm, i->aux))

INTERP_INT(MUL32, W(0) * W(1))
INTERP_INT(MUL64, X(0) * X(1))
INTERP_INT(SMULL, (int64_t)SW(0) * SW(1))
INTERP_INT(UMULL, (uint64_t)W(0) * W(1))
INTERP_INT(SMULH, (__int128)S(0) * S(1) >> 64)
INTERP_INT(UMULH, (unsigned __int128)X(0) * X(1) >> 64)

/* C3.4.8: a division by zero gives zero; the quotient that does not fit gives its low bits. */
INTERP_INT(SDIV32, W(1) == 0 ? 0 : SW(1) == -1 ? -W(0) : (uint32_t)(SW(0) / SW(1)))
INTERP_INT(SDIV64, X(1) == 0 ? 0 : S(1) == -1 ? -X(0) : (uint64_t)(S(0) / S(1)))
INTERP_INT(UDIV32, W(1) == 0 ? 0 : W(0) / W(1))
INTERP_INT(UDIV64, X(1) == 0 ? 0 : X(0) / X(1))

INTERP_INT(CLZ32, W(0) ? __builtin_clz(W(0)) : 32)
INTERP_INT(CLZ64, X(0) ? __builtin_clzll(X(0)) : 64)
INTERP_INT(CTZ32, W(0) ? __builtin_ctz(W(0)) : 32)
INTERP_INT(CTZ64, X(0) ? __builtin_ctzll(X(0)) : 64)

static uint64_t swap_groups(uint64_t x, unsigned by, uint64_t mask)
{
    return (x >> by & mask) | (x & mask) << by;
}

static uint64_t reverse_bits(uint64_t x)
{
    x = swap_groups(x, 1, UINT64_C(0x5555555555555555));
    x = swap_groups(x, 2, UINT64_C(0x3333333333333333));
    x = swap_groups(x, 4, UINT64_C(0x0f0f0f0f0f0f0f0f));
    return __builtin_bswap64(x);
}

#define BYTES_EVEN UINT64_C(0x00ff00ff00ff00ff)

INTERP_INT(RBIT32, reverse_bits(W(0)) >> 32)
INTERP_INT(RBIT64, reverse_bits(X(0)))
INTERP_INT(BSWAP32, __builtin_bswap32(W(0)))
INTERP_INT(BSWAP64, __builtin_bswap64(X(0)))
INTERP_INT(BSWAP16_32, (uint32_t)swap_groups(W(0), 8, BYTES_EVEN))
INTERP_INT(BSWAP16_64, swap_groups(X(0), 8, BYTES_EVEN))
INTERP_INT(BSWAP32_64, ror64(__builtin_bswap64(X(0)), 32))

/* Bit-reflected CRC step over `bytes` of data (C6.2 CRC32B: BitReverse(acc), Poly32Mod2). */
static uint32_t crc(uint32_t acc, uint64_t data, unsigned bytes, uint32_t reflected)
{
    for (unsigned n = 0; n < bytes; n++, data >>= 8) {
        acc ^= (uint8_t)data;
        for (unsigned k = 0; k < 8; k++) {
            acc = acc >> 1 ^ (acc & 1 ? reflected : 0);
        }
    }
    return acc;
}

INTERP_INT(CRC32, crc(W(0), X(1), i->aux, 0xedb88320))
INTERP_INT(CRC32C, crc(W(0), X(1), i->aux, 0x82f63b78))

INTERP_INT(ZEXT32, W(0))
INTERP_INT(SEXT32, SW(0))
INTERP_INT(TRUNC, W(0))

/* --- flags: AddWithCarry of the Arm ARM's shared pseudocode --- */
static uint32_t nz(bool n, bool z)
{
    return (n ? NZCV_N : 0) | (z ? NZCV_Z : 0);
}

static uint32_t nzcv32(uint32_t x, uint32_t y, bool carry)
{
    uint64_t wide = (uint64_t)x + y + carry;
    uint32_t sum = (uint32_t)wide;
    bool overflow = (~(x ^ y) & (x ^ sum)) >> 31;

    return nz(sum >> 31, sum == 0) | (wide >> 32 ? NZCV_C : 0) | (overflow ? NZCV_V : 0);
}

static uint32_t nzcv64(uint64_t x, uint64_t y, bool carry)
{
    uint64_t sum = x + y + carry;
    bool carry_out = (unsigned __int128)x + y + carry > UINT64_MAX;
    bool overflow = (~(x ^ y) & (x ^ sum)) >> 63;

    return nz(sum >> 63, sum == 0) | (carry_out ? NZCV_C : 0) | (overflow ? NZCV_V : 0);
}

#define C(n) (!!(F(n) & NZCV_C))

INTERP_FLAGS(NZCV_ADD32, nzcv32(W(0), W(1), false))
INTERP_FLAGS(NZCV_ADD64, nzcv64(X(0), X(1), false))
INTERP_FLAGS(NZCV_SUB32, nzcv32(W(0), ~W(1), true))
INTERP_FLAGS(NZCV_SUB64, nzcv64(X(0), ~X(1), true))
INTERP_FLAGS(NZCV_LOGIC32, nz(W(0) >> 31, W(0) == 0))
INTERP_FLAGS(NZCV_LOGIC64, nz(X(0) >> 63, X(0) == 0))
INTERP_INT(ADC32, W(0) + W(1) + C(2))
INTERP_INT(ADC64, X(0) + X(1) + C(2))
INTERP_FLAGS(NZCV_ADC32, nzcv32(W(0), W(1), C(2)))
INTERP_FLAGS(NZCV_ADC64, nzcv64(X(0), X(1), C(2)))
INTERP_INT(SBC32, W(0) + ~W(1) + C(2))
INTERP_INT(SBC64, X(0) + ~X(1) + C(2))
INTERP_FLAGS(NZCV_SBC32, nzcv32(W(0), ~W(1), C(2)))
INTERP_FLAGS(NZCV_SBC64, nzcv64(X(0), ~X(1), C(2)))

#define NZCV_ALL (NZCV_N | NZCV_Z | NZCV_C | NZCV_V)

INTERP_FLAGS(NZCV_CONST, (uint32_t)i->imm &NZCV_ALL)
INTERP_INT(NZCV_PACK, F(0))
INTERP_FLAGS(NZCV_UNPACK, W(0) & NZCV_ALL)
INTERP_FLAGS(NZCV_SEL, interp_cond(i->aux, F(0)) ? F(1) : (uint32_t)i->imm &NZCV_ALL)
INTERP_INT(SELECT32, interp_cond(i->aux, F(0)) ? W(1) : W(2))
INTERP_INT(SELECT64, interp_cond(i->aux, F(0)) ? X(1) : X(2))
