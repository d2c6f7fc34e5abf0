/* SPDX-License-Identifier: BSD-2-Clause */
/* Root's own page tables (SDM 3 chapter 4.5), made by mmu/ptab. */
#include "kernel/x86/paging.h"

#include "boot/boot_info.h"
#include "kernel/image.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define LEVELS 4

/* Until root's own tables are loaded, physical memory is seen through the loader's identity map. */
static uint64_t window;
static hpa_t (*early_take)(void);
static struct ptab tables;
static struct spinlock lock;

static uint64_t take_page(void *arg)
{
    (void)arg;
    hpa_t page = early_take ? early_take() : page_alloc(ORDER_4K);
    return hpa_valid(page) ? page.v : 0;
}

static void give_page(void *arg, uint64_t page)
{
    (void)arg;
    page_free(hpa(page), ORDER_4K);
}

static uint64_t *view_page(void *arg, uint64_t page)
{
    (void)arg;
    return (uint64_t *)(window + page);
}

static const struct ptab_pages pages = {.take = take_page, .give = give_page, .view = view_page};

static void build(uint64_t at, uint64_t physical, uint64_t size, unsigned rights)
{
    int error = size ? ptab_map(&tables, at, physical, size, rights, PTAB_WB) : 0;

    if (error) {
        panic("cannot map 0x%lx to 0x%lx+0x%lx: %s", at, physical, size, err_text(error));
    }
}

/* One part of the image at its address, and not to be written through the direct map either. */
static void build_part(hpa_t image, const char *start, const char *end, unsigned rights)
{
    uint64_t offset = (uint64_t)(start - image_start);
    uint64_t size = (uint64_t)(end - start);

    build((uintptr_t)start, image.v + offset, size, rights);
    if (!(rights & PTAB_W)) {
        int error = ptab_protect(&tables, DIRECT_BASE + image.v + offset, size, PTAB_R);
        if (error) {
            panic("cannot protect the image: %s", err_text(error));
        }
    }
}

void paging_build(const struct boot_range *map, size_t count, hpa_t image, hpa_t (*take)(void))
{
    bool has_1g = bit(cpuid(0x80000001, 0).edx, 26);

    early_take = take;
    if (ptab_init(&tables, &ptab_x86_format, &pages, has_1g ? 3 : 2)) {
        panic("no memory for page tables");
    }
    for (size_t i = 0; i < count; i++) {
        if (map[i].kind <= BOOT_ACPI_NVS && map[i].base + map[i].size <= DIRECT_SIZE) {
            build(DIRECT_BASE + map[i].base, map[i].base, map[i].size, PTAB_R | PTAB_W);
        }
    }
    build_part(image, image_text, image_text_end, PTAB_R | PTAB_X);
    build_part(image, image_rodata, image_rodata_end, PTAB_R);
    build_part(image, image_data, image_end, PTAB_R | PTAB_W);
}

void paging_load(void)
{
    cr3_write(tables.root);
    window = DIRECT_BASE;
    early_take = NULL;
}

hpa_t paging_root(void)
{
    return hpa(tables.root);
}

int paging_map(hva_t at, hpa_t physical, size_t size, unsigned rights, enum ptab_memory memory)
{
    assert(!((rights & PTAB_W) && (rights & PTAB_X)));
    uint64_t flags = spin_lock_irq(&lock);
    int error = ptab_map(&tables, at.v, physical.v, size, rights, memory);
    spin_unlock_irq(&lock, flags);
    return error;
}

void paging_unmap(hva_t at, size_t size)
{
    uint64_t flags = spin_lock_irq(&lock);
    /* Table pages that get empty stay in ptab's list for good: other CPUs may have them cached, and
     * the addresses are not used again. */
    int error = ptab_unmap(&tables, at.v, size);
    spin_unlock_irq(&lock, flags);
    assert(!error || error == -ERR_NOMEM);
    for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
        tlb_flush_page(at.v + offset);
    }
}

/* --- for CPUs that start ------------------------------------------------------------------------
 */
static struct ptab trampoline;

static uint64_t take_low_page(void *arg)
{
    (void)arg;
    hpa_t page = page_alloc_below(ORDER_4K, GIB(4));
    return hpa_valid(page) ? page.v : 0;
}

static const struct ptab_pages low_pages = {
    .take = take_low_page, .give = give_page, .view = view_page};

static uint64_t *upper_half(const struct ptab *pt)
{
    return view_page(NULL, pt->root) + PTAB_ENTRIES / 2;
}

int paging_trampoline_begin(hpa_t page, hpa_t *root)
{
    int error = ptab_init(&trampoline, &ptab_x86_format, &low_pages, 1);

    if (error) {
        return error;
    }
    error = ptab_map(&trampoline, page.v, page.v, PAGE_SIZE, PTAB_R | PTAB_X, PTAB_WB);
    if (error) {
        ptab_destroy(&trampoline);
        return error;
    }
    memcpy(upper_half(&trampoline), upper_half(&tables), PAGE_SIZE / 2);
    *root = hpa(trampoline.root);
    return 0;
}

void paging_trampoline_end(void)
{
    memset(upper_half(&trampoline), 0, PAGE_SIZE / 2); /* these tables are root's */
    ptab_destroy(&trampoline);
}

bool paging_is_mapped(uint64_t address)
{
    const uint64_t *table = view_page(NULL, cr3_read() & PTE_ADDRESS);

    if ((uint64_t)sign_extend(address, 48) != address) {
        return false;
    }
    for (unsigned level = LEVELS; level >= 1; level--) {
        uint64_t entry = table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        if (!(entry & PTE_PRESENT)) {
            return false;
        }
        if (level == 1 || (entry & PTE_LARGE)) {
            return true;
        }
        table = view_page(NULL, entry & PTE_ADDRESS);
    }
    return false;
}

struct audit {
    uint64_t writable, executable, read_only; /* leaves */
};

static void audit_leaf(struct audit *audit, uint64_t at, uint64_t entry)
{
    bool writable = entry & PTE_WRITE;
    bool executable = !(entry & PTE_NX);

    if ((writable && executable) || (entry & PTE_USER)) {
        panic("W^X: the page at 0x%lx has the entry 0x%lx", at, entry);
    }
    audit->writable += writable;
    audit->executable += executable;
    audit->read_only += !writable && !executable;
}

static void audit_table(struct audit *audit, uint64_t physical, unsigned level, uint64_t base)
{
    const uint64_t *table = view_page(NULL, physical);

    for (uint64_t i = 0; i < PTAB_ENTRIES; i++) {
        uint64_t at = base + i * ptab_level_size(level);
        if (!(table[i] & PTE_PRESENT)) {
            continue;
        }
        if (level == LEVELS && i < PTAB_ENTRIES / 2) {
            panic("W^X: the lower half has an entry at 0x%lx", at);
        }
        if (level == 1 || (table[i] & PTE_LARGE)) {
            audit_leaf(audit, (uint64_t)sign_extend(at, 48), table[i]);
        } else {
            audit_table(audit, table[i] & PTE_ADDRESS, level - 1, at);
        }
    }
}

void paging_audit(void)
{
    struct audit audit = {0};

    audit_table(&audit, cr3_read() & PTE_ADDRESS, LEVELS, 0);
    log_info(LOG_MEM,
             "W^X holds: %lu pages writable, %lu executable, %lu read-only, none both, lower half "
             "empty",
             audit.writable, audit.executable, audit.read_only);
}
