/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ways of booting share of struct boot_info. */
#include "boot/boot_info.h"

#include "exarch/bits.h"
#include "kernel/lib/string.h"

bool boot_info_check(struct boot_info *info)
{
    if (info->magic != BOOT_INFO_MAGIC || info->size != sizeof(*info)) {
        return false;
    }
    info->module_count = MIN(info->module_count, BOOT_MODULES_MAX);
    info->range_count = MIN(info->range_count, BOOT_RANGES_MAX);
    info->cpu_count = MIN(info->cpu_count, BOOT_CPUS_MAX);
    info->cmdline[BOOT_CMDLINE_MAX - 1] = '\0';
    info->messages[BOOT_MESSAGES_MAX - 1] = '\0';
    for (uint32_t i = 0; i < info->module_count; i++) {
        info->modules[i].name[BOOT_NAME_MAX - 1] = '\0';
    }
    return true;
}

const struct boot_module *boot_module_find(const struct boot_info *info, const char *name)
{
    for (uint32_t i = 0; i < info->module_count; i++) {
        if (!strcmp(info->modules[i].name, name)) {
            return &info->modules[i];
        }
    }
    return NULL;
}

bool boot_info_add_range(struct boot_info *info, uint64_t base, uint64_t size, uint32_t kind)
{
    if (info->range_count >= BOOT_RANGES_MAX) {
        return false;
    }
    info->ranges[info->range_count++] = (struct boot_range){base, size, kind, 0};
    return true;
}

bool boot_info_add_module(struct boot_info *info, const char *name, uint64_t base, uint64_t size)
{
    if (info->module_count >= BOOT_MODULES_MAX) {
        return false;
    }
    struct boot_module *module = &info->modules[info->module_count++];
    module->base = base;
    module->size = size;
    return string_copy(module->name, name, sizeof(module->name)) < sizeof(module->name);
}

void boot_info_add_message(struct boot_info *info, const char *text)
{
    size_t used = strnlen(info->messages, BOOT_MESSAGES_MAX - 1);

    used += string_copy(info->messages + used, text, BOOT_MESSAGES_MAX - used);
    string_copy(info->messages + MIN(used, BOOT_MESSAGES_MAX - 1), "\n",
                BOOT_MESSAGES_MAX - MIN(used, BOOT_MESSAGES_MAX - 1));
}
