/* SPDX-License-Identifier: BSD-2-Clause */
/* Where struct vcpu_regs (virt.h) has its registers, for the world switches; virt.c checks it. */
#pragma once

#define REG_RAX 0
#define REG_RCX 8
#define REG_RDX 16
#define REG_RBX 24
#define REG_RBP 32
#define REG_RSI 40
#define REG_RDI 48
#define REG_R8  56
#define REG_R9  64
#define REG_R10 72
#define REG_R11 80
#define REG_R12 88
#define REG_R13 96
#define REG_R14 104
#define REG_R15 112
