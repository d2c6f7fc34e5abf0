/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the firmware knows: ACPI's root pointer, the frame buffer, the memory map. */
#include "boot/efi/app.h"
#include "boot/memmap.h"
#include "exarch/bits.h"
#include "kernel/lib/string.h"

#define MAP_SLACK   16u /* descriptors that our own allocation of the map's room may add */
#define LEAVE_TRIES 8u

static bool same_guid(const EFI_GUID *a, const EFI_GUID *b)
{
    return !memcmp(a, b, sizeof(*a));
}

/* The ACPI 2.0 pointer is preferred to the 1.0 one. */
static uint64_t find_rsdp(void)
{
    static const EFI_GUID acpi20 = ACPI_20_TABLE_GUID;
    static const EFI_GUID acpi10 = ACPI_TABLE_GUID;
    uint64_t old = 0;

    for (UINTN i = 0; i < ST->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *t = &ST->ConfigurationTable[i];
        if (same_guid(&t->VendorGuid, &acpi20)) {
            return (uintptr_t)t->VendorTable;
        }
        if (same_guid(&t->VendorGuid, &acpi10)) {
            old = (uintptr_t)t->VendorTable;
        }
    }
    return old;
}

static void set_channel(uint32_t mask, uint8_t *shift, uint8_t *size)
{
    *shift = mask ? (uint8_t)__builtin_ctz(mask) : 0;
    *size = mask ? (uint8_t)(32 - __builtin_clz(mask) - __builtin_ctz(mask)) : 0;
}

static void take_framebuffer(const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode)
{
    const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *m = mode->Info;
    EFI_PIXEL_BITMASK masks = m->PixelInformation;
    struct boot_framebuffer *fb = &app_info->framebuffer;

    switch (m->PixelFormat) {
    case PixelRedGreenBlueReserved8BitPerColor:
        masks = (EFI_PIXEL_BITMASK){0xff, 0xff00, 0xff0000, 0xff000000};
        break;
    case PixelBlueGreenRedReserved8BitPerColor:
        masks = (EFI_PIXEL_BITMASK){0xff0000, 0xff00, 0xff, 0xff000000};
        break;
    case PixelBitMask: break;
    default: return; /* blt only: there is no frame buffer */
    }
    fb->base = mode->FrameBufferBase;
    fb->width = m->HorizontalResolution;
    fb->height = m->VerticalResolution;
    fb->pitch = m->PixelsPerScanLine * 4;
    fb->bpp = 32;
    set_channel(masks.RedMask, &fb->red_shift, &fb->red_size);
    set_channel(masks.GreenMask, &fb->green_shift, &fb->green_size);
    set_channel(masks.BlueMask, &fb->blue_shift, &fb->blue_size);
}

/* EFI_MP_SERVICES_PROTOCOL (PI 1.7 volume 2, 13.4), which gnu-efi lacks; the parts that we use. */
struct processor_info {
    UINT64 id; /* the APIC id */
    UINT32 status;
    UINT32 package, core, thread;
    UINT32 extended[6];
};

#define PROCESSOR_ENABLED BIT32(1)

struct mp_services {
    EFI_STATUS(EFIAPI *count)(struct mp_services *mp, UINTN *all, UINTN *enabled);
    EFI_STATUS(EFIAPI *info)(struct mp_services *mp, UINTN number, struct processor_info *info);
};

/* Some firmware has no ACPI tables and still knows its CPUs: OVMF in Bochs. */
static void count_cpus(void)
{
    static EFI_GUID guid = {
        0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}};
    struct mp_services *mp = NULL;
    UINTN all = 0, enabled = 0;

    if (EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&mp)) ||
        EFI_ERROR(mp->count(mp, &all, &enabled))) {
        return;
    }
    for (UINTN i = 0; i < all && app_info->cpu_count < BOOT_CPUS_MAX; i++) {
        struct processor_info info;
        if (!EFI_ERROR(mp->info(mp, i, &info)) && (info.status & PROCESSOR_ENABLED)) {
            app_info->apic_ids[app_info->cpu_count++] = (uint32_t)info.id;
        }
    }
}

void firmware_ask(void)
{
    static EFI_GUID graphics = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = NULL;

    app_info->rsdp = find_rsdp();
    if (!app_info->rsdp) {
        app_warn("the firmware names no ACPI tables");
    }
    count_cpus();
    if (!EFI_ERROR(BS->LocateProtocol(&graphics, NULL, (void **)&gop)) && gop->Mode) {
        take_framebuffer(gop->Mode);
    }
}

static bool too_small(EFI_STATUS status)
{
    return status == EFI_BUFFER_TOO_SMALL;
}

/* The key that ExitBootServices wants is stale as soon as anything allocates: so it may take turns.
 */
bool firmware_leave(EFI_HANDLE image)
{
    UINTN size = 0, key, descriptor_size;
    UINT32 version;
    EFI_STATUS status = BS->GetMemoryMap(&size, NULL, &key, &descriptor_size, &version);

    if (!too_small(status)) {
        app_fail("the firmware gives no memory map: %s", app_status(status));
        return false;
    }
    UINTN room = size + MAP_SLACK * descriptor_size;
    void *map = (void *)app_alloc(room, PAGE_SIZE, false);
    if (!map) {
        app_fail("no memory for the memory map");
        return false;
    }
    for (unsigned i = 0; i < LEAVE_TRIES; i++) {
        size = ALIGN_UP(room, PAGE_SIZE);
        status = BS->GetMemoryMap(&size, map, &key, &descriptor_size, &version);
        if (EFI_ERROR(status)) {
            break;
        }
        status = BS->ExitBootServices(image, key);
        if (!EFI_ERROR(status)) {
            if (!memmap_add_efi(app_info, map, size, descriptor_size)) {
                boot_info_add_message(app_info, "the memory map is too long; some is not used");
            }
            return true;
        }
    }
    app_fail("cannot leave the firmware: %s", app_status(status));
    return false;
}
