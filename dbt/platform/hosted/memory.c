/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted: guest RAM as a memory file, heaps, and the code cache mapped twice (RW and RX). */
#include <err.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dbt/platform/hosted/hosted.h"

#define HEAP_SIZE   MIB(512) /* reserved; used as it is needed */
#define SHARED_SIZE MIB(16)

static struct plat_memory memory;
static int ram_fd;

static void *map(int fd, size_t size, int prot)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    void *at = mmap(NULL, size, prot, flags, fd, 0);
    if (at == MAP_FAILED) {
        err(EXIT_FAILURE, "mmap of %zu bytes", size);
    }
    return at;
}

static int make_file(const char *name, uint64_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size)) {
        err(EXIT_FAILURE, "memory file of %lu bytes", (unsigned long)size);
    }
    return fd;
}

void hosted_memory_init(uint64_t ram_size, uint64_t code_size)
{
    ram_fd = make_file("guest-ram", ram_size);
    int code_fd = make_file("code-cache", code_size);
    memory = (struct plat_memory){
        .ram = map(ram_fd, ram_size, PROT_READ | PROT_WRITE),
        .ram_size = ram_size,
        .heap = map(-1, HEAP_SIZE, PROT_READ | PROT_WRITE),
        .heap_size = HEAP_SIZE,
        .code_rw = map(code_fd, code_size, PROT_READ | PROT_WRITE),
        .code_rx = (uintptr_t)map(code_fd, code_size, PROT_READ | PROT_EXEC),
        .code_size = code_size,
        .shared = map(-1, SHARED_SIZE, PROT_READ | PROT_WRITE),
        .shared_size = SHARED_SIZE,
    };
    close(code_fd);
}

const struct plat_memory *plat_memory(void)
{
    return &memory;
}

uint64_t plat_reach(struct vcpu *vcpu, const void *memory_there, uint64_t size, bool pinned)
{
    (void)vcpu, (void)size, (void)pinned;
    return (uintptr_t)memory_there;
}

int hosted_ram_fd(void)
{
    return ram_fd;
}
