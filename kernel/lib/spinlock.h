/* SPDX-License-Identifier: BSD-2-Clause */
/* Ticket locks: fair, four bytes. The irq forms also keep this CPU's interrupts off. */
#pragma once

#include <stdint.h>

#include "kernel/x86/cpu.h"

struct spinlock {
    uint16_t next;   /* the ticket that the next comer takes */
    uint16_t serves; /* the ticket whose holder has the lock */
};

static inline void spin_lock(struct spinlock *lock)
{
    uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->serves, __ATOMIC_ACQUIRE) != ticket) {
        cpu_pause();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->serves, (uint16_t)(lock->serves + 1), __ATOMIC_RELEASE);
}

/* Takes the lock with interrupts off; what it returns goes to spin_unlock_irq. */
static inline uint64_t spin_lock_irq(struct spinlock *lock)
{
    uint64_t flags = cpu_interrupts_save();

    spin_lock(lock);
    return flags;
}

static inline void spin_unlock_irq(struct spinlock *lock, uint64_t flags)
{
    spin_unlock(lock);
    cpu_interrupts_restore(flags);
}
