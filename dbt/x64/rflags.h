/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of RFLAGS (SDM 1, 3.4.3) that whoever runs translated code sets. */
#pragma once

#include "exarch/bits.h"

#define RFLAGS_TF BIT64(8) /* a #DB after the next instruction */
