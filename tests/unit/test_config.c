/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of kernel/config.c: what is taken, and the exact words for what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exarch/bits.h"
#include "kernel/config.h"
#include "kernel/log.h"

static struct config config;
static char said[8192];

static bool has_file(void *context, const char *path)
{
    (void)context;
    return strcmp(path, "absent") != 0;
}

static void complain(void *context, const char *line)
{
    (void)context;
    if (strlen(said) + strlen(line) + 2 < sizeof(said)) {
        strcat(strcat(said, line), "\n");
    }
}

static uint64_t space_of(void *context, const struct config_guest *guest)
{
    (void)context;
    return guest->memory + guest->engine_memory;
}

static const struct config_host host = {
    .has_file = has_file, .memory = GIB(2), .space_of = space_of, .cpus = 4, .complain = complain};

static void read_text(const char *text)
{
    said[0] = 0;
    config_read(&config, text, strlen(text), &host);
}

static void a_whole_file(void **state)
{
    (void)state;
    read_text(
        "\xef\xbb\xbf; a comment\r\n[host]\r\nconsole = screen ; or "
        "serial0\nloglevel=debug\nwhen_idle = poweroff\n\n"
        "[guest debian-12]\n kernel = debian/vmlinuz\ninitrd = initrd.gz\n"
        "cmdline = console=ttyAMA0 root=/dev/vda # all of this\nmemory = 768M\ncpus = 1\n"
        "autostart = no\nrestart = always\nconsole = no\n"
        "[guest small]\nkernel=Image\ndtb = my.dtb\n[guest test]\nengine = e\ncpus = 3\ncore = "
        "1\nengine_memory=4M\nrestart = yes\n");
    assert_string_equal(said, "");
    assert_int_equal(config.complaints, 0);
    assert_int_equal(config.console, CONFIG_CONSOLE_SCREEN);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_int_equal(config.guest_count, 3);
    assert_int_equal(config.when_idle, CONFIG_IDLE_POWEROFF);
    const struct config_guest *g = &config.guests[0];
    assert_string_equal(g->name, "debian-12");
    assert_string_equal(g->kernel.path, "debian/vmlinuz");
    assert_string_equal(g->initrd.path, "initrd.gz");
    assert_string_equal(g->cmdline, "console=ttyAMA0 root=/dev/vda # all of this");
    assert_int_equal(g->memory, MIB(768));
    assert_false(g->autostart || g->broken);
    assert_int_equal(g->output, CONFIG_OUTPUT_NO);
    assert_int_equal(g->restart, CONFIG_RESTART_ALWAYS);
    g = &config.guests[1];
    assert_string_equal(g->dtb.path, "my.dtb");
    assert_int_equal(g->memory, MIB(512));
    assert_true(g->autostart && !g->broken);
    assert_int_equal(g->output, CONFIG_OUTPUT_YES);
    assert_int_equal(g->restart, CONFIG_RESTART_ON_RESET);
    g = &config.guests[2];
    assert_int_equal(g->cpus, 3);
    assert_int_equal(g->core, 1);
    assert_int_equal(g->engine_memory, MIB(4));
    assert_int_equal(g->restart, CONFIG_RESTART_ON_RESET);
}

static void an_empty_file(void **state)
{
    (void)state;
    read_text("");
    assert_int_equal(config.guest_count, 0);
    assert_int_equal(config.console, CONFIG_CONSOLE_SERIAL);
    assert_int_equal(config.log_level, LOG_INFO);
}

/* One wrong thing each, the line that must be said of it, and whether the guest is lost. */
static const struct {
    const char *text;
    const char *said;
    bool broken;
} rows[] = {
    {"[guest a]\nkernel=k\nmemory = 512\n",
     "exarch.ini:3: memory = 512: expected a size with its unit, such as 512M or 4G: 2M to 480G, "
     "a multiple of 2M\n",
     true},
    {"[guest a]\nkernel=k\nmemory = 3M\n",
     "exarch.ini:3: memory = 3M: expected a size with its unit, "
     "such as 512M or 4G: 2M to 480G, a multiple of 2M\n",
     true},
    {"[guest a]\nkernel=k\nmemory = 3G\nengine_memory = 2M\n",
     "exarch.ini:3: memory = 3072M: with engine and files 3074M; expected at most 2048M, what is "
     "free here\n",
     true},
    {"[guest a]\nkernel=k\ncpus = 2\n",
     "exarch.ini:3: cpus = 2: expected 1: guests have one CPU in this version\n", true},
    {"[guest a]\nkernel=k\ncpus = 17\n",
     "exarch.ini:3: cpus = 17: expected a number from 1 to 16\n", true},
    {"[guest a]\nkernel=k\ncore = 64\n",
     "exarch.ini:3: core = 64: expected a CPU's number from 0 to 63\n", true},
    {"[guest a]\nkernel=k\ncode_cache = 1M\n",
     "exarch.ini:3: code_cache = 1M: expected a size with its unit, such as 64M: 2M to 1G, a "
     "multiple of 2M\n",
     true},
    {"[guest a]\nkernel=k\ncode_cache = 1026M\n",
     "exarch.ini:3: code_cache = 1026M: expected a size with its unit, such as 64M: 2M to 1G, a "
     "multiple of 2M\n",
     true},
    {"[guest a]\nkernel=k\nengine_memory = 481G\n",
     "exarch.ini:3: engine_memory = 481G: expected a size with its unit, such as 64M: 2M to 480G, "
     "a multiple of 2M\n",
     true},
    {"[guest a]\nkernel=k\nautostart = maybe\n",
     "exarch.ini:3: autostart = maybe: expected yes or no\n", true},
    {"[guest a]\nkernel=k\nrestart = sometimes\n",
     "exarch.ini:3: restart = sometimes: expected no, on-reset or always\n", true},
    {"[guest a]\nkernel=k\nmemroy = 1G\n",
     "exarch.ini:3: unknown key 'memroy'; expected kernel, initrd, dtb, cmdline, memory, cpus, "
     "core, autostart, console, restart, engine, engine_memory, code_cache, disks or nets\n",
     true},
    {"[guest a]\nkernel=k\n\ninitrd = absent\n",
     "exarch.ini:4: initrd = absent: there is no such file; expected one on the boot volume\n",
     true},
    {"\n[guest a]\nmemory=1G\n", "exarch.ini:2: [guest a]: expected kernel = FILE\n", true},
    {"[guest a]\nkernel=k\njust words\n", "exarch.ini:3: expected [section] or key = value\n",
     true},
    {"[host]\nconsole = com7\n[guest a]\nkernel=k\n",
     "exarch.ini:2: console = com7: expected serial0 or screen\n", false},
    {"[host]\nspeed = 9600\n[guest a]\nkernel=k\n",
     "exarch.ini:2: unknown key 'speed'; expected console, loglevel or when_idle\n", false},
    {"[hots]\nconsole = screen\n[guest a]\nkernel=k\n",
     "exarch.ini:1: [hots]: expected [host] or [guest NAME]\n", false},
    {"x = y\n[guest a]\nkernel=k\n",
     "exarch.ini:1: 'x' stands before any section; expected [host] or [guest NAME]\n", false},
    {"[guest a]\nkernel=k\n[guest a b]\nkernel=k\n",
     "exarch.ini:3: [guest a b]: expected a name of 1 to 31 letters, digits, '-', '_' and '.'\n",
     false},
    {"[guest a]\nkernel=k\n[guest a]\nkernel=k\n",
     "exarch.ini:3: [guest a]: this guest is already in line 1; expected another name\n", true},
    {"[guest a]\nkernel=k\nmemory=1G\nkernel=l\n",
     "exarch.ini:4: kernel is already in line 2; expected it once\n", true},
    {"[host]\nconsole=screen\n[guest a]\nkernel=k\n[host]\nloglevel=debug\n",
     "exarch.ini:5: [host]: it is already in line 1; expected it once\n", false},
    {"[guest a]\nkernel=k\n[guest b\nkernel=l\n",
     "exarch.ini:3: expected a ']' at the end of the section's line\n", false},
    {"[guest a]\nkernel=k\n[guest 0123456789012345678901234567890123456789012345678901234567]\n"
     "kernel=l\n",
     "exarch.ini:3: the section's name is too long; expected at most 63 characters\n", false},
    {"[guest a]\nkernel=k\n[guest 01234567890123456789012345678901]\nkernel=l",
     "exarch.ini:3: [guest 01234567890123456789012345678901]: expected a name of 1 to 31 letters, "
     "digits, '-', '_' and '.'\n",
     false},
    {"[guest a]\nkernel=0123456789012345678901234567890123456789012345678901234567890123",
     "exarch.ini:2: kernel = 0123456789012345678901234567890123456789: expected a file's path of "
     "at most 63 characters\n",
     true},
    {"[guest a]\nkernel=\n",
     "exarch.ini:2: kernel = : expected a file's path of at most 63 characters\n", true},
    {"[guest a]\nkernel=k\ndisks = vda.img\n",
     "exarch.ini:3: disks = vda.img: expected nothing: this version gives guests no disks and no "
     "nets\n",
     true},
};

static void exact_words(void **state)
{
    (void)state;
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        read_text(rows[n].text);
        assert_string_equal(said, rows[n].said);
        assert_int_equal(config.complaints, 1);
        assert_true(config.guest_count >= 1);
        assert_int_equal(config.guests[0].broken, rows[n].broken);
    }
}

static void one_broken_guest_leaves_the_others(void **state)
{
    (void)state;
    read_text("[guest a]\nkernel=absent\nmemory=1G\n[guest b]\nkernel=k\nmemory=1G\n"
              "[guest c]\nkernel=k\nmemory=1G\n[guest d]\nkernel=k\nmemory=16M\n");
    assert_int_equal(config.guest_count, 4);
    assert_true(config.guests[0].broken);
    assert_false(config.guests[1].broken);
    assert_false(config.guests[2].broken); /* a's gigabyte is free */
    assert_true(config.guests[3].broken);  /* but nothing more is */
}

static void too_many_guests(void **state)
{
    (void)state;
    char text[2048] = "";
    for (unsigned n = 0; n < CONFIG_GUESTS_MAX + 1; n++) {
        char line[64];
        strcpy(line, "[guest gX]\nkernel=k\nmemory=16M\n");
        line[8] = (char)('a' + n);
        strcat(text, line);
    }
    read_text(text);
    assert_int_equal(config.guest_count, CONFIG_GUESTS_MAX);
    assert_non_null(strstr(said, ":49: [guest gq]: expected at most 16 guests"));
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fine;
        uint64_t bytes;
    } size_rows[] = {{"1K", true, 1024},
                     {"512M", true, MIB(512)},
                     {"4GiB", true, GIB(4)},
                     {"2gB", true, GIB(2)},
                     {"1T", true, GIB(1024)},
                     {"512", false, 0},
                     {"M", false, 0},
                     {"", false, 0},
                     {"5X", false, 0},
                     {"5MM", false, 0},
                     {"-5M", false, 0},
                     {"5 M", false, 0},
                     {"18446744073709551616K", false, 0},
                     {"18014398509481984K", false, 0}};
    for (unsigned n = 0; n < ARRAY_SIZE(size_rows); n++) {
        uint64_t bytes = 0;
        assert_int_equal(config_parse_size(size_rows[n].text, &bytes), size_rows[n].fine);
        if (size_rows[n].fine) {
            assert_int_equal(bytes, size_rows[n].bytes);
        }
    }
}

/* Any bytes: no crash, and something usable comes out. */
static void random_text(void **state)
{
    (void)state;
    static const char pieces[][20] = {
        "[guest a]\n", "[host]\n",  "kernel=", "memory = 16M", "\n",       "=",    "]", "[",
        ";",           "autostart", " ",       "cpus=1\n",     "[guest b", "\xff", "\t"};
    srand(6);
    for (unsigned round = 0; round < 3000; round++) {
        char *text = malloc(4096);
        size_t size = 0;
        assert_non_null(text);
        while (size < 4000 && rand() % 60 != 0) {
            if (rand() % 3 == 0) {
                text[size++] = (char)rand();
            } else {
                const char *piece = pieces[(size_t)rand() % ARRAY_SIZE(pieces)];
                memcpy(text + size, piece, strlen(piece));
                size += strlen(piece);
            }
        }
        char *exact = malloc(size + 1);
        assert_non_null(exact);
        memcpy(exact, text, size);
        said[0] = 0;
        config_read(&config, exact, size, &host);
        assert_true(config.guest_count <= CONFIG_GUESTS_MAX);
        assert_true(config.complaints != 0 || said[0] == 0);
        free(exact);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file),    cmocka_unit_test(an_empty_file),
        cmocka_unit_test(exact_words),     cmocka_unit_test(one_broken_guest_leaves_the_others),
        cmocka_unit_test(too_many_guests), cmocka_unit_test(sizes),
        cmocka_unit_test(random_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
