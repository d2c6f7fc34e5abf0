/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices on a fake platform: GIC against a plain model, timers, virtio, PSCI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dbt/sys/sys.h"
#include "exarch/abi.h"
#include "guestdev/psci.h"
#include "tests/unit/fake_plat.h"
#include "tests/xorshift.h"

static uint64_t seed = 0x243f6a8885a308d3;

static uint64_t random_64(void)
{
    return xorshift64(&seed);
}

/* --- GIC
 * ------------------------------------------------------------------------------------------ */
#define SGI_FRAME (MACHINE_GICR + 0x10000)

static void gic_on(void)
{
    fake_write(MACHINE_GICD, 4, 3);
    for (unsigned i = 0; i < fake_vm.vcpu_count; i++) {
        fake_write(MACHINE_GICR + i * MACHINE_GICR_EACH + 0x14, 4, 0);
        gic_reg_write(fake_vm.vcpu[i], GIC_REG_PMR, 0xff);
        gic_reg_write(fake_vm.vcpu[i], GIC_REG_IGRPEN1, 1);
        gic_reg_write(fake_vm.vcpu[i], GIC_REG_IGRPEN0, 1);
    }
}

/* A register bank's bit for intid as vCPU cpu sees it, by MMIO. */
static bool gic_bit(unsigned cpu, unsigned intid, uint64_t bank)
{
    uint64_t base =
        intid < 32 ? SGI_FRAME + cpu * MACHINE_GICR_EACH : MACHINE_GICD + 4 * (intid / 32);

    return fake_read(base + bank, 4) >> intid % 32 & 1;
}

static uint8_t gic_prio(unsigned cpu, unsigned intid)
{
    uint64_t base = intid < 32 ? SGI_FRAME + cpu * MACHINE_GICR_EACH : MACHINE_GICD;

    return (uint8_t)fake_read(base + 0x400 + intid, 1);
}

/* What IAR must say, from the registers alone: lowest priority value, then lowest INTID. */
static unsigned model_iar(unsigned cpu, unsigned group, unsigned running)
{
    unsigned best = 1023, best_prio = 256, best_group = 1;
    uint64_t ctlr = fake_read(MACHINE_GICD, 4);

    for (unsigned intid = 0; intid < GIC_INTIDS; intid++) {
        bool grp = gic_bit(cpu, intid, 0x80);
        bool mine = intid < 32 || fake_read(MACHINE_GICD + 0x6000 + 8 * intid, 8) == cpu;

        if (gic_bit(cpu, intid, 0x100) && gic_bit(cpu, intid, 0x200) &&
            !gic_bit(cpu, intid, 0x300) && mine && (ctlr >> grp & 1) &&
            gic_prio(cpu, intid) < best_prio && gic_prio(cpu, intid) < 0xff) {
            best = intid;
            best_prio = gic_prio(cpu, intid);
            best_group = grp;
        }
    }
    bool enabled =
        gic_reg_read(fake_vm.vcpu[cpu], best_group ? GIC_REG_IGRPEN1 : GIC_REG_IGRPEN0) & 1;
    if (best == 1023 || best_group != group || !enabled ||
        best_prio >= gic_reg_read(fake_vm.vcpu[cpu], GIC_REG_PMR) ||
        (best_prio & 0xf8) >= running) {
        return 1023;
    }
    return best;
}

static void random_gic_write(void)
{
    static const uint16_t banks[] = {0x80, 0x100, 0x180, 0x200, 0x280, 0x380};
    uint64_t bank = banks[random_64() % ARRAY_SIZE(banks)];
    unsigned n = (unsigned)(random_64() % 4), cpu = (unsigned)(random_64() % fake_vm.vcpu_count);
    uint64_t base = n ? MACHINE_GICD + 4 * n : SGI_FRAME + cpu * MACHINE_GICR_EACH;

    switch (random_64() % 8) {
    case 0: fake_write(base + 0x400 + 28 * n + random_64() % 8 * 4, 4, random_64()); break;
    case 1:
        fake_write(MACHINE_GICD + 0x6000 + 8 * (32 + random_64() % 96), 8, random_64() % 3);
        break;
    case 2: gic_reg_write(fake_vm.vcpu[cpu], GIC_REG_PMR, random_64() | 0x80); break;
    case 3: gic_set_spi(&fake_vm, 32 + (unsigned)(random_64() % 96), random_64() & 1); break;
    case 4:
        gic_reg_write(fake_vm.vcpu[cpu], GIC_REG_SGI1R,
                      (random_64() & 15) << 24 | (random_64() & 3) | (random_64() & BIT64(40)));
        break;
    default: fake_write(base + bank, 4, random_64() & random_64());
    }
}

static void test_gic_model(void **state)
{
    unsigned taken = 0;

    (void)state;
    fake_machine_make(2);
    gic_on();
    for (unsigned round = 0; round < 4000; round++) {
        random_gic_write();
        if (round % 4) {
            continue;
        }
        unsigned cpu = (unsigned)(random_64() & 1), group = (unsigned)(random_64() & 1);
        struct vcpu *vcpu = fake_vm.vcpu[cpu];
        unsigned running = (unsigned)gic_reg_read(vcpu, GIC_REG_RPR);
        unsigned expected = model_iar(cpu, group, running);

        if (expected != 1023) {
            assert_true(group ? vcpu->irq_line : vcpu->fiq_line);
        } else {
            assert_false(group ? vcpu->irq_line : vcpu->fiq_line);
        }
        uint64_t got = gic_reg_read(vcpu, group ? GIC_REG_IAR1 : GIC_REG_IAR0);
        assert_int_equal(got, expected);
        if (got == 1023 && running != 0xff) { /* all ended, so that it goes on */
            gic_reg_write(vcpu, GIC_REG_AP0R0, 0);
            gic_reg_write(vcpu, GIC_REG_AP1R0, 0);
        }
        if (got != 1023) {
            taken++;
            assert_true(gic_bit(cpu, (unsigned)got, 0x300));
            assert_true(gic_reg_read(vcpu, GIC_REG_RPR) < running);
            /* end some at once, let others be preempted */
            if (random_64() & 1) {
                gic_reg_write(vcpu, group ? GIC_REG_EOIR1 : GIC_REG_EOIR0, got);
                assert_false(gic_bit(cpu, (unsigned)got, 0x300));
                assert_int_equal(gic_reg_read(vcpu, GIC_REG_RPR), running);
            }
        }
    }
    assert_true(taken > 100);
}

static void test_gic_kicks(void **state)
{
    (void)state;
    fake_machine_make(3);
    gic_on();
    for (unsigned i = 0; i < 3; i++) {
        fake_write(SGI_FRAME + i * MACHINE_GICR_EACH + 0x80, 4, ~0u);
        fake_write(SGI_FRAME + i * MACHINE_GICR_EACH + 0x100, 4, 0xffff);
    }
    memset(fake_plat.kicks, 0, sizeof(fake_plat.kicks));
    gic_reg_write(fake_vm.vcpu[0], GIC_REG_SGI1R, 3 << 24 | 6);
    assert_true(fake_vm.vcpu[1]->irq_line && fake_vm.vcpu[2]->irq_line);
    assert_false(fake_vm.vcpu[0]->irq_line);
    assert_true(fake_plat.kicks[1] == 1 && fake_plat.kicks[2] == 1 && fake_plat.kicks[0] == 0);
    gic_reg_write(fake_vm.vcpu[0], GIC_REG_SGI1R, 4 << 24 | BIT64(40));
    assert_int_equal(gic_reg_read(fake_vm.vcpu[1], GIC_REG_IAR1), 3);
    assert_int_equal(gic_reg_read(fake_vm.vcpu[0], GIC_REG_IAR1), 1023);
    /* TYPER: affinity, number, the last one */
    assert_int_equal(fake_read(MACHINE_GICR + 2 * MACHINE_GICR_EACH + 8, 8),
                     2ull << 32 | 2 << 8 | 16);
    assert_int_equal(fake_read(MACHINE_GICR + 2 * MACHINE_GICR_EACH + 12, 4), 2);
    /* a group that the CPU interface has off is not seen (ICC_HPPIR1_EL1's pseudocode) */
    assert_int_equal(gic_reg_read(fake_vm.vcpu[2], GIC_REG_HPPIR1), 3);
    gic_reg_write(fake_vm.vcpu[2], GIC_REG_IGRPEN1, 0);
    assert_int_equal(gic_reg_read(fake_vm.vcpu[2], GIC_REG_HPPIR1), 1023);
    /* there is no 1 of N routing: TYPER.No1N, IROUTER without IRM */
    assert_true(fake_read(MACHINE_GICD + 4, 4) & BIT32(25));
    fake_write(MACHINE_GICD + 0x6000 + 8 * 40, 8, UINT64_MAX);
    assert_int_equal(fake_read(MACHINE_GICD + 0x6000 + 8 * 40, 8), 0xff00ffffff);
    uint64_t value;
    assert_false(machine_read(&fake_vm, MACHINE_GICR + 3 * MACHINE_GICR_EACH, 4, &value));
}

/* --- timers
 * ---------------------------------------------------------------------------------------- */
/* For many frequencies: at the deadline the condition holds, long before it does not. */
static void test_timer_deadline(void **state)
{
    static const uint64_t rates[] = {62500001,   100000000,  999999937,
                                     2100000000, 3599999999, 5000000000};

    (void)state;
    for (unsigned r = 0; r < ARRAY_SIZE(rates); r++) {
        for (unsigned round = 0; round < 300; round++) {
            fake_machine_make(1);
            fake_plat.hz = rates[r];
            timer_init(FAKE_VCPU0, 0);
            fake_plat.counter = random_64() >> (random_64() % 40 + 10);
            uint64_t now = timer_counter(FAKE_VCPU0),
                     ticks = random_64() >> (random_64() % 30 + 34);

            timer_write_cval(FAKE_VCPU0, TIMER_VIRT, now + ticks + 1);
            timer_write_ctl(FAKE_VCPU0, TIMER_VIRT, 1);
            assert_int_equal(timer_read_ctl(FAKE_VCPU0, TIMER_VIRT), 1);
            assert_true(fake_plat.deadline > fake_plat.counter);
            uint64_t wait = fake_plat.deadline - fake_plat.counter;
            uint64_t ideal = (uint64_t)((unsigned __int128)(ticks + 1) * rates[r] / 62500000);
            assert_true(wait <= ideal + ideal / 100000 + 2 * rates[r] / 62500000 + 2);
            fake_plat.counter = fake_plat.deadline;
            machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
            if (timer_read_ctl(FAKE_VCPU0, TIMER_VIRT) !=
                5) { /* a tick early: asked again, shortly */
                assert_true(fake_plat.deadline - fake_plat.counter <= 4 * rates[r] / 62500000 + 4);
                fake_plat.counter = fake_plat.deadline;
                machine_events(FAKE_VCPU0, PLAT_EVENT_TIMER);
            }
            assert_int_equal(timer_read_ctl(FAKE_VCPU0, TIMER_VIRT), 5);
            assert_true(fake_read(SGI_FRAME + 0x200, 4) & BIT32(27));
            timer_write_ctl(FAKE_VCPU0, TIMER_VIRT, 3);
            assert_false(fake_read(SGI_FRAME + 0x200, 4) & BIT32(27));
        }
    }
}

/* --- virtio-mmio
 * ----------------------------------------------------------------------------------------- */
static struct abi_device device;
static unsigned doorbells;

static void doorbell(unsigned n)
{
    assert_int_equal(n, 5);
    doorbells++;
}

#define SLOT5 (MACHINE_VIRTIO + 5 * MACHINE_VIRTIO_EACH)

static void test_virtio(void **state)
{
    (void)state;
    assert_int_equal(fake_read(SLOT5, 4), 0x74726976);
    assert_int_equal(fake_read(SLOT5 + 8, 4), 0);
    device = (struct abi_device){.kind = 3,
                                 .device_features = 0x123456789abcdef0,
                                 .queue_max = {64, 32},
                                 .config = {1, 2, 3, 4, 5, 6, 7, 8}};
    virtio_mmio_attach(&fake_vm, 5, &device, doorbell);
    assert_int_equal(fake_read(SLOT5 + 4, 4), 2);
    assert_int_equal(fake_read(SLOT5 + 8, 4), 3);
    assert_int_equal(fake_read(SLOT5 + 0x10, 4), 0x9abcdef0);
    fake_write(SLOT5 + 0x14, 4, 1);
    assert_int_equal(fake_read(SLOT5 + 0x10, 4), 0x12345678);
    fake_write(SLOT5 + 0x14, 4, 2);
    assert_int_equal(fake_read(SLOT5 + 0x10, 4), 0);
    fake_write(SLOT5 + 0x24, 4, 1);
    fake_write(SLOT5 + 0x20, 4, 0x11);
    assert_int_equal(device.driver_features, 0x11ull << 32);
    fake_write(SLOT5 + 0x30, 4, 1);
    assert_int_equal(fake_read(SLOT5 + 0x34, 4), 32);
    fake_write(SLOT5 + 0x38, 4, 33); /* larger than the queue may be */
    assert_int_equal(device.queues[1].size, 0);
    fake_write(SLOT5 + 0x38, 4, 16);
    fake_write(SLOT5 + 0x80, 4, 0x40001000);
    fake_write(SLOT5 + 0x84, 4, 1);
    fake_write(SLOT5 + 0x90, 4, 0x2000);
    fake_write(SLOT5 + 0xa4, 4, 3);
    fake_write(SLOT5 + 0x44, 4, 1);
    assert_int_equal(device.queues[1].desc, 0x140001000);
    assert_int_equal(device.queues[1].driver, 0x2000);
    assert_int_equal(device.queues[1].device, 3ull << 32);
    assert_true(device.queues[1].ready && doorbells == 1);
    fake_write(SLOT5 + 0x80, 4, 0); /* in use: does not change */
    assert_int_equal(device.queues[1].desc, 0x140001000);
    fake_write(SLOT5 + 0x30, 4, 2);
    assert_int_equal(fake_read(SLOT5 + 0x34, 4), 0);
    fake_write(SLOT5 + 0x44, 4, 1);
    fake_write(SLOT5 + 0x30, 4, 0xffffffff);
    fake_write(SLOT5 + 0x80, 4, 1);
    fake_write(SLOT5 + 0x50, 4, 1);
    assert_int_equal(doorbells, 3);
    device.interrupt = 1;
    machine_events(FAKE_VCPU0, PLAT_EVENT_QUEUE);
    assert_true(fake_vm.machine.gic.spi[1].line >> 21 & 1);
    assert_int_equal(fake_read(SLOT5 + 0x60, 4), 1);
    fake_write(SLOT5 + 0x64, 4, 1);
    assert_false(fake_vm.machine.gic.spi[1].line >> 21 & 1);
    fake_write(SLOT5 + 0x100, 4, 0); /* read-only for the driver (2.5.1) */
    assert_int_equal(fake_read(SLOT5 + 0x100, 8), 0x0807060504030201);
    assert_int_equal(fake_read(SLOT5 + 0x103, 1), 4);
    assert_int_equal(fake_read(SLOT5 + 0x1f8, 8), 0);
    fake_write(SLOT5 + 0x70, 4, 15); /* bit 32 is not offered */
    assert_int_equal(device.status, 7);
    fake_write(SLOT5 + 0x70, 4, 0);
    assert_true(!device.status && !device.queues[1].ready && !device.driver_features);
    uint64_t value;
    assert_false(machine_read(&fake_vm, SLOT5 + 4, 2, &value));
}

/* 2.2.2, 3.1.1: FEATURES_OK stays only for what is offered, with VERSION_1; then it is fixed. */
static void test_virtio_status(void **state)
{
    (void)state;
    device = (struct abi_device){.kind = 4, .device_features = UINT64_C(0x110000000)};
    virtio_mmio_attach(&fake_vm, 5, &device, doorbell);
    fake_write(SLOT5 + 0x70, 4, 3);
    fake_write(SLOT5 + 0x20, 4, 0x10000000);
    fake_write(SLOT5 + 0x70, 4, 11); /* without VERSION_1 */
    assert_int_equal(fake_read(SLOT5 + 0x70, 4), 3);
    fake_write(SLOT5 + 0x24, 4, 1);
    fake_write(SLOT5 + 0x20, 4, 3);
    fake_write(SLOT5 + 0x70, 4, 11); /* with what is not offered */
    assert_int_equal(fake_read(SLOT5 + 0x70, 4), 3);
    fake_write(SLOT5 + 0x20, 4, 1);
    fake_write(SLOT5 + 0x70, 4, 11);
    assert_int_equal(fake_read(SLOT5 + 0x70, 4), 11);
    fake_write(SLOT5 + 0x20, 4, 3); /* agreed on: does not change */
    assert_int_equal(device.driver_features, UINT64_C(0x110000000));
    device.status |= 64; /* the back end's word is not overwritten, but for a reset */
    fake_write(SLOT5 + 0x70, 4, 15);
    assert_int_equal(fake_read(SLOT5 + 0x70, 4), 15 | 64);
    device.interrupt = 2;
    fake_write(SLOT5 + 0x70, 4, 0);
    assert_int_equal(fake_read(SLOT5 + 0x70, 4), 0);
    assert_int_equal(fake_read(SLOT5 + 0x60, 4), 0);
}

/* --- PSCI
 * --------------------------------------------------------------------------------------------------
 */
static int64_t hvc(struct vcpu *vcpu, uint64_t id, uint64_t a, uint64_t b, uint64_t c)
{
    vcpu->st->x[0] = id;
    vcpu->st->x[1] = a;
    vcpu->st->x[2] = b;
    vcpu->st->x[3] = c;
    psci_call(vcpu);
    return (int64_t)vcpu->st->x[0];
}

static void call_off(void *id)
{
    hvc(FAKE_VCPU0, *(uint64_t *)id, 0, 0, 0);
}

static void test_psci(void **state)
{
    uint64_t off = 0x84000008, reset = 0x84000009;

    (void)state;
    fake_machine_make(3);
    assert_int_equal(hvc(FAKE_VCPU0, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000004, 1, 0, 0), 1);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000003, 1, 0x40001002, 7), -9);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000003, 3, 0x40001000, 7), -2);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000003, 0x100, 0x40001000, 7), -2);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000003, 1, 0x40001000, 7), 0);
    assert_false(fake_vm.vcpu[1]->off);
    assert_true(fake_vm.vcpu[1]->st->pc == 0x40001000 && fake_vm.vcpu[1]->st->x[0] == 7);
    assert_true(fake_plat.kicks[1] >= 1);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000003, 1, 0x40001000, 7), -4);
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000004, 1, 0, 0), 0);
    hvc(fake_vm.vcpu[1], 0x84000002, 0, 0, 0);
    assert_true(fake_vm.vcpu[1]->off);
    assert_int_equal(hvc(FAKE_VCPU0, 0x84000003, 0xff00000001, 0x40001000, 9),
                     0); /* SMC32: 32 bits */
    assert_int_equal(hvc(FAKE_VCPU0, 0x12345678, 0, 0, 0), -1);
    for (unsigned n = 16; n < 32; n++) {
        assert_int_equal(hvc(FAKE_VCPU0, 0xc4000001, BIT64(n), 0x40001000, 0), -2);
    }
    assert_int_equal(hvc(FAKE_VCPU0, 0xc4000001, 0, 0, 0), 0);
    assert_true(FAKE_VCPU0->halted);
    assert_false(fake_runs(call_off, &off));
    assert_int_equal(fake_plat.last_end, PLAT_END_OFF);
    assert_false(fake_runs(call_off, &reset));
    assert_int_equal(fake_plat.last_end, PLAT_END_RESET);
}

/* Every address and size of the devices' space: an answer or a refusal, nothing else. */
static void test_everywhere(void **state)
{
    (void)state;
    fake_machine_make(2);
    for (uint64_t pa = 0x07fff000; pa < 0x0a008000; pa += 1 + (random_64() & 3)) {
        for (unsigned size = 1; size <= 8; size <<= 1) {
            uint64_t value = 0;
            bool known = machine_read(&fake_vm, pa, size, &value);

            assert_true(!known || (pa % size == 0 && machine_is_device(pa)));
            assert_true(!known || size == 8 || value >> (8 * size) == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gic_model),
        cmocka_unit_test(test_gic_kicks),
        cmocka_unit_test(test_timer_deadline),
        cmocka_unit_test_setup(test_virtio, fake_one_cpu),
        cmocka_unit_test_setup(test_virtio_status, fake_one_cpu),
        cmocka_unit_test(test_psci),
        cmocka_unit_test(test_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
