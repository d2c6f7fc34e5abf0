/* SPDX-License-Identifier: BSD-2-Clause */
/* Between acpi.c, which finds and checks tables, and acpi_parse.c, which reads them. */
#pragma once

#include "drivers/acpi.h"
#include "drivers/acpi_tables.h"

#define ACPI_AREA "acpi"

/* A table whose length and checksum are right, mapped; NULL when they are not (it is logged). */
const struct acpi_header *acpi_map_table(struct acpi_info *info, uint64_t address);
void acpi_unmap_table(const struct acpi_header *table);

/*
 * Each parser gets a checked table of at least `minimum` bytes (acpi_parsers) and adds what it says
 * to *info; what does not fit or makes no sense is logged and left out.
 */
struct acpi_parser {
    char signature[5];
    uint32_t minimum;
    void (*parse)(struct acpi_info *info, const struct acpi_header *table);
};

extern const struct acpi_parser acpi_parsers[];
extern const unsigned acpi_parser_count;
