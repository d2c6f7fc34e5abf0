/* SPDX-License-Identifier: BSD-2-Clause */
/* Proves that the decoder gives every 32-bit word exactly the meaning that the decode table gives.
 */
/*
 * The table's rows are disjoint (tools/decodegen refuses others), and it knows how many words each
 * covers. Here all 2^32 words are decoded: what the switch tree answers must fit the row (its fixed
 * bits and constraint, tested apart from the tree), and each row must be answered as often as it
 * has words. So no word of a row is answered otherwise, and no other word is answered with it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/a64_count.h"

enum { THREADS = 2 };

struct part {
    pthread_t thread;
    uint32_t first;
    uint64_t words;
    uint64_t seen[A64_COUNT];
    uint64_t misfits;
};

static void *sweep(void *arg)
{
    struct part *part = arg;
    for (uint64_t i = 0; i < part->words; i++) {
        uint32_t word = part->first + (uint32_t)i;
        enum a64_insn insn = a64_decode(word);
        part->seen[insn]++;
        if ((word & a64_insns[insn].mask) != a64_insns[insn].value || !a64_holds(insn, word)) {
            part->misfits++;
        }
    }
    return NULL;
}

int main(void)
{
    struct part *parts = calloc(THREADS, sizeof(*parts));
    unsigned passed = 0;
    unsigned failed = 0;
    if (!parts) {
        return 1;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        parts[i].words = (UINT64_C(1) << 32) / THREADS;
        parts[i].first = (uint32_t)(i * parts[i].words);
        if (pthread_create(&parts[i].thread, NULL, sweep, &parts[i])) {
            return 1;
        }
    }
    uint64_t misfits = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(parts[i].thread, NULL);
        misfits += parts[i].misfits;
    }
    printf("%llu words do not fit the row they are decoded to\n", (unsigned long long)misfits);
    *(misfits ? &failed : &passed) += 1;
    for (unsigned insn = A64_UNALLOCATED + 1; insn < A64_COUNT; insn++) {
        uint64_t seen = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            seen += parts[i].seen[insn];
        }
        if (seen == a64_counts[insn].words) {
            passed++;
        } else {
            failed++;
            printf("%s: the table has %u words, the decoder %llu\n", a64_insns[insn].name,
                   a64_counts[insn].words, (unsigned long long)seen);
        }
    }
    free(parts);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
