/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer target: device registers, system registers, SYS instructions, exceptions, guest files.
 */
/*
 * The input is a program of 12-byte operations on a fresh machine of two vCPUs, or, by its first
 * byte, a kernel or device tree for boot_load. Nothing may crash, hang or touch what is not the
 * guest's (address and undefined sanitizers).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/rt/helpers.h"
#include "dbt/sys/sys.h"
#include "exarch/abi.h"
#include "guestdev/boot.h"
#include "mmu/vmsa.h"
#include "tests/unit/fake_plat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct op {
    uint8_t kind, arg;
    uint16_t where;
    uint64_t value;
} __attribute__((packed));

static void ring(unsigned n)
{
    (void)n;
}

static struct abi_device device;

/* A device's base for the operation and an offset in it. */
static uint64_t address(const struct op *op)
{
    static const uint64_t bases[] = {
        MACHINE_GICD, MACHINE_GICR, MACHINE_GICR + 0x10000, MACHINE_GICR + 0x30000,
        MACHINE_UART, MACHINE_RTC,  MACHINE_VIRTIO,         0};

    return bases[op->arg & 7] + op->where;
}

static void run_op(const struct op *op)
{
    struct vcpu *vcpu = fake_vm.vcpu[op->arg >> 7];
    unsigned access = 1u << (op->arg >> 3 & 3);
    struct vmsa_result r;
    uint64_t value;

    switch (op->kind % 12) {
    case 0:
    case 1: machine_write(&fake_vm, address(op), access, op->value); break;
    case 2: machine_read(&fake_vm, address(op), access, &value); break;
    case 3: help_sysreg_write(vcpu, op->value, 0, 0, op->where); break;
    case 4: help_sysreg_read(vcpu, 0, 0, 0, op->where); break;
    case 5: help_sys_insn(vcpu, op->value, 0, 0, op->where); break;
    case 6: help_msr_imm(vcpu, 0, 0, 0, op->where & 0x7ff); break;
    case 7: sys_exit(vcpu, op->where % EXIT_COUNT, op->value); break;
    case 8:
        fake_plat.counter += op->value >> (op->arg & 63);
        fake_plat.wall += op->arg;
        sys_events(vcpu, op->where & ~PLAT_EVENT_STOP & 31);
        break;
    case 9: exc_take_interrupt(vcpu); break;
    case 10: memcpy(fake_vm.ram + op->where % 4096 * 8, &op->value, 8); break;
    default: vmsa_translate(vcpu, op->value, op->where & 63, &r);
    }
}

struct input {
    const uint8_t *data;
    size_t size;
};

static void run_ops(void *arg)
{
    const struct input *input = arg;

    for (size_t at = 0; at + sizeof(struct op) <= input->size; at += sizeof(struct op)) {
        struct op op;

        memcpy(&op, input->data + at, sizeof(op));
        run_op(&op);
        sys_context_update(fake_vm.vcpu[0]);
    }
}

static void load(const uint8_t *data, size_t size, bool tree)
{
    static const uint8_t ret[64] = {0xc0, 0x03, 0x5f, 0xd6};
    struct boot_config config = {.append = "x"};
    struct boot_entry entry;
    const char *why = NULL;

    config.kernel = tree ? (struct boot_file){ret, sizeof(ret)} : (struct boot_file){data, size};
    if (tree) {
        config.dtb = (struct boot_file){data, size};
    }
    if (boot_load(&fake_vm, &config, &entry, &why) < 0 && !why) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    struct input input = {data + 1, size - 1};

    if (!size) {
        return 0;
    }
    if ((data[0] & 7) < 2) {
        if (!made) {
            fake_machine_make(1);
        }
        load(data + 1, size - 1, data[0] & 1);
        return 0;
    }
    fake_machine_make(2);
    made = true;
    device = (struct abi_device){
        .kind = 3, .device_features = UINT64_C(0x110000000), .queue_max = {64, 64}};
    virtio_mmio_attach(&fake_vm, 2, &device, ring);
    fake_vm.ram_size = MIB(2);
    fake_runs(run_ops, &input);
    return 0;
}
