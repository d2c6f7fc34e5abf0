/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory the slow way: walk, permission, RAM or device, abort. */
#include "dbt/rt/mem.h"

#include "dbt/rt/helpers.h"
#include "dbt/rt/internal.h"
#include "dbt/sys/sys.h"
#include "kernel/lib/string.h"

#define ISS_WNR BIT32(6) /* data abort: a write (Arm ARM D17.2.37) */

void mem_abort(struct vcpu *vcpu, uint64_t va, int status, bool write)
{
    struct rt_vcpu *rt = vcpu->rt;
    rt->stats.aborts++;
    rt->abort = (struct rt_abort){
        .va = va, .pc = vcpu->st->pc, .el = vcpu->ps.el, .write = write, .pending = true};
    exc_take(vcpu, EC_DABT_LOW, (uint32_t)status | (write ? ISS_WNR : 0), va);
}

void mem_sp_fault(struct vcpu *vcpu)
{
    vcpu->rt->stats.aborts++;
    exc_take(vcpu, EC_SP_ALIGN, 0, 0);
}

/* --- one piece, within a page --- */

/* A part of an access: what it came to. */
struct piece {
    uint64_t va, pa;
    uint8_t *ram; /* NULL: device */
    unsigned size;
    bool aligned_only; /* Device memory */
};

/* Translates a piece for flags; refused: Device memory is an alignment fault, which comes before
 * one of permissions (AArch64.S1Translate). False: the abort is taken. */
static bool resolve(struct vcpu *vcpu, struct piece *piece, unsigned flags, bool refused)
{
    struct vmsa_result translation;
    unsigned unpriv = flags & MEM_UNPRIV ? VMSA_UNPRIV : 0;
    bool write = flags & MEM_WRITE;
    int status = vmsa_translate(vcpu, piece->va, unpriv | (write ? VMSA_WRITE : 0), &translation);
    if (status == VMSA_OK && flags & MEM_ATOMIC) { /* WnR = 0 only where a read faults as well */
        write = true;
        status = vmsa_translate(vcpu, piece->va, unpriv | VMSA_WRITE, &translation);
    }
    if (refused && vmsa_found(status) && translation.aligned_only) {
        status = VMSA_ALIGNMENT;
    }
    if (status != VMSA_OK) {
        mem_abort(vcpu, piece->va, status, write);
        return false;
    }
    piece->pa = translation.pa;
    piece->aligned_only = translation.aligned_only;
    piece->ram = vm_ram(vcpu->vm, translation.pa, piece->size);
    return true;
}

/* RAM: each aligned power of two is one access, so that other vCPUs see no halves. */
static void copy_ram(uint8_t *to, const uint8_t *from, unsigned size)
{
    switch (size) {
    case 1: __atomic_store_n(to, *from, __ATOMIC_RELAXED); break;
#define CASE(bytes, type)                                                                          \
    case bytes: {                                                                                  \
        type value;                                                                                \
        memcpy(&value, from, bytes);                                                               \
        memcpy(to, &value, bytes);                                                                 \
        break;                                                                                     \
    }
        CASE(2, uint16_t)
        CASE(4, uint32_t)
        CASE(8, uint64_t)
#undef CASE
    default: memcpy(to, from, size);
    }
}

/* A device register access; what has no natural size or alignment goes in bytes' worth of parts. */
static bool access_device(struct vcpu *vcpu, const struct piece *piece, uint8_t *buf, bool write)
{
    struct rt_stats *stats = &vcpu->rt->stats;
    for (unsigned done = 0, part; done < piece->size; done += part) {
        uint64_t pa = piece->pa + done, value = 0;
        part = MIN(8u, 1u << __builtin_ctz(piece->size - done));
        part = MIN(part, 1u << __builtin_ctz((unsigned)(pa & 7) | 8));
        bool known;
        if (write) {
            stats->device_writes++;
            memcpy(&value, buf + done, part);
            known = machine_write(vcpu->vm, pa, part, value);
        } else {
            stats->device_reads++;
            known = machine_read(vcpu->vm, pa, part, &value);
            memcpy(buf + done, &value, part);
        }
        if (!known) {
            mem_abort(vcpu, piece->va + done, VMSA_EXTERNAL, write);
            return false;
        }
    }
    return true;
}

static bool transfer(struct vcpu *vcpu, const struct piece *piece, uint8_t *buf, bool write)
{
    if (!piece->ram) {
        return access_device(vcpu, piece, buf, write);
    }
    copy_ram(write ? piece->ram : buf, write ? buf : piece->ram, piece->size);
    return true;
}

/*
 * The instruction is interpreted because its access faulted in translated code: mend the view where
 * that is possible, else note what the site needs. RAM that EL1's unprivileged accesses cannot
 * reach by a window lies across two pages: that teaches nothing.
 */
static void consider_view(struct vcpu *vcpu, const struct piece *piece, unsigned flags)
{
    struct rt_vcpu *rt = vcpu->rt;
    enum site_kind kind = piece->ram && !piece->aligned_only ? SITE_WINDOW : SITE_SLOW;
    bool write = flags & (MEM_WRITE | MEM_ATOMIC), own = view_covers(rt->view, piece->va);
    enum view_fill fill = VIEW_UNMAPPED;
    if (own && !(flags & MEM_UNPRIV)) {
        fill = view_fill(&rt->views, rt->view, vcpu, piece->va, write);
    }
    rt->slow_kind = fill == VIEW_UNMAPPED ? MAX(rt->slow_kind, kind) : rt->slow_kind;
    rt->context_changed |= fill == VIEW_CHANGED;
}

/* --- accesses --- */

/* A watchpoint on the access, after its own faults; a read-modify-write counts as both. */
static bool is_watched(struct vcpu *vcpu, uint64_t va, unsigned size, unsigned flags)
{
    bool unpriv = flags & MEM_UNPRIV, write = flags & MEM_WRITE;
    return vcpu->debug && (debug_watchpoint(vcpu, va, size, write, unpriv) ||
                           (flags & MEM_ATOMIC && debug_watchpoint(vcpu, va, size, true, unpriv)));
}

bool mem_access(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size, unsigned flags)
{
    unsigned first = MIN(size, (unsigned)(PAGE_SIZE - (va & (PAGE_SIZE - 1))));
    struct piece piece[2] = {{.va = va, .size = first}, {.va = va + first, .size = size - first}};
    unsigned pieces = size > first ? 2 : 1, alignment = flags >> 8 ? flags >> 8 : size;
    bool unaligned = va & (alignment - 1);
    vcpu->rt->stats.slow_accesses++;
    if (flags & MEM_ALIGNED && unaligned) {
        mem_abort(vcpu, va, VMSA_ALIGNMENT, flags & MEM_WRITE);
        return false;
    }
    for (unsigned i = 0; i < pieces; i++) {
        if (!resolve(vcpu, &piece[i], flags, unaligned || flags & MEM_NORMAL)) {
            return false;
        }
    }
    if (is_watched(vcpu, va, size, flags)) {
        return false;
    }
    for (unsigned i = 0; i < pieces; i++) {
        if (!transfer(vcpu, &piece[i], (uint8_t *)buf + (i ? first : 0), flags & MEM_WRITE)) {
            return false;
        }
        if (vcpu->rt->slow_access) {
            consider_view(vcpu, &piece[i], flags);
        }
    }
    return true;
}

static void cas_ram(uint8_t *ram, const void *expected, const void *desired, void *old,
                    unsigned size)
{
    memcpy(old, expected, size);
    switch (size) {
#define CASE(bytes, type)                                                                          \
    case bytes: {                                                                                  \
        type new;                                                                                  \
        memcpy(&new, desired, bytes);                                                              \
        __atomic_compare_exchange_n((type *)__builtin_assume_aligned(ram, bytes), (type *)old,     \
                                    new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
        break;                                                                                     \
    }
        CASE(1, uint8_t)
        CASE(2, uint16_t)
        CASE(4, uint32_t)
        CASE(8, uint64_t)
#undef CASE
    default: {
        uint64_t *low = old, *high = low + 1, fresh[2];
        memcpy(fresh, desired, sizeof(fresh));
        __asm__ volatile("lock cmpxchg16b %0"
                         : "+m"(*(unsigned __int128 *)__builtin_assume_aligned(ram, 16)),
                           "+a"(*low), "+d"(*high)
                         : "b"(fresh[0]), "c"(fresh[1])
                         : "cc", "memory");
    }
    }
}

/* Devices have no atomic accesses: a read, and a write when it matched. */
static bool cas_device(struct vcpu *vcpu, const struct piece *piece, const void *expected,
                       const void *desired, void *old)
{
    v128 fresh;
    memcpy(&fresh, desired, piece->size);
    return access_device(vcpu, piece, old, false) &&
           (memcmp(old, expected, piece->size) || access_device(vcpu, piece, (void *)&fresh, true));
}

bool mem_cas(struct vcpu *vcpu, uint64_t va, const void *expected, const void *desired, void *old,
             unsigned size)
{
    struct piece piece = {.va = va, .size = size};
    vcpu->rt->stats.slow_accesses++;
    if (va & (size - 1)) {
        mem_abort(vcpu, va, VMSA_ALIGNMENT, true);
        return false;
    }
    if (!resolve(vcpu, &piece, MEM_WRITE, false) || is_watched(vcpu, va, size, MEM_WRITE)) {
        return false;
    }
    if (!piece.ram) {
        return cas_device(vcpu, &piece, expected, desired, old);
    }
    cas_ram(piece.ram, expected, desired, old, size);
    if (vcpu->rt->slow_access) {
        consider_view(vcpu, &piece, MEM_WRITE);
    }
    return true;
}

/* --- helpers of translated code --- */

static unsigned helper_flags(uint32_t imm)
{
    return mem_flags(imm >> 8 & 0xff, imm & 0xff);
}

uint64_t help_mem_load(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm)
{
    (void)a1, (void)a2;
    uint64_t value = 0;
    unsigned size = MIN(imm & 0xff, 8u), sext = imm >> 16 & 0xff;
    if (!mem_access(vcpu, a0, &value, size, MEM_READ | helper_flags(imm))) {
        return 0;
    }
    if (sext) {
        value = (uint64_t)sign_extend(value, size * 8);
    }
    return sext == 32 ? (uint32_t)value : value;
}

uint64_t help_mem_store(struct vcpu *vcpu, uint64_t a0, uint64_t a1, uint64_t a2, uint32_t imm)
{
    (void)a2;
    mem_access(vcpu, a0, &a1, MIN(imm & 0xff, 8u), MEM_WRITE | helper_flags(imm));
    return 0;
}
