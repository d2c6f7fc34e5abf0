/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted: time, deadlines, and events from signals and other threads. */
#include <err.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#include "dbt/platform/hosted/hosted.h"
#include "dbt/vcpu.h"

#define RETRY_NS     20000
#define CALIBRATE_NS 10000000
#define NS_PER_S     UINT64_C(1000000000)

static struct hosted_vcpu vcpus[HOSTED_MAX_VCPUS];
static uint64_t counter_hz;

struct hosted_vcpu *hosted_vcpu(const struct vcpu *vcpu)
{
    return &vcpus[vcpu->id];
}

/* --- time --- */
static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void hosted_counter_init(void)
{
    uint64_t ns = now_ns(), ticks = __rdtsc(), end;
    while ((end = now_ns()) - ns < CALIBRATE_NS) {
    }
    counter_hz = (uint64_t)((unsigned __int128)(__rdtsc() - ticks) * NS_PER_S / (end - ns));
}

uint64_t plat_counter(void)
{
    return __rdtsc();
}

uint64_t plat_counter_hz(void)
{
    return counter_hz;
}

uint64_t plat_wall_seconds(void)
{
    return (uint64_t)time(NULL);
}

/* --- deadlines --- */
static timer_t make_timer(pid_t thread, int signal)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal};
    timer_t timer;
    event._sigev_un._tid = thread;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer)) {
        err(EXIT_FAILURE, "timer_create");
    }
    return timer;
}

void hosted_timers_init(struct vcpu *vcpu)
{
    struct hosted_vcpu *hv = hosted_vcpu(vcpu);
    hv->timer = make_timer(hv->thread, SIGALRM);
    hv->retry = make_timer(hv->thread, SIGUSR2);
    hv->deadline = hv->armed = UINT64_MAX;
}

static void set_timer(timer_t timer, uint64_t ns)
{
    ns = ns ? ns : 1;
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)}};
    timer_settime(timer, 0, &spec, NULL);
}

void hosted_retry_soon(struct hosted_vcpu *hv)
{
    set_timer(hv->retry, RETRY_NS);
}

/* Sets the host's timer for the deadline, unless it will come before that anyway. */
static void arm(struct hosted_vcpu *hv)
{
    uint64_t now = plat_counter();
    if (hv->armed <= hv->deadline) {
        return;
    }
    hv->armed = hv->deadline;
    /* it may have passed since the caller looked at the counter */
    uint64_t ticks = hv->deadline > now ? MIN(hv->deadline - now, counter_hz * 3600) : 0;
    set_timer(hv->timer, (uint64_t)((unsigned __int128)ticks * NS_PER_S / counter_hz));
}

void hosted_timer_expired(struct hosted_vcpu *hv)
{
    hv->armed = UINT64_MAX;
    if (hv->deadline <= plat_counter()) {
        hv->deadline = UINT64_MAX;
        __atomic_or_fetch(&hv->pending, PLAT_EVENT_TIMER, __ATOMIC_SEQ_CST);
    } else if (hv->deadline != UINT64_MAX) { /* early by a rounding, or set for another deadline */
        arm(hv);
    }
}

void plat_set_deadline(struct vcpu *vcpu, uint64_t at)
{
    struct hosted_vcpu *hv = hosted_vcpu(vcpu);
    sigset_t alarm, old;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, &old);
    hv->deadline = at;
    if (at <= plat_counter()) {
        hv->deadline = UINT64_MAX;
        __atomic_or_fetch(&hv->pending, PLAT_EVENT_TIMER, __ATOMIC_SEQ_CST);
        if (hv->running) { /* called by a helper of translated code */
            hosted_retry_soon(hv);
        }
    } else if (at != UINT64_MAX) {
        arm(hv);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* --- events --- */
unsigned plat_take_events(struct vcpu *vcpu)
{
    unsigned *pending = &hosted_vcpu(vcpu)->pending;
    return __atomic_load_n(pending, __ATOMIC_RELAXED)
               ? __atomic_exchange_n(pending, 0, __ATOMIC_SEQ_CST)
               : 0;
}

void plat_wait(struct vcpu *vcpu)
{
    /* A signal ends the wait, too; what it brought is in the word by then. */
    unsigned *pending = &hosted_vcpu(vcpu)->pending;
    syscall(SYS_futex, pending, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

void hosted_post(struct vcpu *vcpu, unsigned events)
{
    struct hosted_vcpu *hv = hosted_vcpu(vcpu);
    __atomic_or_fetch(&hv->pending, events, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &hv->pending, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    syscall(SYS_tgkill, getpid(), hv->thread, SIGUSR1);
}

void plat_kick(struct vcpu *vcpu)
{
    hosted_post(vcpu, PLAT_EVENT_KICK);
}
