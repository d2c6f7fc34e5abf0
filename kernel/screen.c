/* SPDX-License-Identifier: BSD-2-Clause */
/* The log on the frame buffer (drivers/fbcon) or on VGA text. */
#include "kernel/screen.h"

#include "drivers/fbcon.h"
#include "kernel/lib/spinlock.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/vga_text.h"

static struct fbcon console;
static struct spinlock lock; /* a leaf: the log and the console multiplexer both write */
static bool present;

size_t screen_write(const char *text, size_t size)
{
    uint64_t flags = spin_lock_irq(&lock);
    if (present) {
        fbcon_write(&console, text, size);
    }
    spin_unlock_irq(&lock, flags);
    return size;
}

static void write(struct log_sink *sink, const char *text, size_t length)
{
    (void)sink;
    screen_write(text, length);
}

static void unlock(struct log_sink *sink)
{
    (void)sink;
    lock = (struct spinlock){0};
}

static struct log_sink sink = {.name = "screen", .write = write, .unlock = unlock};

void screen_init(const struct boot_framebuffer *s)
{
    if (!s->base || s->text) {
        if (s->base) {
            vga_text_init(s);
        }
        return;
    }
    struct fbcon_mode mode = {
        .width = s->width,
        .height = s->height,
        .pitch = s->pitch,
        .bpp = s->bpp,
        .red_shift = s->red_shift,
        .red_size = s->red_size,
        .green_shift = s->green_shift,
        .green_size = s->green_size,
        .blue_shift = s->blue_shift,
        .blue_size = s->blue_size,
    };
    void *pixels = mmio_map(hpa(s->base), (size_t)s->pitch * s->height, MMIO_WRITE_COMBINING);
    int error = pixels ? fbcon_init(&console, &mode, pixels) : -ERR_NOMEM;
    if (error) {
        log_warn(LOG_CONSOLE, "the frame buffer cannot be used: %s", err_text(error));
        return;
    }
    present = true;
    log_add_sink(&sink);
}
