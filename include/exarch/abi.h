/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between the microhypervisor (root) and an engine in its VM: where things lie in the
 * VM's memory, the pages that both sides share, the state that the engine starts in, hypercalls.
 *
 * Address spaces
 *   VPA  the VM's own physical space, what EPT/NPT maps. [0, engine_size) is the engine's:
 *        image at 0, then boot page, VM page, vCPU pages, console rings, boot stacks, first page
 *        tables, heap, files; the code cache is at its end. RAM of the guest follows, 2 MiB
 * aligned. linear, the same two PML4 slots in every view: ABI_ENGINE_BASE + VPA of the image, of
 * shared pages and so on (root maps only what it loaded there; the rest of the slot is the engine's
 * to fill); ABI_DIRECT_BASE + VPA: everything, supervisor, no-execute; the image's read-only pages
 *        and the boot page are read-only here too.
 *
 * EPT/NPT rights: image text read+execute, image read-only data and boot page read, code cache
 * read+write+execute, all else read+write. Nothing else is mapped; touching it stops the VM.
 *
 * Image: ELF64, ET_EXEC, EM_X86_64, at most ABI_IMAGE_SEGMENTS PT_LOAD segments, page aligned, not
 * overlapping, none both writable and executable, all in [ABI_ENGINE_BASE, + ABI_IMAGE_MAX),
 * the first one at ABI_ENGINE_BASE. No dynamic section, no relocations left.
 *
 * Start: each vCPU is entered at e_entry in ring 0, 64-bit, RSP the top of its own boot stack
 * (ABI_STACK_SIZE with an unmapped guard page below, 16-byte aligned as after a call), RDI the
 * linear address of struct abi_boot, RSI the vCPU's index, other registers 0, interrupts off, no
 * usable GDT or IDT (limits 0; flat segments are loaded). CR3 is the root-made table (PCID 0).
 * CR0: PE MP ET NE WP PG. CR4: PAE OSFXSR OSXMMEXCPT MCE, and OSXSAVE FSGSBASE SMEP SMAP PCIDE UMIP
 * where boot.features says so. EFER: SCE LME LMA NXE. XCR0: all that the host has among x87, SSE,
 * AVX, AVX-512. x87 and MXCSR as after reset.
 *
 * CPUID in the VM is the host's less virtualization, MWAIT, XSAVES, x2APIC, TSC deadline, PMU: the
 * engine trusts CPUID. RDTSC is the host's TSC. The VM has no APIC, no I/O ports (touching one
 * stops it), no debug registers, and no MSRs but STAR, LSTAR, CSTAR, FMASK, FS/GS/KERNEL_GS bases
 * and TSC_AUX. CR0, CR4, EFER and XCR0 are fixed: changing them is #GP. So is any use of CR8.
 *
 * Events: root sets bits in abi_vcpu.pending, then injects ABI_VECTOR_EVENT as soon as the vCPU's
 * IF is 1, unless the word has been taken to 0 meanwhile. The engine takes the word with xchg.
 * There is no EOI. Entries should have IF=1 whenever possible (an engine that stays in ring 0 with
 * IF=0 gets no events; it is still preempted).
 *
 * Hypercall: VMCALL (Intel) or VMMCALL (AMD; boot.vendor says which), from ring 0 only; number in
 * RAX, arguments in RDI, RSI, RDX, result in RAX (0 or more: fine; negative: -ERR_*), second result
 * in RDX where the row says so. All other registers are kept. Addresses are VPA; root copies what
 * they point to exactly once. An unknown number gets -ERR_NOENT.
 */
#pragma once

#include "exarch/bits.h"

#define ABI_MAGIC   UINT64_C(0x3176686372617865) /* "exarchv1" */
#define ABI_VERSION 1

#define ABI_ENGINE_SLOT 368
#define ABI_DIRECT_SLOT 369
#define ABI_ENGINE_BASE UINT64_C(0xffffb80000000000)
#define ABI_DIRECT_BASE UINT64_C(0xffffb88000000000)
#define ABI_SLOT_SIZE   (UINT64_C(1) << 39)

#define ABI_IMAGE_MAX      MIB(16)
#define ABI_IMAGE_SEGMENTS 8
#define ABI_MAX_VCPUS      16
#define ABI_STACK_SIZE     KIB(64)
#define ABI_VECTOR_EVENT   0x20

/* The longest text one ABI_CALL_LOG takes. */
#define ABI_LOG_MAX 240

/* Bytes in each direction's ring; powers of two. */
#define ABI_CONSOLE_OUT_SIZE KIB(16)
#define ABI_CONSOLE_IN_SIZE  KIB(4)

#define ABI_NO_DEADLINE UINT64_MAX

// clang-format off

/* Hypercalls: name, number, what it is called in statistics. */
#define ABI_CALL_ROWS(X)                \
    X(LOG,       0, "log")              \
    X(CONSOLE,   1, "console")          \
    X(TIME,      2, "time")             \
    X(DEADLINE,  3, "deadline")         \
    X(WAIT,      4, "wait")             \
    X(YIELD,     5, "yield")            \
    X(STOP,      6, "stop")             \
    X(DOORBELL,  7, "doorbell")         \
    X(KICK,      8, "kick")             \
    X(NOP,       9, "nop")

/* Bits of abi_vcpu.pending: why root wants the engine's attention. */
#define ABI_EVENT_ROWS(X)                                             \
    X(TIMER,   0)    /* the deadline has passed (it is now NO_DEADLINE) */  \
    X(CONSOLE, 1)    /* bytes in the console's input ring */               \
    X(DEVICE,  2)    /* abi_vm.device_events has bits */                   \
    X(KICK,    3)    /* another vCPU of this VM asked (ABI_CALL_KICK) */   \
    X(STOP,    4)    /* the monitor asks the guest to power off */         \
    X(STATS,   5)    /* the monitor asks for the engine's counters, in the log */ \
    X(COUNT,   6)    /* count guest instructions, from now until STATS */
// clang-format on

enum abi_call {
#define X(name, number, text) ABI_CALL_##name = (number),
    ABI_CALL_ROWS(X)
#undef X
        ABI_CALL_COUNT
};

enum abi_event {
#define X(name, bit_number) ABI_EVENT_##name = 1 << (bit_number),
    ABI_EVENT_ROWS(X)
#undef X
};

/*
 * LOG      rdi level (enum abi_log), rsi VPA of text, rdx bytes <= ABI_LOG_MAX: a line in root's
 * log. Rate limited: -ERR_BUSY when the VM has spent its lines. CONSOLE  out ring has bytes that
 * root should take now; also gives root's answer: bytes still in it. TIME     rax nanoseconds since
 * 1970 UTC, rdx the TSC at that moment. DEADLINE abi_vcpu.deadline was changed to something
 * before abi_vcpu.until; root reads it again. (A later one needs no call, for root reads it at each
 * exit; a deadline in the past fires at once.)
 * WAIT     the vCPU sleeps until abi_vcpu.pending is not 0. Returns at once when it is not.
 * YIELD    lets others on this core run.
 * STOP     rdi enum abi_stop, rsi a code for the report. Does not return.
 * DOORBELL abi_vm.doorbells has bits; root takes them with xchg. One call for a batch.
 * KICK     rdi index of another vCPU: sets ABI_EVENT_KICK there.
 * NOP      nothing: to measure.
 */

enum abi_log { ABI_LOG_ERROR, ABI_LOG_WARN, ABI_LOG_INFO, ABI_LOG_DEBUG, ABI_LOG_COUNT };

enum abi_stop {
    ABI_STOP_POWEROFF, /* the guest switched itself off */
    ABI_STOP_RESET,    /* the guest wants to start again */
    ABI_STOP_PANIC,    /* the engine found a bug of its own; the code says where */
    ABI_STOP_FILES, /* kernel, initrd or dtb cannot be started: rsi VPA of a text that says why, rdx
                       its bytes, <= ABI_LOG_MAX */
    ABI_STOP_COUNT
};

enum abi_vendor { ABI_VENDOR_INTEL, ABI_VENDOR_AMD };

/* boot.features: what is on in CR4 at the start. */
#define ABI_FEATURE_PCID     BIT64(0)
#define ABI_FEATURE_SMEP     BIT64(1)
#define ABI_FEATURE_SMAP     BIT64(2)
#define ABI_FEATURE_FSGSBASE BIT64(3)
#define ABI_FEATURE_UMIP     BIT64(4)
#define ABI_FEATURE_XSAVE    BIT64(5)

struct abi_area {
    uint64_t vpa;
    uint64_t size;
};

/* One file given to the VM; size 0: none. */
enum abi_file { ABI_FILE_KERNEL, ABI_FILE_INITRD, ABI_FILE_DTB, ABI_FILE_COUNT };

/* The boot page: written by root before the first entry, read-only for the VM. */
struct abi_boot {
    uint64_t magic;
    uint32_t version;
    uint32_t vendor; /* enum abi_vendor */
    uint64_t features;
    uint32_t vcpus;
    uint32_t cr3_pages; /* pages in `tables` that are used by the first page tables */
    uint64_t cr3;       /* VPA of the first page tables' root */

    struct abi_area image;  /* the ELF's segments, from VPA 0 */
    struct abi_area shared; /* from the boot page to the end of the console rings */
    struct abi_area stacks; /* vcpus * (guard page + ABI_STACK_SIZE) */
    struct abi_area tables; /* the first page tables */
    struct abi_area heap;   /* free for the engine */
    struct abi_area store;  /* the files lie here; free for the engine when it has read them */
    struct abi_area code;   /* code cache: the one area that may be executed beside the image */
    struct abi_area ram;    /* the guest's memory, zeroed */

    uint64_t vm_page;     /* VPA of struct abi_vm */
    uint64_t vcpu_pages;  /* VPA of struct abi_vcpu [vcpus], a page each */
    uint64_t console_out; /* VPA of ABI_CONSOLE_OUT_SIZE bytes */
    uint64_t console_in;  /* VPA of ABI_CONSOLE_IN_SIZE bytes */

    uint64_t tsc_hz;
    uint64_t xcr0;

    struct abi_area files[ABI_FILE_COUNT]; /* in `store`, each page aligned */
    uint8_t seed[64]; /* random bytes for the guest's rng-seed and kaslr-seed */
    char name[32];    /* the guest's name in exarch.ini */
    char cmdline[2048];
};

/*
 * A ring of bytes: `head` counts bytes written, `tail` bytes read, both mod 2^32. The writer writes
 * bytes, then head (release); the reader reads head (acquire), bytes, then tail. Each side takes
 * the other's counter as untrusted: more than the ring's size between them means "as much as the
 * ring holds".
 */
struct abi_ring {
    uint32_t head;
    uint32_t pad0[15];
    uint32_t tail;
    uint32_t pad1[15];
};

#define ABI_QUEUES_PER_DEVICE 4
#define ABI_DEVICES           16
#define ABI_DEVICE_CONFIG     64

/* A virtqueue as the driver set it up: guest physical addresses, split layout. */
struct abi_queue {
    uint64_t desc;
    uint64_t driver;
    uint64_t device;
    uint32_t size;
    uint32_t ready;
};

/* Bits of abi_device.status (virtio 2.1); the driver's, but for NEEDS_RESET. */
enum abi_device_status {
    ABI_STATUS_ACKNOWLEDGE = 1,
    ABI_STATUS_DRIVER = 2,
    ABI_STATUS_DRIVER_OK = 4,
    ABI_STATUS_FEATURES_OK = 8,
    ABI_STATUS_NEEDS_RESET = 64,
    ABI_STATUS_FAILED = 128,
};

/*
 * One virtio device: the front end (engine) emulates the transport's registers, the back end (root)
 * serves the queues. `kind`, `device_features`, `config`, `queue_max` are root's, set before start;
 * the rest the engine's. A change of `status` or of a queue is told by the device's doorbell bit.
 */
struct abi_device {
    uint32_t kind;   /* the virtio device ID; 0: no device */
    uint32_t status; /* enum abi_device_status */
    uint64_t device_features;
    uint64_t driver_features;
    uint32_t config_generation;
    uint32_t interrupt; /* virtio-mmio InterruptStatus; root ors bits in, engine takes them */
    uint32_t queue_max[ABI_QUEUES_PER_DEVICE];
    struct abi_queue queues[ABI_QUEUES_PER_DEVICE];
    uint8_t config[ABI_DEVICE_CONFIG];
};

/* What all vCPUs of a VM share with root; ABI_VM_PAGES pages. */
struct abi_vm {
    struct abi_ring console_out;
    struct abi_ring console_in;
    uint64_t doorbells;     /* bit n: device n wants its back end; engine ors, root xchgs */
    uint64_t device_events; /* bit n: device n has an interrupt or config change; root ors */
    uint64_t pad[6];
    struct abi_device devices[ABI_DEVICES];
};

/* What one vCPU shares with root; a page each. */
struct abi_vcpu {
    uint64_t pending;  /* enum abi_event; root ors, engine xchgs */
    uint64_t deadline; /* TSC; engine writes, root sets NO_DEADLINE when it fires */
    uint64_t steal;    /* TSC ticks that this vCPU was ready but others ran; root writes */
    uint64_t exits;    /* how often this vCPU left non-root mode; root writes */
    uint64_t until;    /* TSC at which root looks at the deadline again, or before; root writes */
};

#define ABI_VM_PAGES ((sizeof(struct abi_vm) + PAGE_SIZE - 1) / PAGE_SIZE)

_Static_assert(sizeof(struct abi_boot) <= 4096, "the boot page is one page");
_Static_assert(sizeof(struct abi_vcpu) <= 4096, "a vCPU page is one page");
_Static_assert(sizeof(struct abi_ring) == 128, "ring counters sit in cache lines of their own");
_Static_assert((ABI_ENGINE_BASE >> 39 & 511) == ABI_ENGINE_SLOT, "engine slot");
_Static_assert((ABI_DIRECT_BASE >> 39 & 511) == ABI_DIRECT_SLOT, "direct-map slot");
