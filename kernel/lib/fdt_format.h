/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of the flattened device tree format (Devicetree Specification 0.4, chapter 5). */
#pragma once

#define FDT_MAGIC       0xd00dfeedu
#define FDT_VERSION     17
#define FDT_COMPATIBLE  16
#define FDT_HEADER_SIZE 40

enum fdt_token { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

/* Byte offsets of the header's fields (section 5.2). */
enum fdt_header {
    FDT_H_MAGIC = 0,
    FDT_H_TOTALSIZE = 4,
    FDT_H_STRUCT = 8,
    FDT_H_STRINGS = 12,
    FDT_H_RESERVE = 16,
    FDT_H_VERSION = 20,
    FDT_H_COMPATIBLE = 24,
    FDT_H_BOOT_CPU = 28,
    FDT_H_STRINGS_SIZE = 32,
    FDT_H_STRUCT_SIZE = 36,
};
