/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of interrupt vectors. One lock guards its changes; dispatch reads without it, since a
 * handler is published last and a vector's context never changes while its device is live. */
#include "kernel/irq.h"

#include <stddef.h>

#include "kernel/cpu_local.h"
#include "kernel/lib/spinlock.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/smp.h"

struct irq_row {
    irq_handler_fn *handler;
    void *context;
    const char *name;
};

static struct irq_row rows[256];
static struct spinlock lock;
static void (*end_of_interrupt)(void);

static void publish(struct irq_row *row, const char *name, irq_handler_fn *handler, void *context)
{
    row->name = name;
    row->context = context;
    __atomic_store_n(&row->handler, handler, __ATOMIC_RELEASE);
}

int irq_vector_alloc(const char *name, irq_handler_fn *handler, void *context)
{
    uint64_t flags = spin_lock_irq(&lock);
    int vector = -ERR_BUSY;

    for (int v = IRQ_VECTOR_FIRST; v <= IRQ_VECTOR_LAST; v++) {
        if (!rows[v].handler) {
            publish(&rows[v], name, handler, context);
            vector = v;
            break;
        }
    }
    spin_unlock_irq(&lock, flags);
    return vector;
}

void irq_vector_set(unsigned vector, const char *name, irq_handler_fn *handler, void *context)
{
    assert(vector > IRQ_VECTOR_LAST && vector < ARRAY_SIZE(rows));
    publish(&rows[vector], name, handler, context);
}

void irq_vector_free(unsigned vector)
{
    assert(vector < ARRAY_SIZE(rows));
    __atomic_store_n(&rows[vector].handler, NULL, __ATOMIC_RELEASE);
}

void irq_set_eoi(void (*eoi)(void))
{
    end_of_interrupt = eoi;
}

void irq_dispatch(unsigned vector)
{
    struct irq_row *row = &rows[vector & 0xff];
    irq_handler_fn *handler = __atomic_load_n(&row->handler, __ATOMIC_ACQUIRE);

    cpu_self()->irq_counts[vector & 0xff]++;
    if (handler) {
        handler(row->context);
    }
    /* Vectors below FIRST come from the masked PIC alone, spuriously; they have no EOI either. */
    if (end_of_interrupt && vector >= IRQ_VECTOR_FIRST && vector != IRQ_VECTOR_SPURIOUS) {
        end_of_interrupt();
    }
}

void irq_report(void)
{
    for (unsigned v = IRQ_VECTOR_FIRST; v < ARRAY_SIZE(rows); v++) {
        uint64_t count = 0;
        for (unsigned c = 0; c < smp_cpu_count(); c++) {
            count += smp_cpu(c)->irq_counts[v];
        }
        if (rows[v].handler || count) {
            log_info(LOG_IRQ, "vector 0x%02x %-16s %lu", v,
                     rows[v].handler ? rows[v].name : "(nobody)", count);
        }
    }
}
