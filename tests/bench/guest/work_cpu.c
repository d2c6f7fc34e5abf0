/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of the integer core: arithmetic, branches, calls through pointers, memory. */
#include "bench.h"
#include "tests/xorshift.h"

#include <stdlib.h>
#include <string.h>

/* A hash over registers only: multiplies, rotates, shifts, adds. */
static uint64_t integer(uint64_t rounds)
{
    uint64_t a = 0x9e3779b97f4a7c15u, b = 1, c = 2, d = 3;

    for (uint64_t i = 0; i < rounds; i++) {
        a += b ^ i;
        b = (b << 13 | b >> 51) * 5 + c;
        c ^= d >> 7;
        d += a & ~b;
        a = (a >> 17 | a << 47) - d;
    }
    return a ^ b ^ c ^ d;
}

/* Short unpredictable branches: a byte-code automaton on random input. */
static uint64_t branchy(uint64_t rounds)
{
    uint64_t random = 88172645463325252u, count[4] = {0}, state = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t input = xorshift64(&random);
        for (int k = 0; k < 16; k++, input >>= 4) {
            if (input & 1) {
                state = input & 2 ? state + 1 : state ^ 3;
            } else if (input & 4) {
                state = state > 7 ? 0 : state + 2;
            } else if (input & 8) {
                count[state & 3]++;
            }
        }
    }
    return count[0] + 3 * count[1] + 5 * count[2] + 7 * count[3] + state;
}

static uint64_t op_add(uint64_t x)
{
    return x + 0x1234567;
}
static uint64_t op_xor(uint64_t x)
{
    return x ^ (x >> 9);
}
static uint64_t op_mul(uint64_t x)
{
    return x * 0x2545f4914f6cdd1du;
}
static uint64_t op_not(uint64_t x)
{
    return ~x;
}
static uint64_t op_rol(uint64_t x)
{
    return x << 11 | x >> 53;
}
static uint64_t op_sub(uint64_t x)
{
    return x - (x >> 3);
}

/* Calls through a table in an order that the data decides. */
static uint64_t indirect(uint64_t rounds)
{
    static uint64_t (*const volatile ops[8])(uint64_t) = {op_add, op_xor, op_mul, op_not,
                                                          op_rol, op_sub, op_xor, op_add};
    uint64_t x = 42;

    for (uint64_t i = 0; i < rounds; i++) {
        x = ops[(x >> 5) & 7](x) + i;
    }
    return x;
}

static unsigned fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Deep direct calls and returns. */
static uint64_t calls(uint64_t rounds)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < rounds; i++) {
        sum += fibonacci(20 + (unsigned)(i & 1));
    }
    return sum;
}

/* A dependent chain of loads through 32 MiB in random order. */
static uint64_t pointer_chase(uint64_t rounds)
{
    enum { NODES = 1 << 19, STRIDE = 8 };
    uint64_t *nodes = malloc(NODES * STRIDE * sizeof(*nodes));
    uint64_t random = 88172645463325252u, at = 0;

    for (uint64_t i = 0; i < NODES; i++) {
        nodes[i * STRIDE] = i;
    }
    for (uint64_t i = NODES - 1; i > 0; i--) { /* Sattolo: one cycle */
        uint64_t j = xorshift64(&random) % i, t = nodes[i * STRIDE];
        nodes[i * STRIDE] = nodes[j * STRIDE];
        nodes[j * STRIDE] = t;
    }
    for (uint64_t i = 0; i < rounds; i++) {
        at = nodes[at * STRIDE];
    }
    free(nodes);
    return at;
}

/* Sorting and searching: loads, stores, compares as real code mixes them. */
static uint64_t sort(uint64_t rounds)
{
    enum { COUNT = 4096 };
    static uint32_t data[COUNT];
    uint64_t random = 88172645463325252u, sum = 0;

    for (uint64_t r = 0; r < rounds; r++) {
        for (int i = 0; i < COUNT; i++) {
            data[i] = (uint32_t)xorshift64(&random);
        }
        for (int gap = COUNT / 2; gap > 0; gap /= 2) {
            for (int i = gap; i < COUNT; i++) {
                uint32_t value = data[i];
                int j = i;
                for (; j >= gap && data[j - gap] > value; j -= gap) {
                    data[j] = data[j - gap];
                }
                data[j] = value;
            }
        }
        sum += data[COUNT / 2] ^ data[7];
    }
    return sum;
}

/* memcpy of 64 KiB blocks, in cache. */
static uint64_t memory_copy(uint64_t rounds)
{
    static char from[1 << 16], to[1 << 16];

    for (uint64_t i = 0; i < rounds; i++) {
        from[i & 0xffff] = (char)i;
        memcpy(to, from, sizeof(to));
        __asm__ volatile("" ::: "memory");
    }
    return (uint64_t)(unsigned char)to[rounds / 2 & 0xffff];
}

const struct workload cpu_workloads[] = {
    {"integer", integer, 60000000},
    {"branchy", branchy, 3000000},
    {"indirect", indirect, 20000000},
    {"calls", calls, 500},
    {"pointer-chase", pointer_chase, 8000000},
    {"sort", sort, 150},
    {"memory-copy", memory_copy, 20000},
};
const size_t cpu_workload_count = sizeof(cpu_workloads) / sizeof(cpu_workloads[0]);
