/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosted: the guest's UART on standard input and output, the log on standard error, the end. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "dbt/platform/hosted/hosted.h"
#include "exarch/bits.h"

#define ESCAPE 1 /* Ctrl-A: then x ends the guest, Ctrl-A is sent itself */

static struct termios terminal;
static bool raw;
static struct vcpu *reader;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t drained = PTHREAD_COND_INITIALIZER;
static uint8_t input[4096];
static size_t input_head, input_tail; /* input[tail..head) has not been read by the guest */

void hosted_console_restore(void)
{
    if (raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
        raw = false;
    }
}

size_t plat_console_write(const void *data, size_t size)
{
    ssize_t written = write(STDOUT_FILENO, data, size);
    return written < 0 ? (errno == EAGAIN || errno == EINTR ? 0 : size) : (size_t)written;
}

size_t plat_console_read(void *data, size_t size)
{
    size_t got = 0;
    pthread_mutex_lock(&lock);
    while (got < size && input_tail < input_head) {
        ((uint8_t *)data)[got++] = input[input_tail++];
    }
    if (input_tail == input_head) {
        pthread_cond_signal(&drained);
    }
    pthread_mutex_unlock(&lock);
    return got;
}

/* Takes the escape sequences out of size new bytes; returns how many are left for the guest. */
static size_t filter(uint8_t *data, size_t size)
{
    static bool escaped;
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        if (raw && !escaped && data[i] == ESCAPE) {
            escaped = true;
        } else if (escaped && (data[i] == 'x' || data[i] == 'X')) {
            (void)plat_console_write("\r\n", 2); /* the guest was within a line */
            plat_end(PLAT_END_OFF, 0);
        } else {
            escaped = false;
            data[kept++] = data[i];
        }
    }
    return kept;
}

/* What has no room is lost, as with a real UART whose guest does not read. */
static void keep(const uint8_t *data, size_t size)
{
    memmove(input, input + input_tail, input_head - input_tail);
    input_head -= input_tail;
    input_tail = 0;
    size = MIN(size, sizeof(input) - input_head);
    memcpy(input + input_head, data, size);
    input_head += size;
}

static void *read_input(void *unused)
{
    (void)unused;
    for (;;) {
        uint8_t data[sizeof(input)];
        ssize_t size = read(STDIN_FILENO, data, sizeof(data));
        if (size <= 0) {
            return NULL;
        }
        size_t kept = filter(data, (size_t)size);
        pthread_mutex_lock(&lock);
        while (!raw && input_tail < input_head) { /* a person's Ctrl-A x must be seen: no wait */
            pthread_cond_wait(&drained, &lock);
        }
        keep(data, kept);
        pthread_mutex_unlock(&lock);
        hosted_post(reader, PLAT_EVENT_CONSOLE);
    }
}

void hosted_console_init(struct vcpu *vcpu)
{
    reader = vcpu;
    if (isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &terminal)) {
        struct termios changed = terminal;
        cfmakeraw(&changed);
        changed.c_oflag |= OPOST;
        raw = !tcsetattr(STDIN_FILENO, TCSANOW, &changed);
        atexit(hosted_console_restore);
    }
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all); /* signals are the vCPUs' */
    pthread_sigmask(SIG_BLOCK, &all, &old);
    if (pthread_create(&thread, NULL, read_input, NULL) == 0) {
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void plat_log(enum plat_log_level level, const char *format, ...)
{
    va_list args;
    if (level == PLAT_DEBUG) {
        return;
    }
    va_start(args, format);
    fputs(level == PLAT_ERROR ? "exarch: error: " : "exarch: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n", stderr);
    va_end(args);
}
