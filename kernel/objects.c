/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small objects: seven size classes, each with its pages. A page holds objects of one class from
 * its start on and a header in its last bytes; pages with room are in their class's list, full ones
 * in none, and one that gets empty goes back to the page allocator. Larger objects are blocks of
 * pages.
 */
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"
#include "kernel/mem_priv.h"
#include "kernel/panic.h"

#define CLASS_SMALLEST 16u
#define CLASSES        7u /* 16, 32, ... 1024 */
#define SLAB_MAGIC     UINT64_C(0x62616c7378655321)
#define FREE_MARK      UINT64_C(0x6565726673652d21)

/* A free object: what a second free would find. */
struct free_object {
    struct free_object *next;
    uint64_t mark;
};

struct slab {
    uint64_t magic;
    struct slab *next, *prev;
    struct free_object *free;
    uint32_t used;
    uint32_t class;
};

static struct spinlock lock;
static struct slab *with_room[CLASSES];
static uint64_t object_bytes, object_pages;

static unsigned class_of(size_t size)
{
    unsigned class = 0;

    while ((CLASS_SMALLEST << class) < size) {
        class ++;
    }
    return class;
}

static unsigned order_of(size_t size)
{
    unsigned order = 0;

    while (order < PAGE_ORDERS && (PAGE_SIZE << order) < size) {
        order++;
    }
    return order;
}

static struct slab *slab_of(const void *object)
{
    uintptr_t page = ALIGN_DOWN((uintptr_t)object, PAGE_SIZE);

    return (struct slab *)(page + PAGE_SIZE - sizeof(struct slab));
}

static void link_slab(struct slab *slab)
{
    struct slab **head = &with_room[slab->class];

    slab->next = *head;
    slab->prev = NULL;
    if (*head) {
        (*head)->prev = slab;
    }
    *head = slab;
}

static void unlink_slab(struct slab *slab)
{
    if (slab->prev) {
        slab->prev->next = slab->next;
    } else {
        with_room[slab->class] = slab->next;
    }
    if (slab->next) {
        slab->next->prev = slab->prev;
    }
}

static void give(struct slab *slab, void *object)
{
    struct free_object *free = object;

    free->next = slab->free;
    free->mark = FREE_MARK;
    slab->free = free;
}

static struct slab *slab_new(unsigned class)
{
    size_t size = (size_t)CLASS_SMALLEST << class;
    char *page = page_alloc_ptr(ORDER_4K);

    if (!page) {
        return NULL;
    }
    struct slab *slab = slab_of(page);
    slab->magic = SLAB_MAGIC;
    slab->class = class;
    for (size_t at = 0; at + size <= PAGE_SIZE - sizeof(*slab); at += size) {
        give(slab, page + at);
    }
    object_pages++;
    link_slab(slab);
    return slab;
}

static void *small_alloc(unsigned class)
{
    struct slab *slab = with_room[class];

    if (!slab) {
        slab = slab_new(class);
    }
    if (!slab) {
        return NULL;
    }
    struct free_object *object = slab->free;
    slab->free = object->next;
    slab->used++;
    object_bytes += CLASS_SMALLEST << class;
    if (!slab->free) {
        unlink_slab(slab);
    }
    return object;
}

/* The page that got empty by it, or NULL. */
static void *small_free(struct slab *slab, void *object)
{
    if (!slab->free) {
        link_slab(slab);
    }
    give(slab, object);
    slab->used--;
    object_bytes -= CLASS_SMALLEST << slab->class;
    if (slab->used) {
        return NULL;
    }
    unlink_slab(slab);
    slab->magic = 0;
    object_pages--;
    return (void *)ALIGN_DOWN((uintptr_t)slab, PAGE_SIZE);
}

void *kalloc(size_t size)
{
    if (size > CLASS_SMALLEST << (CLASSES - 1)) {
        return page_alloc_ptr(order_of(size));
    }
    unsigned class = class_of(size);
    uint64_t flags = spin_lock_irq(&lock);
    void *object = small_alloc(class);
    spin_unlock_irq(&lock, flags);
    return object ? memset(object, 0, (size_t)CLASS_SMALLEST << class) : NULL;
}

void kfree(void *object, size_t size)
{
    if (!object) {
        return;
    }
    if (size > CLASS_SMALLEST << (CLASSES - 1)) {
        page_free_ptr(object, order_of(size));
        return;
    }
    uint64_t flags = spin_lock_irq(&lock);
    struct slab *slab = slab_of(object);
    assert(slab->magic == SLAB_MAGIC && slab->class == class_of(size) &&
           IS_ALIGNED((uintptr_t)object, (uintptr_t)CLASS_SMALLEST << slab->class));
    /* The mark in a live object is chance; on the free list it is a second free. */
    if (((struct free_object *)object)->mark == FREE_MARK) {
        for (struct free_object *f = slab->free; f; f = f->next) {
            assert(f != object);
        }
    }
    void *empty = small_free(slab, object);
    spin_unlock_irq(&lock, flags);
    if (empty) {
        page_free_ptr(empty, ORDER_4K);
    }
}

void objects_stats(struct mem_stats *stats)
{
    uint64_t flags = spin_lock_irq(&lock);

    stats->object_bytes = object_bytes;
    stats->object_pages = object_pages;
    spin_unlock_irq(&lock, flags);
}

void mem_stats(struct mem_stats *stats)
{
    pages_stats(stats);
    objects_stats(stats);
}
