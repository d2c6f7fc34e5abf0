/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random blocks of IR for tests, and the numbers that they are made of. All follows from
 * random_seed. A new row of the IR without effects is made by itself; what its imm and aux may be
 * is said in operands_of (random_rows.c).
 */
#pragma once

#include "dbt/ir/ir.h"

/* The generator's state; set it to see a block again. */
extern uint64_t random_seed;

/* Whether the block is for FPCR.FZ (and then FPSR.IXC set); else FZ, FZ16 and AHP are clear. */
extern bool random_flush;

uint64_t random64(void);
/* 0 to n - 1. */
unsigned below(unsigned n);
/* A number near where integer arithmetic is special, or any. */
uint64_t edge(void);

/* A block that ir_verify accepts: guest instructions in order, faults and exits as translators make
 * them, addresses in and around the memory of fake_rt.h. */
void random_block(struct ir_block *block);
