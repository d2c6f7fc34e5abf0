/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the guest's kernel, initrd and device tree go; the kernel's formats. */
/*
 * Layout, as QEMU's virt: an Image at RAM + 2 MiB + text_offset, a raw binary at RAM + 512 KiB, an
 * ELF where it says; the device tree in the 2 MiB after an Image, at the start of RAM for the
 * others; the initrd at half of RAM, at most 128 MiB from its start. Files may lie in the guest's
 * RAM already (root puts them at its end): an initrd that does stays where it is, nothing is put on
 * top of it.
 */
#include "guestdev/boot.h"

#include "dbt/vcpu.h"
#include "guestdev/boot_tree.h"
#include "guestdev/inflate.h"
#include "kernel/lib/string.h"

#define IMAGE_MAGIC       UINT32_C(0x644d5241) /* "ARM\x64" at offset 56 */
#define IMAGE_HEADER      64
#define ZBOOT_MAGIC       UINT32_C(0x676d697a) /* "zimg" at offset 4 */
#define IMAGE_BASE        MIB(2)
#define IMAGE_BIG_ENDIAN  BIT64(0)
#define RAW_OFFSET        KIB(512)
#define TREE_SIZE         MIB(2)
#define INITRD_MAX_OFFSET MIB(128)

/* [start, end) as offsets in RAM. */
struct range {
    uint64_t start, end;
};

/* What boot_load works on. */
struct loader {
    struct vm *vm;
    const struct boot_config *config;
    struct range busy[4]; /* sources in RAM, and what has been placed */
    unsigned busy_count;
    struct range kernel;
    struct range tree;
    struct boot_entry entry;
    const char *why;
};

static int refuse(struct loader *l, enum err error, const char *why)
{
    l->why = why;
    return -(int)error;
}

static bool overlap(struct range a, struct range b)
{
    return a.start < b.end && b.start < a.end;
}

static bool is_free(const struct loader *l, struct range range)
{
    if (range.end < range.start || range.end > l->vm->ram_size) {
        return false;
    }
    for (unsigned i = 0; i < l->busy_count; i++) {
        if (overlap(range, l->busy[i])) {
            return false;
        }
    }
    return true;
}

/* A file's place in RAM; false where it lies elsewhere. */
static bool in_ram(const struct vm *vm, const struct boot_file *file, struct range *range)
{
    uint64_t offset = (uint64_t)((uintptr_t)file->data - (uintptr_t)vm->ram);

    if (!file->data || offset >= vm->ram_size || file->size > vm->ram_size - offset) {
        return false;
    }
    *range = (struct range){offset, offset + file->size};
    return true;
}

static void note_busy(struct loader *l, const struct boot_file *file)
{
    struct range range;

    if (in_ram(l->vm, file, &range)) {
        l->busy[l->busy_count++] = range;
    }
}

/* --- kernels
 * --------------------------------------------------------------------------------------------- */
static uint32_t load32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static bool is_image(const uint8_t *data, size_t size)
{
    return size >= IMAGE_HEADER && load32(data + 56) == IMAGE_MAGIC;
}

/* Claims [start, start + size) for the kernel. */
static int claim(struct loader *l, uint64_t start, uint64_t size)
{
    struct range range = {start, start + size};

    if (!is_free(l, range)) {
        return refuse(l, ERR_RANGE, "the kernel does not fit into the guest's memory");
    }
    l->kernel = range;
    return 0;
}

/* Documentation/arm64/booting.rst: text_offset at 8, image_size at 16, flags at 24. */
static int place_image(struct loader *l, const uint8_t *data, size_t size)
{
    uint64_t offset = load64(data + 8), memory = load64(data + 16), flags = load64(data + 24);
    int error;

    if (!memory) { /* before Linux 3.17 */
        offset = RAW_OFFSET;
        memory = size;
    }
    if (flags & IMAGE_BIG_ENDIAN) {
        return refuse(l, ERR_FORMAT, "the kernel is big-endian");
    }
    if (offset >= MIB(2) || offset % 8 || memory < size) {
        return refuse(l, ERR_FORMAT,
                      "the kernel's Image header is wrong: text_offset or image_size");
    }
    error = claim(l, IMAGE_BASE + offset, memory);
    if (error) {
        return error;
    }
    memmove(l->vm->ram + l->kernel.start, data, size);
    l->tree.start = ALIGN_UP(l->kernel.end, TREE_SIZE);
    l->tree.end = l->tree.start + TREE_SIZE;
    l->entry.pc = RAM_BASE + l->kernel.start;
    return 0;
}

static int place_raw(struct loader *l, const uint8_t *data, size_t size)
{
    int error = claim(l, RAW_OFFSET, size);

    if (error) {
        return error;
    }
    memmove(l->vm->ram + RAW_OFFSET, data, size);
    l->tree = (struct range){0, RAW_OFFSET};
    l->entry.pc = RAM_BASE + RAW_OFFSET;
    return 0;
}

/* Decompressed to where an Image goes; one with another text_offset moves there from below. */
static int place_gzip(struct loader *l, const uint8_t *data, size_t size)
{
    uint64_t end = l->vm->ram_size;
    uint8_t *to = l->vm->ram + IMAGE_BASE;
    int64_t made;

    for (unsigned i = 0; i < l->busy_count; i++) {
        end = MIN(end, l->busy[i].start);
    }
    if (end <= IMAGE_BASE) {
        return refuse(l, ERR_RANGE, "the kernel does not fit into the guest's memory");
    }
    made = gzip_decompress(data, size, to, end - IMAGE_BASE);
    if (made < 0) {
        return refuse(l, (enum err) - made,
                      made == -ERR_RANGE ? "the decompressed kernel does not fit into memory"
                                         : "the kernel's gzip data is damaged or truncated");
    }
    if (!is_image(to, (size_t)made)) {
        return refuse(l, ERR_FORMAT, "the gzip file holds no arm64 Image");
    }
    return place_image(l, to, (size_t)made);
}

/* An EFI zboot image, Linux 6.1 and later: a PE program that unpacks the Image in it. Where that
 * lies: drivers/firmware/efi/libstub/zboot-header.S. */
enum { ZBOOT_OFFSET = 8, ZBOOT_LENGTH = 12, ZBOOT_PACKER = 24, ZBOOT_HEADER = 56 };

static bool is_zboot(const uint8_t *data, size_t size)
{
    return size >= ZBOOT_HEADER && load32(data + 4) == ZBOOT_MAGIC;
}

static int place_zboot(struct loader *l, const uint8_t *data, size_t size)
{
    uint32_t offset = load32(data + ZBOOT_OFFSET), length = load32(data + ZBOOT_LENGTH);

    if (memcmp(data + ZBOOT_PACKER, "gzip", sizeof("gzip")) != 0) {
        return refuse(l, ERR_FORMAT,
                      "the kernel is an EFI zboot image not packed by gzip: give the Image inside");
    }
    if (offset > size || length > size - offset || !gzip_is(data + offset, length)) {
        return refuse(l, ERR_FORMAT, "the EFI zboot image is truncated or holds no gzip data");
    }
    return place_gzip(l, data + offset, length);
}

/* ELF64 (System V gABI): offsets in the headers. */
enum {
    EH_IDENT = 16,
    EH_MACHINE = 18,
    EH_ENTRY = 24,
    EH_PHOFF = 32,
    EH_PHENTSIZE = 54,
    EH_PHNUM = 56,
    EH_SIZE = 64,
    PH_OFFSET = 8,
    PH_PADDR = 24,
    PH_FILESZ = 32,
    PH_MEMSZ = 40,
    PH_SIZE = 56,
    EM_AARCH64 = 183,
    PT_LOAD = 1,
};

static uint16_t load16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static int place_segment(struct loader *l, const uint8_t *data, size_t size, const uint8_t *header)
{
    uint64_t offset = load64(header + PH_OFFSET), file = load64(header + PH_FILESZ);
    uint64_t memory = load64(header + PH_MEMSZ), start = load64(header + PH_PADDR) - RAM_BASE;
    struct range range = {start, start + memory};

    if (offset > size || file > size - offset || file > memory) {
        return refuse(l, ERR_FORMAT, "the ELF file is truncated or its segments are wrong");
    }
    if (start >= l->vm->ram_size || memory > l->vm->ram_size - start || !is_free(l, range)) {
        return refuse(l, ERR_RANGE, "a segment of the ELF file is outside the guest's memory");
    }
    memmove(l->vm->ram + start, data + offset, file);
    memset(l->vm->ram + start + file, 0, memory - file);
    l->kernel.start = MIN(l->kernel.start, range.start);
    l->kernel.end = MAX(l->kernel.end, range.end);
    return 0;
}

static int place_elf(struct loader *l, const uint8_t *data, size_t size)
{
    uint64_t table = size >= EH_SIZE ? load64(data + EH_PHOFF) : 0;
    unsigned count = size >= EH_SIZE ? load16(data + EH_PHNUM) : 0;

    if (!count || table > size || load16(data + EH_PHENTSIZE) != PH_SIZE ||
        count > (size - table) / PH_SIZE) {
        return refuse(l, ERR_FORMAT, "the ELF file is truncated or its headers are wrong");
    }
    if (data[4] != 2 || data[5] != 1 || load16(data + EH_MACHINE) != EM_AARCH64) {
        return refuse(l, ERR_FORMAT, "the ELF file is not a 64-bit little-endian AArch64 one");
    }
    l->entry.pc = load64(data + EH_ENTRY);
    if (l->entry.pc & 3) {
        return refuse(l, ERR_FORMAT, "the ELF file's entry is not aligned to an instruction");
    }
    l->kernel = (struct range){UINT64_MAX, 0};
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *header = data + table + (uint64_t)i * PH_SIZE;

        if (load32(header) == PT_LOAD && load64(header + PH_MEMSZ)) {
            int error = place_segment(l, data, size, header);
            if (error) {
                return error;
            }
        }
    }
    if (l->kernel.end == 0) {
        return refuse(l, ERR_FORMAT, "the ELF file has nothing to load");
    }
    l->tree = (struct range){0, MIN(l->kernel.start, TREE_SIZE)};
    return 0;
}

static int place_kernel(struct loader *l)
{
    const uint8_t *data = l->config->kernel.data;
    size_t size = l->config->kernel.size;

    if (!data || size < 4) {
        return refuse(l, ERR_FORMAT, "the kernel is empty or truncated");
    }
    if (gzip_is(data, size)) {
        return place_gzip(l, data, size);
    }
    if (is_image(data, size)) {
        return place_image(l, data, size);
    }
    if (load32(data) == UINT32_C(0x464c457f)) {
        return place_elf(l, data, size);
    }
    if (is_zboot(data, size)) {
        return place_zboot(l, data, size);
    }
    return place_raw(l, data, size);
}

/* --- initrd and tree
 * ------------------------------------------------------------------------------------------ */
static int place_initrd(struct loader *l, struct tree_config *tree)
{
    const struct boot_file *initrd = &l->config->initrd;
    struct range range;

    if (!initrd->data || !initrd->size) {
        return 0;
    }
    if (in_ram(l->vm, initrd, &range) && IS_ALIGNED(range.start, PAGE_SIZE)) {
        if (overlap(range, l->kernel)) {
            return refuse(l, ERR_RANGE, "kernel and initrd do not both fit into memory");
        }
    } else {
        uint64_t at = MIN(l->vm->ram_size / 2, INITRD_MAX_OFFSET);
        uint64_t below = MAX(l->kernel.end, l->tree.end);

        at = ALIGN_UP(MAX(at, below), PAGE_SIZE);
        range = (struct range){at, at + initrd->size};
        if (!is_free(l, range)) {
            return refuse(l, ERR_RANGE, "the initrd does not fit into the guest's memory");
        }
        memmove(l->vm->ram + at, initrd->data, initrd->size);
    }
    tree->initrd_start = RAM_BASE + range.start;
    tree->initrd_end = RAM_BASE + range.end;
    if (overlap(range, l->tree)) {
        return refuse(l, ERR_RANGE, "initrd and device tree do not both fit into memory");
    }
    return 0;
}

static struct tree_config tree_config(const struct vm *vm, const struct boot_config *config)
{
    return (struct tree_config){
        .ram_size = vm->ram_size,
        .vcpus = vm->vcpu_count,
        .append = config->append,
        .seed = config->seed,
        .given = config->dtb.data,
        .given_size = config->dtb.size,
    };
}

static int place_tree(struct loader *l, const struct tree_config *config)
{
    int64_t size;

    l->tree.end = MIN(l->tree.end, l->vm->ram_size);
    if (l->tree.start >= l->tree.end || !is_free(l, l->tree)) {
        return refuse(l, ERR_RANGE, "the device tree does not fit into the guest's memory");
    }
    size = boot_tree_write(config, l->vm->ram + l->tree.start, l->tree.end - l->tree.start);
    if (size < 0) {
        return refuse(l, (enum err) - size,
                      config->given
                          ? "the given device tree is malformed or too large"
                          : "the device tree does not fit: is the command line too long?");
    }
    return 0;
}

static bool is_elf(const struct boot_file *kernel)
{
    return kernel->size >= 4 && load32(kernel->data) == UINT32_C(0x464c457f);
}

static int load(struct loader *l)
{
    struct tree_config tree = tree_config(l->vm, l->config);
    bool elf = l->config->kernel.data && is_elf(&l->config->kernel);
    int error;

    note_busy(l, &l->config->kernel);
    note_busy(l, &l->config->initrd);
    note_busy(l, &l->config->dtb);
    error = place_kernel(l);
    if (!error) {
        error = place_initrd(l, &tree);
    }
    /* an ELF at the start of RAM leaves no place for a tree, and asks for none */
    if (error || (elf && l->tree.end == 0)) {
        return error;
    }
    error = place_tree(l, &tree);
    /* bare-metal ELF files get no argument, as in QEMU; the tree is at the start of RAM */
    l->entry.x0 = elf ? 0 : RAM_BASE + l->tree.start;
    return error;
}

int boot_load(struct vm *vm, const struct boot_config *config, struct boot_entry *entry,
              const char **why)
{
    struct loader l = {.vm = vm, .config = config};
    int error = load(&l);

    *entry = l.entry;
    *why = l.why;
    return error;
}

int boot_device_tree(struct vm *vm, const struct boot_config *config, void *buf, size_t size)
{
    struct tree_config tree = tree_config(vm, config);

    return (int)boot_tree_write(&tree, buf, size);
}
