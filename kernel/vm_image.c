/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the engine's ELF (System V ABI, ELF-64) and lays a VM's physical space out. */
#include "kernel/vm_image.h"

#include "mmu/ptab.h"

#define ELF_MAGIC  0x464c457fu
#define ELF_64_LSB 0x0102u /* class 64, little endian */
#define ET_EXEC    2
#define EM_X86_64  62
#define PT_LOAD    1
#define PT_DYNAMIC 2
#define PT_INTERP  3
#define PF_X       1u
#define PF_W       2u
#define PF_R       4u

struct elf_header {
    uint32_t magic;
    uint16_t class_data;
    uint8_t version, abi, pad[8];
    uint16_t type, machine;
    uint32_t version2;
    uint64_t entry, program_headers, sections;
    uint32_t flags;
    uint16_t header_size, ph_size, ph_count, sh_size, sh_count, sh_names;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64 header");

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_segment) == 56, "ELF-64 program header");

static const char *check_header(const struct elf_header *h, uint64_t size)
{
    if (size < sizeof(*h) || h->magic != ELF_MAGIC || h->class_data != ELF_64_LSB) {
        return "not a 64-bit ELF file";
    }
    if (h->type != ET_EXEC || h->machine != EM_X86_64) {
        return "not a linked x86-64 executable";
    }
    if (h->ph_size != sizeof(struct elf_segment) || h->program_headers > size ||
        h->program_headers % 8 ||
        h->ph_count > (size - h->program_headers) / sizeof(struct elf_segment)) {
        return "program headers lie outside the file";
    }
    return NULL;
}

/* The segment goes behind the ones before it. */
static const char *add_segment(struct vm_image *image, const struct elf_segment *s,
                               uint64_t file_size)
{
    if (image->count == ABI_IMAGE_SEGMENTS) {
        return "too many segments";
    }
    if (s->offset > file_size || s->filesz > file_size - s->offset || s->filesz > s->memsz) {
        return "a segment's data lies outside the file";
    }
    uint64_t vpa = s->vaddr - ABI_ENGINE_BASE;
    if (vpa >= ABI_IMAGE_MAX || s->memsz > ABI_IMAGE_MAX - vpa || !s->memsz) {
        return "a segment lies outside the image's place";
    }
    if (!IS_ALIGNED(vpa, PAGE_SIZE) || vpa < image->size || (!image->count && vpa)) {
        return "segments are not page aligned, in order, and from the slot's start on";
    }
    if (!(s->flags & PF_R) || (s->flags & (PF_W | PF_X)) == (PF_W | PF_X)) {
        return "a segment is not readable, or both writable and executable";
    }
    image->segments[image->count++] = (struct image_segment){
        .vpa = vpa,
        .size = ALIGN_UP(s->memsz, PAGE_SIZE),
        .offset = s->offset,
        .filled = s->filesz,
        .rights = PTAB_R | ((s->flags & PF_W) ? PTAB_W : 0u) | ((s->flags & PF_X) ? PTAB_X : 0u),
    };
    image->size = vpa + ALIGN_UP(s->memsz, PAGE_SIZE);
    return NULL;
}

static bool is_executable(const struct vm_image *image, uint64_t vpa)
{
    for (unsigned i = 0; i < image->count; i++) {
        const struct image_segment *s = &image->segments[i];
        if (vpa >= s->vpa && vpa - s->vpa < s->filled) {
            return s->rights & PTAB_X;
        }
    }
    return false;
}

int vm_image_parse(const void *file, uint64_t size, struct vm_image *image, const char **why)
{
    const struct elf_header *h = file;
    *image = (struct vm_image){0};
    *why = check_header(h, size);
    if (*why) {
        return -ERR_FORMAT;
    }
    const struct elf_segment *table = (const void *)((const uint8_t *)file + h->program_headers);
    for (unsigned i = 0; i < h->ph_count && !*why; i++) {
        if (table[i].type == PT_LOAD) {
            *why = add_segment(image, &table[i], size);
        } else if (table[i].type == PT_DYNAMIC || table[i].type == PT_INTERP) {
            *why = "it wants a dynamic linker";
        }
    }
    image->entry = h->entry;
    if (!*why && !is_executable(image, h->entry - ABI_ENGINE_BASE)) {
        *why = "the entry point is not in an executable segment";
    }
    return *why ? -ERR_FORMAT : 0;
}

/* Takes the next `size` bytes of the VM's space. */
static struct abi_area take_area(uint64_t *next, uint64_t size)
{
    struct abi_area area = {*next, size};
    *next += size;
    return area;
}

/*
 * Pages for the first tables: the root, two chains of three for the image's slot (image, stacks),
 * one chain for the direct map with its 4K parts (image and shared, at most ABI_IMAGE_MAX + one
 * chunk), and a page directory for each GiB when there are no 1G pages.
 */
static uint64_t table_pages(uint64_t space)
{
    return 1 + 2 * 3 + 2 * (ABI_IMAGE_MAX / MIB(2) + 2) + 2 + space / GIB(1) + 1;
}

uint64_t vm_layout(struct abi_boot *boot, const struct vm_image *image,
                   const struct vm_sizes *sizes)
{
    uint64_t next = 0;
    uint64_t vcpus = sizes->vcpus;
    uint64_t store = ALIGN_UP(sizes->store, PAGE_SIZE);
    boot->image = take_area(&next, image->size);
    /* Boot, VM and vCPU pages and rings lie in one chunk: root sees them as one run of bytes. */
    next = ALIGN_UP(next, MIB(2));
    uint64_t shared =
        PAGE_SIZE * (1 + ABI_VM_PAGES + vcpus) + ABI_CONSOLE_OUT_SIZE + ABI_CONSOLE_IN_SIZE;
    boot->shared = take_area(&next, shared);
    boot->vm_page = boot->shared.vpa + PAGE_SIZE;
    boot->vcpu_pages = boot->vm_page + PAGE_SIZE * ABI_VM_PAGES;
    boot->console_out = boot->vcpu_pages + PAGE_SIZE * vcpus;
    boot->console_in = boot->console_out + ABI_CONSOLE_OUT_SIZE;
    boot->stacks = take_area(&next, vcpus * (PAGE_SIZE + ABI_STACK_SIZE));
    uint64_t most = next + sizes->heap + store + sizes->code + sizes->ram;
    boot->tables = take_area(&next, PAGE_SIZE * table_pages(most));
    uint64_t heap_end = ALIGN_UP(next + sizes->heap + store, MIB(2)) - store;
    boot->heap = take_area(&next, heap_end - next);
    boot->store = take_area(&next, store);
    boot->code = take_area(&next, sizes->code);
    boot->ram = take_area(&next, sizes->ram);
    return next;
}
