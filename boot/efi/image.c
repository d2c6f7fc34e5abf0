/* SPDX-License-Identifier: BSD-2-Clause */
/* The embedded root ELF: checked, placed at a 2 MiB border below 4 GiB, and mapped at -2 GiB. */
#include "boot/efi/app.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define IMAGE_BASE    UINT64_C(0xffffffff80000000)
#define IMAGE_MAX     MIB(64)
#define ELF_MAGIC     0x464c457fu
#define ELF_LOAD      1u
#define ELF_X86_64    62u
#define PAGE_RW       UINT64_C(0x003)
#define PAGE_RW_LARGE UINT64_C(0x083)
#define ENTRIES       512u

struct elf_header {
    uint32_t magic;
    uint8_t class, data, version, abi, pad[8];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_segment) == 56, "ELF-64");

extern const uint8_t root_image[], root_image_end[];

static const struct elf_segment *segments(const struct elf_header *elf)
{
    return (const struct elf_segment *)((const char *)elf + elf->phoff);
}

/* Bytes from IMAGE_BASE to the image's end; 0 when it is not the image that linker.ld makes. */
static uint64_t image_span(const struct elf_header *elf, size_t file_size)
{
    const struct elf_segment *s = segments(elf);
    uint64_t end = 0;

    if (file_size < sizeof(*elf) || elf->magic != ELF_MAGIC || elf->machine != ELF_X86_64 ||
        elf->phoff + elf->phnum * sizeof(*s) > file_size) {
        return 0;
    }
    for (unsigned i = 0; i < elf->phnum; i++) {
        if (s[i].type != ELF_LOAD) {
            continue;
        }
        if (s[i].vaddr < IMAGE_BASE || s[i].vaddr + s[i].memsz > IMAGE_BASE + IMAGE_MAX ||
            s[i].offset + s[i].filesz > file_size || s[i].filesz > s[i].memsz) {
            return 0;
        }
        end = MAX(end, s[i].vaddr + s[i].memsz - IMAGE_BASE);
    }
    return end;
}

static void place(const struct elf_header *elf, uint64_t base)
{
    const struct elf_segment *s = segments(elf);

    for (unsigned i = 0; i < elf->phnum; i++) {
        if (s[i].type == ELF_LOAD) {
            memcpy((void *)(base + s[i].vaddr - IMAGE_BASE), (const char *)elf + s[i].offset,
                   s[i].filesz);
        }
    }
}

/* The tables that boot/multiboot2.asm makes too: the low 4 GiB as they are, the image at -2 GiB. */
static uint64_t make_tables(uint64_t base)
{
    enum { PML4, PDPT_LOW, PDPT_HIGH, IMAGE, LOW, COUNT = LOW + 4 };
    uint64_t at = app_alloc(COUNT * PAGE_SIZE, PAGE_SIZE, true);
    uint64_t(*table)[ENTRIES] = (uint64_t(*)[ENTRIES])at;

    if (!at) {
        return 0;
    }
    table[PML4][0] = (at + PDPT_LOW * PAGE_SIZE) | PAGE_RW;
    table[PML4][511] = (at + PDPT_HIGH * PAGE_SIZE) | PAGE_RW;
    table[PDPT_HIGH][510] = (at + IMAGE * PAGE_SIZE) | PAGE_RW;
    for (uint64_t i = 0; i < IMAGE_MAX / MIB(2); i++) {
        table[IMAGE][i] = (base + i * MIB(2)) | PAGE_RW_LARGE;
    }
    for (uint64_t g = 0; g < 4; g++) {
        table[PDPT_LOW][g] = (at + (LOW + g) * PAGE_SIZE) | PAGE_RW;
        for (uint64_t i = 0; i < ENTRIES; i++) {
            table[LOW + g][i] = (GIB(g) + i * MIB(2)) | PAGE_RW_LARGE;
        }
    }
    return at;
}

bool image_load(struct image *image)
{
    const struct elf_header *elf = (const struct elf_header *)root_image;
    uint64_t span = image_span(elf, (size_t)(root_image_end - root_image));

    if (!span) {
        app_fail("the root image inside BOOTX64.EFI is damaged");
        return false;
    }
    image->base = app_alloc(span, MIB(2), true);
    image->stub = app_alloc(PAGE_SIZE, PAGE_SIZE, true);
    image->cr3 = image->base && image->stub ? make_tables(image->base) : 0;
    if (!image->cr3) {
        app_fail("not enough memory below 4 GiB for the root image, %lu KiB", span >> 10);
        return false;
    }
    place(elf, image->base);
    image->entry = elf->entry;
    return true;
}
