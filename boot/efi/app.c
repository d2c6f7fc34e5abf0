/* SPDX-License-Identifier: BSD-2-Clause */
/* BOOTX64.EFI: what root needs goes from the firmware into struct boot_info; then root is entered.
 */
#include "boot/efi/app.h"

#include <stdarg.h>

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"

#define COM1          UINT16_C(0x3f8)
#define COM1_STATUS   (COM1 + 5)
#define COM1_SCRATCH  (COM1 + 7)
#define LSR_THR_EMPTY 0x20
#define POLLS_MAX     100000u
#define CR4_LA57      BIT64(12)

struct boot_info *app_info;
EFI_SYSTEM_TABLE *ST;
EFI_BOOT_SERVICES *BS;

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system_table);

static bool has_serial(void)
{
    port_write8(COM1_SCRATCH, 0xa5);
    return port_read8(COM1_SCRATCH) == 0xa5;
}

static void serial_put(char c)
{
    for (unsigned i = 0; i < POLLS_MAX && !(port_read8(COM1_STATUS) & LSR_THR_EMPTY); i++) {
        cpu_pause();
    }
    port_write8(COM1, (uint8_t)c);
}

static void put_screen(const char *text)
{
    CHAR16 wide[2] = {0, 0};

    for (; *text; text++) {
        wide[0] = (CHAR16)(unsigned char)*text;
        ST->ConOut->OutputString(ST->ConOut, wide);
    }
}

static void put_serial(const char *text)
{
    for (; *text && has_serial(); text++) {
        serial_put(*text);
    }
}

static void say(void (*put)(const char *text), const char *text)
{
    put("boot: ");
    put(text);
    put("\r\n");
}

void app_say(const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    say(put_screen, text);
}

void app_warn(const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    say(put_screen, text);
    boot_info_add_message(app_info, text);
}

void app_fail(const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    format_buffer_va(text, sizeof(text), format, args);
    va_end(args);
    say(put_screen, text);
    /* Firmware with a serial console shows it twice; without one, this is all there is. */
    say(put_serial, text);
}

const char *app_status(EFI_STATUS status)
{
    static const struct {
        EFI_STATUS status;
        const char *text;
    } rows[] = {
        {EFI_SUCCESS, "no error"},
        {EFI_NOT_FOUND, "not found"},
        {EFI_OUT_OF_RESOURCES, "out of memory"},
        {EFI_DEVICE_ERROR, "device error"},
        {EFI_VOLUME_CORRUPTED, "the volume is damaged"},
        {EFI_NO_MEDIA, "no medium"},
        {EFI_ACCESS_DENIED, "access denied"},
        {EFI_BUFFER_TOO_SMALL, "buffer too small"},
        {EFI_UNSUPPORTED, "not supported"},
        {EFI_INVALID_PARAMETER, "invalid parameter"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].text;
        }
    }
    return "firmware error";
}

uint64_t app_alloc(size_t size, size_t align, bool low)
{
    EFI_PHYSICAL_ADDRESS at = LOW_MEMORY_END - 1;
    size_t slack = align > PAGE_SIZE ? align - PAGE_SIZE : 0;
    size_t pages = (ALIGN_UP(size, PAGE_SIZE) + slack) / PAGE_SIZE;

    if (EFI_ERROR(BS->AllocatePages(low ? AllocateMaxAddress : AllocateAnyPages, EfiLoaderData,
                                    pages, &at))) {
        return 0;
    }
    at = ALIGN_UP(at, (uint64_t)align);
    memset((void *)at, 0, size);
    return at;
}

static bool app_init(uint64_t tsc)
{
    uint64_t at = app_alloc(sizeof(*app_info), PAGE_SIZE, true);

    if (!at) {
        app_fail("no memory below 4 GiB");
        return false;
    }
    app_info = (struct boot_info *)at;
    app_info->magic = BOOT_INFO_MAGIC;
    app_info->size = sizeof(*app_info);
    app_info->source = BOOT_EFI;
    app_info->handover_tsc = tsc;
    app_info->efi_system_table = (uintptr_t)ST;
    return true;
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system_table)
{
    uint64_t tsc = tsc_read();
    struct image image;

    ST = system_table;
    BS = system_table->BootServices;
    BS->SetWatchdogTimer(0, 0, 0, NULL); /* reading large files may take its time */
    app_say("Exarch");
    if (cr4_read() & CR4_LA57) {
        app_fail("the firmware runs with 5-level paging, which Exarch cannot leave yet");
        return EFI_UNSUPPORTED;
    }
    if (!app_init(tsc) || !image_load(&image)) {
        return EFI_LOAD_ERROR;
    }
    files_load(handle);
    firmware_ask();
    memcpy((void *)image.stub, handover_start, (size_t)(handover_end - handover_start));
    if (!firmware_leave(handle)) {
        return EFI_LOAD_ERROR;
    }
    handover_fn *handover = (handover_fn *)image.stub;
    handover(BOOT_EFI, (uintptr_t)app_info, image.base, tsc, image.cr3, image.entry);
    return EFI_LOAD_ERROR; /* not reached */
}
