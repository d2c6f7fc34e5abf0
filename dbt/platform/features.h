/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host's CPU offers to translated code, by CPUID alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* True for an x86-64-v3 CPU, the least that emitted code runs on. */
bool features_are_enough(void);

/* enum x64_feature: what may be used beyond that. */
uint32_t features_optional(void);

/* What the names in text, with commas, stand for (enum x64_feature); "none" is 0. False: one is
 * unknown. */
bool features_parse(const char *text, uint32_t *features);
