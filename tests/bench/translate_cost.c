/* SPDX-License-Identifier: BSD-2-Clause */
/* Translates the executable segments of an AArch64 ELF file, block after block; for translate-cost.
 */
/*
 * usage: translate-cost FILE. Run under callgrind it shows what translation costs; by itself it
 * prints guest instructions, IR rows and bytes of host code.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/a64/translate.h"
#include "dbt/rt/helpers.h"
#include "dbt/x64/compile.h"

static struct ir_block block;
static struct x64_code code;
static uint8_t host[X64_MAX_BLOCK];
static struct totals {
    unsigned long guest, rows, bytes, blocks;
} totals;

static uint32_t fetch(void *page, unsigned off)
{
    uint32_t word;

    memcpy(&word, (const uint8_t *)page + off, sizeof(word));
    return word;
}

static enum site_kind site(void *page, unsigned off)
{
    (void)page;
    (void)off;
    return SITE_DIRECT;
}

/* One block at page offset `start`; returns where the next begins. */
static unsigned translate_block(uint8_t *page, unsigned start)
{
    static const struct x64_env env = {.mem_model = MEM_BIAS, .exit = 0x1000, .pure = help_pure};

    tr_block(&block, start, TR_EL1, IR_MAX_GUEST, fetch, site, page);
    if (x64_compile(&block, &env, &code) != X64_OK) {
        fprintf(stderr, "a block has no space\n");
        exit(1);
    }
    totals.guest += block.guest_count;
    totals.rows += block.count;
    totals.bytes += code.size;
    totals.blocks++;
    return start + 4u * block.guest_count;
}

__attribute__((noinline)) static void translate_page(uint8_t *page)
{
    for (unsigned at = 0; at < PAGE_SIZE;) {
        at = translate_block(page, at);
    }
}

static uint8_t *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    uint8_t *data;

    if (!file || fseek(file, 0, SEEK_END)) {
        perror(name);
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    data = malloc(*size + PAGE_SIZE);
    if (!data || fread(data, 1, *size, file) != *size) {
        perror(name);
        exit(2);
    }
    memset(data + *size, 0, PAGE_SIZE);
    fclose(file);
    return data;
}

int main(int argc, char **argv)
{
    const Elf64_Phdr *segment;
    const Elf64_Ehdr *elf;
    uint8_t *file;
    size_t size;

    if (argc != 2) {
        fprintf(stderr, "usage: translate-cost FILE\n");
        return 2;
    }
    file = read_file(argv[1], &size);
    elf = (const Elf64_Ehdr *)(const void *)file;
    segment = (const Elf64_Phdr *)(const void *)(file + elf->e_phoff);
    code.rw = host;
    code.rx = 0x10000;
    code.capacity = sizeof(host);
    for (unsigned n = 0; n < elf->e_phnum; n++) {
        if (segment[n].p_type != PT_LOAD || !(segment[n].p_flags & PF_X)) {
            continue;
        }
        for (size_t at = 0; at + PAGE_SIZE <= segment[n].p_filesz; at += PAGE_SIZE) {
            translate_page(file + segment[n].p_offset + at);
        }
    }
    printf(
        "%lu guest instructions in %lu blocks, %.2f IR rows each, %.2f bytes of host code each\n",
        totals.guest, totals.blocks, (double)totals.rows / (double)totals.guest,
        (double)totals.bytes / (double)totals.guest);
    return 0;
}
