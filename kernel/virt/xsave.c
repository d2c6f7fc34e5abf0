/* SPDX-License-Identifier: BSD-2-Clause */
/* XSAVE areas of vCPUs. */
#include "kernel/virt/xsave.h"

#include "exarch/bits.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/virt/virt.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/regs.h"

#define CPUID_1_ECX_XSAVE BIT32(26)
#define XCR0_X87_SSE      MASK(1, 0)
#define XCR0_AVX          BIT64(2)
#define XCR0_AVX512       MASK(7, 5)

#define AREA_FCW        0
#define AREA_MXCSR      24
#define FCW_RESET       0x037f
#define MXCSR_RESET     0x1f80u
#define AREA_LEGACY_MIN 576

static uint64_t xcr0;
static unsigned area_order;

uint64_t virt_xcr0(void)
{
    return xcr0;
}

static void write_xcr0(void)
{
    cr4_write(cr4_read() | CR4_OSXSAVE | CR4_OSFXSR | CR4_OSXMMEXCPT);
    cr0_write((cr0_read() & ~(CR0_EM | CR0_TS)) | CR0_MP);
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32)));
}

int xsave_init(void)
{
    if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE)) {
        log_error(LOG_VIRT, "this CPU has no XSAVE; Exarch needs an x86-64-v3 CPU");
        return -ERR_NODEV;
    }
    struct cpuid leaf = cpuid(0xd, 0);
    uint64_t offered = (uint64_t)leaf.edx << 32 | leaf.eax;
    xcr0 = offered & (XCR0_X87_SSE | XCR0_AVX | XCR0_AVX512);
    if ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || !(xcr0 & XCR0_AVX)) {
        xcr0 &= ~XCR0_AVX512; /* all three or none, and only with AVX: SDM 1 13.3 */
    }
    write_xcr0();
    uint64_t size = MAX(cpuid(0xd, 0).ebx, (uint32_t)AREA_LEGACY_MIN);
    area_order = size > PAGE_SIZE ? 64 - (unsigned)__builtin_clzll((size - 1) >> PAGE_SHIFT) : 0;
    log_info(LOG_VIRT, "XCR0 0x%lx, %lu bytes of FP state a vCPU", xcr0, size);
    return 0;
}

void xsave_core_on(void)
{
    write_xcr0();
}

void *xsave_alloc(void)
{
    uint8_t *area = page_alloc_ptr(area_order);
    if (area) {
        /* XSTATE_BV is 0: XRSTOR gives all components their initial values; MXCSR is read anyway.
         */
        *(uint16_t *)(void *)(area + AREA_FCW) = FCW_RESET;
        *(uint32_t *)(void *)(area + AREA_MXCSR) = MXCSR_RESET;
    }
    return area;
}

void xsave_free(void *area)
{
    page_free_ptr(area, area_order);
}

void xsave_save(void *area)
{
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(area), "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32))
                     : "memory");
}

void xsave_restore(const void *area)
{
    __asm__ volatile("xrstor64 (%0)"
                     :
                     : "r"(area), "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32))
                     : "memory");
}
