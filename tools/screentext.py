# SPDX-License-Identifier: BSD-2-Clause
"""The text on the screen of a QEMU that tools/run has started: by its glyphs from a frame buffer, by
its cells from VGA text memory."""
import json
import os
import re
import socket

CELL_WIDTH, CELL_HEIGHT = 8, 16
VGA_TEXT, VGA_COLUMNS, VGA_ROWS = 0xB8000, 80, 25
GLYPH = re.compile(r"\[0x([0-9a-f]+)\] = \{([^}]*)\}")


class Monitor:
    """QEMU's machine protocol on a Unix socket."""

    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(20)
        self.line.connect(path)
        self.file = self.line.makefile("rw", encoding="utf-8")
        self.file.readline()  # the greeting
        self.call("qmp_capabilities")

    def call(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


def glyphs(header):
    """{16 bytes: character} of the font that drivers/fbcon.c draws with."""
    table = {}
    with open(header, encoding="ascii") as text:
        for code, rows in GLYPH.findall(text.read()):
            rows = bytes(int(row, 16) for row in rows.replace(",", " ").split())
            table.setdefault(rows, chr(int(code, 16)))
    return table


def read_ppm(path):
    with open(path, "rb") as image:
        data = image.read()
    fields = data.split(None, 4)
    if fields[0] != b"P6" or fields[3] != b"255":
        raise OSError(f"{path} is no screen dump")
    width, height = int(fields[1]), int(fields[2])
    return width, height, data[len(data) - 3 * width * height:]


def decode(path, header):
    """The lines of a screen dump: a pixel is ink when it is not the top left cell's paper colour."""
    table = glyphs(header)
    width, height, pixels = read_ppm(path)
    paper = pixels[-3:]  # below the last whole line of text, or blank
    lines = []
    for top in range(0, height - CELL_HEIGHT + 1, CELL_HEIGHT):
        line = ""
        for left in range(0, width - CELL_WIDTH + 1, CELL_WIDTH):
            cell = bytearray()
            for y in range(top, top + CELL_HEIGHT):
                at = 3 * (y * width + left)
                byte = 0
                for x in range(CELL_WIDTH):
                    byte = byte << 1 | (pixels[at + 3 * x:at + 3 * x + 3] != paper)
                cell.append(byte)
            line += table.get(bytes(cell), "?")
        lines.append(line.rstrip())
    return lines


def vga_text(monitor):
    """The lines of VGA text memory."""
    answer = monitor.call("human-monitor-command", **{
        "command-line": f"xp /{VGA_COLUMNS * VGA_ROWS}hx {VGA_TEXT:#x}"})
    cells = [int(cell, 16) & 0xff for cell in re.findall(r"\b0x([0-9a-f]{4})\b", answer)]
    return ["".join(chr(c) for c in cells[i:i + VGA_COLUMNS]).rstrip()
            for i in range(0, len(cells), VGA_COLUMNS)]


def lines_of(socket_path, work, header, text_mode):
    monitor = Monitor(socket_path)
    if text_mode:
        return vga_text(monitor)
    dump = os.path.join(work, "screen.ppm")
    monitor.call("screendump", filename=dump)
    return decode(dump, header)
