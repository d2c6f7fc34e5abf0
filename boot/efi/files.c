/* SPDX-License-Identifier: BSD-2-Clause */
/* exarch.ini and the files that it names, from the volume that BOOTX64.EFI came from. */
#include "boot/efi/app.h"
#include "exarch/bits.h"
#include "kernel/lib/ini.h"
#include "kernel/lib/string.h"

#define INI_NAME "exarch.ini"
#define INI_MAX  KIB(256)

static EFI_FILE_PROTOCOL *volume;
static struct ini_entry entry_room;

/* Keys of exarch.ini whose values are files. */
static const char *const file_keys[] = {"engine", "kernel", "initrd", "dtb"};

static EFI_FILE_PROTOCOL *open_volume(EFI_HANDLE image)
{
    static EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    static EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *self = NULL;
    EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *fs = NULL;
    EFI_FILE_PROTOCOL *root = NULL;

    if (EFI_ERROR(BS->HandleProtocol(image, &loaded_image, (void **)&self)) ||
        EFI_ERROR(BS->HandleProtocol(self->DeviceHandle, &file_system, (void **)&fs)) ||
        EFI_ERROR(fs->OpenVolume(fs, &root))) {
        return NULL;
    }
    return root;
}

/* "/dir/file" as the firmware wants it. */
static void to_firmware_path(const char *path, CHAR16 *wide, size_t size)
{
    size_t i = 0;

    for (; path[i] && i + 1 < size; i++) {
        wide[i] = path[i] == '/' ? L'\\' : (CHAR16)(unsigned char)path[i];
    }
    wide[i] = 0;
}

static EFI_STATUS file_size(EFI_FILE_PROTOCOL *file, uint64_t *size)
{
    EFI_STATUS status = file->SetPosition(file, UINT64_MAX); /* the end, UEFI 2.10 13.5 */

    if (!EFI_ERROR(status)) {
        status = file->GetPosition(file, size);
    }
    return EFI_ERROR(status) ? status : file->SetPosition(file, 0);
}

static EFI_STATUS read_open_file(EFI_FILE_PROTOCOL *file, uint64_t *at, uint64_t *size)
{
    EFI_STATUS status = file_size(file, size);

    if (EFI_ERROR(status)) {
        return status;
    }
    *at = app_alloc(*size ? *size : 1, PAGE_SIZE, false);
    if (!*at) {
        return EFI_OUT_OF_RESOURCES;
    }
    for (uint64_t done = 0; done < *size;) {
        UINTN part = *size - done;
        status = file->Read(file, &part, (void *)(*at + done));
        if (EFI_ERROR(status)) {
            return status;
        }
        if (!part) {
            return EFI_VOLUME_CORRUPTED; /* shorter than its directory entry says */
        }
        done += part;
    }
    return EFI_SUCCESS;
}

static EFI_STATUS read_file(const char *path, uint64_t *at, uint64_t *size)
{
    CHAR16 wide[BOOT_NAME_MAX + 1];
    EFI_FILE_PROTOCOL *file;

    to_firmware_path(path, wide, ARRAY_SIZE(wide));
    EFI_STATUS status = volume->Open(volume, &file, wide, EFI_FILE_MODE_READ, 0);
    if (EFI_ERROR(status)) {
        return status;
    }
    status = read_open_file(file, at, size);
    file->Close(file);
    return status;
}

static bool is_file_key(const char *key)
{
    for (unsigned i = 0; i < ARRAY_SIZE(file_keys); i++) {
        if (!strcmp(key, file_keys[i])) {
            return true;
        }
    }
    return false;
}

static void load_named(const struct ini_entry *entry)
{
    uint64_t at = 0, size = 0;

    if (strlen(entry->value) >= BOOT_NAME_MAX) {
        app_warn(INI_NAME ":%u: the path is longer than %u characters", entry->line,
                 BOOT_NAME_MAX - 1);
        return;
    }
    if (boot_module_find(app_info, entry->value)) {
        return; /* two guests may share it */
    }
    EFI_STATUS status = read_file(entry->value, &at, &size);
    if (EFI_ERROR(status)) {
        app_warn(INI_NAME ":%u: %s: %s", entry->line, entry->value, app_status(status));
        return;
    }
    if (!boot_info_add_module(app_info, entry->value, at, size)) {
        app_warn(INI_NAME ":%u: %s: more than %u files", entry->line, entry->value,
                 BOOT_MODULES_MAX);
        return;
    }
    app_say("%s, %lu KiB", entry->value, (size + 1023) >> 10);
}

static bool take_entry(void *context, const struct ini_entry *entry)
{
    (void)context;
    if (is_file_key(entry->key) && entry->value[0]) {
        load_named(entry);
    }
    return true;
}

/* Root reads the whole file again and says what is wrong with it, with line numbers. */
static void ignore_broken(void *context, unsigned line, bool section, const char *why)
{
    (void)context;
    (void)line;
    (void)section;
    (void)why;
}

void files_load(EFI_HANDLE image)
{
    static const struct ini_reader reader = {.entry = take_entry, .broken = ignore_broken};
    uint64_t at = 0, size = 0;

    volume = open_volume(image);
    if (!volume) {
        app_warn(INI_NAME ": the boot volume cannot be read");
        return;
    }
    EFI_STATUS status = read_file(INI_NAME, &at, &size);
    if (EFI_ERROR(status)) {
        app_warn(INI_NAME ": %s", app_status(status));
        return;
    }
    if (size > INI_MAX || !boot_info_add_module(app_info, INI_NAME, at, size)) {
        app_warn(INI_NAME ": %lu bytes are too many", size);
        return;
    }
    ini_read((const char *)at, size, &reader, &entry_room);
}
