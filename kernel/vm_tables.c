/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's two translations at its start: nested tables (VPA to host) with the rights that abi.h
 * gives each area, and the engine's first page tables (linear to VPA), which lie in the VM's own
 * memory.
 */
#include "kernel/mem.h"
#include "kernel/panic.h"
#include "kernel/vm_priv.h"

struct area_rights {
    struct abi_area area;
    unsigned rights;
};

/* --- nested tables
 * -------------------------------------------------------------------------------- */
static uint64_t nested_take(void *unused)
{
    (void)unused;
    hpa_t page = page_alloc(ORDER_4K);
    return hpa_valid(page) ? page.v : 0;
}

static void nested_give(void *unused, uint64_t phys)
{
    (void)unused;
    page_free(hpa(phys), ORDER_4K);
}

static uint64_t *nested_view(void *unused, uint64_t phys)
{
    (void)unused;
    return hpa_to_ptr(hpa(phys));
}

/* The largest leaf that pages with these rights may have. */
static unsigned max_leaf(unsigned rights)
{
    if ((rights & PTAB_X) && !virt_features.guest_large_code) {
        return 1;
    }
    return virt_features.guest_large_1g ? 3 : virt_features.guest_large_2m ? 2 : 1;
}

static int map_area(struct vm *vm, struct abi_area area, unsigned rights)
{
    uint64_t size = ALIGN_UP(area.size, PAGE_SIZE);
    int error = 0;
    vm->nested.max_leaf = max_leaf(rights);
    for (uint64_t done = 0; done < size && !error;) {
        uint64_t vpa = area.vpa + done;
        uint64_t run = vm_memory_run(&vm->memory, vpa, size - done);
        error = ptab_map(&vm->nested, vpa, vm_memory_at(&vm->memory, vpa).v, run, rights, PTAB_WB);
        done += run;
    }
    return error;
}

int vm_map_nested(struct vm *vm)
{
    static const struct ptab_pages pages = {nested_take, nested_give, nested_view, NULL};
    const struct abi_boot *l = &vm->layout;
    unsigned data = PTAB_R | PTAB_W;
    uint64_t after_boot = l->shared.vpa + PAGE_SIZE;
    int error = ptab_init(&vm->nested, virt->nested, &pages, 1); /* map_area says what leaves */
    for (unsigned i = 0; i < vm->image.count && !error; i++) {
        const struct image_segment *s = &vm->image.segments[i];
        error = map_area(vm, (struct abi_area){s->vpa, s->size}, s->rights);
    }
    // clang-format off
    const struct area_rights rows[] = {
        {{l->shared.vpa, PAGE_SIZE},                              PTAB_R}, /* the boot page */
        {{after_boot, l->code.vpa - after_boot},   data},
        {l->code,                                                 data | PTAB_X},
        {l->ram,                                                  data},
    };
    // clang-format on
    for (unsigned i = 0; i < ARRAY_SIZE(rows) && !error; i++) {
        error = map_area(vm, rows[i].area, rows[i].rights);
    }
    return error;
}

/* --- the engine's first tables
 * ---------------------------------------------------------------------- */
static uint64_t inner_take(void *arg)
{
    struct vm *vm = arg;
    struct abi_boot *l = &vm->layout;
    if (l->cr3_pages >= l->tables.size / PAGE_SIZE) {
        return 0;
    }
    return l->tables.vpa + PAGE_SIZE * l->cr3_pages++;
}

/* Nothing is ever taken out of these tables by root. */
static void inner_give(void *arg, uint64_t phys)
{
    (void)arg;
    panic("a page 0x%lx of an engine's first tables given back", phys);
}

static uint64_t *inner_view(void *arg, uint64_t phys)
{
    return vm_pointer(arg, phys, PAGE_SIZE);
}

static int map_image(struct vm *vm, struct ptab *pt)
{
    int error = 0;
    for (unsigned i = 0; i < vm->image.count && !error; i++) {
        const struct image_segment *s = &vm->image.segments[i];
        error = ptab_map(pt, ABI_ENGINE_BASE + s->vpa, s->vpa, s->size, s->rights, PTAB_WB);
    }
    return error;
}

static int map_stacks(const struct vm *vm, struct ptab *pt)
{
    uint64_t unit = PAGE_SIZE + ABI_STACK_SIZE;
    int error = 0;
    for (unsigned i = 0; i < vm->vcpu_count && !error; i++) {
        uint64_t vpa = vm->layout.stacks.vpa + i * unit + PAGE_SIZE;
        error = ptab_map(pt, ABI_ENGINE_BASE + vpa, vpa, ABI_STACK_SIZE, PTAB_R | PTAB_W, PTAB_WB);
    }
    return error;
}

/* Everything, no-execute; what is read-only in the nested tables is so here. */
static int map_direct(const struct vm *vm, struct ptab *pt)
{
    const struct abi_boot *l = &vm->layout;
    uint64_t start = l->shared.vpa;
    int error = ptab_map(pt, ABI_DIRECT_BASE + start, start, vm->memory.size - start,
                         PTAB_R | PTAB_W, PTAB_WB);
    if (!error) {
        error = ptab_protect(pt, ABI_DIRECT_BASE + start, PAGE_SIZE, PTAB_R);
    }
    for (unsigned i = 0; i < vm->image.count && !error; i++) {
        const struct image_segment *s = &vm->image.segments[i];
        error = ptab_map(pt, ABI_DIRECT_BASE + s->vpa, s->vpa, s->size,
                         s->rights & ~(unsigned)PTAB_X, PTAB_WB);
    }
    return error;
}

int vm_build_tables(struct vm *vm)
{
    struct ptab pt;
    struct ptab_pages pages = {inner_take, inner_give, inner_view, vm};
    int error = ptab_init(&pt, &ptab_x86_format, &pages, 2);
    if (!error) {
        error = map_image(vm, &pt);
    }
    if (!error) {
        error = map_stacks(vm, &pt);
    }
    if (!error) {
        error = map_direct(vm, &pt);
    }
    vm->layout.cr3 = pt.root;
    return error;
}
