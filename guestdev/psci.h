/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI 1.1 and SMCCC 1.1 by HVC (Arm DEN 0022D, DEN 0028C). */
#pragma once

#include "exarch/bits.h"

struct vcpu;

/* Serves the call in X0..X3; the answer is in X0 (and X1..X3). SYSTEM_OFF and SYSTEM_RESET do not
 * return. */
void psci_call(struct vcpu *vcpu);
