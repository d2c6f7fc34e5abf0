/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of drivers/fbcon.c: the text is read back out of the pixels by comparing them with the
 * font. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/fbcon.h"
#include "drivers/font_8x16.h"
#include "exarch/bits.h"
#include "tests/unit/fake_machine.h"

#define COLUMNS 20
#define ROWS    4

static struct fbcon con;
static uint8_t *pixels;
static struct fbcon_mode mode;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(pixels);
    pixels = NULL;
    return 0;
}

static void start(uint8_t bpp)
{
    mode = (struct fbcon_mode){.width = COLUMNS * 8 + 3,
                               .height = ROWS * 16 + 7,
                               .bpp = bpp,
                               .red_shift = 16,
                               .red_size = 8,
                               .green_shift = 8,
                               .green_size = 8,
                               .blue_size = 8};
    if (bpp == 16) {
        mode.red_shift = 11, mode.red_size = 5, mode.green_shift = 5, mode.green_size = 6,
        mode.blue_size = 5;
    }
    mode.pitch = mode.width * ((bpp + 7u) / 8) + 12;
    pixels = calloc(mode.height, mode.pitch);
    assert_non_null(pixels);
    assert_int_equal(fbcon_init(&con, &mode, pixels), 0);
    assert_int_equal(con.columns, COLUMNS);
    assert_int_equal(con.rows, ROWS);
}

static bool is_lit(unsigned x, unsigned y)
{
    unsigned bytes = (mode.bpp + 7u) / 8;
    uint32_t value = 0;
    memcpy(&value, pixels + (size_t)y * mode.pitch + (size_t)x * bytes, bytes);
    uint32_t ink = mode.bpp == 16 ? 0xc618 : 0xc0c0c0;
    assert_true(value == 0 || value == ink);
    return value != 0;
}

/* The character whose pixels these are; '_' + 0x80 marks the cursor on it, 0 nothing of the font.
 */
static uint8_t seen(unsigned column, unsigned row, bool *cursor)
{
    uint8_t rows[16] = {0};
    for (unsigned y = 0; y < 16; y++) {
        for (unsigned x = 0; x < 8; x++) {
            rows[y] |= (uint8_t)(is_lit(column * 8 + x, row * 16 + y) ? 0x80 >> x : 0);
        }
    }
    for (int inverse = 0; inverse < 2; inverse++) {
        for (unsigned code = 0x20; code < 0x7f; code++) {
            if (memcmp(font_8x16[code], rows, 16) == 0) {
                *cursor = inverse != 0;
                return (uint8_t)code;
            }
        }
        for (unsigned y = 0; y < 16; y++) {
            rows[y] ^= 0xff;
        }
    }
    return 0;
}

/* The whole screen has to look like this, with exactly one cursor at the place given. */
static void expect(unsigned cursor_column, unsigned cursor_row, const char *const lines[ROWS])
{
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned column = 0; column < COLUMNS; column++) {
            size_t length = strlen(lines[row]);
            char want = column < length ? lines[row][column] : ' ';
            bool cursor = false;
            assert_int_equal(seen(column, row, &cursor), want);
            assert_int_equal(cursor, column == cursor_column && row == cursor_row);
        }
    }
}

#define EXPECT(column, row, ...) expect(column, row, (const char *const[ROWS]){__VA_ARGS__})

static void put(const char *text)
{
    fbcon_write(&con, text, strlen(text));
}

static void all_depths(void **state)
{
    (void)state;
    static const uint8_t depths[] = {16, 24, 32};
    for (unsigned n = 0; n < ARRAY_SIZE(depths); n++) {
        start(depths[n]);
        put("Exarch\n on a screen");
        EXPECT(12, 1, "Exarch", " on a screen", "", "");
        free(pixels);
        pixels = NULL;
    }
}

static void wrap_and_scroll(void **state)
{
    (void)state;
    start(32);
    put("12345678901234567890");
    EXPECT(19, 0, "12345678901234567890", "", "", "");
    put("x\nthird\nfourth");
    EXPECT(6, 3, "12345678901234567890", "x", "third", "fourth");
    put("\nfifth");
    EXPECT(5, 3, "x", "third", "fourth", "fifth");
    put("\n\n\n\n");
    EXPECT(0, 3, "", "", "", "");
}

static void controls(void **state)
{
    (void)state;
    start(32);
    put("abc\rX\tY\b\bZ\a");
    EXPECT(8, 0, "Xbc    ZY", "", "", "");
}

static void sequences(void **state)
{
    (void)state;
    start(32);
    put("one\ntwo\nthree");
    put("\033[2;2HX\033[A\033[CY\033[10DZ");
    EXPECT(1, 0, "ZneY", "tXo", "three", "");
    put("\033[K\033[3;3H\033[1K\033[31;1mred");
    EXPECT(5, 2, "Z", "tXo", "  red", "");
    put("\033[2J\033[Hnew\033[999;999H!");
    EXPECT(19, 3, "new", "", "", "                   !");
    put("\033[\033[;;;;;;;;99999999999m\033(B\r\033[?25l.");
    EXPECT(1, 3, "new", "", "", ".                  !");
}

static void random_bytes(void **state)
{
    (void)state;
    start(32);
    srand(5);
    for (unsigned n = 0; n < 20000; n++) {
        char text[40];
        size_t size = (size_t)rand() % sizeof(text);
        for (size_t i = 0; i < size; i++) {
            static const char often[] = "\033[;0123456789ABCDHJK\n\r\t\b";
            text[i] = rand() % 2 ? often[(size_t)rand() % (sizeof(often) - 1)] : (char)rand();
        }
        fbcon_write(&con, text, size);
        assert_true(con.column < con.columns && con.row < con.rows);
    }
}

static void senseless_modes(void **state)
{
    (void)state;
    start(32);
    uint8_t one[64] = {0};
    struct fbcon_mode bad[5] = {mode, mode, mode, mode, mode};
    bad[0].bpp = 8;
    bad[1].pitch = mode.width * 4 - 1;
    bad[2].width = 5;
    bad[3].red_size = 9;
    bad[4].height = 70000;
    for (unsigned n = 0; n < ARRAY_SIZE(bad); n++) {
        struct fbcon other;
        assert_int_equal(fbcon_init(&other, &bad[n], one), -ERR_INVAL);
    }
    fake_out_of_memory = true;
    struct fbcon other;
    assert_int_equal(fbcon_init(&other, &mode, pixels), -ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_depths, setup, teardown),
        cmocka_unit_test_setup_teardown(wrap_and_scroll, setup, teardown),
        cmocka_unit_test_setup_teardown(controls, setup, teardown),
        cmocka_unit_test_setup_teardown(sequences, setup, teardown),
        cmocka_unit_test_setup_teardown(random_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_modes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
