/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in for platform and runtime, see fake_plat.h. */
#include "tests/unit/fake_plat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dbt/rt/rt.h"
#include "dbt/sys/sys.h"

struct fake_plat fake_plat;
struct vm fake_vm;

static struct vcpu vcpus[MACHINE_MAX_VCPUS];
static struct a64_state states[MACHINE_MAX_VCPUS];
static jmp_buf end_jump;
static bool end_jumps;

void fake_machine_make(unsigned count)
{
    static uint8_t *ram;

    if (!ram) {
        ram = aligned_alloc(4096, FAKE_RAM);
    }
    memset(ram, 0, FAKE_RAM);
    memset(&fake_plat, 0, sizeof(fake_plat));
    memset(vcpus, 0, sizeof(vcpus));
    memset(states, 0, sizeof(states));
    fake_plat.hz = FAKE_HZ;
    fake_plat.wall = 1700000000;
    fake_plat.deadline = UINT64_MAX;
    fake_plat.out_room = sizeof(fake_plat.out);
    fake_vm = (struct vm){.ram = ram, .ram_size = FAKE_RAM, .vcpu_count = count};
    for (unsigned i = 0; i < count; i++) {
        vcpus[i].st = &states[i];
        vcpus[i].vm = &fake_vm;
        vcpus[i].id = i;
        vcpus[i].off = i != 0;
        fake_vm.vcpu[i] = &vcpus[i];
        timer_init(&vcpus[i], 0);
    }
    machine_reset(&fake_vm);
    for (unsigned i = 0; i < count; i++) {
        sys_vcpu_reset(&vcpus[i], RAM_BASE, 0);
    }
}

bool fake_runs(void (*f)(void *arg), void *arg)
{
    end_jumps = true;
    if (setjmp(end_jump)) {
        end_jumps = false;
        fake_vm.machine.lock = 0;
        return false;
    }
    f(arg);
    end_jumps = false;
    return true;
}

int fake_one_cpu(void **state)
{
    (void)state;
    fake_machine_make(1);
    return 0;
}

uint64_t fake_read(uint64_t pa, unsigned size)
{
    uint64_t value = 0;

    if (!machine_read(&fake_vm, pa, size, &value)) {
        abort();
    }
    return value;
}

void fake_write(uint64_t pa, unsigned size, uint64_t value)
{
    if (!machine_write(&fake_vm, pa, size, value)) {
        abort();
    }
}

/* --- the platform ----------------------------------------------------------------------------- */
uint64_t plat_counter(void)
{
    return fake_plat.counter;
}

uint64_t plat_counter_hz(void)
{
    return fake_plat.hz;
}

uint64_t plat_wall_seconds(void)
{
    return fake_plat.wall;
}

void plat_set_deadline(struct vcpu *vcpu, uint64_t at)
{
    (void)vcpu;
    fake_plat.deadline = at;
}

void plat_kick(struct vcpu *vcpu)
{
    fake_plat.kicks[vcpu->id]++;
}

size_t plat_console_write(const void *data, size_t size)
{
    size_t left = sizeof(fake_plat.out) - fake_plat.out_used;
    size_t room = MIN(left, fake_plat.out_room), taken = MIN(size, room);

    memcpy(fake_plat.out + fake_plat.out_used, data, taken);
    fake_plat.out_used += taken;
    fake_plat.out_room -= taken;
    return taken;
}

size_t plat_console_read(void *data, size_t size)
{
    size_t taken = MIN(size, fake_plat.in_left);

    if (!taken) {
        return 0;
    }
    memcpy(data, fake_plat.in, taken);
    fake_plat.in += taken;
    fake_plat.in_left -= taken;
    return taken;
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

void plat_end(enum plat_end end, int status)
{
    (void)status;
    fake_plat.ends++;
    fake_plat.last_end = end;
    if (!end_jumps) {
        abort();
    }
    longjmp(end_jump, 1);
}

/* --- the runtime -------------------------------------------------------------------------------
 */
void rt_context_changed(struct vcpu *vcpu)
{
    (void)vcpu;
    fake_plat.context_changes++;
}

void rt_tlbi_all(struct vcpu *vcpu)
{
    (void)vcpu;
    fake_plat.tlbi_all++;
}

void rt_tlbi_asid(struct vcpu *vcpu, unsigned asid)
{
    (void)vcpu, (void)asid;
    fake_plat.tlbi_asid++;
}

void rt_tlbi_va(struct vcpu *vcpu, uint64_t va, uint64_t size, int asid)
{
    (void)vcpu, (void)va, (void)size, (void)asid;
    fake_plat.tlbi_va++;
}

void rt_icache_invalidate_pa(struct vm *vm, uint64_t pa, uint64_t size)
{
    (void)vm, (void)pa, (void)size;
    fake_plat.icache++;
}

void rt_icache_invalidate_all(struct vm *vm)
{
    (void)vm;
    fake_plat.icache++;
}
